#include "hub/rpc/employer_service.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>

#include "hub/policy/catalogue.h"
#include "hub/rpc/listener.h"
#include "tests/hub/rpc/fake_engine.h"
#include "tests/hub/rpc/fault.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::rpc {
namespace {

using hub::v1::EmployerService;
using testing::FakeEngine;

constexpr char kCaseworkerUri[] = "anqiao://users/wang?role=caseworker&jurisdiction=421202";
constexpr char kSupervisorUri[] = "anqiao://users/liu?role=supervisor&jurisdiction=421202";
constexpr char kOperatorUri[] = "anqiao://users/li?role=operator";
constexpr char kAuditorUri[] = "anqiao://users/zhao?role=auditor";
constexpr char kPoliceUri[] = "anqiao://agencies/police";

void SetDate(type::v1::CivilDate* date, int year, int month, int day = 0) {
  date->set_year(year);
  date->set_month(month);
  date->set_day(day);
}

class EmployerServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    AQ_ASSERT_OK_AND_ASSIGN(engine_.loaded_catalogue,
                            policy::Catalogue::Load(ANQIAO_POLICIES, "421202"));
    AQ_ASSERT_OK_AND_ASSIGN(listeners_, Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                                                          .hub = {.address = "127.0.0.1:0"},
                                                          .insecure_loopback = true},
                                                         &engine_));
    stub_ = EmployerService::NewStub(
        grpc::CreateChannel(listeners_->hub_address(), grpc::InsecureChannelCredentials()));
    simulate_.set_count(3);
    SetDate(simulate_.mutable_start_month(), 2026, 11);
    simulate_.set_category("UNEMPLOYED_HALF_YEAR");
    hub::v1::Hire& hire = *compute_.add_hires();
    hire.set_label("post-1");
    hire.set_category("UNEMPLOYED_HALF_YEAR");
    SetDate(hire.mutable_contract_start_date(), 2026, 11, 2);
    SetDate(hire.mutable_social_insurance_from_month(), 2026, 11);
  }

  static void SetUpContext(grpc::ClientContext& context, const char* uri) {
    context.AddMetadata(kPrincipalMetadata, uri);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  }
  std::string Simulate(const char* uri = kCaseworkerUri) {
    grpc::ClientContext context;
    SetUpContext(context, uri);
    return Fault(stub_->SimulateHiring(&context, simulate_, &simulated_));
  }
  std::string Compute(const char* uri = kCaseworkerUri) {
    grpc::ClientContext context;
    SetUpContext(context, uri);
    return Fault(stub_->ComputeEmployerRelief(&context, compute_, &computed_));
  }

  FakeEngine engine_;
  std::unique_ptr<Listeners> listeners_;
  std::unique_ptr<EmployerService::Stub> stub_;
  hub::v1::SimulateHiringRequest simulate_;
  hub::v1::SimulateHiringResponse simulated_;
  hub::v1::ComputeEmployerReliefRequest compute_;
  hub::v1::ComputeEmployerReliefResponse computed_;
};

TEST_F(EmployerServiceTest, SimulatesHiring) {
  hub::v1::TaxAmount& tax = *simulate_.add_monthly_taxes();
  tax.set_tax("VALUE_ADDED_TAX");
  tax.set_amount_fen(100'000);
  hub::v1::TaxAmount& income = *simulate_.add_annual_taxes();
  income.set_tax("CORPORATE_INCOME_TAX");
  income.set_amount_fen(50'000);
  ASSERT_EQ(Simulate(), "OK");
  EXPECT_EQ(simulated_.person().outcome(), "COUNTED");
  EXPECT_EQ(simulated_.person().first_month().month(), 11);
  EXPECT_EQ(simulated_.person().last_month().year(), 2029);
  EXPECT_EQ(simulated_.person().last_month().month(), 10);
  ASSERT_EQ(simulated_.years_size(), 4);
  // 3 x 7,800 x 2/12, of which two months of 1,000 and the income tax of 500.
  EXPECT_EQ(simulated_.years(0).quota_fen(), 390'000);
  EXPECT_EQ(simulated_.years(0).deducted_fen(), 250'000);
  EXPECT_EQ(simulated_.years(0).lapsed_fen(), 140'000);
  EXPECT_EQ(simulated_.years(0).taxes(0).tax(), "VALUE_ADDED_TAX");
  EXPECT_EQ(simulated_.years(0).formula(),
            "3 x (7800.00 yuan x 2/12) = 3900.00 yuan; saved 2500.00 yuan (VALUE_ADDED_TAX 2000.00 "
            "+ CORPORATE_INCOME_TAX 500.00); lapses 1400.00 yuan");
  EXPECT_EQ(simulated_.quota_fen(), 3 * 2'340'000);
  EXPECT_TRUE(simulated_.unverified());
  EXPECT_EQ(simulated_.catalogue_hash(), engine_.loaded_catalogue->hash());
}

TEST_F(EmployerServiceTest, ComputesTheRelief) {
  hub::v1::TaxDue& due = *compute_.add_taxes_due();
  due.set_year(2026);
  due.set_month(12);
  due.set_tax("VALUE_ADDED_TAX");
  due.set_amount_fen(100'000);
  compute_.set_place("TOWN");
  ASSERT_EQ(Compute(), "OK");
  ASSERT_EQ(computed_.hires_size(), 1);
  EXPECT_EQ(computed_.hires(0).label(), "post-1");
  EXPECT_EQ(computed_.hires(0).years(0).months(), 2);
  EXPECT_EQ(computed_.hires(0).years(0).quota_fen(), 130'000);
  EXPECT_EQ(computed_.hires(0).years(0).formula(), "7800.00 yuan x 2/12");
  // 1,000 + 50 + 30 + 20 of 1,300.
  EXPECT_EQ(computed_.years(0).deducted_fen(), 110'000);
  EXPECT_EQ(computed_.years(0).lapsed_fen(), 20'000);
}

TEST_F(EmployerServiceTest, EachRoleMayCallWhatTheTableSays) {
  for (const char* uri : {kCaseworkerUri, kSupervisorUri, kOperatorUri, kAuditorUri}) {
    EXPECT_EQ(Simulate(uri), "OK") << uri;
  }
  EXPECT_EQ(Simulate(kPoliceUri), "PERMISSION_DENIED");
  EXPECT_EQ(Compute(kCaseworkerUri), "OK");
  EXPECT_EQ(Compute(kSupervisorUri), "OK");
  for (const char* uri : {kOperatorUri, kAuditorUri, kPoliceUri}) {
    EXPECT_EQ(Compute(uri), "PERMISSION_DENIED") << uri;
  }
}

TEST_F(EmployerServiceTest, WhatIsWrongIsNamedByItsPath) {
  simulate_.set_count(0);
  EXPECT_EQ(Simulate(), "INVALID_FIELD count");
  simulate_.set_count(1);
  SetDate(simulate_.mutable_start_month(), 2026, 13);
  EXPECT_EQ(Simulate(), "INVALID_FIELD start_month");
  simulate_.clear_start_month();
  EXPECT_EQ(Simulate(), "INVALID_FIELD start_month");
  compute_.mutable_hires(0)->set_label("张三");
  EXPECT_EQ(Compute(), "INVALID_FIELD hires[0].label");
  compute_.mutable_hires(0)->set_label("a");
  SetDate(compute_.mutable_hires(0)->mutable_contract_end_date(), 2027, 2, 29);
  EXPECT_EQ(Compute(), "INVALID_FIELD hires[0].contract_end_date");
  compute_.mutable_hires(0)->clear_contract_end_date();
  compute_.add_taxes_due()->set_year(2026);
  EXPECT_EQ(Compute(), "INVALID_FIELD taxes_due[0].tax");
  compute_.clear_taxes_due();
  compute_.clear_hires();
  EXPECT_EQ(Compute(), "INVALID_FIELD hires");
}

TEST_F(EmployerServiceTest, ACatalogueWithoutTheTableIsNotFound) {
  engine_.loaded_catalogue = nullptr;
  EXPECT_EQ(Simulate(), "POLICY_NOT_FOUND");
  EXPECT_EQ(Compute(), "POLICY_NOT_FOUND");
}

}  // namespace
}  // namespace anqiao::rpc

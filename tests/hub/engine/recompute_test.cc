#include "hub/engine/recompute.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_replace.h"
#include "hub/base/errors.h"
#include "hub/policy/catalogue.h"
#include "tests/hub/engine/engine_fixture.h"
#include "tests/hub/engine/record_adapter.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::engine {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

constexpr char kTable[] = R"(table: retirement
source: s
from: 2025-01-01
rows:
  - {id: man, base_years: 60, first_birth_month: 1965-01, months_per_step: 4, delay_months_max: 36, default_for_sex: "1"}
  - {id: woman, base_years: 50, first_birth_month: 1975-01, months_per_step: 2, delay_months_max: 60, default_for_sex: "2"}
tests:
  - {row: man, born: 1965-01, years: 60, months: 1}
)";

constexpr char kFile[] = R"(id: training-help
title: {zh: 培训, en: Training}
authority: 某部门
law: {instrument: 某法, article: 第一条}
service: {code: skills, title: 职业技能培训}
provider: employment
view: training
effective: {from: 2020-01-01}
evidence: [证明]
parameters:
  base_fen:
    - {from: 2020-01-01, value: 100000, source: s}
amount: {base: base_fen}
conditions:
  id: long_enough
  fact: unemployed_months
  op: at_least
  value: 6
  law: {instrument: 某法, article: 第二条}
  label: {zh: 够久, en: Long enough}
tests:
  - {name: long enough, as_of: 2026-01-01, facts: {unemployed_months: 6}, expect: ELIGIBLE}
)";

constexpr char kProfile[] = R"(profile: "42"
title: {zh: 某省, en: A province}
overrides:
  - {policy: training-help, parameter: base_fen, values: [{from: 2020-01-01, value: 150000, source: 省}]}
)";

class RecomputeTest : public EngineFixture {
 protected:
  // The hub with a catalogue in which the policy asks for so many months.
  void OpenWith(int months, const std::string& jurisdiction = "42") {
    engine_.reset();
    if (store_ == nullptr) store_ = std::make_unique<FlakyStore>(store::NewMemoryStore());
    AQ_ASSERT_OK_AND_ASSIGN(
        loaded_,
        policy::Catalogue::Parse(
            {{"training-help.yaml",
              absl::StrReplaceAll(
                  kFile, {{"value: 6\n", absl::StrCat("value: ", months, "\n")},
                          {"unemployed_months: 6", absl::StrCat("unemployed_months: ", months)}})},
             {"profiles/42.yaml", kProfile},
             {"tables/retirement.yaml", kTable}},
            jurisdiction));
    AQ_ASSERT_OK_AND_ASSIGN(engine_, Engine::Open(options_, store_.get(), &clock_, loaded_.get()));
  }
  void TearDown() override {
    EngineFixture::TearDown();
    loaded_.reset();
  }

  std::unique_ptr<policy::Catalogue> loaded_;
};

TEST_F(RecomputeTest, AnAnswerOfAnOldCatalogueComesOutTheSame) {
  OpenWith(6);
  const std::string case_id = AddPerson();
  AQ_ASSERT_OK_AND_ASSIGN(const ReferralDocument draft,
                          engine_->CreateReferral(User(), Draft(case_id), ""));
  const std::string old_hash = loaded_->hash();
  EXPECT_EQ(draft.draft().entitlement().catalogue_hash(), old_hash);
  EXPECT_EQ(draft.draft().entitlement().amount_fen(), 150'000);

  // Another catalogue, another jurisdiction, and records that change the answer today.
  OpenWith(60, "");
  ASSERT_NE(loaded_->hash(), old_hash);
  SubmitAndWait(Command("employment", "jobless",
                        absl::StrCat("J1|张安|", IdNumber(1), "|2026-09-01|421202\n")));
  AQ_ASSERT_OK_AND_ASSIGN(const CaseView now, engine_->GetCase(case_id, {}, ""));
  AQ_ASSERT_OK_AND_ASSIGN(const auto today, loaded_->Evaluate(kPolicy, now.folded));
  EXPECT_NE(today.result(), journal::v1::ENTITLEMENT_RESULT_ELIGIBLE);

  AQ_ASSERT_OK_AND_ASSIGN(const RecomputedAnswer again,
                          RecomputeReferral(*store_, draft.referral(), nullptr));
  EXPECT_TRUE(again.equal) << again.recomputed.DebugString();
  EXPECT_EQ(again.stored.SerializeAsString(), draft.draft().entitlement().SerializeAsString());
  EXPECT_EQ(again.recomputed.SerializeAsString(), again.stored.SerializeAsString());
  EXPECT_EQ(again.recomputed.catalogue_hash(), old_hash);
  EXPECT_GT(again.sequence, 0U);
}

TEST_F(RecomputeTest, WhatWasNotSaidThenIsSeen) {
  OpenWith(6);
  const std::string case_id = AddPerson();
  AQ_ASSERT_OK_AND_ASSIGN(const ReferralDocument draft,
                          engine_->CreateReferral(User(), Draft(case_id), ""));
  journal::v1::EntitlementAnswer said = draft.draft().entitlement();
  AQ_ASSERT_OK_AND_ASSIGN(const RecomputedAnswer drafted,
                          RecomputeReferral(*store_, draft.referral(), nullptr));
  said.set_amount_fen(said.amount_fen() + 1);
  AQ_ASSERT_OK_AND_ASSIGN(const RecomputedAnswer other,
                          RecomputeAnswer(*store_, drafted.sequence, case_id, said, nullptr));
  EXPECT_FALSE(other.equal);
  EXPECT_EQ(other.recomputed.amount_fen(), 150'000);
}

TEST_F(RecomputeTest, WithoutItsCatalogueOrItsPersonAnAnswerCannotBeRecomputed) {
  OpenWith(6);
  const std::string case_id = AddPerson();
  AQ_ASSERT_OK_AND_ASSIGN(const ReferralDocument draft,
                          engine_->CreateReferral(User(), Draft(case_id), ""));
  AQ_ASSERT_OK_AND_ASSIGN(const RecomputedAnswer drafted,
                          RecomputeReferral(*store_, draft.referral(), nullptr));
  journal::v1::EntitlementAnswer said = drafted.stored;
  said.set_catalogue_hash(std::string(64, '0'));
  const auto no_catalogue = RecomputeAnswer(*store_, drafted.sequence, case_id, said, nullptr);
  EXPECT_THAT(no_catalogue,
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("is not kept")));
  EXPECT_EQ(ReasonOf(no_catalogue.status()), reason::kAnswerNotRecomputable);
  // Before anything was known of the person.
  const auto nobody = RecomputeAnswer(*store_, 1, case_id, drafted.stored, nullptr);
  EXPECT_EQ(ReasonOf(nobody.status()), reason::kAnswerNotRecomputable);
  EXPECT_THAT(RecomputeReferral(*store_, "none", nullptr), StatusIs(absl::StatusCode::kNotFound));
}

// A policy that rests on what civil affairs state, who are kept apart by a police record.
class OutwardRecomputeTest : public RecomputeTest {
 protected:
  OutwardRecomputeTest() {
    AgencyOptions& civil_affairs = options_.agencies.emplace_back();
    civil_affairs.id = "civil_affairs";
    civil_affairs.kind = "civil_affairs";
    for (AgencyOptions& agency : options_.agencies) {
      agency.adapter = &records_;
      agency.formats = {"register", "jobless", "relief"};
      agency.delivery_format.clear();
    }
  }
  void OpenOnRelief() {
    store_ = std::make_unique<FlakyStore>(store::NewMemoryStore());
    AQ_ASSERT_OK_AND_ASSIGN(
        loaded_,
        policy::Catalogue::Parse(
            {{"training-help.yaml",
              absl::StrReplaceAll(kFile, {{"fact: unemployed_months", "fact: minimum_living"},
                                          {"op: at_least", "op: equals"},
                                          {"value: 6\n", "value: true\n"},
                                          {"unemployed_months: 6", "minimum_living: true"}})},
             {"tables/retirement.yaml", kTable}},
            ""));
    AQ_ASSERT_OK_AND_ASSIGN(engine_, Engine::Open(options_, store_.get(), &clock_, loaded_.get()));
  }
  void HandIn(const std::string& agency, const std::string& format, const std::string& line) {
    SubmitAndWait(Command(agency, format, line + "\n"));
  }

  RecordAdapter adapter_of_all_kinds_;
  adapter::AdapterSlot records_{&adapter_of_all_kinds_};
};

TEST_F(OutwardRecomputeTest, AnAnswerOnTheOtherAgenciesRecordsComesOutTheSame) {
  OpenOnRelief();
  const std::string home = ";7=西大街1号";
  HandIn("police", "register", absl::StrCat("P;1=张安;3=", IdNumber(2), ";20=G1", home));
  HandIn("civil_affairs", "relief",
         "C;1=张安;5=1990-01-01;50=H1;51=URBAN_MINIMUM_LIVING;53=2026-02" + home);
  // It lives next door, so the police's record is nearer to civil affairs'.
  HandIn("employment", "jobless",
         absl::StrCat("J;1=张安;3=", IdNumber(1), ";70=2026-01-05;7=西大街2号"));
  std::string case_id;
  AQ_ASSERT_OK_AND_ASSIGN(const auto cases, engine_->ListCases({}, "", 100, ""));
  for (const CaseView& view : cases.items) {
    if (view.folded.id_number == IdNumber(1)) case_id = view.document.person();
  }
  AQ_ASSERT_OK_AND_ASSIGN(const CaseView whole, engine_->GetCase(case_id, {}, ""));
  ASSERT_EQ(whole.document.records_size(), 1) << "the police's record keeps them apart";
  AQ_ASSERT_OK_AND_ASSIGN(const auto seen, loaded_->Evaluate(kPolicy, whole.folded));
  ASSERT_NE(seen.result(), journal::v1::ENTITLEMENT_RESULT_ELIGIBLE);

  AQ_ASSERT_OK_AND_ASSIGN(const ReferralDocument draft,
                          engine_->CreateReferral(User(), Draft(case_id), ""));
  AQ_ASSERT_OK_AND_ASSIGN(const RecomputedAnswer again,
                          RecomputeReferral(*store_, draft.referral(), nullptr));
  EXPECT_TRUE(again.equal) << again.recomputed.DebugString();
  EXPECT_EQ(again.recomputed.result(), journal::v1::ENTITLEMENT_RESULT_ELIGIBLE);

  // So a recipient's explanation is of the same case.
  AQ_ASSERT_OK_AND_ASSIGN(const model::Case outward,
                          engine_->GetOutwardCase(case_id, "employment", {}, ""));
  AQ_ASSERT_OK_AND_ASSIGN(const auto told, loaded_->Evaluate(kPolicy, outward));
  EXPECT_EQ(told.result(), journal::v1::ENTITLEMENT_RESULT_ELIGIBLE);
  EXPECT_EQ(engine_->GetOutwardCase("pnone", "employment", {}, "").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace anqiao::engine

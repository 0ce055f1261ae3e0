#include "hub/rpc/hub_services.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_join.h"
#include "hub/rpc/listener.h"
#include "tests/hub/model/person_builder.h"
#include "tests/hub/rpc/fake_engine.h"
#include "tests/hub/rpc/fault.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::rpc {
namespace {

using ::testing::ElementsAre;
using testing::FakeEngine;

constexpr char kUuid[] = "8a7e5c3e-0d3c-4c5a-9a52-1f6a3f3f0a11";
constexpr char kCaseworker[] = "anqiao://users/wang?role=caseworker&jurisdiction=421202";
constexpr char kOperatorUri[] = "anqiao://users/li?role=operator";

class HubServicesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    AQ_ASSERT_OK_AND_ASSIGN(listeners_, Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                                                          .hub = {.address = "127.0.0.1:0"},
                                                          .insecure_loopback = true},
                                                         &engine_));
    const auto channel =
        grpc::CreateChannel(listeners_->hub_address(), grpc::InsecureChannelCredentials());
    cases_ = hub::v1::CaseService::NewStub(channel);
    eligibility_ = hub::v1::EligibilityService::NewStub(channel);
    referrals_ = hub::v1::ReferralService::NewStub(channel);
    consents_ = hub::v1::ConsentService::NewStub(channel);
    operations_ = hub::v1::OperationsService::NewStub(channel);
  }

  // Calls "method" of "stub" as "uri".
  template <typename Stub, typename Method, typename Request, typename Response>
  static grpc::Status Call(Stub& stub, Method method, const Request& request, Response* response,
                           const char* uri) {
    grpc::ClientContext context;
    context.AddMetadata(kPrincipalMetadata, uri);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    return (stub.*method)(&context, request, response);
  }

  grpc::Status ListCases(const hub::v1::ListCasesRequest& request,
                         hub::v1::ListCasesResponse* response, const char* uri = kCaseworker) {
    return Call(*cases_, &hub::v1::CaseService::Stub::ListCases, request, response, uri);
  }
  std::string Send(const std::function<void(hub::v1::SendReferralRequest&)>& change) {
    hub::v1::SendReferralRequest request;
    request.set_request_id(kUuid);
    request.set_name("referrals/r");
    request.set_etag("1");
    request.set_legal_basis("CONSENT");
    request.set_basis_reference("form 7");
    change(request);
    hub::v1::Referral response;
    return Fault(Call(*referrals_, &hub::v1::ReferralService::Stub::SendReferral, request,
                      &response, kCaseworker));
  }
  std::string Move(const std::function<void(hub::v1::MoveReferralRequest&)>& change) {
    hub::v1::MoveReferralRequest request;
    request.set_request_id(kUuid);
    request.set_name("referrals/r");
    request.set_etag("1");
    request.set_action(hub::v1::REFERRAL_ACTION_CANCEL);
    request.set_reason("NO_LONGER_WANTED");
    change(request);
    hub::v1::Referral response;
    return Fault(Call(*referrals_, &hub::v1::ReferralService::Stub::MoveReferral, request,
                      &response, kCaseworker));
  }
  std::string Create(const std::function<void(hub::v1::CreateReferralRequest&)>& change) {
    hub::v1::CreateReferralRequest request;
    request.set_request_id(kUuid);
    request.set_case_("cases/one");
    request.set_policy("policies/a-policy");
    change(request);
    hub::v1::Referral response;
    return Fault(Call(*referrals_, &hub::v1::ReferralService::Stub::CreateReferral, request,
                      &response, kCaseworker));
  }

  FakeEngine engine_;
  std::unique_ptr<Listeners> listeners_;
  std::unique_ptr<hub::v1::CaseService::Stub> cases_;
  std::unique_ptr<hub::v1::EligibilityService::Stub> eligibility_;
  std::unique_ptr<hub::v1::ReferralService::Stub> referrals_;
  std::unique_ptr<hub::v1::ConsentService::Stub> consents_;
  std::unique_ptr<hub::v1::OperationsService::Stub> operations_;
};

TEST_F(HubServicesTest, GivesACaseWithItsIdNumberMaskedAndRecordsTheRead) {
  hub::v1::GetCaseRequest request;
  request.set_name("cases/one");
  hub::v1::Case response;
  ASSERT_TRUE(
      Call(*cases_, &hub::v1::CaseService::Stub::GetCase, request, &response, kCaseworker).ok());
  EXPECT_EQ(response.name(), "cases/one");
  EXPECT_EQ(response.masked_id_number(), "4212**********0018");
  const auto accesses = engine_.TakeAccesses();
  ASSERT_EQ(accesses.size(), 1u);
  EXPECT_TRUE(accesses[0].allowed);
  EXPECT_EQ(accesses[0].principal, "wang");
  EXPECT_EQ(accesses[0].resource, "cases/one");
  absl::MutexLock lock(&engine_.mu);
  EXPECT_EQ(engine_.jurisdiction, "421202");
}

TEST_F(HubServicesTest, ChecksNamesAndDates) {
  const auto get = [&](const std::string& name, int month) {
    hub::v1::GetCaseRequest request;
    request.set_name(name);
    if (month != 0) {
      request.mutable_as_of_date()->set_year(2026);
      request.mutable_as_of_date()->set_month(month);
      request.mutable_as_of_date()->set_day(31);
    }
    hub::v1::Case response;
    return Fault(
        Call(*cases_, &hub::v1::CaseService::Stub::GetCase, request, &response, kCaseworker));
  };
  EXPECT_EQ(get("cases/one", 5), "OK");
  EXPECT_EQ(get("cases/two", 0), "CASE_NOT_FOUND");
  for (const std::string& name :
       std::vector<std::string>{"", "one", "cases/", "case/one", "cases/a/b", "cases/ ", "cases/\n",
                                "cases/" + std::string(65, 'a')}) {
    EXPECT_EQ(get(name, 0), "INVALID_FIELD name") << name;
  }
  EXPECT_EQ(get("cases/one", 6), "INVALID_FIELD as_of_date");
  EXPECT_EQ(get("cases/one", 13), "INVALID_FIELD as_of_date");
  EXPECT_EQ(get("cases/one", -1), "INVALID_FIELD as_of_date");
}

TEST_F(HubServicesTest, PagesThroughAList) {
  hub::v1::ListCasesRequest request;
  request.set_page_size(2);
  hub::v1::ListCasesResponse response;
  ASSERT_TRUE(ListCases(request, &response).ok());
  ASSERT_EQ(response.cases_size(), 2);
  EXPECT_EQ(response.cases(1).name(), "cases/b");
  request.set_page_token(response.next_page_token());
  request.set_page_size(1000);  // may change between pages
  ASSERT_TRUE(ListCases(request, &response).ok());
  ASSERT_EQ(response.cases_size(), 1);
  EXPECT_EQ(response.cases(0).name(), "cases/c");
  EXPECT_EQ(response.next_page_token(), "");
  request.set_registered_only(true);
  EXPECT_EQ(Fault(ListCases(request, &response)), "PAGE_TOKEN_INVALID page_token");
  request.set_page_token("not a token");
  EXPECT_EQ(Fault(ListCases(request, &response)), "PAGE_TOKEN_INVALID page_token");
}

TEST_F(HubServicesTest, PagesEndBeforeTheyGrowOverTheirBytes) {
  engine_.padding = engine::kPageBytesMax / 2 - 1000;
  hub::v1::ListCasesRequest request;
  hub::v1::ListCasesResponse response;
  ASSERT_TRUE(ListCases(request, &response).ok());
  ASSERT_EQ(response.cases_size(), 2);
  request.set_page_token(response.next_page_token());
  ASSERT_TRUE(ListCases(request, &response).ok());
  ASSERT_EQ(response.cases_size(), 1);
  EXPECT_EQ(response.cases(0).name(), "cases/c");
  EXPECT_EQ(response.next_page_token(), "");

  hub::v1::ListReferralsRequest referrals;
  hub::v1::ListReferralsResponse listed;
  const auto list = [&] {
    return Call(*referrals_, &hub::v1::ReferralService::Stub::ListReferrals, referrals, &listed,
                kCaseworker)
        .ok();
  };
  ASSERT_TRUE(list());
  ASSERT_EQ(listed.referrals_size(), 2);
  EXPECT_EQ(listed.referrals(1).name(), "referrals/b");
  referrals.set_page_token(listed.next_page_token());
  ASSERT_TRUE(list());
  ASSERT_EQ(listed.referrals_size(), 1);
  EXPECT_EQ(listed.referrals(0).name(), "referrals/c");
  EXPECT_EQ(listed.next_page_token(), "");

  // Two policies a case, which is on one page whole.
  engine_.padding = engine::kPageBytesMax / 3;
  hub::v1::ListEntitlementsRequest entitlements;
  hub::v1::ListEntitlementsResponse entitled;
  std::vector<std::string> cases;
  do {
    ASSERT_TRUE(Call(*eligibility_, &hub::v1::EligibilityService::Stub::ListEntitlements,
                     entitlements, &entitled, kCaseworker)
                    .ok());
    ASSERT_EQ(entitled.entitlements_size(), 2);
    for (const auto& one : entitled.entitlements()) cases.push_back(one.case_());
    entitlements.set_page_token(entitled.next_page_token());
  } while (!entitled.next_page_token().empty());
  EXPECT_THAT(cases, ElementsAre("cases/a", "cases/a", "cases/b", "cases/b", "cases/c", "cases/c"));
}

TEST_F(HubServicesTest, TellsHowTheCohortsMixToSupervisorsAndAuditors) {
  hub::v1::GetCohortMixRequest request;
  hub::v1::CohortMix mix;
  const auto ask = [&](const char* uri) {
    return Fault(
        Call(*referrals_, &hub::v1::ReferralService::Stub::GetCohortMix, request, &mix, uri));
  };
  EXPECT_EQ(ask(kCaseworker), "PERMISSION_DENIED");
  EXPECT_EQ(ask(kOperatorUri), "PERMISSION_DENIED");
  EXPECT_EQ(ask("anqiao://agencies/police"), "PERMISSION_DENIED");
  engine_.TakeAccesses();
  request.set_year(2026);
  EXPECT_EQ(ask("anqiao://users/zhao?role=auditor"), "OK");
  EXPECT_EQ(ask("anqiao://users/liu?role=supervisor&jurisdiction=421202"), "OK");
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("mix 2026", "mix 2026"));
  const auto accesses = engine_.TakeAccesses();
  ASSERT_EQ(accesses.size(), 2u);
  EXPECT_TRUE(accesses[0].allowed);
  EXPECT_EQ(accesses[0].principal, "zhao");
  EXPECT_EQ(mix.year(), 2026);
  EXPECT_EQ(mix.last_month().month(), 8);
  EXPECT_EQ(mix.base_share_permille(), 600);
  EXPECT_EQ(mix.cell_min_count(), 5);
  EXPECT_EQ(mix.source(), "the rules");
  ASSERT_EQ(mix.lines_size(), 4);
  EXPECT_EQ(mix.lines(0).agency(), "");
  EXPECT_EQ(mix.lines(0).known_count(), 11);
  EXPECT_EQ(mix.lines(0).other_count(), 9);
  EXPECT_EQ(mix.lines(0).share_permille(), 550);
  EXPECT_EQ(mix.lines(0).evidence_bits(), -0.25);
  EXPECT_EQ(mix.lines(1).agency(), "agencies/employment");
  EXPECT_EQ(mix.lines(1).mixing(), hub::v1::COHORT_MIXING_MIXED);
  EXPECT_FALSE(mix.lines(1).has_month());
  EXPECT_EQ(mix.lines(1).counted_month().month(), 7);
  EXPECT_EQ(mix.lines(2).month().month(), 8);
  EXPECT_EQ(mix.lines(2).mixing(), hub::v1::COHORT_MIXING_ONE_SIDED);
  EXPECT_EQ(mix.lines(2).people_count(), 12);
  EXPECT_FALSE(mix.lines(2).has_known_count());
  EXPECT_FALSE(mix.lines(2).has_share_permille());
  EXPECT_FALSE(mix.lines(2).has_evidence_bits());
  EXPECT_FALSE(mix.lines(3).has_people_count());
  request.set_year(2027);
  EXPECT_EQ(ask("anqiao://users/zhao?role=auditor"), "INVALID_FIELD year");
}

TEST_F(HubServicesTest, AgenciesFindNothingOfTheCohortMix) {
  const auto stub = hub::v1::ReferralService::NewStub(
      grpc::CreateChannel(listeners_->agency_address(), grpc::InsecureChannelCredentials()));
  hub::v1::CohortMix mix;
  EXPECT_EQ(Call(*stub, &hub::v1::ReferralService::Stub::GetCohortMix,
                 hub::v1::GetCohortMixRequest(), &mix, "anqiao://agencies/police")
                .error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_TRUE(engine_.TakeNotes().empty());
}

// Somebody whom police, employment bureau, civil affairs and tax office know.
journal::v1::PersonDocument KnownToAll(bool with_police) {
  model::PersonBuilder person;
  if (with_police) {
    person.Register("2025-11-05", "REGISTERED");
    journal::v1::Subject* subject =
        person.document().mutable_records(0)->mutable_observation()->mutable_subject();
    subject->set_name("张安");
    subject->set_sex("2");
    *subject->mutable_birth_date() = model::CivilDate::Of(1950, 1, 1).ToProto();
  }
  const auto add = [&](adapter::v1::RecordKind kind, const char* agency) {
    journal::v1::Observation* observation = person.Add(kind, agency).mutable_observation();
    observation->mutable_subject()->set_name("张平");
    return observation;
  };
  model::SetDay(add(adapter::v1::RECORD_KIND_UNEMPLOYMENT, "employment")
                    ->mutable_unemployment()
                    ->mutable_registered_date(),
                "2025-06-01");
  journal::v1::HouseholdReliefFact* relief =
      add(adapter::v1::RECORD_KIND_HOUSEHOLD_RELIEF, "civil_affairs")->mutable_household_relief();
  relief->set_kind(journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING);
  *relief->mutable_from_month() = model::CivilDate::Of(2025, 7).ToProto();
  model::SetDay(
      add(adapter::v1::RECORD_KIND_BUSINESS, "tax")->mutable_business()->mutable_registered_date(),
      "2026-02-01");
  return person.document();
}

TEST_F(HubServicesTest, ExplainsToARecipientWhatItMaySeeAndNothingOfThePolice) {
  AQ_ASSERT_OK_AND_ASSIGN(engine_.loaded_catalogue,
                          policy::Catalogue::Load(ANQIAO_POLICIES, "421202"));
  hub::v1::EvaluateEligibilityRequest request;
  request.set_case_("cases/one");
  request.add_policies("policies/tax-relief-self-employed");
  request.set_language_code("en");
  hub::v1::EvaluateEligibilityResponse response;
  const auto call = [&](const char* uri = kCaseworker) {
    return Fault(Call(*eligibility_, &hub::v1::EligibilityService::Stub::EvaluateEligibility,
                      request, &response, uri));
  };
  const auto explained = [&](const std::string& reader, bool with_police) {
    engine_.document = KnownToAll(with_police);
    request.set_explain_for(reader);
    EXPECT_EQ(call(), "OK");
    EXPECT_EQ(response.entitlements_size(), 1);
    const auto& lines = response.entitlements(0).explanation();
    return absl::StrJoin(lines.begin(), lines.end(), "\n");
  };
  const std::string to_tax = explained("tax", true);
  EXPECT_THAT(to_tax, ::testing::HasSubstr("business_registered = 2026-02-01"));
  // Of another agency's fact no value, of what the tax office may not see nothing.
  EXPECT_THAT(to_tax, ::testing::HasSubstr("(unemployed_months; employment bureau; "));
  for (const char* word :
       {"minimum living", "civil affairs", "police", "decisive", "next change"}) {
    EXPECT_THAT(to_tax, ::testing::Not(::testing::HasSubstr(word))) << word;
  }
  EXPECT_EQ(engine_.outward_kind, "tax");
  const std::string whole_answer = response.entitlements(0).SerializeAsString();
  // The police's records change nothing of it.
  EXPECT_EQ(explained("tax", false), to_tax);
  EXPECT_EQ(response.entitlements(0).SerializeAsString(), whole_answer);
  // The caseworker's has everything, and may hang on them.
  const std::string whole = explained("caseworker", true);
  EXPECT_THAT(whole, ::testing::HasSubstr("urban minimum living relief"));
  EXPECT_THAT(whole, ::testing::HasSubstr("decisive"));
  EXPECT_NE(explained("caseworker", false), whole);
  EXPECT_EQ(explained("", true), "");
  request.set_language_code("zh");
  EXPECT_THAT(explained("tax", true), ::testing::HasSubstr("重点群体从事个体经营税收扣减"));
  EXPECT_EQ(engine_.TakeAccesses().back().resource, "cases/one");
  // Only whoever is told something by a request, and in these languages.
  for (const char* reader : {"police", "employer", "nobody"}) {
    request.set_explain_for(reader);
    EXPECT_EQ(call(), "INVALID_FIELD explain_for") << reader;
  }
  request.set_explain_for("tax");
  request.set_language_code("fr");
  EXPECT_EQ(call(), "INVALID_FIELD language_code");
  request.clear_language_code();
  EXPECT_EQ(call(kOperatorUri), "PERMISSION_DENIED");
}

TEST_F(HubServicesTest, EveryListRefusesANegativePageSize) {
  const auto check = [](auto& stub, auto method, auto request, auto response, const char* uri) {
    request.set_page_size(-1);
    EXPECT_EQ(Fault(Call(stub, method, request, &response, uri)), "INVALID_FIELD page_size")
        << request.GetTypeName();
  };
  check(*cases_, &hub::v1::CaseService::Stub::ListCases, hub::v1::ListCasesRequest(),
        hub::v1::ListCasesResponse(), kCaseworker);
  check(*eligibility_, &hub::v1::EligibilityService::Stub::ListEntitlements,
        hub::v1::ListEntitlementsRequest(), hub::v1::ListEntitlementsResponse(), kCaseworker);
  check(*eligibility_, &hub::v1::EligibilityService::Stub::ListPolicies,
        hub::v1::ListPoliciesRequest(), hub::v1::ListPoliciesResponse(), kCaseworker);
  check(*eligibility_, &hub::v1::EligibilityService::Stub::ListEntitlementNotices,
        hub::v1::ListEntitlementNoticesRequest(), hub::v1::ListEntitlementNoticesResponse(),
        kCaseworker);
  check(*eligibility_, &hub::v1::EligibilityService::Stub::CompareCatalogue,
        hub::v1::CompareCatalogueRequest(), hub::v1::CompareCatalogueResponse(),
        "anqiao://users/li?role=supervisor");
  check(*referrals_, &hub::v1::ReferralService::Stub::ListReferrals,
        hub::v1::ListReferralsRequest(), hub::v1::ListReferralsResponse(), kCaseworker);
  check(*referrals_, &hub::v1::ReferralService::Stub::ListDisclosures,
        hub::v1::ListDisclosuresRequest(), hub::v1::ListDisclosuresResponse(), kCaseworker);
  check(*consents_, &hub::v1::ConsentService::Stub::ListConsents, hub::v1::ListConsentsRequest(),
        hub::v1::ListConsentsResponse(), kCaseworker);
  check(*operations_, &hub::v1::OperationsService::Stub::ListAgencies,
        hub::v1::ListAgenciesRequest(), hub::v1::ListAgenciesResponse(), kOperatorUri);
  check(*operations_, &hub::v1::OperationsService::Stub::ListDeliveries,
        hub::v1::ListDeliveriesRequest(), hub::v1::ListDeliveriesResponse(), kOperatorUri);
  check(*operations_, &hub::v1::OperationsService::Stub::ListQuarantinedPayloads,
        hub::v1::ListQuarantinedPayloadsRequest(), hub::v1::ListQuarantinedPayloadsResponse(),
        kOperatorUri);
}

TEST_F(HubServicesTest, ChecksWhatCreatesAConsent) {
  const auto create = [&](const std::function<void(hub::v1::CreateConsentRequest&)>& change) {
    hub::v1::CreateConsentRequest request;
    request.set_request_id("8a7e5c3e-0000-4000-8000-000000000001");
    request.set_case_("cases/p1");
    request.set_agency("agencies/police");
    request.set_purpose("referral:skills");
    request.add_fields("phone");
    request.set_evidence("paper 1");
    request.mutable_expire_date()->set_year(2027);
    request.mutable_expire_date()->set_month(1);
    request.mutable_expire_date()->set_day(31);
    change(request);
    hub::v1::Consent response;
    return Fault(Call(*consents_, &hub::v1::ConsentService::Stub::CreateConsent, request, &response,
                      kCaseworker));
  };
  EXPECT_EQ(create([](auto&) {}), "OK");
  EXPECT_EQ(create([](auto& r) { r.clear_request_id(); }), "INVALID_FIELD request_id");
  EXPECT_EQ(create([](auto& r) { r.set_case_("p1"); }), "INVALID_FIELD case");
  EXPECT_EQ(create([](auto& r) { r.clear_agency(); }), "INVALID_FIELD agency");
  EXPECT_EQ(create([](auto& r) { r.set_recipient_name("陈网格"); }), "INVALID_FIELD agency");
  const auto for_team = [](auto& r) {
    r.clear_agency();
    r.set_purpose("care-team:GRID_WORKER");
    r.set_recipient_name("陈网格");
  };
  EXPECT_EQ(create(for_team), "OK");
  {
    absl::MutexLock lock(&engine_.mu);
    EXPECT_EQ(engine_.consent_created.recipient_name, "陈网格");
    EXPECT_EQ(engine_.consent_created.agency, "");
  }
  EXPECT_EQ(create([&](auto& r) {
              for_team(r);
              r.set_recipient_name(std::string(101, 'a'));
            }),
            "INVALID_FIELD recipient_name");
  EXPECT_EQ(create([](auto& r) { r.clear_purpose(); }), "INVALID_FIELD purpose");
  EXPECT_EQ(create([](auto& r) { r.clear_fields(); }), "INVALID_FIELD fields");
  EXPECT_EQ(create([](auto& r) { r.clear_evidence(); }), "INVALID_FIELD evidence");
  EXPECT_EQ(create([](auto& r) { r.mutable_expire_date()->set_day(32); }),
            "INVALID_FIELD expire_date");
}

TEST_F(HubServicesTest, TellsWhatWasDisclosedBeforeItWasAcknowledgedToo) {
  {
    absl::MutexLock lock(&engine_.mu);
    journal::v1::DisclosureDocument& sent = engine_.disclosures.emplace_back();
    sent.set_dispatch("s1");
    sent.mutable_disclosure()->set_agency("police");
    sent.mutable_disclosure()->set_purpose("report:REFUSED");
    sent.mutable_disclosure()->set_basis("REPORT_DUTY");
    sent.mutable_disclosure()->add_fields("subject.name");
    sent.mutable_disclosure()->set_view_hash("hash");
    journal::v1::DisclosureDocument& member = engine_.disclosures.emplace_back();
    member.set_team_member("g1");
    member.mutable_disclosure()->set_recipient_name("王小妹");
    member.mutable_disclosure()->set_purpose("care-team:FAMILY");
    member.mutable_disclosure()->set_basis("STATUTORY_DUTY");
    member.mutable_disclosure()->add_fields("case.tasks");
    *member.mutable_disclosure()->mutable_valid_from_date() =
        model::CivilDate::Of(2026, 6, 1).ToProto();
    member.mutable_end_time()->set_seconds(1'790'000'000);
  }
  hub::v1::ListDisclosuresRequest request;
  request.set_case_("cases/one");
  hub::v1::ListDisclosuresResponse response;
  ASSERT_TRUE(Call(*referrals_, &hub::v1::ReferralService::Stub::ListDisclosures, request,
                   &response, kCaseworker)
                  .ok());
  ASSERT_EQ(response.disclosures_size(), 2);
  const hub::v1::DisclosureEntry& sent = response.disclosures(0);
  EXPECT_EQ(sent.dispatch(), "dispatches/s1");
  EXPECT_EQ(sent.referral(), "");
  EXPECT_EQ(sent.purpose_title().zh(), "拒绝接受");
  EXPECT_EQ(sent.basis_title().en(), "duty of the dedicated worker to report");
  ASSERT_EQ(sent.field_titles_size(), 1);
  EXPECT_EQ(sent.field_titles(0).zh(), "姓名");
  EXPECT_EQ(sent.view_hash(), "hash");
  EXPECT_FALSE(sent.has_acknowledge_time());
  const hub::v1::DisclosureEntry& member = response.disclosures(1);
  EXPECT_EQ(member.team_member(), "teamMembers/g1");
  EXPECT_EQ(member.agency(), "");
  EXPECT_EQ(member.recipient_name(), "王小妹");
  EXPECT_EQ(member.purpose_title().zh(), "家属");
  EXPECT_EQ(member.basis_title().zh(), "履行法定职责");
  EXPECT_EQ(member.field_titles(0).en(), "tasks");
  EXPECT_EQ(member.valid_from_date().month(), 6);
  EXPECT_FALSE(member.has_valid_to_date());
  EXPECT_TRUE(member.has_end_time());
}

TEST_F(HubServicesTest, ChecksWhatCreatesAReferral) {
  EXPECT_EQ(Create([](auto&) {}), "OK");
  EXPECT_EQ(Create([](auto& r) { r.clear_request_id(); }), "INVALID_FIELD request_id");
  EXPECT_EQ(Create([](auto& r) { r.set_request_id("8a7e5c3e"); }), "INVALID_FIELD request_id");
  EXPECT_EQ(Create([](auto& r) { r.set_request_id(std::string(36, '-')); }),
            "INVALID_FIELD request_id");
  EXPECT_EQ(Create([](auto& r) { r.set_case_("one"); }), "INVALID_FIELD case");
  EXPECT_EQ(Create([](auto& r) { r.clear_policy(); }), "INVALID_FIELD policy");
  EXPECT_EQ(Create([](auto& r) { r.set_agency("tax"); }), "INVALID_FIELD agency");
  EXPECT_EQ(Create([](auto& r) { r.set_replaces("x"); }), "INVALID_FIELD replaces");
  EXPECT_EQ(Create([](auto& r) { (*r.mutable_details())["Bad Key"] = "x"; }),
            "INVALID_FIELD details");
  EXPECT_EQ(Create([](auto& r) { (*r.mutable_details())["key"] = std::string(257, 'x'); }),
            "INVALID_FIELD details[key]");
  EXPECT_EQ(Create([](auto& r) {
              for (int i = 0; i < 17; ++i) (*r.mutable_details())[absl::StrCat("k", i)] = "x";
            }),
            "INVALID_FIELD details");
}

TEST_F(HubServicesTest, ChecksWhatSendsAReferral) {
  EXPECT_EQ(Send([](auto&) {}), "OK");
  EXPECT_EQ(Send([](auto& r) { r.set_request_id("x"); }), "INVALID_FIELD request_id");
  EXPECT_EQ(Send([](auto& r) { r.set_name("cases/r"); }), "INVALID_FIELD name");
  EXPECT_EQ(Send([](auto& r) { r.clear_etag(); }), "INVALID_FIELD etag");
  EXPECT_EQ(Send([](auto& r) { r.set_etag(std::string(129, 'x')); }), "INVALID_FIELD etag");
  EXPECT_EQ(Send([](auto& r) { r.clear_legal_basis(); }), "INVALID_FIELD legal_basis");
  EXPECT_EQ(Send([](auto& r) { r.set_legal_basis("consent"); }), "INVALID_FIELD legal_basis");
  EXPECT_EQ(Send([](auto& r) { r.clear_basis_reference(); }), "INVALID_FIELD basis_reference");
}

TEST_F(HubServicesTest, ChecksWhatMovesAReferral) {
  EXPECT_EQ(Move([](auto&) {}), "OK");
  EXPECT_EQ(Move([](auto& r) { r.set_request_id("x"); }), "INVALID_FIELD request_id");
  EXPECT_EQ(Move([](auto& r) { r.set_name("r"); }), "INVALID_FIELD name");
  EXPECT_EQ(Move([](auto& r) { r.clear_etag(); }), "INVALID_FIELD etag");
  EXPECT_EQ(Move([](auto& r) { r.clear_action(); }), "INVALID_FIELD action");
  EXPECT_EQ(Move([](auto& r) { r.set_reason("because"); }), "INVALID_FIELD reason");
}

TEST_F(HubServicesTest, EvaluatesTheNamedPoliciesOrAllInOrder) {
  hub::v1::EvaluateEligibilityRequest request;
  request.set_case_("cases/one");
  hub::v1::EvaluateEligibilityResponse response;
  const auto call = [&] {
    return Fault(Call(*eligibility_, &hub::v1::EligibilityService::Stub::EvaluateEligibility,
                      request, &response, kCaseworker));
  };
  EXPECT_EQ(call(), "OK");
  EXPECT_EQ(response.entitlements_size(), 2);
  request.add_policies("policies/b-policy");
  EXPECT_EQ(call(), "OK");
  EXPECT_EQ(response.entitlements_size(), 1);
  request.add_policies("policies/none");
  EXPECT_EQ(call(), "POLICY_NOT_FOUND");
  request.set_policies(1, "none");
  EXPECT_EQ(call(), "INVALID_FIELD policies[1]");
}

TEST_F(HubServicesTest, WhatThePersonStatesIsCheckedAndTaken) {
  hub::v1::EvaluateEligibilityRequest request;
  request.set_case_("cases/one");
  request.add_policies("policies/b-policy");
  hub::v1::EvaluateEligibilityResponse response;
  const auto call = [&] {
    return Fault(Call(*eligibility_, &hub::v1::EligibilityService::Stub::EvaluateEligibility,
                      request, &response, kCaseworker));
  };
  (*request.mutable_stated_facts())["employed"] = "false";
  EXPECT_EQ(call(), "OK");
  EXPECT_EQ(response.entitlements(0).conditions(0).value(), "false");
  (*request.mutable_stated_facts())["employed"] = "perhaps";
  EXPECT_EQ(call(), "INVALID_FIELD stated_facts");
  request.mutable_stated_facts()->clear();
  (*request.mutable_stated_facts())["contract_months"] = "12";
  EXPECT_EQ(call(), "INVALID_FIELD stated_facts");
}

TEST_F(HubServicesTest, OperatesOnTheQuarantine) {
  hub::v1::GetQuarantinedPayloadRequest get;
  get.set_name("quarantinedPayloads/p");
  hub::v1::QuarantinedPayload payload;
  EXPECT_EQ(Fault(Call(*operations_, &hub::v1::OperationsService::Stub::GetQuarantinedPayload, get,
                       &payload, kOperatorUri)),
            "QUARANTINE_NOT_FOUND");
  hub::v1::ReplayQuarantinedPayloadRequest replay;
  replay.set_name("quarantinedPayloads/p");
  hub::v1::ReplayQuarantinedPayloadResponse replayed;
  const auto call = [&] {
    return Fault(Call(*operations_, &hub::v1::OperationsService::Stub::ReplayQuarantinedPayload,
                      replay, &replayed, kOperatorUri));
  };
  EXPECT_EQ(call(), "INVALID_FIELD request_id");
  replay.set_request_id(kUuid);
  EXPECT_EQ(call(), "OK");
  replay.set_name("p");
  EXPECT_EQ(call(), "INVALID_FIELD name");
}

TEST_F(HubServicesTest, ListsDeliveriesByPages) {
  hub::v1::ListDeliveriesRequest request;
  request.set_page_size(2);
  request.set_agency("agencies/police");
  hub::v1::ListDeliveriesResponse response;
  const auto call = [&] {
    return Fault(Call(*operations_, &hub::v1::OperationsService::Stub::ListDeliveries, request,
                      &response, kOperatorUri));
  };
  EXPECT_EQ(call(), "OK");
  ASSERT_EQ(response.deliveries_size(), 2);
  request.set_page_token(response.next_page_token());
  EXPECT_EQ(call(), "OK");
  ASSERT_EQ(response.deliveries_size(), 1);
  EXPECT_EQ(response.next_page_token(), "");
  const hub::v1::Delivery& last = response.deliveries(0);
  EXPECT_EQ(last.name(), "deliveries/c");
  EXPECT_EQ(last.state(), hub::v1::DELIVERY_STATE_DEAD);
  EXPECT_EQ(last.content(), "REQUEST");
  EXPECT_EQ(last.last_reason(), "HTTP_422");
  // Nothing of what the recipient is told, nor of whom.
  EXPECT_THAT(response.ShortDebugString(), ::testing::Not(::testing::HasSubstr("电工")));
  EXPECT_THAT(response.ShortDebugString(), ::testing::Not(::testing::HasSubstr("one")));
  request.clear_page_token();
  request.set_state(hub::v1::DELIVERY_STATE_ACKNOWLEDGED);
  EXPECT_EQ(call(), "INVALID_FIELD state");
  request.set_state(hub::v1::DELIVERY_STATE_DEAD);
  request.set_agency("police");
  EXPECT_EQ(call(), "INVALID_FIELD agency");
}

TEST_F(HubServicesTest, MendsDeliveries) {
  using Stub = hub::v1::OperationsService::Stub;
  hub::v1::Delivery delivery;
  hub::v1::GetDeliveryRequest get;
  get.set_name("deliveries/none");
  EXPECT_EQ(Fault(Call(*operations_, &Stub::GetDelivery, get, &delivery, kOperatorUri)),
            "DELIVERY_NOT_FOUND");
  hub::v1::RetryDeliveryRequest retry;
  retry.set_name("deliveries/d");
  const auto retried = [&] {
    return Fault(Call(*operations_, &Stub::RetryDelivery, retry, &delivery, kOperatorUri));
  };
  EXPECT_EQ(retried(), "INVALID_FIELD request_id");
  retry.set_request_id(kUuid);
  EXPECT_EQ(retried(), "OK");
  hub::v1::DiscardDeliveryRequest discard;
  discard.set_request_id(kUuid);
  discard.set_name("deliveries/d");
  const auto discarded = [&] {
    return Fault(Call(*operations_, &Stub::DiscardDelivery, discard, &delivery, kOperatorUri));
  };
  EXPECT_EQ(discarded(), "INVALID_FIELD reason");
  discard.set_reason("on paper");
  EXPECT_EQ(discarded(), "INVALID_FIELD reason");
  discard.set_reason("SENT_ON_PAPER");
  EXPECT_EQ(discarded(), "OK");
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("retry d  by li", "discard d SENT_ON_PAPER by li"));
}

TEST_F(HubServicesTest, VerifiesWithProgress) {
  grpc::ClientContext context;
  context.AddMetadata(kPrincipalMetadata, kOperatorUri);
  auto reader = operations_->VerifyProjections(&context, hub::v1::VerifyProjectionsRequest());
  hub::v1::VerifyProjectionsResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.total_entry_count(), 1);
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_TRUE(response.result().equal());
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(HubServicesTest, TellsItsStatusAndItsAgencies) {
  hub::v1::HubStatus status;
  ASSERT_TRUE(Call(*operations_, &hub::v1::OperationsService::Stub::GetHubStatus,
                   hub::v1::GetHubStatusRequest(), &status, kOperatorUri)
                  .ok());
  EXPECT_EQ(status.journal_entry_count(), 9);
  EXPECT_EQ(status.clock_time().seconds(), 1'782'781'200);
  EXPECT_EQ(status.group_count(), 1);
  EXPECT_EQ(status.group_entry_count(), 4);
  EXPECT_EQ(status.largest_group_entry_count(), 4);
  EXPECT_EQ(status.group_entry_buckets(1).upper_bound(), 4);
  EXPECT_EQ(status.group_entry_buckets(1).count(), 1);
  EXPECT_EQ(status.sync_micros(), 300);
  EXPECT_EQ(status.sync_micros_buckets(2).count(), 1);
  EXPECT_EQ(status.sync_micros_buckets().rbegin()->upper_bound(), 0);
  EXPECT_EQ(status.lag_wait_count(), 2);
  hub::v1::ListAgenciesResponse agencies;
  ASSERT_TRUE(Call(*operations_, &hub::v1::OperationsService::Stub::ListAgencies,
                   hub::v1::ListAgenciesRequest(), &agencies, kOperatorUri)
                  .ok());
  ASSERT_EQ(agencies.agencies_size(), 1);
  EXPECT_EQ(agencies.agencies(0).name(), "agencies/police");
  EXPECT_EQ(agencies.agencies(0).record_count(), 7);
}

TEST_F(HubServicesTest, WaitsForProjections) {
  const auto ask = [&](std::int64_t count) {
    hub::v1::GetHubStatusRequest request;
    request.set_at_least_entry_count(count);
    hub::v1::HubStatus status;
    return Call(*operations_, &hub::v1::OperationsService::Stub::GetHubStatus, request, &status,
                kOperatorUri)
        .error_code();
  };
  EXPECT_EQ(ask(8), grpc::StatusCode::OK);
  EXPECT_EQ(ask(10), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ask(-1), grpc::StatusCode::INVALID_ARGUMENT);
  // One that waits does not keep a hub that stops.
  grpc::StatusCode waited = grpc::StatusCode::OK;
  std::thread waits([&] { waited = ask(9); });
  {
    absl::MutexLock lock(&engine_.mu);
    const int before = engine_.awaits;
    const auto again = [&] { return engine_.awaits > before; };
    engine_.mu.Await(absl::Condition(&again));
  }
  listeners_->Shutdown(absl::Seconds(30));
  waits.join();
  EXPECT_EQ(waited, grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace anqiao::rpc

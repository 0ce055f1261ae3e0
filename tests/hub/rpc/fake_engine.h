// An engine that remembers what it was asked and answers what the test says.

#ifndef ANQIAO_TESTS_HUB_RPC_FAKE_ENGINE_H_
#define ANQIAO_TESTS_HUB_RPC_FAKE_ENGINE_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "hub/base/errors.h"
#include "hub/engine/engine.h"
#include "tests/testing/fake_adapter.h"

namespace anqiao::testing {

class FakeCatalogue final : public policy::Catalogue {
 public:
  const std::string& content() const override { return text_; }
  const std::string& hash() const override { return text_; }
  const std::vector<policy::PolicySummary>& policies() const override { return policies_; }
  const policy::PolicySummary* Find(absl::string_view id) const override {
    for (const auto& policy : policies_) {
      if (id == policy.id) return &policy;
    }
    return nullptr;
  }
  absl::StatusOr<journal::v1::EntitlementAnswer> Evaluate(
      absl::string_view policy, const model::Case& person) const override {
    journal::v1::EntitlementAnswer answer;
    answer.set_policy(std::string(policy));
    answer.set_title_en(person.name);
    answer.set_result(journal::v1::ENTITLEMENT_RESULT_ELIGIBLE);
    answer.add_leaves()->set_id("leaf");
    const auto employed = person.stated.find("employed");
    if (employed != person.stated.end()) answer.mutable_leaves(0)->set_value(employed->second);
    return answer;
  }

 private:
  static policy::PolicySummary Policy(const char* id) {
    policy::PolicySummary summary;
    summary.id = id;
    return summary;
  }

  std::string text_ = "hash";
  std::vector<policy::PolicySummary> policies_ = {Policy("a-policy"), Policy("b-policy")};
};

class FakeEngine;

class FakeDeliveries final : public engine::DeliveryStream {
 public:
  explicit FakeDeliveries(FakeEngine* engine) : engine_(*engine) {}
  absl::StatusOr<std::optional<exchange::v1::Delivery>> Next(absl::Duration timeout) override;
  absl::Status Ack(const std::string& delivery, const engine::HandedOver&) override;
  absl::Status Nack(const std::string& delivery, const std::string& reason) override;
  void SetThere(bool) override {}
  void HandBack() override {}
  void Close() override;

 private:
  FakeEngine& engine_;
  bool closed_ = false;
};

class FakeEngine final : public engine::Engine {
 public:
  struct Pending {
    engine::SubmitCommand command;
    std::function<void(std::vector<exchange::v1::SubmitResponse>)> done;
  };
  struct Access {
    std::string principal, method, resource, reason;
    bool allowed = false;
  };

  FakeEngine() {
    agency_.id = "police";
    agency_.payload_bytes_max = 3 << 20;
    agency_.pending_payloads_max = 4;
  }

  // Blocks until "count" payloads wait for an answer, then takes them.
  std::vector<Pending> TakePending(std::size_t count) {
    absl::MutexLock lock(&mu);
    const auto enough = [&] { return pending.size() >= count; };
    if (!mu.AwaitWithTimeout(absl::Condition(&enough), absl::Seconds(10))) return {};
    return std::exchange(pending, {});
  }
  std::vector<Pending> TakeAllPending() {
    absl::MutexLock lock(&mu);
    return std::exchange(pending, {});
  }
  static void Reply(const Pending& pending) {
    exchange::v1::SubmitResponse response;
    response.set_request_id(pending.command.header.request_id());
    response.mutable_summary()->set_accepted_count(pending.command.payload.size());
    pending.done({response});
  }

  void Shutdown() override {}
  bool Submit(engine::SubmitCommand command,
              std::function<void(std::vector<exchange::v1::SubmitResponse>)> done,
              std::function<void()> when_ready) override {
    absl::MutexLock lock(&mu);
    if (full) {
      ready = std::move(when_ready);
      return false;
    }
    pending.push_back({std::move(command), std::move(done)});
    return true;
  }
  const engine::AgencyOptions* FindAgency(absl::string_view id) const override {
    return id == agency_.id ? &agency_ : nullptr;
  }
  absl::StatusOr<std::unique_ptr<engine::DeliveryStream>> OpenReceive(
      const std::string&, int max_in_flight, absl::Duration timeout) override {
    absl::MutexLock lock(&mu);
    ++receives_opened;
    in_flight = max_in_flight;
    visibility = timeout;
    return std::make_unique<FakeDeliveries>(this);
  }
  absl::StatusOr<std::unique_ptr<engine::DeliveryStream>> OpenPush(const std::string&,
                                                                   int) override {
    return std::make_unique<FakeDeliveries>(this);
  }
  absl::StatusOr<exchange::v1::AnswerReferralResponse> AnswerReferral(
      const std::string&, const exchange::v1::AnswerReferralRequest&) override {
    exchange::v1::AnswerReferralResponse response;
    response.set_etag("next");
    return response;
  }
  absl::StatusOr<engine::CaseView> GetCase(const std::string& id, const model::CivilDate& as_of,
                                           const std::string& asked_jurisdiction) override {
    absl::MutexLock lock(&mu);
    jurisdiction = asked_jurisdiction;
    if (id != "one") {
      return Error(absl::StatusCode::kNotFound, reason::kCaseNotFound, "no such case");
    }
    if (document.records().empty()) return MakeCase(id);
    engine::CaseView view;
    view.document = document;
    view.document.set_person(id);
    view.folded = model::FoldCase(view.document, as_of.empty() ? Today() : as_of);
    return view;
  }
  absl::StatusOr<model::Case> GetOutwardCase(const std::string& id, const std::string& kind,
                                             const model::CivilDate& as_of,
                                             const std::string&) override {
    absl::MutexLock lock(&mu);
    outward_kind = kind;
    journal::v1::PersonDocument outward;
    outward.set_person(id);
    for (const journal::v1::PersonRecord& record : document.records()) {
      if (record.record().agency() != "police") *outward.add_records() = record;
    }
    return model::FoldCase(outward, as_of.empty() ? Today() : as_of);
  }
  absl::StatusOr<engine::Page<engine::CaseView>> ListCases(const engine::CaseFilter&,
                                                           const std::string& after, int limit,
                                                           const std::string&) override {
    engine::Page<engine::CaseView> page;
    for (const char* id : {"a", "b", "c"}) {
      if (id <= after) continue;
      if (static_cast<int>(page.items.size()) == limit) {
        page.next_after = page.items.back().folded.person;
        break;
      }
      page.items.push_back(MakeCase(id));
      page.places.emplace_back(id);
    }
    return page;
  }
  absl::StatusOr<engine::CensusCounts> GetCensus(const model::CivilDate&,
                                                 const std::string&) override {
    return engine::CensusCounts{.as_of = {2026, 6, 30}, .registered = 5, .clean_three_years = 2};
  }
  // Two records of a household, of two people.
  static engine::IdentityPair APair() {
    engine::IdentityPair pair;
    const auto fill = [](std::uint64_t id, const std::string& agency, const std::string& name,
                         journal::v1::PersonRecord* record) {
      record->mutable_record()->set_agency(agency);
      record->mutable_record()->set_kind(adapter::v1::RECORD_KIND_UNEMPLOYMENT);
      record->mutable_record()->set_key(absl::StrCat("key ", id));
      record->set_record_id(id);
      journal::v1::Subject* subject = record->mutable_observation()->mutable_subject();
      subject->set_name(name);
      subject->set_id_number("421299199001011010");
      subject->add_phones("+8619001234567");
      subject->add_former_names("张小安");
    };
    fill(17, "employment", "张安", &pair.record);
    fill(912, "civil_affairs", "张按", &pair.other_record);
    pair.other_record.set_ended(true);
    pair.person = "p1";
    pair.other = "p2";
    pair.attributes = {{"name", identity::Level::kSameReading, 7'500},
                       {"birth_date", identity::Level::kMissing, 0},
                       {"phone", identity::Level::kExact, 12'250}};
    pair.weight = 3'500;
    pair.reason = "TOO_LITTLE";
    pair.etag = "e17";
    return pair;
  }
  absl::StatusOr<engine::Page<engine::IdentityPair>> ListIdentityReviews(
      const std::string& case_id, const std::string& after, int limit,
      const std::string& asked_jurisdiction) override {
    Note(absl::StrCat("reviews of ", case_id, " after ", after, " limit ", limit, " in ",
                      asked_jurisdiction));
    engine::Page<engine::IdentityPair> page;
    page.items.push_back(APair());
    page.places = {"p1~p2"};
    if (after.empty()) page.next_after = "p1~p2";
    return page;
  }
  absl::StatusOr<engine::IdentityExplanation> ExplainIdentity(
      const std::string& case_id, const std::string& asked_jurisdiction) override {
    Note(absl::StrCat("why ", case_id, " in ", asked_jurisdiction));
    engine::IdentityExplanation why;
    why.person = "p1";
    why.model = "zh-2";
    why.records = {APair().record};
    engine::IdentityPair linked = APair();
    linked.reason = "";
    linked.other = "p1";
    why.links.push_back({linked, 1});
    engine::IdentityPair apart = APair();
    apart.verdict = identity::Verdict::kNotSame;
    why.refused.push_back({apart, identity::Refusal::kToldApart});
    return why;
  }
  absl::StatusOr<engine::IdentityPair> GetIdentityPair(
      identity::RecordId record, identity::RecordId other_record,
      const std::string& asked_jurisdiction) override {
    Note(absl::StrCat("pair ", record, " ", other_record, " in ", asked_jurisdiction));
    return APair();
  }
  absl::StatusOr<engine::IdentityPreview> PreviewIdentityModel(
      const std::string& asked_jurisdiction,
      const std::function<bool(store::Sequence, store::Sequence)>& progress,
      const std::function<bool(const engine::IdentityShift&)>& visit) override {
    Note(absl::StrCat("preview in ", asked_jurisdiction));
    engine::IdentityShift shift{.kind = engine::IdentityShift::Kind::kJoined, .parts = {}};
    shift.parts.push_back({"p1", std::vector<journal::v1::PersonRecord>(21, APair().record)});
    shift.parts.push_back({"p2", {APair().other_record}});
    if (!progress(5, 10) || !progress(10, 10) || !visit(shift)) return absl::CancelledError("");
    return engine::IdentityPreview{.model = "zh-2",
                                   .candidate = "zh-3",
                                   .candidate_hash = "c0ffee",
                                   .people = 417,
                                   .candidate_people = 416,
                                   .joined = 1,
                                   .parted = 0};
  }
  absl::StatusOr<std::vector<engine::IdentityPair>> JudgeIdentity(
      const engine::Principal& principal, const engine::JudgeIdentityCommand& command,
      const std::string& asked_jurisdiction) override {
    std::string text = absl::StrCat("judge ", command.reason);
    for (const auto& decision : command.decisions) {
      absl::StrAppend(&text, " ", decision.record, ",", decision.other_record, ",",
                      static_cast<int>(decision.verdict), ",", decision.etag);
    }
    Note(absl::StrCat(text, " by ", principal.name(), " in ", asked_jurisdiction));
    std::vector<engine::IdentityPair> pairs;
    for (const auto& decision : command.decisions) {
      pairs.push_back(APair());
      pairs.back().verdict = decision.verdict;
    }
    return pairs;
  }
  const policy::Catalogue& catalogue() const override {
    if (loaded_catalogue != nullptr) return *loaded_catalogue;
    return catalogue_;
  }
  model::CivilDate Today() const override { return {2026, 6, 30}; }
  absl::Time Now() const override { return absl::FromUnixSeconds(1'782'781'200); }
  absl::StatusOr<engine::Page<engine::ProviderView>> ListProviders(const std::string& service,
                                                                   const std::string& after,
                                                                   int limit) override {
    engine::Page<engine::ProviderView> page;
    for (const referral::Provider& provider : directory.providers) {
      if (provider.id <= after || (!service.empty() && !referral::Gives(provider, service))) {
        continue;
      }
      if (static_cast<int>(page.items.size()) == limit) {
        page.next_after = page.items.back().provider->id;
        break;
      }
      engine::ProviderView view;
      view.provider = &provider;
      view.held = 3;
      for (const referral::Post& post : provider.posts) {
        view.held_posts.push_back(1);
        view.conditional_posts.push_back(post.job_class != "GENERAL");
      }
      page.items.push_back(std::move(view));
    }
    return page;
  }
  absl::StatusOr<engine::RouteView> GetRoute(const std::string& case_id, const std::string& policy,
                                             const engine::RouteWish& wish,
                                             const std::string& asked_jurisdiction) override {
    Note(absl::StrCat("route ", case_id, " ", policy, " ", wish.agency, " ", wish.provider, " ",
                      wish.post, " ", wish.replaces));
    {
      absl::MutexLock lock(&mu);
      jurisdiction = asked_jurisdiction;
    }
    if (case_id != "one") {
      return Error(absl::StatusCode::kNotFound, reason::kCaseNotFound, "no such case");
    }
    engine::RouteView view;
    if (directory.providers.size() < 2) return view;
    view.agency = "employment";
    view.route.provider = &directory.providers[0];
    view.route.code = referral::RouteCode::kNearest;
    view.route.others.push_back({&directory.providers[1],
                                 directory.providers[1].posts.at(0).id,
                                 referral::RouteCode::kLegalLimit,
                                 {&limit}});
    return view;
  }
  absl::StatusOr<journal::v1::ReferralDocument> CreateReferral(
      const engine::Principal&, const engine::CreateReferralCommand& command,
      const std::string&) override {
    absl::MutexLock lock(&mu);
    referral_created = command;
    return journal::v1::ReferralDocument();
  }
  absl::StatusOr<journal::v1::ReferralDocument> SendReferral(const engine::Principal&,
                                                             const engine::SendReferralCommand&,
                                                             const std::string&) override {
    return journal::v1::ReferralDocument();
  }
  absl::StatusOr<journal::v1::ReferralDocument> MoveReferral(const engine::Principal&,
                                                             const engine::MoveReferralCommand&,
                                                             const std::string&) override {
    return journal::v1::ReferralDocument();
  }
  absl::StatusOr<journal::v1::ReferralDocument> GetReferral(const std::string&,
                                                            const std::string&) override {
    return journal::v1::ReferralDocument();
  }
  absl::StatusOr<journal::v1::ConsentDocument> CreateConsent(
      const engine::Principal&, const engine::CreateConsentCommand& command,
      const std::string&) override {
    absl::MutexLock lock(&mu);
    consent_created = command;
    return AConsent();
  }
  absl::StatusOr<journal::v1::ConsentDocument> WithdrawConsent(
      const engine::Principal&, const engine::WithdrawConsentCommand&,
      const std::string&) override {
    journal::v1::ConsentDocument consent = AConsent();
    consent.mutable_end_time()->set_seconds(1'790'000'001);
    consent.add_revoked_referrals("r1");
    return consent;
  }
  absl::StatusOr<journal::v1::ConsentDocument> GetConsent(const std::string&,
                                                          const std::string&) override {
    return AConsent();
  }
  absl::StatusOr<engine::Page<journal::v1::ConsentDocument>> ListConsents(
      const std::string&, const std::string&, int, const std::string&) override {
    engine::Page<journal::v1::ConsentDocument> page;
    page.items.push_back(AConsent());
    return page;
  }
  static journal::v1::ConsentDocument AConsent() {
    journal::v1::ConsentDocument consent;
    consent.mutable_consent()->set_consent("c1");
    consent.mutable_consent()->set_case_id("p1");
    consent.mutable_consent()->set_agency("police");
    consent.mutable_create_time()->set_seconds(1'790'000'000);
    return consent;
  }
  absl::StatusOr<journal::v1::TeamMemberDocument> AddTeamMember(
      const engine::Principal&, const engine::AddTeamMemberCommand& command,
      const std::string& asked_jurisdiction) override {
    Note(absl::StrCat("add ", command.case_id, " ", command.role, " ", command.display_name, " ",
                      command.user, " ", command.from.ToString(), " ", command.until.ToString(),
                      " ", command.basis, " ", command.consent, " in ", asked_jurisdiction));
    return AMember();
  }
  absl::StatusOr<journal::v1::TeamMemberDocument> EndTeamMember(
      const engine::Principal&, const engine::EndTeamMemberCommand& command,
      const std::string& asked_jurisdiction) override {
    Note(absl::StrCat("end ", command.member, " ", command.etag, " ", command.reason, " in ",
                      asked_jurisdiction));
    journal::v1::TeamMemberDocument member = AMember();
    member.mutable_ended()->set_reason(command.reason);
    *member.mutable_ended()->mutable_end_date() = Today().ToProto();
    return member;
  }
  absl::StatusOr<journal::v1::TeamMemberDocument> GetTeamMember(
      const std::string& member, const std::string& asked_jurisdiction) override {
    Note(absl::StrCat("member ", member, " in ", asked_jurisdiction));
    return AMember();
  }
  absl::StatusOr<engine::TeamPage> ListTeamMembers(const std::string& case_id,
                                                   const std::string& after, int limit,
                                                   const std::string& asked_jurisdiction) override {
    Note(absl::StrCat("team ", case_id, " after ", after, " limit ", limit, " in ",
                      asked_jurisdiction));
    engine::TeamPage page;
    page.members.items.push_back(AMember());
    if (after.empty()) page.members.next_after = "g1";
    page.missing_roles = {"FAMILY"};
    return page;
  }
  static journal::v1::TeamMemberDocument AMember() {
    journal::v1::TeamMemberDocument member;
    journal::v1::TeamMemberAdded* added = member.mutable_added();
    added->set_member("g1");
    added->set_case_id("p1");
    added->set_role("GRID_WORKER");
    added->set_display_name("陈网格");
    added->set_user("chen.wg");
    *added->mutable_from_date() = model::CivilDate::Of(2026, 6, 1).ToProto();
    added->mutable_disclosure()->set_basis("CONSENT");
    added->mutable_disclosure()->set_basis_reference("档案 2026-18");
    added->mutable_disclosure()->set_consent("c1");
    added->mutable_disclosure()->add_fields("case.tasks");
    member.mutable_create_time()->set_seconds(1'790'000'000);
    return member;
  }
  absl::StatusOr<journal::v1::DispatchDocument> SendDispatch(
      const engine::Principal&, const engine::SendDispatchCommand& command,
      const std::string& asked_jurisdiction) override {
    Note(absl::StrCat("dispatch ", static_cast<int>(command.kind), " ", command.case_id, " ",
                      command.agency, " ", command.report_code, " ", command.event_date.ToString(),
                      " ", command.legal_basis, " ", command.document_number, " ", command.etag,
                      " in ", asked_jurisdiction));
    return ADispatch();
  }
  absl::StatusOr<journal::v1::DispatchDocument> GetDispatch(
      const std::string& dispatch, const std::string& asked_jurisdiction) override {
    Note(absl::StrCat("dispatch ", dispatch, " in ", asked_jurisdiction));
    return ADispatch();
  }
  absl::StatusOr<engine::Page<journal::v1::DispatchDocument>> ListDispatches(
      const std::string& case_id, const std::string& after, int limit,
      const std::string& asked_jurisdiction) override {
    Note(absl::StrCat("dispatches ", case_id, " after ", after, " limit ", limit, " in ",
                      asked_jurisdiction));
    engine::Page<journal::v1::DispatchDocument> page;
    page.items.push_back(ADispatch());
    return page;
  }
  static journal::v1::DispatchDocument ADispatch() {
    journal::v1::DispatchDocument dispatch;
    journal::v1::DispatchSent* sent = dispatch.mutable_sent();
    sent->set_dispatch("s1");
    sent->set_case_id("p1");
    sent->set_kind(journal::v1::DISPATCH_KIND_REPORT);
    sent->set_report_code("REFUSED");
    *sent->mutable_event_date() = model::CivilDate::Of(2026, 6, 29).ToProto();
    sent->mutable_disclosure()->set_agency("police");
    sent->mutable_disclosure()->set_basis("REPORT_DUTY");
    sent->mutable_disclosure()->set_basis_reference("戒毒条例 第二十一条 3号");
    sent->mutable_disclosure()->add_fields("code");
    sent->mutable_delivery()->set_delivery("d7");
    dispatch.mutable_create_time()->set_seconds(1'790'000'000);
    dispatch.mutable_acknowledge_time()->set_seconds(1'790'000'060);
    return dispatch;
  }
  absl::Status FireTimers() override { return absl::OkStatus(); }
  absl::StatusOr<engine::Page<journal::v1::ReferralDocument>> ListReferrals(
      const engine::ReferralFilter&, const std::string& after, int, const std::string&) override {
    engine::Page<journal::v1::ReferralDocument> page;
    if (padding == 0) return page;
    for (const char* id : {"a", "b", "c"}) {
      if (id <= after) continue;
      page.places.emplace_back(id);
      journal::v1::ReferralDocument& referral = page.items.emplace_back();
      referral.set_referral(id);
      referral.mutable_draft()->set_service(std::string(padding, 'x'));
    }
    return page;
  }
  absl::StatusOr<engine::Page<journal::v1::DisclosureDocument>> ListDisclosures(
      const std::string&, const std::string&, int, const std::string&) override {
    engine::Page<journal::v1::DisclosureDocument> page;
    page.items = disclosures;
    return page;
  }
  absl::StatusOr<engine::CohortMix> GetCohortMix(int year) override {
    Note(absl::StrCat("mix ", year));
    if (year > 2026) return InvalidField("year", "is still to come");
    engine::CohortMix mix;
    mix.year = 2026;
    mix.months = 8;
    mix.base_permille = 600;
    mix.source = "the rules";
    mix.cell_min = 5;
    const auto add = [&](const char* agency, const char* service, referral::Mixing mixing) {
      referral::MixLine& line = mix.lines.emplace_back();
      line.agency = agency;
      line.service = service;
      line.mixing = mixing;
      return &line;
    };
    for (const char* agency : {"", "employment"}) {
      referral::MixLine* year =
          add(agency, *agency == '\0' ? "" : "skills", referral::Mixing::kMixed);
      year->people = 20;
      year->cohorts = referral::Cohorts{.known = 11, .others = 9};
      year->evidence_bits = -0.25;
    }
    mix.lines.back().counted_months = 7;
    referral::MixLine* month = add("employment", "skills", referral::Mixing::kOneSided);
    month->month = 8;
    month->people = 12;
    add("tax", "relief", referral::Mixing::kThin);
    return mix;
  }
  absl::StatusOr<engine::Page<engine::NoticeView>> ListNotices(
      const engine::NoticeFilter& filter, const std::string& after, int limit,
      const std::string& asked_jurisdiction) override {
    Note(absl::StrCat("notices ", filter.case_id, " ", filter.policy, " ", filter.kind, " in ",
                      asked_jurisdiction));
    engine::Page<engine::NoticeView> page;
    for (const char* id : {"a", "b", "c"}) {
      if (id <= after) continue;
      if (static_cast<int>(page.items.size()) == limit) {
        page.next_after = page.items.back().case_id;
        break;
      }
      page.places.emplace_back(id);
      engine::NoticeView& view = page.items.emplace_back();
      view.case_id = id;
      view.notice.set_sequence(7);
      view.notice.mutable_time()->set_seconds(1'790'000'000);
      view.notice.set_catalogue_hash("hash" + std::string(padding, 'x'));
      *view.notice.mutable_as_of_date() = model::CivilDate::Of(2026, 7, 1).ToProto();
      journal::v1::EntitlementNotice* notice = view.notice.mutable_notice();
      notice->set_policy("a-policy");
      if (*id == 'a') {
        notice->set_kind(journal::v1::ENTITLEMENT_NOTICE_KIND_PROPOSAL);
        notice->set_referral("r1");
      } else {
        notice->set_kind(journal::v1::ENTITLEMENT_NOTICE_KIND_REMINDER);
        *notice->mutable_lapse_date() = model::CivilDate::Of(2026, 8, 1).ToProto();
      }
    }
    return page;
  }
  absl::StatusOr<engine::CatalogueComparison> CompareCatalogue(const model::CivilDate& as_of,
                                                               const std::string& after, int limit,
                                                               const std::string&) override {
    Note(absl::StrCat("compare ", as_of.ToString(), " after ", after, " limit ", limit));
    using Kind = engine::CatalogueComparison::Kind;
    engine::CatalogueComparison comparison;
    comparison.catalogue_hash = "hash";
    comparison.candidate_hash = "other";
    comparison.cases = 2;
    const auto add = [&](const char* person, Kind kind, journal::v1::EntitlementResult before,
                         journal::v1::EntitlementResult result) {
      comparison.changes.push_back({.case_id = person,
                                    .policy = "a-policy",
                                    .kind = kind,
                                    .before = {.result = before, .amount_fen = 5},
                                    .after = {.result = result, .amount_fen = 6}});
    };
    constexpr auto kYes = journal::v1::ENTITLEMENT_RESULT_ELIGIBLE;
    constexpr auto kNo = journal::v1::ENTITLEMENT_RESULT_NOT_ELIGIBLE;
    if (after.empty()) {
      add("a", Kind::kGain, kNo, kYes);
      add("b", Kind::kLoss, kYes, kNo);
      comparison.next_after = "other/b";
    } else {
      add("c", Kind::kAmount, kYes, kYes);
      add("d", Kind::kOther, kNo, journal::v1::ENTITLEMENT_RESULT_UNKNOWN);
    }
    return comparison;
  }
  absl::Status AwaitWatched(absl::Duration) override { return absl::OkStatus(); }
  absl::StatusOr<std::vector<engine::AgencyStatus>> ListAgencies() override {
    std::vector<engine::AgencyStatus> statuses(1);
    statuses[0].options = &agency_;
    statuses[0].records = 7;
    return statuses;
  }
  absl::StatusOr<engine::Page<journal::v1::DeliveryDocument>> ListDeliveries(
      const engine::DeliveryFilter& filter, const std::string& after, int limit) override {
    Note(absl::StrCat(filter.dead ? "dead" : "waiting", " of ", filter.agency, " after ", after));
    engine::Page<journal::v1::DeliveryDocument> page;
    for (const char* id : {"a", "b", "c"}) {
      if (id <= after) continue;
      if (static_cast<int>(page.items.size()) == limit) {
        page.next_after = page.items.back().delivery().delivery();
        break;
      }
      page.items.push_back(MakeDelivery(id));
    }
    return page;
  }
  absl::StatusOr<journal::v1::DeliveryDocument> GetDelivery(const std::string& id) override {
    if (id == "none") return Error(absl::StatusCode::kNotFound, reason::kDeliveryNotFound, "none");
    return MakeDelivery(id);
  }
  absl::StatusOr<journal::v1::DeliveryDocument> MendDelivery(
      const engine::Principal& principal, const engine::MendDeliveryCommand& command) override {
    Note(absl::StrCat(command.discard ? "discard " : "retry ", command.delivery, " ",
                      command.reason, " by ", principal.name()));
    return MakeDelivery(command.delivery);
  }
  absl::StatusOr<engine::Page<journal::v1::QuarantineDocument>> ListQuarantine(const std::string&,
                                                                               const std::string&,
                                                                               int) override {
    return engine::Page<journal::v1::QuarantineDocument>();
  }
  absl::StatusOr<journal::v1::QuarantineDocument> GetQuarantine(const std::string&) override {
    return Error(absl::StatusCode::kNotFound, reason::kQuarantineNotFound, "no such payload");
  }
  absl::StatusOr<engine::ReplayResult> ReplayQuarantine(const engine::Principal&,
                                                        const std::string&, const std::string&,
                                                        bool) override {
    return engine::ReplayResult();
  }
  absl::StatusOr<engine::AdapterView> GetAdapter(const std::string& id) override {
    if (id != agency_.id) {
      return Error(absl::StatusCode::kNotFound, reason::kAgencyNotFound, "there is no such agency");
    }
    return engine::AdapterView{.options = &agency_, .slot = slot_.view()};
  }
  absl::StatusOr<engine::AdapterView> LoadAdapter(const std::string& id, const std::string& library,
                                                  const std::string& samples) override {
    Note(absl::StrCat("load ", id, " ", library, " ", samples));
    return GetAdapter(id);
  }
  absl::StatusOr<engine::AdapterView> ReloadAdapter(const engine::Principal& principal,
                                                    const std::string& id,
                                                    const std::string& build) override {
    Note(absl::StrCat("reload ", id, " ", build, " by ", principal.name()));
    return GetAdapter(id);
  }
  absl::StatusOr<engine::AdapterView> SwitchAdapter(const engine::Principal& principal,
                                                    const std::string& id, bool enabled,
                                                    const std::string& why) override {
    Note(absl::StrCat(enabled ? "enable " : "disable ", id, " ", why, " by ", principal.name()));
    if (enabled) {
      slot_.Enable();
    } else {
      slot_.Disable(why);
    }
    return GetAdapter(id);
  }
  absl::StatusOr<engine::ShadowReport> ShadowAdapter(
      const engine::ShadowCommand& command) override {
    Note(absl::StrCat("shadow ", command.agency, " ", command.payloads));
    engine::ShadowReport report;
    report.changed = 1;
    report.records.push_back(
        {"y1", 7, engine::ShadowReport::Change::kChanged, {{"subject.name", "", ""}}, {}});
    report.cases.push_back({"one", {"PHASE"}});
    return report;
  }
  absl::StatusOr<engine::CorrectionFile> GetCorrections(const std::string& id,
                                                        const std::string& request_id,
                                                        const std::string& language) override {
    Note(absl::StrCat("corrections ", id, " ", request_id, " ", language));
    return corrections;
  }
  absl::StatusOr<engine::CorrectionFile> ExportCorrections(const std::string& payload,
                                                           const std::string& language) override {
    Note(absl::StrCat("corrections ", payload, " ", language));
    return corrections;
  }
  absl::StatusOr<engine::VerifyReport> Verify(
      const std::function<bool(store::Sequence, store::Sequence)>& progress) override {
    progress(1, 1);
    engine::VerifyReport report;
    report.equal = true;
    return report;
  }
  engine::HubCounts Counts() const override {
    engine::HubCounts counts;
    counts.synced = 9;
    counts.groups.Add(4, 300);
    counts.lag_waits = 2;
    return counts;
  }
  absl::Status AwaitProjected(store::Sequence sequence, absl::Duration timeout) override {
    if (sequence <= 8) return absl::OkStatus();
    {
      absl::MutexLock lock(&mu);
      ++awaits;
    }
    if (sequence == 9) absl::SleepFor(timeout);
    return sequence == 9 ? Error(absl::StatusCode::kUnavailable, reason::kOverloaded, "behind")
                         : Error(absl::StatusCode::kFailedPrecondition, reason::kSequenceBeyondEnd,
                                 "the journal has 9 entries");
  }
  absl::StatusOr<engine::ErasureResult> ErasePerson(
      const engine::Principal&, const engine::ErasePersonCommand& command,
      const std::string& asked_jurisdiction) override {
    absl::MutexLock lock(&mu);
    jurisdiction = asked_jurisdiction;
    if (command.case_id != "one") {
      return Error(absl::StatusCode::kNotFound, reason::kCaseNotFound, "no such case");
    }
    const bool repeated = !erase_requests.insert(command.request_id).second;
    return engine::ErasureResult{.person = command.case_id,
                                 .records = 4,
                                 .referrals = 2,
                                 .payloads = 1,
                                 .keys = 8,
                                 .sequence = repeated ? 0u : 5u};
  }
  absl::StatusOr<engine::PurgeResult> Purge(const engine::Principal&,
                                            const engine::PurgeCommand& command) override {
    absl::MutexLock lock(&mu);
    purge = command;
    engine::PurgeResult result;
    result.sequence = 6;
    result.purged.add_payloads("p");
    result.purged.add_keys(3);
    result.purged.add_keys(4);
    return result;
  }
  absl::Status Rebuild(
      const std::function<bool(store::Sequence, store::Sequence)>& progress) override {
    if (rebuild_fails) {
      return Error(absl::StatusCode::kUnavailable, reason::kOverloaded, "under way already");
    }
    if (!progress(4, 9)) return absl::CancelledError("stopped");
    return absl::OkStatus();
  }
  absl::Status Backup(const std::string& directory) override {
    absl::MutexLock lock(&mu);
    paths.push_back(directory);
    return directory == "/there" ? absl::AlreadyExistsError("exists") : absl::OkStatus();
  }
  absl::Status RotateMasterKey(const std::string& path) override {
    absl::MutexLock lock(&mu);
    paths.push_back(path);
    return absl::OkStatus();
  }
  absl::StatusOr<exchange::v1::RecordProof> ProveRecord(const std::string& agency,
                                                        const std::string&,
                                                        const std::string& record_key) override {
    if (record_key == "erased") {
      return Error(absl::StatusCode::kNotFound, reason::kErased, "no such record");
    }
    exchange::v1::RecordProof proof;
    proof.mutable_head()->set_log(record_key == "astray" ? "hub" : "agencies/" + agency);
    proof.set_content("content");
    return proof;
  }
  absl::StatusOr<engine::LogHead> CertifyEntry(store::Sequence sequence,
                                               exchange::v1::InclusionProof* inclusion) override {
    if (!keeps_logs) {
      return Error(absl::StatusCode::kNotFound, reason::kLogNotFound, "the hub keeps no logs");
    }
    inclusion->set_index(sequence - 1);
    engine::LogHead head;
    head.head.set_log("hub");
    head.public_key = "key";
    return head;
  }
  absl::StatusOr<engine::LogHead> GetLogHead(const std::string& log, std::uint64_t since) override {
    if (!keeps_logs || (log != "hub" && log != "agencies/police")) {
      return Error(absl::StatusCode::kNotFound, reason::kLogNotFound, "there is no such log");
    }
    if (since > 8) return InvalidField("size", "too large");
    engine::LogHead head;
    head.head.set_log(log);
    head.head.set_size(8);
    head.public_key = "key";
    if (since > 0) {
      head.growth.emplace();
      head.growth->set_old_size(since);
      head.growth->set_new_size(8);
    }
    return head;
  }
  void RecordAccess(const engine::Principal& principal, const std::string& method,
                    const std::string& resource, bool allowed, const std::string& why) override {
    absl::MutexLock lock(&mu);
    accesses.push_back({principal.name(), method, resource, why, allowed});
  }
  std::vector<Access> TakeAccesses() {
    absl::MutexLock lock(&mu);
    return std::exchange(accesses, {});
  }

  // What was asked of the adapters, in order.
  std::vector<std::string> TakeNotes() {
    absl::MutexLock lock(&mu);
    return std::exchange(notes_, {});
  }

  absl::StatusOr<engine::CorrectionFile> corrections = engine::CorrectionFile();
  absl::Mutex mu;
  bool full = false;
  std::function<void()> ready;
  std::vector<Pending> pending;
  std::vector<Access> accesses;
  std::string jurisdiction;
  std::string outward_kind;
  engine::CreateConsentCommand consent_created;
  std::vector<journal::v1::DisclosureDocument> disclosures;
  engine::CreateReferralCommand referral_created;
  referral::ProviderDirectory directory;
  referral::JobLimit limit;
  int receives_opened = 0;
  int in_flight = 0;
  absl::Duration visibility;
  std::vector<exchange::v1::Delivery> deliveries;
  std::vector<std::string> answers;
  int awaits = 0;
  std::set<std::string> erase_requests;
  engine::PurgeCommand purge;
  std::vector<std::string> paths;
  bool keeps_logs = true;
  bool rebuild_fails = false;

  // In place of the fake one.
  std::unique_ptr<policy::Catalogue> loaded_catalogue;
  // Makes notices, cases and referrals of lists longer by so many bytes.
  std::size_t padding = 0;
  // The records of cases/one.
  journal::v1::PersonDocument document;

 private:
  static journal::v1::DeliveryDocument MakeDelivery(const std::string& id) {
    journal::v1::DeliveryDocument document;
    exchange::v1::Delivery envelope;
    envelope.mutable_request()->mutable_training()->set_course("电工");
    document.mutable_delivery()->set_delivery(id);
    document.mutable_delivery()->set_agency("police");
    document.mutable_delivery()->set_envelope(envelope.SerializeAsString());
    document.set_referral("r1");
    document.set_person("one");
    document.set_dead(true);
    document.set_nack_count(10);
    document.set_last_reason("HTTP_422");
    return document;
  }
  engine::CaseView MakeCase(const std::string& id) const {
    engine::CaseView view;
    view.folded.person = id;
    view.folded.name = std::string(padding, 'x');
    view.folded.id_number = "421299199001010018";
    view.document.set_person(id);
    return view;
  }

  void Note(std::string text) {
    absl::MutexLock lock(&mu);
    notes_.push_back(std::move(text));
  }

  std::vector<std::string> notes_ ABSL_GUARDED_BY(mu);
  FakeAdapter adapter_;
  adapter::AdapterSlot slot_{&adapter_};
  engine::AgencyOptions agency_;
  FakeCatalogue catalogue_;
};

inline absl::StatusOr<std::optional<exchange::v1::Delivery>> FakeDeliveries::Next(
    absl::Duration timeout) {
  absl::MutexLock lock(&engine_.mu);
  const auto due = [&] { return closed_ || !engine_.deliveries.empty(); };
  if (!engine_.mu.AwaitWithTimeout(absl::Condition(&due), timeout)) {
    return std::optional<exchange::v1::Delivery>();
  }
  if (closed_) return absl::CancelledError("closed");
  exchange::v1::Delivery delivery = engine_.deliveries.front();
  engine_.deliveries.erase(engine_.deliveries.begin());
  return std::optional<exchange::v1::Delivery>(std::move(delivery));
}
inline absl::Status FakeDeliveries::Ack(const std::string& delivery, const engine::HandedOver&) {
  absl::MutexLock lock(&engine_.mu);
  if (delivery != "d1") {
    return Error(absl::StatusCode::kNotFound, reason::kDeliveryNotFound, "no such delivery");
  }
  engine_.answers.push_back(absl::StrCat("ack ", delivery));
  return absl::OkStatus();
}
inline absl::Status FakeDeliveries::Nack(const std::string& delivery, const std::string& reason) {
  absl::MutexLock lock(&engine_.mu);
  engine_.answers.push_back(absl::StrCat("nack ", delivery, " ", reason));
  return absl::OkStatus();
}
inline void FakeDeliveries::Close() {
  absl::MutexLock lock(&engine_.mu);
  closed_ = true;
}

}  // namespace anqiao::testing

#endif  // ANQIAO_TESTS_HUB_RPC_FAKE_ENGINE_H_

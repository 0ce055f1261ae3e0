// Routes: drafted without a provider and with one, the next provider after one that could not, the
// places that are held, and what the law keeps from whom.

#include "hub/engine/referral_fold.h"
#include "hub/engine/values.h"
#include "tests/hub/engine/timetable_fixture.h"

namespace anqiao::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using exchange::v1::ANSWER_ACTION_ACCEPT;
using exchange::v1::ANSWER_ACTION_DECLINE;
using exchange::v1::ANSWER_ACTION_FAIL;
using exchange::v1::ANSWER_ACTION_START;
using referral::Action;

constexpr char kDirectory[] = R"(directory: test
open_within_days: 30
providers:
  - {id: first, title: {zh: 一, en: One}, agency: employment, kind: school, services: [skills], jurisdictions: ["4212"]}
  - {id: second, title: {zh: 二, en: Two}, agency: employment, kind: school, services: [skills], places: 1}
  - {id: away, title: {zh: 远, en: Away}, agency: employment, kind: school, services: [skills], jurisdictions: ["4301"]}
  - id: works
    title: {zh: 厂, en: Works}
    agency: employment
    kind: employer
    services: [employment-assistance]
    posts:
      - {id: guard, title: {zh: 保安, en: Guard}, service: employment-assistance, class: SECURITY_GUARD, count: 5}
      - {id: driver, title: {zh: 司机, en: Driver}, service: employment-assistance, class: DRIVER, count: 5}
      - {id: cleaner, title: {zh: 保洁, en: Cleaner}, service: employment-assistance, class: GENERAL, count: 1}
)";

class RoutingTest : public TimetableFixture {
 protected:
  RoutingTest() {
    directory_ = referral::ParseDirectory("test.yaml", kDirectory).value();
    limits_ = referral::ParseJobLimits(referral::kJobLimitsFile, ReadFile(referral::kJobLimitsFile))
                  .value();
    options_.directory = &directory_;
    options_.job_limits = &limits_;
  }

  absl::StatusOr<ReferralDocument> Create(const std::string& person, const std::string& policy,
                                          const std::string& provider = "",
                                          const std::string& post = "",
                                          const std::string& replaces = "") {
    CreateReferralCommand command = Draft(person);
    command.policy = policy;
    command.provider = provider;
    command.post = post;
    command.replaces = replaces;
    return engine_->CreateReferral(User(), command, "");
  }
  ReferralDocument SendTo(const std::string& person, const std::string& provider) {
    const auto draft = Create(person, kPolicy, provider);
    EXPECT_TRUE(draft.ok()) << draft.status();
    const auto sent = engine_->SendReferral(User(), Sending(*draft), "");
    EXPECT_TRUE(sent.ok()) << sent.status();
    return sent.ok() ? *sent : ReferralDocument();
  }
  // The referral in the place of "ended", once the hub has looked; empty if there is none.
  ReferralDocument NextOf(const ReferralDocument& ended) {
    AQ_EXPECT_OK(engine_->FireTimers());
    const std::string next = Get(ended).replaced_by();
    return next.empty() ? ReferralDocument() : *engine_->GetReferral(next, "");
  }
  absl::Status MoveOk(const ReferralDocument& referral, Action action,
                      const std::string& reason_text = "", const std::string& role = "caseworker") {
    return Move(referral, action, reason_text, role).status();
  }
  // "second RANKS_AFTER", ...
  static std::vector<std::string> Passed(const journal::v1::RouteExplanation& route) {
    std::vector<std::string> words;
    for (const auto& passed : route.passed_over()) {
      words.push_back(absl::StrCat(passed.provider(), passed.post().empty() ? "" : "/",
                                   passed.post(), " ", passed.code()));
    }
    return words;
  }
  std::int64_t Held(const std::string& provider) {
    const auto page = engine_->ListProviders("", "", 100);
    for (const ProviderView& view : page->items) {
      if (view.provider->id == provider) return view.held;
    }
    return -1;
  }

  referral::ProviderDirectory directory_;
  referral::JobLimits limits_;
};

TEST_P(RoutingTest, TheDirectoryIsActivatedWithItsContent) {
  AQ_ASSERT_OK_AND_ASSIGN(const std::string content, store_->GetBlob(directory_.hash));
  EXPECT_EQ(content, kDirectory);
  const auto count = [&] {
    int entries = 0;
    AQ_EXPECT_OK(store_->ReadJournal(1, [&](store::Sequence, absl::string_view bytes) {
      journal::v1::Entry entry;
      EXPECT_TRUE(entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
      entries += entry.activated().kind() == journal::v1::ACTIVATION_KIND_DIRECTORY ? 1 : 0;
      return true;
    }));
    return entries;
  };
  EXPECT_EQ(count(), 1);
  Restart();
  EXPECT_EQ(count(), 1);
}

TEST_P(RoutingTest, WithoutAProviderItGoesToTheOneThatIsProposed) {
  const std::string person = AddPerson();
  AQ_ASSERT_OK_AND_ASSIGN(const RouteView view, engine_->GetRoute(person, kPolicy, {}, ""));
  ASSERT_NE(view.route.provider, nullptr);
  EXPECT_EQ(view.route.provider->id, "first");
  EXPECT_EQ(view.agency, "employment");
  AQ_ASSERT_OK_AND_ASSIGN(const ReferralDocument draft, Create(person, kPolicy));
  EXPECT_EQ(draft.draft().provider(), "first");
  EXPECT_EQ(draft.draft().agency(), "employment");
  EXPECT_EQ(draft.draft().anchor_agency(), "");
  EXPECT_EQ(draft.draft().route().code(), "NEAREST");
  EXPECT_EQ(draft.draft().route().directory_hash(), directory_.hash);
  EXPECT_THAT(Passed(draft.draft().route()), ElementsAre("second RANKS_AFTER", "away OTHER_AREA"));
  AQ_ASSERT_OK(engine_->SendReferral(User(), Sending(draft), "").status());
  const auto taken = TakeAll();
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].request().provider(), "first");
  EXPECT_EQ(taken[0].request().post(), "");
  ExpectVerified();
}

TEST_P(RoutingTest, AProviderThatIsNamedMustGiveTheService) {
  const std::string person = AddPerson();
  const auto why = [&](const std::string& provider, const std::string& post = "") {
    return ReasonOf(Create(person, kPolicy, provider, post).status());
  };
  EXPECT_EQ(why("nobody"), reason::kProviderNotFound);
  EXPECT_EQ(why("works"), reason::kNoProvider);
  EXPECT_EQ(why("first", "cleaner"), reason::kProviderNotFound);
  EXPECT_EQ(why("", "cleaner"), reason::kInvalidField);
  AQ_ASSERT_OK_AND_ASSIGN(const ReferralDocument draft, Create(person, kPolicy, "away"));
  EXPECT_EQ(draft.draft().provider(), "away");
  EXPECT_EQ(draft.draft().route().code(), "NAMED");
  // The provider belongs to the request.
  CreateReferralCommand command = Draft(person);
  command.provider = "first";
  AQ_ASSERT_OK(engine_->CreateReferral(User(), command, "").status());
  AQ_EXPECT_OK(engine_->CreateReferral(User(), command, "").status());
  command.provider = "second";
  EXPECT_EQ(ReasonOf(engine_->CreateReferral(User(), command, "").status()),
            reason::kRequestIdConflict);
}

TEST_P(RoutingTest, AnAgencyThatTheDirectorySaysNothingOfIsItsOwnProvider) {
  const std::string person = AddPerson();
  AQ_ASSERT_OK_AND_ASSIGN(const ReferralDocument draft, Create(person, kWorkshop));
  EXPECT_EQ(draft.draft().agency(), "workshop");
  EXPECT_EQ(draft.draft().provider(), "");
  EXPECT_EQ(draft.draft().route().code(), "ONLY_ONE");
}

TEST_P(RoutingTest, NobodyIsAnErrorThatSaysWhy) {
  const std::string person = AddPerson();
  policies_.Change(kPolicy).provider = "tax";
  const absl::Status status = Create(person, kPolicy).status();
  EXPECT_EQ(ReasonOf(status), reason::kNoProvider);
  EXPECT_THAT(std::string(status.message()), HasSubstr("first=NOT_RESPONSIBLE"));
  AQ_ASSERT_OK_AND_ASSIGN(const RouteView view, engine_->GetRoute(person, kPolicy, {}, ""));
  EXPECT_EQ(view.route.code, referral::RouteCode::kNobody);
  EXPECT_EQ(view.agency, "");
}

TEST_P(RoutingTest, AReasonThatSaysSoDraftsToTheNextProvider) {
  int number = 0;
  for (const char* reason_text : {"NO_CAPACITY", "NO_VACANCY", "NOT_RESPONSIBLE"}) {
    const ReferralDocument sent = SendTo(AddPerson(++number), "first");
    TakeAll();
    Answered(sent, ANSWER_ACTION_DECLINE, reason_text);
    const ReferralDocument next = NextOf(sent);
    EXPECT_EQ(next.state(), journal::v1::REFERRAL_STATE_DRAFT) << reason_text;
    EXPECT_EQ(next.draft().provider(), "second") << reason_text;
    EXPECT_EQ(next.draft().replaces(), sent.referral());
    EXPECT_EQ(next.draft().case_id(), sent.draft().case_id());
    EXPECT_EQ(next.draft().details().at("course"), "电工");
    EXPECT_EQ(next.history(0).principal().name(), "hub");
    EXPECT_THAT(Passed(next.draft().route()), ElementsAre("first TRIED", "away OTHER_AREA"));
    EXPECT_THAT(OpenKinds(sent), IsEmpty());
  }
  ExpectVerified();
}

TEST_P(RoutingTest, SoDoOtherEndsButOnlyOnce) {
  // Failed.
  const ReferralDocument failed = SendTo(AddPerson(1), "first");
  TakeAll();
  Answered(failed, ANSWER_ACTION_ACCEPT);
  Answered(failed, ANSWER_ACTION_START);
  Answered(failed, ANSWER_ACTION_FAIL, "SERVICE_ENDED");
  EXPECT_EQ(NextOf(failed).draft().provider(), "second");
  const std::string once = Get(failed).replaced_by();
  EXPECT_EQ(NextOf(failed).referral(), once);
  // The outcome is that the quota is used up: when it is closed.
  const ReferralDocument used = SendTo(AddPerson(2), "first");
  TakeAll();
  Answered(used, ANSWER_ACTION_ACCEPT);
  Answered(used, ANSWER_ACTION_START);
  Outcome(used, exchange::v1::OUTCOME_CODE_NOT_GRANTED, "QUOTA_USED");
  EXPECT_EQ(NextOf(used).referral(), "");
  AQ_ASSERT_OK(MoveOk(used, Action::kClose));
  EXPECT_EQ(NextOf(used).draft().provider(), "second");
  // Cancelled to be sent elsewhere: when that is confirmed.
  const ReferralDocument moved = SendTo(AddPerson(3), "first");
  TakeAll();
  AQ_ASSERT_OK(MoveOk(moved, Action::kCancel, "SENT_ELSEWHERE"));
  EXPECT_EQ(NextOf(moved).referral(), "");
  Answered(moved, exchange::v1::ANSWER_ACTION_CONFIRM_CANCELLATION);
  EXPECT_EQ(NextOf(moved).draft().provider(), "second");
  // Never answered.
  const ReferralDocument waiting = SendTo(AddPerson(4), "first");
  TakeAll();
  GoTo(2026, 10, 13);
  EXPECT_EQ(StateOf(waiting), journal::v1::REFERRAL_STATE_EXPIRED);
  EXPECT_EQ(NextOf(waiting).draft().provider(), "second");
  ExpectVerified();
}

TEST_P(RoutingTest, OtherReasonsAskNobodyElse) {
  const ReferralDocument declined = SendTo(AddPerson(1), "first");
  TakeAll();
  Answered(declined, ANSWER_ACTION_DECLINE, "NOT_ELIGIBLE");
  EXPECT_EQ(NextOf(declined).referral(), "");
  const ReferralDocument cancelled = SendTo(AddPerson(2), "first");
  TakeAll();
  AQ_ASSERT_OK(MoveOk(cancelled, Action::kCancel, "CIRCUMSTANCES_CHANGED"));
  // What crosses the cancellation does not count.
  Answered(cancelled, ANSWER_ACTION_DECLINE, "NO_CAPACITY");
  Answered(cancelled, exchange::v1::ANSWER_ACTION_CONFIRM_CANCELLATION);
  EXPECT_EQ(NextOf(cancelled).referral(), "");
  // A draft asked nobody.
  AQ_ASSERT_OK_AND_ASSIGN(const ReferralDocument draft, Create(AddPerson(3), kPolicy));
  AQ_ASSERT_OK(MoveOk(draft, Action::kCancel, "SENT_ELSEWHERE"));
  EXPECT_EQ(NextOf(draft).referral(), "");
  // Nor is anybody asked for one that was entered in error.
  const ReferralDocument voided = SendTo(AddPerson(4), "first");
  AQ_ASSERT_OK(MoveOk(voided, Action::kVoid, "ENTERED_IN_ERROR", "supervisor"));
  EXPECT_EQ(NextOf(voided).referral(), "");
}

TEST_P(RoutingTest, WhenNobodyIsLeftThatIsEscalatedWithTheReasons) {
  const ReferralDocument first = SendTo(AddPerson(), "first");
  TakeAll();
  Answered(first, ANSWER_ACTION_DECLINE, "NO_CAPACITY");
  const ReferralDocument second = NextOf(first);
  AQ_ASSERT_OK(engine_->SendReferral(User(), Sending(second), "").status());
  TakeAll();
  Answered(second, ANSWER_ACTION_DECLINE, "NO_VACANCY");
  EXPECT_EQ(NextOf(second).referral(), "");
  const ReferralDocument ended = Get(second);
  EXPECT_THAT(OpenKinds(second), ElementsAre("NO_PROVIDER"));
  EXPECT_EQ(ended.no_route().code(), "NOBODY");
  EXPECT_THAT(Passed(ended.no_route()),
              ElementsAre("first TRIED", "second TRIED", "away OTHER_AREA"));
  EXPECT_THAT(NeedAction(), ElementsAre(second.referral()));
  ExpectVerified();
  Restart();
  EXPECT_THAT(OpenKinds(second), ElementsAre("NO_PROVIDER"));
  AQ_ASSERT_OK(MoveOk(second, Action::kTakeNote));
  EXPECT_THAT(NeedAction(), IsEmpty());
  // A caseworker finds somebody after all.
  AQ_ASSERT_OK_AND_ASSIGN(const ReferralDocument third,
                          Create(second.draft().case_id(), kPolicy, "away", "", second.referral()));
  EXPECT_EQ(Get(second).replaced_by(), third.referral());
  EXPECT_FALSE(Get(second).has_no_route());
  ExpectVerified();
}

TEST(RoutingFoldTest, ACaseworkerWhoIsFasterIsNotOvertaken) {
  ReferralDocument ended;
  for (const auto kind :
       {journal::v1::DEADLINE_KIND_CHECK, journal::v1::DEADLINE_KIND_NEXT_PROVIDER}) {
    ended.add_deadlines()->set_kind(kind);
  }
  journal::v1::Entry entry;
  entry.mutable_referral_changed()->set_referral("r2");
  FoldReplaced(entry, &ended);
  EXPECT_EQ(ended.replaced_by(), "r2");
  ASSERT_EQ(ended.deadlines_size(), 1);
  EXPECT_EQ(ended.deadlines(0).kind(), journal::v1::DEADLINE_KIND_CHECK);
}

TEST_P(RoutingTest, ARetryMayAskTheSameAgain) {
  // Nothing was wrong with the provider.
  const ReferralDocument declined = SendTo(AddPerson(1), "first");
  TakeAll();
  Answered(declined, ANSWER_ACTION_DECLINE, "NOT_ELIGIBLE");
  AQ_ASSERT_OK_AND_ASSIGN(const ReferralDocument retry,
                          Create(declined.draft().case_id(), kPolicy, "", "", declined.referral()));
  EXPECT_EQ(retry.draft().provider(), "first");
  EXPECT_EQ(retry.draft().route().code(), "NEAREST");
  // Nobody else would do.
  const ReferralDocument second = SendTo(AddPerson(2), "second");
  const ReferralDocument full = SendTo(AddPerson(3), "first");
  TakeAll();
  Answered(full, ANSWER_ACTION_DECLINE, "NO_CAPACITY");
  EXPECT_EQ(NextOf(full).referral(), "");
  AQ_ASSERT_OK_AND_ASSIGN(const ReferralDocument again,
                          Create(full.draft().case_id(), kPolicy, "", "", full.referral()));
  EXPECT_EQ(again.draft().provider(), "first");
  EXPECT_EQ(again.draft().route().code(), "ASKED_AGAIN");
}

TEST_P(RoutingTest, WhoIsNotEntitledAnyMoreIsNotSentOn) {
  const ReferralDocument sent = SendTo(AddPerson(), "first");
  TakeAll();
  policies_.result = journal::v1::ENTITLEMENT_RESULT_NOT_ELIGIBLE;
  Answered(sent, ANSWER_ACTION_DECLINE, "NO_CAPACITY");
  EXPECT_EQ(NextOf(sent).referral(), "");
  EXPECT_EQ(Get(sent).no_route().code(), "NOT_ELIGIBLE");
  EXPECT_THAT(OpenKinds(sent), ElementsAre("NO_PROVIDER"));
}

TEST_P(RoutingTest, PlacesAreHeldFromSendingToTheEnd) {
  EXPECT_EQ(Held("second"), 0);
  AQ_ASSERT_OK_AND_ASSIGN(const ReferralDocument draft, Create(AddPerson(1), kPolicy, "second"));
  EXPECT_EQ(Held("second"), 0);
  AQ_ASSERT_OK_AND_ASSIGN(const ReferralDocument sent,
                          engine_->SendReferral(User(), Sending(draft), ""));
  EXPECT_EQ(Held("second"), 1);
  const ReferralDocument other = SendTo(AddPerson(2), "first");
  TakeAll();
  Answered(other, ANSWER_ACTION_DECLINE, "NO_CAPACITY");
  EXPECT_EQ(NextOf(other).referral(), "");
  EXPECT_THAT(Passed(Get(other).no_route()),
              ElementsAre("first TRIED", "second NO_PLACE", "away OTHER_AREA"));
  ExpectVerified();
  Restart();
  EXPECT_EQ(Held("second"), 1);
  Answered(sent, ANSWER_ACTION_DECLINE, "NOT_ELIGIBLE");
  EXPECT_EQ(Held("second"), 0);
  const ReferralDocument again = SendTo(AddPerson(3), "first");
  TakeAll();
  Answered(again, ANSWER_ACTION_DECLINE, "NO_CAPACITY");
  EXPECT_EQ(NextOf(again).draft().provider(), "second");
  ExpectVerified();
}

TEST_P(RoutingTest, PostsAreHeldToo) {
  AQ_ASSERT_OK_AND_ASSIGN(const ReferralDocument draft, Create(AddPerson(1), kJob));
  EXPECT_EQ(draft.draft().provider(), "works");
  EXPECT_EQ(draft.draft().post(), "cleaner");
  EXPECT_THAT(Passed(draft.draft().route()),
              ElementsAre("works/guard CONDITIONAL", "works/driver CONDITIONAL"));
  AQ_ASSERT_OK(engine_->SendReferral(User(), Sending(draft), "").status());
  EXPECT_EQ(TakeAll()[0].request().post(), "cleaner");
  const absl::Status full = Create(AddPerson(2), kJob).status();
  EXPECT_EQ(ReasonOf(full), reason::kNoProvider);
  EXPECT_THAT(std::string(full.message()), HasSubstr("works/cleaner=NO_PLACE"));
  const auto page = engine_->ListProviders("employment-assistance", "", 10);
  ASSERT_EQ(page->items.size(), 1U);
  EXPECT_THAT(page->items[0].held_posts, ElementsAre(0, 0, 1));
  EXPECT_THAT(page->items[0].conditional_posts, ElementsAre(true, true, false));
  ExpectVerified();
}

TEST_P(RoutingTest, TheLawIsShownToTheCaseworkerAndDecidesNothing) {
  const std::string person = AddPerson(9);
  // Was found to have used lately.
  Submit("changes", absl::StrCat("P9|张安|", IdNumber(9), "|2026-05-01|421202003010\n"));
  AQ_ASSERT_OK_AND_ASSIGN(const RouteView view, engine_->GetRoute(person, kJob, {}, ""));
  EXPECT_EQ(view.route.post, "cleaner");
  const auto code = [&](const RouteView& shown, const std::string& post) {
    for (const referral::RouteOption& option : shown.route.others) {
      if (option.post == post) return std::string(referral::TitleOf(option.code).name);
    }
    return std::string();
  };
  EXPECT_EQ(code(view, "guard"), "CONDITIONAL");
  EXPECT_EQ(code(view, "driver"), "LEGAL_LIMIT");
  // What is drafted is the same, and keeps nothing of it; a caseworker who decides is not refused.
  AQ_ASSERT_OK_AND_ASSIGN(const ReferralDocument draft, Create(person, kJob));
  AQ_ASSERT_OK_AND_ASSIGN(const ReferralDocument other, Create(AddPerson(2), kJob));
  EXPECT_EQ(draft.draft().route().SerializeAsString(), other.draft().route().SerializeAsString());
  AQ_ASSERT_OK_AND_ASSIGN(
      const RouteView named,
      engine_->GetRoute(person, kJob, RouteWish{.provider = "works", .post = "driver"}, ""));
  EXPECT_EQ(named.route.limits.size(), 1U);
  AQ_ASSERT_OK_AND_ASSIGN(const ReferralDocument decided, Create(person, kJob, "works", "driver"));
  AQ_EXPECT_OK(engine_->SendReferral(User(), Sending(decided), "").status());
}

TEST_P(RoutingTest, ARouteIsForThoseWhoMaySeeTheCase) {
  const std::string person = AddPerson();
  EXPECT_EQ(ReasonOf(engine_->GetRoute(person, kPolicy, {}, "43").status()), reason::kCaseNotFound);
  EXPECT_EQ(ReasonOf(engine_->GetRoute(person, "none", {}, "").status()), reason::kPolicyNotFound);
  EXPECT_EQ(ReasonOf(engine_->GetRoute(person, kPolicy, RouteWish{.agency = "none"}, "").status()),
            reason::kAgencyNotFound);
  EXPECT_EQ(
      ReasonOf(engine_->GetRoute(person, kPolicy, RouteWish{.provider = "works"}, "").status()),
      reason::kNoProvider);
  const ReferralDocument of_other = SendTo(AddPerson(2), "first");
  EXPECT_EQ(
      ReasonOf(engine_->GetRoute(person, kPolicy, RouteWish{.replaces = of_other.referral()}, "")
                   .status()),
      reason::kReferralNotFound);
}

INSTANTIATE_TEST_SUITE_P(Stores, RoutingTest, ::testing::Bool());

}  // namespace
}  // namespace anqiao::engine

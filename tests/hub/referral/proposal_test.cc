#include "hub/referral/proposal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "hub/model/civil_date.h"
#include "hub/model/working_calendar.h"

namespace anqiao::referral {
namespace {

using journal::v1::EntitlementAnswer;
using journal::v1::ReferralDocument;
using journal::v1::ReferralState;
using model::CivilDate;

constexpr int kParkDays = 60;
const CivilDate kToday = CivilDate::Of(2026, 9, 21);

// An answer that rests on a registration of "since" and on a count.
EntitlementAnswer Answer(int since_day = 5, const std::string& months = "6") {
  EntitlementAnswer answer;
  journal::v1::LeafAnswer* count = answer.add_leaves();
  count->set_id("long_enough");
  count->set_fact("unemployed_months");
  count->set_truth(journal::v1::TRUTH_TRUE);
  count->set_value(months);
  *count->mutable_fact_date() = CivilDate::Of(2026, 1, since_day).ToProto();
  journal::v1::LeafAnswer* day = answer.add_leaves();
  day->set_id("in_force");
  day->set_fact("as_of_date");
  day->set_truth(journal::v1::TRUTH_TRUE);
  day->set_value("2026-09-0" + months.substr(0, 1));
  return answer;
}

void AddMove(ReferralState state, const CivilDate& day, const std::string& reason,
             ReferralDocument* referral) {
  journal::v1::ReferralEvent* event = referral->add_history();
  event->set_state(state);
  event->set_reason(reason);
  event->mutable_time()->set_seconds(absl::ToUnixSeconds(model::BeginningOf(day)) + 3600);
}

ReferralDocument Ended(ReferralState state, journal::v1::FollowUp follows,
                       const std::string& name = "a") {
  ReferralDocument referral;
  referral.set_referral(name);
  referral.set_outward_version(1);
  referral.set_state(state);
  referral.set_follow_up(follows);
  *referral.mutable_draft()->mutable_entitlement() = Answer();
  AddMove(state, kToday, "", &referral);
  return referral;
}

ProposalVerdict Ask(const std::vector<ReferralDocument>& earlier,
                    const EntitlementAnswer& answer = Answer(5, "8"),
                    const CivilDate& today = kToday) {
  return MayPropose(
      earlier, [&] { return answer; }, today, kParkDays);
}

TEST(ProposalTest, TheFirstIsProposed) { EXPECT_TRUE(Ask({}).propose); }

TEST(ProposalTest, NothingWhileOneLives) {
  for (int state = journal::v1::REFERRAL_STATE_DRAFT; state <= journal::v1::REFERRAL_STATE_VOID;
       ++state) {
    const auto now = static_cast<ReferralState>(state);
    if (now == journal::v1::REFERRAL_STATE_DECLINED || now == journal::v1::REFERRAL_STATE_FAILED ||
        now == journal::v1::REFERRAL_STATE_CLOSED || now == journal::v1::REFERRAL_STATE_CANCELLED ||
        now == journal::v1::REFERRAL_STATE_EXPIRED || now == journal::v1::REFERRAL_STATE_REVOKED ||
        now == journal::v1::REFERRAL_STATE_VOID) {
      continue;
    }
    // Whatever became of a later one, and although a fact changed.
    const ProposalVerdict verdict =
        Ask({Ended(now, journal::v1::FOLLOW_UP_UNSPECIFIED),
             Ended(journal::v1::REFERRAL_STATE_DECLINED, journal::v1::FOLLOW_UP_NEXT_PROVIDER)},
            Answer(7));
    EXPECT_FALSE(verdict.propose) << state;
    EXPECT_TRUE(verdict.not_before.empty());
  }
}

TEST(ProposalTest, AParkedOneComesBackOnItsDay) {
  ReferralDocument parked =
      Ended(journal::v1::REFERRAL_STATE_DECLINED, journal::v1::FOLLOW_UP_PARK);
  *parked.mutable_parked_until_date() = CivilDate::Of(2026, 9, 22).ToProto();
  const ProposalVerdict before = Ask({parked}, Answer(7));
  EXPECT_FALSE(before.propose);
  EXPECT_EQ(before.not_before, CivilDate::Of(2026, 9, 22));
  EXPECT_TRUE(Ask({parked}, Answer(), CivilDate::Of(2026, 9, 22)).propose);
}

TEST(ProposalTest, TheRestWaitsForAFact) {
  for (const auto follows :
       {journal::v1::FOLLOW_UP_UNSPECIFIED, journal::v1::FOLLOW_UP_UNTIL_FACT_CHANGES,
        journal::v1::FOLLOW_UP_CORRECT, journal::v1::FOLLOW_UP_TALK}) {
    const ReferralDocument ended = Ended(journal::v1::REFERRAL_STATE_DECLINED, follows);
    EXPECT_FALSE(Ask({ended}).propose) << follows;
    EXPECT_TRUE(Ask({ended}, Answer(7)).propose) << follows;
  }
}

TEST(ProposalTest, NoCapacityTriesTheNext) {
  const auto next = journal::v1::FOLLOW_UP_NEXT_PROVIDER;
  const ReferralDocument a = Ended(journal::v1::REFERRAL_STATE_DECLINED, next, "a");
  const ReferralDocument b = Ended(journal::v1::REFERRAL_STATE_EXPIRED, next, "b");
  const ProposalVerdict verdict = Ask({a, b});
  EXPECT_TRUE(verdict.propose);
  EXPECT_EQ(verdict.replaces, "b");
  EXPECT_EQ(verdict.not_before, kToday.AddDays(kParkDays));
  // Whatever has changed: facts may come from the police, and a recipient may not hang on them.
  EXPECT_EQ(Ask({a, b}, Answer(7)).replaces, "b");
  // Later everybody may be asked again.
  const ProposalVerdict later = Ask({a, b}, Answer(), kToday.AddDays(kParkDays));
  EXPECT_TRUE(later.propose);
  EXPECT_EQ(later.replaces, "");
  // A draft that was given up asked nobody.
  ReferralDocument draft = b;
  draft.set_outward_version(0);
  EXPECT_FALSE(Ask({a, draft}).propose);
}

TEST(ProposalTest, ACancelledOneFollowsItsRequest) {
  ReferralDocument cancelled;
  cancelled.set_referral("a");
  cancelled.set_outward_version(2);
  cancelled.set_state(journal::v1::REFERRAL_STATE_CANCELLED);
  *cancelled.mutable_draft()->mutable_entitlement() = Answer();
  AddMove(journal::v1::REFERRAL_STATE_CANCEL_REQUESTED, CivilDate::Of(2026, 9, 1),
          "PERSON_NOT_READY", &cancelled);
  AddMove(journal::v1::REFERRAL_STATE_CANCELLED, CivilDate::Of(2026, 9, 4), "", &cancelled);
  const ProposalVerdict parked = Ask({cancelled}, Answer(7));
  EXPECT_FALSE(parked.propose);
  EXPECT_EQ(parked.not_before, CivilDate::Of(2026, 10, 31));
  cancelled.mutable_history(0)->set_reason("SENT_ELSEWHERE");
  EXPECT_EQ(Ask({cancelled}).replaces, "a");
  cancelled.mutable_history(0)->set_reason("CIRCUMSTANCES_CHANGED");
  EXPECT_FALSE(Ask({cancelled}).propose);
  EXPECT_TRUE(Ask({cancelled}, Answer(7)).propose);
}

TEST(ProposalTest, AnotherPolicysAnswerIsNoChange) {
  EntitlementAnswer other = Answer(7);
  other.set_policy("other");
  EXPECT_FALSE(FactsChanged(Answer(), other));
}

TEST(ProposalTest, AClosedOneFollowsItsOutcome) {
  ReferralDocument closed =
      Ended(journal::v1::REFERRAL_STATE_CLOSED, journal::v1::FOLLOW_UP_UNSPECIFIED);
  journal::v1::ReferralEvent* reported = closed.add_history();
  reported->set_state(journal::v1::REFERRAL_STATE_OUTCOME_REPORTED);
  reported->mutable_time()->set_seconds(1'788'000'000);  // 2026-08-29 in China
  closed.mutable_outcome()->set_reason("PERSON_DECLINED");
  const ProposalVerdict parked = Ask({closed}, Answer(7));
  EXPECT_FALSE(parked.propose);
  EXPECT_EQ(parked.not_before, CivilDate::Of(2026, 10, 28));
  closed.mutable_outcome()->set_reason("QUOTA_USED");
  EXPECT_EQ(Ask({closed}).replaces, "a");
  // Granted: not again before a fact changes.
  closed.mutable_outcome()->clear_reason();
  EXPECT_FALSE(Ask({closed}).propose);
  EXPECT_TRUE(Ask({closed}, Answer(7)).propose);
}

TEST(ProposalTest, TimeAloneChangesNoFact) {
  EXPECT_FALSE(FactsChanged(Answer(5, "6"), Answer(5, "9")));
  EXPECT_TRUE(FactsChanged(Answer(5), Answer(6)));
  EntitlementAnswer other = Answer();
  other.mutable_leaves(0)->set_truth(journal::v1::TRUTH_UNKNOWN);
  EXPECT_TRUE(FactsChanged(Answer(), other));
  other = Answer();
  other.mutable_leaves(0)->set_fact("certificate_annotations");
  EntitlementAnswer more = other;
  more.mutable_leaves(0)->set_value("EMPLOYER");
  EXPECT_TRUE(FactsChanged(other, more));
  other = Answer();
  other.mutable_leaves()->RemoveLast();
  EXPECT_TRUE(FactsChanged(Answer(), other));
}

}  // namespace
}  // namespace anqiao::referral

#include "hub/referral/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "hub/base/errors.h"
#include "hub/referral/reasons.h"
#include "hub/referral/transitions.h"
#include "tests/testing/document_table.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::referral {
namespace {

using journal::v1::ReferralState;
using testing::DocumentRow;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOkAndHolds;
using testing::ReadDocumentTable;
using testing::StatusIs;

constexpr char kReferrals[] = ANQIAO_DOCUMENTS "/referrals.md";
constexpr char kCodes[] = ANQIAO_DOCUMENTS "/codes.md";
constexpr int kActionCount = static_cast<int>(Action::kRecordCheck) + 1;
constexpr Actor kActors[] = {Actor::kCaseworker, Actor::kSupervisor, Actor::kRecipient,
                             Actor::kHub,        Actor::kOperator,   Actor::kAuditor};

std::string ActorName(Actor actor) {
  switch (actor) {
    case Actor::kCaseworker:
      return "caseworker";
    case Actor::kSupervisor:
      return "supervisor";
    case Actor::kRecipient:
      return "recipient";
    case Actor::kHub:
      return "hub";
    case Actor::kOperator:
      return "operator";
    case Actor::kAuditor:
      return "auditor";
  }
  return "";
}

std::vector<ReferralState> AllStates() {
  std::vector<ReferralState> states;
  const auto* values = journal::v1::ReferralState_descriptor();
  for (int i = 0; i < values->value_count(); ++i) {
    states.push_back(static_cast<ReferralState>(values->value(i)->number()));
  }
  return states;
}

std::vector<Action> AllActions() {
  std::vector<Action> actions;
  for (int i = 0; i < kActionCount; ++i) actions.push_back(static_cast<Action>(i));
  return actions;
}

// A reason that "action" takes; empty if it takes none.
std::string ReasonFor(Action action) {
  for (const ReasonCode& code : ReasonCodes()) {
    if (code.action == action) return std::string(code.code);
  }
  return "";
}

bool ReasonIsNeeded(Action action) {
  static const std::set<std::string> needing = {"DECLINE",
                                                "REQUEST_INFORMATION",
                                                "REPORT_PROGRESS",
                                                "HOLD",
                                                "FAIL",
                                                "CANCEL",
                                                "VOID",
                                                "EXPIRE",
                                                "REVOKE",
                                                "RECORD_CHECK"};
  return needing.contains(std::string(ActionName(action)));
}

// The document's table: state, action and actor to the state after it.
using Triple = std::tuple<std::string, std::string, std::string>;
std::map<Triple, std::string> DocumentedTable() {
  std::map<Triple, std::string> table;
  for (const DocumentRow& row : ReadDocumentTable(kReferrals, "action")) {
    for (absl::string_view actor : absl::StrSplit(row.at(1), ", ")) {
      for (absl::string_view from : absl::StrSplit(row.at(2), ", ")) {
        const std::string state = from == "-" ? "UNSPECIFIED" : std::string(from);
        const bool added =
            table.emplace(Triple(state, row.at(0), std::string(actor)), row.at(3)).second;
        EXPECT_TRUE(added) << state << " " << row.at(0) << " " << actor << " is documented twice";
      }
    }
  }
  return table;
}

TEST(MachineTest, EveryStateActionAndActorFollowsTheDocumentedTable) {
  const std::map<Triple, std::string> table = DocumentedTable();
  std::size_t moves = 0;
  for (const ReferralState state : AllStates()) {
    for (const Action action : AllActions()) {
      for (const Actor actor : kActors) {
        SCOPED_TRACE(
            absl::StrCat(StateName(state), " ", ActionName(action), " by ", ActorName(actor)));
        const auto expected = table.find(Triple(std::string(StateName(state)),
                                                std::string(ActionName(action)), ActorName(actor)));
        const absl::StatusOr<ReferralState> next = Next(state, action, actor, ReasonFor(action));
        const std::vector<Action> allowed = AllowedActions(state, actor);
        const bool listed = std::find(allowed.begin(), allowed.end(), action) != allowed.end();
        EXPECT_EQ(listed, expected != table.end());
        ASSERT_EQ(next.ok(), expected != table.end()) << next.status();
        if (next.ok()) {
          EXPECT_EQ(StateName(*next), expected->second);
          ++moves;
        }
      }
    }
  }
  EXPECT_EQ(moves, table.size()) << "the document names a state, action or actor that is none";
}

TEST(MachineTest, EveryRefusalIsOfTheStateOrOfTheActor) {
  std::map<std::pair<Action, Actor>, std::set<std::string>> allowed_states;
  for (const auto& [triple, to] : DocumentedTable()) {
    const auto& [state, action, actor] = triple;
    for (const Actor candidate : kActors) {
      if (ActorName(candidate) != actor) continue;
      allowed_states[{ParseAction(action).value(), candidate}].insert(state);
    }
  }
  for (const ReferralState state : AllStates()) {
    for (const Action action : AllActions()) {
      for (const Actor actor : kActors) {
        const absl::StatusOr<ReferralState> next = Next(state, action, actor, ReasonFor(action));
        if (next.ok()) continue;
        const std::set<std::string>& states = allowed_states[{action, actor}];
        const ErrorDetail detail = DetailOf(next.status()).value_or(ErrorDetail());
        if (states.empty()) {
          EXPECT_THAT(next, StatusIs(absl::StatusCode::kPermissionDenied));
          EXPECT_EQ(detail.reason, reason::kPermissionDenied);
          continue;
        }
        EXPECT_THAT(next, StatusIs(absl::StatusCode::kFailedPrecondition));
        EXPECT_EQ(detail.reason, reason::kStateNotAllowed);
        ASSERT_EQ(detail.metadata.size(), 2U);
        EXPECT_EQ(detail.metadata[0].second,
                  actor == Actor::kRecipient ? OutwardStateName(state) : StateName(state));
        const std::vector<std::string> named = absl::StrSplit(detail.metadata[1].second, ", ");
        EXPECT_EQ(std::set<std::string>(named.begin(), named.end()), states);
        EXPECT_EQ(detail.preconditions.size(), 1U);
      }
    }
  }
}

TEST(MachineTest, AnEndedReferralNeverOpensAgain) {
  const std::set<std::string> ends = {"DECLINED", "FAILED",  "CLOSED", "CANCELLED",
                                      "EXPIRED",  "REVOKED", "VOID"};
  for (const ReferralState state : AllStates()) {
    EXPECT_EQ(IsEnd(state), ends.contains(std::string(StateName(state)))) << StateName(state);
    if (!IsEnd(state)) continue;
    EXPECT_THAT(AllowedActions(state, Actor::kRecipient), IsEmpty());
    EXPECT_THAT(AllowedActions(state, Actor::kHub), IsEmpty());
    for (const Transition& row : Transitions()) {
      if (row.from != state) continue;
      EXPECT_TRUE(row.to == state || row.to == journal::v1::REFERRAL_STATE_VOID);
    }
  }
}

TEST(MachineTest, OperatorsAuditorsAndStrangersMoveNothing) {
  for (const std::string role : {"operator", "auditor", "", "grid_worker"}) {
    for (const ReferralState state : AllStates()) {
      EXPECT_THAT(AllowedActions(state, ActorOf(role)), IsEmpty()) << role;
    }
  }
  EXPECT_EQ(ActorOf("caseworker"), Actor::kCaseworker);
  EXPECT_EQ(ActorOf("supervisor"), Actor::kSupervisor);
}

TEST(MachineTest, NobodyUndoesARequestedCancellation) {
  const ReferralState state = journal::v1::REFERRAL_STATE_CANCEL_REQUESTED;
  EXPECT_THAT(AllowedActions(state, Actor::kCaseworker), IsEmpty());
  EXPECT_THAT(AllowedActions(state, Actor::kSupervisor), ElementsAre(Action::kVoid));
  // What would end it is recorded, and leaves the cancellation to decide.
  EXPECT_THAT(AllowedActions(state, Actor::kRecipient),
              ElementsAre(Action::kDecline, Action::kReportOutcome, Action::kFail,
                          Action::kConfirmCancellation));
  for (const Action action : {Action::kDecline, Action::kReportOutcome, Action::kFail}) {
    EXPECT_THAT(Next(state, action, Actor::kRecipient, ReasonFor(action)), IsOkAndHolds(state));
  }
  EXPECT_THAT(AllowedActions(state, Actor::kHub),
              ElementsAre(Action::kConfirmCancellation, Action::kRevoke));
}

TEST(MachineTest, OnlyTheHubExpiresAndOnlyWhatWaits) {
  std::set<std::string> from;
  for (const Transition& row : Transitions()) {
    if (row.to != journal::v1::REFERRAL_STATE_EXPIRED || row.from == row.to) continue;
    EXPECT_EQ(row.actors, kByHub);
    from.emplace(StateName(row.from));
  }
  EXPECT_EQ(from, (std::set<std::string>{"SENT", "INFO_NEEDED"}));
}

TEST(MachineTest, TheHubRevokesWhateverHasNotEnded) {
  for (const ReferralState state : AllStates()) {
    const bool live = state != journal::v1::REFERRAL_STATE_UNSPECIFIED && !IsEnd(state);
    EXPECT_EQ(Next(state, Action::kRevoke, Actor::kHub, "CONSENT_WITHDRAWN").ok(), live)
        << StateName(state);
  }
}

TEST(MachineTest, ARecipientIsNotToldHowTheHubsSideEndedIt) {
  for (const ReferralState state : AllStates()) {
    for (const Action action : AllActions()) {
      const absl::Status refused =
          Next(state, action, Actor::kRecipient, ReasonFor(action)).status();
      if (absl::IsPermissionDenied(refused)) continue;  // says only what was asked for
      const ErrorDetail detail = DetailOf(refused).value_or(ErrorDetail());
      std::string said(refused.message());
      for (const auto& [key, value] : detail.metadata) absl::StrAppend(&said, " ", value);
      for (const auto& [key, value] : detail.preconditions) absl::StrAppend(&said, " ", value);
      for (const char* hidden : {"VOID", "REVOKED", "CLOSED", "EXPIRED", "DRAFT"}) {
        if (state == journal::v1::REFERRAL_STATE_DRAFT) continue;  // they do not know it is there
        EXPECT_THAT(said, ::testing::Not(::testing::HasSubstr(hidden))) << StateName(state);
      }
    }
  }
}

TEST(MachineTest, AllowedActionsAreInTheOrderOfTheEnum) {
  EXPECT_THAT(AllowedActions(journal::v1::REFERRAL_STATE_SENT, Actor::kRecipient),
              ElementsAre(Action::kAccept, Action::kDecline, Action::kRequestInformation));
  EXPECT_THAT(AllowedActions(journal::v1::REFERRAL_STATE_DRAFT, Actor::kSupervisor),
              ElementsAre(Action::kSend, Action::kCancel, Action::kVoid, Action::kTakeNote));
}

// A move of "action" that the table has.
std::tuple<ReferralState, Actor> AMoveOf(Action action) {
  for (const ReferralState state : AllStates()) {
    for (const Actor actor : kActors) {
      const std::vector<Action> allowed = AllowedActions(state, actor);
      if (std::find(allowed.begin(), allowed.end(), action) != allowed.end()) {
        return {state, actor};
      }
    }
  }
  ADD_FAILURE() << ActionName(action) << " fits no state";
  return {journal::v1::REFERRAL_STATE_UNSPECIFIED, Actor::kHub};
}

TEST(MachineTest, ARefusalOrCancellationNeedsAReason) {
  for (const Action action : AllActions()) {
    SCOPED_TRACE(std::string(ActionName(action)));
    const auto [state, actor] = AMoveOf(action);
    const absl::StatusOr<ReferralState> next = Next(state, action, actor, "");
    EXPECT_EQ(next.ok(), !ReasonIsNeeded(action)) << next.status();
    EXPECT_EQ(NeedsReason(action), ReasonIsNeeded(action));
    if (next.ok()) continue;
    EXPECT_THAT(next, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(ReasonOf(next.status()), reason::kInvalidField);
    EXPECT_EQ(DetailOf(next.status())->fields.front().first, "reason");
  }
}

TEST(MachineTest, AReasonMustBeACodeOfItsAction) {
  for (const Action action : AllActions()) {
    const auto [state, actor] = AMoveOf(action);
    for (const ReasonCode& code : ReasonCodes()) {
      SCOPED_TRACE(absl::StrCat(ActionName(action), " ", code.code));
      const bool own =
          std::any_of(ReasonCodes().begin(), ReasonCodes().end(), [&](const ReasonCode& other) {
            return other.action == action && other.code == code.code;
          });
      const absl::StatusOr<ReferralState> next = Next(state, action, actor, code.code);
      EXPECT_EQ(next.ok(), own) << next.status();
      if (!own) {
        EXPECT_THAT(next, StatusIs(absl::StatusCode::kInvalidArgument));
      }
    }
    EXPECT_THAT(Next(state, action, actor, "because"),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(MachineTest, ActionNamesReadBack) {
  for (const Action action : AllActions()) {
    EXPECT_THAT(ParseAction(ActionName(action)), IsOkAndHolds(action));
  }
  EXPECT_EQ(ActionName(Action::kReportOutcome), "REPORT_OUTCOME");
  for (const char* wrong : {"", "send", "EXPIRES", "SEND "}) {
    EXPECT_THAT(ParseAction(wrong), StatusIs(absl::StatusCode::kInvalidArgument)) << wrong;
  }
}

TEST(MachineTest, EveryAnswerOfARecipientIsAnAction) {
  const auto* values = exchange::v1::AnswerAction_descriptor();
  for (int i = 0; i < values->value_count(); ++i) {
    const std::string name = values->value(i)->name().substr(std::string("ANSWER_ACTION_").size());
    if (name == "UNSPECIFIED") continue;
    EXPECT_THAT(ParseAction(name), testing::IsOk()) << name;
  }
}

TEST(CodesTest, TheDocumentListsExactlyTheReasonCodes) {
  std::vector<DocumentRow> expected;
  for (const ReasonCode& code : ReasonCodes()) {
    expected.push_back({std::string(code.code), std::string(ActionName(code.action)),
                        std::string(code.whose), std::string(FollowUpName(code.follows)),
                        std::string(code.title_zh), std::string(code.title_en)});
  }
  EXPECT_THAT(ReadDocumentTable(kCodes, "reason"), ::testing::ElementsAreArray(expected));
}

TEST(CodesTest, ReasonCodesAreUniqueAndSayWhoseTheyAre) {
  std::set<std::pair<Action, std::string>> seen;
  for (const ReasonCode& code : ReasonCodes()) {
    EXPECT_TRUE(seen.emplace(code.action, code.code).second) << code.code;
    EXPECT_TRUE(code.whose == "person" || code.whose == "recipient" || code.whose == "requester" ||
                code.whose == "hub")
        << code.whose;
    EXPECT_FALSE(code.title_zh.empty() || code.title_en.empty()) << code.code;
    EXPECT_TRUE(!code.refusal || code.whose == "person") << code.code;
    // What a record of fixed width has room for.
    EXPECT_LE(code.code.size(), 32U) << code.code;
  }
}

TEST(CodesTest, TheDocumentListsExactlyTheOutcomes) {
  const auto* values = exchange::v1::OutcomeCode_descriptor();
  std::vector<std::string> expected;
  for (int i = 0; i < values->value_count(); ++i) {
    if (values->value(i)->number() == 0) continue;
    expected.push_back(values->value(i)->name().substr(std::string("OUTCOME_CODE_").size()));
  }
  std::vector<std::string> found;
  for (const DocumentRow& row : ReadDocumentTable(kCodes, "outcome")) found.push_back(row.front());
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace anqiao::referral

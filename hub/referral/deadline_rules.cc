#include "hub/referral/deadline_rules.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hub/base/status_macros.h"
#include "hub/model/yaml_reader.h"
#include "hub/referral/machine.h"

namespace anqiao::referral {
namespace {

using namespace journal::v1;  // NOLINT(google-build-using-namespace): the names of its enums.
using model::YamlNode;

constexpr std::size_t kRulesMax = 32;
constexpr std::size_t kListMax = 32;
constexpr int kDeadlineDaysMax = 366;

absl::StatusOr<int> Days(const YamlNode& node, int least) {
  AQ_ASSIGN_OR_RETURN(const std::int64_t number, node.Number());
  if (number < least || number > kDeadlineDaysMax) {
    return node.Wrong(absl::StrCat("must be from ", least, " to ", kDeadlineDaysMax));
  }
  return static_cast<int>(number);
}

// What may happen in a state when nothing else does.
bool Fits(ReferralState state, DeadlineKind then) {
  switch (then) {
    case DEADLINE_KIND_WARN:
    case DEADLINE_KIND_ESCALATE:
      return state != REFERRAL_STATE_UNSPECIFIED && !IsEnd(state);
    case DEADLINE_KIND_EXPIRE:
      return Next(state, Action::kExpire, Actor::kHub, "NO_ANSWER").ok();
    case DEADLINE_KIND_CANCEL:
      return Next(state, Action::kConfirmCancellation, Actor::kHub, "").ok();
    case DEADLINE_KIND_RESUME:
      return Next(state, Action::kResume, Actor::kHub, "").ok();
    default:
      return false;
  }
}

absl::StatusOr<DeadlineRule> ReadRule(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys,
                      node.Keys({"state", "then"}, {"counts_from", "days", "working_days"}));
  DeadlineRule rule;
  AQ_ASSIGN_OR_RETURN(const std::string state, keys.at("state").Text());
  if (!ReferralState_Parse(absl::StrCat("REFERRAL_STATE_", state), &rule.state)) {
    return keys.at("state").Wrong("is no state");
  }
  AQ_ASSIGN_OR_RETURN(const std::string then, keys.at("then").Text());
  if (!DeadlineKind_Parse(absl::StrCat("DEADLINE_KIND_", then), &rule.then) ||
      !Fits(rule.state, rule.then)) {
    return keys.at("then").Wrong(absl::StrCat("does not fit the state ", state));
  }
  if (const auto it = keys.find("counts_from"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(const std::string from, it->second.Text());
    if (from == "DELIVERY" && rule.state == REFERRAL_STATE_SENT) {
      rule.from = DeadlineRule::From::kDelivery;
    } else if (from == "RESUME_DATE" && rule.state == REFERRAL_STATE_ON_HOLD) {
      rule.from = DeadlineRule::From::kResumeDate;
    } else {
      return it->second.Wrong("must be DELIVERY, of SENT, or RESUME_DATE, of ON_HOLD");
    }
  }
  const auto days = keys.find("days");
  const auto working = keys.find("working_days");
  if ((days == keys.end()) == (working == keys.end())) {
    return node.Wrong("expected either days or working_days");
  }
  rule.in_working_days = working != keys.end();
  const int least = rule.from == DeadlineRule::From::kResumeDate ? 0 : 1;
  if (rule.in_working_days) {
    AQ_ASSIGN_OR_RETURN(rule.working_days, Days(working->second, least));
  } else {
    AQ_ASSIGN_OR_RETURN(rule.days, Days(days->second, least));
  }
  return rule;
}

absl::StatusOr<std::set<std::string>> TextSet(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> items, node.Items(kListMax));
  std::set<std::string> texts;
  for (const YamlNode& item : items) {
    AQ_ASSIGN_OR_RETURN(std::string text, item.Text());
    if (!texts.insert(std::move(text)).second) return item.Wrong("came before");
  }
  return texts;
}

absl::Status ReadChecks(const YamlNode& node, DeadlineRules* rules) {
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys, node.Keys({"outcomes", "days"}, {}));
  AQ_ASSIGN_OR_RETURN(rules->checked_outcomes, TextSet(keys.at("outcomes")));
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> days, keys.at("days").Items(kListMax));
  for (const YamlNode& item : days) {
    AQ_ASSIGN_OR_RETURN(const int number, Days(item, 1));
    if (!rules->check_days.empty() && number <= rules->check_days.back()) {
      return item.Wrong("must be more than the one before");
    }
    rules->check_days.push_back(number);
  }
  return absl::OkStatus();
}

absl::Status ReadRefusals(const YamlNode& node, RefusalRules* refusals) {
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys, node.Keys({"source", "services", "consequence_at"}, {}));
  AQ_RETURN_IF_ERROR(keys.at("source").Text().status());
  AQ_ASSIGN_OR_RETURN(refusals->services, TextSet(keys.at("services")));
  AQ_ASSIGN_OR_RETURN(refusals->consequence_at, Days(keys.at("consequence_at"), 2));
  return absl::OkStatus();
}

// A policy's own number for a rule; nullopt if it has none.
std::optional<int> OwnNumber(const policy::Deadlines& own, const DeadlineRule& rule) {
  switch (rule.state) {
    case REFERRAL_STATE_DRAFT:
      return own.draft_days;
    case REFERRAL_STATE_SENT:
      return rule.then == DEADLINE_KIND_EXPIRE ? own.expire_working_days : own.answer_working_days;
    case REFERRAL_STATE_INFO_NEEDED:
      return own.info_working_days;
    case REFERRAL_STATE_ACCEPTED:
      return own.start_working_days;
    case REFERRAL_STATE_IN_PROGRESS:
      return own.update_days;
    case REFERRAL_STATE_OUTCOME_REPORTED:
      return own.review_working_days;
    case REFERRAL_STATE_CANCEL_REQUESTED:
      return own.cancel_working_days;
    default:
      return std::nullopt;
  }
}

bool OwnIsInWorkingDays(ReferralState state) {
  return state != REFERRAL_STATE_DRAFT && state != REFERRAL_STATE_IN_PROGRESS;
}

}  // namespace

absl::StatusOr<DeadlineRules> ParseDeadlineRules(const std::string& file,
                                                 const std::string& content) {
  AQ_ASSIGN_OR_RETURN(const YamlNode node, YamlNode::Parse(file, content));
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys,
                      node.Keys({"table", "source", "from", "deadlines", "park_days",
                                 "absence_working_days", "checks", "refusals"},
                                {"unverified"}));
  AQ_ASSIGN_OR_RETURN(const std::string table, keys.at("table").Text());
  if (table != "referral_deadlines") return keys.at("table").Wrong("must be referral_deadlines");
  AQ_RETURN_IF_ERROR(keys.at("source").Text().status());
  AQ_RETURN_IF_ERROR(keys.at("from").Day().status());
  if (const auto it = keys.find("unverified"); it != keys.end()) {
    AQ_RETURN_IF_ERROR(it->second.Flag().status());
  }
  DeadlineRules rules;
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> items, keys.at("deadlines").Items(kRulesMax));
  std::set<std::pair<int, int>> seen;
  for (const YamlNode& item : items) {
    AQ_ASSIGN_OR_RETURN(const DeadlineRule rule, ReadRule(item));
    if (!seen.emplace(rule.state, rule.then).second) return item.Wrong("the same came before");
    rules.rules.push_back(rule);
  }
  AQ_ASSIGN_OR_RETURN(rules.park_days, Days(keys.at("park_days"), 1));
  AQ_ASSIGN_OR_RETURN(rules.absence_working_days, Days(keys.at("absence_working_days"), 1));
  AQ_RETURN_IF_ERROR(ReadChecks(keys.at("checks"), &rules));
  AQ_RETURN_IF_ERROR(ReadRefusals(keys.at("refusals"), &rules.refusals));
  return rules;
}

std::vector<DeadlineRule> RulesOf(const DeadlineRules& rules, const policy::Deadlines& own,
                                  ReferralState state) {
  std::vector<DeadlineRule> found;
  for (DeadlineRule rule : rules.rules) {
    if (rule.state != state) continue;
    if (const std::optional<int> number = OwnNumber(own, rule); number.has_value()) {
      rule.in_working_days = OwnIsInWorkingDays(state);
      (rule.in_working_days ? rule.working_days : rule.days) = *number;
    }
    found.push_back(rule);
  }
  return found;
}

absl::string_view DeadlineName(DeadlineKind kind) {
  return absl::StripPrefix(DeadlineKind_Name(kind), "DEADLINE_KIND_");
}

}  // namespace anqiao::referral

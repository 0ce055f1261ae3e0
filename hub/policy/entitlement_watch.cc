#include "hub/policy/entitlement_watch.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

constexpr std::size_t kGroupsMax = 8;
constexpr std::size_t kProposedMax = 256;
constexpr int kRemindDaysMax = 366;

absl::StatusOr<int> Days(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(const std::int64_t days, node.Number());
  if (days < 1 || days > kRemindDaysMax) {
    return node.Wrong(absl::StrCat("must be from 1 to ", kRemindDaysMax));
  }
  return static_cast<int>(days);
}

absl::Status ReadGroups(const YamlNode& node, WatchRules& rules) {
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> groups, node.Items(kGroupsMax));
  for (const YamlNode& group : groups) {
    AQ_ASSIGN_OR_RETURN(const std::string name, group.Text());
    bool* const watched = name == "REGISTERED" ? &rules.registered
                          : name == "HARDSHIP" ? &rules.hardship
                                               : nullptr;
    if (watched == nullptr) return group.Wrong("must be REGISTERED or HARDSHIP");
    if (*watched) return group.Wrong(absl::StrCat(name, " came before"));
    *watched = true;
  }
  return absl::OkStatus();
}

absl::Status ReadProposed(const YamlNode& node, int remind_days, const PolicyMap& policies,
                          WatchRules& rules) {
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> items, node.Items(kProposedMax));
  for (const YamlNode& item : items) {
    AQ_ASSIGN_OR_RETURN(const YamlNode::Map keys, item.Keys({"policy"}, {"remind_days"}));
    AQ_ASSIGN_OR_RETURN(const std::string policy, keys.at("policy").Text());
    if (!policies.contains(policy)) return keys.at("policy").Wrong("there is no such policy");
    int days = remind_days;
    if (const auto it = keys.find("remind_days"); it != keys.end()) {
      AQ_ASSIGN_OR_RETURN(days, Days(it->second));
    }
    if (!rules.remind_days.emplace(policy, days).second) {
      return keys.at("policy").Wrong(absl::StrCat("policy ", policy, " came before"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<WatchRules> ReadRow(const YamlNode& node, const PolicyMap& policies) {
  AQ_ASSIGN_OR_RETURN(
      const YamlNode::Map keys,
      node.Keys({"from", "source", "watched", "remind_days", "propose"}, {"to", "unverified"}));
  WatchRules rules;
  AQ_RETURN_IF_ERROR(ReadTime(node, keys, rules.from, rules.to));
  AQ_ASSIGN_OR_RETURN(rules.source, keys.at("source").Text());
  if (const auto it = keys.find("unverified"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(rules.unverified, it->second.Flag());
  }
  AQ_RETURN_IF_ERROR(ReadGroups(keys.at("watched"), rules));
  AQ_ASSIGN_OR_RETURN(const int days, Days(keys.at("remind_days")));
  AQ_RETURN_IF_ERROR(ReadProposed(keys.at("propose"), days, policies, rules));
  return rules;
}

}  // namespace

bool WatchRules::Watches(const model::Case& person) const {
  const bool known_beyond_police =
      person.known_to_civil_affairs || person.known_to_employment || person.known_to_tax;
  return known_beyond_police && !person.deceased &&
         ((registered && person.registered) || (hardship && !person.household_reliefs.empty()));
}

absl::StatusOr<EntitlementWatchTable> EntitlementWatchTable::Read(const YamlNode& file,
                                                                  const PolicyMap& policies) {
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map keys, file.Keys({"table", "rows"}, {}));
  AQ_ASSIGN_OR_RETURN(const std::string name, keys.at("table").Text());
  if (name != "entitlement-watch") return keys.at("table").Wrong("must be entitlement-watch");
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> rows, keys.at("rows").Items(kRowsMax));
  EntitlementWatchTable table;
  for (const YamlNode& node : rows) {
    AQ_ASSIGN_OR_RETURN(WatchRules rules, ReadRow(node, policies));
    if (!table.rows_.empty()) {
      const model::CivilDate& last = table.rows_.back().to;
      if (last.empty() || last.AddDays(1) != rules.from) {
        return node.Wrong("must begin the day after the row before ends");
      }
    }
    table.rows_.push_back(std::move(rules));
  }
  return table;
}

const WatchRules* EntitlementWatchTable::On(const model::CivilDate& day) const {
  for (const WatchRules& rules : rows_) {
    if (rules.from <= day && (rules.to.empty() || day <= rules.to)) return &rules;
  }
  return nullptr;
}

}  // namespace anqiao::policy

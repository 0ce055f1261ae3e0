#include "hub/policy/deadlines.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hub/base/status_macros.h"
#include "hub/model/yaml_reader.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

constexpr std::int64_t kDaysMax = 366;

// Every key of the block and what it fills.
constexpr std::pair<absl::string_view, std::optional<int> Deadlines::*> kKeys[] = {
    {"draft_days", &Deadlines::draft_days},
    {"answer_working_days", &Deadlines::answer_working_days},
    {"expire_working_days", &Deadlines::expire_working_days},
    {"info_working_days", &Deadlines::info_working_days},
    {"start_working_days", &Deadlines::start_working_days},
    {"update_days", &Deadlines::update_days},
    {"review_working_days", &Deadlines::review_working_days},
    {"cancel_working_days", &Deadlines::cancel_working_days}};

}  // namespace

absl::StatusOr<Deadlines> ReadDeadlines(const YamlNode& node) {
  std::vector<absl::string_view> names;
  for (const auto& [name, member] : kKeys) names.push_back(name);
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map keys, node.Keys({}, names));
  if (keys.empty()) return node.Wrong("expected at least one deadline");
  Deadlines deadlines;
  for (const auto& [name, member] : kKeys) {
    const auto it = keys.find(std::string(name));
    if (it == keys.end()) continue;
    AQ_ASSIGN_OR_RETURN(const std::int64_t days, it->second.Number());
    if (days < 1 || days > kDaysMax) {
      return it->second.Wrong(absl::StrCat("must be from 1 to ", kDaysMax));
    }
    deadlines.*member = static_cast<int>(days);
  }
  if (deadlines.answer_working_days.has_value() != deadlines.expire_working_days.has_value()) {
    return node.Wrong("answer_working_days and expire_working_days go together");
  }
  if (deadlines.answer_working_days.has_value() &&
      *deadlines.expire_working_days <= *deadlines.answer_working_days) {
    return keys.at("expire_working_days").Wrong("must be more than answer_working_days");
  }
  return deadlines;
}

std::string DeadlinesText(const Deadlines& deadlines) {
  std::string text;
  for (const auto& [name, member] : kKeys) {
    const std::optional<int>& days = deadlines.*member;
    if (!days.has_value()) continue;
    absl::StrAppend(&text, text.empty() ? "" : ", ", name, " ", *days);
  }
  return text;
}

}  // namespace anqiao::policy

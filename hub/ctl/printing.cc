#include "hub/ctl/printing.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/table.h"

namespace anqiao::ctl {

absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message, bool pretty) {
  std::string text;
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = pretty;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!status.ok()) {
    return absl::InternalError(absl::StrCat("cannot write ", message.GetTypeName(), " as JSON"));
  }
  return text;
}

absl::Status PrintJson(std::ostream& out, const google::protobuf::Message& message) {
  AQ_ASSIGN_OR_RETURN(const std::string text, ToJson(message, true));
  out << text;
  return absl::OkStatus();
}

std::string DateText(const type::v1::CivilDate& date) {
  if (date.year() == 0) return "-";
  if (date.month() == 0) return absl::StrFormat("%04d", date.year());
  if (date.day() == 0) return absl::StrFormat("%04d-%02d", date.year(), date.month());
  return absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(), date.day());
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "-";
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(time.seconds()),
                          absl::UTCTimeZone());
}

std::string YuanText(std::int64_t fen) {
  if (fen == 0) return "-";
  const std::int64_t size = fen < 0 ? -fen : fen;
  return absl::StrFormat("%s%d.%02d", fen < 0 ? "-" : "", size / 100, size % 100);
}

std::string PhaseText(hub::v1::Phase phase) {
  static constexpr const char* kTitles[] = {
      "不在册",           "登记(未成瘾)",        "自愿戒毒",         "责令社区戒毒·待报到",
      "社区戒毒执行中",   "社区戒毒拒绝",        "社区戒毒期满解除", "强制隔离戒毒",
      "解除强制隔离戒毒", "责令社区康复·待报到", "社区康复执行中",   "社区康复拒绝",
      "社区康复解除",     "戒断三年未复吸",      "社区戒毒终止"};
  static_assert(std::size(kTitles) == hub::v1::Phase_ARRAYSIZE);
  const std::string name = EnumText(phase);
  if (!hub::v1::Phase_IsValid(phase)) return name;
  return absl::StrCat(kTitles[phase], " ", name);
}

std::string YesNo(bool value) { return value ? "是 yes" : "否 no"; }

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

void PrintPairs(std::ostream& out, const std::vector<std::pair<std::string, std::string>>& pairs) {
  int width = 0;
  for (const auto& pair : pairs) width = std::max(width, DisplayWidth(pair.first));
  for (const auto& [name, value] : pairs) {
    out << name << std::string(static_cast<std::size_t>(width - DisplayWidth(name)), ' ') << "  "
        << Printable(value) << "\n";
  }
}

}  // namespace anqiao::ctl

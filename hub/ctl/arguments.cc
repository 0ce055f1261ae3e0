#include "hub/ctl/arguments.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "hub/base/digest.h"
#include "hub/ctl/failure.h"

namespace anqiao::ctl {
namespace {

bool AllDigits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

std::string PrefixOf(const google::protobuf::EnumDescriptor* type) {
  return std::string(absl::StripSuffix(type->value(0)->name(), "UNSPECIFIED"));
}

}  // namespace

absl::StatusOr<type::v1::CivilDate> ParseDate(absl::string_view option, absl::string_view text) {
  type::v1::CivilDate date;
  if (text.empty()) return date;
  const absl::Status wrong = UsageError(absl::StrCat(
      option, " must be a date such as 2026-03-15, 2026-03 or 2026, got '", text, "'"));
  const std::vector<std::string> parts = absl::StrSplit(text, '-');
  const std::size_t lengths[] = {4, 2, 2};
  int values[] = {0, 0, 0};
  if (parts.size() > 3) return wrong;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].size() != lengths[i] || !AllDigits(parts[i]) ||
        !absl::SimpleAtoi(parts[i], &values[i]) || values[i] < 1) {
      return wrong;
    }
  }
  const absl::CivilDay day(values[0], std::max(values[1], 1), std::max(values[2], 1));
  if (day.month() != std::max(values[1], 1) || day.day() != std::max(values[2], 1)) return wrong;
  date.set_year(values[0]);
  date.set_month(values[1]);
  date.set_day(values[2]);
  return date;
}

absl::StatusOr<absl::Time> ParseTime(absl::string_view option, absl::string_view text) {
  absl::Time time;
  std::string ignored;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &ignored) &&
      time != absl::InfiniteFuture() && time != absl::InfinitePast()) {
    return time;
  }
  return UsageError(absl::StrCat(
      option, " must be an RFC 3339 time such as 2026-03-15T08:00:00+08:00, got '", text, "'"));
}

absl::StatusOr<std::int64_t> ParseYuan(absl::string_view option, absl::string_view text) {
  constexpr std::int64_t kYuanMax = 1'000'000'000'000;
  const std::vector<std::string> parts = absl::StrSplit(text, '.');
  std::int64_t yuan = 0;
  std::int64_t fen = 0;
  bool good = parts.size() <= 2 && AllDigits(parts[0]) && absl::SimpleAtoi(parts[0], &yuan) &&
              yuan <= kYuanMax;
  if (good && parts.size() == 2) {
    good = AllDigits(parts[1]) && parts[1].size() <= 2 && absl::SimpleAtoi(parts[1], &fen);
    if (parts[1].size() == 1) fen *= 10;
  }
  if (good) return yuan * 100 + fen;
  return UsageError(
      absl::StrCat(option, " must be an amount in yuan such as 1234.50, got '", text, "'"));
}

std::string ResourceName(absl::string_view collection, absl::string_view text) {
  if (text.empty() || absl::StartsWith(text, absl::StrCat(collection, "/"))) {
    return std::string(text);
  }
  return absl::StrCat(collection, "/", text);
}

absl::Status ParseDetails(absl::string_view option, const std::vector<std::string>& pairs,
                          google::protobuf::Map<std::string, std::string>& details) {
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageError(absl::StrCat(option, " must be key=value, got '", pair, "'"));
    }
    details[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> RequestIdOrNew(const std::string& request_id) {
  if (request_id.empty()) return RandomUuid();
  if (IsUuid(request_id)) return request_id;
  return UsageError(absl::StrCat("--request-id must be a UUID such as ",
                                 "123e4567-e89b-42d3-a456-426614174000, got '", request_id, "'"));
}

absl::StatusOr<int> ParseEnumNumber(const google::protobuf::EnumDescriptor* type,
                                    absl::string_view option, absl::string_view text) {
  const std::string prefix = PrefixOf(type);
  std::string wanted = absl::AsciiStrToUpper(text);
  std::replace(wanted.begin(), wanted.end(), '-', '_');
  std::vector<std::string> known;
  for (int i = 1; i < type->value_count(); ++i) {
    const std::string& full = type->value(i)->name();
    const std::string name(absl::StripPrefix(full, prefix));
    if (wanted == name || wanted == full) return type->value(i)->number();
    known.push_back(name);
  }
  return UsageError(
      absl::StrCat(option, " must be one of ", absl::StrJoin(known, ", "), "; got '", text, "'"));
}

std::string EnumNumberText(const google::protobuf::EnumDescriptor* type, int number) {
  const google::protobuf::EnumValueDescriptor* value = type->FindValueByNumber(number);
  if (value == nullptr) return std::to_string(number);
  if (number == 0) return "-";
  return std::string(absl::StripPrefix(value->name(), PrefixOf(type)));
}

}  // namespace anqiao::ctl

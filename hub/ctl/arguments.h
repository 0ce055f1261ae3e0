// What people type on the command line, turned into what the API takes. Every error is a usage
// error that says what was expected.

#ifndef ANQIAO_HUB_CTL_ARGUMENTS_H_
#define ANQIAO_HUB_CTL_ARGUMENTS_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/generated_enum_reflection.h>
#include <google/protobuf/map.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "anqiao/type/v1/civil_date.pb.h"

namespace anqiao::ctl {

// "2026-03-15", "2026-03" or "2026"; empty is the date that is absent.
absl::StatusOr<type::v1::CivilDate> ParseDate(absl::string_view option, absl::string_view text);

// RFC 3339, such as 2026-03-15T08:00:00+08:00.
absl::StatusOr<absl::Time> ParseTime(absl::string_view option, absl::string_view text);

// Yuan with at most two decimals, as fen.
absl::StatusOr<std::int64_t> ParseYuan(absl::string_view option, absl::string_view text);

// "cases/01ab" from "01ab" or "cases/01ab"; empty stays empty.
std::string ResourceName(absl::string_view collection, absl::string_view text);

// Adds each "key=value".
absl::Status ParseDetails(absl::string_view option, const std::vector<std::string>& pairs,
                          google::protobuf::Map<std::string, std::string>& details);

// "request_id", or a new UUID if it is empty.
absl::StatusOr<std::string> RequestIdOrNew(const std::string& request_id);

// Number of the value whose name is "text", with or without the enum's prefix, in any case.
absl::StatusOr<int> ParseEnumNumber(const google::protobuf::EnumDescriptor* type,
                                    absl::string_view option, absl::string_view text);

template <typename E>
absl::StatusOr<E> ParseEnum(absl::string_view option, absl::string_view text) {
  const auto number = ParseEnumNumber(google::protobuf::GetEnumDescriptor<E>(), option, text);
  if (!number.ok()) return number.status();
  return static_cast<E>(*number);
}

// Name of the value without the enum's prefix; "-" for zero.
std::string EnumNumberText(const google::protobuf::EnumDescriptor* type, int number);

template <typename E>
std::string EnumText(E value) {
  return EnumNumberText(google::protobuf::GetEnumDescriptor<E>(), static_cast<int>(value));
}

}  // namespace anqiao::ctl

#endif  // ANQIAO_HUB_CTL_ARGUMENTS_H_

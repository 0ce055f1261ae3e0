#include "hub/rpc/resource_names.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"

namespace anqiao::rpc {
namespace {

constexpr std::size_t kIdBytesMax = 64;
constexpr std::size_t kNamePartBytesMax = 63;
constexpr int kDetailsMax = 16;
constexpr std::size_t kDetailBytesMax = 256;

bool IsIdCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '~' ||
         c == '-';
}

}  // namespace

std::string ResourceName(absl::string_view collection, absl::string_view id) {
  return id.empty() ? std::string() : absl::StrCat(collection, "/", id);
}

absl::StatusOr<std::string> ParseResourceName(absl::string_view field, absl::string_view collection,
                                              absl::string_view name) {
  absl::string_view id = name;
  if (!absl::ConsumePrefix(&id, absl::StrCat(collection, "/")) || id.empty() ||
      id.size() > kIdBytesMax || !std::all_of(id.begin(), id.end(), IsIdCharacter)) {
    return InvalidField(
        field, absl::StrCat("must have the form \"", collection, "/{id}\", with 1 to ", kIdBytesMax,
                            " letters, digits or . _ ~ - for the id"));
  }
  return std::string(id);
}

absl::StatusOr<std::string> ParseOptionalResourceName(absl::string_view field,
                                                      absl::string_view collection,
                                                      absl::string_view name) {
  if (name.empty()) return std::string();
  return ParseResourceName(field, collection, name);
}

absl::Status CheckRequestId(absl::string_view request_id) {
  if (!IsUuid(request_id)) {
    return InvalidField("request_id", "must be a UUID of 36 characters");
  }
  return absl::OkStatus();
}

absl::Status CheckRequired(absl::string_view field, absl::string_view value, int bytes_max) {
  if (value.empty()) return InvalidField(field, "is required");
  if (value.size() > static_cast<std::size_t>(bytes_max)) {
    return InvalidField(field,
                        absl::StrCat("must be at most ", bytes_max, " bytes, got ", value.size()));
  }
  return absl::OkStatus();
}

absl::Status CheckCode(absl::string_view field, absl::string_view value) {
  const bool valid =
      value.size() <= kNamePartBytesMax && std::all_of(value.begin(), value.end(), [](char c) {
        const auto u = static_cast<unsigned char>(c);
        return absl::ascii_isupper(u) || absl::ascii_isdigit(u) || c == '_';
      });
  if (!valid) {
    return InvalidField(field, absl::StrCat("must be an UPPER_SNAKE code of at most ",
                                            kNamePartBytesMax, " characters"));
  }
  return absl::OkStatus();
}

absl::Status CheckDetails(const google::protobuf::Map<std::string, std::string>& details) {
  if (static_cast<int>(details.size()) > kDetailsMax) {
    return InvalidField("details", absl::StrCat("must have at most ", kDetailsMax, " entries, got ",
                                                details.size()));
  }
  for (const auto& [key, value] : details) {
    const bool valid = !key.empty() && key.size() <= kNamePartBytesMax &&
                       std::all_of(key.begin(), key.end(), [](char c) {
                         const auto u = static_cast<unsigned char>(c);
                         return absl::ascii_islower(u) || absl::ascii_isdigit(u) || c == '_';
                       });
    if (!valid) {
      return InvalidField("details", "must have keys of 1 to 63 lower-case letters, digits or _");
    }
    if (value.size() > kDetailBytesMax) {
      return InvalidField(
          absl::StrCat("details[", key, "]"),
          absl::StrCat("must be at most ", kDetailBytesMax, " bytes, got ", value.size()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<model::CivilDate> ParseAsOfDate(const type::v1::CivilDate& date) {
  if (date.year() == 0 && date.month() == 0 && date.day() == 0) return model::CivilDate();
  const bool in_range = date.year() >= 1 && date.year() <= 9999 && date.month() >= 1 &&
                        date.month() <= 12 && date.day() >= 1 && date.day() <= 31;
  if (!in_range || !model::CivilDate::Parse(
                        absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(), date.day()))
                        .has_value()) {
    return InvalidField("as_of_date", "must be a day that exists, with year, month and day");
  }
  return model::CivilDate::FromProto(date);
}

}  // namespace anqiao::rpc

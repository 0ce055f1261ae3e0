#include "hub/base/errors.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace anqiao {
namespace {

constexpr char kPayloadUrl[] = "anqiao/error_detail";

// The payload is lines of "kind \x1f key \x1f value": private to this file, so simple beats
// compact.
constexpr char kUnit = '\x1f';
constexpr char kLine = '\x1e';

void AppendLine(std::string& out, absl::string_view kind, absl::string_view key,
                absl::string_view value) {
  absl::StrAppend(&out, kind, std::string(1, kUnit), key, std::string(1, kUnit), value,
                  std::string(1, kLine));
}

}  // namespace

Error::Error(absl::StatusCode code, absl::string_view reason, absl::string_view message)
    : code_(code), message_(message) {
  detail_.reason = std::string(reason);
}

Error& Error::Meta(absl::string_view key, absl::string_view value) {
  detail_.metadata.emplace_back(std::string(key), std::string(value));
  return *this;
}

Error& Error::Field(absl::string_view path, absl::string_view description) {
  detail_.fields.emplace_back(std::string(path), std::string(description));
  return *this;
}

Error& Error::Precondition(absl::string_view subject, absl::string_view description) {
  detail_.preconditions.emplace_back(std::string(subject), std::string(description));
  return *this;
}

Error::operator absl::Status() const {
  absl::Status status(code_, message_);
  std::string payload;
  AppendLine(payload, "r", detail_.reason, "");
  for (const auto& [key, value] : detail_.metadata) AppendLine(payload, "m", key, value);
  for (const auto& [key, value] : detail_.fields) AppendLine(payload, "f", key, value);
  for (const auto& [key, value] : detail_.preconditions) AppendLine(payload, "p", key, value);
  status.SetPayload(kPayloadUrl, absl::Cord(payload));
  return status;
}

absl::Status InvalidField(absl::string_view path, absl::string_view description) {
  return Error(absl::StatusCode::kInvalidArgument, reason::kInvalidField,
               absl::StrCat(path, " ", description))
      .Field(path, description);
}

std::optional<ErrorDetail> DetailOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadUrl);
  if (!payload.has_value()) return std::nullopt;
  const std::string text(*payload);
  ErrorDetail detail;
  for (absl::string_view line : absl::StrSplit(text, kLine, absl::SkipEmpty())) {
    const std::vector<std::string> parts = absl::StrSplit(line, kUnit);
    if (parts.size() != 3) continue;
    if (parts[0] == "r") {
      detail.reason = parts[1];
    } else if (parts[0] == "m") {
      detail.metadata.emplace_back(parts[1], parts[2]);
    } else if (parts[0] == "f") {
      detail.fields.emplace_back(parts[1], parts[2]);
    } else if (parts[0] == "p") {
      detail.preconditions.emplace_back(parts[1], parts[2]);
    }
  }
  return detail;
}

std::string ReasonOf(const absl::Status& status) {
  const std::optional<ErrorDetail> detail = DetailOf(status);
  return detail.has_value() ? detail->reason : reason::kInternal;
}

}  // namespace anqiao

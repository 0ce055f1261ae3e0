#include "hub/rpc/page_token.h"

#include <algorithm>
#include <cstddef>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"

namespace anqiao::rpc {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kCheckBytes = 16;
constexpr std::size_t kHeaderBytes = 1 + kCheckBytes;
constexpr std::size_t kTokenBytesMax = 1024;

std::string Check(absl::string_view scope, absl::string_view after) {
  return Sha256(absl::StrCat(scope, Sha256(after))).substr(0, kCheckBytes);
}

absl::Status Invalid(absl::string_view why) {
  return Error(absl::StatusCode::kInvalidArgument, reason::kPageTokenInvalid,
               absl::StrCat("page_token ", why))
      .Field("page_token", why);
}

}  // namespace

std::string PageScope(absl::string_view method, const google::protobuf::Message& request) {
  const std::unique_ptr<google::protobuf::Message> copy(request.New());
  copy->CopyFrom(request);
  for (const char* field : {"page_size", "page_token"}) {
    const google::protobuf::FieldDescriptor* descriptor =
        copy->GetDescriptor()->FindFieldByName(field);
    if (descriptor != nullptr) copy->GetReflection()->ClearField(copy.get(), descriptor);
  }
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    copy->SerializeToCodedStream(&coded);
  }
  return absl::StrCat(method, std::string(1, '\0'), bytes);
}

std::string EncodePageToken(absl::string_view scope, absl::string_view after) {
  if (after.empty()) return "";
  return absl::WebSafeBase64Escape(
      absl::StrCat(std::string(1, kVersion), Check(scope, after), after));
}

absl::StatusOr<std::string> DecodePageToken(absl::string_view scope, absl::string_view token) {
  if (token.empty()) return std::string();
  std::string bytes;
  if (token.size() > kTokenBytesMax || !absl::WebSafeBase64Unescape(token, &bytes) ||
      bytes.size() <= kHeaderBytes) {
    return Invalid("is not one that the hub gave out");
  }
  if (bytes[0] != kVersion) return Invalid("is of another version of the hub; start over");
  const std::string after = bytes.substr(kHeaderBytes);
  if (bytes.substr(1, kCheckBytes) != Check(scope, after)) {
    return Invalid("belongs to a call with other arguments");
  }
  return after;
}

absl::StatusOr<int> PageSize(int requested, int size_default) {
  if (requested < 0) {
    return InvalidField("page_size", absl::StrCat("must not be negative, got ", requested));
  }
  return requested == 0 ? size_default : std::min(requested, kPageSizeMax);
}

}  // namespace anqiao::rpc

#include "hub/ctl/audit_file.h"

#include <fcntl.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "hub/base/digest.h"
#include "hub/base/signing.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/failure.h"

namespace anqiao::ctl {
namespace {

using exchange::v1::SignedTreeHead;
using google::protobuf::Struct;
using google::protobuf::Value;

constexpr std::uintmax_t kAuditFileBytesMax = 64 << 20;
// Larger numbers do not survive JSON.
constexpr double kNumberMax = 9007199254740992.0;

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("not a file of heads and proofs: ", what));
}

absl::StatusOr<std::string> BytesOf(const Struct& object, const std::string& field) {
  const auto it = object.fields().find(field);
  if (it == object.fields().end() || it->second.kind_case() != Value::kStringValue) {
    return Malformed(absl::StrCat(field, " must be hexadecimal"));
  }
  const std::string& hex = it->second.string_value();
  const bool good = hex.size() % 2 == 0 && std::all_of(hex.begin(), hex.end(), [](char c) {
                      return absl::ascii_isxdigit(static_cast<unsigned char>(c));
                    });
  if (!good) return Malformed(absl::StrCat(field, " must be hexadecimal"));
  return absl::HexStringToBytes(hex);
}

absl::StatusOr<std::uint64_t> NumberOf(const Struct& object, const std::string& field) {
  const auto it = object.fields().find(field);
  const double number = it == object.fields().end() ? -1 : it->second.number_value();
  if (number < 0 || number > kNumberMax || std::floor(number) != number) {
    return Malformed(absl::StrCat(field, " must be a number"));
  }
  return static_cast<std::uint64_t>(number);
}

absl::StatusOr<SignedTreeHead> HeadOf(const Value& value, const std::string& public_key) {
  const Struct& object = value.struct_value();
  SignedTreeHead head;
  const auto log = object.fields().find("log");
  if (log == object.fields().end() || !IsLogName(log->second.string_value())) {
    return Malformed("log must be hub or agencies/{agency}");
  }
  head.set_log(log->second.string_value());
  AQ_ASSIGN_OR_RETURN(const std::uint64_t size, NumberOf(object, "size"));
  head.set_size(size);
  AQ_ASSIGN_OR_RETURN(*head.mutable_root_hash(), BytesOf(object, "root"));
  AQ_ASSIGN_OR_RETURN(const std::uint64_t micros, NumberOf(object, "time_micros"));
  head.mutable_sign_time()->set_seconds(static_cast<std::int64_t>(micros / 1'000'000));
  head.mutable_sign_time()->set_nanos(static_cast<std::int32_t>(micros % 1'000'000 * 1000));
  AQ_ASSIGN_OR_RETURN(*head.mutable_signature(), BytesOf(object, "signature"));
  head.set_key_id(KeyId(public_key));
  return head;
}

std::string HashesJson(const google::protobuf::RepeatedPtrField<std::string>& hashes) {
  return absl::StrCat("[",
                      absl::StrJoin(hashes, ", ",
                                    [](std::string* out, const std::string& hash) {
                                      absl::StrAppend(out, "\"", Hex(hash), "\"");
                                    }),
                      "]");
}

// Without the closing brace.
std::string InclusionJson(absl::string_view log, const exchange::v1::InclusionProof& proof) {
  return absl::StrCat(
      "{\"log\": \"", log, "\", \"index\": ", proof.index(), ", \"tree_size\": ", proof.tree_size(),
      ", \"leaf\": ", LeafJson(proof.leaf(), ""), ", \"hashes\": ", HashesJson(proof.hashes()));
}

std::string RecordJson(const exchange::v1::RecordProof& record) {
  return absl::StrCat(InclusionJson(record.head().log(), record.inclusion()), ", \"salt\": \"",
                      Hex(record.salt()), "\", \"content\": \"", Hex(record.content()), "\"}");
}

template <typename Items, typename ToText>
void AppendList(absl::string_view name, const Items& items, const ToText& to_text,
                std::string* out) {
  if (items.empty()) return;
  absl::StrAppend(out, ",\n \"", name, "\": [");
  const char* separator = "\n  ";
  for (const auto& item : items) {
    absl::StrAppend(out, separator, to_text(item));
    separator = ",\n  ";
  }
  absl::StrAppend(out, "]");
}

}  // namespace

bool IsLogName(absl::string_view log) {
  if (log == "hub") return true;
  if (!absl::ConsumePrefix(&log, "agencies/")) return false;
  return !log.empty() && log.size() <= 200 && std::all_of(log.begin(), log.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("._~-", c);
  });
}

absl::StatusOr<AuditFile> ReadAuditFile(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot read ", path));
  if (size > kAuditFileBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is larger than 64 MiB"));
  }
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream content;
  content << stream.rdbuf();
  if (!stream) return absl::PermissionDeniedError(absl::StrCat("cannot read ", path));
  Struct object;
  if (!google::protobuf::util::JsonStringToMessage(content.str(), &object).ok()) {
    return Malformed(absl::StrCat(path, " is not JSON"));
  }
  AuditFile file;
  AQ_ASSIGN_OR_RETURN(file.public_key, BytesOf(object, "public_key"));
  if (file.public_key.size() != kPublicKeyBytes) return Malformed("the key must have 32 bytes");
  const auto heads = object.fields().find("heads");
  if (heads == object.fields().end()) return file;
  for (const Value& value : heads->second.list_value().values()) {
    AQ_ASSIGN_OR_RETURN(SignedTreeHead head, HeadOf(value, file.public_key));
    file.heads.push_back(std::move(head));
  }
  return file;
}

std::string LeafJson(const exchange::v1::LogLeaf& leaf, absl::string_view ciphertext) {
  std::string text = absl::StrCat("{\"envelope\": \"", Hex(leaf.envelope()),
                                  "\", \"ciphertext_hash\": \"", Hex(leaf.ciphertext_hash()),
                                  "\", \"commitment\": \"", Hex(leaf.commitment()), "\"");
  if (!ciphertext.empty()) absl::StrAppend(&text, ", \"ciphertext\": \"", Hex(ciphertext), "\"");
  return text + "}";
}

std::string HeadJson(const SignedTreeHead& head) {
  const std::int64_t micros =
      head.sign_time().seconds() * 1'000'000 + head.sign_time().nanos() / 1000;
  return absl::StrCat("{\"log\": \"", head.log(), "\", \"size\": ", head.size(), ", \"root\": \"",
                      Hex(head.root_hash()), "\", \"time_micros\": ", micros, ", \"signature\": \"",
                      Hex(head.signature()), "\"}");
}

std::string GrowthJson(const AuditFile::Growth& growth) {
  return absl::StrCat("{\"log\": \"", growth.log, "\", \"old_size\": ", growth.proof.old_size(),
                      ", \"new_size\": ", growth.proof.new_size(),
                      ", \"hashes\": ", HashesJson(growth.proof.hashes()), "}");
}

absl::StatusOr<std::string> AuditFileText(const AuditFile& file) {
  bool named = true;
  for (const SignedTreeHead& head : file.heads) named = named && IsLogName(head.log());
  for (const AuditFile::Growth& growth : file.growth) named = named && IsLogName(growth.log);
  for (const AuditFile::Inclusion& one : file.inclusion) named = named && IsLogName(one.log);
  for (const auto& record : file.records) named = named && IsLogName(record.head().log());
  if (!named) return absl::InvalidArgumentError("the hub named a log that cannot be");
  std::string text = absl::StrCat("{\"public_key\": \"", Hex(file.public_key), "\"");
  AppendList("heads", file.heads, HeadJson, &text);
  AppendList("consistency", file.growth, GrowthJson, &text);
  const auto inclusion = [](const AuditFile::Inclusion& one) {
    return InclusionJson(one.log, one.proof) + "}";
  };
  AppendList("inclusion", file.inclusion, inclusion, &text);
  AppendList("records", file.records, RecordJson, &text);
  return text + "}\n";
}

absl::Status WriteWhole(const std::string& path, absl::string_view text) {
  const std::string made = path + ".new";
  const auto fail = [&](absl::string_view what) {
    const int error = errno;
    unlink(made.c_str());
    return absl::ErrnoToStatus(error, absl::StrCat("cannot ", what, " ", path));
  };
  const int file = open(made.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return fail("write");
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const absl::Status status = fail("write");
      close(file);
      return status;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  const bool synced = fsync(file) == 0;
  if (close(file) != 0 || !synced) return fail("write");
  if (std::rename(made.c_str(), path.c_str()) != 0) return fail("write");
  return absl::OkStatus();
}

absl::Status SaveAuditFile(const std::string& path, const AuditFile& file) {
  AQ_ASSIGN_OR_RETURN(const std::string text, AuditFileText(file));
  return WriteWhole(path, text);
}

absl::StatusOr<std::string> ParsePublicKey(absl::string_view hex) {
  const bool good =
      hex.size() == 2 * kPublicKeyBytes && std::all_of(hex.begin(), hex.end(), [](char c) {
        return absl::ascii_isxdigit(static_cast<unsigned char>(c));
      });
  if (!good) return UsageError("--public-key must be 64 hexadecimal digits");
  return absl::HexStringToBytes(hex);
}

const SignedTreeHead* LargestHead(const std::vector<SignedTreeHead>& heads, absl::string_view log) {
  const SignedTreeHead* largest = nullptr;
  for (const SignedTreeHead& head : heads) {
    if (head.log() == log && (largest == nullptr || head.size() > largest->size())) {
      largest = &head;
    }
  }
  return largest;
}

}  // namespace anqiao::ctl

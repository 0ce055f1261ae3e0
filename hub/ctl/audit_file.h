// The JSON files of heads, proofs and entries of hub/doc/audit_log.md, section 7: what anqiaoctl
// saves, and what integration/audit_verifier.py and anqiaoctl read again.
//
// Thread-safe.

#ifndef ANQIAO_HUB_CTL_AUDIT_FILE_H_
#define ANQIAO_HUB_CTL_AUDIT_FILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "anqiao/exchange/v1/audit.pb.h"

namespace anqiao::ctl {

// What a file says of logs; "leaves", "inclusion" and "records" are written and not read.
struct AuditFile {
  struct Growth {
    std::string log;
    exchange::v1::ConsistencyProof proof;
  };
  struct Inclusion {
    std::string log;
    exchange::v1::InclusionProof proof;
  };

  std::string public_key;  // 32 bytes
  std::vector<exchange::v1::SignedTreeHead> heads;
  std::vector<Growth> growth;
  std::vector<Inclusion> inclusion;
  std::vector<exchange::v1::RecordProof> records;
};

// True for "hub" and "agencies/<id>", which need no quoting in JSON.
bool IsLogName(absl::string_view log);

// Key and heads of a file of at most 64 MiB. NOT_FOUND: there is none. INVALID_ARGUMENT: not such
// a file.
absl::StatusOr<AuditFile> ReadAuditFile(const std::string& path);

// INVALID_ARGUMENT: a log has another kind of name.
absl::StatusOr<std::string> AuditFileText(const AuditFile& file);

// Parts of such a file.
std::string LeafJson(const exchange::v1::LogLeaf& leaf, absl::string_view ciphertext);
std::string HeadJson(const exchange::v1::SignedTreeHead& head);
std::string GrowthJson(const AuditFile::Growth& growth);

// Puts "text" in the place of "path", whole or not at all; readable by its owner only.
absl::Status WriteWhole(const std::string& path, absl::string_view text);
absl::Status SaveAuditFile(const std::string& path, const AuditFile& file);

// The 32 bytes of "hex". A usage error otherwise.
absl::StatusOr<std::string> ParsePublicKey(absl::string_view hex);

// The head of "log" with the most entries; null if there is none.
const exchange::v1::SignedTreeHead* LargestHead(
    const std::vector<exchange::v1::SignedTreeHead>& heads, absl::string_view log);

}  // namespace anqiao::ctl

#endif  // ANQIAO_HUB_CTL_AUDIT_FILE_H_

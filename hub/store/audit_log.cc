#include "hub/store/audit_log.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::store {
namespace {

using exchange::v1::ConsistencyProof;
using exchange::v1::InclusionProof;
using exchange::v1::LeafEnvelope;
using exchange::v1::LogLeaf;
using exchange::v1::RecordProof;
using exchange::v1::SignedTreeHead;

constexpr absl::string_view kLeafMagic("AQLEAF1\0", 8);
constexpr absl::string_view kHeadMagic("AQTREE1\0", 8);
constexpr absl::string_view kAgencyPrefix = "agencies/";
constexpr std::size_t kLogNameBytesMax = 255;
// 9999-12-31T23:59:59Z, the last second of a Timestamp.
constexpr std::int64_t kSecondsMax = 253402300799;

absl::Status ProofInvalid(absl::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, reason::kAuditProofInvalid, message);
}

void AppendBigEndian(std::uint64_t value, int bytes, std::string& out) {
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i)));
}

absl::StatusOr<MerkleProof> Hashes(const google::protobuf::RepeatedPtrField<std::string>& bytes) {
  // No tree of 2^64 leaves needs more.
  if (bytes.size() > 65) return ProofInvalid("the proof has more than 65 hashes");
  MerkleProof proof;
  proof.reserve(bytes.size());
  for (const std::string& one : bytes) {
    AQ_ASSIGN_OR_RETURN(const MerkleHash hash, MerkleHashFrom(one));
    proof.push_back(hash);
  }
  return proof;
}

absl::StatusOr<LogLeaf> LeafWith(const LeafEnvelope& envelope, absl::string_view ciphertext,
                                 std::string commitment) {
  LogLeaf leaf;
  leaf.set_envelope(envelope.SerializeAsString());
  leaf.set_ciphertext_hash(Sha256(ciphertext));
  leaf.set_commitment(std::move(commitment));
  if (leaf.envelope().size() > kEnvelopeBytesMax) return ProofInvalid("the envelope is over 4 KiB");
  return leaf;
}

// An agency's log holds the agency's leaves at the places that they name.
absl::Status CheckPlace(const InclusionProof& inclusion, absl::string_view log) {
  absl::string_view agency = log;
  if (!absl::ConsumePrefix(&agency, kAgencyPrefix)) return absl::OkStatus();
  LeafEnvelope envelope;
  if (!envelope.ParseFromString(inclusion.leaf().envelope())) {
    return ProofInvalid("the leaf's envelope is no message");
  }
  if (envelope.agency() != agency) return ProofInvalid("the leaf is another agency's");
  if (envelope.index() != inclusion.index()) {
    return ProofInvalid("the leaf names another place in the log");
  }
  return absl::OkStatus();
}

}  // namespace

std::string AgencyLog(absl::string_view agency) { return absl::StrCat(kAgencyPrefix, agency); }

absl::StatusOr<std::string> Commitment(absl::string_view salt, absl::string_view content) {
  if (salt.size() != kSaltBytes) return ProofInvalid("a salt must have 32 bytes");
  return Sha256(absl::StrCat(salt, content));
}

absl::StatusOr<LogLeaf> MakeLeaf(const LeafEnvelope& envelope, absl::string_view ciphertext,
                                 absl::string_view salt, absl::string_view content) {
  AQ_ASSIGN_OR_RETURN(std::string commitment, Commitment(salt, content));
  return LeafWith(envelope, ciphertext, std::move(commitment));
}

absl::StatusOr<LogLeaf> MakeLeaf(const LeafEnvelope& envelope, absl::string_view ciphertext) {
  return LeafWith(envelope, ciphertext, std::string(kMerkleHashBytes, '\0'));
}

absl::StatusOr<std::string> LeafBytes(const LogLeaf& leaf) {
  if (leaf.ciphertext_hash().size() != kMerkleHashBytes ||
      leaf.commitment().size() != kMerkleHashBytes) {
    return ProofInvalid("the leaf's hashes must have 32 bytes");
  }
  if (leaf.envelope().size() > kEnvelopeBytesMax) return ProofInvalid("the envelope is over 4 KiB");
  std::string out(kLeafMagic);
  AppendBigEndian(leaf.envelope().size(), 4, out);
  absl::StrAppend(&out, leaf.envelope(), leaf.ciphertext_hash(), leaf.commitment());
  return out;
}

absl::StatusOr<std::string> HeadBytes(const SignedTreeHead& head) {
  if (head.root_hash().size() != kMerkleHashBytes) {
    return ProofInvalid("the root must have 32 bytes");
  }
  if (head.log().empty() || head.log().size() > kLogNameBytesMax) {
    return ProofInvalid("the log's name must have 1 to 255 bytes");
  }
  const std::int64_t seconds = head.sign_time().seconds();
  const std::int32_t nanos = head.sign_time().nanos();
  if (seconds < 0 || seconds > kSecondsMax || nanos < 0 || nanos > 999999000 || nanos % 1000 != 0) {
    return ProofInvalid("the time must be one of whole microseconds, from 1970 to 9999");
  }
  std::string out(kHeadMagic);
  AppendBigEndian(head.log().size(), 4, out);
  out += head.log();
  AppendBigEndian(head.size(), 8, out);
  out += head.root_hash();
  AppendBigEndian(static_cast<std::uint64_t>(seconds * 1000000 + nanos / 1000), 8, out);
  return out;
}

SignedTreeHead SignHead(const SigningKey& key, absl::string_view log, std::uint64_t size,
                        const MerkleHash& root, absl::Time sign_time) {
  const std::int64_t micros = absl::ToUnixMicros(sign_time);
  SignedTreeHead head;
  head.set_log(std::string(log));
  head.set_size(size);
  head.set_root_hash(root.data(), root.size());
  head.mutable_sign_time()->set_seconds(micros / 1000000);
  head.mutable_sign_time()->set_nanos(static_cast<std::int32_t>(micros % 1000000 * 1000));
  head.set_key_id(key.key_id());
  head.set_signature(key.Sign(HeadBytes(head).value()));
  return head;
}

absl::Status VerifyHead(const SignedTreeHead& head, absl::string_view public_key) {
  if (head.key_id() != KeyId(public_key)) {
    return Error(absl::StatusCode::kInvalidArgument, reason::kSignatureInvalid,
                 "the head names another key");
  }
  AQ_ASSIGN_OR_RETURN(const std::string bytes, HeadBytes(head));
  return VerifySignature(public_key, bytes, head.signature());
}

InclusionProof MakeInclusionProof(const LogLeaf& leaf, std::uint64_t index, std::uint64_t tree_size,
                                  const MerkleProof& proof) {
  InclusionProof out;
  *out.mutable_leaf() = leaf;
  out.set_index(index);
  out.set_tree_size(tree_size);
  for (const MerkleHash& hash : proof) out.add_hashes(hash.data(), hash.size());
  return out;
}

ConsistencyProof MakeConsistencyProof(std::uint64_t old_size, std::uint64_t new_size,
                                      const MerkleProof& proof) {
  ConsistencyProof out;
  out.set_old_size(old_size);
  out.set_new_size(new_size);
  for (const MerkleHash& hash : proof) out.add_hashes(hash.data(), hash.size());
  return out;
}

absl::Status VerifyLeaf(const InclusionProof& inclusion, const SignedTreeHead& head) {
  if (inclusion.tree_size() != head.size()) {
    return ProofInvalid("the proof is not for the head's size");
  }
  AQ_ASSIGN_OR_RETURN(const std::string bytes, LeafBytes(inclusion.leaf()));
  AQ_ASSIGN_OR_RETURN(const MerkleHash root, MerkleHashFrom(head.root_hash()));
  AQ_ASSIGN_OR_RETURN(const MerkleProof proof, Hashes(inclusion.hashes()));
  AQ_RETURN_IF_ERROR(
      VerifyInclusion(MerkleLeafHash(bytes), inclusion.index(), head.size(), proof, root));
  return CheckPlace(inclusion, head.log());
}

absl::Status VerifyGrowth(const ConsistencyProof& proof, const SignedTreeHead& old_head,
                          const SignedTreeHead& new_head) {
  if (old_head.log() != new_head.log()) return ProofInvalid("the heads are of two logs");
  if (proof.old_size() != old_head.size() || proof.new_size() != new_head.size()) {
    return ProofInvalid("the proof is not for the heads' sizes");
  }
  AQ_ASSIGN_OR_RETURN(const MerkleHash old_root, MerkleHashFrom(old_head.root_hash()));
  AQ_ASSIGN_OR_RETURN(const MerkleHash new_root, MerkleHashFrom(new_head.root_hash()));
  AQ_ASSIGN_OR_RETURN(const MerkleProof hashes, Hashes(proof.hashes()));
  return VerifyConsistency(old_head.size(), old_root, new_head.size(), new_root, hashes);
}

absl::Status VerifyRecordProof(const RecordProof& proof, absl::string_view public_key) {
  AQ_RETURN_IF_ERROR(VerifyHead(proof.head(), public_key));
  AQ_RETURN_IF_ERROR(VerifyLeaf(proof.inclusion(), proof.head()));
  AQ_ASSIGN_OR_RETURN(const std::string commitment, Commitment(proof.salt(), proof.content()));
  if (commitment != proof.inclusion().leaf().commitment()) {
    return ProofInvalid("the leaf does not commit to this content");
  }
  return absl::OkStatus();
}

}  // namespace anqiao::store

// The bytes of the audit log's leaves and signed heads, and what proves a record.
//
// The messages are exchange.v1's (audit.proto); hub/doc/audit_log.md gives every byte. A leaf never
// holds personal data: the record is in it as a salted commitment only, and the salt, which is
// destroyed with the record's key, goes to the agency that handed the record in.
//
//   AQ_ASSIGN_OR_RETURN(const LogLeaf leaf, MakeLeaf(envelope, ciphertext, salt, content));
//   AQ_ASSIGN_OR_RETURN(const std::string bytes, LeafBytes(leaf));
//   tree.Append(MerkleLeafHash(bytes), sink);
//   const SignedTreeHead head = SignHead(key, "agencies/police", tree.size(), tree.Root(), now);
//
// Thread-safe. Every Verify takes hostile input.

#ifndef ANQIAO_HUB_STORE_AUDIT_LOG_H_
#define ANQIAO_HUB_STORE_AUDIT_LOG_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "anqiao/exchange/v1/audit.pb.h"
#include "hub/base/merkle.h"
#include "hub/base/signing.h"

namespace anqiao::store {

// Length of a commitment's salt.
inline constexpr std::size_t kSaltBytes = 32;
// Largest envelope of a leaf that is made or verified.
inline constexpr std::size_t kEnvelopeBytesMax = 4096;

// "hub": the log of every entry.
inline constexpr char kHubLog[] = "hub";
// "agencies/<agency>".
std::string AgencyLog(absl::string_view agency);

// SHA-256 of salt and content. INVALID_ARGUMENT (AUDIT_PROOF_INVALID): the salt is not 32 bytes.
absl::StatusOr<std::string> Commitment(absl::string_view salt, absl::string_view content);

// The leaf of an entry with a record; "ciphertext" is the entry as it is stored. INVALID_ARGUMENT
// (AUDIT_PROOF_INVALID): the salt is not 32 bytes, or the envelope too large.
absl::StatusOr<exchange::v1::LogLeaf> MakeLeaf(const exchange::v1::LeafEnvelope& envelope,
                                               absl::string_view ciphertext, absl::string_view salt,
                                               absl::string_view content);
// The same for an entry without a record: its commitment is 32 zero bytes.
absl::StatusOr<exchange::v1::LogLeaf> MakeLeaf(const exchange::v1::LeafEnvelope& envelope,
                                               absl::string_view ciphertext);

// What is hashed of a leaf. INVALID_ARGUMENT (AUDIT_PROOF_INVALID): a hash is not 32 bytes, or the
// envelope is over 4 KiB.
absl::StatusOr<std::string> LeafBytes(const exchange::v1::LogLeaf& leaf);

// What is signed of a head. INVALID_ARGUMENT (AUDIT_PROOF_INVALID): the root is not 32 bytes, the
// log has no name, or the time is before 1970, after 9999 or finer than a microsecond.
absl::StatusOr<std::string> HeadBytes(const exchange::v1::SignedTreeHead& head);

// Signs that "log" holds "size" leaves under "root". "sign_time" is cut to the microsecond.
// Requires: "log" is kHubLog or an AgencyLog, "sign_time" is after 1970.
exchange::v1::SignedTreeHead SignHead(const SigningKey& key, absl::string_view log,
                                      std::uint64_t size, const MerkleHash& root,
                                      absl::Time sign_time);

// OK if "public_key" signed "head". INVALID_ARGUMENT: SIGNATURE_INVALID, also if the head names
// another key; or as HeadBytes.
absl::Status VerifyHead(const exchange::v1::SignedTreeHead& head, absl::string_view public_key);

// Messages of Merkle proofs.
exchange::v1::InclusionProof MakeInclusionProof(const exchange::v1::LogLeaf& leaf,
                                                std::uint64_t index, std::uint64_t tree_size,
                                                const MerkleProof& proof);
exchange::v1::ConsistencyProof MakeConsistencyProof(std::uint64_t old_size, std::uint64_t new_size,
                                                    const MerkleProof& proof);

// OK if "inclusion" shows its leaf in the tree of "head" and, in an agency's log, the leaf's
// envelope names that agency and that index. Does not verify the head's signature. INVALID_ARGUMENT
// (AUDIT_PROOF_INVALID) otherwise.
absl::Status VerifyLeaf(const exchange::v1::InclusionProof& inclusion,
                        const exchange::v1::SignedTreeHead& head);

// OK if both heads are of one log and "proof" shows that the log of "old_head" begins that of
// "new_head". Does not verify the signatures. INVALID_ARGUMENT (AUDIT_PROOF_INVALID) otherwise.
absl::Status VerifyGrowth(const exchange::v1::ConsistencyProof& proof,
                          const exchange::v1::SignedTreeHead& old_head,
                          const exchange::v1::SignedTreeHead& new_head);

// OK if "public_key" signed the head, VerifyLeaf holds, and the leaf commits to salt and content.
// INVALID_ARGUMENT (SIGNATURE_INVALID or AUDIT_PROOF_INVALID) otherwise.
absl::Status VerifyRecordProof(const exchange::v1::RecordProof& proof,
                               absl::string_view public_key);

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_AUDIT_LOG_H_

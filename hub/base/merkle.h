// The Merkle tree of the audit log (RFC 6962 section 2.1, RFC 9162 section 2.1): its root, proofs
// from it, and their verification. No I/O.
//
// A tree keeps its right edge only, at most 255 hashes a level. What is left of the edge goes out
// in tiles of 256 hashes, each once and complete, and comes back through a reader when a proof
// needs it, so that a proof costs a few tiles and never all leaves. See hub/doc/audit_log.md.
//
//   MerkleTree tree;
//   tree.Append(MerkleLeafHash(bytes), [&](const MerkleTile& tile) { batch.Put(tile); });
//   AQ_ASSIGN_OR_RETURN(MerkleProof proof, tree.InclusionProof(tree.size(), 0, read_tile));
//   AQ_RETURN_IF_ERROR(VerifyInclusion(MerkleLeafHash(bytes), 0, tree.size(), proof, tree.Root()));
//
// Functions are thread-safe. MerkleTree is a value and thread-compatible; a copy is at most 64 KiB,
// so copy it to be able to go back, or to make proofs beside the writer.

#ifndef ANQIAO_HUB_BASE_MERKLE_H_
#define ANQIAO_HUB_BASE_MERKLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anqiao {

inline constexpr std::size_t kMerkleHashBytes = 32;
using MerkleHash = std::array<char, kMerkleHashBytes>;
// At most 64 hashes of inclusion, at most 65 of consistency.
using MerkleProof = std::vector<MerkleHash>;

inline absl::string_view MerkleBytes(const MerkleHash& hash) { return {hash.data(), hash.size()}; }

// INVALID_ARGUMENT (AUDIT_PROOF_INVALID): not 32 bytes.
absl::StatusOr<MerkleHash> MerkleHashFrom(absl::string_view bytes);

// SHA-256 of 00 and the leaf's bytes.
MerkleHash MerkleLeafHash(absl::string_view leaf);
// SHA-256 of 01 and both.
MerkleHash MerkleNodeHash(const MerkleHash& left, const MerkleHash& right);
// The root of the empty tree: SHA-256 of nothing.
MerkleHash MerkleEmptyRoot();

// Tiles hold 2^8 hashes. Level 0 are leaf hashes; level k are the roots of the tiles of level k-1.
inline constexpr int kMerkleTileHeight = 8;
inline constexpr std::size_t kMerkleTileHashes = std::size_t{1} << kMerkleTileHeight;
inline constexpr std::size_t kMerkleTileBytes = kMerkleTileHashes * kMerkleHashBytes;
inline constexpr int kMerkleLevels = 8;

// A complete tile: hashes [index * 256, index * 256 + 256) of "level". "bytes" lives for the call.
struct MerkleTile {
  int level;
  std::uint64_t index;
  absl::string_view bytes;
};

using MerkleTileSink = std::function<void(const MerkleTile&)>;
// The bytes of a tile that went to the sink before.
using MerkleTileReader = std::function<absl::StatusOr<std::string>(int level, std::uint64_t index)>;
// The hash of the leaf at "index".
using MerkleLeafReader = std::function<absl::StatusOr<MerkleHash>(std::uint64_t index)>;

class MerkleTree {
 public:
  // An empty tree.
  MerkleTree() = default;

  // The tree of "size" leaves, from its complete tiles and the leaves right of the last one. Reads
  // at most 255 leaves, and 255 tiles a level. DATA_LOSS (STORAGE_LOST): a tile has the wrong
  // length; or the readers' errors.
  static absl::StatusOr<MerkleTree> Restore(std::uint64_t size, const MerkleTileReader& tiles,
                                            const MerkleLeafReader& leaves);

  // Reads what Serialize wrote. DATA_LOSS (STORAGE_LOST): the length does not fit the size. Notices
  // no other damage; keep it under a checksum.
  static absl::StatusOr<MerkleTree> Deserialize(absl::string_view bytes);

  // Size, 8 bytes big-endian, then the right edge of each level from 0 up.
  std::string Serialize() const;

  // Appends a leaf: one node hash on average. Calls "sink" for each tile that this completes,
  // lowest level first; they belong into the same write as the leaf. Requires: size() < 2^63.
  void Append(const MerkleHash& leaf, const MerkleTileSink& sink);

  std::uint64_t size() const { return size_; }

  // The root at size().
  MerkleHash Root() const;

  // The root at an earlier size. INVALID_ARGUMENT (INVALID_FIELD): larger than size(). DATA_LOSS
  // (STORAGE_LOST): a tile has the wrong length; or the reader's errors. The same for both proofs.
  absl::StatusOr<MerkleHash> RootAt(std::uint64_t tree_size, const MerkleTileReader& tiles) const;

  // That leaf "index" is in the tree of "tree_size" leaves. INVALID_ARGUMENT (INVALID_FIELD): not
  // index < tree_size <= size().
  absl::StatusOr<MerkleProof> InclusionProof(std::uint64_t tree_size, std::uint64_t index,
                                             const MerkleTileReader& tiles) const;

  // That the tree of "old_size" leaves begins the tree of "new_size"; empty if they are equal or
  // "old_size" is 0. INVALID_ARGUMENT (INVALID_FIELD): not old_size <= new_size <= size().
  absl::StatusOr<MerkleProof> ConsistencyProof(std::uint64_t old_size, std::uint64_t new_size,
                                               const MerkleTileReader& tiles) const;

 private:
  class Nodes;

  std::uint64_t size_ = 0;
  // Roots of the complete subtrees that make up the tree, largest first: one per bit of size_.
  std::vector<MerkleHash> peaks_;
  // What no complete tile holds, per level.
  std::array<std::vector<MerkleHash>, kMerkleLevels> edge_;
};

// OK if "proof" leads from "leaf" at "index" to "root" of a tree of "tree_size" leaves.
// INVALID_ARGUMENT (AUDIT_PROOF_INVALID) otherwise. Takes hostile input.
absl::Status VerifyInclusion(const MerkleHash& leaf, std::uint64_t index, std::uint64_t tree_size,
                             const MerkleProof& proof, const MerkleHash& root);

// OK if "proof" shows that the tree "new_root" of "new_size" leaves begins with the tree "old_root"
// of "old_size" leaves. INVALID_ARGUMENT (AUDIT_PROOF_INVALID) otherwise. Takes hostile input.
absl::Status VerifyConsistency(std::uint64_t old_size, const MerkleHash& old_root,
                               std::uint64_t new_size, const MerkleHash& new_root,
                               const MerkleProof& proof);

}  // namespace anqiao

#endif  // ANQIAO_HUB_BASE_MERKLE_H_

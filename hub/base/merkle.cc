#include "hub/base/merkle.h"

#include <openssl/evp.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

// Heights count from the leaves, at 0. The node (height, i) covers leaves [i << height, (i + 1) <<
// height). Level k of the tiles is height 8k:
//
//   height 16  .                                          level 2: roots of level 1's tiles
//   height  8  [ tile 0 .................. 256 hashes ]   level 1: roots of level 0's tiles
//   height  0  [ tile 0 ][ tile 1 ][ tile 2 ] edge        level 0: leaf hashes

namespace anqiao {
namespace {

struct FreeMerkleDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Fetched once: a lookup for each hash would cost as much as the hash.
const EVP_MD* Sha256Method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return method;
}

// SHA-256 of a prefix byte and two parts. Fails only if OpenSSL itself is broken: nothing a caller
// could mend.
MerkleHash PrefixedHash(char prefix, absl::string_view first, absl::string_view second) {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeMerkleDigest> context(EVP_MD_CTX_new());
  MerkleHash out;
  if (EVP_DigestInit_ex2(context.get(), Sha256Method(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), &prefix, 1) != 1 ||
      EVP_DigestUpdate(context.get(), first.data(), first.size()) != 1 ||
      EVP_DigestUpdate(context.get(), second.data(), second.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(out.data()), nullptr) !=
          1) {
    std::abort();
  }
  return out;
}

// The root of "count" hashes; "count" is a power of two up to 256.
MerkleHash Fold(const char* hashes, std::size_t count) {
  std::array<MerkleHash, kMerkleTileHashes> row;
  std::memcpy(row.data(), hashes, count * kMerkleHashBytes);
  for (; count > 1; count /= 2) {
    for (std::size_t i = 0; i < count / 2; ++i) {
      row[i] = MerkleNodeHash(row[2 * i], row[2 * i + 1]);
    }
  }
  return row[0];
}

// "hashes" are roots of adjoining subtrees, largest first.
MerkleHash JoinPeaks(const std::vector<MerkleHash>& hashes) {
  if (hashes.empty()) return MerkleEmptyRoot();
  MerkleHash root = hashes.back();
  for (std::size_t i = hashes.size() - 1; i > 0; --i) root = MerkleNodeHash(hashes[i - 1], root);
  return root;
}

// Complete tiles of "level" in a tree of "size" leaves.
std::uint64_t TileCount(std::uint64_t size, int level) {
  const int shift = kMerkleTileHeight * (level + 1);
  return shift < 64 ? size >> shift : 0;
}

// Hashes of "level" that no complete tile holds.
std::size_t EdgeCount(std::uint64_t size, int level) {
  return (size >> (kMerkleTileHeight * level)) % kMerkleTileHashes;
}

// The roots of the complete subtrees, largest first, from the right edge of each level.
std::vector<MerkleHash> PeaksOf(const std::array<std::vector<MerkleHash>, kMerkleLevels>& edge) {
  std::vector<MerkleHash> peaks;
  for (int level = kMerkleLevels - 1; level >= 0; --level) {
    std::size_t done = 0;
    for (std::size_t width = kMerkleTileHashes / 2; width > 0; width /= 2) {
      if ((edge[level].size() & width) == 0) continue;
      peaks.push_back(Fold(edge[level][done].data(), width));
      done += width;
    }
  }
  return peaks;
}

absl::StatusOr<std::string> ReadTile(const MerkleTileReader& tiles, int level,
                                     std::uint64_t index) {
  AQ_ASSIGN_OR_RETURN(std::string bytes, tiles(level, index));
  if (bytes.size() != kMerkleTileBytes) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 absl::StrCat("tile ", index, " of level ", level, " has ", bytes.size(),
                              " bytes, not ", kMerkleTileBytes));
  }
  return bytes;
}

absl::Status NotProved(absl::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, reason::kAuditProofInvalid, message);
}

}  // namespace

absl::StatusOr<MerkleHash> MerkleHashFrom(absl::string_view bytes) {
  if (bytes.size() != kMerkleHashBytes) {
    return NotProved(absl::StrCat("a hash must have 32 bytes, got ", bytes.size()));
  }
  MerkleHash hash;
  std::memcpy(hash.data(), bytes.data(), hash.size());
  return hash;
}

MerkleHash MerkleLeafHash(absl::string_view leaf) { return PrefixedHash('\x00', leaf, ""); }

MerkleHash MerkleNodeHash(const MerkleHash& left, const MerkleHash& right) {
  return PrefixedHash('\x01', MerkleBytes(left), MerkleBytes(right));
}

MerkleHash MerkleEmptyRoot() {
  MerkleHash out;
  if (EVP_Digest("", 0, reinterpret_cast<unsigned char*>(out.data()), nullptr, Sha256Method(),
                 nullptr) != 1) {
    std::abort();
  }
  return out;
}

// Reads nodes of a tree. Keeps the last tile of each level: a proof asks for several of its nodes.
class MerkleTree::Nodes {
 public:
  Nodes(const MerkleTree& tree, const MerkleTileReader& tiles) : tree_(tree), tiles_(tiles) {}

  // Requires: (index + 1) << height is at most the tree's size.
  absl::StatusOr<MerkleHash> Complete(int height, std::uint64_t index) {
    const int level = height / kMerkleTileHeight;
    const std::size_t width = std::size_t{1} << (height % kMerkleTileHeight);
    const std::uint64_t first = index * width;
    const std::uint64_t tile = first / kMerkleTileHashes;
    const std::size_t offset = first % kMerkleTileHashes;
    if (tile >= TileCount(tree_.size_, level)) {
      return Fold(tree_.edge_[level][offset].data(), width);
    }
    Cached& cached = cache_[level];
    if (cached.bytes.empty() || cached.index != tile) {
      AQ_ASSIGN_OR_RETURN(cached.bytes, ReadTile(tiles_, level, tile));
      cached.index = tile;
    }
    return Fold(cached.bytes.data() + offset * kMerkleHashBytes, width);
  }

  // The root over leaves [begin, end). Requires: "begin" is a multiple of the least power of two
  // that is at least end - begin.
  absl::StatusOr<MerkleHash> Range(std::uint64_t begin, std::uint64_t end) {
    std::vector<MerkleHash> peaks;
    while (begin < end) {
      const std::uint64_t width = std::bit_floor(end - begin);
      AQ_ASSIGN_OR_RETURN(const MerkleHash peak, Complete(std::countr_zero(width), begin / width));
      peaks.push_back(peak);
      begin += width;
    }
    return JoinPeaks(peaks);
  }

 private:
  struct Cached {
    std::uint64_t index = 0;
    std::string bytes;
  };

  const MerkleTree& tree_;
  const MerkleTileReader& tiles_;
  std::array<Cached, kMerkleLevels> cache_;
};

absl::StatusOr<MerkleTree> MerkleTree::Restore(std::uint64_t size, const MerkleTileReader& tiles,
                                               const MerkleLeafReader& leaves) {
  MerkleTree tree;
  tree.size_ = size;
  for (std::uint64_t i = size - EdgeCount(size, 0); i < size; ++i) {
    AQ_ASSIGN_OR_RETURN(const MerkleHash leaf, leaves(i));
    tree.edge_[0].push_back(leaf);
  }
  for (int level = 1; level < kMerkleLevels; ++level) {
    const std::uint64_t end = TileCount(size, level - 1);
    for (std::uint64_t i = end - EdgeCount(size, level); i < end; ++i) {
      AQ_ASSIGN_OR_RETURN(const std::string bytes, ReadTile(tiles, level - 1, i));
      tree.edge_[level].push_back(Fold(bytes.data(), kMerkleTileHashes));
    }
  }
  tree.peaks_ = PeaksOf(tree.edge_);
  return tree;
}

absl::StatusOr<MerkleTree> MerkleTree::Deserialize(absl::string_view bytes) {
  MerkleTree tree;
  std::size_t expected = sizeof(tree.size_);
  if (bytes.size() >= expected) {
    for (std::size_t i = 0; i < sizeof(tree.size_); ++i) {
      tree.size_ = tree.size_ << 8 | static_cast<unsigned char>(bytes[i]);
    }
    for (int level = 0; level < kMerkleLevels; ++level) {
      expected += EdgeCount(tree.size_, level) * kMerkleHashBytes;
    }
  }
  if (bytes.size() != expected) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 absl::StrCat("the edge of a log has ", bytes.size(), " bytes, not ", expected));
  }
  const char* next = bytes.data() + sizeof(tree.size_);
  for (int level = 0; level < kMerkleLevels; ++level) {
    tree.edge_[level].resize(EdgeCount(tree.size_, level));
    for (MerkleHash& hash : tree.edge_[level]) {
      std::memcpy(hash.data(), next, hash.size());
      next += hash.size();
    }
  }
  tree.peaks_ = PeaksOf(tree.edge_);
  return tree;
}

std::string MerkleTree::Serialize() const {
  std::string out;
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(size_ >> shift));
  for (const std::vector<MerkleHash>& level : edge_) {
    for (const MerkleHash& hash : level) out.append(hash.data(), hash.size());
  }
  return out;
}

void MerkleTree::Append(const MerkleHash& leaf, const MerkleTileSink& sink) {
  edge_[0].push_back(leaf);
  MerkleHash node = leaf;
  int height = 0;
  // As a binary counter: each one that carries is a subtree of the same height to the left.
  for (std::uint64_t bits = size_; (bits & 1) != 0; bits >>= 1) {
    node = MerkleNodeHash(peaks_.back(), node);
    peaks_.pop_back();
    ++height;
    if (height % kMerkleTileHeight != 0) continue;
    std::vector<MerkleHash>& full = edge_[height / kMerkleTileHeight - 1];
    sink({.level = height / kMerkleTileHeight - 1,
          .index = size_ >> height,
          .bytes = {full.front().data(), kMerkleTileBytes}});
    full.clear();
    edge_[height / kMerkleTileHeight].push_back(node);
  }
  peaks_.push_back(node);
  ++size_;
}

MerkleHash MerkleTree::Root() const { return JoinPeaks(peaks_); }

absl::StatusOr<MerkleHash> MerkleTree::RootAt(std::uint64_t tree_size,
                                              const MerkleTileReader& tiles) const {
  if (tree_size > size_) {
    return InvalidField("tree_size", "must not be larger than the log");
  }
  return Nodes(*this, tiles).Range(0, tree_size);
}

absl::StatusOr<MerkleProof> MerkleTree::InclusionProof(std::uint64_t tree_size, std::uint64_t index,
                                                       const MerkleTileReader& tiles) const {
  if (tree_size > size_) {
    return InvalidField("tree_size", "must not be larger than the log");
  }
  if (index >= tree_size) return InvalidField("index", "must be less than the tree size");
  Nodes nodes(*this, tiles);
  MerkleProof proof;
  std::uint64_t begin = 0;
  std::uint64_t end = tree_size;
  // RFC 9162 section 2.1.3.1, from the root down: the half without the leaf goes into the proof.
  while (end - begin > 1) {
    const std::uint64_t middle = begin + std::bit_floor(end - begin - 1);
    const bool left = index < middle;
    AQ_ASSIGN_OR_RETURN(const MerkleHash other,
                        left ? nodes.Range(middle, end) : nodes.Range(begin, middle));
    proof.push_back(other);
    (left ? end : begin) = middle;
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

absl::StatusOr<MerkleProof> MerkleTree::ConsistencyProof(std::uint64_t old_size,
                                                         std::uint64_t new_size,
                                                         const MerkleTileReader& tiles) const {
  if (new_size > size_) {
    return InvalidField("new_size", "must not be larger than the log");
  }
  if (old_size > new_size) return InvalidField("old_size", "must not be larger than new_size");
  Nodes nodes(*this, tiles);
  MerkleProof proof;
  if (old_size == 0) return proof;
  std::uint64_t begin = 0;
  std::uint64_t end = new_size;
  // RFC 9162 section 2.1.4.1: down to the subtree that ends where the old tree ended.
  while (end != old_size) {
    const std::uint64_t middle = begin + std::bit_floor(end - begin - 1);
    const bool left = old_size <= middle;
    AQ_ASSIGN_OR_RETURN(const MerkleHash other,
                        left ? nodes.Range(middle, end) : nodes.Range(begin, middle));
    proof.push_back(other);
    (left ? end : begin) = middle;
  }
  // The verifier knows the old tree itself.
  if (begin > 0) {
    AQ_ASSIGN_OR_RETURN(const MerkleHash common, nodes.Range(begin, end));
    proof.push_back(common);
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

absl::Status VerifyInclusion(const MerkleHash& leaf, std::uint64_t index, std::uint64_t tree_size,
                             const MerkleProof& proof, const MerkleHash& root) {
  if (index >= tree_size) return NotProved("the leaf's index must be less than the tree size");
  // RFC 9162 section 2.1.3.2.
  std::uint64_t node = index;
  std::uint64_t last = tree_size - 1;
  MerkleHash hash = leaf;
  for (const MerkleHash& other : proof) {
    if (last == 0) return NotProved("the proof of inclusion is too long");
    if ((node & 1) != 0 || node == last) {
      hash = MerkleNodeHash(other, hash);
      // A last node without a right sibling is its own parent.
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = MerkleNodeHash(hash, other);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return NotProved("the proof of inclusion is too short");
  if (hash != root) return NotProved("the proof of inclusion does not lead to the root");
  return absl::OkStatus();
}

absl::Status VerifyConsistency(std::uint64_t old_size, const MerkleHash& old_root,
                               std::uint64_t new_size, const MerkleHash& new_root,
                               const MerkleProof& proof) {
  if (old_size > new_size) return NotProved("the old log must not be larger than the new one");
  if (old_size == 0 || old_size == new_size) {
    if (!proof.empty()) return NotProved("the proof of consistency is too long");
    if (old_root != (old_size == 0 ? MerkleEmptyRoot() : new_root) ||
        (new_size == 0 && new_root != old_root)) {
      return NotProved("the roots do not fit the sizes");
    }
    return absl::OkStatus();
  }
  // RFC 9162 section 2.1.4.2.
  const bool whole = std::has_single_bit(old_size);
  if (proof.empty()) return NotProved("the proof of consistency is too short");
  std::uint64_t node = old_size - 1;
  std::uint64_t last = new_size - 1;
  const int complete = std::countr_one(node);
  node >>= complete;
  last >>= complete;
  MerkleHash old_hash = whole ? old_root : proof.front();
  MerkleHash new_hash = old_hash;
  for (std::size_t i = whole ? 0 : 1; i < proof.size(); ++i) {
    if (last == 0) return NotProved("the proof of consistency is too long");
    if ((node & 1) != 0 || node == last) {
      old_hash = MerkleNodeHash(proof[i], old_hash);
      new_hash = MerkleNodeHash(proof[i], new_hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      new_hash = MerkleNodeHash(new_hash, proof[i]);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return NotProved("the proof of consistency is too short");
  if (old_hash != old_root) return NotProved("the proof of consistency misses the old root");
  if (new_hash != new_root) return NotProved("the proof of consistency misses the new root");
  return absl::OkStatus();
}

}  // namespace anqiao

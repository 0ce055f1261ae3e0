#include "hub/base/merkle.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace anqiao {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;

constexpr std::uint64_t kLarge = 66700;

MerkleHash FromHex(absl::string_view hex) {
  return MerkleHashFrom(absl::HexStringToBytes(hex)).value();
}

// RFC 6962 section 2.1 word for word: slow, and shares nothing with the tree.
class Reference {
 public:
  explicit Reference(std::uint64_t size) {
    for (std::uint64_t i = 0; i < size; ++i) {
      leaves_.push_back(Sha256(absl::StrCat(absl::string_view("\0", 1), "leaf ", i)));
    }
  }

  MerkleHash Leaf(std::uint64_t index) const { return MerkleHashFrom(leaves_[index]).value(); }

  MerkleHash Root(std::uint64_t size) const { return MerkleHashFrom(Mth(0, size)).value(); }

  MerkleProof Path(std::uint64_t index, std::uint64_t size) const {
    MerkleProof proof;
    Path(index, 0, size, proof);
    return proof;
  }

  MerkleProof Consistency(std::uint64_t old_size, std::uint64_t new_size) const {
    MerkleProof proof;
    if (old_size > 0) SubProof(old_size, 0, new_size, true, proof);
    return proof;
  }

 private:
  static std::uint64_t Half(std::uint64_t n) {
    std::uint64_t k = 1;
    while (2 * k < n) k *= 2;
    return k;
  }

  std::string Mth(std::uint64_t begin, std::uint64_t end) const {
    if (begin == end) return Sha256("");
    if (end - begin == 1) return leaves_[begin];
    const std::uint64_t middle = begin + Half(end - begin);
    return Sha256(absl::StrCat("\x01", Mth(begin, middle), Mth(middle, end)));
  }

  void Add(std::uint64_t begin, std::uint64_t end, MerkleProof& proof) const {
    proof.push_back(MerkleHashFrom(Mth(begin, end)).value());
  }

  void Path(std::uint64_t m, std::uint64_t begin, std::uint64_t end, MerkleProof& proof) const {
    if (end - begin == 1) return;
    const std::uint64_t k = Half(end - begin);
    if (m < k) {
      Path(m, begin, begin + k, proof);
      Add(begin + k, end, proof);
    } else {
      Path(m - k, begin + k, end, proof);
      Add(begin, begin + k, proof);
    }
  }

  void SubProof(std::uint64_t m, std::uint64_t begin, std::uint64_t end, bool known,
                MerkleProof& proof) const {
    if (m == end - begin) {
      if (!known) Add(begin, end, proof);
      return;
    }
    const std::uint64_t k = Half(end - begin);
    if (m <= k) {
      SubProof(m, begin, begin + k, known, proof);
      Add(begin + k, end, proof);
    } else {
      SubProof(m - k, begin + k, end, false, proof);
      Add(begin, begin + k, proof);
    }
  }

  std::vector<std::string> leaves_;
};

// Tiles as a store would keep them.
class Tiles {
 public:
  MerkleTileSink Sink() {
    return [this](const MerkleTile& tile) {
      const bool added =
          tiles_.try_emplace({tile.level, tile.index}, std::string(tile.bytes)).second;
      EXPECT_TRUE(added) << "tile " << tile.level << " " << tile.index << " came twice";
      EXPECT_EQ(tile.bytes.size(), kMerkleTileBytes);
    };
  }

  MerkleTileReader Reader() const {
    return [this](int level, std::uint64_t index) -> absl::StatusOr<std::string> {
      ++reads_;
      const auto found = tiles_.find({level, index});
      if (found == tiles_.end()) return absl::NotFoundError("no such tile");
      return found->second;
    };
  }

  std::map<std::pair<int, std::uint64_t>, std::string>& map() { return tiles_; }
  int TakeReads() { return std::exchange(reads_, 0); }

 private:
  std::map<std::pair<int, std::uint64_t>, std::string> tiles_;
  mutable int reads_ = 0;
};

struct Log {
  explicit Log(std::uint64_t size) : reference(size) {
    for (std::uint64_t i = 0; i < size; ++i) tree.Append(reference.Leaf(i), tiles.Sink());
  }

  MerkleLeafReader Leaves() const {
    return [this](std::uint64_t i) -> absl::StatusOr<MerkleHash> { return reference.Leaf(i); };
  }

  Reference reference;
  Tiles tiles;
  MerkleTree tree;
};

const Log& LargeLog() {
  static const Log* const log = new Log(kLarge);
  return *log;
}

void CheckInclusion(const Log& log, std::uint64_t index, std::uint64_t size,
                    const MerkleHash& root) {
  SCOPED_TRACE(absl::StrCat("leaf ", index, " in ", size));
  AQ_ASSERT_OK_AND_ASSIGN(const MerkleProof proof,
                          log.tree.InclusionProof(size, index, log.tiles.Reader()));
  ASSERT_EQ(proof, log.reference.Path(index, size));
  AQ_ASSERT_OK(VerifyInclusion(log.reference.Leaf(index), index, size, proof, root));
}

void CheckConsistency(const Log& log, std::uint64_t old_size, const MerkleHash& old_root,
                      std::uint64_t new_size, const MerkleHash& new_root) {
  SCOPED_TRACE(absl::StrCat(old_size, " begins ", new_size));
  AQ_ASSERT_OK_AND_ASSIGN(const MerkleProof proof,
                          log.tree.ConsistencyProof(old_size, new_size, log.tiles.Reader()));
  ASSERT_EQ(proof, log.reference.Consistency(old_size, new_size));
  AQ_ASSERT_OK(VerifyConsistency(old_size, old_root, new_size, new_root, proof));
}

TEST(MerkleHashTest, OneOfAnotherLengthIsRefused) {
  const auto short_one = MerkleHashFrom(std::string(31, 'x'));
  EXPECT_THAT(short_one, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ReasonOf(short_one.status()), reason::kAuditProofInvalid);
  EXPECT_THAT(MerkleHashFrom(std::string(33, 'x')), StatusIs(absl::StatusCode::kInvalidArgument));
}

// The leaves, roots and proofs of certificate-transparency's own tests.
class KnownVectors : public ::testing::Test {
 protected:
  KnownVectors() {
    for (const char* leaf : {"", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                             "606162636465666768696a6b6c6d6e6f"}) {
      leaves_.push_back(MerkleLeafHash(absl::HexStringToBytes(leaf)));
      tree_.Append(leaves_.back(), tiles_.Sink());
      roots_.push_back(tree_.Root());
    }
  }

  Tiles tiles_;
  MerkleTree tree_;
  std::vector<MerkleHash> leaves_;
  std::vector<MerkleHash> roots_;
};

TEST_F(KnownVectors, Roots) {
  EXPECT_EQ(MerkleEmptyRoot(),
            FromHex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
  EXPECT_EQ(MerkleTree().Root(), MerkleEmptyRoot());
  EXPECT_THAT(
      roots_,
      ElementsAre(FromHex("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
                  FromHex("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
                  FromHex("aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
                  FromHex("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
                  FromHex("4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
                  FromHex("76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
                  FromHex("ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
                  FromHex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")));
}

TEST_F(KnownVectors, InclusionProofs) {
  EXPECT_THAT(tree_.InclusionProof(1, 0, tiles_.Reader()), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(tree_.InclusionProof(8, 0, tiles_.Reader()),
              IsOkAndHolds(ElementsAre(
                  FromHex("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"),
                  FromHex("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"),
                  FromHex("6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"))));
  EXPECT_THAT(tree_.InclusionProof(8, 5, tiles_.Reader()),
              IsOkAndHolds(ElementsAre(
                  FromHex("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
                  FromHex("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
                  FromHex("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"))));
  EXPECT_THAT(tree_.InclusionProof(3, 2, tiles_.Reader()),
              IsOkAndHolds(ElementsAre(
                  FromHex("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"))));
  EXPECT_THAT(tree_.InclusionProof(5, 1, tiles_.Reader()),
              IsOkAndHolds(ElementsAre(
                  FromHex("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
                  FromHex("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"),
                  FromHex("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"))));
}

TEST_F(KnownVectors, ConsistencyProofs) {
  EXPECT_THAT(tree_.ConsistencyProof(1, 1, tiles_.Reader()), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(tree_.ConsistencyProof(1, 8, tiles_.Reader()),
              IsOkAndHolds(ElementsAre(
                  FromHex("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"),
                  FromHex("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"),
                  FromHex("6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"))));
  EXPECT_THAT(tree_.ConsistencyProof(6, 8, tiles_.Reader()),
              IsOkAndHolds(ElementsAre(
                  FromHex("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"),
                  FromHex("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
                  FromHex("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"))));
  EXPECT_THAT(tree_.ConsistencyProof(2, 5, tiles_.Reader()),
              IsOkAndHolds(ElementsAre(
                  FromHex("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"),
                  FromHex("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"))));
}

TEST(MerkleTreeTest, EverySizeHasTheReferencesRoot) {
  const Reference reference(600);
  Tiles tiles;
  MerkleTree tree;
  for (std::uint64_t size = 0; size <= 600; ++size) {
    ASSERT_EQ(tree.size(), size);
    ASSERT_EQ(tree.Root(), reference.Root(size)) << size;
    if (size < 600) tree.Append(reference.Leaf(size), tiles.Sink());
  }
  EXPECT_EQ(tiles.map().size(), 2);
}

// All pairs where tiles begin and end, and some of every other size.
TEST(MerkleTreeTest, ProofsEqualTheReferences) {
  const Log log(600);
  std::mt19937_64 random(1);
  for (std::uint64_t size = 1; size <= 600; ++size) {
    const MerkleHash root = log.reference.Root(size);
    const bool all = size <= 40 || size == 256 || size == 257;
    for (std::uint64_t i = 0; i < (all ? size : 2); ++i) {
      const std::uint64_t other = all ? i : random() % size;
      ASSERT_NO_FATAL_FAILURE(CheckInclusion(log, other, size, root));
      ASSERT_NO_FATAL_FAILURE(CheckConsistency(log, other, log.reference.Root(other), size, root));
    }
    ASSERT_NO_FATAL_FAILURE(CheckInclusion(log, size - 1, size, root));
    ASSERT_NO_FATAL_FAILURE(CheckConsistency(log, size, root, size, root));
    ASSERT_THAT(log.tree.RootAt(size, log.tiles.Reader()), IsOkAndHolds(root));
  }
}

TEST(MerkleTreeTest, ProofsAcrossTheSecondLevelsFirstTile) {
  const Log& log = LargeLog();
  std::mt19937_64 random(2);
  for (const std::uint64_t size :
       {65535UL, 65536UL, 65537UL, 65792UL, kLarge, 1 + random() % kLarge}) {
    const MerkleHash root = log.reference.Root(size);
    ASSERT_THAT(log.tree.RootAt(size, log.tiles.Reader()), IsOkAndHolds(root));
    const std::uint64_t index = random() % size;
    ASSERT_NO_FATAL_FAILURE(CheckInclusion(log, index, size, root));
    ASSERT_NO_FATAL_FAILURE(CheckInclusion(log, size - 1, size, root));
    ASSERT_NO_FATAL_FAILURE(CheckConsistency(log, index, log.reference.Root(index), size, root));
  }
  ASSERT_NO_FATAL_FAILURE(
      CheckConsistency(log, 65536, log.reference.Root(65536), kLarge, log.reference.Root(kLarge)));
}

TEST(MerkleTreeTest, TilesAreCompleteAndEachComesOnce) {
  Log log(kLarge);
  EXPECT_EQ(log.tiles.map().size(), kLarge / 256 + 1);
  const std::string& roots = log.tiles.map().at({1, 0});
  for (std::uint64_t i = 0; i < 256; ++i) {
    const std::string& tile = log.tiles.map().at({0, i});
    MerkleTree tree;
    for (std::size_t j = 0; j < 256; ++j) {
      const absl::string_view leaf = absl::string_view(tile).substr(32 * j, 32);
      ASSERT_EQ(leaf, MerkleBytes(log.reference.Leaf(256 * i + j)));
      tree.Append(MerkleHashFrom(leaf).value(), [](const MerkleTile&) {});
    }
    ASSERT_EQ(absl::string_view(roots).substr(32 * i, 32), MerkleBytes(tree.Root()));
  }
}

TEST(MerkleTreeTest, AProofReadsFewTiles) {
  const Log& log = LargeLog();
  Tiles tiles = log.tiles;
  tiles.TakeReads();
  AQ_ASSERT_OK(log.tree.InclusionProof(kLarge, 1000, tiles.Reader()).status());
  EXPECT_LE(tiles.TakeReads(), 2);
  // An old size whose edge lies in other tiles than the leaf.
  AQ_ASSERT_OK(log.tree.InclusionProof(40001, 1000, tiles.Reader()).status());
  EXPECT_LE(tiles.TakeReads(), 4);
  AQ_ASSERT_OK(log.tree.ConsistencyProof(1000, kLarge - 1, tiles.Reader()).status());
  EXPECT_LE(tiles.TakeReads(), 4);
}

TEST(MerkleTreeTest, RestoredOrReadBackItGoesOnAsIfNothingHadHappened) {
  Log log(0);
  log.reference = Reference(66000);
  for (const std::uint64_t size :
       {0UL, 1UL, 255UL, 256UL, 257UL, 600UL, 65535UL, 65536UL, 66000UL}) {
    while (log.tree.size() < size) {
      log.tree.Append(log.reference.Leaf(log.tree.size()), log.tiles.Sink());
    }
    AQ_ASSERT_OK_AND_ASSIGN(MerkleTree restored,
                            MerkleTree::Restore(size, log.tiles.Reader(), log.Leaves()));
    AQ_ASSERT_OK_AND_ASSIGN(MerkleTree read, MerkleTree::Deserialize(log.tree.Serialize()));
    EXPECT_EQ(restored.Serialize(), log.tree.Serialize());
    EXPECT_EQ(read.Serialize(), log.tree.Serialize());
    MerkleTree copy = log.tree;
    for (MerkleTree* tree : {&copy, &restored, &read}) {
      EXPECT_EQ(tree->size(), size);
      EXPECT_EQ(tree->Root(), log.tree.Root());
      for (int i = 0; i < 300; ++i) {
        tree->Append(MerkleLeafHash(absl::StrCat("more ", i)), [](const MerkleTile&) {});
      }
      EXPECT_EQ(tree->Serialize(), copy.Serialize());
      EXPECT_EQ(tree->Root(), copy.Root());
    }
  }
}

TEST(MerkleTreeTest, SizesBeyondTheLogAreRefused) {
  const Log log(10);
  const MerkleTileReader reader = log.tiles.Reader();
  for (const absl::Status& status :
       {log.tree.RootAt(11, reader).status(), log.tree.InclusionProof(11, 0, reader).status(),
        log.tree.InclusionProof(10, 10, reader).status(),
        log.tree.InclusionProof(0, 0, reader).status(),
        log.tree.InclusionProof(~0UL, ~0UL - 1, reader).status(),
        log.tree.ConsistencyProof(1, 11, reader).status(),
        log.tree.ConsistencyProof(6, 5, reader).status()}) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(ReasonOf(status), reason::kInvalidField);
  }
}

TEST(MerkleTreeTest, DamagedTilesAreReported) {
  Log log(600);
  log.tiles.map().at({0, 1}).pop_back();
  for (const absl::Status& status :
       {log.tree.InclusionProof(600, 300, log.tiles.Reader()).status(),
        log.tree.ConsistencyProof(300, 600, log.tiles.Reader()).status(),
        log.tree.RootAt(300, log.tiles.Reader()).status(),
        MerkleTree::Restore(600, log.tiles.Reader(), log.Leaves()).status()}) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_EQ(ReasonOf(status), reason::kStorageLost);
  }
  log.tiles.map().erase({0, 1});
  EXPECT_THAT(log.tree.InclusionProof(600, 300, log.tiles.Reader()),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(MerkleTree::Restore(600, log.tiles.Reader(), log.Leaves()),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(MerkleTree::Restore(3, log.tiles.Reader(),
                                  [](std::uint64_t) -> absl::StatusOr<MerkleHash> {
                                    return absl::UnavailableError("later");
                                  }),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST(MerkleTreeTest, AStateOfAnotherLengthIsRefused) {
  const std::string bytes = Log(300).tree.Serialize();
  EXPECT_EQ(bytes.size(), 8 + 32 * (44 + 1));
  for (const std::string& wrong :
       {bytes.substr(0, bytes.size() - 1), bytes + "x", bytes.substr(0, 8), bytes.substr(0, 7),
        std::string(), std::string(8, '\xff')}) {
    const auto tree = MerkleTree::Deserialize(wrong);
    EXPECT_THAT(tree, StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_EQ(ReasonOf(tree.status()), reason::kStorageLost);
  }
}

class VerificationTest : public ::testing::Test {
 protected:
  static void ExpectRefused(const absl::Status& status) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(ReasonOf(status), reason::kAuditProofInvalid);
  }
  static MerkleHash Flipped(MerkleHash hash, int bit) {
    hash[bit / 8 % 32] = static_cast<char>(hash[bit / 8 % 32] ^ (1 << (bit % 8)));
    return hash;
  }

  const Reference reference_{40};
};

TEST_F(VerificationTest, ChangedInclusionIsRefused) {
  for (std::uint64_t size = 1; size <= 40; ++size) {
    const MerkleHash root = reference_.Root(size);
    for (std::uint64_t index = 0; index < size; ++index) {
      const MerkleHash leaf = reference_.Leaf(index);
      const MerkleProof proof = reference_.Path(index, size);
      const int bit = static_cast<int>(7 * size + index) % 256;
      ExpectRefused(VerifyInclusion(Flipped(leaf, bit), index, size, proof, root));
      ExpectRefused(VerifyInclusion(leaf, index, size, proof, Flipped(root, bit)));
      ExpectRefused(VerifyInclusion(leaf, size, size, proof, root));
      for (std::size_t i = 0; i < proof.size(); ++i) {
        MerkleProof changed = proof;
        changed[i] = Flipped(changed[i], bit);
        ExpectRefused(VerifyInclusion(leaf, index, size, changed, root));
        changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
        ExpectRefused(VerifyInclusion(leaf, index, size, changed, root));
      }
      MerkleProof longer = proof;
      longer.push_back(root);
      ExpectRefused(VerifyInclusion(leaf, index, size, longer, root));
      if (index > 0) ExpectRefused(VerifyInclusion(leaf, index - 1, size, proof, root));
    }
  }
}

TEST_F(VerificationTest, ChangedConsistencyIsRefused) {
  for (std::uint64_t size = 2; size <= 40; ++size) {
    const MerkleHash root = reference_.Root(size);
    for (std::uint64_t old = 1; old < size; ++old) {
      const MerkleHash old_root = reference_.Root(old);
      const MerkleProof proof = reference_.Consistency(old, size);
      const int bit = static_cast<int>(7 * size + old) % 256;
      ExpectRefused(VerifyConsistency(old, Flipped(old_root, bit), size, root, proof));
      ExpectRefused(VerifyConsistency(old, old_root, size, Flipped(root, bit), proof));
      ExpectRefused(VerifyConsistency(size, root, old, old_root, proof));
      for (std::size_t i = 0; i < proof.size(); ++i) {
        MerkleProof changed = proof;
        changed[i] = Flipped(changed[i], bit);
        ExpectRefused(VerifyConsistency(old, old_root, size, root, changed));
        changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
        ExpectRefused(VerifyConsistency(old, old_root, size, root, changed));
      }
      MerkleProof longer = proof;
      longer.push_back(root);
      ExpectRefused(VerifyConsistency(old, old_root, size, root, longer));
    }
  }
}

TEST_F(VerificationTest, EmptyAndEqualLogsNeedNoProof) {
  const MerkleHash root = reference_.Root(5);
  const MerkleHash empty = MerkleEmptyRoot();
  AQ_EXPECT_OK(VerifyConsistency(0, empty, 0, empty, {}));
  AQ_EXPECT_OK(VerifyConsistency(0, empty, 5, root, {}));
  AQ_EXPECT_OK(VerifyConsistency(5, root, 5, root, {}));
  ExpectRefused(VerifyConsistency(0, root, 5, root, {}));
  ExpectRefused(VerifyConsistency(0, empty, 0, root, {}));
  ExpectRefused(VerifyConsistency(5, empty, 5, root, {}));
  ExpectRefused(VerifyConsistency(0, empty, 5, root, {root}));
  ExpectRefused(VerifyConsistency(5, root, 5, root, {root}));
  ExpectRefused(VerifyConsistency(4, root, 5, root, {}));
}

TEST_F(VerificationTest, TheLargestSizesAndLongestProofsEnd) {
  const MerkleHash hash = MerkleEmptyRoot();
  for (std::size_t length : {0, 1, 63, 64, 65, 1000}) {
    const MerkleProof proof(length, hash);
    ExpectRefused(VerifyInclusion(hash, ~0UL - 1, ~0UL, proof, hash));
    ExpectRefused(VerifyInclusion(hash, 0, ~0UL, proof, hash));
    ExpectRefused(VerifyConsistency(1UL << 63, hash, ~0UL, hash, proof));
    ExpectRefused(VerifyConsistency(~0UL - 1, hash, ~0UL, hash, proof));
  }
}

}  // namespace
}  // namespace anqiao

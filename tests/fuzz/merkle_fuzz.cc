// Proofs: hostile ones are refused or lead to the one root that they lead to, and to no other.
//
// Input: a byte that says what is verified, then two numbers of 8 bytes and hashes of 32.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "hub/base/merkle.h"

namespace {

using anqiao::MerkleHash;
using anqiao::MerkleProof;

// A log to take honest proofs from; its leaves are 256 and some.
constexpr std::uint64_t kLeaves = 300;

MerkleHash Leaf(std::uint64_t i) {
  const char bytes[] = {static_cast<char>(i), static_cast<char>(i >> 8)};
  return anqiao::MerkleLeafHash({bytes, sizeof(bytes)});
}

struct Log {
  Log() {
    for (std::uint64_t i = 0; i < kLeaves; ++i) {
      tree.Append(Leaf(i),
                  [this](const anqiao::MerkleTile& tile) { bytes = std::string(tile.bytes); });
    }
  }
  anqiao::MerkleTileReader Reader() const {
    return [this](int, std::uint64_t) -> absl::StatusOr<std::string> { return bytes; };
  }

  anqiao::MerkleTree tree;
  std::string bytes;
};

class Input {
 public:
  explicit Input(absl::string_view bytes) : bytes_(bytes) {}

  std::uint64_t Number() {
    std::uint64_t number = 0;
    for (int i = 0; i < 8 && !bytes_.empty(); ++i, bytes_.remove_prefix(1)) {
      number = number << 8 | static_cast<unsigned char>(bytes_.front());
    }
    return number;
  }
  MerkleHash Hash() {
    MerkleHash hash{};
    for (std::size_t i = 0; i < hash.size() && !bytes_.empty(); ++i, bytes_.remove_prefix(1)) {
      hash[i] = bytes_.front();
    }
    return hash;
  }
  MerkleProof Rest() {
    MerkleProof proof;
    while (!bytes_.empty()) proof.push_back(Hash());
    return proof;
  }

 private:
  absl::string_view bytes_;
};

MerkleHash Altered(MerkleHash hash, std::uint64_t by) {
  hash[by % hash.size()] = static_cast<char>(hash[by % hash.size()] ^ (1 << (by / 32 % 8)));
  return hash;
}

// Whatever the input says.
void Hostile(Input input) {
  const std::uint64_t a = input.Number();
  const std::uint64_t b = input.Number();
  const MerkleHash first = input.Hash();
  const MerkleHash second = input.Hash();
  const MerkleProof proof = input.Rest();
  if (anqiao::VerifyInclusion(first, a, b, proof, second).ok()) {
    if (a >= b) abort();
    if (anqiao::VerifyInclusion(first, a, b, proof, Altered(second, a)).ok()) abort();
    if (anqiao::VerifyInclusion(Altered(first, b), a, b, proof, second).ok()) abort();
  }
  if (anqiao::VerifyConsistency(a, first, b, second, proof).ok()) {
    if (a > b) abort();
    if (anqiao::VerifyConsistency(a, Altered(first, b), b, second, proof).ok()) abort();
    if (a > 0 && anqiao::VerifyConsistency(a, first, b, Altered(second, a), proof).ok()) abort();
  }
}

// An honest proof of the log, with the input's bytes laid over it: accepted only if nothing
// changed.
void Tampered(Input input) {
  static const Log log;
  const std::uint64_t size = 1 + input.Number() % kLeaves;
  const std::uint64_t index = input.Number() % size;
  const bool consistency = input.Number() % 2 != 0;
  const MerkleProof honest = (consistency ? log.tree.ConsistencyProof(index, size, log.Reader())
                                          : log.tree.InclusionProof(size, index, log.Reader()))
                                 .value();
  const MerkleHash root = log.tree.RootAt(size, log.Reader()).value();
  MerkleProof proof = honest;
  for (MerkleHash& hash : proof) {
    const MerkleHash mask = input.Hash();
    for (std::size_t i = 0; i < hash.size(); ++i) hash[i] = static_cast<char>(hash[i] ^ mask[i]);
  }
  for (const MerkleHash& more : input.Rest()) proof.push_back(more);
  const absl::Status status =
      consistency ? anqiao::VerifyConsistency(index, log.tree.RootAt(index, log.Reader()).value(),
                                              size, root, proof)
                  : anqiao::VerifyInclusion(Leaf(index), index, size, proof, root);
  if (status.ok() != (proof == honest)) abort();
}

void State(absl::string_view bytes) {
  auto tree = anqiao::MerkleTree::Deserialize(bytes);
  if (!tree.ok()) return;
  if (tree->Serialize() != bytes) abort();
  if (tree->size() < (std::uint64_t{1} << 63))
    tree->Append(Leaf(0), [](const anqiao::MerkleTile&) {});
  tree->Root();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const absl::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      Hostile(Input(rest));
      break;
    case 1:
      Tampered(Input(rest));
      break;
    default:
      State(rest);
  }
  return 0;
}

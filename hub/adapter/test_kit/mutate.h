// Damaged payloads, the same for the same seed.
//
// Thread-compatible.

#ifndef ANQIAO_HUB_ADAPTER_TEST_KIT_MUTATE_H_
#define ANQIAO_HUB_ADAPTER_TEST_KIT_MUTATE_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "hub/adapter/test_kit/input.h"

namespace anqiao::test_kit {

class Mutator {
 public:
  // "inputs" outlive the mutator; not empty.
  Mutator(const std::vector<Input>& inputs, std::uint64_t seed) : inputs_(inputs), random_(seed) {}

  // One of the inputs with one to eight changes: cut off, bits flipped, bytes that formats care
  // about, pieces of another input, of other encodings, fields swapped, rows repeated or removed,
  // lines of up to 1 MiB. Its name says which, such as "roster#17 flip,cut".
  Input Next();

 private:
  std::size_t Below(std::size_t bound);
  // Changes "payload", of at most 4 MiB, and says how.
  absl::string_view Change(std::string& payload);
  absl::string_view ChangeBytes(std::string& payload, std::size_t at, std::size_t kind);
  absl::string_view ChangeStructure(std::string& payload, std::size_t at, std::size_t kind);
  void SwapFields(std::string& payload, std::size_t at);

  const std::vector<Input>& inputs_;
  std::mt19937_64 random_;
  std::uint64_t count_ = 0;
};

}  // namespace anqiao::test_kit

#endif  // ANQIAO_HUB_ADAPTER_TEST_KIT_MUTATE_H_

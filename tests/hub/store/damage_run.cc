#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/hub/store/fault_runs.h"

namespace anqiao::store {
namespace {

using testing::FaultSite;
using testing::FaultyDisk;
using testing::FileCall;
using testing::FileKind;
using testing::SiteOf;

// A store is built anew after so many damages, so that files differ.
constexpr int kDamagesPerStore = 50;

struct BuiltStore {
  FaultyDisk::Image image;
  StoreOracle oracle;
};

// Closes a store that has flushed and compacted tables, blob files and logs with entries.
BuiltStore Build(const FaultOpener& opener, std::uint64_t seed, RunReport& report) {
  const FaultyMachine machine(seed);
  StoreOracle oracle(seed);
  const std::uint64_t lives = 1 + seed % 3;
  for (std::uint64_t life = 0; life < lives; ++life) {
    const absl::StatusOr<std::unique_ptr<Store>> store = machine.Open(opener);
    if (!store.ok()) {
      report.AddViolation(absl::StrCat("it does not open: ", store.status().ToString()));
      break;
    }
    const absl::StatusOr<Epoch> epoch = (*store)->AcquireWriter();
    for (std::uint64_t i = 0; epoch.ok() && i < 60 + seed % 40; ++i) {
      const absl::StatusOr<Sequence> last = (*store)->Append(*epoch, oracle.NextGroup());
      if (!last.ok()) break;
      oracle.Acknowledge(*last, report);
      if (i % 4 == 0 && !oracle.ApplyNext(**store).ok()) break;
    }
  }
  return {machine.files->Save(), std::move(oracle)};
}

// A file of any sort whose bytes matter (options, locks and identities do not), each sort as often
// as another.
std::string PickTarget(const FaultyDisk::Image& image, StoreOracle::Random& random) {
  std::map<FaultSite, std::vector<std::string>> sorts;
  for (const auto& [path, bytes] : image) {
    const FaultSite site = SiteOf(FileCall::kOpen, path);
    if (bytes.has_value() && !bytes->empty() && site.kind != FileKind::kOther) {
      sorts[site].push_back(path);
    }
  }
  const std::vector<std::string>& paths =
      std::next(sorts.begin(), static_cast<std::ptrdiff_t>(random() % sorts.size()))->second;
  return paths[random() % paths.size()];
}

// Changes "bytes" and says how.
std::string Damage(std::string& bytes, StoreOracle::Random& random) {
  const std::size_t at = random() % bytes.size();
  switch (random() % 5) {
    case 0:
    case 1:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
      return absl::StrCat("bit flipped at ", at, " of ", bytes.size());
    case 2: {
      const std::size_t end = std::min(bytes.size(), at + 1 + random() % 512);
      const char fill = static_cast<char>(random() % 2 == 0 ? 0 : random());
      std::fill(bytes.begin() + at, bytes.begin() + end, fill);
      return absl::StrCat("overwritten from ", at, " to ", end, " of ", bytes.size());
    }
    default: {
      const std::string text = absl::StrCat("cut off at ", at, " of ", bytes.size());
      bytes.resize(at);
      return text;
    }
  }
}

// RocksDB 7.8 reads the last 4 bytes of a table's properties before it checks them, and where they
// are damaged may end the process (an assertion, in Debian's build): these keep their value.
void SpareProperties(const std::string& before, std::string& bytes) {
  constexpr std::size_t kFooterBytes = 53;
  constexpr std::size_t kTrailerBytes = 5;
  constexpr std::size_t kSparedBytes = 4;
  if (bytes.size() != before.size() || bytes.size() < kFooterBytes) return;
  // The metaindex lies behind the properties; the footer tells where, as a varint.
  std::size_t metaindex = 0;
  std::size_t at = before.size() - kFooterBytes + 1;
  for (int shift = 0; shift < 64; shift += 7, ++at) {
    metaindex |= static_cast<std::size_t>(before[at] & 0x7f) << shift;
    if ((before[at] & 0x80) == 0) break;
  }
  if (metaindex < kTrailerBytes + kSparedBytes || metaindex > before.size()) return;
  const std::size_t begin = metaindex - kTrailerBytes - kSparedBytes;
  bytes.replace(begin, kSparedBytes, before, begin, kSparedBytes);
}

void TryOne(const FaultOpener& opener, const DamageOptions& options, const BuiltStore& built,
            StoreOracle::Random& random, RunReport& report) {
  FaultyDisk::Image image = built.image;
  const std::string target = PickTarget(image, random);
  const std::string before = *image[target];
  const std::string how = Damage(*image[target], random);
  if (SiteOf(FileCall::kOpen, target).kind == FileKind::kTable) {
    SpareProperties(before, *image[target]);
  }
  if (*image[target] == before) return;
  report.where = absl::StrCat("damage ", report.counts["damages"]++, ", ", target, " ", how);
  const FaultyMachine machine(random());
  machine.files->Load(image);
  StoreOracle oracle = built.oracle;
  const absl::StatusOr<std::unique_ptr<Store>> store = machine.Open(
      opener, {.skips_damaged_log_records = options.lax, .ignores_recorded_ends = options.lax});
  if (store.ok()) {
    const std::uint64_t violations = report.violations;
    if (oracle.Check(**store, true, report)) {
      ++report.counts["nothing lost"];
    } else if (report.violations == violations) {
      ++report.counts["noticed when read"];
    }
  } else if (absl::IsDataLoss(store.status()) || absl::IsFailedPrecondition(store.status())) {
    ++report.counts["refused to open"];
  } else {
    report.AddViolation(absl::StrCat("opening answered ", store.status().ToString()));
  }
}

}  // namespace

RunReport RunDamage(const FaultOpener& opener, const DamageOptions& options) {
  RunReport report{.name = "damage", .seed = options.seed};
  StoreOracle::Random random(options.seed);
  std::unique_ptr<BuiltStore> built;
  for (int i = 0; i < options.damages; ++i) {
    if (i % kDamagesPerStore == 0) {
      report.where = "building";
      built = std::make_unique<BuiltStore>(Build(opener, options.seed + i, report));
    }
    TryOne(opener, options, *built, random, report);
  }
  return report;
}

}  // namespace anqiao::store

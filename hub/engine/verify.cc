#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/status_macros.h"
#include "hub/engine/engine.h"
#include "hub/engine/projector.h"
#include "hub/store/checksum.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

// Sums of hashes over keys and values, spread over buckets by the key, so that any number of rows
// is compared in bounded memory whatever order they come in.
class Summary {
 public:
  static constexpr std::size_t kBuckets = 1 << 14;

  static std::size_t BucketOf(absl::string_view key) {
    const std::string hash = Sha256(key);
    return (static_cast<unsigned char>(hash[0]) << 8 | static_cast<unsigned char>(hash[1])) %
           kBuckets;
  }

  absl::Status Add(const store::Snapshot& snapshot) {
    return snapshot.Scan("", "", [&](absl::string_view key, absl::string_view value) {
      AddRow(key, value);
      return true;
    });
  }

  std::int64_t rows() const { return rows_; }
  bool Differs(const Summary& other, std::size_t bucket) const {
    return sums_[bucket] != other.sums_[bucket];
  }
  std::string Hash() const {
    std::string all;
    all.reserve(kBuckets * sizeof(Sum));
    for (const Sum& sum : sums_) {
      for (const std::uint64_t word : sum) absl::StrAppend(&all, store::EncodeNumber(word));
    }
    return Hex(Sha256(all));
  }

 private:
  using Sum = std::array<std::uint64_t, 4>;

  void AddRow(absl::string_view key, absl::string_view value) {
    const std::string row = Sha256(absl::StrCat(store::EncodeNumber(key.size()), key, value));
    Sum& sum = sums_[BucketOf(key)];
    // Addition of 256-bit numbers.
    unsigned char carry = 0;
    for (std::size_t i = 4; i-- > 0;) {
      std::uint64_t word = 0;
      for (std::size_t k = 0; k < 8; ++k) {
        word = word << 8 | static_cast<unsigned char>(row[8 * i + k]);
      }
      const std::uint64_t with = sum[i] + word;
      const std::uint64_t total = with + carry;
      carry = static_cast<unsigned char>((with < word) | (total < with));
      sum[i] = total;
    }
    ++rows_;
  }

  std::vector<Sum> sums_ = std::vector<Sum>(kBuckets);
  std::int64_t rows_ = 0;
};

std::string FamilyName(char family) {
  static const std::map<char, std::string>& names = *new std::map<char, std::string>{
      {'m', "meta"},     {'r', "records"},    {'p', "people"},      {'b', "blocks"},
      {'q', "requests"}, {'f', "referrals"},  {'o', "pseudonyms"},  {'d', "deliveries"},
      {'w', "pending"},  {'n', "quarantine"}, {'l', "disclosures"}, {'c', "counts"},
      {'k', "consents"}, {'t', "due"}};
  const auto it = names.find(family);
  return it == names.end() ? "unknown" : it->second;
}

struct Difference {
  std::int64_t missing = 0, extra = 0, other = 0;
};

using Rows = absl::flat_hash_map<std::string, std::string>;

// So few are not worth a thread.
constexpr store::Sequence kAloneEntries = 10'000;

// Key and hash of the value of the rows in buckets that differ; of so many at most.
constexpr std::size_t kRowsMax = 200'000;

absl::StatusOr<Rows> RowsOf(const store::Snapshot& snapshot, const Summary& a, const Summary& b) {
  Rows rows;
  AQ_RETURN_IF_ERROR(snapshot.Scan("", "", [&](absl::string_view key, absl::string_view value) {
    if (a.Differs(b, Summary::BucketOf(key))) rows.emplace(std::string(key), Sha256(value));
    return rows.size() < kRowsMax;
  }));
  return rows;
}

// Keys may name people, so differences are counted by family.
std::vector<std::string> Compare(const Rows& live, const Rows& rebuilt) {
  std::map<std::string, Difference> families;
  for (const auto& [key, hash] : live) {
    Difference& difference = families[FamilyName(key.empty() ? '\0' : key[0])];
    const auto other = rebuilt.find(key);
    if (other == rebuilt.end()) {
      ++difference.extra;
    } else if (other->second != hash) {
      ++difference.other;
    }
  }
  for (const auto& [key, hash] : rebuilt) {
    if (!live.contains(key)) ++families[FamilyName(key.empty() ? '\0' : key[0])].missing;
  }
  std::vector<std::string> lines;
  for (const auto& [family, difference] : families) {
    if (difference.other + difference.missing + difference.extra == 0) continue;
    lines.push_back(absl::StrCat(family, ": ", difference.other, " other, ", difference.missing,
                                 " missing, ", difference.extra, " too many"));
  }
  return lines;
}

}  // namespace

absl::StatusOr<VerifyReport> VerifyProjections(
    store::Store& store, const std::function<bool(store::Sequence, store::Sequence)>& progress) {
  const std::unique_ptr<store::Snapshot> snapshot = store.NewSnapshot();
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<store::ProjectionStore> beside,
                      store.NewProjections(store::ProjectionPurpose::kCompare));
  Projection projection(beside.get());
  AQ_RETURN_IF_ERROR(
      ApplyJournal(store, snapshot->sequence(), beside.get(), &projection, progress));
  const std::unique_ptr<store::Snapshot> rebuilt_snapshot = beside->NewSnapshot();
  Summary live, rebuilt;
  absl::Status live_status;
  std::thread other;
  if (snapshot->sequence() > kAloneEntries) {
    // One core each.
    other = std::thread([&] { live_status = live.Add(*snapshot); });
  } else {
    live_status = live.Add(*snapshot);
  }
  const absl::Status rebuilt_status = rebuilt.Add(*rebuilt_snapshot);
  if (other.joinable()) other.join();
  AQ_RETURN_IF_ERROR(live_status);
  AQ_RETURN_IF_ERROR(rebuilt_status);
  VerifyReport report;
  report.keys = live.rows();
  report.live_hash = live.Hash();
  report.rebuilt_hash = rebuilt.Hash();
  report.equal = report.live_hash == report.rebuilt_hash;
  if (report.equal) return report;
  AQ_ASSIGN_OR_RETURN(const Rows live_rows, RowsOf(*snapshot, live, rebuilt));
  AQ_ASSIGN_OR_RETURN(const Rows rebuilt_rows, RowsOf(*rebuilt_snapshot, live, rebuilt));
  report.differences = Compare(live_rows, rebuilt_rows);
  return report;
}

}  // namespace anqiao::engine

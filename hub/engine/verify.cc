#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/status_macros.h"
#include "hub/engine/engine.h"
#include "hub/engine/projector.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

// Key and hash of the value, in key order.
using Digests = std::vector<std::pair<std::string, std::string>>;

absl::StatusOr<Digests> DigestsOf(const store::Snapshot& snapshot) {
  Digests digests;
  AQ_RETURN_IF_ERROR(snapshot.Scan("", "", [&](absl::string_view key, absl::string_view value) {
    digests.emplace_back(std::string(key), Sha256(value));
    return true;
  }));
  return digests;
}

std::string HashOf(const Digests& digests) {
  std::string all;
  all.reserve(digests.size() * 64);
  for (const auto& [key, value] : digests) all += Sha256(key) + value;
  return Hex(Sha256(all));
}

std::string FamilyName(char family) {
  static const std::map<char, std::string>& names = *new std::map<char, std::string>{
      {'m', "meta"},     {'r', "records"},    {'p', "people"},      {'b', "blocks"},
      {'q', "requests"}, {'f', "referrals"},  {'o', "pseudonyms"},  {'d', "deliveries"},
      {'w', "pending"},  {'n', "quarantine"}, {'l', "disclosures"}, {'c', "counts"}};
  const auto it = names.find(family);
  return it == names.end() ? "unknown" : it->second;
}

struct Difference {
  std::int64_t missing = 0, extra = 0, other = 0;
};

// Keys may name people, so differences are counted by family.
std::vector<std::string> Compare(const Digests& live, const Digests& rebuilt) {
  std::map<std::string, Difference> families;
  std::size_t i = 0, k = 0;
  while (i < live.size() || k < rebuilt.size()) {
    const bool only_live =
        k == rebuilt.size() || (i < live.size() && live[i].first < rebuilt[k].first);
    const bool only_rebuilt = !only_live && (i == live.size() || rebuilt[k].first < live[i].first);
    const std::string& key = only_rebuilt ? rebuilt[k].first : live[i].first;
    const std::string family = FamilyName(key.empty() ? '\0' : key[0]);
    if (only_live) {
      ++families[family].extra;
    } else if (only_rebuilt) {
      ++families[family].missing;
    } else if (live[i].second != rebuilt[k].second) {
      ++families[family].other;
    }
    if (!only_rebuilt) ++i;
    if (!only_live) ++k;
  }
  std::vector<std::string> lines;
  for (const auto& [family, difference] : families) {
    lines.push_back(absl::StrCat(family, ": ", difference.other, " other, ", difference.missing,
                                 " missing, ", difference.extra, " too many"));
  }
  return lines;
}

}  // namespace

absl::StatusOr<VerifyReport> VerifyProjections(
    const store::Store& store,
    const std::function<bool(store::Sequence, store::Sequence)>& progress) {
  const std::unique_ptr<store::Snapshot> snapshot = store.NewSnapshot();
  const std::unique_ptr<store::Store> rebuilt_store = store::NewMemoryStore();
  Projection projection(rebuilt_store.get());
  AQ_RETURN_IF_ERROR(
      ApplyJournal(store, snapshot->sequence(), rebuilt_store.get(), &projection, progress));
  AQ_ASSIGN_OR_RETURN(const Digests live, DigestsOf(*snapshot));
  AQ_ASSIGN_OR_RETURN(const Digests rebuilt, DigestsOf(*rebuilt_store->NewSnapshot()));
  VerifyReport report;
  report.keys = static_cast<std::int64_t>(live.size());
  report.live_hash = HashOf(live);
  report.rebuilt_hash = HashOf(rebuilt);
  report.differences = Compare(live, rebuilt);
  report.equal = report.live_hash == report.rebuilt_hash;
  return report;
}

}  // namespace anqiao::engine

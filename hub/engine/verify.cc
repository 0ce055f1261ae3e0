#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

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

  // Only spreads: what is compared are the sums.
  static std::size_t BucketOf(absl::string_view key) { return store::Crc32c(key) % kBuckets; }

  // The rows from "begin" to before "end" (empty: to the last), or those of them that came before
  // "stop" became true.
  absl::Status Add(const store::Snapshot& snapshot, absl::string_view begin, absl::string_view end,
                   const std::atomic<bool>& stop) {
    return snapshot.Scan(begin, end, [&](absl::string_view key, absl::string_view value) {
      AddRow(key, value);
      return !stop.load(std::memory_order_relaxed);
    });
  }
  void Add(const Summary& other) {
    for (std::size_t i = 0; i < kBuckets; ++i) AddTo(other.sums_[i], &sums_[i]);
    rows_ += other.rows_;
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
    row_.clear();
    absl::StrAppend(&row_, store::EncodeNumber(key.size()), key, value);
    const std::string hash = Sha256(row_);
    Sum row{};
    for (std::size_t i = 0; i < hash.size(); ++i) {
      row[i / 8] = row[i / 8] << 8 | static_cast<unsigned char>(hash[i]);
    }
    AddTo(row, &sums_[BucketOf(key)]);
    ++rows_;
  }

  // Addition of 256-bit numbers.
  static void AddTo(const Sum& row, Sum* sum) {
    unsigned char carry = 0;
    for (std::size_t i = row.size(); i-- > 0;) {
      const std::uint64_t with = (*sum)[i] + row[i];
      const std::uint64_t total = with + carry;
      carry = static_cast<unsigned char>((with < row[i]) | (total < with));
      (*sum)[i] = total;
    }
  }

  std::vector<Sum> sums_ = std::vector<Sum>(kBuckets);
  std::string row_;  // what is hashed
  std::int64_t rows_ = 0;
};

// A function on a thread of its own, or on the caller's when it is joined. Destroying it before
// stops it.
class SideTask {
 public:
  using Function = std::function<absl::Status(const std::atomic<bool>& stop)>;

  SideTask(bool own_thread, Function function) : function_(std::move(function)) {
    if (own_thread) thread_ = std::thread([this] { status_ = function_(stop_); });
  }
  ~SideTask() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  SideTask(const SideTask&) = delete;
  SideTask& operator=(const SideTask&) = delete;

  absl::Status Join() {
    if (!thread_.joinable()) return function_(stop_);
    thread_.join();
    return status_;
  }

 private:
  const Function function_;
  std::atomic<bool> stop_ = false;
  absl::Status status_;
  std::thread thread_;
};

std::string FamilyName(char family) {
  static const std::map<char, std::string>& names = *new std::map<char, std::string>{
      {'m', "meta"},     {'r', "records"},    {'p', "people"},       {'b', "blocks"},
      {'q', "requests"}, {'f', "referrals"},  {'o', "pseudonyms"},   {'d', "deliveries"},
      {'w', "pending"},  {'n', "quarantine"}, {'l', "disclosures"},  {'c', "counts"},
      {'x', "dead"},     {'k', "consents"},   {'t', "due"},          {'e', "notes"},
      {'v', "looks"},    {'a', "asked"},      {'g', "team members"}, {'s', "dispatches"},
      {'j', "identity"}, {'u', "reviews"},    {'z', "regrouped"}};
  const auto it = names.find(family);
  return it == names.end() ? "unknown" : it->second;
}

struct Difference {
  std::int64_t missing = 0, extra = 0, other = 0;
};

// So few are not worth a thread.
constexpr store::Sequence kAloneEntries = 10'000;

// Rows in buckets that differ; so many of each set are looked up in the other at most.
constexpr int kRowsMax = 200'000;

// By family, since keys may name people.
using FamilyDifferences = std::map<std::string, Difference>;

// Calls "tell" for the rows of "from" that "in" does not have so: with another value, or not at
// all. One by one, since the sets' rows come in different orders: the live ones' in that of hidden
// keys.
absl::Status LookUp(const store::Snapshot& from, const store::Snapshot& in, const Summary& a,
                    const Summary& b,
                    const std::function<void(Difference& family, bool lacking)>& tell,
                    FamilyDifferences* families) {
  int rows = 0;
  absl::Status failure;
  AQ_RETURN_IF_ERROR(from.Scan("", "", [&](absl::string_view key, absl::string_view value) {
    if (!a.Differs(b, Summary::BucketOf(key))) return true;
    const absl::StatusOr<std::string> found = in.Get(key);
    const bool lacking = absl::IsNotFound(found.status());
    if (!lacking && !found.ok()) {
      failure = found.status();
      return false;
    }
    if (lacking || *found != value) {
      tell((*families)[FamilyName(key.empty() ? '\0' : key[0])], lacking);
    }
    return ++rows < kRowsMax;
  }));
  return failure;
}

absl::StatusOr<std::vector<std::string>> Compare(const store::Snapshot& live_rows,
                                                 const store::Snapshot& rebuilt_rows,
                                                 const Summary& live, const Summary& rebuilt) {
  FamilyDifferences families;
  AQ_RETURN_IF_ERROR(LookUp(
      live_rows, rebuilt_rows, live, rebuilt,
      [](Difference& family, bool lacking) { ++(lacking ? family.extra : family.other); },
      &families));
  AQ_RETURN_IF_ERROR(LookUp(
      rebuilt_rows, live_rows, live, rebuilt,
      [](Difference& family, bool lacking) { family.missing += lacking ? 1 : 0; }, &families));
  std::vector<std::string> lines;
  for (const auto& [family, difference] : families) {
    lines.push_back(absl::StrCat(family, ": ", difference.other, " other, ", difference.missing,
                                 " missing, ", difference.extra, " too many"));
  }
  return lines;
}

}  // namespace

absl::StatusOr<VerifyReport> VerifyProjections(
    store::Store& store, const std::function<bool(store::Sequence, store::Sequence)>& progress) {
  const std::unique_ptr<store::Snapshot> snapshot = store.NewSnapshot();
  AQ_ASSIGN_OR_RETURN(const std::shared_ptr<const IdentityModel> model, ModelOf(store, *snapshot));
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<store::ProjectionStore> beside,
                      store.NewProjections(store::ProjectionPurpose::kCompare));
  const bool threads = snapshot->sequence() > kAloneEntries;
  // What is live is read while the rest is computed: one thread does not keep two cores busy.
  Summary live, rebuilt;
  SideTask reading(
      threads, [&](const std::atomic<bool>& stop) { return live.Add(*snapshot, "", "", stop); });
  Projection projection(beside.get(), *model);
  AQ_RETURN_IF_ERROR(
      ApplyJournal(store, snapshot->sequence(), beside.get(), &projection, progress));
  const std::unique_ptr<store::Snapshot> rebuilt_snapshot = beside->NewSnapshot();
  Summary rest;
  const std::string middle = store::FamilyRange(store::Family::kPerson).begin;
  SideTask half(threads, [&](const std::atomic<bool>& stop) {
    return rest.Add(*rebuilt_snapshot, middle, "", stop);
  });
  AQ_RETURN_IF_ERROR(rebuilt.Add(*rebuilt_snapshot, "", middle, std::atomic<bool>(false)));
  AQ_RETURN_IF_ERROR(half.Join());
  rebuilt.Add(rest);
  AQ_RETURN_IF_ERROR(reading.Join());
  VerifyReport report;
  report.keys = live.rows();
  report.live_hash = live.Hash();
  report.rebuilt_hash = rebuilt.Hash();
  report.equal = report.live_hash == report.rebuilt_hash;
  if (report.equal) return report;
  AQ_ASSIGN_OR_RETURN(report.differences, Compare(*snapshot, *rebuilt_snapshot, live, rebuilt));
  return report;
}

}  // namespace anqiao::engine

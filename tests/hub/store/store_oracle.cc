#include "tests/hub/store/store_oracle.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"

namespace anqiao::store {
namespace {

constexpr std::size_t kExamplesMax = 8;
constexpr Sequence kRowKeys = 16;

// What the group that ends at "end" writes into the projections.
void AddRows(Sequence end, std::map<std::string, std::string>& put, std::string& removed) {
  removed = absl::StrCat("row", end * 7 % kRowKeys);
  put[absl::StrCat("row", end * 5 % kRowKeys)] =
      absl::StrCat(end, ":", std::string(end * 131 % 1500, static_cast<char>('a' + end % 26)));
  put["last"] = absl::StrCat(end);
  put.erase(removed);
}

}  // namespace

void RunReport::AddViolation(absl::string_view what) {
  ++violations;
  if (examples.size() < kExamplesMax) examples.push_back(absl::StrCat(where, ": ", what));
}

void RunReport::Add(const RunReport& part) {
  for (const auto& [what, count] : part.counts) counts[what] += count;
  violations += part.violations;
  for (const std::string& example : part.examples) {
    if (examples.size() < kExamplesMax) examples.push_back(example);
  }
}

std::string RunReport::ToString() const {
  std::string text = absl::StrCat(name, ", seed ", seed, ":");
  const char* separator = " ";
  for (const auto& [what, count] : counts) {
    absl::StrAppend(&text, separator, what, " ", count);
    separator = ", ";
  }
  absl::StrAppend(&text, "; ", violations, " violations");
  for (const std::string& example : examples) absl::StrAppend(&text, "\n  ", example);
  return text;
}

std::string StoreOracle::Text(std::size_t length) {
  std::string text(length, ' ');
  for (char& c : text) c = static_cast<char>('a' + random_() % 26);
  return text;
}

AppendGroup StoreOracle::NextGroup(int entries_max) {
  AppendGroup group;
  ++made_;
  const std::uint64_t count = 1 + random_() % entries_max;
  for (std::uint64_t i = 1; i <= count; ++i) {
    group.entries.push_back(
        absl::StrCat("group ", made_, " entry ", i, "/", count, " ", Text(random_() % 400)));
  }
  if (random_() % 3 == 0) {
    for (std::uint64_t i = 0; i <= random_() % 3; ++i) {
      const std::size_t size = random_() % 2 == 0 ? random_() % 200 : 4000 + random_() % 12000;
      group.blobs.emplace_back(absl::StrCat("blob-", made_, "-", i), Text(size));
    }
  }
  if (random_() % 5 == 0 && !blobs_.empty()) {
    const auto victim = std::next(blobs_.begin(), random_() % blobs_.size());
    if (victim->second.removal == Removal::kThere) group.removed_blobs.push_back(victim->first);
  }
  unanswered_.push_back(group);
  return group;
}

void StoreOracle::Take(const AppendGroup& group) {
  for (const std::string& entry : group.entries) entries_.push_back(entry);
  ends_.push_back(entries_.size());
  for (const store::Blob& blob : group.blobs) blobs_[blob.name] = {blob.bytes, Removal::kThere};
  for (const std::string& name : group.removed_blobs) blobs_[name].removal = Removal::kRemoved;
}

void StoreOracle::Acknowledge(Sequence last, RunReport& report) {
  const AppendGroup group = unanswered_.back();
  unanswered_.clear();
  Take(group);
  if (last != end()) {
    report.AddViolation(absl::StrCat("a group was acknowledged at ", last, ", not ", end()));
  }
}

absl::Status StoreOracle::ApplyNext(Store& store) const {
  for (auto at = std::upper_bound(ends_.begin(), ends_.end(), store.applied_sequence());
       at != ends_.end(); ++at) {
    std::map<std::string, std::string> put;
    std::string removed;
    AddRows(*at, put, removed);
    const std::unique_ptr<ProjectionBatch> batch = store.NewBatch();
    for (const auto& [key, value] : put) batch->Put(key, value);
    batch->Delete(removed);
    AQ_RETURN_IF_ERROR(store.Apply(*batch, *at));
  }
  return absl::OkStatus();
}

StoreOracle::Rows StoreOracle::RowsAt(Sequence applied) const {
  Rows rows;
  for (const Sequence end : ends_) {
    if (end > applied) break;
    std::string removed;
    AddRows(end, rows, removed);
  }
  return rows;
}

bool StoreOracle::Accept(const absl::Status& status, bool damaged, absl::string_view what,
                         RunReport& report) const {
  if (status.ok()) return true;
  if (!(damaged && absl::IsDataLoss(status))) {
    report.AddViolation(absl::StrCat(what, ": ", status.ToString()));
  }
  return false;
}

bool StoreOracle::Check(const Store& store, bool damaged, RunReport& report) {
  const std::uint64_t violations = report.violations;
  // All three, so that damage noticed in one does not hide what is wrong in another.
  const bool journal = CheckJournal(store, damaged, report);
  const bool blobs = CheckBlobs(store, damaged, report);
  const bool projections = CheckProjections(store, damaged, report);
  return journal && blobs && projections && report.violations == violations;
}

bool StoreOracle::CheckJournal(const Store& store, bool damaged, RunReport& report) {
  const Sequence end_found = store.synced_sequence();
  if (end_found < end()) {
    report.AddViolation(
        absl::StrCat("the journal ends at ", end_found, ", ", end(), " was acknowledged"));
    return false;
  }
  Sequence expected = 0;
  std::vector<std::string> tail;
  bool same = true;
  const absl::Status read = store.ReadJournal(1, [&](Sequence sequence, absl::string_view entry) {
    same = sequence == ++expected && (sequence > end() || entries_[sequence - 1] == entry);
    if (sequence > end()) tail.emplace_back(entry);
    return same;
  });
  if (!same) {
    report.AddViolation(absl::StrCat("entry ", expected, " is not what was acknowledged"));
    return false;
  }
  if (!Accept(read, damaged, "reading the journal", report)) return false;
  if (expected != end_found) {
    report.AddViolation(absl::StrCat("reading ended after ", expected, " of ", end_found));
    return false;
  }
  if (!CheckTail(tail, report)) return false;
  if (end() == 0) return true;
  const Sequence one = 1 + random_() % end();
  const absl::StatusOr<std::string> entry = store.GetEntry(one);
  if (!Accept(entry.status(), damaged, absl::StrCat("entry ", one), report)) return false;
  if (*entry != entries_[one - 1]) {
    report.AddViolation(absl::StrCat("entry ", one, " is wrong when read alone"));
  }
  return true;
}

bool StoreOracle::CheckTail(const std::vector<std::string>& tail, RunReport& report) {
  if (tail.empty()) {
    unanswered_.clear();
    return true;
  }
  const auto found = std::find_if(unanswered_.begin(), unanswered_.end(),
                                  [&](const AppendGroup& group) { return group.entries == tail; });
  if (found == unanswered_.end()) {
    report.AddViolation(absl::StrCat("the ", tail.size(), " entries after ", end(),
                                     " are no whole group of those unanswered"));
    return false;
  }
  const AppendGroup group = *found;
  unanswered_.clear();
  Take(group);
  ++report.counts["groups found that were not acknowledged"];
  return true;
}

bool StoreOracle::CheckBlobs(const Store& store, bool damaged, RunReport& report) const {
  bool all = true;
  for (const auto& [name, blob] : blobs_) {
    const absl::StatusOr<std::string> got = store.GetBlob(name);
    if (blob.removal == Removal::kRemoved) {
      if (absl::IsNotFound(got.status())) continue;
      if (got.ok()) {
        report.AddViolation(absl::StrCat(name, " was removed and is there"));
      } else {
        all &= Accept(got.status(), damaged, name, report);
      }
      continue;
    }
    if (!Accept(got.status(), damaged, name, report)) {
      all = false;
    } else if (*got != blob.bytes) {
      report.AddViolation(absl::StrCat(name, " has other bytes"));
    }
  }
  return all;
}

bool StoreOracle::CheckProjections(const Store& store, bool damaged, RunReport& report) const {
  const std::unique_ptr<Snapshot> snapshot = store.NewSnapshot();
  Rows rows;
  const absl::Status scanned =
      snapshot->Scan("", "", [&](absl::string_view key, absl::string_view value) {
        rows[std::string(key)] = std::string(value);
        return true;
      });
  if (!Accept(scanned, damaged, "reading the projections", report)) return false;
  const Sequence applied = snapshot->sequence();
  if (applied != store.applied_sequence() || applied > end() ||
      (applied != 0 && !std::binary_search(ends_.begin(), ends_.end(), applied))) {
    report.AddViolation(absl::StrCat("the projections say they reached ", applied));
    return false;
  }
  if (rows != RowsAt(applied)) {
    report.AddViolation(absl::StrCat("the projections are not those of ", applied));
    return false;
  }
  return true;
}

}  // namespace anqiao::store

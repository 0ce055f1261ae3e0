// What a store was told and what it acknowledged, kept outside it, and a comparison with what it
// holds: for runs that make disks fail.
//
// Thread-compatible.

#ifndef ANQIAO_TESTS_HUB_STORE_STORE_ORACLE_H_
#define ANQIAO_TESTS_HUB_STORE_STORE_ORACLE_H_

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "hub/store/store.h"

namespace anqiao::store {

// What a run did and found.
struct RunReport {
  std::string name;
  std::uint64_t seed = 0;
  std::map<std::string, std::uint64_t> counts = {};
  std::uint64_t violations = 0;
  // Part of what is run now, such as "cycle 7".
  std::string where = {};
  // Of the first violations.
  std::vector<std::string> examples = {};

  void AddViolation(absl::string_view what);
  // What another part of the same run did and found.
  void Add(const RunReport& part);
  // "power loss, seed 7: cycles 300, groups 5120, ...; 0 violations", and the examples.
  std::string ToString() const;
};

class StoreOracle {
 public:
  using Random = std::mt19937_64;

  explicit StoreOracle(std::uint64_t seed) : random_(seed) {}

  // The next group to append, of up to "entries_max" entries. Until Acknowledge or Forget it may be
  // there whole or not at all.
  AppendGroup NextGroup(int entries_max = 12);
  // The group made last was acknowledged with its last entry at "last".
  void Acknowledge(Sequence last, RunReport& report);
  // Of the groups that were not acknowledged none may be there.
  void Forget() { unanswered_.clear(); }

  // Applies the next groups to the projections until they have reached the end or one fails.
  absl::Status ApplyNext(Store& store) const;

  // Compares everything that "store", opened again, holds; an unanswered group that is there counts
  // as acknowledged from now on. True: all was as it should be. With "damaged", false may also mean
  // that the store noticed damage (DATA_LOSS); anything else is a violation.
  bool Check(const Store& store, bool damaged, RunReport& report);

  Sequence end() const { return entries_.size(); }
  std::uint64_t groups() const { return ends_.size(); }

 private:
  using Rows = std::map<std::string, std::string>;
  enum class Removal { kThere, kRemoved };
  struct Blob {
    std::string bytes;
    Removal removal = Removal::kThere;
  };

  std::string Text(std::size_t length);
  void Take(const AppendGroup& group);
  Rows RowsAt(Sequence applied) const;
  // False: "status" is damage that was noticed, or it was counted as a violation.
  bool Accept(const absl::Status& status, bool damaged, absl::string_view what,
              RunReport& report) const;
  bool CheckJournal(const Store& store, bool damaged, RunReport& report);
  // Takes the unanswered group that "tail" is.
  bool CheckTail(const std::vector<std::string>& tail, RunReport& report);
  bool CheckBlobs(const Store& store, bool damaged, RunReport& report) const;
  bool CheckProjections(const Store& store, bool damaged, RunReport& report) const;

  Random random_;
  std::uint64_t made_ = 0;
  std::vector<std::string> entries_;
  // Last sequence of each group.
  std::vector<Sequence> ends_;
  std::map<std::string, Blob> blobs_;
  std::vector<AppendGroup> unanswered_;
};

}  // namespace anqiao::store

#endif  // ANQIAO_TESTS_HUB_STORE_STORE_ORACLE_H_

// What is durable: a journal that is synced before anything is acknowledged, blobs that entries
// name, and projections that follow.
//
// Append is all or nothing and durable when it returns; Apply is all or nothing and carries the
// sequence it has reached, but is not synced: after a crash the projections are some earlier state,
// whole, and the caller replays the journal from there.
//
//   AQ_ASSIGN_OR_RETURN(std::unique_ptr<Store> store, OpenRocksStore({.directory = dir}));
//   AQ_ASSIGN_OR_RETURN(const Epoch epoch, store->AcquireWriter());
//   AQ_ASSIGN_OR_RETURN(Sequence last, store->Append(epoch, {.entries = group}));
//
// Threads: one thread appends and one applies at a time (they may be two); any thread takes
// snapshots and reads. See hub/doc/storage_format.md for the bytes.

#ifndef ANQIAO_HUB_STORE_STORE_H_
#define ANQIAO_HUB_STORE_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anqiao::store {

// Position of an entry, from 1, without gaps.
using Sequence = std::uint64_t;
// Number of a writer's lease; grows with every writer.
using Epoch = std::uint64_t;

// One group for the journal.
struct AppendGroup {
  // Serialized journal.v1.Entry each; at least one.
  std::vector<std::string> entries;
  // Name and bytes of blobs that the entries name; stored before them, in the same sync.
  std::vector<std::pair<std::string, std::string>> blobs;
  // Names of blobs to remove together with the group.
  std::vector<std::string> removed_blobs;
};

// Changes to projections. Keys come from keys.h. Later changes of a key win.
class ProjectionBatch {
 public:
  virtual ~ProjectionBatch() = default;
  virtual void Put(absl::string_view key, absl::string_view value) = 0;
  virtual void Delete(absl::string_view key) = 0;
};

// Projections at one moment. Any thread; must not outlive its store.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  // The sequence that the projections had reached.
  virtual Sequence sequence() const = 0;
  // NOT_FOUND: there is no such key. DATA_LOSS: the value failed its checksum.
  virtual absl::StatusOr<std::string> Get(absl::string_view key) const = 0;
  // Calls "visit" for keys k with begin <= k < end in order until it returns false. An empty "end"
  // is the end of all keys.
  virtual absl::Status Scan(
      absl::string_view begin, absl::string_view end,
      const std::function<bool(absl::string_view key, absl::string_view value)>& visit) const = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // Takes the writer's lease; earlier ones are fenced.
  virtual absl::StatusOr<Epoch> AcquireWriter() = 0;

  // Appends "group" whole, syncs once, returns the sequence of its last entry. At most 64 MiB.
  // FAILED_PRECONDITION (WRITER_FENCED): "epoch" is not the current lease. RESOURCE_EXHAUSTED: the
  // disk is full, nothing of "group" is visible and a later call may succeed. DATA_LOSS: a sync
  // failed; nothing more is accepted until the store is opened again.
  virtual absl::StatusOr<Sequence> Append(Epoch epoch, const AppendGroup& group) = 0;

  // Calls "visit" for each entry from "first" on, in order, up to the synced end as of the call,
  // until it returns false. DATA_LOSS: an entry is missing or failed its checksum; "visit" has seen
  // all before it.
  virtual absl::Status ReadJournal(
      Sequence first,
      const std::function<bool(Sequence, absl::string_view entry)>& visit) const = 0;

  // NOT_FOUND: there is no such entry.
  virtual absl::StatusOr<std::string> GetEntry(Sequence sequence) const = 0;

  // Sequence of the last synced entry; 0 if there is none.
  virtual Sequence synced_sequence() const = 0;

  // NOT_FOUND: there is no such blob.
  virtual absl::StatusOr<std::string> GetBlob(absl::string_view name) const = 0;

  // Empty batch for Apply.
  virtual std::unique_ptr<ProjectionBatch> NewBatch() const = 0;

  // Applies "batch" whole and moves the projections to "sequence". Not synced.
  virtual absl::Status Apply(const ProjectionBatch& batch, Sequence sequence) = 0;

  // Sequence that the projections have reached; 0 if none.
  virtual Sequence applied_sequence() const = 0;

  virtual std::unique_ptr<Snapshot> NewSnapshot() const = 0;

  // Empties the projections, back to sequence 0.
  virtual absl::Status ClearProjections() = 0;
};

struct RocksStoreOptions {
  // Holds "journal/" and "projections/", made if missing. The directory is locked.
  std::string directory;
  // Only reads: Append, Apply, AcquireWriter and ClearProjections fail.
  bool read_only = false;
};

// FAILED_PRECONDITION (FORMAT_VERSION_UNKNOWN): written by a newer version. DATA_LOSS: the journal
// is damaged or shorter than its recorded head. UNAVAILABLE: another process has the directory
// open.
absl::StatusOr<std::unique_ptr<Store>> OpenRocksStore(const RocksStoreOptions& options);

// Keeps everything in memory; for tests and for rebuilding beside a live store.
std::unique_ptr<Store> NewMemoryStore();

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_STORE_H_

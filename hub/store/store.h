// What is durable: a journal that is synced before anything is acknowledged, blobs that entries
// name, and projections that follow.
//
// Append is all or nothing and durable when it returns; Apply is all or nothing and carries the
// sequence it has reached, but is not synced: after a crash the projections are some earlier state,
// whole, and the caller replays the journal from there.
//
//   AQ_ASSIGN_OR_RETURN(std::unique_ptr<Store> store, OpenRocksStore({.directory = dir}));
//   AQ_ASSIGN_OR_RETURN(const Epoch epoch, store->AcquireWriter());
//   AQ_ASSIGN_OR_RETURN(Sequence last, store->Append(epoch, {.entries = std::move(group)}));
//
// Threads: one thread appends and one applies at a time (they may be two); any thread takes
// snapshots and reads. See hub/doc/storage_format.md for the bytes.

#ifndef ANQIAO_HUB_STORE_STORE_H_
#define ANQIAO_HUB_STORE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/base/digest.h"

namespace anqiao::store {

class KeyRing;
class LogTrees;
struct EntryProof;

// Position of an entry, from 1, without gaps.
using Sequence = std::uint64_t;
// Number of a writer's lease; grows with every writer.
using Epoch = std::uint64_t;
// Slot of the key ring; 0 is the journal's own key.
using KeyId = std::uint64_t;

// What of an entry is told beside it, so that a store that seals entries need not look inside.
struct EntryHeader {
  std::int64_t commit_time_micros = 0;
  // Name of what happened, such as "RECORD_OBSERVED".
  std::string kind;
  KeyId key = 0;
  // In whose log it is; empty: only in the hub's.
  std::string agency;
  // See journal.v1.Entry.request_digest.
  std::string request_digest;
  // The normalized record, that its log commits to; empty if there is none.
  std::string content;
};

// Blobs whose name begins so lie open: signed heads, which anyone may check.
inline constexpr char kOpenBlobs[] = "head/";

// Bytes that entries name. "parts" says from which offset on which key holds, in order, the first
// from 0; without any the journal's own key holds all.
struct Blob {
  Blob(std::string name, std::string bytes, std::vector<std::pair<std::size_t, KeyId>> parts = {})
      : name(std::move(name)), bytes(std::move(bytes)), parts(std::move(parts)) {}
  std::string name;
  std::string bytes;
  std::vector<std::pair<std::size_t, KeyId>> parts;
};

// One group for the journal.
struct AppendGroup {
  // Serialized journal.v1.Entry each; at least one.
  std::vector<std::string> entries;
  // One an entry, or none at all if the store does not seal.
  std::vector<EntryHeader> headers;
  // Stored before the entries, in the same sync.
  std::vector<Blob> blobs;
  // Names of blobs to remove together with the group.
  std::vector<std::string> removed_blobs;
};

// Changes to projections. Keys come from keys.h. Later changes of a key win.
class ProjectionBatch {
 public:
  virtual ~ProjectionBatch() = default;
  // "owner" is the person that the value is about, under whose key it is sealed; empty: nobody.
  virtual void Put(absl::string_view key, absl::string_view value, absl::string_view owner) = 0;
  void Put(absl::string_view key, absl::string_view value) { Put(key, value, {}); }
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

// One set of projections. One thread applies at a time; any thread takes snapshots.
class ProjectionStore {
 public:
  virtual ~ProjectionStore() = default;

  // Empty batch for Apply.
  virtual std::unique_ptr<ProjectionBatch> NewBatch() const = 0;

  // Applies "batch" whole and moves the projections to "sequence". Not synced.
  virtual absl::Status Apply(const ProjectionBatch& batch, Sequence sequence) = 0;

  // Sequence that the projections have reached; 0 if none.
  virtual Sequence applied_sequence() const = 0;

  // 16 bytes for hashing what keys are made of, so that nothing can be found out by the hashes:
  // secret if the store seals, the same for sets of projections whose keys agree.
  virtual std::string IndexSecret() const { return std::string(16, '\0'); }

  // May outlive the projections, but not the store.
  virtual std::unique_ptr<Snapshot> NewSnapshot() const = 0;
};

// What projections beside the live ones are for.
enum class ProjectionPurpose {
  kReplace,  // to become the live ones: with an index key and keys of people of their own
  kCompare,  // to be compared and thrown away: in files that are encrypted whole, if in any, under
             // a key that goes with the object. So rows come in the order of their plain keys, not
             // in that of the live ones
};

class Store : public ProjectionStore {
 public:
  // Takes the writer's lease; earlier ones are fenced.
  virtual absl::StatusOr<Epoch> AcquireWriter() = 0;

  // Appends "group" whole, syncs once, returns the sequence of its last entry. At most 64 MiB.
  // FAILED_PRECONDITION (WRITER_FENCED): "epoch" is not the current lease. RESOURCE_EXHAUSTED: the
  // disk is full, nothing of "group" is visible and a later call may succeed. DATA_LOSS: a sync
  // failed; nothing more is accepted until the store is opened again.
  virtual absl::StatusOr<Sequence> Append(Epoch epoch, AppendGroup group) = 0;

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

  // Empty projections beside the live ones, thrown away with the object unless they replace them.
  virtual absl::StatusOr<std::unique_ptr<ProjectionStore>> NewProjections(
      ProjectionPurpose purpose) = 0;

  // Makes "projections", of NewProjections(kReplace), the live ones; durable when it returns.
  // Requires: nobody applies meanwhile. Snapshots of the old ones stay readable, but for values
  // under keys of people, which are destroyed.
  virtual absl::Status ReplaceProjections(std::unique_ptr<ProjectionStore> projections) = 0;

  // How far the journal was when the live projections began to be computed from its start; keys
  // destroyed by entries before that are no concern of theirs.
  virtual Sequence projections_born() const { return synced_sequence(); }

  // Writes the projections out, so that less must be computed again after a crash.
  virtual absl::Status FlushProjections() = 0;

  // A copy of journal and blobs as of the last synced entry, in "directory", which must not exist;
  // taken while the store is in use. Projections and keys are not in it.
  virtual absl::Status Checkpoint(const std::string& directory) = 0;

  // --- Keys; a store that does not seal has none and gives 0. Thread-safe. ---

  // A fresh key that is already durable.
  virtual absl::StatusOr<KeyId> NewKey() { return 0; }
  // Durable when it returns. Repeats are OK.
  virtual absl::Status DestroyKeys(const std::vector<KeyId>& keys) { return absl::OkStatus(); }
  // The key that the projections' values about "owner" lie under; 0: there are none.
  virtual absl::StatusOr<KeyId> OwnerKey(const std::string& owner) const { return 0; }
  // Up to which PersonErased or Purged entry the keys that it names are known to be destroyed.
  virtual Sequence destroyed_through() const { return synced_sequence(); }
  virtual absl::Status SetDestroyedThrough(Sequence sequence) { return absl::OkStatus(); }
  // "text" sealed under "key", bound to "purpose".
  virtual absl::StatusOr<std::string> SealText(KeyId key, absl::string_view purpose,
                                               absl::string_view text) const {
    return std::string(text);
  }
  // NOT_FOUND (KEY_DESTROYED): it was erased.
  virtual absl::StatusOr<std::string> OpenText(KeyId key, absl::string_view purpose,
                                               absl::string_view sealed) const {
    return std::string(sealed);
  }
  // 16 bytes of a keyed hash that stays the same for the life of the key ring.
  virtual std::string Digest(absl::string_view text) const { return Sha256(text).substr(0, 16); }

  // For rotating the master key; null if there is none.
  virtual KeyRing* ring() { return nullptr; }

  // --- Logs; null if the store keeps none. Thread-safe. ---
  virtual const LogTrees* logs() const { return nullptr; }
  // What shows the entry in the log of its agency, or in the hub's if it is in no agency's.
  // NOT_FOUND: there is no such entry, or no logs are kept (LOG_NOT_FOUND).
  virtual absl::StatusOr<EntryProof> ProveEntry(Sequence sequence, absl::Time now) const;
};

struct RocksStoreOptions {
  // Holds "journal/" and "projections-N/", made if missing. The directory is locked.
  std::string directory;
  // Only reads: Append, Apply, AcquireWriter and new projections fail. Without projections on disk,
  // as in a backup, there are empty ones.
  bool read_only = false;
  // Where projections to compare are put beside a read-only store; empty: in "directory".
  std::string scratch_directory = {};
  // Also journals of older formats, read-only: for upgrading them.
  bool older_format = false;
  // Off where all that is kept is sealed: ciphertext does not become shorter.
  bool compress = true;
  // What files of projections to compare are encrypted with: SM4 instead of AES-256.
  bool sm4 = false;
};

// FAILED_PRECONDITION: written by a newer version (FORMAT_VERSION_UNKNOWN), or by an older one and
// to be upgraded (FORMAT_VERSION_OLD). DATA_LOSS: the journal
// is damaged or shorter than its recorded head. UNAVAILABLE: another process has the directory
// open.
absl::StatusOr<std::unique_ptr<Store>> OpenRocksStore(const RocksStoreOptions& options);

// Keeps everything in memory; for tests and for rebuilding beside a live store.
std::unique_ptr<Store> NewMemoryStore();

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_STORE_H_

// Data keys, kept outside the database and its backups, so that destroying a key makes what it
// sealed unreadable in every copy.
//
//   AQ_ASSIGN_OR_RETURN(std::unique_ptr<KeyRing> ring,
//                       KeyRing::Open({.path = path, .suite = suite.get(), .master =
//                       std::move(key)}));
//   AQ_ASSIGN_OR_RETURN(const KeyId id, ring->New());
//   AQ_ASSIGN_OR_RETURN(const DataKey key, ring->Get(id));
//   AQ_RETURN_IF_ERROR(ring->Destroy({id}));
//
// One file of checksummed slots of 64 bytes, each a data key wrapped under the master key; see
// "Keys" in hub/doc/storage_format.md. A number that New gave is on disk, is never given again, and
// a destroyed key never comes back, whatever crashed. After a failed sync nothing more is written
// until the ring is opened again (DATA_LOSS, STORAGE_LOST); Get goes on.
//
// Thread-safe.

#ifndef ANQIAO_HUB_STORE_KEY_RING_H_
#define ANQIAO_HUB_STORE_KEY_RING_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/store/cipher.h"
#include "hub/store/master_key.h"

namespace rocksdb {
class FileSystem;
}  // namespace rocksdb

namespace anqiao::store {

// The number of a slot, from 1; 0 is no key.
using KeyId = std::uint64_t;

struct KeyRingOptions {
  std::string path = {};
  // Borrowed; outlives the ring.
  const CipherSuite* suite = nullptr;
  std::unique_ptr<MasterKey> master = nullptr;
  // Reads only, and needs no lock: what another process writes meanwhile may be seen or not.
  bool read_only = false;
  // Only for a new data directory: a ring made anew opens nothing that was sealed before.
  bool create_if_missing = false;
  // Keys made and synced ahead, at most 65536. At half of them a thread makes more, or New does
  // when none is left.
  std::size_t pool_keys = 4096;
  bool refill_in_background = true;
  // Unwrapped keys kept in memory, about.
  std::size_t cache_keys = 65536;
  // Null: the system's. Everything that the ring writes goes through it.
  std::shared_ptr<rocksdb::FileSystem> file_system = nullptr;
};

class KeyRing {
 public:
  // NOT_FOUND: there is no ring and create_if_missing is not set. FAILED_PRECONDITION: it is
  // wrapped under another master key (MASTER_KEY_WRONG), was made with another suite
  // (CONFIGURATION_INVALID) or by a newer program (FORMAT_VERSION_UNKNOWN). DATA_LOSS
  // (STORAGE_LOST): its header is damaged or slots are cut off. UNAVAILABLE: another process has it
  // open for writing. RESOURCE_EXHAUSTED (STORAGE_FULL): the disk is full.
  static absl::StatusOr<std::unique_ptr<KeyRing>> Open(KeyRingOptions options);

  // A ring that ends with the object, without threads, under a random master key. "suite" must
  // outlive it.
  static absl::StatusOr<std::unique_ptr<KeyRing>> InMemory(const CipherSuite& suite);

  ~KeyRing();
  KeyRing(const KeyRing&) = delete;
  KeyRing& operator=(const KeyRing&) = delete;

  // A fresh key whose slot is on disk already. RESOURCE_EXHAUSTED (STORAGE_FULL): the disk is full;
  // a later call may succeed. FAILED_PRECONDITION: read-only.
  absl::StatusOr<KeyId> New();

  // NOT_FOUND (KEY_DESTROYED): the key was destroyed. DATA_LOSS (STORAGE_LOST): its slot is
  // damaged, or not in this ring.
  absl::StatusOr<DataKey> Get(KeyId id) const;

  // Overwrites the slots, damaged ones too, and syncs before it returns; keys in memory are gone
  // too. Destroying again is fine. DATA_LOSS (STORAGE_LOST): one of them was never given, and
  // nothing is destroyed; or the disk failed, and keys may be destroyed or not.
  // FAILED_PRECONDITION: read-only.
  absl::Status Destroy(const std::vector<KeyId>& ids);

  // DATA_LOSS (STORAGE_LOST): as Get.
  absl::StatusOr<bool> IsDestroyed(KeyId id) const;

  // Wraps every live slot under "next" in a new file beside the ring and puts that in its place,
  // while New, Get and Destroy go on. After a crash at any moment the ring is whole under the old
  // or the new master key. "progress" (slots done, slots there are) is called without a lock.
  // UNAVAILABLE: a rotation is under way. DATA_LOSS (STORAGE_LOST): a slot is damaged (destroy it
  // to give it up). RESOURCE_EXHAUSTED (STORAGE_FULL): the disk is full; the ring is as it was.
  absl::Status Rotate(std::unique_ptr<MasterKey> next,
                      const std::function<void(std::uint64_t, std::uint64_t)>& progress = nullptr);

  // A permanent key by name ("digest", "log-signing"), made on first use and on disk when it is
  // given. At most 16 names of at most 32 bytes. NOT_FOUND: read-only and not made yet.
  // INVALID_ARGUMENT: the name is empty or too long. RESOURCE_EXHAUSTED: too many names, or the
  // disk is full (STORAGE_FULL).
  absl::StatusOr<DataKey> Named(absl::string_view name);

  // A number that only grows: the sequence up to which erasures were applied.
  std::uint64_t erased_through() const;
  // Durable when it returns. A smaller number changes nothing.
  absl::Status SetErasedThrough(std::uint64_t sequence);

  const CipherSuite& suite() const;

  // The name of the master key that the ring is wrapped under.
  std::string master_id() const;

 private:
  class Impl;
  explicit KeyRing(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_KEY_RING_H_

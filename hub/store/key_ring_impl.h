// What a KeyRing is inside. Private to this folder.
//
// Who waits for whom: write_mu_ orders everything that writes and is held across syncs; file_mu_
// keeps a slot's state and the keys in memory together, and is held across single reads and writes
// only; pool_mu_ guards the numbers ahead. They are taken in this order. New takes pool_mu_ alone
// while the pool lasts, and Get of a key in memory none of them.

#ifndef ANQIAO_HUB_STORE_KEY_RING_IMPL_H_
#define ANQIAO_HUB_STORE_KEY_RING_IMPL_H_

#include <rocksdb/file_system.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "hub/store/key_cache.h"
#include "hub/store/key_ring.h"
#include "hub/store/key_ring_file.h"
#include "hub/store/key_ring_format.h"

namespace anqiao::store {

inline constexpr char kRotatingSuffix[] = ".rotating";

// Holds a lock file for as long as it lives.
class RingLock {
 public:
  // UNAVAILABLE: it is held already, by this process or another.
  static absl::StatusOr<std::unique_ptr<RingLock>> Take(std::shared_ptr<rocksdb::FileSystem> system,
                                                        const std::string& path);
  ~RingLock();
  RingLock(const RingLock&) = delete;
  RingLock& operator=(const RingLock&) = delete;

 private:
  RingLock(std::shared_ptr<rocksdb::FileSystem> system, rocksdb::FileLock* lock)
      : system_(std::move(system)), lock_(lock) {}

  const std::shared_ptr<rocksdb::FileSystem> system_;
  rocksdb::FileLock* const lock_;
};

class KeyRing::Impl {
 public:
  static absl::StatusOr<std::unique_ptr<Impl>> Open(KeyRingOptions options);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  absl::StatusOr<KeyId> New();
  absl::StatusOr<DataKey> Get(KeyId id);
  absl::Status Destroy(const std::vector<KeyId>& ids);
  absl::StatusOr<bool> IsDestroyed(KeyId id);
  absl::Status Rotate(std::unique_ptr<MasterKey> next,
                      const std::function<void(std::uint64_t, std::uint64_t)>& progress);
  absl::StatusOr<DataKey> Named(absl::string_view name);
  std::uint64_t erased_through() const { return erased_through_.load(); }
  absl::Status SetErasedThrough(std::uint64_t sequence);
  const CipherSuite& suite() const { return suite_; }
  std::string master_id();

 private:
  Impl(KeyRingOptions options, std::unique_ptr<RingLock> lock, std::unique_ptr<RingFile> file,
       RingHeader header);

  absl::Status CheckWritable() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  // Nothing is known of what is on disk: no more is written.
  absl::Status SyncOrBreak(RingFile& file) ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  // Writes "header" as the next generation of the file, to both copies or only the older, and
  // syncs.
  absl::Status CommitHeader(RingHeader header, std::size_t copies)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  absl::Status SettleAfterOpen(std::uint64_t bytes);

  absl::Status Refill();
  absl::Status Reserve(std::size_t count) ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  void RefillWhenWanted();

  absl::StatusOr<Slot> ReadSlot(KeyId id) ABSL_SHARED_LOCKS_REQUIRED(file_mu_);
  absl::Status OverwriteSlots(const KeyId* ids, std::size_t count)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);

  absl::Status CopyAndReplace(std::unique_ptr<MasterKey> next,
                              const std::function<void(std::uint64_t, std::uint64_t)>& progress);
  absl::Status CopySlots(RingFile& to, const MasterKey& next, KeyId first, KeyId last);
  absl::StatusOr<RingHeader> FinishCopy(RingFile& to, const MasterKey& next, KeyId copied)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mu_);

  const CipherSuite& suite_;
  const std::string path_;
  const bool read_only_;
  const std::size_t pool_keys_;
  const std::shared_ptr<rocksdb::FileSystem> system_;
  const std::unique_ptr<RingLock> lock_;
  const std::string ring_id_;
  KeyCache cache_;
  std::atomic<std::uint64_t> erased_through_;

  absl::Mutex write_mu_;
  RingHeader header_ ABSL_GUARDED_BY(write_mu_);
  bool broken_ ABSL_GUARDED_BY(write_mu_) = false;
  bool rotating_ ABSL_GUARDED_BY(write_mu_) = false;
  // Destroyed since the rotation began; their copies are overwritten before it ends.
  std::set<KeyId> destroyed_meanwhile_ ABSL_GUARDED_BY(write_mu_);

  // Replaced with both locks held, so that either is enough to use them.
  absl::Mutex file_mu_ ABSL_ACQUIRED_AFTER(write_mu_);
  std::unique_ptr<RingFile> file_;
  // Shared with a Get that unwraps, which a slow key service must not make others wait for.
  std::shared_ptr<const MasterKey> master_;
  // Grows with every destruction: a key that was read before one is not kept in memory after it.
  std::uint64_t destructions_ ABSL_GUARDED_BY(file_mu_) = 0;

  absl::Mutex pool_mu_ ABSL_ACQUIRED_AFTER(file_mu_);
  KeyId next_ ABSL_GUARDED_BY(pool_mu_) = 1;
  KeyId ready_through_ ABSL_GUARDED_BY(pool_mu_) = 0;
  absl::CondVar refill_cv_;
  bool refill_wanted_ ABSL_GUARDED_BY(pool_mu_) = false;
  // The thread rests until New itself has refilled the pool, or has told of the failure.
  bool refill_failed_ ABSL_GUARDED_BY(pool_mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(pool_mu_) = false;
  std::thread refiller_;
};

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_KEY_RING_IMPL_H_

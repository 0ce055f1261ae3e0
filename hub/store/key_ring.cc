#include "hub/store/key_ring.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/key_ring_impl.h"
#include "hub/store/rocks_status.h"

namespace anqiao::store {
namespace {

// Slots that are destroyed before a waiting Get is let in.
constexpr std::size_t kDestroyedAtOnce = 256;

constexpr std::size_t kMemoryPool = 64;
constexpr std::size_t kMemoryCache = 1024;

const Slot kDestroyedSlot = {.state = SlotState::kDestroyed, .wrapped = {}};

constexpr char kLockSuffix[] = ".lock";
constexpr char kNewSuffix[] = ".new";

absl::Status Lost(absl::string_view message) {
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost, message);
}

absl::Status ReadOnly() { return absl::FailedPreconditionError("the key ring is open read-only"); }

absl::Status CheckOptions(const KeyRingOptions& options) {
  if (options.suite == nullptr || options.master == nullptr || options.path.empty()) {
    return absl::InvalidArgumentError("a key ring needs a path, a cipher suite and a master key");
  }
  if (options.pool_keys == 0 || options.pool_keys > kPoolMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("pool_keys must be from 1 to ", kPoolMax, ", got ", options.pool_keys));
  }
  if (options.master->id().size() > kMasterIdMax) {
    return absl::InvalidArgumentError("the master key's id is too long");
  }
  return absl::OkStatus();
}

absl::Status CheckHeader(const RingHeader& header, const KeyRingOptions& options) {
  if (header.suite != options.suite->id()) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
                 absl::StrCat("the key ring was not made with the cipher suite ",
                              options.suite->name(), "; configure the suite it was made with"));
  }
  if (header.master_id != options.master->id()) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kMasterKeyWrong,
                 absl::StrCat("the key ring is wrapped under the master key ", header.master_id,
                              ", not under ", options.master->id()));
  }
  return absl::OkStatus();
}

absl::Status CreateRing(rocksdb::FileSystem& system, const KeyRingOptions& options) {
  const std::string path = options.path + kNewSuffix;
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<RingFile> file, RingFile::Create(system, path));
  RingHeader header;
  header.suite = options.suite->id();
  header.ring_id = RandomBytes(kRingIdBytes);
  header.master_id = options.master->id();
  for (std::size_t copy = 0; copy < kHeaderCopies; ++copy) {
    ++header.generation;
    AQ_RETURN_IF_ERROR(file->WriteHeader(header));
  }
  AQ_RETURN_IF_ERROR(file->Sync());
  return Replace(system, path, options.path);
}

// Makes every slot after those known to be synced readable, whatever a crash left of them, and
// returns the last.
absl::StatusOr<KeyId> MendTail(RingFile& file, const RingHeader& header, std::uint64_t bytes) {
  const std::uint64_t before = SlotOffset(1);
  const KeyId whole = bytes < before ? 0 : (bytes - before) / kSlotBytes;
  if (whole < header.synced_through) {
    return Lost(absl::StrCat("the key ring is cut off: it has ", whole, " slots of ",
                             header.synced_through));
  }
  const KeyId last = std::max(header.reserved_through, whole);
  const std::string none(kSlotBytes, '\0');
  for (KeyId id = header.synced_through + 1; id <= last; ++id) {
    AQ_ASSIGN_OR_RETURN(const std::string slot, file.ReadSlots(id, 1));
    if (DecodeSlot(header.ring_id, id, slot).ok()) continue;
    AQ_RETURN_IF_ERROR(file.WriteSlots(id, none));
  }
  return last;
}

}  // namespace

// --- RingLock ---

absl::StatusOr<std::unique_ptr<RingLock>> RingLock::Take(
    std::shared_ptr<rocksdb::FileSystem> system, const std::string& path) {
  rocksdb::FileLock* lock = nullptr;
  const rocksdb::IOStatus status = system->LockFile(path, {}, &lock, nullptr);
  if (status.ok()) return std::unique_ptr<RingLock>(new RingLock(std::move(system), lock));
  const std::string text = status.ToString();
  // The system's two answers to a lock that is taken, by another process and by this one.
  if (absl::StrContains(text, "While lock file") || absl::StrContains(text, "lock hold by") ||
      status.IsBusy()) {
    return absl::UnavailableError("the key ring is open for writing already; stop that first");
  }
  return FromRocks(status, "locking the key ring");
}

RingLock::~RingLock() { system_->UnlockFile(lock_, {}, nullptr).PermitUncheckedError(); }

// --- Opening and closing ---

absl::StatusOr<std::unique_ptr<KeyRing::Impl>> KeyRing::Impl::Open(KeyRingOptions options) {
  AQ_RETURN_IF_ERROR(CheckOptions(options));
  if (options.file_system == nullptr) options.file_system = rocksdb::FileSystem::Default();
  rocksdb::FileSystem& system = *options.file_system;
  std::unique_ptr<RingLock> lock;
  if (!options.read_only) {
    AQ_ASSIGN_OR_RETURN(lock, RingLock::Take(options.file_system, options.path + kLockSuffix));
    AQ_RETURN_IF_ERROR(WipeAndRemove(system, options.path + kRotatingSuffix));
  }
  const RingFile::Mode mode = options.read_only ? RingFile::Mode::kRead : RingFile::Mode::kWrite;
  absl::StatusOr<std::unique_ptr<RingFile>> file = RingFile::Open(system, options.path, mode);
  if (absl::IsNotFound(file.status()) && options.create_if_missing && !options.read_only) {
    AQ_RETURN_IF_ERROR(CreateRing(system, options));
    file = RingFile::Open(system, options.path, mode);
  }
  AQ_RETURN_IF_ERROR(file.status());
  AQ_ASSIGN_OR_RETURN(RingHeader header, (*file)->ReadHeader());
  AQ_RETURN_IF_ERROR(CheckHeader(header, options));
  AQ_ASSIGN_OR_RETURN(const std::uint64_t bytes, FileBytes(system, options.path));
  const bool background = options.refill_in_background && !options.read_only;
  std::unique_ptr<Impl> impl(
      new Impl(std::move(options), std::move(lock), *std::move(file), std::move(header)));
  AQ_RETURN_IF_ERROR(impl->SettleAfterOpen(bytes));
  if (background) impl->refiller_ = std::thread([ring = impl.get()] { ring->RefillWhenWanted(); });
  return impl;
}

KeyRing::Impl::Impl(KeyRingOptions options, std::unique_ptr<RingLock> lock,
                    std::unique_ptr<RingFile> file, RingHeader header)
    : suite_(*options.suite),
      path_(options.path),
      read_only_(options.read_only),
      pool_keys_(options.pool_keys),
      system_(std::move(options.file_system)),
      lock_(std::move(lock)),
      ring_id_(header.ring_id),
      cache_(std::max(options.cache_keys, 2 * options.pool_keys)),
      erased_through_(header.erased_through),
      header_(std::move(header)),
      file_(std::move(file)),
      master_(std::move(options.master)) {}

absl::Status KeyRing::Impl::SettleAfterOpen(std::uint64_t bytes) {
  const absl::MutexLock lock(&write_mu_);
  KeyId last = header_.reserved_through;
  if (!read_only_) {
    AQ_ASSIGN_OR_RETURN(last, MendTail(*file_, header_, bytes));
    AQ_RETURN_IF_ERROR(SyncOrBreak(*file_));
    RingHeader header = header_;
    header.reserved_through = last;
    header.synced_through = last;
    AQ_RETURN_IF_ERROR(CommitHeader(std::move(header), kHeaderCopies));
  } else if (bytes < SlotOffset(header_.synced_through + 1)) {
    return Lost("the key ring is cut off");
  }
  const absl::MutexLock pool_lock(&pool_mu_);
  next_ = last + 1;
  ready_through_ = last;
  return absl::OkStatus();
}

KeyRing::Impl::~Impl() {
  if (refiller_.joinable()) {
    {
      const absl::MutexLock lock(&pool_mu_);
      stopping_ = true;
      refill_cv_.Signal();
    }
    refiller_.join();
  }
  const absl::MutexLock lock(&write_mu_);
  if (read_only_ || broken_ || header_.synced_through == header_.reserved_through) return;
  // So that a file cut off later is noticed when it is opened. The next opening mends it otherwise.
  RingHeader header = header_;
  header.synced_through = header.reserved_through;
  CommitHeader(std::move(header), 1).IgnoreError();
}

absl::Status KeyRing::Impl::CheckWritable() {
  if (read_only_) return ReadOnly();
  if (broken_) return Lost("the key ring could not be synced; open it again");
  return absl::OkStatus();
}

absl::Status KeyRing::Impl::SyncOrBreak(RingFile& file) {
  const absl::Status synced = file.Sync();
  if (!synced.ok()) broken_ = true;
  return synced.ok() ? synced : Lost(synced.message());
}

absl::Status KeyRing::Impl::CommitHeader(RingHeader header, std::size_t copies) {
  for (std::size_t copy = 0; copy < copies; ++copy) {
    header.generation = header_.generation + 1;
    AQ_RETURN_IF_ERROR(file_->WriteHeader(header));
    AQ_RETURN_IF_ERROR(SyncOrBreak(*file_));
    header_ = header;
  }
  return absl::OkStatus();
}

// --- Giving keys ---

absl::StatusOr<KeyId> KeyRing::Impl::New() {
  while (true) {
    {
      const absl::MutexLock lock(&pool_mu_);
      if (next_ <= ready_through_) {
        const KeyId id = next_++;
        if (ready_through_ - id < pool_keys_ / 2 && !refill_wanted_ && !refill_failed_) {
          refill_wanted_ = true;
          refill_cv_.Signal();
        }
        return id;
      }
    }
    AQ_RETURN_IF_ERROR(Refill());
  }
}

absl::Status KeyRing::Impl::Refill() {
  const absl::MutexLock lock(&write_mu_);
  AQ_RETURN_IF_ERROR(CheckWritable());
  std::size_t left = 0;
  {
    const absl::MutexLock pool_lock(&pool_mu_);
    left = static_cast<std::size_t>(ready_through_ + 1 - next_);
  }
  // Another caller may have been first.
  if (left > 0 && left >= pool_keys_ / 2) return absl::OkStatus();
  return Reserve(pool_keys_ - left);
}

// Slots and header go out together under one sync. If it does not return, the header tells that the
// slots may be there, and the next opening skips them.
absl::Status KeyRing::Impl::Reserve(std::size_t count) {
  const KeyId first = header_.reserved_through + 1;
  if (first + count > kKeyIdMax) return Lost("the key ring has no more numbers");
  const std::vector<DataKey> keys = DataKey::Random(count);
  AQ_ASSIGN_OR_RETURN(std::vector<std::string> wrapped, master_->WrapAll(keys));
  std::string slots;
  slots.reserve(count * kSlotBytes);
  for (std::size_t i = 0; i < count; ++i) {
    slots += EncodeSlot(ring_id_, first + i,
                        {.state = SlotState::kLive, .wrapped = std::move(wrapped[i])});
  }
  AQ_RETURN_IF_ERROR(file_->WriteSlots(first, slots));
  RingHeader header = header_;
  header.synced_through = header.reserved_through;
  header.reserved_through += count;
  AQ_RETURN_IF_ERROR(CommitHeader(std::move(header), 1));
  for (std::size_t i = 0; i < count; ++i) cache_.Put(first + i, keys[i]);
  const absl::MutexLock pool_lock(&pool_mu_);
  ready_through_ = first + count - 1;
  refill_failed_ = false;
  return absl::OkStatus();
}

void KeyRing::Impl::RefillWhenWanted() {
  while (true) {
    {
      const absl::MutexLock lock(&pool_mu_);
      while (!refill_wanted_ && !stopping_) refill_cv_.Wait(&pool_mu_);
      if (stopping_) return;
    }
    const bool failed = !Refill().ok();
    const absl::MutexLock lock(&pool_mu_);
    refill_wanted_ = false;
    refill_failed_ = failed;
  }
}

// --- Reading and destroying keys ---

absl::StatusOr<Slot> KeyRing::Impl::ReadSlot(KeyId id) {
  if (id == 0 || id > kKeyIdMax) return Lost(absl::StrCat("key ", id, " is not of this key ring"));
  AQ_ASSIGN_OR_RETURN(const std::string bytes, file_->ReadSlots(id, 1));
  AQ_ASSIGN_OR_RETURN(Slot slot,
                      DecodeSlot(ring_id_, id, bytes.empty() ? std::string(kSlotBytes, 0) : bytes));
  if (slot.state == SlotState::kVoid) {
    return Lost(absl::StrCat("key ", id, " is not in this key ring; it may be an older copy"));
  }
  return slot;
}

absl::StatusOr<DataKey> KeyRing::Impl::Get(KeyId id) {
  if (const std::optional<DataKey> key = cache_.Find(id)) return *key;
  Slot slot;
  std::shared_ptr<const MasterKey> master;
  std::uint64_t destructions = 0;
  {
    const absl::ReaderMutexLock lock(&file_mu_);
    AQ_ASSIGN_OR_RETURN(slot, ReadSlot(id));
    master = master_;
    destructions = destructions_;
  }
  if (slot.state == SlotState::kDestroyed) {
    return Error(absl::StatusCode::kNotFound, reason::kKeyDestroyed,
                 absl::StrCat("key ", id, " was destroyed"));
  }
  AQ_ASSIGN_OR_RETURN(DataKey key, master->Unwrap(slot.wrapped));
  const absl::ReaderMutexLock lock(&file_mu_);
  if (destructions == destructions_) cache_.Put(id, key);
  return key;
}

absl::StatusOr<bool> KeyRing::Impl::IsDestroyed(KeyId id) {
  const absl::ReaderMutexLock lock(&file_mu_);
  AQ_ASSIGN_OR_RETURN(const Slot slot, ReadSlot(id));
  return slot.state == SlotState::kDestroyed;
}

absl::Status KeyRing::Impl::OverwriteSlots(const KeyId* ids, std::size_t count) {
  const absl::MutexLock lock(&file_mu_);
  ++destructions_;
  for (std::size_t i = 0; i < count; ++i) {
    cache_.Erase(ids[i]);
    AQ_RETURN_IF_ERROR(file_->WriteSlots(ids[i], EncodeSlot(ring_id_, ids[i], kDestroyedSlot)));
  }
  return absl::OkStatus();
}

absl::Status KeyRing::Impl::Destroy(const std::vector<KeyId>& ids) {
  const absl::MutexLock lock(&write_mu_);
  AQ_RETURN_IF_ERROR(CheckWritable());
  {
    const absl::MutexLock pool_lock(&pool_mu_);
    for (const KeyId id : ids) {
      if (id == 0 || id >= next_) return Lost(absl::StrCat("key ", id, " was never given"));
    }
  }
  if (ids.empty()) return absl::OkStatus();
  if (rotating_) destroyed_meanwhile_.insert(ids.begin(), ids.end());
  for (std::size_t at = 0; at < ids.size(); at += kDestroyedAtOnce) {
    AQ_RETURN_IF_ERROR(
        OverwriteSlots(ids.data() + at, std::min(kDestroyedAtOnce, ids.size() - at)));
  }
  return SyncOrBreak(*file_);
}

// --- The header's own ---

absl::StatusOr<DataKey> KeyRing::Impl::Named(absl::string_view name) {
  if (name.empty() || name.size() > kKeyNameMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("a key's name must have from 1 to ", kKeyNameMax, " bytes"));
  }
  const absl::MutexLock lock(&write_mu_);
  for (const auto& [known, wrapped] : header_.named) {
    if (known == name) return master_->Unwrap(wrapped);
  }
  if (read_only_) return absl::NotFoundError(absl::StrCat("the key ring has no key ", name));
  AQ_RETURN_IF_ERROR(CheckWritable());
  if (header_.named.size() == kNamedKeysMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("a key ring has at most ", kNamedKeysMax, " named keys"));
  }
  const DataKey key = DataKey::Random();
  AQ_ASSIGN_OR_RETURN(std::string wrapped, master_->Wrap(key));
  RingHeader header = header_;
  header.named.emplace_back(std::string(name), std::move(wrapped));
  // In both copies: were one damaged later, another key of that name would be made unnoticed.
  AQ_RETURN_IF_ERROR(CommitHeader(std::move(header), kHeaderCopies));
  return key;
}

absl::Status KeyRing::Impl::SetErasedThrough(std::uint64_t sequence) {
  const absl::MutexLock lock(&write_mu_);
  AQ_RETURN_IF_ERROR(CheckWritable());
  if (sequence <= header_.erased_through) return absl::OkStatus();
  RingHeader header = header_;
  header.erased_through = sequence;
  AQ_RETURN_IF_ERROR(CommitHeader(std::move(header), 1));
  erased_through_ = sequence;
  return absl::OkStatus();
}

std::string KeyRing::Impl::master_id() {
  const absl::MutexLock lock(&write_mu_);
  return header_.master_id;
}

// --- KeyRing ---

absl::StatusOr<std::unique_ptr<KeyRing>> KeyRing::Open(KeyRingOptions options) {
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<Impl> impl, Impl::Open(std::move(options)));
  return std::unique_ptr<KeyRing>(new KeyRing(std::move(impl)));
}

absl::StatusOr<std::unique_ptr<KeyRing>> KeyRing::InMemory(const CipherSuite& suite) {
  const std::unique_ptr<rocksdb::Env> memory(rocksdb::NewMemEnv(rocksdb::Env::Default()));
  return Open({.path = "/key-ring",
               .suite = &suite,
               .master = MasterKey::FromKey(DataKey::Random(), suite),
               .create_if_missing = true,
               .pool_keys = kMemoryPool,
               .refill_in_background = false,
               .cache_keys = kMemoryCache,
               .file_system = memory->GetFileSystem()});
}

KeyRing::KeyRing(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KeyRing::~KeyRing() = default;
absl::StatusOr<KeyId> KeyRing::New() { return impl_->New(); }
absl::StatusOr<DataKey> KeyRing::Get(KeyId id) const { return impl_->Get(id); }
absl::Status KeyRing::Destroy(const std::vector<KeyId>& ids) { return impl_->Destroy(ids); }
absl::StatusOr<bool> KeyRing::IsDestroyed(KeyId id) const { return impl_->IsDestroyed(id); }
absl::Status KeyRing::Rotate(std::unique_ptr<MasterKey> next,
                             const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  return impl_->Rotate(std::move(next), progress);
}
absl::StatusOr<DataKey> KeyRing::Named(absl::string_view name) { return impl_->Named(name); }
std::uint64_t KeyRing::erased_through() const { return impl_->erased_through(); }
absl::Status KeyRing::SetErasedThrough(std::uint64_t sequence) {
  return impl_->SetErasedThrough(sequence);
}
const CipherSuite& KeyRing::suite() const { return impl_->suite(); }

std::string KeyRing::master_id() const { return impl_->master_id(); }

}  // namespace anqiao::store

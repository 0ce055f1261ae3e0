#include "hub/store/rocks_journal.h"

#include <rocksdb/convenience.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/checksum.h"
#include "hub/store/group_limits.h"
#include "hub/store/log_tail.h"
#include "hub/store/manifest_mark.h"
#include "hub/store/rocks_log.h"
#include "hub/store/rocks_status.h"

namespace anqiao::store {
namespace {

constexpr std::uint64_t kFormatVersion = 2;
constexpr char kFormatKey[] = "format_version";
constexpr char kEpochKey[] = "writer_epoch";
// Set once the family of blobs holds kBlobsEndKey.
constexpr char kBlobsMarkedKey[] = "blobs_marked";
// Says nothing. RocksDB goes on after a full disk, and in a new log, only if there is something to
// flush and something in the log.
constexpr char kMarkKey[] = "mark";
// In the family of blobs: the journal's end, written with every group. A family that lost its end
// or everything (RocksDB's manifest may be cut off without its noticing) disagrees with the other.
constexpr absl::string_view kBlobsEndKey("\0end", 4);
constexpr std::size_t kReadAheadBytes = std::size_t{1} << 20;

enum FamilyIndex : std::size_t { kMeta = 0, kEntries = 1, kBlobs = 2 };

absl::Status LostEntry(absl::string_view message) {
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost, message);
}

absl::Status ReadOnlyError() {
  return absl::FailedPreconditionError("the store was opened read-only");
}

// An Env that does all work on files through "files".
class LoggedEnv : public rocksdb::EnvWrapper {
 public:
  LoggedEnv(rocksdb::Env* env, const std::shared_ptr<rocksdb::FileSystem>& files)
      : EnvWrapper(env) {
    file_system_ = files;
    system_clock_ = env->GetSystemClock();
  }
  const char* Name() const override { return "LoggedEnv"; }
};

rocksdb::DBOptions DatabaseOptions(const RocksStoreTuning& tuning, const std::string& path,
                                   rocksdb::Env* env, bool create) {
  rocksdb::DBOptions options;
  options.env = env;
  options.info_log = MakeRocksLog(path);
  // Where HEAD exists all this was made before it: what is missing was lost.
  options.create_if_missing = create;
  options.create_missing_column_families = create;
  // Accepts a last record that was cut off, as a crash leaves it; refuses one that was altered.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  if (tuning.skips_damaged_log_records) {
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  }
  options.track_and_verify_wals_in_manifest = true;
  options.max_total_wal_size = std::uint64_t{128} << 20;
  options.max_background_jobs = 2;
  options.bytes_per_sync = 1 << 20;
  options.max_open_files = 256;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.stats_dump_period_sec = 0;
  // What is not in the log need not be kept.
  options.avoid_flush_during_shutdown = true;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> Families(const RocksStoreTuning& tuning) {
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 16 << 10;
  table.block_cache = rocksdb::NewLRUCache(tuning.journal_cache_bytes);
  rocksdb::ColumnFamilyOptions plain;
  plain.compression = tuning.compresses ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  // From when the manifest was marked on: a compaction adds to it what may not be synced yet.
  plain.disable_auto_compactions = true;
  plain.write_buffer_size = tuning.write_buffer_bytes;
  plain.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  rocksdb::ColumnFamilyOptions blobs = plain;
  // Payloads are written once and read rarely: compactions leave them where they are.
  blobs.enable_blob_files = true;
  blobs.min_blob_size = 4096;
  blobs.blob_compression_type = plain.compression;
  blobs.enable_blob_garbage_collection = true;
  return {{rocksdb::kDefaultColumnFamilyName, plain}, {"entries", plain}, {"blobs", blobs}};
}

// What "group" takes in a batch, so that the batch does not grow by doubling.
std::size_t BatchBytes(const AppendGroup& group) {
  // Of a change: its head, lengths, key and checksum, with room to spare.
  constexpr std::size_t kChangeBytes = 48;
  std::size_t bytes = kChangeBytes * (group.entries.size() + 2);
  for (const std::string& entry : group.entries) bytes += entry.size();
  for (const Blob& blob : group.blobs) bytes += kChangeBytes + blob.name.size() + blob.bytes.size();
  for (const std::string& name : group.removed_blobs) bytes += kChangeBytes + name.size();
  return bytes;
}

}  // namespace

// Watches RocksDB go on after the disk was full. It does so by beginning a new log, and a group
// must not be written meanwhile. After the manifest could not be written for a group it must not go
// on at all: it holds the group in memory and would write it to a table, although it was refused.
class RecoveryGuard : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status,
                            bool* automatic) override {
    if (reason == rocksdb::BackgroundErrorReason::kManifestWrite &&
        writing_.load() == std::this_thread::get_id()) {
      *automatic = false;
    }
    recovering_.store(true);
  }
  void OnErrorRecoveryEnd(const rocksdb::BackgroundErrorRecoveryInfo& info) override {
    if (info.new_bg_error.ok()) recovering_.store(false);
  }

  // This thread writes a group.
  void Begin() { writing_.store(std::this_thread::get_id()); }
  void End() { writing_.store(std::thread::id()); }
  bool recovering() const { return recovering_.load(); }

 private:
  std::atomic<std::thread::id> writing_ = std::thread::id();
  std::atomic<bool> recovering_ = false;
};

absl::StatusOr<std::unique_ptr<RocksJournal>> RocksJournal::Open(const RocksStoreOptions& options,
                                                                 const RocksStoreTuning& tuning,
                                                                 rocksdb::Env* env) {
  rocksdb::FileSystem& files = *env->GetFileSystem();
  const std::string head_path = options.directory + "/HEAD";
  // Before the journal, which may be growing under a read-only opener.
  AQ_ASSIGN_OR_RETURN(const std::optional<Sequence> recorded, HeadFile::Read(files, head_path));
  if (recorded.has_value() && !env->FileExists(options.directory + "/journal/CURRENT").ok()) {
    return LostEntry(absl::StrCat("the journal is missing; it had reached ", *recorded));
  }
  std::unique_ptr<RocksJournal> journal(new RocksJournal(tuning, env, options.read_only));
  AQ_RETURN_IF_ERROR(journal->OpenDatabase(options, recorded.has_value()));
  AQ_RETURN_IF_ERROR(journal->CheckFormat(head_path, options));
  AQ_RETURN_IF_ERROR(journal->ReadEpoch());
  AQ_RETURN_IF_ERROR(journal->FindEnd(recorded.value_or(0)));
  if (!options.read_only) {
    absl::MutexLock lock(&journal->mu_);
    AQ_ASSIGN_OR_RETURN(journal->head_,
                        HeadFile::Open(files, head_path, journal->synced_sequence()));
  }
  return journal;
}

RocksJournal::RocksJournal(const RocksStoreTuning& tuning, rocksdb::Env* env, bool read_only)
    : tuning_(tuning),
      env_(env),
      logs_(std::make_shared<JournalLogs>(env->GetFileSystem())),
      logged_env_(std::make_unique<LoggedEnv>(env, logs_)),
      guard_(std::make_shared<RecoveryGuard>()),
      read_only_(read_only) {}

RocksJournal::~RocksJournal() {
  bool sound = false;
  {
    absl::MutexLock lock(&mu_);
    // Nobody is left to be told; an older recorded head is still a true one.
    if (head_ != nullptr) head_->Sync().IgnoreError();
    sound = head_ != nullptr && lost_.ok();
  }
  if (db_ == nullptr) return;
  // A flush that still runs could fail to sync the manifest after the errors were counted.
  rocksdb::CancelAllBackgroundWork(db_.get(), /*wait=*/true);
  std::uint64_t errors = 0;
  sound = sound && db_->GetIntProperty("rocksdb.background-errors", &errors) && errors == 0;
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  }
  const std::string path = db_->GetName();
  db_.reset();
  // A manifest that could not be synced may be shorter on disk than it looks. An older mark is
  // still a true one.
  if (sound) MarkManifest(*env_->GetFileSystem(), path).IgnoreError();
}

absl::Status RocksJournal::OpenDatabase(const RocksStoreOptions& options, bool recorded) {
  const std::string path = options.directory + "/journal";
  rocksdb::DBOptions database = DatabaseOptions(tuning_, path, logged_env_.get(), !recorded);
  database.listeners.push_back(guard_);
  const auto families = Families(tuning_);
  rocksdb::DB* db = nullptr;
  if (read_only_) {
    AQ_RETURN_IF_ERROR(CheckManifest(*env_->GetFileSystem(), path));
    const rocksdb::Status opened =
        rocksdb::DB::OpenForReadOnly(database, path, families, &families_, &db);
    db_.reset(db);
    return FromRocks(opened, "opening the journal");
  }
  rocksdb::FileSystem& files = *env_->GetFileSystem();
  AQ_RETURN_IF_ERROR(CheckManifest(files, path));
  rocksdb::Status opened = rocksdb::DB::Open(database, path, families, &families_, &db);
  if (opened.IsCorruption()) {
    AQ_ASSIGN_OR_RETURN(const bool cut, CutTornTails(files, path));
    // What is marked is not torn: it was found whole above.
    if (cut) opened = rocksdb::DB::Open(database, path, families, &families_, &db);
  }
  db_.reset(db);
  AQ_RETURN_IF_ERROR(FromRocks(opened, "opening the journal"));
  AQ_RETURN_IF_ERROR(MarkManifest(files, path));
  return FromRocks(db_->EnableAutoCompaction(families_), "opening the journal");
}

absl::Status RocksJournal::CheckFormat(const std::string& head_path,
                                       const RocksStoreOptions& options) {
  rocksdb::FileSystem& files = *env_->GetFileSystem();
  std::string text;
  const rocksdb::Status got = db_->Get({}, families_[kMeta], kFormatKey, &text);
  if (got.ok()) {
    std::uint64_t version = 0;
    if (!absl::SimpleAtoi(text, &version))
      return LostEntry("the journal's format version is damaged");
    if (version > kFormatVersion) {
      return Error(absl::StatusCode::kFailedPrecondition, reason::kFormatVersionUnknown,
                   absl::StrCat("the store has format version ", version,
                                "; this program knows versions up to ", kFormatVersion));
    }
    if (version < kFormatVersion && !(options.older_format && options.read_only)) {
      return Error(absl::StatusCode::kFailedPrecondition, reason::kFormatVersionOld,
                   absl::StrCat("the store has format version ", version, "; this program writes ",
                                kFormatVersion, " and has to upgrade it first"));
    }
    AQ_ASSIGN_OR_RETURN(const std::optional<Sequence> recorded, HeadFile::Read(files, head_path));
    if (!recorded.has_value()) return LostEntry("the journal's recorded head (HEAD) is missing");
    return absl::OkStatus();
  }
  if (!got.IsNotFound()) return FromRocks(got, "reading the journal's format version");
  if (read_only_) return absl::FailedPreconditionError("there is no store to read");
  std::unique_ptr<rocksdb::Iterator> any(db_->NewIterator({}, families_[kEntries]));
  any->SeekToFirst();
  if (any->Valid()) return LostEntry("the journal has entries but no format version");
  AQ_RETURN_IF_ERROR(FromRocks(any->status(), "reading the journal"));
  // HEAD first: a journal with a format version always has one.
  AQ_RETURN_IF_ERROR(HeadFile::Create(files, head_path));
  rocksdb::WriteBatch batch;
  AQ_RETURN_IF_ERROR(FromRocks(
      batch.Put(families_[kMeta], kFormatKey, absl::StrCat(kFormatVersion)), "building a group"));
  return WriteBlobsMark(batch, 0);
}

absl::Status RocksJournal::WriteBlobsMark(rocksdb::WriteBatch& batch, Sequence end) {
  AQ_RETURN_IF_ERROR(
      FromRocks(batch.Put(families_[kMeta], kBlobsMarkedKey, "1"), "building a group"));
  AQ_RETURN_IF_ERROR(FromRocks(
      batch.Put(families_[kBlobs], ToSlice(kBlobsEndKey), Seal(kBlobsEndKey, EncodeNumber(end))),
      "building a group"));
  absl::MutexLock lock(&mu_);
  return Write(batch);
}

absl::Status RocksJournal::CheckBlobsEnd() {
  std::string marked;
  const rocksdb::Status got = db_->Get({}, families_[kMeta], kBlobsMarkedKey, &marked);
  if (got.IsNotFound()) {
    // Written before there were marks.
    if (read_only_) return absl::OkStatus();
    rocksdb::WriteBatch batch;
    return WriteBlobsMark(batch, synced_sequence());
  }
  AQ_RETURN_IF_ERROR(FromRocks(got, "reading whether blobs are marked"));
  std::string sealed;
  const rocksdb::Status mark = db_->Get({}, families_[kBlobs], ToSlice(kBlobsEndKey), &sealed);
  if (mark.IsNotFound()) return LostEntry("the journal's blobs are missing");
  AQ_RETURN_IF_ERROR(FromRocks(mark, "reading the end of the blobs"));
  AQ_ASSIGN_OR_RETURN(const absl::string_view bytes, Unseal(kBlobsEndKey, sealed));
  AQ_ASSIGN_OR_RETURN(const Sequence end, DecodeNumber(bytes));
  if (end == synced_sequence()) return absl::OkStatus();
  return LostEntry(absl::StrCat("the journal's entries end at ", synced_sequence(),
                                " and its blobs at ", end, "; a file was cut off or removed"));
}

absl::Status RocksJournal::ReadEpoch() {
  std::string text;
  const rocksdb::Status got = db_->Get({}, families_[kMeta], kEpochKey, &text);
  if (got.IsNotFound()) return absl::OkStatus();
  AQ_RETURN_IF_ERROR(FromRocks(got, "reading the writer's lease"));
  absl::MutexLock lock(&mu_);
  AQ_ASSIGN_OR_RETURN(epoch_, DecodeNumber(text));
  return absl::OkStatus();
}

absl::Status RocksJournal::FindEnd(Sequence recorded) {
  std::unique_ptr<rocksdb::Iterator> last(db_->NewIterator({}, families_[kEntries]));
  last->SeekToLast();
  Sequence end = 0;
  if (last->Valid()) {
    AQ_ASSIGN_OR_RETURN(end, DecodeNumber(ToView(last->key())));
  }
  AQ_RETURN_IF_ERROR(FromRocks(last->status(), "finding the journal's end"));
  if (end < recorded && !tuning_.ignores_recorded_ends) {
    return LostEntry(absl::StrCat("the journal ends at ", end, " but had reached ", recorded,
                                  "; its log or a table file was cut off or removed"));
  }
  synced_.store(end, std::memory_order_release);
  if (!tuning_.ignores_recorded_ends) AQ_RETURN_IF_ERROR(CheckBlobsEnd());
  // The first, and what came after the head was recorded last.
  if (end == 0) return absl::OkStatus();
  AQ_RETURN_IF_ERROR(Read(1, [](Sequence, absl::string_view) { return false; }));
  return Read(std::max<Sequence>(recorded, 1), [](Sequence, absl::string_view) { return true; });
}

rocksdb::Status RocksJournal::Prepare() {
  rocksdb::WriteBatch mark;
  rocksdb::Status done = mark.Put(families_[kMeta], kMarkKey, "");
  if (!done.ok()) return done;
  // Begins new tables in memory, and a new log, where they are due. The mark is in the new ones.
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  done = db_->Write(unlogged, &mark);
  const std::uint64_t begun = logs_->begun();
  if (!done.ok() || begun == logs_synced_) return done;
  // RocksDB does not leave a log that is empty, even if it cannot be synced.
  done = db_->Write({}, &mark);
  // Notes in the manifest how long the log before is. Done by the group's own sync, it could fail
  // after the group was written.
  if (done.ok()) done = db_->SyncWAL();
  if (!done.ok()) return done;
  logs_->Keep();
  logs_synced_ = begun;
  return done;
}

absl::Status RocksJournal::Write(rocksdb::WriteBatch& batch) {
  if (!lost_.ok()) return lost_;
  constexpr char kDoing[] = "writing the journal";
  absl::Status written = FromRocks(Prepare(), kDoing);
  if (written.ok() && guard_->recovering()) {
    written = FromRocks(rocksdb::Status::NoSpace(), kDoing);
  }
  if (absl::IsResourceExhausted(written)) return written;
  if (written.ok()) {
    logs_->Begin();
    rocksdb::WriteOptions synced;
    synced.sync = true;
    guard_->Begin();
    written = FromRocks(db_->Write(synced, &batch), kDoing);
    guard_->End();
    if (written.ok()) {
      if (logs_->Keep()) return written;
      written = LostEntry("RocksDB wrote to a log that it had to leave");
    }
    // Then RocksDB may hold it in memory.
    const bool held = logs_->WroteAndSynced();
    const absl::Status discarded = FromRocks(logs_->Discard(), kDoing);
    if (absl::IsResourceExhausted(written) && !held &&
        (discarded.ok() || absl::IsResourceExhausted(discarded))) {
      return written;
    }
  }
  lost_ = LostEntry(absl::StrCat(written.message(), "; open the store again"));
  return lost_;
}

absl::StatusOr<Epoch> RocksJournal::AcquireWriter() {
  if (read_only_) return ReadOnlyError();
  absl::MutexLock lock(&mu_);
  rocksdb::WriteBatch batch;
  AQ_RETURN_IF_ERROR(FromRocks(batch.Put(families_[kMeta], kEpochKey, EncodeNumber(epoch_ + 1)),
                               "taking the writer's lease"));
  AQ_RETURN_IF_ERROR(Write(batch));
  return ++epoch_;
}

absl::StatusOr<Sequence> RocksJournal::Append(Epoch epoch, AppendGroup group) {
  if (read_only_) return ReadOnlyError();
  AQ_RETURN_IF_ERROR(CheckGroup(group));
  absl::MutexLock lock(&mu_);
  AQ_RETURN_IF_ERROR(CheckEpoch(epoch, epoch_));
  rocksdb::WriteBatch batch(BatchBytes(group));
  rocksdb::Status put;
  // What is in the batch is let go: a large group should not be in memory twice.
  for (Blob& blob : group.blobs) {
    const std::string bytes = std::move(blob.bytes);
    if (put.ok()) put = batch.Put(families_[kBlobs], blob.name, Seal(blob.name, bytes));
  }
  for (const std::string& name : group.removed_blobs) {
    if (put.ok()) put = batch.Delete(families_[kBlobs], name);
  }
  Sequence last = synced_sequence();
  for (std::string& sealed : group.entries) {
    const std::string key = EncodeNumber(++last);
    const std::string entry = std::move(sealed);
    if (put.ok()) put = batch.Put(families_[kEntries], key, Seal(key, entry));
  }
  if (put.ok()) {
    put =
        batch.Put(families_[kBlobs], ToSlice(kBlobsEndKey), Seal(kBlobsEndKey, EncodeNumber(last)));
  }
  AQ_RETURN_IF_ERROR(FromRocks(put, "building a group"));
  AQ_RETURN_IF_ERROR(Write(batch));
  synced_.store(last, std::memory_order_release);
  // The group is durable whatever becomes of this; a failing disk stops the next one.
  if (const absl::Status recorded = head_->Record(last); absl::IsDataLoss(recorded)) {
    lost_ = recorded;
  }
  return last;
}

absl::Status RocksJournal::Read(
    Sequence first, const std::function<bool(Sequence, absl::string_view)>& visit) const {
  const Sequence last = synced_sequence();
  Sequence expected = std::max<Sequence>(first, 1);
  if (expected > last) return absl::OkStatus();
  const std::string end = EncodeNumber(last + 1);
  const rocksdb::Slice upper(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  options.fill_cache = false;
  options.readahead_size = kReadAheadBytes;
  std::unique_ptr<rocksdb::Iterator> entries(db_->NewIterator(options, families_[kEntries]));
  for (entries->Seek(EncodeNumber(expected)); entries->Valid(); entries->Next()) {
    AQ_ASSIGN_OR_RETURN(const Sequence sequence, DecodeNumber(ToView(entries->key())));
    if (sequence != expected)
      return LostEntry(absl::StrCat("journal entry ", expected, " is missing"));
    const auto entry = Unseal(ToView(entries->key()), ToView(entries->value()));
    if (!entry.ok())
      return LostEntry(absl::StrCat("journal entry ", sequence, " fails its checksum"));
    if (!visit(sequence, *entry)) return absl::OkStatus();
    ++expected;
  }
  AQ_RETURN_IF_ERROR(FromRocks(entries->status(), absl::StrCat("reading entry ", expected)));
  if (expected <= last) return LostEntry(absl::StrCat("journal entry ", expected, " is missing"));
  return absl::OkStatus();
}

absl::StatusOr<std::string> RocksJournal::GetEntry(Sequence sequence) const {
  if (sequence == 0 || sequence > synced_sequence()) {
    return absl::NotFoundError("there is no such entry");
  }
  const std::string key = EncodeNumber(sequence);
  std::string sealed;
  const rocksdb::Status got = db_->Get({}, families_[kEntries], key, &sealed);
  if (got.IsNotFound()) return LostEntry(absl::StrCat("journal entry ", sequence, " is missing"));
  AQ_RETURN_IF_ERROR(FromRocks(got, absl::StrCat("reading entry ", sequence)));
  AQ_ASSIGN_OR_RETURN(const absl::string_view entry, Unseal(key, sealed));
  return std::string(entry);
}

absl::StatusOr<std::string> RocksJournal::GetBlob(absl::string_view name) const {
  std::string sealed;
  const rocksdb::Status got = db_->Get({}, families_[kBlobs], ToSlice(name), &sealed);
  if (got.IsNotFound()) return absl::NotFoundError("there is no such blob");
  AQ_RETURN_IF_ERROR(FromRocks(got, "reading a blob"));
  AQ_ASSIGN_OR_RETURN(const absl::string_view bytes, Unseal(name, sealed));
  return std::string(bytes);
}

absl::Status RocksJournal::Checkpoint(const std::string& directory) const {
  constexpr char kDoing[] = "copying the journal";
  if (env_->FileExists(directory).ok()) {
    return absl::AlreadyExistsError(absl::StrCat(directory, " exists already"));
  }
  AQ_RETURN_IF_ERROR(FromRocks(env_->CreateDirIfMissing(directory), kDoing));
  // Before the copy, which may have more.
  const Sequence head = synced_sequence();
  rocksdb::Checkpoint* made = nullptr;
  AQ_RETURN_IF_ERROR(FromRocks(rocksdb::Checkpoint::Create(db_.get(), &made), kDoing));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  AQ_RETURN_IF_ERROR(FromRocks(checkpoint->CreateCheckpoint(directory + "/journal"), kDoing));
  rocksdb::FileSystem& files = *env_->GetFileSystem();
  AQ_RETURN_IF_ERROR(MarkManifest(files, directory + "/journal"));
  AQ_RETURN_IF_ERROR(HeadFile::Create(files, directory + "/HEAD"));
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<HeadFile> file,
                      HeadFile::Open(files, directory + "/HEAD", head));
  AQ_RETURN_IF_ERROR(file->Record(head));
  return file->Sync();
}

}  // namespace anqiao::store

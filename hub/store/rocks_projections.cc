#include "hub/store/rocks_projections.h"

#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"
#include "hub/store/checksum.h"
#include "hub/store/group_limits.h"
#include "hub/store/key_filter.h"
#include "hub/store/log_tail.h"
#include "hub/store/rocks_log.h"
#include "hub/store/rocks_status.h"

namespace anqiao::store {

namespace {

// What cannot be removed now is removed when the store is opened next.
void Remove(const std::string& path, rocksdb::Env* env) {
  rocksdb::Options options;
  options.env = env;
  rocksdb::DestroyDB(path, options).PermitUncheckedError();
}

}  // namespace

struct RocksProjections::Database {
  Database(std::unique_ptr<rocksdb::DB> db, std::string path, rocksdb::Env* env,
           std::unique_ptr<rocksdb::Env> encrypting)
      : env(env), encrypting(std::move(encrypting)), db(std::move(db)), path(std::move(path)) {}
  ~Database() {
    db.reset();
    if (!remove) return;
    Remove(path, env);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::Env* const env;
  // Over "env", if the files are encrypted; outlives the database.
  const std::unique_ptr<rocksdb::Env> encrypting;
  std::unique_ptr<rocksdb::DB> db;
  const std::string path;
  std::atomic<bool> remove = false;
  std::unique_ptr<KeyFilter> keys;  // has all that there are; null: not remembered
};

namespace {

// The store's own key lies before those of keys.h, which start with a letter.
constexpr absl::string_view kAppliedKey("\0applied", 8);
constexpr absl::string_view kFirstKey("\x01", 1);
constexpr int kCacheShardBits = 1;
// Of projections that are only compared: sorted runs that are made one.
constexpr int kRunsMerged = 16;

rocksdb::Options DatabaseOptions(const RocksStoreTuning& tuning, const std::string& path,
                                 rocksdb::Env* env) {
  rocksdb::BlockBasedTableOptions table;
  // A file's filter is one block of some 200 kB: in the many small shards that RocksDB makes of its
  // own accord, filters push each other out, and most reads read one from the disk.
  rocksdb::LRUCacheOptions cache;
  cache.capacity = tuning.projection_cache_bytes;
  cache.num_shard_bits = kCacheShardBits;
  table.block_cache = rocksdb::NewLRUCache(cache);
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::Options options;
  options.env = env;
  options.info_log = MakeRocksLog(path);
  options.create_if_missing = true;
  options.compression = tuning.compresses ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // Small memtables stay in the processor's cache: inserting into them is what costs.
  options.write_buffer_size = tuning.write_buffer_bytes;
  options.max_write_buffer_number = 4;
  // Most keys that are looked for are new: a filter tells so sooner than the skip lists.
  options.memtable_prefix_bloom_size_ratio = 0.05;
  options.memtable_whole_key_filtering = true;
  // Hidden keys lie scattered, so that every compaction rewrites a whole level: rarer is cheaper,
  // and filters keep reads from looking into each file.
  options.level0_file_num_compaction_trigger = 8;
  options.target_file_size_base = std::uint64_t{16} << 20;
  options.max_bytes_for_level_base = std::uint64_t{128} << 20;
  options.max_background_jobs = 2;
  options.bytes_per_sync = 1 << 20;
  options.max_open_files = 256;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.stats_dump_period_sec = 0;
  return options;
}

// Of a database that "env" encrypts, filled and read through once and then thrown away.
rocksdb::Options CompareOptions(const RocksStoreTuning& tuning, const std::string& path,
                                rocksdb::Env* env) {
  rocksdb::Options options = DatabaseOptions(tuning, path, env);
  // It may name keys, which lie open here but for the files' encryption.
  options.info_log = MakeSilentLog();
  options.compression = rocksdb::kNoCompression;
  // A batch's keys come in order: each is inserted from where the one before it in its family went.
  options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(1));
  // Merging runs costs more than looking into several.
  options.compaction_style = rocksdb::kCompactionStyleUniversal;
  options.level0_file_num_compaction_trigger = kRunsMerged;
  options.level0_slowdown_writes_trigger = 3 * kRunsMerged;
  options.level0_stop_writes_trigger = 4 * kRunsMerged;
  options.compaction_options_universal.min_merge_width = kRunsMerged;
  options.compaction_options_universal.max_size_amplification_percent = 1'000'000;
  return options;
}

class RocksBatch : public ProjectionBatch {
 public:
  using ProjectionBatch::Put;
  void Put(absl::string_view key, absl::string_view value, absl::string_view owner) override {
    Add(key, value, false);
  }
  void Delete(absl::string_view key) override { Add(key, {}, true); }

  // The last change of each key, in the order of keys: neighbours are cheaper to insert.
  // "keys" may be null.
  rocksdb::Status AddTo(rocksdb::WriteBatch& batch, KeyFilter* keys) const {
    std::vector<Change> sorted = changes_;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [this](const Change& a, const Change& b) { return KeyOf(a) < KeyOf(b); });
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      const Change& change = sorted[i];
      const absl::string_view key = KeyOf(change);
      if (i + 1 < sorted.size() && key == KeyOf(sorted[i + 1])) continue;
      const rocksdb::Status added = change.deleted
                                        ? batch.Delete(ToSlice(key))
                                        : batch.Put(ToSlice(key), ToSlice(ValueOf(change)));
      if (!added.ok()) return added;
      if (keys != nullptr && !change.deleted) keys->Add(key);
    }
    return rocksdb::Status::OK();
  }

 private:
  // Its key and value follow each other in "bytes_".
  struct Change {
    std::size_t at = 0;
    std::size_t key_bytes = 0, value_bytes = 0;
    bool deleted = false;
  };

  void Add(absl::string_view key, absl::string_view value, bool deleted) {
    changes_.push_back({bytes_.size(), key.size(), value.size(), deleted});
    bytes_.append(key.data(), key.size());
    bytes_.append(value.data(), value.size());
  }
  absl::string_view KeyOf(const Change& change) const {
    return absl::string_view(bytes_).substr(change.at, change.key_bytes);
  }
  absl::string_view ValueOf(const Change& change) const {
    return absl::string_view(bytes_).substr(change.at + change.key_bytes, change.value_bytes);
  }

  std::vector<Change> changes_;
  std::string bytes_;
};

absl::StatusOr<Sequence> ReadApplied(rocksdb::DB& db, const rocksdb::ReadOptions& options) {
  std::string bytes;
  const rocksdb::Status got = db.Get(options, ToSlice(kAppliedKey), &bytes);
  if (got.IsNotFound()) return 0;
  AQ_RETURN_IF_ERROR(FromRocks(got, "reading how far the projections are"));
  return DecodeNumber(bytes);
}

absl::StatusOr<bool> IsEmpty(rocksdb::DB& db) {
  const std::unique_ptr<rocksdb::Iterator> rows(db.NewIterator({}));
  rows->SeekToFirst();
  AQ_RETURN_IF_ERROR(FromRocks(rows->status(), "looking whether there are projections"));
  return !rows->Valid();
}

class RocksSnapshot : public Snapshot {
 public:
  explicit RocksSnapshot(std::shared_ptr<RocksProjections::Database> database)
      : database_(std::move(database)), db_(*database_->db), snapshot_(db_.GetSnapshot()) {
    absl::StatusOr<Sequence> sequence = ReadApplied(db_, Options());
    if (sequence.ok()) {
      sequence_ = *sequence;
    } else {
      usable_ = sequence.status();
    }
  }
  ~RocksSnapshot() override { db_.ReleaseSnapshot(snapshot_); }

  Sequence sequence() const override { return sequence_; }

  absl::StatusOr<std::string> Get(absl::string_view key) const override {
    AQ_RETURN_IF_ERROR(usable_);
    std::string value;
    if (database_->keys != nullptr && !database_->keys->MayContain(key)) {
      return absl::NotFoundError("there is no such key");
    }
    const rocksdb::Status got = db_.Get(Options(), ToSlice(key), &value);
    if (got.IsNotFound()) return absl::NotFoundError("there is no such key");
    AQ_RETURN_IF_ERROR(FromRocks(got, "reading a projection"));
    return value;
  }

  absl::Status Scan(
      absl::string_view begin, absl::string_view end,
      const std::function<bool(absl::string_view, absl::string_view)>& visit) const override {
    AQ_RETURN_IF_ERROR(usable_);
    if (!end.empty() && end <= begin) return absl::OkStatus();
    const rocksdb::Slice upper = ToSlice(end);
    rocksdb::ReadOptions options = Options();
    if (!end.empty()) options.iterate_upper_bound = &upper;
    std::unique_ptr<rocksdb::Iterator> rows(db_.NewIterator(options));
    for (rows->Seek(ToSlice(std::max(begin, kFirstKey))); rows->Valid(); rows->Next()) {
      if (!visit(ToView(rows->key()), ToView(rows->value()))) return absl::OkStatus();
    }
    return FromRocks(rows->status(), "reading projections");
  }

 private:
  rocksdb::ReadOptions Options() const {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot_;
    return options;
  }

  const std::shared_ptr<RocksProjections::Database> database_;
  rocksdb::DB& db_;
  const rocksdb::Snapshot* const snapshot_;
  Sequence sequence_ = 0;
  // Not OK: even the sequence could not be read.
  absl::Status usable_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RocksProjections>> RocksProjections::Open(
    const std::string& path, bool read_only, const RocksStoreTuning& tuning, rocksdb::Env* env) {
  rocksdb::DB* db = nullptr;
  const rocksdb::Options database = DatabaseOptions(tuning, path, env);
  rocksdb::Status opened = read_only ? rocksdb::DB::OpenForReadOnly(database, path, &db)
                                     : rocksdb::DB::Open(database, path, &db);
  if (opened.IsCorruption() && !read_only) {
    AQ_ASSIGN_OR_RETURN(const bool cut, CutTornTails(*env->GetFileSystem(), path));
    if (cut) opened = rocksdb::DB::Open(database, path, &db);
  }
  std::unique_ptr<rocksdb::DB> owned(db);
  const absl::Status status = FromRocks(opened, "opening the projections");
  if (absl::IsDataLoss(status)) {
    return absl::DataLossError(absl::StrCat(status.message(), "; remove ", path,
                                            " and the projections are computed again"));
  }
  AQ_RETURN_IF_ERROR(status);
  std::unique_ptr<RocksProjections> projections(new RocksProjections(
      std::make_shared<Database>(std::move(owned), path, env, nullptr), read_only));
  AQ_ASSIGN_OR_RETURN(projections->applied_, ReadApplied(*projections->database_->db, {}));
  if (!read_only) {
    AQ_ASSIGN_OR_RETURN(const bool empty, IsEmpty(*projections->database_->db));
    if (empty) projections->database_->keys = std::make_unique<KeyFilter>();
  }
  return projections;
}

absl::StatusOr<std::unique_ptr<RocksProjections>> RocksProjections::MakeToCompare(
    const std::string& path, const RocksStoreTuning& tuning, rocksdb::Env* env, FileCipher cipher) {
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<rocksdb::Env> encrypting, NewEncryptingEnv(env, cipher));
  rocksdb::DB* db = nullptr;
  rocksdb::Options options = CompareOptions(tuning, path, encrypting.get());
  options.error_if_exists = true;
  if (const rocksdb::Status made = rocksdb::DB::Open(options, path, &db); !made.ok()) {
    Remove(path, env);
    return FromRocks(made, "making projections to compare");
  }
  std::unique_ptr<RocksProjections> projections(
      new RocksProjections(std::make_shared<Database>(std::unique_ptr<rocksdb::DB>(db), path, env,
                                                      std::move(encrypting)),
                           false));
  projections->database_->keys = std::make_unique<KeyFilter>();
  projections->RemoveAfterUse();
  return projections;
}

std::unique_ptr<ProjectionBatch> RocksProjections::NewBatch() const {
  return std::make_unique<RocksBatch>();
}

absl::Status RocksProjections::Write(rocksdb::WriteBatch& changes, Sequence sequence) {
  AQ_RETURN_IF_ERROR(FromRocks(changes.Put(ToSlice(kAppliedKey), EncodeNumber(sequence)),
                               "building changes of projections"));
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  rocksdb::Status written = database_->db->Write(unlogged, &changes);
  // Once the disk was full RocksDB refuses writes until it is told to look again.
  if (written.IsNoSpace() && database_->db->Resume().ok())
    written = database_->db->Write(unlogged, &changes);
  AQ_RETURN_IF_ERROR(FromRocks(written, "writing projections"));
  applied_.store(sequence, std::memory_order_release);
  return absl::OkStatus();
}

absl::Status RocksProjections::Apply(const ProjectionBatch& batch, Sequence sequence) {
  if (read_only_) return absl::FailedPreconditionError("the store was opened read-only");
  const auto* own = dynamic_cast<const RocksBatch*>(&batch);
  if (own == nullptr) return absl::InvalidArgumentError("the batch is of another store");
  AQ_RETURN_IF_ERROR(CheckApply(sequence, applied_sequence()));
  rocksdb::WriteBatch changes;
  // Keys are remembered before the batch can be seen: a snapshot that has one finds it in the
  // filter. What a write that failed leaves there costs a look.
  AQ_RETURN_IF_ERROR(
      FromRocks(own->AddTo(changes, database_->keys.get()), "building changes of projections"));
  return Write(changes, sequence);
}

std::unique_ptr<Snapshot> RocksProjections::NewSnapshot() const {
  return std::make_unique<RocksSnapshot>(database_);
}

absl::Status RocksProjections::Flush(bool wait) {
  if (read_only_) return absl::FailedPreconditionError("the store was opened read-only");
  rocksdb::FlushOptions options;
  options.wait = wait;
  options.allow_write_stall = true;
  return FromRocks(database_->db->Flush(options), "writing projections out");
}

const std::string& RocksProjections::path() const { return database_->path; }

void RocksProjections::RemoveAfterUse() { database_->remove = true; }

void RocksProjections::KeepAfterUse() { database_->remove = false; }

}  // namespace anqiao::store

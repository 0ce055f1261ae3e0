#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/store/rocks_store_internal.h"
#include "tests/hub/store/store_contract.h"

namespace anqiao::store {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& directory, bool read_only = false) {
  return OpenRocksStore({.directory = directory, .read_only = read_only});
}

INSTANTIATE_TEST_SUITE_P(RocksStore, StoreContract,
                         ::testing::Values([](const std::string& directory) {
                           auto store = Open(directory);
                           AQ_EXPECT_OK(store);
                           return store.ok() ? *std::move(store) : nullptr;
                         }));

std::vector<fs::path> FilesOf(const std::string& directory, const std::string& extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == extension) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void FlipByte(const fs::path& path, std::uintmax_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(file.get());
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(byte ^ 0x40));
}

// 500 rows of them are more than the memtables hold: some must have reached table files.
constexpr std::size_t kValueBytes = 60000;

std::string EntryText(Sequence sequence) {
  return std::to_string(sequence) + std::string(200, static_cast<char>('a' + sequence % 26));
}

// Appends one entry a group from "from" to "to".
void AppendEach(Store& store, Sequence from, Sequence to) {
  AQ_ASSERT_OK_AND_ASSIGN(const Epoch epoch, store.AcquireWriter());
  for (Sequence at = from; at <= to; ++at) {
    AQ_ASSERT_OK(store.Append(epoch, Entries({EntryText(at)})));
  }
}

class RocksStoreTest : public ::testing::Test {
 protected:
  // Runs "work" in another process that then dies at once, without closing anything.
  template <typename Work>
  void RunAndDie(const Work& work) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    // The other process starts this test again: it must find the same directory.
    if (std::getenv("ANQIAO_TEST_DIRECTORY") == nullptr) {
      setenv("ANQIAO_TEST_DIRECTORY", directory_.path().c_str(), 1);
    }
    EXPECT_EXIT(
        {
          work(std::string(std::getenv("ANQIAO_TEST_DIRECTORY")));
          _exit(::testing::Test::HasFailure() ? 1 : 0);
        },
        ::testing::ExitedWithCode(0), "");
    unsetenv("ANQIAO_TEST_DIRECTORY");
  }

  std::string Journal() const { return directory_.File("journal"); }

  // The log that holds the entries.
  fs::path LargestLog() const {
    const std::vector<fs::path> logs = FilesOf(Journal(), ".log");
    return *std::max_element(logs.begin(), logs.end(), [](const fs::path& a, const fs::path& b) {
      return fs::file_size(a) < fs::file_size(b);
    });
  }

  void ExpectLost() {
    for (const bool read_only : {false, true}) {
      const auto opened = Open(directory_.path(), read_only);
      EXPECT_THAT(opened, StatusIs(absl::StatusCode::kDataLoss));
      EXPECT_EQ(ReasonOf(opened.status()), reason::kStorageLost);
    }
  }

  testing::TempDir directory_;
};

TEST_F(RocksStoreTest, FindsEverythingAgainAfterACleanClose) {
  {
    AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory_.path()));
    AppendEach(*store, 1, 20);
    AQ_ASSERT_OK(ApplyRows(*store, {{"a", "1"}}, 20));
  }
  AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory_.path()));
  EXPECT_EQ(store->synced_sequence(), 20u);
  EXPECT_EQ(store->applied_sequence(), 20u);
  EXPECT_THAT(store->NewSnapshot()->Get("a"), IsOkAndHolds("1"));
  EXPECT_THAT(store->Append(1, Entries({"x"})), IsOkAndHolds(21u));
}

TEST_F(RocksStoreTest, LeasesGrowAcrossReopening) {
  Epoch first = 0;
  {
    AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory_.path()));
    AQ_ASSERT_OK_AND_ASSIGN(first, store->AcquireWriter());
  }
  AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory_.path()));
  EXPECT_THAT(store->AcquireWriter(), IsOkAndHolds(first + 1));
}

TEST_F(RocksStoreTest, AKilledProcessLosesNothingAcknowledged) {
  RunAndDie([](const std::string& directory) {
    AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory));
    AppendEach(*store, 1, 500);
    for (Sequence at = 1; at <= 500; ++at) {
      const std::string value = std::to_string(at) + std::string(kValueBytes, 'x');
      AQ_ASSERT_OK(ApplyRows(*store, {{"a", value}, {absl::StrCat("b", at), value}}, at));
    }
    store.release();
  });
  AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory_.path()));
  ASSERT_EQ(store->synced_sequence(), 500u);
  Sequence at = 0;
  for (const std::string& entry : ReadAll(*store)) ASSERT_EQ(entry, EntryText(++at));
  EXPECT_EQ(at, 500u);

  const auto snapshot = store->NewSnapshot();
  const Sequence applied = snapshot->sequence();
  EXPECT_EQ(applied, store->applied_sequence());
  ASSERT_GT(applied, 0u);
  EXPECT_LE(applied, 500u);
  const Rows rows = ScanAll(*snapshot);
  ASSERT_EQ(rows.size(), applied + 1);
  EXPECT_EQ(rows[0].second, std::to_string(applied) + std::string(kValueBytes, 'x'));
}

TEST_F(RocksStoreTest, ALogCutOffInsideItsLastUnacknowledgedRecordOpens) {
  RunAndDie([](const std::string& directory) {
    AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory));
    AppendEach(*store, 1, 10);
    // As if the process had died before the last group was acknowledged.
    fs::copy_file(directory + "/HEAD", directory + "/HEAD.before");
    AppendEach(*store, 11, 11);
    store.release();
  });
  fs::rename(directory_.File("HEAD.before"), directory_.File("HEAD"));
  fs::resize_file(LargestLog(), fs::file_size(LargestLog()) - 5);
  AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory_.path()));
  EXPECT_EQ(store->synced_sequence(), 10u);
}

TEST_F(RocksStoreTest, ALogShorterThanTheRecordedHeadIsLost) {
  RunAndDie([](const std::string& directory) {
    AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory));
    AppendEach(*store, 1, 50);
    store.release();
  });
  fs::resize_file(LargestLog(), fs::file_size(LargestLog()) - 5);
  ExpectLost();
}

TEST_F(RocksStoreTest, AFlippedByteAnywhereInTheLogIsNeverAShorterJournal) {
  RunAndDie([](const std::string& directory) {
    AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory));
    AppendEach(*store, 1, 200);
    store.release();
  });
  const fs::path copy = directory_.File("copy");
  const std::string log = LargestLog().filename().string();
  const std::uintmax_t size = fs::file_size(LargestLog());
  for (std::uintmax_t at = 3; at < size; at += size / 40 + 1) {
    fs::remove_all(copy);
    fs::create_directory(copy);
    fs::copy(directory_.File("journal"), copy / "journal", fs::copy_options::recursive);
    fs::copy_file(directory_.File("HEAD"), copy / "HEAD");
    FlipByte(copy / "journal" / log, at);
    EXPECT_THAT(Open(copy.string()), StatusIs(absl::StatusCode::kDataLoss)) << "byte " << at;
  }
}

TEST_F(RocksStoreTest, AFlippedByteInATableFileIsNoticedWhenRead) {
  RunAndDie([](const std::string& directory) {
    AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory));
    AppendEach(*store, 1, 2000);
    store.release();
  });
  // Opening turns the log into a table file.
  AQ_ASSERT_OK(Open(directory_.path()));
  const std::vector<fs::path> tables = FilesOf(Journal(), ".sst");
  ASSERT_FALSE(tables.empty());
  const fs::path& largest = *std::max_element(
      tables.begin(), tables.end(),
      [](const fs::path& a, const fs::path& b) { return fs::file_size(a) < fs::file_size(b); });
  FlipByte(largest, fs::file_size(largest) / 2);
  const auto store = Open(directory_.path());
  if (!store.ok()) {
    EXPECT_THAT(store, StatusIs(absl::StatusCode::kDataLoss));
    return;
  }
  Sequence seen = 0;
  EXPECT_THAT((*store)->ReadJournal(1,
                                    [&](Sequence at, absl::string_view entry) {
                                      seen = at;
                                      EXPECT_EQ(std::string(entry), EntryText(at));
                                      return true;
                                    }),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_LT(seen, 2000u);
}

TEST_F(RocksStoreTest, ARemovedJournalIsLostAndNotStartedAgain) {
  {
    AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory_.path()));
    AppendEach(*store, 1, 3);
  }
  fs::remove_all(Journal());
  ExpectLost();
  EXPECT_FALSE(fs::exists(Journal() + "/CURRENT"));
}

TEST_F(RocksStoreTest, ARemovedHeadIsLost) {
  { AQ_ASSERT_OK(Open(directory_.path())); }
  fs::remove(directory_.File("HEAD"));
  EXPECT_THAT(Open(directory_.path()), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(RocksStoreTest, ProjectionsAheadOfTheJournalAreRefused) {
  {
    AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory_.path()));
    AppendEach(*store, 1, 3);
    EXPECT_THAT(ApplyRows(*store, {{"a", "1"}}, 4), StatusIs(absl::StatusCode::kInvalidArgument));
    AQ_ASSERT_OK(ApplyRows(*store, {{"a", "1"}}, 3));
  }
  fs::remove_all(Journal());
  fs::remove(directory_.File("HEAD"));
  EXPECT_THAT(Open(directory_.path()), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(RocksStoreTest, ProjectionsThatWereRemovedStartAgain) {
  {
    AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory_.path()));
    AppendEach(*store, 1, 3);
    AQ_ASSERT_OK(ApplyRows(*store, {{"a", "1"}}, 3));
  }
  fs::remove_all(directory_.File("projections-1"));
  AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory_.path()));
  EXPECT_EQ(store->applied_sequence(), 0u);
  EXPECT_EQ(store->synced_sequence(), 3u);
}

TEST_F(RocksStoreTest, RefusesANewerFormat) {
  { AQ_ASSERT_OK(Open(directory_.path())); }
  {
    std::vector<std::string> names;
    rocksdb::Options options;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(options, Journal(), &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names) families.emplace_back(name, options);
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, Journal(), families, &handles, &db).ok());
    ASSERT_TRUE(db->Put({}, "format_version", "3").ok());
    for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
    delete db;
  }
  const auto opened = Open(directory_.path());
  EXPECT_THAT(opened, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ReasonOf(opened.status()), reason::kFormatVersionUnknown);
}

TEST_F(RocksStoreTest, AManifestThatWasCutOffIsLost) {
  {
    AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory_.path()));
    AppendEach(*store, 1, 3);
  }
  for (const auto& entry : fs::directory_iterator(Journal())) {
    if (entry.path().filename().string().rfind("MANIFEST-", 0) == 0) {
      fs::resize_file(entry.path(), fs::file_size(entry.path()) - 5);
    }
  }
  ExpectLost();
}

TEST_F(RocksStoreTest, BlobsThatLostTheirEndAreLost) {
  {
    AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory_.path()));
    AppendEach(*store, 1, 3);
  }
  {
    rocksdb::Options options;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, Journal(),
                                  {{"default", options}, {"entries", options}, {"blobs", options}},
                                  &handles, &db)
                    .ok());
    ASSERT_TRUE(db->Delete({}, handles[2], rocksdb::Slice("\0end", 4)).ok());
    for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
    delete db;
  }
  ExpectLost();
}

TEST_F(RocksStoreTest, OnlyOneWriterOpensADirectory) {
  AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory_.path()));
  EXPECT_THAT(Open(directory_.path()),
              StatusIs(absl::StatusCode::kUnavailable, ::testing::HasSubstr("another process")));
}

TEST_F(RocksStoreTest, RowsAreFoundAfterReopening) {
  for (Sequence at = 1; at <= 3; ++at) {
    AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory_.path()));
    AppendEach(*store, at, at);
    AQ_ASSERT_OK(ApplyRows(*store, {{absl::StrCat("k", at), "there"}}, at));
    for (Sequence before = 1; before <= at; ++before) {
      EXPECT_THAT(store->NewSnapshot()->Get(absl::StrCat("k", before)), IsOkAndHolds("there"));
    }
  }
}

TEST_F(RocksStoreTest, ReadOnlyReadsAndChangesNothing) {
  EXPECT_THAT(Open(directory_.path(), true), StatusIs(absl::StatusCode::kFailedPrecondition));
  AQ_ASSERT_OK_AND_ASSIGN(auto writer, Open(directory_.path()));
  AppendEach(*writer, 1, 5);
  AQ_ASSERT_OK_AND_ASSIGN(auto reader, Open(directory_.path(), true));
  EXPECT_EQ(ReadAll(*reader).size(), 5u);
  EXPECT_THAT(reader->AcquireWriter(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(reader->Append(1, Entries({"x"})), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(ApplyRows(*reader, {{"a", "1"}}, 1), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(reader->ReplaceProjections(nullptr), StatusIs(absl::StatusCode::kInvalidArgument));
}

// Files beneath "directory" in which "text" stands.
std::vector<std::string> FilesWith(const std::string& directory, const std::string& text) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    if (absl::StrContains(bytes, text)) found.push_back(entry.path().filename().string());
  }
  return found;
}

Rows CanaryRows() {
  Rows rows;
  for (int i = 10'000; i < 14'000; ++i) {
    rows.emplace_back(absl::StrCat("canary-key-", i),
                      absl::StrCat("canary-value-", i, std::string(300, 'v')));
  }
  return rows;
}

// In so many steps that the memtables do not hold all: most is in table files when this returns.
void ApplyCanaryRows(ProjectionStore& store) {
  const Rows rows = CanaryRows();
  for (std::size_t at = 0; at < rows.size(); at += 100) {
    const auto from = rows.begin() + static_cast<std::ptrdiff_t>(at);
    AQ_ASSERT_OK(ApplyRows(store, Rows(from, from + 100), 1));
  }
}

constexpr RocksStoreTuning kSmallMemtables{.write_buffer_bytes = 64 << 10};

TEST_F(RocksStoreTest, ProjectionsToCompareLieEncryptedWholeAndAreRemoved) {
  const Rows rows = CanaryRows();
  for (const bool sm4 : {false, true}) {
    testing::TempDir directory;
    AQ_ASSERT_OK_AND_ASSIGN(
        auto store, OpenRocksStoreOn(rocksdb::Env::Default(),
                                     {.directory = directory.path(), .sm4 = sm4}, kSmallMemtables));
    AQ_ASSERT_OK_AND_ASSIGN(auto beside, store->NewProjections(ProjectionPurpose::kCompare));
    const std::string path = directory.File("projections-2");
    ApplyCanaryRows(*beside);
    const auto snapshot = beside->NewSnapshot();
    EXPECT_EQ(ScanAll(*snapshot), rows);
    EXPECT_THAT(snapshot->Get(rows[1].first), IsOkAndHolds(rows[1].second));
    EXPECT_THAT(snapshot->Get("canary-key-none"), StatusIs(absl::StatusCode::kNotFound));
    EXPECT_FALSE(FilesOf(path, ".sst").empty());
    EXPECT_FALSE(FilesOf(path, ".log").empty());
    EXPECT_FALSE(fs::exists(path + "/LOG"));
    EXPECT_THAT(FilesWith(directory.path(), "canary"), ElementsAre());
    // Nor anything that RocksDB writes of its own accord.
    EXPECT_THAT(FilesWith(path, "rocksdb"), ElementsAre());
    beside.reset();
    EXPECT_THAT(snapshot->Get(rows[1].first), IsOkAndHolds(rows[1].second));
  }
}

TEST_F(RocksStoreTest, ProjectionsToCompareAreGoneWithTheirLastSnapshot) {
  AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory_.path()));
  AQ_ASSERT_OK_AND_ASSIGN(auto beside, store->NewProjections(ProjectionPurpose::kCompare));
  AQ_ASSERT_OK(ApplyRows(*beside, {{"a", "1"}}, 1));
  const std::string path = directory_.File("projections-2");
  EXPECT_TRUE(fs::exists(path));
  beside.reset();
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(RocksStoreTest, TheLiveProjectionsOfAnUnsealedStoreShowThatTheSearchFinds) {
  AQ_ASSERT_OK_AND_ASSIGN(
      auto store,
      OpenRocksStoreOn(rocksdb::Env::Default(), {.directory = directory_.path(), .compress = false},
                       kSmallMemtables));
  AppendEach(*store, 1, 1);
  ApplyCanaryRows(*store);
  const std::string path = directory_.File("projections-1");
  EXPECT_FALSE(FilesWith(path, "canary-key").empty());
  EXPECT_FALSE(FilesWith(path, "canary-value").empty());
  EXPECT_FALSE(FilesWith(path, "rocksdb").empty());
}

// A process that dies leaves what nobody can read, and the next writer removes it.
TEST_F(RocksStoreTest, ProjectionsToCompareOfAKilledProcessAreRemovedUnread) {
  RunAndDie([](const std::string& directory) {
    AQ_ASSERT_OK_AND_ASSIGN(
        auto store,
        OpenRocksStoreOn(rocksdb::Env::Default(), {.directory = directory}, kSmallMemtables));
    AQ_ASSERT_OK_AND_ASSIGN(auto beside, store->NewProjections(ProjectionPurpose::kCompare));
    ApplyCanaryRows(*beside);
    EXPECT_EQ(ScanAll(*beside->NewSnapshot()), CanaryRows());
    beside.release();
    store.release();
  });
  const std::string path = directory_.File("projections-2");
  EXPECT_FALSE(FilesOf(path, ".sst").empty());
  EXPECT_THAT(FilesWith(directory_.path(), "canary"), ElementsAre());
  AQ_ASSERT_OK_AND_ASSIGN(auto store, Open(directory_.path()));
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(RocksStoreTest, BesideAReadOnlyStoreTheyLieInTheScratchDirectory) {
  {
    AQ_ASSERT_OK_AND_ASSIGN(auto writer, Open(directory_.path()));
    AppendEach(*writer, 1, 1);
  }
  testing::TempDir scratch;
  AQ_ASSERT_OK_AND_ASSIGN(auto reader, OpenRocksStoreOn(rocksdb::Env::Default(),
                                                        {.directory = directory_.path(),
                                                         .read_only = true,
                                                         .scratch_directory = scratch.path()},
                                                        kSmallMemtables));
  AQ_ASSERT_OK_AND_ASSIGN(auto beside, reader->NewProjections(ProjectionPurpose::kCompare));
  ApplyCanaryRows(*beside);
  EXPECT_EQ(ScanAll(*beside->NewSnapshot()), CanaryRows());
  ASSERT_FALSE(fs::is_empty(scratch.path()));
  EXPECT_FALSE(FilesOf(fs::directory_iterator(scratch.path())->path().string(), ".sst").empty());
  EXPECT_THAT(FilesWith(scratch.path(), "canary"), ElementsAre());
  beside.reset();
  EXPECT_TRUE(fs::is_empty(scratch.path()));
}

// What the next write to or sync of the journal's log does; shared with the files.
struct Fault {
  std::atomic<bool> full = false;
  std::atomic<bool> sync_fails = false;
};

class FaultyFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyFile(std::unique_ptr<rocksdb::FSWritableFile> file, Fault& fault)
      : FSWritableFileOwnerWrapper(std::move(file)), fault_(fault) {}
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    if (fault_.full) return rocksdb::IOStatus::NoSpace("no space");
    return FSWritableFileOwnerWrapper::Append(data, options, context);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& info,
                           rocksdb::IODebugContext* context) override {
    if (fault_.full) return rocksdb::IOStatus::NoSpace("no space");
    return FSWritableFileOwnerWrapper::Append(data, options, info, context);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* context) override {
    if (fault_.sync_fails) return rocksdb::IOStatus::IOError("sync failed");
    return FSWritableFileOwnerWrapper::Sync(options, context);
  }

 private:
  Fault& fault_;
};

class FaultyFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultyFileSystem(Fault& fault)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), fault_(fault) {}
  const char* Name() const override { return "FaultyFileSystem"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* context) override {
    const rocksdb::IOStatus made =
        FileSystemWrapper::NewWritableFile(name, options, result, context);
    if (made.ok() && fs::path(name).extension() == ".log") {
      *result = std::make_unique<FaultyFile>(std::move(*result), fault_);
    }
    return made;
  }

 private:
  Fault& fault_;
};

class FaultyStoreTest : public RocksStoreTest {
 protected:
  void SetUp() override {
    env_ = rocksdb::NewCompositeEnv(std::make_shared<FaultyFileSystem>(fault_));
    AQ_ASSERT_OK_AND_ASSIGN(store_, OpenRocksStoreOn(env_.get(), {.directory = directory_.path()}));
    AQ_ASSERT_OK_AND_ASSIGN(epoch_, store_->AcquireWriter());
    AQ_ASSERT_OK(store_->Append(epoch_, Entries({"before"})));
  }

  Fault fault_;
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<Store> store_;
  Epoch epoch_ = 0;
};

TEST_F(FaultyStoreTest, AFullDiskRefusesAndThenGoesOn) {
  fault_.full = true;
  for (int i = 0; i < 3; ++i) {
    const auto refused = store_->Append(epoch_, Entries({"a", "b", "c"}));
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted));
    EXPECT_EQ(ReasonOf(refused.status()), reason::kStorageFull);
  }
  EXPECT_THAT(ReadAll(*store_), ElementsAre("before"));
  fault_.full = false;
  // RocksDB looks for space in the background, too, and refuses while it does.
  absl::StatusOr<Sequence> appended = store_->Append(epoch_, Entries({"after"}));
  for (int i = 0; i < 200 && absl::IsResourceExhausted(appended.status()); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    appended = store_->Append(epoch_, Entries({"after"}));
  }
  EXPECT_THAT(appended, IsOkAndHolds(2u));
  EXPECT_THAT(ReadAll(*store_), ElementsAre("before", "after"));
  store_.reset();
  AQ_ASSERT_OK_AND_ASSIGN(const auto again, Open(directory_.path()));
  EXPECT_THAT(ReadAll(*again), ElementsAre("before", "after"));
}

TEST_F(FaultyStoreTest, AFailedSyncEndsAcceptingUntilReopened) {
  fault_.sync_fails = true;
  const auto refused = store_->Append(epoch_, Entries({"a"}));
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(ReasonOf(refused.status()), reason::kStorageLost);
  fault_.sync_fails = false;
  EXPECT_THAT(store_->Append(epoch_, Entries({"b"})), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(store_->AcquireWriter(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(ReadAll(*store_), ElementsAre("before"));
  store_.reset();
  AQ_ASSERT_OK_AND_ASSIGN(const auto again, Open(directory_.path()));
  EXPECT_EQ(ReadAll(*again).front(), "before");
  AQ_ASSERT_OK_AND_ASSIGN(const Epoch epoch, again->AcquireWriter());
  AQ_EXPECT_OK(again->Append(epoch, Entries({"c"})));
}

}  // namespace
}  // namespace anqiao::store

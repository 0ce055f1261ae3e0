#include "hub/store/journal_logs.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/testing/faulty_file_system.h"

namespace anqiao::store {
namespace {

using rocksdb::IOStatus;

class JournalLogsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(disk_->CreateDir("/journal", {}, nullptr).ok());
    log_ = Begin("/journal/000001.log");
    ASSERT_NE(log_, nullptr);
    ASSERT_TRUE(SyncNames("/").ok());
    ASSERT_TRUE(SyncNames("/journal").ok());
  }

  std::unique_ptr<rocksdb::FSWritableFile> Begin(const std::string& path) {
    std::unique_ptr<rocksdb::FSWritableFile> file;
    begun_ = logs_->NewWritableFile(path, {}, &file, nullptr);
    return file;
  }

  IOStatus SyncNames(const std::string& path) {
    std::unique_ptr<rocksdb::FSDirectory> directory;
    IOStatus opened = disk_->NewDirectory(path, {}, &directory, nullptr);
    return opened.ok() ? directory->Fsync({}, nullptr) : opened;
  }

  IOStatus Add(const std::string& bytes) { return log_->Append(bytes, {}, nullptr); }
  IOStatus Sync() { return log_->Sync({}, nullptr); }

  // A group that is acknowledged.
  void Write(const std::string& bytes) {
    logs_->Begin();
    ASSERT_TRUE(Add(bytes).ok());
    ASSERT_TRUE(Sync().ok());
    ASSERT_TRUE(logs_->Keep());
  }

  void FillUp(bool at_sync) { disk_->SetCapacity(disk_->used(), at_sync); }
  void MakeRoom() { disk_->SetCapacity(std::uint64_t{1} << 40); }

  // What is left of the log when the power failed.
  std::string Durable() {
    disk_->CutPower();
    disk_->RestorePower();
    return *disk_->Save().at("/journal/000001.log");
  }

  const std::shared_ptr<testing::FaultyFileSystem> disk_ =
      std::make_shared<testing::FaultyFileSystem>(7);
  const std::shared_ptr<JournalLogs> logs_ = std::make_shared<JournalLogs>(disk_);
  std::unique_ptr<rocksdb::FSWritableFile> log_;
  IOStatus begun_;
};

TEST_F(JournalLogsTest, WhatWasKeptStays) {
  Write("one");
  Write("two");
  EXPECT_EQ(Durable(), "onetwo");
}

TEST_F(JournalLogsTest, WhatDidNotFitBecomesZeros) {
  Write("kept");
  FillUp(false);
  logs_->Begin();
  EXPECT_TRUE(Add("refused").IsNoSpace());
  EXPECT_FALSE(logs_->WroteAndSynced());
  EXPECT_TRUE(logs_->Discard().ok());
  MakeRoom();
  // RocksDB adds it again before it begins the next log, and syncs this one.
  EXPECT_TRUE(Add("refused").ok());
  EXPECT_TRUE(Sync().ok());
  EXPECT_EQ(Durable(), std::string("kept") + std::string(7, '\0'));
}

TEST_F(JournalLogsTest, WhatCouldNotBeSyncedBecomesZeros) {
  Write("kept");
  FillUp(true);
  logs_->Begin();
  EXPECT_TRUE(Add("refused").ok());
  EXPECT_TRUE(Sync().IsNoSpace());
  EXPECT_FALSE(logs_->WroteAndSynced());
  MakeRoom();
  EXPECT_TRUE(Sync().ok());
  EXPECT_EQ(Durable(), std::string("kept") + std::string(7, '\0'));
}

TEST_F(JournalLogsTest, ALogThatWasCutIsOnDiskBeforeTheNextBegins) {
  Write("kept");
  FillUp(true);
  logs_->Begin();
  EXPECT_TRUE(Add("refused").ok());
  EXPECT_TRUE(Sync().IsNoSpace());
  EXPECT_NE(Begin("/journal/000002.log"), nullptr);
  EXPECT_EQ(Durable(), "kept");
}

TEST_F(JournalLogsTest, NoLogBeginsWhereOneCannotBeCut) {
  Write("kept");
  disk_->FailCall(testing::SiteOf(testing::FileCall::kSync, "/journal/000001.log"), 1, true);
  logs_->Begin();
  EXPECT_TRUE(Add("refused").ok());
  EXPECT_TRUE(Sync().IsIOError());
  EXPECT_TRUE(logs_->Discard().IsIOError());
  EXPECT_EQ(Begin("/journal/000002.log"), nullptr);
  EXPECT_TRUE(begun_.IsIOError());
  disk_->ClearFaults();
  EXPECT_NE(Begin("/journal/000002.log"), nullptr);
}

TEST_F(JournalLogsTest, AGroupThatWentToALogThatWasCutIsNotKept) {
  Write("kept");
  FillUp(false);
  logs_->Begin();
  EXPECT_TRUE(Add("refused").IsNoSpace());
  EXPECT_TRUE(logs_->Discard().ok());
  MakeRoom();
  logs_->Begin();
  EXPECT_TRUE(Add("lost").ok());
  EXPECT_TRUE(Sync().ok());
  EXPECT_FALSE(logs_->Keep());
}

TEST_F(JournalLogsTest, WhatRocksDbAddedBeforeAGroupDoesNotCountAgainstIt) {
  Write("kept");
  FillUp(false);
  logs_->Begin();
  EXPECT_TRUE(Add("refused").IsNoSpace());
  EXPECT_TRUE(logs_->Discard().ok());
  MakeRoom();
  EXPECT_TRUE(Add("refused").ok());
  log_ = Begin("/journal/000002.log");
  Write("next");
}

TEST_F(JournalLogsTest, AGroupThatWasSyncedAndRefusedIsTakenOut) {
  Write("kept");
  logs_->Begin();
  EXPECT_TRUE(Add("refused").ok());
  EXPECT_TRUE(Sync().ok());
  EXPECT_TRUE(logs_->WroteAndSynced());
  EXPECT_TRUE(logs_->Discard().ok());
  EXPECT_FALSE(logs_->WroteAndSynced());
  EXPECT_EQ(Durable(), "kept");
}

TEST_F(JournalLogsTest, AFailedSyncOfWhatWasKeptTakesNothingOut) {
  Write("kept");
  disk_->FailCall(testing::SiteOf(testing::FileCall::kSync, "/journal/000001.log"), 1, false);
  EXPECT_TRUE(Sync().IsIOError());
  Write("more");
  EXPECT_EQ(Durable(), "keptmore");
}

TEST_F(JournalLogsTest, OtherFilesAreLeftAlone) {
  auto table = Begin("/journal/000003.sst");
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(logs_->begun(), 1u);
  ASSERT_TRUE(table->Append("table", {}, nullptr).ok());
  EXPECT_FALSE(logs_->WroteAndSynced());
  EXPECT_TRUE(logs_->Discard().ok());
  EXPECT_EQ(*disk_->Save().at("/journal/000003.sst"), "table");
}

}  // namespace
}  // namespace anqiao::store

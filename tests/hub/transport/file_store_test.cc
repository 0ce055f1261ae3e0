#include "hub/transport/file_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "hub/base/errors.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::transport {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::StatusIs;

class FileStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { AQ_ASSERT_OK_AND_ASSIGN(store_, FileStore::Open(Path(""))); }
  std::string Path(const std::string& name) const { return directory_.File("in") + "/" + name; }
  void Drop(const std::string& name, const std::string& text) {
    std::ofstream(Path(name), std::ios::binary) << text;
  }
  std::string Content(const std::string& name) {
    std::ifstream file(Path(name), std::ios::binary);
    return file.is_open() ? std::string{std::istreambuf_iterator<char>(file), {}} : "(none)";
  }
  static std::vector<std::string> Names(const absl::StatusOr<std::vector<FoundFile>>& files) {
    std::vector<std::string> names;
    EXPECT_TRUE(files.ok()) << files.status();
    for (const FoundFile& file : *files) names.push_back(file.name);
    return names;
  }

  testing::TempDir directory_;
  std::unique_ptr<FileStore> store_;
};

TEST_F(FileStoreTest, ListsWhatIsWholeOldestFirst) {
  for (const char* name :
       {"b.csv", "a.csv", ".hidden", "c.csv.part", "d.tmp", "e~", "f.filepart"}) {
    Drop(name, "x");
  }
  fs::create_directory(Path("folder"));
  fs::last_write_time(Path("b.csv"), fs::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_THAT(Names(store_->List()), ElementsAre("b.csv", "a.csv"));
}

TEST_F(FileStoreTest, SaysWhatIsNoPlainFile) {
  Drop("real", "x");
  fs::create_symlink("/etc/passwd", Path("link"));
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  fs::create_hard_link(Path("real"), Path(".other_name"));
  AQ_ASSERT_OK_AND_ASSIGN(const auto files, store_->List());
  ASSERT_EQ(files.size(), 3U);
  for (const FoundFile& file : files) {
    EXPECT_EQ(file.plain, file.name == "real");
    EXPECT_EQ(file.shared, file.name == "real");
  }
  // Not even when it got in.
  for (const char* name : {"link", "pipe"}) {
    AQ_ASSERT_OK(store_->Claim(name));
    FileStamp stamp;
    EXPECT_THAT(store_->Read(name, 100, &stamp), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST_F(FileStoreTest, AClaimedFileIsOutOfReachOfItsSender) {
  Drop("a", "first");
  AQ_ASSERT_OK(store_->Claim("a"));
  Drop("a", "second");
  FileStamp stamp;
  EXPECT_THAT(store_->Read("a", 100, &stamp), ::testing::Eq(absl::StatusOr<std::string>("first")));
  EXPECT_THAT(store_->Claim("a"), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(store_->Claim("none"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Names(store_->ListClaimed()), ElementsAre("a"));
  AQ_ASSERT_OK(store_->Finish("a", true, "receipt", "tag", &stamp));
  EXPECT_EQ(Content("done/a"), "first");
  EXPECT_EQ(Content("done/a.receipt.json"), "receipt");
  EXPECT_THAT(Names(store_->ListClaimed()), IsEmpty());
  EXPECT_EQ(Content("a"), "second");
}

TEST_F(FileStoreTest, KeepsWhatLiesThereUnderItsName) {
  Drop("a", "first");
  AQ_ASSERT_OK(store_->Claim("a"));
  AQ_ASSERT_OK(store_->Finish("a", true, "one", "tag1", nullptr));
  Drop("a", "second");
  AQ_ASSERT_OK(store_->Claim("a"));
  AQ_ASSERT_OK(store_->Finish("a", true, "two", "tag2", nullptr));
  EXPECT_EQ(Content("done/a") + Content("done/a.receipt.json"), "firstone");
  EXPECT_EQ(Content("done/a.tag2") + Content("done/a.tag2.receipt.json"), "secondtwo");
}

TEST_F(FileStoreTest, WhatIsWrittenToMeanwhileStays) {
  Drop("a", "first");
  AQ_ASSERT_OK(store_->Claim("a"));
  FileStamp stamp;
  AQ_ASSERT_OK(store_->Read("a", 100, &stamp));
  std::ofstream(Path(".taken/a"), std::ios::app) << " and more";
  EXPECT_THAT(store_->Finish("a", true, "receipt", "tag", &stamp),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(Content(".taken/a"), "first and more");
}

TEST_F(FileStoreTest, ReadsNoMoreThanIsAllowed) {
  Drop("a", std::string(101, 'x'));
  AQ_ASSERT_OK(store_->Claim("a"));
  FileStamp stamp;
  EXPECT_THAT(store_->Read("a", 100, &stamp), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(stamp.size, 101);
  AQ_EXPECT_OK(store_->Read("a", 101, &stamp));
}

TEST_F(FileStoreTest, RefusesFoldersThatAreNone) {
  Drop("a", "x");
  fs::create_directory_symlink(Path(""), directory_.File("link"));
  for (const std::string& path :
       {Path("a"), directory_.File("link"), directory_.File("none/folder")}) {
    const auto opened = FileStore::Open(path);
    EXPECT_THAT(opened, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path)));
    EXPECT_EQ(ReasonOf(opened.status()), reason::kConfigurationInvalid);
  }
}

}  // namespace
}  // namespace anqiao::transport

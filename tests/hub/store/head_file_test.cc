#include "hub/store/head_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "tests/testing/faulty_file_system.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::store {
namespace {

using ::anqiao::testing::IsOkAndHolds;
using ::anqiao::testing::StatusIs;
using ::testing::Eq;
using ::testing::Optional;

class HeadFileTest : public ::testing::Test {
 protected:
  void FlipByte(std::streamoff at) {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const char byte = static_cast<char>(file.get());
    file.seekp(at);
    file.put(static_cast<char>(byte ^ 0x20));
  }

  rocksdb::FileSystem& files_ = *rocksdb::FileSystem::Default();
  testing::TempDir directory_;
  const std::string path_ = directory_.File("HEAD");
};

TEST_F(HeadFileTest, NoFileIsNoHead) {
  EXPECT_THAT(HeadFile::Read(files_, path_), IsOkAndHolds(Eq(std::nullopt)));
  EXPECT_THAT(HeadFile::Open(files_, path_, 0), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(HeadFileTest, KeepsTheLastHeadRecorded) {
  AQ_ASSERT_OK(HeadFile::Create(files_, path_));
  EXPECT_THAT(HeadFile::Read(files_, path_), IsOkAndHolds(Optional(0u)));
  AQ_ASSERT_OK_AND_ASSIGN(auto head, HeadFile::Open(files_, path_, 0));
  for (Sequence at = 1; at < 5; ++at) {
    AQ_ASSERT_OK(head->Record(at));
    EXPECT_THAT(HeadFile::Read(files_, path_), IsOkAndHolds(Optional(at)));
  }
  AQ_EXPECT_OK(head->Sync());
}

TEST_F(HeadFileTest, ATornSlotLeavesTheOneBefore) {
  AQ_ASSERT_OK(HeadFile::Create(files_, path_));
  {
    AQ_ASSERT_OK_AND_ASSIGN(auto head, HeadFile::Open(files_, path_, 0));
    AQ_ASSERT_OK(head->Record(7));
    AQ_ASSERT_OK(head->Record(8));
  }
  FlipByte(4096 + 12);
  EXPECT_THAT(HeadFile::Read(files_, path_), IsOkAndHolds(Optional(7u)));
  FlipByte(12);
  EXPECT_THAT(HeadFile::Read(files_, path_), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(HeadFileTest, OpeningMendsATornSlotBeforeItTouchesTheOther) {
  for (const int torn : {0, 1}) {
    auto files = std::make_shared<testing::FaultyFileSystem>(1);
    AQ_ASSERT_OK(HeadFile::Create(*files, "/HEAD"));
    { AQ_ASSERT_OK(HeadFile::Open(*files, "/HEAD", 7)); }
    testing::FaultyDisk::Image image = files->Save();
    (*image["/HEAD"])[torn * 4096 + 12] ^= 0x20;
    for (std::uint64_t n = 1; n < 5; ++n) {
      for (int i = 0; i < 20; ++i) {
        files->Load(image);
        files->CutPowerAfter(n);
        HeadFile::Open(*files, "/HEAD", 8).status().IgnoreError();
        files->RestorePower();
        EXPECT_THAT(HeadFile::Read(*files, "/HEAD"), IsOkAndHolds(Optional(::testing::Ge(7u))))
            << "slot " << torn << ", call " << n;
      }
    }
  }
}

TEST_F(HeadFileTest, AnEmptyFileIsDamaged) {
  std::ofstream(path_).put('x');
  EXPECT_THAT(HeadFile::Read(files_, path_), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace anqiao::store

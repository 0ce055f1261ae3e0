#include "hub/transport/drop_folder.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/hub/engine/engine_fixture.h"

namespace anqiao::transport {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::StatusIs;

class DropFolderTest : public engine::EngineFixture {
 protected:
  void SetUp() override {
    Open();
    OpenFolder();
  }
  void TearDown() override {
    folder_.reset();
    EngineFixture::TearDown();
  }
  void OpenFolder() {
    folder_.reset();
    AQ_ASSERT_OK_AND_ASSIGN(folder_, DropFolder::Open({.agency = "police",
                                                       .path = Path(""),
                                                       .format = "changes",
                                                       .poll = absl::Seconds(1),
                                                       .pause_max = absl::Seconds(20)},
                                                      engine_.get(), nullptr));
  }
  std::string Path(const std::string& name) const { return drop_.File("in") + "/" + name; }
  void Drop(const std::string& name, const std::string& text) {
    std::ofstream(Path(name), std::ios::binary) << text;
  }
  std::string Content(const std::string& name) {
    std::ifstream file(Path(name), std::ios::binary);
    return file.is_open() ? std::string{std::istreambuf_iterator<char>(file), {}} : "(none)";
  }
  static std::string Row(int number) {
    return absl::StrCat("P", number, "|张安|", engine::IdNumber(number), "||421202003010\n");
  }
  // A file is taken up at the second look.
  void LookTwice() {
    AQ_EXPECT_OK(folder_->LookOnce());
    AQ_EXPECT_OK(folder_->LookOnce());
  }

  testing::TempDir drop_;
  std::unique_ptr<DropFolder> folder_;
};

TEST_F(DropFolderTest, TakesUpAFileAndLaysTheReceiptBesideIt) {
  Drop("a.txt", Row(1) + "BAD\n");
  LookTwice();
  EXPECT_EQ(LiveRecords(), 1);
  EXPECT_EQ(Content("a.txt"), "(none)");
  EXPECT_EQ(Content("done/a.txt"), Row(1) + "BAD\n");
  const std::string receipt = Content("done/a.txt.receipt.json");
  for (const char* part : {"\"accepted_count\": \"1\"", "\"held_count\": \"1\"", "ROW_CUT_OFF",
                           "\"record_key\": \"P1\""}) {
    EXPECT_THAT(receipt, HasSubstr(part));
  }
}

TEST_F(DropFolderTest, WhatCannotBeUsedGoesToFailedWithTheReason) {
  Drop("a", "BROKEN\n");
  Drop("b", "");
  Drop("c", std::string(4001, 'x'));
  Drop("d", "FAULT\n");
  LookTwice();
  EXPECT_THAT(Content("failed/a.receipt.json"), HasSubstr("PAYLOAD_UNDECODABLE"));
  EXPECT_THAT(Content("failed/b.receipt.json"), HasSubstr("PAYLOAD_EMPTY"));
  EXPECT_THAT(Content("failed/c.receipt.json"), HasSubstr("PAYLOAD_TOO_LARGE"));
  EXPECT_THAT(Content("failed/d.receipt.json"), HasSubstr("PAYLOAD_UNDECODABLE"));
}

TEST_F(DropFolderTest, LeavesGrowingAndPartialFilesAlone) {
  Drop("a", Row(1));
  Drop("b.part", Row(2));
  Drop("shared", Row(3));
  fs::create_hard_link(Path("shared"), Path(".its_other_name"));
  AQ_EXPECT_OK(folder_->LookOnce());
  Drop("a", Row(1) + Row(2));
  LookTwice();
  EXPECT_EQ(Content("done/a"), Row(1) + Row(2));
  EXPECT_EQ(Content("b.part"), Row(2));
  EXPECT_EQ(Content("shared"), Row(3));
  fs::remove(Path(".its_other_name"));
  AQ_EXPECT_OK(folder_->LookOnce());
  EXPECT_EQ(Content("done/shared"), Row(3));
}

TEST_F(DropFolderTest, RefusesLinksAndOddNames) {
  Drop("../secret", Row(1));
  fs::create_symlink(Path("../secret"), Path("link"));
  Drop("bad\xFFname", Row(2));
  Drop("line\nbreak", Row(3));
  LookTwice();
  EXPECT_TRUE(fs::is_symlink(Path("failed/link")));
  EXPECT_THAT(Content("failed/link.receipt.json"), HasSubstr("expected a plain file"));
  EXPECT_THAT(Content("failed/bad\xFFname.receipt.json"), HasSubstr("plain UTF-8"));
  EXPECT_THAT(Content("failed/line\nbreak.receipt.json"), HasSubstr("plain UTF-8"));
  EXPECT_EQ(LiveRecords(), 0);
}

TEST_F(DropFolderTest, WhatACrashLeftIsAnsweredAsBefore) {
  Drop("a", Row(1));
  LookTwice();
  const store::Sequence before = engine_->Counts().synced;
  // As if it had ended after the receipt and before the move.
  fs::rename(Path("done/a"), Path(".taken/a"));
  OpenFolder();
  AQ_EXPECT_OK(folder_->LookOnce());
  EXPECT_EQ(Content("done/a"), Row(1));
  EXPECT_THAT(Content("done/a.receipt.json"), HasSubstr("\"repeated\": true"));
  EXPECT_EQ(engine_->Counts().synced, before);
}

TEST_F(DropFolderTest, TheSameFileAgainIsARepeatAndAnotherOneIsKeptBesideIt) {
  for (const std::string& text : {Row(1), Row(1), Row(2)}) {
    Drop("a", text);
    LookTwice();
  }
  EXPECT_EQ(Content("done/a"), Row(1));
  int files = 0;
  for (const auto& entry : fs::directory_iterator(Path("done"))) {
    files += static_cast<int>(entry.is_regular_file());
  }
  EXPECT_EQ(files, 6);
  EXPECT_EQ(LiveRecords(), 2);
}

TEST_F(DropFolderTest, WaitsForWhatPassesInOrderAndWithGrowingPauses) {
  AQ_ASSERT_OK(engine_->SwitchAdapter(User(), "police", false, ""));
  Drop("a", Row(1));
  AQ_EXPECT_OK(folder_->LookOnce());
  EXPECT_EQ(folder_->PauseAfter(absl::OkStatus()), absl::Seconds(1));
  absl::Duration last;
  for (int i = 0; i < 8; ++i) {
    const absl::Status status = folder_->LookOnce();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("disabled")));
    const absl::Duration pause = folder_->PauseAfter(status);
    EXPECT_LE(pause, absl::Seconds(20));
    if (i < 4) {
      // Twice as long, less at most a quarter.
      EXPECT_LE(pause, absl::Seconds(2 << i));
      EXPECT_GT(pause, last);
    }
    last = pause;
  }
  EXPECT_GE(last, absl::Seconds(15));
  AQ_ASSERT_OK(engine_->SwitchAdapter(User(), "police", true, ""));
  AQ_EXPECT_OK(folder_->LookOnce());
  EXPECT_EQ(Content("done/a"), Row(1));
  EXPECT_EQ(folder_->PauseAfter(absl::OkStatus()), absl::Seconds(1));
}

TEST_F(DropFolderTest, AFullDiskLosesNothing) {
  Drop("a", Row(1));
  AQ_EXPECT_OK(folder_->LookOnce());
  store_->FillDisk(1);
  EXPECT_THAT(folder_->LookOnce(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(Content(".taken/a"), Row(1));
  AQ_EXPECT_OK(folder_->LookOnce());
  EXPECT_EQ(Content("done/a"), Row(1));
}

TEST_F(DropFolderTest, StopsWithItsThread) {
  folder_->Start();
  folder_->Shutdown();
  folder_->Shutdown();
  EXPECT_THAT(DropFolder::Open({.agency = "nobody", .path = Path(""), .format = "changes"},
                               engine_.get(), nullptr),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no agency nobody")));
}

}  // namespace
}  // namespace anqiao::transport

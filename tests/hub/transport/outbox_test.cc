#include "hub/transport/outbox.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::transport {
namespace {

namespace fs = std::filesystem;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

class OutboxTest : public ::testing::Test {
 protected:
  OutboxTest() { fs::create_directory(Path("")); }
  std::string Path(const std::string& name) const { return directory_.File("out") + "/" + name; }
  std::string Content(const std::string& name) const {
    std::ifstream file(Path(name), std::ios::binary);
    return file.is_open() ? std::string{std::istreambuf_iterator<char>(file), {}} : "(none)";
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
  }
  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(Path(""))) {
      names.insert(entry.path().filename());
    }
    return names;
  }

  testing::TempDir directory_;
  Outbox outbox_{directory_.File("out")};
};

TEST_F(OutboxTest, WritesAFileWholeAndLeavesNothingElse) {
  AQ_EXPECT_OK(outbox_.Check());
  AQ_EXPECT_OK(outbox_.Put("a.json", "content"));
  EXPECT_EQ(Content("a.json"), "content");
  EXPECT_THAT(Names(), UnorderedElementsAre("a.json"));
}

TEST_F(OutboxTest, EachFileIsLaterThanTheOneBefore) {
  fs::file_time_type last = fs::file_time_type::min();
  for (int i = 0; i < 200; ++i) {
    const std::string name = absl::StrCat(1000 - i);
    AQ_ASSERT_OK(outbox_.Put(name, "content"));
    EXPECT_LT(last, fs::last_write_time(Path(name)));
    last = fs::last_write_time(Path(name));
  }
}

TEST_F(OutboxTest, RecognisesItsOwnFile) {
  AQ_EXPECT_OK(outbox_.Put("a.json", "content"));
  struct stat before = {}, after = {};
  ASSERT_EQ(stat(Path("a.json").c_str(), &before), 0);
  AQ_EXPECT_OK(outbox_.Put("a.json", "content"));
  ASSERT_EQ(stat(Path("a.json").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(OutboxTest, WritesOverNobodysFile) {
  for (const char* other : {"contenT", "content and more", "", "conten"}) {
    Write("a.json", other);
    EXPECT_THAT(outbox_.Put("a.json", "content"), StatusIs(absl::StatusCode::kAlreadyExists));
    EXPECT_EQ(Content("a.json"), other);
  }
  fs::create_directory(Path("b.json"));
  EXPECT_THAT(outbox_.Put("b.json", "content"), StatusIs(absl::StatusCode::kAlreadyExists));
  fs::create_symlink("a.json", Path("c.json"));
  EXPECT_THAT(outbox_.Put("c.json", ""), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(OutboxTest, APartThatACrashLeftIsWrittenAnew) {
  Write(".a.json.part", "cont");
  AQ_EXPECT_OK(outbox_.Put("a.json", "content"));
  EXPECT_EQ(Content("a.json"), "content");
  EXPECT_THAT(Names(), UnorderedElementsAre("a.json"));
}

TEST_F(OutboxTest, AFolderThatIsNotThereIsNotMade) {
  fs::remove_all(Path(""));
  EXPECT_THAT(outbox_.Check(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(outbox_.Put("a.json", "content"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(outbox_.Look("a.json").status(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(fs::exists(Path("")));
  // Nor is a link to somewhere followed.
  fs::create_directory(directory_.File("elsewhere"));
  fs::create_symlink("elsewhere", directory_.File("out"));
  EXPECT_THAT(outbox_.Put("a.json", "content"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(OutboxTest, HearsWhatTheAgencySays) {
  AQ_ASSERT_OK_AND_ASSIGN(auto said, outbox_.Look("a.json"));
  EXPECT_FALSE(said.has_value());
  Write("a.json.nack", "DUPLICATE_CASE\nand more\n");
  AQ_ASSERT_OK_AND_ASSIGN(said, outbox_.Look("a.json"));
  ASSERT_TRUE(said.has_value());
  EXPECT_FALSE(said->ack);
  EXPECT_EQ(said->reason, "DUPLICATE_CASE");
  AQ_EXPECT_OK(outbox_.ForgetNack("a.json"));
  AQ_EXPECT_OK(outbox_.ForgetNack("a.json"));
  AQ_ASSERT_OK_AND_ASSIGN(said, outbox_.Look("a.json"));
  EXPECT_FALSE(said.has_value());
  for (const std::string& no_code :
       {std::string(), std::string("we do not want it"), std::string(100, 'A')}) {
    Write("a.json.nack", no_code);
    AQ_ASSERT_OK_AND_ASSIGN(said, outbox_.Look("a.json"));
    EXPECT_EQ(said->reason, "REFUSED");
  }
  Write("a.json.ack", "");
  AQ_ASSERT_OK_AND_ASSIGN(said, outbox_.Look("a.json"));
  EXPECT_TRUE(said->ack);
}

}  // namespace
}  // namespace anqiao::transport

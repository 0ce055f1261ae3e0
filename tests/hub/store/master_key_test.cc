#include "hub/store/master_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "hub/base/errors.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::store {
namespace {

using ::anqiao::testing::IsOk;
using ::anqiao::testing::IsOkAndHolds;
using ::anqiao::testing::StatusIs;
using ::testing::HasSubstr;

class MasterKeyTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& content, mode_t mode = 0600) {
    const std::string path = directory_.File("key");
    unlink(path.c_str());
    std::ofstream(path, std::ios::binary) << content;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }
  std::string Read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  void ExpectRefused(const std::string& path) {
    const auto master = MasterKey::FromFile(path, *suite_);
    EXPECT_THAT(master, StatusIs(absl::StatusCode::kFailedPrecondition));
    EXPECT_EQ(ReasonOf(master.status()), reason::kConfigurationInvalid);
  }

  testing::TempDir directory_;
  const std::unique_ptr<const CipherSuite> suite_ = CipherSuite::Make("aes-256-gcm-sha256").value();
  const std::string raw_ = std::string(32, '\x5a');
};

TEST_F(MasterKeyTest, ReadsTheFormsOfOneKey) {
  const std::string hex = absl::BytesToHexString(raw_);
  const std::string id = MasterKey::FromKey(DataKey(raw_), *suite_)->id();
  for (const std::string& content :
       {raw_, hex, hex + "\n", hex + "\r\n", absl::AsciiStrToUpper(hex)}) {
    AQ_ASSERT_OK_AND_ASSIGN(const auto master, MasterKey::FromFile(Write(content), *suite_));
    EXPECT_EQ(master->id(), id);
  }
}

TEST_F(MasterKeyTest, OtherContentIsRefused) {
  const std::string hex = absl::BytesToHexString(raw_);
  for (const std::string& content :
       {std::string(), std::string("key"), raw_ + "\n", raw_.substr(1), hex + "0", hex.substr(1),
        hex + "\n\n", std::string(64, 'g'), std::string(5000, '0')}) {
    ExpectRefused(Write(content));
  }
}

TEST_F(MasterKeyTest, OnlyItsOwnerMayReadIt) {
  AQ_EXPECT_OK(MasterKey::FromFile(Write(raw_, 0400), *suite_));
  for (const mode_t mode : {0440, 0640, 0604, 0644, 0660, 0700, 04600}) {
    ExpectRefused(Write(raw_, mode));
  }
}

TEST_F(MasterKeyTest, BelongsToThisUserOrRoot) {
  const std::string path = Write(raw_);
  if (chown(path.c_str(), 12345, static_cast<gid_t>(-1)) != 0) {
    GTEST_SKIP() << "only root gives files away";
  }
  ExpectRefused(path);
}

TEST_F(MasterKeyTest, IsARegularFile) {
  ExpectRefused(directory_.path());
  const std::string pipe = directory_.File("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  ExpectRefused(pipe);
}

TEST_F(MasterKeyTest, MissingFileIsTold) {
  EXPECT_THAT(MasterKey::FromFile(directory_.File("none"), *suite_),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(MasterKeyTest, MakesAFileThatItReads) {
  const std::string path = directory_.File("made");
  AQ_ASSERT_OK(MasterKey::MakeFile(path));
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  AQ_ASSERT_OK_AND_ASSIGN(const auto master, MasterKey::FromFile(path, *suite_));
  const std::string before = Read(path);
  EXPECT_THAT(MasterKey::MakeFile(path), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(Read(path), before);
  AQ_ASSERT_OK(MasterKey::MakeFile(directory_.File("other")));
  EXPECT_NE(Read(directory_.File("other")), before);
}

TEST_F(MasterKeyTest, NoFileIsMadeWhereThereIsNoFolder) {
  EXPECT_THAT(MasterKey::MakeFile(directory_.File("none/key")),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(MasterKeyTest, WrapsUnderItself) {
  const auto master = MasterKey::FromKey(DataKey(raw_), *suite_);
  const DataKey key = DataKey::Random();
  AQ_ASSERT_OK_AND_ASSIGN(const std::string wrapped, master->Wrap(key));
  EXPECT_THAT(master->Unwrap(wrapped), IsOkAndHolds(key));
  const auto other = MasterKey::FromKey(DataKey::Random(), *suite_);
  EXPECT_THAT(other->Unwrap(wrapped), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_NE(other->id(), master->id());
  EXPECT_THAT(absl::BytesToHexString(raw_), ::testing::Not(HasSubstr(master->id())));
}

}  // namespace
}  // namespace anqiao::store

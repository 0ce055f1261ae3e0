#include "hub/transport/token_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "hub/base/errors.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::transport {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

class TokenFileTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& text, mode_t mode = 0600) {
    const std::string path = directory_.File("token");
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << text;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }
  testing::TempDir directory_;
};

TEST_F(TokenFileTest, HoldsAToken) {
  EXPECT_EQ(*ReadTokenFile(Write("abc.DEF-1_2~3+4/5==\n")), "abc.DEF-1_2~3+4/5==");
  EXPECT_EQ(ReadTokenFile(Write(std::string(2048, 'x'), 0400))->size(), 2048U);
}

TEST_F(TokenFileTest, IsReadByItsOwnerOnly) {
  for (const mode_t mode : {0640, 0604, 0700, 0620}) {
    EXPECT_THAT(ReadTokenFile(Write("abc", mode)),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("0400 or 0600")));
  }
  const std::string link = directory_.File("link");
  std::filesystem::create_symlink(Write("abc"), link);
  EXPECT_THAT(ReadTokenFile(link), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(TokenFileTest, WhatIsNoTokenIsRefusedWithoutShowingIt) {
  for (const std::string& text :
       {std::string(), std::string("\n"), std::string("sec ret"), std::string("sec\r\nret"),
        std::string("秘密"), std::string(2049, 'x')}) {
    const absl::Status refused = ReadTokenFile(Write(text)).status();
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("token")));
    EXPECT_EQ(ReasonOf(refused), reason::kConfigurationInvalid);
    EXPECT_THAT(std::string(refused.message()), ::testing::Not(HasSubstr("sec")));
  }
  EXPECT_THAT(ReadTokenFile(directory_.path()), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(ReadTokenFile(directory_.File("none")),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace anqiao::transport

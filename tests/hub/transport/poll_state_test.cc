#include "hub/transport/poll_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::transport {
namespace {

using testing::StatusIs;

TEST(PollStateTest, IsAsItWasSaved) {
  const testing::TempDir directory;
  PollState state;
  state.content = std::string(64, 'a');
  state.previous = std::string(64, 'b');
  state.etag = "W/\"a b\"";
  state.last_modified = "Tue, 30 Jun 2026 01:00:00 GMT";
  state.success = absl::FromUnixSeconds(1'780'000'000);
  AQ_ASSERT_OK(SavePollState(directory.File("state"), state));
  const PollState loaded = LoadPollState(directory.File("state"));
  EXPECT_EQ(loaded.content, state.content);
  EXPECT_EQ(loaded.previous, state.previous);
  EXPECT_EQ(loaded.etag, state.etag);
  EXPECT_EQ(loaded.last_modified, state.last_modified);
  EXPECT_EQ(loaded.success, state.success);
  EXPECT_FALSE(std::filesystem::exists(directory.File("state.new")));
}

TEST(PollStateTest, WhatIsNoSuchFileIsNothing) {
  const testing::TempDir directory;
  const std::string path = directory.File("state");
  for (const std::string& text :
       {std::string(), std::string("garbage\n"), std::string(100'000, 'x'), std::string(3000, '\0'),
        std::string("content abc\nsuccess 2026-06-30T09:00:00+08:00\n"),
        std::string("etag a\rb\nsuccess 2026-06-30T09:00:00+08:00\n"),
        std::string("etag abc\nsuccess never\n")}) {
    std::ofstream(path, std::ios::binary) << text;
    const PollState state = LoadPollState(path);
    EXPECT_EQ(state.content + state.previous + state.etag + state.last_modified, "");
    EXPECT_EQ(state.success, absl::InfinitePast());
  }
  EXPECT_EQ(LoadPollState(directory.File("none")).success, absl::InfinitePast());
}

TEST(PollStateTest, SaysThatItCannotBeSaved) {
  EXPECT_THAT(SavePollState("/proc/none/state", PollState()),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace anqiao::transport

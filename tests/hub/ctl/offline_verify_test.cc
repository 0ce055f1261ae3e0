#include "hub/ctl/offline_verify.h"

#include <gmock/gmock.h>

#include <memory>

#include "hub/store/store.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::ctl {
namespace {

using ::anqiao::testing::StatusIs;
using ::anqiao::testing::TempDir;
using ::testing::HasSubstr;

void NoProgress(std::uint64_t, std::uint64_t) {}

TEST(VerifyOfflineTest, ADirectoryWithoutAJournalIsNoDataDirectory) {
  const TempDir dir;
  EXPECT_THAT(VerifyOffline(dir.path(), NoProgress),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("has no journal")));
}

TEST(VerifyOfflineTest, EntriesWithoutProjectionsAreNotCalledEqual) {
  const TempDir dir;
  {
    AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<store::Store> written,
                            store::OpenRocksStore({.directory = dir.path()}));
    AQ_ASSERT_OK_AND_ASSIGN(const store::Epoch epoch, written->AcquireWriter());
    store::AppendGroup group;
    group.entries = {"entry"};
    AQ_ASSERT_OK(written->Append(epoch, group));
  }
  EXPECT_THAT(VerifyOffline(dir.path(), NoProgress),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no projections")));
}

}  // namespace
}  // namespace anqiao::ctl

#include "hub/ctl/offline_verify.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <utility>

#include "anqiao/journal/v1/entry.pb.h"
#include "hub/base/errors.h"
#include "hub/store/cipher.h"
#include "hub/store/key_ring.h"
#include "hub/store/master_key.h"
#include "hub/store/sealed_store.h"
#include "hub/store/store.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::ctl {
namespace {

using ::anqiao::testing::StatusIs;
using ::anqiao::testing::TempDir;
using ::testing::HasSubstr;

void NoProgress(std::uint64_t, std::uint64_t) {}

SealFiles FilesIn(const TempDir& dir) {
  return {.ring = dir.File("ring"), .master_key = dir.File("master.key"), .suite = kDefaultSuite};
}

// Opens the data directory for writing, with a ring that is made if it is not there.
std::unique_ptr<store::Store> Write(const std::string& directory, const SealFiles& files) {
  auto suite = store::CipherSuite::Make(files.suite).value();
  store::KeyRingOptions options;
  options.path = files.ring;
  options.suite = suite.get();
  options.create_if_missing = true;
  options.pool_keys = 16;
  options.master = store::MasterKey::FromFile(files.master_key, *suite).value();
  auto ring = store::KeyRing::Open(std::move(options)).value();
  auto base = store::OpenRocksStore({.directory = directory}).value();
  return store::OpenSealedStore(std::move(base), std::move(suite), std::move(ring),
                                store::SealOptions())
      .value();
}

void AppendOne(store::Store& store) {
  AQ_ASSERT_OK_AND_ASSIGN(const store::Epoch epoch, store.AcquireWriter());
  store::AppendGroup group;
  journal::v1::Entry entry;
  entry.mutable_activated()->set_name("adapter");
  group.entries = {entry.SerializeAsString()};
  group.headers.resize(1);
  AQ_ASSERT_OK(store.Append(epoch, group));
}

TEST(VerifyOfflineTest, ADirectoryWithoutAJournalIsNoDataDirectory) {
  const TempDir dir;
  EXPECT_THAT(VerifyOffline(dir.path(), FilesIn(dir), NoProgress),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("has no journal")));
}

TEST(VerifyOfflineTest, EntriesWithoutProjectionsAreNotCalledEqual) {
  const TempDir dir;
  const SealFiles files = FilesIn(dir);
  AQ_ASSERT_OK(store::MasterKey::MakeFile(files.master_key));
  AppendOne(*Write(dir.File("data"), files));
  EXPECT_THAT(VerifyOffline(dir.File("data"), files, NoProgress),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no projections")));
  // A backup has none at all.
  AQ_ASSERT_OK(Write(dir.File("data"), files)->Checkpoint(dir.File("backup")));
  EXPECT_THAT(VerifyOffline(dir.File("backup"), files, NoProgress),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no projections")));
}

TEST(VerifyOfflineTest, OtherKeysAreRefused) {
  const TempDir dir;
  SealFiles files = FilesIn(dir);
  AQ_ASSERT_OK(store::MasterKey::MakeFile(files.master_key));
  AppendOne(*Write(dir.File("data"), files));
  SealFiles other = files;
  other.suite = "rot13";
  EXPECT_THAT(VerifyOffline(dir.File("data"), other, NoProgress),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("rot13")));
  other = files;
  other.ring = dir.File("none");
  EXPECT_THAT(VerifyOffline(dir.File("data"), other, NoProgress),
              StatusIs(absl::StatusCode::kNotFound, ::testing::_));
  other = files;
  other.master_key = dir.File("other.key");
  AQ_ASSERT_OK(store::MasterKey::MakeFile(other.master_key));
  EXPECT_EQ(ReasonOf(VerifyOffline(dir.File("data"), other, NoProgress).status()),
            reason::kMasterKeyWrong);
}

}  // namespace
}  // namespace anqiao::ctl

#include "hub/engine/upgrade.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "hub/base/status_macros.h"
#include "hub/store/cipher.h"
#include "hub/store/key_ring.h"
#include "hub/store/master_key.h"
#include "hub/store/sealed_store.h"
#include "tests/hub/engine/engine_fixture.h"

namespace anqiao::engine {
namespace {

using testing::StatusIs;

std::unique_ptr<store::Store> NewSealed() {
  auto suite = store::CipherSuite::Make("aes-256-gcm-sha256");
  auto ring = store::KeyRing::InMemory(**suite);
  auto sealed =
      store::OpenSealedStore(store::NewMemoryStore(), *std::move(suite), *std::move(ring), {});
  EXPECT_TRUE(sealed.ok()) << sealed.status();
  return *std::move(sealed);
}

namespace fs = std::filesystem;

// A data directory of this version with its keys, under "root".
absl::StatusOr<std::unique_ptr<store::Store>> OpenHub(const std::string& root, bool make) {
  const std::string master = root + "/master.key";
  if (make) std::ofstream(master) << std::string(64, 'a') << "\n";
  fs::permissions(master, fs::perms::owner_read | fs::perms::owner_write);
  AQ_ASSIGN_OR_RETURN(auto suite, store::CipherSuite::Make("aes-256-gcm-sha256"));
  AQ_ASSIGN_OR_RETURN(auto key, store::MasterKey::FromFile(master, *suite));
  store::KeyRingOptions options;
  options.path = root + "/ring";
  options.suite = suite.get();
  options.master = std::move(key);
  options.create_if_missing = make;
  options.pool_keys = 16;
  AQ_ASSIGN_OR_RETURN(auto ring, store::KeyRing::Open(std::move(options)));
  AQ_ASSIGN_OR_RETURN(auto base, store::OpenRocksStore({.directory = root + "/data"}));
  return store::OpenSealedStore(std::move(base), std::move(suite), std::move(ring), {});
}

class UpgradeTest : public EngineFixture {
 protected:
  std::size_t People() { return engine_->ListCases({}, "", 1000, "")->items.size(); }
};

TEST_F(UpgradeTest, EverythingIsThereAndCanBeErased) {
  Open();
  const std::string one = AddPerson(1);
  AddPerson(2);
  const ReferralDocument referral = SendOne(one);
  const std::string payload = "P9|王|9|||\nBAD\n";
  Submit("changes", payload, "held");
  engine_.reset();
  std::unique_ptr<store::Store> sealed = NewSealed();
  store::Sequence told = 0;
  AQ_ASSERT_OK(UpgradeJournal(*store_, sealed.get(), [&](store::Sequence done, store::Sequence) {
    told = done;
    return true;
  }));
  EXPECT_EQ(told, store_->synced_sequence());
  EXPECT_EQ(sealed->synced_sequence(), store_->synced_sequence());
  EXPECT_THAT(UpgradeJournal(*store_, sealed.get(), nullptr),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  store_ = std::make_unique<FlakyStore>(std::move(sealed));
  Open();
  EXPECT_EQ(People(), 2u);
  EXPECT_EQ(StateOf(referral), journal::v1::REFERRAL_STATE_SENT);
  // Requests are still known, and what was held can still be tried again.
  EXPECT_TRUE(Summary(Submit("changes", payload, "held")).repeated());
  const auto quarantine = engine_->ListQuarantine("", "", 10);
  ASSERT_EQ(quarantine->items.size(), 1u);
  AQ_EXPECT_OK(engine_->ReplayQuarantine(User("ops"), "r", quarantine->items[0].payload(), false));
  ExpectVerified();
  AQ_ASSERT_OK(engine_->ErasePerson(User("li", "supervisor"),
                                    {.request_id = "",
                                     .case_id = one,
                                     .reason = "PURPOSE_FULFILLED",
                                     .basis_reference = "个人信息保护法 第四十七条"},
                                    ""));
  EXPECT_EQ(People(), 1u);
  ExpectVerified();
}

// Written by the hub of version 1, which saw seven people in it: two with one number, one phone and
// one surname are one by now, and two whom the police call by one number and, but for a character,
// by one name. Four registered numbers, six payloads with rows in quarantine.
TEST_F(UpgradeTest, AHubOfVersion1IsUpgraded) {
  std::filesystem::copy(ANQIAO_GOLDEN_HUB "/v1", directory_.File("old"),
                        std::filesystem::copy_options::recursive);
  AQ_ASSERT_OK_AND_ASSIGN(const auto old,
                          store::OpenRocksStore({.directory = directory_.File("old"),
                                                 .read_only = true,
                                                 .scratch_directory = {},
                                                 .older_format = true}));
  ASSERT_EQ(old->synced_sequence(), 29u);
  std::unique_ptr<store::Store> sealed = NewSealed();
  AQ_ASSERT_OK(UpgradeJournal(*old, sealed.get(), nullptr));
  store_ = std::make_unique<FlakyStore>(std::move(sealed));
  Open();
  EXPECT_EQ(People(), 5u);
  AQ_ASSERT_OK_AND_ASSIGN(const CensusCounts census,
                          engine_->GetCensus(*model::CivilDate::Parse("2026-06-30"), ""));
  EXPECT_EQ(census.registered, 4);
  EXPECT_EQ(engine_->ListQuarantine("", "", 10)->items.size(), 5u);
  ExpectVerified();
}

// AQ_MAKE_GOLDEN=tests/hub/engine/golden/v2 engine_upgrade_test --gtest_filter=*Makes*: the files
// of a version are made once and never again.
TEST_F(UpgradeTest, MakesWhatTheEnvironmentAsksFor) {
  const char* root = std::getenv("AQ_MAKE_GOLDEN");
  if (root == nullptr) GTEST_SKIP() << "AQ_MAKE_GOLDEN is not set";
  fs::create_directories(root);
  {
    AQ_ASSERT_OK_AND_ASSIGN(const auto old,
                            store::OpenRocksStore({.directory = ANQIAO_GOLDEN_HUB "/v1",
                                                   .read_only = true,
                                                   .scratch_directory = {},
                                                   .older_format = true}));
    AQ_ASSERT_OK_AND_ASSIGN(auto sealed, OpenHub(root, true));
    AQ_ASSERT_OK(UpgradeJournal(*old, sealed.get(), nullptr));
    store_ = std::make_unique<FlakyStore>(std::move(sealed));
    Open();
    AddPerson(1);
    engine_.reset();
    store_.reset();
  }
  for (const char* made : {"/data/projections-1", "/ring.lock"}) {
    fs::remove_all(std::string(root) + made);
  }
  for (const auto& file : fs::directory_iterator(std::string(root) + "/data/journal")) {
    const std::string name = file.path().filename();
    if (name.rfind("LOG", 0) == 0 || name == "LOCK" || name.rfind("OPTIONS", 0) == 0) {
      fs::remove(file.path());
    }
  }
}

TEST_F(UpgradeTest, AHubOfVersion2Opens) {
  const std::string root = directory_.File("hub");
  fs::copy(ANQIAO_GOLDEN_HUB "/v2", root, fs::copy_options::recursive);
  AQ_ASSERT_OK_AND_ASSIGN(auto sealed, OpenHub(root, false));
  store_ = std::make_unique<FlakyStore>(std::move(sealed));
  Open();
  EXPECT_EQ(People(), 6u);
  AQ_ASSERT_OK_AND_ASSIGN(const CensusCounts census,
                          engine_->GetCensus(*model::CivilDate::Parse("2026-06-30"), ""));
  EXPECT_EQ(census.registered, 5);
  EXPECT_EQ(engine_->ListQuarantine("", "", 10)->items.size(), 5u);
  AQ_EXPECT_OK(engine_->ProveRecord("police", "changes", "P1"));
  ExpectVerified();
}

}  // namespace
}  // namespace anqiao::engine

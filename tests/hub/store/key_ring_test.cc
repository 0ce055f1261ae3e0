#include "hub/store/key_ring.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/key_ring_format.h"
#include "tests/hub/store/lossy_file_system.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::store {
namespace {

using ::anqiao::testing::IsOk;
using ::anqiao::testing::IsOkAndHolds;
using ::anqiao::testing::LossyFileSystem;
using ::anqiao::testing::StatusIs;
using ::testing::HasSubstr;

class KeyRingTest : public ::testing::TestWithParam<const char*> {
 protected:
  KeyRingTest() : suite_(CipherSuite::Make(GetParam()).value()), path_(directory_.File("ring")) {}

  std::unique_ptr<MasterKey> Master(char fill = 'm') {
    return MasterKey::FromKey(DataKey(std::string(DataKey::kBytes, fill)), *suite_);
  }
  KeyRingOptions Options(char fill = 'm') {
    return {.path = path_,
            .suite = suite_.get(),
            .master = Master(fill),
            .create_if_missing = true,
            .pool_keys = 8,
            .refill_in_background = false};
  }
  std::unique_ptr<KeyRing> Open(char fill = 'm') {
    auto ring = KeyRing::Open(Options(fill));
    EXPECT_THAT(ring, IsOk());
    return std::move(ring).value();
  }
  std::vector<KeyId> Give(KeyRing& ring, int count) {
    std::vector<KeyId> ids;
    for (int i = 0; i < count; ++i) ids.push_back(ring.New().value());
    return ids;
  }
  std::string Bytes() {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  void SetBytes(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }

  testing::TempDir directory_;
  const std::unique_ptr<const CipherSuite> suite_;
  const std::string path_;
};

INSTANTIATE_TEST_SUITE_P(Suites, KeyRingTest,
                         ::testing::Values("aes-256-gcm-sha256", "sm4-ctr-hmac-sm3", "none"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_P(KeyRingTest, KeysAreTheSameAfterReopening) {
  std::map<KeyId, DataKey> keys;
  {
    const auto ring = Open();
    for (const KeyId id : Give(*ring, 20)) keys[id] = ring->Get(id).value();
  }
  EXPECT_EQ(keys.size(), 20u);
  EXPECT_EQ(keys.begin()->first, 1u);
  const auto ring = Open();
  for (const auto& [id, key] : keys) EXPECT_THAT(ring->Get(id), IsOkAndHolds(key));
}

TEST_P(KeyRingTest, KeysDiffer) {
  const auto ring = Open();
  std::set<std::string> keys;
  for (const KeyId id : Give(*ring, 50)) keys.insert(std::string(ring->Get(id)->view()));
  EXPECT_EQ(keys.size(), 50u);
}

TEST_P(KeyRingTest, NumbersAreNeverGivenAgain) {
  KeyId last = 0;
  for (int opening = 0; opening < 4; ++opening) {
    const auto ring = Open();
    for (const KeyId id : Give(*ring, 3)) {
      EXPECT_GT(id, last);
      last = id;
    }
  }
}

TEST_P(KeyRingTest, FileHoldsNoKeyInTheOpen) {
  if (std::string(GetParam()) == "none") GTEST_SKIP() << "bytes lie open";
  const auto ring = Open();
  const std::vector<KeyId> ids = Give(*ring, 20);
  AQ_ASSERT_OK_AND_ASSIGN(const DataKey named, ring->Named("digest"));
  const std::string bytes = Bytes();
  EXPECT_FALSE(absl::StrContains(bytes, named.view()));
  for (const KeyId id : ids) EXPECT_FALSE(absl::StrContains(bytes, ring->Get(id)->view()));
}

TEST_P(KeyRingTest, FileIsForItsOwnerOnly) {
  const auto ring = Open();
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_P(KeyRingTest, DestroyedStaysDestroyed) {
  KeyId gone = 0;
  KeyId kept = 0;
  {
    const auto ring = Open();
    gone = ring->New().value();
    kept = ring->New().value();
    AQ_ASSERT_OK(ring->Destroy({gone}));
    AQ_EXPECT_OK(ring->Destroy({gone, gone}));
    EXPECT_THAT(ring->Get(gone), StatusIs(absl::StatusCode::kNotFound));
    EXPECT_EQ(ReasonOf(ring->Get(gone).status()), reason::kKeyDestroyed);
    EXPECT_THAT(ring->IsDestroyed(gone), IsOkAndHolds(true));
    EXPECT_THAT(ring->IsDestroyed(kept), IsOkAndHolds(false));
  }
  {
    const auto ring = Open();
    EXPECT_EQ(ReasonOf(ring->Get(gone).status()), reason::kKeyDestroyed);
    AQ_EXPECT_OK(ring->Get(kept));
    AQ_ASSERT_OK(ring->Rotate(Master('n')));
    EXPECT_EQ(ReasonOf(ring->Get(gone).status()), reason::kKeyDestroyed);
  }
  const auto ring = Open('n');
  EXPECT_EQ(ReasonOf(ring->Get(gone).status()), reason::kKeyDestroyed);
  AQ_EXPECT_OK(ring->Get(kept));
}

TEST_P(KeyRingTest, DestroyingOverwritesTheWrappedKey) {
  const auto ring = Open();
  const KeyId id = ring->New().value();
  const std::string wrapped = Master()->Wrap(*ring->Get(id)).value();
  EXPECT_TRUE(absl::StrContains(Bytes(), wrapped));
  AQ_ASSERT_OK(ring->Destroy({id}));
  EXPECT_FALSE(absl::StrContains(Bytes(), wrapped));
}

TEST_P(KeyRingTest, OnlyKeysThatWereGivenAreDestroyed) {
  const auto ring = Open();
  const std::vector<KeyId> ids = Give(*ring, 2);
  for (const KeyId wrong : {KeyId{0}, KeyId{3}, KeyId{1000}, ~KeyId{0}}) {
    EXPECT_THAT(ring->Destroy({ids[0], wrong}),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("never given")));
  }
  AQ_EXPECT_OK(ring->Get(ids[0]));
  AQ_EXPECT_OK(ring->Destroy({}));
}

TEST_P(KeyRingTest, KeysOfNoSlotAreLost) {
  const auto ring = Open();
  Give(*ring, 2);
  for (const KeyId wrong : {KeyId{0}, KeyId{1000}, kKeyIdMax + 1, ~KeyId{0}}) {
    EXPECT_EQ(ReasonOf(ring->Get(wrong).status()), reason::kStorageLost) << wrong;
    EXPECT_THAT(ring->Get(wrong), StatusIs(absl::StatusCode::kDataLoss)) << wrong;
    EXPECT_THAT(ring->IsDestroyed(wrong), StatusIs(absl::StatusCode::kDataLoss)) << wrong;
  }
}

TEST_P(KeyRingTest, AnyChangedByteOfASlotIsNoticed) {
  KeyId id = 0;
  {
    const auto ring = Open();
    id = Give(*ring, 5).back();
  }
  const std::string whole = Bytes();
  for (std::size_t i = 0; i < kSlotBytes; ++i) {
    std::string bytes = whole;
    bytes[SlotOffset(id) + i] ^= 0x20;
    SetBytes(bytes);
    const auto ring = Open();
    EXPECT_THAT(ring->Get(id), StatusIs(absl::StatusCode::kDataLoss)) << i;
    AQ_EXPECT_OK(ring->Get(id - 1));
  }
}

TEST_P(KeyRingTest, SwappedSlotsAreNoticed) {
  std::vector<KeyId> ids;
  {
    const auto ring = Open();
    ids = Give(*ring, 2);
  }
  std::string bytes = Bytes();
  std::swap_ranges(bytes.begin() + SlotOffset(ids[0]),
                   bytes.begin() + SlotOffset(ids[0]) + kSlotBytes,
                   bytes.begin() + SlotOffset(ids[1]));
  SetBytes(bytes);
  const auto ring = Open();
  for (const KeyId id : ids) EXPECT_THAT(ring->Get(id), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_P(KeyRingTest, DamagedSlotStopsRotationUntilItIsGivenUp) {
  KeyId id = 0;
  {
    const auto ring = Open();
    id = ring->New().value();
  }
  std::string bytes = Bytes();
  bytes[SlotOffset(id) + 5] ^= 1;
  SetBytes(bytes);
  const auto ring = Open();
  EXPECT_THAT(ring->Rotate(Master('n')),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("slot 1 ")));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".rotating"));
  AQ_ASSERT_OK(ring->Destroy({id}));
  AQ_EXPECT_OK(ring->Rotate(Master('n')));
}

TEST_P(KeyRingTest, CutOffFileIsNoticed) {
  { Give(*Open(), 8); }
  const std::string whole = Bytes();
  for (const std::size_t size : {std::size_t{0}, std::size_t{100}, kHeaderBytes,
                                 std::size_t{SlotOffset(1)}, whole.size() - 1}) {
    SetBytes(whole.substr(0, size));
    EXPECT_THAT(KeyRing::Open(Options()), StatusIs(absl::StatusCode::kDataLoss)) << size;
    KeyRingOptions options = Options();
    options.read_only = true;
    EXPECT_THAT(KeyRing::Open(std::move(options)), StatusIs(absl::StatusCode::kDataLoss)) << size;
  }
  SetBytes(whole);
  AQ_EXPECT_OK(KeyRing::Open(Options()));
}

TEST_P(KeyRingTest, TornHeaderLeavesTheOther) {
  DataKey named;
  {
    const auto ring = Open();
    Give(*ring, 1);
    named = ring->Named("digest").value();
    AQ_ASSERT_OK(ring->SetErasedThrough(7));
    AQ_ASSERT_OK(ring->SetErasedThrough(8));
  }
  const std::string whole = Bytes();
  for (std::size_t copy = 0; copy < kHeaderCopies; ++copy) {
    std::string bytes = whole;
    bytes[copy * kHeaderBytes + 40] ^= 1;
    SetBytes(bytes);
    const auto ring = Open();
    EXPECT_THAT(ring->Named("digest"), IsOkAndHolds(named));
    EXPECT_GE(ring->erased_through(), 7u);
    EXPECT_GT(ring->New().value(), 1u);
  }
  std::string bytes = whole;
  bytes[40] ^= 1;
  bytes[kHeaderBytes + 40] ^= 1;
  SetBytes(bytes);
  EXPECT_THAT(KeyRing::Open(Options()), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_P(KeyRingTest, MissingRingIsNotMadeUnasked) {
  KeyRingOptions options = Options();
  options.create_if_missing = false;
  EXPECT_THAT(KeyRing::Open(std::move(options)), StatusIs(absl::StatusCode::kNotFound));
  options = Options();
  options.read_only = true;
  EXPECT_THAT(KeyRing::Open(std::move(options)), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(KeyRingTest, OptionsAreChecked) {
  KeyRingOptions options = Options();
  options.master = nullptr;
  EXPECT_THAT(KeyRing::Open(std::move(options)), StatusIs(absl::StatusCode::kInvalidArgument));
  for (const std::size_t pool : {std::size_t{0}, kPoolMax + 1}) {
    options = Options();
    options.pool_keys = pool;
    EXPECT_THAT(KeyRing::Open(std::move(options)), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST_P(KeyRingTest, AnotherMasterKeyIsRefused) {
  Open();
  const auto wrong = KeyRing::Open(Options('x'));
  EXPECT_THAT(wrong, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(Master()->id())));
  EXPECT_EQ(ReasonOf(wrong.status()), reason::kMasterKeyWrong);
}

TEST_P(KeyRingTest, AnotherSuiteIsRefused) {
  Open();
  const bool is_none = std::string(GetParam()) == "none";
  const auto other = CipherSuite::Make(is_none ? "aes-256-gcm-sha256" : "none").value();
  KeyRingOptions options = Options();
  options.suite = other.get();
  const auto wrong = KeyRing::Open(std::move(options));
  EXPECT_THAT(wrong, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ReasonOf(wrong.status()), reason::kConfigurationInvalid);
}

TEST_P(KeyRingTest, OnlyOneWrites) {
  const auto ring = Open();
  const KeyId id = ring->New().value();
  EXPECT_THAT(KeyRing::Open(Options()), StatusIs(absl::StatusCode::kUnavailable));
  KeyRingOptions options = Options();
  options.read_only = true;
  AQ_ASSERT_OK_AND_ASSIGN(const auto reader, KeyRing::Open(std::move(options)));
  AQ_EXPECT_OK(reader->Get(id));
}

TEST_P(KeyRingTest, ReaderWritesNothing) {
  DataKey named;
  {
    const auto ring = Open();
    Give(*ring, 1);
    named = ring->Named("digest").value();
  }
  const std::string before = Bytes();
  KeyRingOptions options = Options();
  options.read_only = true;
  AQ_ASSERT_OK_AND_ASSIGN(const auto reader, KeyRing::Open(std::move(options)));
  EXPECT_THAT(reader->New(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(reader->Destroy({1}), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(reader->Rotate(Master('n')), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(reader->SetErasedThrough(1), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(reader->Named("digest"), IsOkAndHolds(named));
  EXPECT_THAT(reader->Named("other"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(Bytes(), before);
}

TEST_P(KeyRingTest, NamedKeysStay) {
  DataKey digest;
  DataKey signing;
  {
    const auto ring = Open();
    digest = ring->Named("digest").value();
    signing = ring->Named("log-signing").value();
    EXPECT_FALSE(digest == signing);
    EXPECT_THAT(ring->Named("digest"), IsOkAndHolds(digest));
    AQ_ASSERT_OK(ring->Rotate(Master('n')));
    EXPECT_THAT(ring->Named("digest"), IsOkAndHolds(digest));
  }
  EXPECT_THAT(Open('n')->Named("log-signing"), IsOkAndHolds(signing));
}

TEST_P(KeyRingTest, NamesAreBounded) {
  const auto ring = Open();
  EXPECT_THAT(ring->Named(""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ring->Named(std::string(kKeyNameMax + 1, 'n')),
              StatusIs(absl::StatusCode::kInvalidArgument));
  for (std::size_t i = 0; i < kNamedKeysMax; ++i) {
    AQ_ASSERT_OK(ring->Named(absl::StrCat(std::string(kKeyNameMax - 2, 'n'), 10 + i)));
  }
  EXPECT_THAT(ring->Named("more"), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_P(KeyRingTest, ErasedThroughOnlyGrows) {
  {
    const auto ring = Open();
    EXPECT_EQ(ring->erased_through(), 0u);
    AQ_ASSERT_OK(ring->SetErasedThrough(9));
    AQ_ASSERT_OK(ring->SetErasedThrough(4));
    EXPECT_EQ(ring->erased_through(), 9u);
  }
  EXPECT_EQ(Open()->erased_through(), 9u);
}

TEST_P(KeyRingTest, RotationTakesEveryKeyToTheNextMaster) {
  std::map<KeyId, DataKey> keys;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> progress;
  {
    const auto ring = Open();
    for (const KeyId id : Give(*ring, 20)) keys[id] = ring->Get(id).value();
    AQ_ASSERT_OK(ring->SetErasedThrough(5));
    AQ_ASSERT_OK(ring->Rotate(Master('n'), [&](std::uint64_t done, std::uint64_t all) {
      progress.emplace_back(done, all);
    }));
    EXPECT_EQ(ring->master_id(), Master('n')->id());
    for (const KeyId id : Give(*ring, 20)) keys[id] = ring->Get(id).value();
  }
  ASSERT_FALSE(progress.empty());
  EXPECT_EQ(progress.back().first, progress.back().second);
  EXPECT_EQ(ReasonOf(KeyRing::Open(Options()).status()), reason::kMasterKeyWrong);
  const auto ring = Open('n');
  EXPECT_EQ(ring->erased_through(), 5u);
  for (const auto& [id, key] : keys) EXPECT_THAT(ring->Get(id), IsOkAndHolds(key));
  EXPECT_EQ(keys.size(), 40u);
}

TEST_P(KeyRingTest, RotationNeedsAMasterKey) {
  EXPECT_THAT(Open()->Rotate(nullptr), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_P(KeyRingTest, OneRotationAtATime) {
  const auto ring = Open();
  Give(*ring, 1);
  absl::Status second;
  AQ_ASSERT_OK(ring->Rotate(
      Master('n'), [&](std::uint64_t, std::uint64_t) { second = ring->Rotate(Master('o')); }));
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kUnavailable));
}

TEST_P(KeyRingTest, WhatHappensDuringRotationIsKept) {
  KeyId gone = 0;
  KeyId fresh = 0;
  DataKey key;
  {
    const auto ring = Open();
    gone = ring->New().value();
    AQ_ASSERT_OK(ring->Rotate(Master('n'), [&](std::uint64_t, std::uint64_t) {
      if (fresh != 0) return;
      AQ_EXPECT_OK(ring->Destroy({gone}));  // Its copy is written already.
      fresh = Give(*ring, 30).back();
      key = ring->Get(fresh).value();
      AQ_EXPECT_OK(ring->Named("digest"));
      AQ_EXPECT_OK(ring->SetErasedThrough(3));
    }));
  }
  const auto ring = Open('n');
  EXPECT_EQ(ReasonOf(ring->Get(gone).status()), reason::kKeyDestroyed);
  EXPECT_THAT(ring->Get(fresh), IsOkAndHolds(key));
  EXPECT_EQ(ring->erased_through(), 3u);
}

TEST_P(KeyRingTest, RotatesWhileThreadsWork) {
  KeyRingOptions options = Options();
  options.pool_keys = 64;
  options.cache_keys = 32;
  options.refill_in_background = true;
  AQ_ASSERT_OK_AND_ASSIGN(const auto ring, KeyRing::Open(std::move(options)));
  std::atomic<bool> stop = false;
  constexpr int kThreads = 3;
  std::vector<std::map<KeyId, DataKey>> kept(kThreads);
  std::vector<std::vector<KeyId>> gone(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      while (!stop) {
        const auto id = ring->New();
        if (!id.ok()) return ADD_FAILURE() << id.status();
        kept[t][*id] = ring->Get(*id).value();
        const KeyId other = kept[t].begin()->first;
        if (!(ring->Get(other).value() == kept[t][other])) ADD_FAILURE() << other;
        if (*id % 3 == 0) {
          if (!ring->Destroy({other}).ok()) ADD_FAILURE() << other;
          if (ring->Get(other).ok()) ADD_FAILURE() << other;
          kept[t].erase(other);
          gone[t].push_back(other);
        }
      }
    });
  }
  for (const char next : {'a', 'b', 'c', 'd', 'e', 'f'}) AQ_EXPECT_OK(ring->Rotate(Master(next)));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  std::set<KeyId> all;
  for (int t = 0; t < kThreads; ++t) {
    for (const auto& [id, key] : kept[t]) {
      EXPECT_THAT(ring->Get(id), IsOkAndHolds(key));
      EXPECT_TRUE(all.insert(id).second);
    }
    for (const KeyId id : gone[t]) {
      EXPECT_EQ(ReasonOf(ring->Get(id).status()), reason::kKeyDestroyed);
      EXPECT_TRUE(all.insert(id).second);
    }
  }
}

TEST_P(KeyRingTest, ThreadsGetDifferentNumbers) {
  KeyRingOptions options = Options();
  options.refill_in_background = true;
  AQ_ASSERT_OK_AND_ASSIGN(const auto ring, KeyRing::Open(std::move(options)));
  std::vector<std::vector<KeyId>> given(4);
  std::vector<std::thread> threads;
  for (auto& ids : given) threads.emplace_back([&] { ids = Give(*ring, 200); });
  for (std::thread& thread : threads) thread.join();
  std::set<KeyId> all;
  for (const auto& ids : given) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), 800u);
}

TEST_P(KeyRingTest, InMemoryRingWorks) {
  AQ_ASSERT_OK_AND_ASSIGN(const auto ring, KeyRing::InMemory(*suite_));
  const std::vector<KeyId> ids = Give(*ring, 200);
  AQ_ASSERT_OK_AND_ASSIGN(const DataKey key, ring->Get(ids[7]));
  AQ_ASSERT_OK(ring->Destroy({ids[3]}));
  AQ_ASSERT_OK(ring->Rotate(Master()));
  EXPECT_THAT(ring->Get(ids[7]), IsOkAndHolds(key));
  EXPECT_EQ(ReasonOf(ring->Get(ids[3]).status()), reason::kKeyDestroyed);
  AQ_EXPECT_OK(ring->Named("digest"));
  AQ_ASSERT_OK_AND_ASSIGN(const auto other, KeyRing::InMemory(*suite_));
  EXPECT_EQ(other->New().value(), 1u);
}

// Faults of the disk.
class KeyRingFaultTest : public ::testing::Test {
 protected:
  using Fault = LossyFileSystem::Fault;

  std::unique_ptr<MasterKey> Master(char fill = 'm') {
    return MasterKey::FromKey(DataKey(std::string(DataKey::kBytes, fill)), *suite_);
  }
  absl::StatusOr<std::unique_ptr<KeyRing>> Open(char fill = 'm') {
    return KeyRing::Open({.path = "/ring",
                          .suite = suite_.get(),
                          .master = Master(fill),
                          .create_if_missing = true,
                          .pool_keys = 4,
                          .refill_in_background = false,
                          .cache_keys = 1,
                          .file_system = system_});
  }

  const std::unique_ptr<const CipherSuite> suite_ = CipherSuite::Make("aes-256-gcm-sha256").value();
  std::shared_ptr<LossyFileSystem> system_ = std::make_shared<LossyFileSystem>(1);
};

TEST_F(KeyRingFaultTest, FullDiskIsToldAndForgotten) {
  AQ_ASSERT_OK_AND_ASSIGN(const auto ring, Open());
  const KeyId id = ring->New().value();
  for (int i = 0; i < 3; ++i) AQ_ASSERT_OK(ring->New());
  system_->SetFault(Fault::kDiskFull);
  EXPECT_THAT(ring->New(), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ReasonOf(ring->New().status()), reason::kStorageFull);
  EXPECT_THAT(ring->Rotate(Master('n')), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_FALSE(system_->Has("/ring.rotating"));
  AQ_EXPECT_OK(ring->Get(id));
  AQ_EXPECT_OK(ring->Destroy({id}));
  system_->SetFault(Fault::kNone);
  EXPECT_THAT(ring->New(), IsOkAndHolds(KeyId{5}));
}

TEST_F(KeyRingFaultTest, NothingIsWrittenAfterAFailedSync) {
  AQ_ASSERT_OK_AND_ASSIGN(auto ring, Open());
  const KeyId id = ring->New().value();
  AQ_ASSERT_OK_AND_ASSIGN(const DataKey key, ring->Get(id));
  system_->SetFault(Fault::kSyncError);
  EXPECT_THAT(ring->SetErasedThrough(3), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(ring->erased_through(), 0u);
  system_->SetFault(Fault::kNone);
  EXPECT_THAT(ring->Destroy({id}), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("again")));
  EXPECT_THAT(ring->SetErasedThrough(3), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(ring->Rotate(Master('n')), StatusIs(absl::StatusCode::kDataLoss));
  for (int i = 0; i < 3; ++i) AQ_EXPECT_OK(ring->New());  // Synced before.
  EXPECT_THAT(ring->New(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(ring->Get(id), IsOkAndHolds(key));
  ring.reset();
  AQ_ASSERT_OK_AND_ASSIGN(ring, Open());
  EXPECT_THAT(ring->Get(id), IsOkAndHolds(key));
  AQ_EXPECT_OK(ring->Destroy({id}));
}

TEST_F(KeyRingFaultTest, FailedRotationLeavesTheRing) {
  AQ_ASSERT_OK_AND_ASSIGN(auto ring, Open());
  const KeyId id = ring->New().value();
  AQ_ASSERT_OK_AND_ASSIGN(const DataKey key, ring->Get(id));
  system_->SetFault(Fault::kSyncError);
  EXPECT_THAT(ring->Rotate(Master('n')), StatusIs(absl::StatusCode::kDataLoss));
  system_->SetFault(Fault::kNone);
  AQ_EXPECT_OK(ring->SetErasedThrough(1));
  EXPECT_THAT(ring->Get(id), IsOkAndHolds(key));
  ring.reset();
  AQ_ASSERT_OK_AND_ASSIGN(ring, Open());
  EXPECT_FALSE(system_->Has("/ring.rotating"));
  EXPECT_THAT(ring->Get(id), IsOkAndHolds(key));
}

TEST_F(KeyRingFaultTest, OldFileIsOverwrittenAfterRotation) {
  AQ_ASSERT_OK_AND_ASSIGN(const auto ring, Open());
  const KeyId id = ring->New().value();
  const std::string wrapped = Master()->Wrap(*ring->Get(id)).value();
  ASSERT_TRUE(absl::StrContains(system_->BytesOf("/ring"), wrapped));
  AQ_ASSERT_OK(ring->Rotate(Master('n')));
  ASSERT_FALSE(system_->Unnamed().empty());
  for (const std::string& bytes : system_->Unnamed()) {
    EXPECT_FALSE(absl::StrContains(bytes, wrapped));
  }
}

// What a run of the ring was told, against which a crashed one is held.
struct Told {
  std::map<KeyId, DataKey> given;
  std::set<KeyId> destroyed;
  std::set<KeyId> perhaps_destroyed;
  std::optional<DataKey> named;
  std::uint64_t erased = 0;
  bool created = false;
};

// Works until the crash.
absl::Status Work(KeyRing& ring, std::unique_ptr<MasterKey> next, Told* told) {
  const auto give = [&](int count) -> absl::Status {
    for (int i = 0; i < count; ++i) {
      AQ_ASSIGN_OR_RETURN(const KeyId id, ring.New());
      AQ_ASSIGN_OR_RETURN(const DataKey key, ring.Get(id));
      EXPECT_EQ(told->given.count(id), 0u) << id;
      told->given[id] = key;
    }
    return absl::OkStatus();
  };
  const auto destroy = [&](KeyId id) -> absl::Status {
    told->perhaps_destroyed.insert(id);
    AQ_RETURN_IF_ERROR(ring.Destroy({id}));
    told->destroyed.insert(id);
    return absl::OkStatus();
  };
  AQ_RETURN_IF_ERROR(give(6));
  AQ_ASSIGN_OR_RETURN(told->named, ring.Named("digest"));
  AQ_RETURN_IF_ERROR(destroy(2));
  AQ_RETURN_IF_ERROR(ring.SetErasedThrough(10));
  told->erased = 10;
  bool once = false;
  AQ_RETURN_IF_ERROR(ring.Rotate(std::move(next), [&](std::uint64_t, std::uint64_t) {
    if (!std::exchange(once, true)) destroy(3).IgnoreError();
  }));
  AQ_RETURN_IF_ERROR(give(6));
  return destroy(5);
}

TEST_F(KeyRingFaultTest, NothingToldIsLostInAPowerFailure) {
  int crashes = 0;
  bool finished = false;
  for (int operation = 0; !finished; ++operation) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      SCOPED_TRACE(absl::StrCat("operation ", operation, ", seed ", seed));
      system_ = std::make_shared<LossyFileSystem>(seed);
      system_->CrashAtOperation(operation);
      Told told;
      {
        auto ring = Open();
        if (ring.ok()) {
          told.created = true;
          Work(**ring, Master('n'), &told).IgnoreError();
        }
      }
      finished = !system_->crashed();
      crashes += finished ? 0 : 1;
      system_->Restart();
      auto ring = Open();
      if (ReasonOf(ring.status()) == reason::kMasterKeyWrong) ring = Open('n');
      AQ_ASSERT_OK(ring);
      EXPECT_FALSE(system_->Has("/ring.rotating"));
      for (const auto& [id, key] : told.given) {
        const auto found = (*ring)->Get(id);
        if (told.destroyed.count(id) != 0) {
          EXPECT_EQ(ReasonOf(found.status()), reason::kKeyDestroyed) << id;
        } else if (told.perhaps_destroyed.count(id) != 0) {
          EXPECT_TRUE(found.ok() || ReasonOf(found.status()) == reason::kKeyDestroyed) << id;
        } else {
          EXPECT_THAT(found, IsOkAndHolds(key)) << id;
        }
      }
      if (told.named.has_value()) {
        EXPECT_THAT((*ring)->Named("digest"), IsOkAndHolds(*told.named));
      }
      EXPECT_GE((*ring)->erased_through(), told.erased);
      for (int i = 0; i < 6; ++i) {
        AQ_ASSERT_OK_AND_ASSIGN(const KeyId id, (*ring)->New());
        EXPECT_EQ(told.given.count(id), 0u) << id;
        AQ_EXPECT_OK((*ring)->Get(id));
      }
      AQ_EXPECT_OK((*ring)->Rotate(Master('o')));
    }
  }
  EXPECT_GT(crashes, 300);
  RecordProperty("crashes", crashes);
}

}  // namespace
}  // namespace anqiao::store

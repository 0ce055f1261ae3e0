#include "hub/store/sealed_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "anqiao/journal/v1/entry.pb.h"
#include "hub/base/merkle.h"
#include "hub/base/signing.h"
#include "hub/base/status_macros.h"
#include "hub/store/audit_log.h"
#include "hub/store/entry_proof.h"
#include "hub/store/keys.h"
#include "hub/store/log_trees.h"
#include "tests/hub/engine/flaky_store.h"
#include "tests/hub/store/lossy_file_system.h"
#include "tests/hub/store/store_contract.h"

namespace anqiao::store {

// The contract is of stores whose entries are plain bytes; here are those that are sealed.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreContract);

namespace {

using engine::FlakyStore;
using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'001);

struct Opened {
  std::unique_ptr<Store> store;
  Store* base = nullptr;  // beneath it
};

Opened OpenSealed(std::unique_ptr<Store> base, absl::string_view suite_name = "aes-256-gcm-sha256",
                  SealOptions options = {}) {
  Opened opened;
  opened.base = base.get();
  auto suite = CipherSuite::Make(suite_name);
  EXPECT_TRUE(suite.ok());
  auto ring = KeyRing::InMemory(**suite);
  EXPECT_TRUE(ring.ok());
  auto store = OpenSealedStore(std::move(base), *std::move(suite), *std::move(ring), options);
  EXPECT_TRUE(store.ok()) << store.status();
  if (store.ok()) opened.store = *std::move(store);
  return opened;
}

journal::v1::Entry EntryOf(const std::string& bytes) {
  journal::v1::Entry entry;
  EXPECT_TRUE(entry.ParseFromString(bytes));
  return entry;
}

// Entries of "agency" that say "text", under "key".
AppendGroup Saying(const std::vector<std::string>& texts, KeyId key, const std::string& agency) {
  AppendGroup group;
  for (const std::string& text : texts) {
    journal::v1::Entry entry;
    entry.mutable_commit_time()->set_seconds(1'700'000'000);
    entry.set_key(key);
    entry.set_agency(agency);
    entry.set_request_digest("digest of " + agency);
    entry.mutable_access_recorded()->set_resource(text);
    group.entries.push_back(entry.SerializeAsString());
    group.headers.push_back({.commit_time_micros = 1'700'000'000'000'000,
                             .kind = "ACCESS_RECORDED",
                             .key = key,
                             .agency = agency,
                             .request_digest = entry.request_digest(),
                             .content = agency.empty() ? "" : text});
  }
  return group;
}

class SealedStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void Open(absl::string_view suite = "aes-256-gcm-sha256", SealOptions options = {}) {
    Opened opened = OpenSealed(NewMemoryStore(), suite, options);
    store_ = std::move(opened.store);
    base_ = opened.base;
    AQ_ASSERT_OK_AND_ASSIGN(epoch_, store_->AcquireWriter());
  }
  void Append(const AppendGroup& group) { AQ_ASSERT_OK(store_->Append(epoch_, group)); }
  std::string Stored(Sequence sequence) { return *base_->GetEntry(sequence); }
  std::string TextOf(Sequence sequence) {
    return EntryOf(*store_->GetEntry(sequence)).access_recorded().resource();
  }

  std::unique_ptr<Store> store_;
  Store* base_ = nullptr;
  Epoch epoch_ = 0;
};

TEST_F(SealedStoreTest, ReadsWhatItWroteAndLeavesNothingOpen) {
  AQ_ASSERT_OK_AND_ASSIGN(const KeyId key, store_->NewKey());
  Append(Saying({"canary one", "canary two"}, key, "police"));
  EXPECT_EQ(TextOf(1), "canary one");
  EXPECT_EQ(TextOf(2), "canary two");
  std::vector<std::string> texts;
  AQ_ASSERT_OK(store_->ReadJournal(1, [&](Sequence, absl::string_view bytes) {
    texts.push_back(EntryOf(std::string(bytes)).access_recorded().resource());
    return true;
  }));
  EXPECT_THAT(texts, ElementsAre("canary one", "canary two"));
  for (Sequence at : {1, 2}) EXPECT_THAT(Stored(at), Not(HasSubstr("canary")));
}

TEST_F(SealedStoreTest, WithoutASuiteEverythingLiesOpen) {
  Open("none", {.hide_keys = false});
  Append(Saying({"canary"}, 0, ""));
  EXPECT_THAT(Stored(1), HasSubstr("canary"));
}

TEST_F(SealedStoreTest, TheOtherSuiteDoesTheSame) {
  Open("sm4-ctr-hmac-sm3");
  AQ_ASSERT_OK_AND_ASSIGN(const KeyId key, store_->NewKey());
  Append(Saying({"canary"}, key, "police"));
  EXPECT_EQ(TextOf(1), "canary");
  EXPECT_THAT(Stored(1), Not(HasSubstr("canary")));
}

TEST_F(SealedStoreTest, AnErasedEntryTellsOnlyItsHeader) {
  AQ_ASSERT_OK_AND_ASSIGN(const KeyId key, store_->NewKey());
  AQ_ASSERT_OK_AND_ASSIGN(const KeyId other, store_->NewKey());
  Append(Saying({"gone"}, key, "police"));
  Append(Saying({"stays"}, other, "police"));
  AQ_ASSERT_OK(store_->DestroyKeys({key}));
  const journal::v1::Entry erased = EntryOf(*store_->GetEntry(1));
  EXPECT_TRUE(erased.erased());
  EXPECT_EQ(erased.key(), key);
  EXPECT_EQ(erased.agency(), "police");
  EXPECT_EQ(erased.request_digest(), "digest of police");
  EXPECT_EQ(erased.commit_time().seconds(), 1'700'000'000);
  EXPECT_EQ(erased.change_case(), journal::v1::Entry::CHANGE_NOT_SET);
  EXPECT_EQ(TextOf(2), "stays");
}

// A store whose entries somebody exchanged.
class Swapped : public FlakyStore {
 public:
  using FlakyStore::FlakyStore;
  bool swap = false;
  absl::StatusOr<std::string> GetEntry(Sequence sequence) const override {
    return FlakyStore::GetEntry(swap ? 3 - sequence : sequence);
  }
};

TEST_F(SealedStoreTest, NoticesSwappedEntries) {
  auto swapped = std::make_unique<Swapped>(NewMemoryStore());
  Swapped* const base = swapped.get();
  const Opened opened = OpenSealed(std::move(swapped));
  AQ_ASSERT_OK_AND_ASSIGN(const Epoch epoch, opened.store->AcquireWriter());
  AQ_ASSERT_OK_AND_ASSIGN(const KeyId key, opened.store->NewKey());
  AQ_ASSERT_OK(opened.store->Append(epoch, Saying({"one", "two"}, key, "police")));
  AQ_ASSERT_OK(opened.store->GetEntry(1));
  base->swap = true;
  EXPECT_THAT(opened.store->GetEntry(1), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(SealedStoreTest, AFailedAppendLeavesTheLogsAsTheyWere) {
  auto flaky = std::make_unique<FlakyStore>(NewMemoryStore());
  FlakyStore* const base = flaky.get();
  const Opened opened = OpenSealed(std::move(flaky));
  AQ_ASSERT_OK_AND_ASSIGN(const Epoch epoch, opened.store->AcquireWriter());
  AQ_ASSERT_OK_AND_ASSIGN(const KeyId key, opened.store->NewKey());
  AQ_ASSERT_OK(opened.store->Append(epoch, Saying({"one"}, key, "police")));
  AQ_ASSERT_OK_AND_ASSIGN(const auto before, opened.store->logs()->Head("hub", kNow));
  base->FillDisk(1);
  EXPECT_THAT(opened.store->Append(epoch, Saying({"lost"}, key, "tax")),
              StatusIs(absl::StatusCode::kResourceExhausted));
  AQ_ASSERT_OK_AND_ASSIGN(const auto after, opened.store->logs()->Head("hub", kNow));
  EXPECT_EQ(after.root_hash(), before.root_hash());
  AQ_ASSERT_OK(opened.store->Append(epoch, Saying({"two"}, key, "police")));
  AQ_ASSERT_OK_AND_ASSIGN(const EntryProof proof, opened.store->ProveEntry(2, kNow));
  AQ_EXPECT_OK(VerifyLeaf(proof.inclusion, proof.head));
  EXPECT_THAT(opened.store->logs()->Size("agencies/police"), IsOkAndHolds(2u));
}

TEST_F(SealedStoreTest, RefusesGroupsWithoutHeaders) {
  EXPECT_THAT(store_->Append(epoch_, Entries({"bytes"})),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(SealedStoreTest, BlobsLieUnderTheKeysOfTheirParts) {
  AQ_ASSERT_OK_AND_ASSIGN(const KeyId a, store_->NewKey());
  AQ_ASSERT_OK_AND_ASSIGN(const KeyId b, store_->NewKey());
  AppendGroup group = Saying({"x"}, 0, "");
  group.blobs.emplace_back("payload", "headerAAAABBBB",
                           std::vector<std::pair<std::size_t, KeyId>>{{0, 0}, {6, a}, {10, b}});
  group.blobs.emplace_back("head/1", "open to all");
  Append(group);
  EXPECT_THAT(store_->GetBlob("payload"), IsOkAndHolds("headerAAAABBBB"));
  EXPECT_THAT(*base_->GetBlob("payload"), Not(HasSubstr("AAAA")));
  EXPECT_THAT(base_->GetBlob("head/1"), IsOkAndHolds("open to all"));
  EXPECT_THAT(store_->GetBlob("head/1"), IsOkAndHolds("open to all"));
  AQ_ASSERT_OK(store_->DestroyKeys({a}));
  EXPECT_THAT(store_->GetBlob("payload"), IsOkAndHolds("headerBBBB"));
}

journal::v1::RecordRef Ref(const std::string& key) {
  journal::v1::RecordRef ref;
  ref.set_agency("police");
  ref.set_format("roster");
  ref.set_kind(1);
  ref.set_key(key);
  return ref;
}

TEST_F(SealedStoreTest, ProjectionsHideKeysAndValues) {
  const std::string record = RecordKey(Ref("canary key")), block = BlockKey(7),
                    person = PersonKey("p1");
  Append(Saying({"x"}, 0, ""));
  const auto batch = store_->NewBatch();
  batch->Put(record, "canary head");
  batch->Put(block, "canary people");
  batch->Put(person, "canary person", "p1");
  AQ_ASSERT_OK(store_->Apply(*batch, 1));
  const auto snapshot = store_->NewSnapshot();
  EXPECT_THAT(snapshot->Get(record), IsOkAndHolds("canary head"));
  EXPECT_THAT(snapshot->Get(block), IsOkAndHolds("canary people"));
  const KeyRange records = RecordRange("police", "roster");
  EXPECT_EQ(ScanAll(*snapshot, records.begin, records.end), (Rows{{record, "canary head"}}));
  EXPECT_EQ(ScanAll(*snapshot).size(), 3u);
  for (const auto& [key, value] : ScanAll(*base_->NewSnapshot())) {
    EXPECT_THAT(key, Not(HasSubstr("canary")));
    EXPECT_THAT(value, Not(HasSubstr("canary")));
  }
}

TEST_F(SealedStoreTest, WhatIsAboutAPersonGoesWithTheirKey) {
  Append(Saying({"x"}, 0, ""));
  const auto batch = store_->NewBatch();
  batch->Put(PersonKey("p1"), "one", "p1");
  batch->Put(ReferralKey("r1"), "of one", "p1");
  batch->Put(PersonKey("p2"), "two", "p2");
  AQ_ASSERT_OK(store_->Apply(*batch, 1));
  AQ_ASSERT_OK_AND_ASSIGN(const KeyId key, store_->OwnerKey("p1"));
  ASSERT_NE(key, 0u);
  EXPECT_THAT(store_->OwnerKey("nobody"), IsOkAndHolds(0u));
  AQ_ASSERT_OK(store_->DestroyKeys({key}));
  const auto snapshot = store_->NewSnapshot();
  EXPECT_THAT(snapshot->Get(PersonKey("p1")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(snapshot->Get(ReferralKey("r1")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(ScanAll(*snapshot), (Rows{{PersonKey("p2"), "two"}}));
}

TEST_F(SealedStoreTest, ReplacedProjectionsHaveOtherKeysAndTheOldAreDestroyed) {
  Append(Saying({"x"}, 0, ""));
  const std::string record = RecordKey(Ref("b"));
  const std::string secret = store_->IndexSecret();
  {
    const auto batch = store_->NewBatch();
    batch->Put(record, "old");
    batch->Put(PersonKey("p1"), "old", "p1");
    AQ_ASSERT_OK(store_->Apply(*batch, 1));
  }
  const Rows stored_before = ScanAll(*base_->NewSnapshot());
  AQ_ASSERT_OK_AND_ASSIGN(const KeyId old_key, store_->OwnerKey("p1"));
  const auto early = store_->NewSnapshot();
  AQ_ASSERT_OK_AND_ASSIGN(auto next, store_->NewProjections(ProjectionPurpose::kReplace));
  {
    const auto batch = next->NewBatch();
    batch->Put(record, "new");
    batch->Put(PersonKey("p1"), "new", "p1");
    AQ_ASSERT_OK(next->Apply(*batch, 1));
  }
  AQ_ASSERT_OK(store_->ReplaceProjections(std::move(next)));
  EXPECT_THAT(store_->NewSnapshot()->Get(record), IsOkAndHolds("new"));
  EXPECT_EQ(store_->projections_born(), 1u);
  EXPECT_NE(store_->IndexSecret(), secret);
  AQ_ASSERT_OK_AND_ASSIGN(const KeyId new_key, store_->OwnerKey("p1"));
  EXPECT_NE(new_key, old_key);
  EXPECT_THAT(early->Get(PersonKey("p1")), StatusIs(absl::StatusCode::kAborted));
  for (const auto& [key, value] : ScanAll(*base_->NewSnapshot())) {
    for (const auto& [old, ignored] : stored_before) {
      if (key[0] == 'r') {
        EXPECT_NE(key, old);
      }
    }
  }
}

TEST_F(SealedStoreTest, ProjectionsToCompareHaveTheSameRowsAndMakeNoKeys) {
  Append(Saying({"x"}, 0, ""));
  const auto put = [](ProjectionStore& projections) {
    const auto batch = projections.NewBatch();
    batch->Put(RecordKey(Ref("b")), "same");
    batch->Put(PersonKey("p1"), "same", "p1");
    return projections.Apply(*batch, 1);
  };
  AQ_ASSERT_OK(put(*store_));
  AQ_ASSERT_OK_AND_ASSIGN(const KeyId before, store_->NewKey());
  AQ_ASSERT_OK_AND_ASSIGN(auto beside, store_->NewProjections(ProjectionPurpose::kCompare));
  AQ_ASSERT_OK(put(*beside));
  EXPECT_THAT(store_->NewKey(), IsOkAndHolds(before + 1));
  EXPECT_EQ(ScanAll(*beside->NewSnapshot()), ScanAll(*store_->NewSnapshot()));
  EXPECT_EQ(beside->IndexSecret(), store_->IndexSecret());
  EXPECT_NE(store_->IndexSecret(), std::string(16, '\0'));
  EXPECT_THAT(store_->ReplaceProjections(std::move(beside)),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(SealedStoreTest, LogsProveEveryEntryAndTheirGrowth) {
  AQ_ASSERT_OK_AND_ASSIGN(const KeyId key, store_->NewKey());
  std::vector<std::string> texts(700, "text");
  Append(Saying(texts, key, "police"));
  AQ_ASSERT_OK_AND_ASSIGN(const auto early, store_->logs()->Head("agencies/police", kNow));
  Append(Saying({"of tax"}, key, "tax"));
  Append(Saying(texts, key, "police"));
  const std::string& public_key = store_->logs()->key().public_key();
  AQ_ASSERT_OK(VerifyHead(early, public_key));
  for (const Sequence at : {1, 256, 700, 701, 702, 1401}) {
    AQ_ASSERT_OK_AND_ASSIGN(const EntryProof proof, store_->ProveEntry(at, kNow));
    EXPECT_EQ(proof.head.log(), at == 701 ? "agencies/tax" : "agencies/police");
    exchange::v1::RecordProof shown;
    *shown.mutable_head() = proof.head;
    *shown.mutable_inclusion() = proof.inclusion;
    shown.set_salt(proof.salt);
    shown.set_content(at == 701 ? "of tax" : "text");
    AQ_EXPECT_OK(VerifyRecordProof(shown, public_key)) << at;
    shown.set_content("other");
    EXPECT_FALSE(VerifyRecordProof(shown, public_key).ok());
  }
  AQ_ASSERT_OK_AND_ASSIGN(const auto late, store_->logs()->Head("agencies/police", kNow));
  EXPECT_EQ(late.size(), 1400u);
  AQ_ASSERT_OK_AND_ASSIGN(const auto growth, store_->logs()->Growth("agencies/police", 700, 1400));
  AQ_EXPECT_OK(VerifyGrowth(growth, early, late));
  EXPECT_THAT(store_->logs()->Size("hub"), IsOkAndHolds(1401u));
  EXPECT_THAT(store_->logs()->Head("agencies/nobody", kNow), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(SealedStoreTest, ProofsHoldAfterAnErasure) {
  AQ_ASSERT_OK_AND_ASSIGN(const KeyId key, store_->NewKey());
  Append(Saying({"gone", "gone too"}, key, "police"));
  AQ_ASSERT_OK_AND_ASSIGN(const auto before, store_->logs()->Head("agencies/police", kNow));
  AQ_ASSERT_OK(store_->DestroyKeys({key}));
  AQ_ASSERT_OK_AND_ASSIGN(const EntryProof proof, store_->ProveEntry(2, kNow));
  AQ_EXPECT_OK(VerifyLeaf(proof.inclusion, before));
  EXPECT_EQ(proof.salt, "");
  EXPECT_TRUE(EntryOf(proof.entry).erased());
}

TEST(SealedStoreFullDiskTest, ABatchThatFoundNoRoomForAKeyIsAppliedOnceThereIsRoom) {
  const auto system = std::make_shared<testing::LossyFileSystem>(1);
  auto suite = *CipherSuite::Make("aes-256-gcm-sha256");
  AQ_ASSERT_OK_AND_ASSIGN(auto ring,
                          KeyRing::Open({.path = "/ring",
                                         .suite = suite.get(),
                                         .master = MasterKey::FromKey(DataKey::Random(), *suite),
                                         .create_if_missing = true,
                                         .pool_keys = 4,
                                         .refill_in_background = false,
                                         .file_system = system}));
  AQ_ASSERT_OK_AND_ASSIGN(const auto store,
                          OpenSealedStore(NewMemoryStore(), std::move(suite), std::move(ring), {}));
  AQ_ASSERT_OK_AND_ASSIGN(const Epoch epoch, store->AcquireWriter());
  AQ_ASSERT_OK(store->Append(epoch, Saying({"one"}, 0, "police")));
  system->SetFault(testing::LossyFileSystem::Fault::kDiskFull);
  const std::unique_ptr<ProjectionBatch> batch = store->NewBatch();
  for (int i = 0; i < 20; ++i) {
    const std::string person = absl::StrCat("p", i);
    batch->Put(PersonKey(person), "first", person);
    batch->Put(PersonKey(person), "last", person);
  }
  batch->Delete(PersonKey("p19"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(store->Apply(*batch, 1), StatusIs(absl::StatusCode::kResourceExhausted));
  }
  EXPECT_EQ(store->applied_sequence(), 0u);
  system->SetFault(testing::LossyFileSystem::Fault::kNone);
  AQ_ASSERT_OK(store->Apply(*batch, 1));
  const std::unique_ptr<Snapshot> snapshot = store->NewSnapshot();
  for (int i = 0; i < 19; ++i) {
    EXPECT_THAT(snapshot->Get(PersonKey(absl::StrCat("p", i))), IsOkAndHolds("last")) << i;
  }
  EXPECT_THAT(snapshot->Get(PersonKey("p19")), StatusIs(absl::StatusCode::kNotFound));
}

TEST(SealedStoreOnDiskTest, OpensAgainWithItsRingAndLogsGoOn) {
  testing::TempDir directory;
  const auto open = [&](SealOptions options = {}) -> absl::StatusOr<std::unique_ptr<Store>> {
    AQ_ASSIGN_OR_RETURN(auto suite, CipherSuite::Make("aes-256-gcm-sha256"));
    if (!MasterKey::FromFile(directory.File("master"), *suite).ok()) {
      AQ_RETURN_IF_ERROR(MasterKey::MakeFile(directory.File("master")));
    }
    AQ_ASSIGN_OR_RETURN(auto master, MasterKey::FromFile(directory.File("master"), *suite));
    AQ_ASSIGN_OR_RETURN(auto ring, KeyRing::Open({.path = directory.File("ring"),
                                                  .suite = suite.get(),
                                                  .master = std::move(master),
                                                  .create_if_missing = true}));
    AQ_ASSIGN_OR_RETURN(auto base, OpenRocksStore({.directory = directory.File("data")}));
    return OpenSealedStore(std::move(base), std::move(suite), std::move(ring), options);
  };
  exchange::v1::SignedTreeHead head;
  KeyId key = 0;
  std::string digest;
  for (int round = 0; round < 4; ++round) {
    AQ_ASSERT_OK_AND_ASSIGN(const auto store, open());
    AQ_ASSERT_OK_AND_ASSIGN(const Epoch epoch, store->AcquireWriter());
    if (round == 0) {
      AQ_ASSERT_OK_AND_ASSIGN(key, store->NewKey());
      digest = store->Digest("request");
    } else {
      EXPECT_EQ(store->Digest("request"), digest);
      AQ_ASSERT_OK_AND_ASSIGN(const auto now, store->logs()->Head("agencies/police", kNow));
      EXPECT_EQ(now.size(), head.size());
      EXPECT_EQ(now.root_hash(), head.root_hash());
      EXPECT_EQ(now.signature(), head.signature());
    }
    // Past the border of a tile.
    for (int i = 0; i < 3; ++i) {
      AQ_ASSERT_OK(
          store->Append(epoch, Saying(std::vector<std::string>(50, "text"), key, "police")));
      AQ_ASSERT_OK(store->Append(epoch, Saying({"text"}, key, "tax")));
    }
    AQ_ASSERT_OK_AND_ASSIGN(head, store->logs()->Head("agencies/police", kNow));
    EXPECT_THAT(ReadAll(*store).size(), 153u * (static_cast<unsigned>(round) + 1));
  }
  EXPECT_THAT(open({.hide_keys = false}), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(SealedStoreOnDiskTest, ACheckpointOpensWithTheCurrentRing) {
  testing::TempDir directory;
  auto suite = *CipherSuite::Make("aes-256-gcm-sha256");
  AQ_ASSERT_OK(MasterKey::MakeFile(directory.File("master")));
  const auto ring = [&](bool make) {
    return KeyRing::Open({.path = directory.File("ring"),
                          .suite = suite.get(),
                          .master = *MasterKey::FromFile(directory.File("master"), *suite),
                          .create_if_missing = make});
  };
  KeyId gone = 0, stays = 0;
  {
    auto own = *CipherSuite::Make("aes-256-gcm-sha256");
    AQ_ASSERT_OK_AND_ASSIGN(auto opened_ring, ring(true));
    AQ_ASSERT_OK_AND_ASSIGN(auto base, OpenRocksStore({.directory = directory.File("data")}));
    AQ_ASSERT_OK_AND_ASSIGN(const auto store, OpenSealedStore(std::move(base), std::move(own),
                                                              std::move(opened_ring), {}));
    AQ_ASSERT_OK_AND_ASSIGN(const Epoch epoch, store->AcquireWriter());
    AQ_ASSERT_OK_AND_ASSIGN(gone, store->NewKey());
    AQ_ASSERT_OK_AND_ASSIGN(stays, store->NewKey());
    AQ_ASSERT_OK(store->Append(epoch, Saying({"gone"}, gone, "police")));
    AQ_ASSERT_OK(store->Append(epoch, Saying({"stays"}, stays, "police")));
    AQ_ASSERT_OK(store->Checkpoint(directory.File("backup")));
    EXPECT_THAT(store->Checkpoint(directory.File("backup")),
                StatusIs(absl::StatusCode::kAlreadyExists));
    AQ_ASSERT_OK(store->Append(epoch, Saying({"later"}, stays, "police")));
    AQ_ASSERT_OK(store->DestroyKeys({gone}));
  }
  AQ_ASSERT_OK_AND_ASSIGN(auto opened_ring, ring(false));
  AQ_ASSERT_OK_AND_ASSIGN(auto base, OpenRocksStore({.directory = directory.File("backup")}));
  AQ_ASSERT_OK_AND_ASSIGN(const auto store,
                          OpenSealedStore(std::move(base), *CipherSuite::Make("aes-256-gcm-sha256"),
                                          std::move(opened_ring), {}));
  EXPECT_EQ(store->synced_sequence(), 2u);
  EXPECT_TRUE(EntryOf(*store->GetEntry(1)).erased());
  EXPECT_EQ(EntryOf(*store->GetEntry(2)).access_recorded().resource(), "stays");
}

}  // namespace
}  // namespace anqiao::store

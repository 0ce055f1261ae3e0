// What every Store must do; each engine's test instantiates it with a function that opens one.

#ifndef ANQIAO_TESTS_HUB_STORE_STORE_CONTRACT_H_
#define ANQIAO_TESTS_HUB_STORE_STORE_CONTRACT_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/store/store.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::store {

using ::anqiao::testing::IsOkAndHolds;
using ::anqiao::testing::StatusIs;
using ::testing::ElementsAre;
using Rows = std::vector<std::pair<std::string, std::string>>;

inline AppendGroup Entries(std::vector<std::string> entries) {
  AppendGroup group;
  group.entries = std::move(entries);
  return group;
}

inline std::vector<std::string> ReadAll(const Store& store, Sequence first = 1) {
  std::vector<std::string> entries;
  Sequence expected = first;
  const absl::Status read =
      store.ReadJournal(first, [&](Sequence sequence, absl::string_view entry) {
        EXPECT_EQ(sequence, expected++);
        entries.emplace_back(entry);
        return true;
      });
  AQ_EXPECT_OK(read);
  return entries;
}

inline Rows ScanAll(const Snapshot& snapshot, absl::string_view begin = "",
                    absl::string_view end = "") {
  Rows rows;
  AQ_EXPECT_OK(snapshot.Scan(begin, end, [&](absl::string_view key, absl::string_view value) {
    rows.emplace_back(key, value);
    return true;
  }));
  return rows;
}

// An empty value deletes.
inline absl::Status ApplyRows(ProjectionStore& store, const Rows& rows, Sequence sequence) {
  const std::unique_ptr<ProjectionBatch> batch = store.NewBatch();
  for (const auto& [key, value] : rows) {
    if (value.empty()) {
      batch->Delete(key);
    } else {
      batch->Put(key, value);
    }
  }
  return store.Apply(*batch, sequence);
}

using Opener = std::function<std::unique_ptr<Store>(const std::string& directory)>;

class StoreContract : public ::testing::TestWithParam<Opener> {
 protected:
  void SetUp() override {
    store_ = GetParam()(directory_.path());
    ASSERT_NE(store_, nullptr);
    AQ_ASSERT_OK_AND_ASSIGN(epoch_, store_->AcquireWriter());
  }

  // Makes the journal reach "sequence".
  void Fill(Sequence sequence) {
    while (store_->synced_sequence() < sequence) {
      AQ_ASSERT_OK(store_->Append(epoch_, Entries({"entry"})));
    }
  }

  testing::TempDir directory_;
  std::unique_ptr<Store> store_;
  Epoch epoch_ = 0;
};

TEST_P(StoreContract, StartsEmpty) {
  EXPECT_EQ(store_->synced_sequence(), 0u);
  EXPECT_EQ(store_->applied_sequence(), 0u);
  EXPECT_THAT(ReadAll(*store_), ElementsAre());
  EXPECT_THAT(store_->GetEntry(0), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store_->GetEntry(1), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ScanAll(*store_->NewSnapshot()), ElementsAre());
}

TEST_P(StoreContract, AppendsGroupsWithoutGaps) {
  const std::string binary("\0\xff\n", 3);
  EXPECT_THAT(store_->Append(epoch_, Entries({"a", "", binary})), IsOkAndHolds(3u));
  EXPECT_THAT(store_->Append(epoch_, Entries({"d"})), IsOkAndHolds(4u));
  EXPECT_EQ(store_->synced_sequence(), 4u);
  EXPECT_THAT(ReadAll(*store_), ElementsAre("a", "", binary, "d"));
  EXPECT_THAT(ReadAll(*store_, 3), ElementsAre(binary, "d"));
  EXPECT_THAT(ReadAll(*store_, 5), ElementsAre());
  EXPECT_THAT(store_->GetEntry(3), IsOkAndHolds(binary));
  EXPECT_THAT(store_->GetEntry(5), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(StoreContract, ReadingStopsWhenAsked) {
  AQ_ASSERT_OK(store_->Append(epoch_, Entries({"a", "b", "c"})));
  int seen = 0;
  AQ_EXPECT_OK(store_->ReadJournal(1, [&](Sequence, absl::string_view) { return ++seen < 2; }));
  EXPECT_EQ(seen, 2);
}

TEST_P(StoreContract, ReadingEndsWhereTheJournalEndedAtTheCall) {
  AQ_ASSERT_OK(store_->Append(epoch_, Entries({"a"})));
  int seen = 0;
  AQ_EXPECT_OK(store_->ReadJournal(1, [&](Sequence, absl::string_view) {
    AQ_EXPECT_OK(store_->Append(epoch_, Entries({"more"})));
    return ++seen < 10;
  }));
  EXPECT_EQ(seen, 1);
}

TEST_P(StoreContract, RefusesAnEmptyGroupAndOneThatIsTooLarge) {
  EXPECT_THAT(store_->Append(epoch_, {}), StatusIs(absl::StatusCode::kInvalidArgument));
  AppendGroup large = Entries({"a"});
  large.blobs.emplace_back("b", std::string(std::size_t{64} << 20, 'x'));
  EXPECT_THAT(store_->Append(epoch_, large), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(store_->synced_sequence(), 0u);
}

TEST_P(StoreContract, FencesEarlierWriters) {
  AQ_ASSERT_OK_AND_ASSIGN(const Epoch later, store_->AcquireWriter());
  EXPECT_GT(later, epoch_);
  const auto refused = store_->Append(epoch_, Entries({"a"}));
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ReasonOf(refused.status()), reason::kWriterFenced);
  EXPECT_THAT(store_->Append(later + 1, Entries({"a"})),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(store_->Append(0, Entries({"a"})), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(store_->synced_sequence(), 0u);
  EXPECT_THAT(store_->Append(later, Entries({"a"})), IsOkAndHolds(1u));
}

TEST_P(StoreContract, KeepsBlobsUntilTheyAreRemoved) {
  AppendGroup group = Entries({"a"});
  group.blobs = {{"one", "1"}, {"two", std::string(100000, 'x')}, {"empty", ""}};
  AQ_ASSERT_OK(store_->Append(epoch_, group));
  EXPECT_THAT(store_->GetBlob("one"), IsOkAndHolds("1"));
  EXPECT_THAT(store_->GetBlob("two"), IsOkAndHolds(std::string(100000, 'x')));
  EXPECT_THAT(store_->GetBlob("empty"), IsOkAndHolds(""));
  AppendGroup removal = Entries({"b"});
  removal.removed_blobs = {"one", "never"};
  AQ_ASSERT_OK(store_->Append(epoch_, removal));
  EXPECT_THAT(store_->GetBlob("one"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store_->GetBlob("two"), IsOkAndHolds(std::string(100000, 'x')));
}

TEST_P(StoreContract, ARefusedGroupLeavesNoBlob) {
  AQ_ASSERT_OK(store_->AcquireWriter());
  AppendGroup group = Entries({"a"});
  group.blobs = {{"one", "1"}};
  EXPECT_THAT(store_->Append(epoch_, group), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(store_->GetBlob("one"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(StoreContract, AppliesBatchesWholeWithTheirSequence) {
  Fill(2);
  AQ_ASSERT_OK(ApplyRows(*store_, {{"b", "1"}, {"a", "2"}, {"b", "3"}}, 1));
  AQ_ASSERT_OK(ApplyRows(*store_, {{"a", ""}, {"c", "4"}, {"d", "5"}, {"d", ""}}, 2));
  EXPECT_EQ(store_->applied_sequence(), 2u);
  const auto snapshot = store_->NewSnapshot();
  EXPECT_EQ(snapshot->sequence(), 2u);
  EXPECT_EQ(ScanAll(*snapshot), (Rows{{"b", "3"}, {"c", "4"}}));
  EXPECT_THAT(snapshot->Get("a"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(snapshot->Get("c"), IsOkAndHolds("4"));
}

TEST_P(StoreContract, ProjectionsDoNotGoBack) {
  Fill(2);
  AQ_ASSERT_OK(ApplyRows(*store_, {{"a", "1"}}, 2));
  EXPECT_THAT(ApplyRows(*store_, {{"a", "2"}}, 1), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(store_->NewSnapshot()->Get("a"), IsOkAndHolds("1"));
  AQ_EXPECT_OK(ApplyRows(*store_, {{"a", "3"}}, 2));
}

TEST_P(StoreContract, SnapshotsDoNotMove) {
  Fill(3);
  AQ_ASSERT_OK(ApplyRows(*store_, {{"a", "1"}, {"b", "1"}}, 1));
  const auto early = store_->NewSnapshot();
  AQ_ASSERT_OK(ApplyRows(*store_, {{"a", "2"}, {"b", ""}, {"c", "2"}}, 2));
  const auto middle = store_->NewSnapshot();
  AQ_ASSERT_OK_AND_ASSIGN(auto next, store_->NewProjections(ProjectionPurpose::kReplace));
  AQ_ASSERT_OK(ApplyRows(*next, {{"a", "3"}}, 3));
  AQ_ASSERT_OK(store_->ReplaceProjections(std::move(next)));
  EXPECT_EQ(early->sequence(), 1u);
  EXPECT_EQ(ScanAll(*early), (Rows{{"a", "1"}, {"b", "1"}}));
  EXPECT_EQ(middle->sequence(), 2u);
  EXPECT_EQ(ScanAll(*middle), (Rows{{"a", "2"}, {"c", "2"}}));
  EXPECT_THAT(middle->Get("b"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(early->Get("c"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(early->Get("b"), IsOkAndHolds("1"));
}

TEST_P(StoreContract, WhatWasDeletedMayComeAgain) {
  Fill(3);
  AQ_ASSERT_OK(ApplyRows(*store_, {{"a", "1"}}, 1));
  AQ_ASSERT_OK(ApplyRows(*store_, {{"a", ""}}, 2));
  EXPECT_THAT(store_->NewSnapshot()->Get("a"), StatusIs(absl::StatusCode::kNotFound));
  AQ_ASSERT_OK(ApplyRows(*store_, {{"a", "3"}}, 3));
  EXPECT_THAT(store_->NewSnapshot()->Get("a"), IsOkAndHolds("3"));
}

TEST_P(StoreContract, ScansHalfOpenRangesInOrder) {
  Fill(1);
  AQ_ASSERT_OK(ApplyRows(*store_, {{"c", "3"}, {"a", "1"}, {"b\xff", "2"}, {"b", "2"}}, 1));
  const auto snapshot = store_->NewSnapshot();
  EXPECT_EQ(ScanAll(*snapshot, "a", "c"), (Rows{{"a", "1"}, {"b", "2"}, {"b\xff", "2"}}));
  EXPECT_EQ(ScanAll(*snapshot, "b", ""), (Rows{{"b", "2"}, {"b\xff", "2"}, {"c", "3"}}));
  EXPECT_EQ(ScanAll(*snapshot, "c", "a"), Rows{});
  EXPECT_EQ(ScanAll(*snapshot, "b", "b"), Rows{});
  int seen = 0;
  AQ_EXPECT_OK(
      snapshot->Scan("", "", [&](absl::string_view, absl::string_view) { return ++seen < 2; }));
  EXPECT_EQ(seen, 2);
}

TEST_P(StoreContract, ScansManyRowsAndMayReadWhileScanning) {
  Fill(1);
  Rows rows;
  for (int i = 1000; i < 3000; ++i) rows.emplace_back(absl::StrCat("k", i), std::to_string(i));
  AQ_ASSERT_OK(ApplyRows(*store_, rows, 1));
  const auto snapshot = store_->NewSnapshot();
  Rows seen;
  AQ_EXPECT_OK(snapshot->Scan("", "", [&](absl::string_view key, absl::string_view value) {
    EXPECT_THAT(snapshot->Get(key), IsOkAndHolds(std::string(value)));
    seen.emplace_back(key, value);
    return true;
  }));
  EXPECT_EQ(seen, rows);
}

TEST_P(StoreContract, ProjectionsAreReplacedWhole) {
  Fill(3);
  AQ_ASSERT_OK(ApplyRows(*store_, {{"a", "1"}, {"w\xff\xff", "2"}}, 2));
  AQ_ASSERT_OK_AND_ASSIGN(auto next, store_->NewProjections(ProjectionPurpose::kReplace));
  EXPECT_EQ(next->applied_sequence(), 0u);
  EXPECT_EQ(ScanAll(*next->NewSnapshot()), Rows{});
  AQ_ASSERT_OK(ApplyRows(*next, {{"b", "3"}}, 1));
  EXPECT_EQ(ScanAll(*store_->NewSnapshot()), (Rows{{"a", "1"}, {"w\xff\xff", "2"}}));
  AQ_ASSERT_OK(store_->ReplaceProjections(std::move(next)));
  EXPECT_EQ(store_->applied_sequence(), 1u);
  EXPECT_EQ(ScanAll(*store_->NewSnapshot()), (Rows{{"b", "3"}}));
  AQ_ASSERT_OK(ApplyRows(*store_, {{"c", "4"}}, 3));
  EXPECT_EQ(ScanAll(*store_->NewSnapshot()), (Rows{{"b", "3"}, {"c", "4"}}));
  EXPECT_THAT(store_->NewSnapshot()->Get("a"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store_->NewSnapshot()->Get("b"), IsOkAndHolds("3"));
  EXPECT_THAT(store_->NewSnapshot()->Get("c"), IsOkAndHolds("4"));
}

TEST_P(StoreContract, ProjectionsToCompareChangeNothing) {
  Fill(2);
  AQ_ASSERT_OK(ApplyRows(*store_, {{"a", "1"}}, 2));
  {
    AQ_ASSERT_OK_AND_ASSIGN(auto beside, store_->NewProjections(ProjectionPurpose::kCompare));
    AQ_ASSERT_OK(ApplyRows(*beside, {{"a", "2"}}, 2));
    EXPECT_EQ(ScanAll(*beside->NewSnapshot()), (Rows{{"a", "2"}}));
  }
  EXPECT_EQ(ScanAll(*store_->NewSnapshot()), (Rows{{"a", "1"}}));
}

TEST_P(StoreContract, ReadersSeeWholeBatchesWhileAWriterAppliesThem) {
  constexpr Sequence kLast = 300;
  Fill(kLast);
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) {
      const auto snapshot = store_->NewSnapshot();
      const std::string expected = std::to_string(snapshot->sequence());
      if (snapshot->sequence() > 0) {
        for (const absl::string_view key : {"a", "b", "c"}) {
          ASSERT_THAT(snapshot->Get(key), IsOkAndHolds(expected));
        }
        // It came with this batch; the one below comes with the next.
        ASSERT_THAT(snapshot->Get("k" + expected), IsOkAndHolds("new"));
      }
      ASSERT_THAT(snapshot->Get("k" + std::to_string(snapshot->sequence() + 1)),
                  StatusIs(absl::StatusCode::kNotFound));
      ASSERT_EQ(ScanAll(*snapshot, "a", "d").size(), snapshot->sequence() > 0 ? 3u : 0u);
    }
  });
  for (Sequence at = 1; at <= kLast; ++at) {
    const std::string value = std::to_string(at);
    AQ_EXPECT_OK(
        ApplyRows(*store_, {{"a", value}, {"b", value}, {"c", value}, {"k" + value, "new"}}, at));
  }
  done = true;
  reader.join();
}

}  // namespace anqiao::store

#endif  // ANQIAO_TESTS_HUB_STORE_STORE_CONTRACT_H_

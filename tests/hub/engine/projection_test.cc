#include "hub/engine/projection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "hub/base/status_macros.h"
#include "hub/engine/table.h"
#include "tests/hub/engine/engine_fixture.h"

namespace anqiao::engine {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

// Writes so slowly that the next entry is taken in meanwhile.
class SlowProjections : public store::ProjectionStore {
 public:
  explicit SlowProjections(std::unique_ptr<store::ProjectionStore> store)
      : store_(std::move(store)) {}

  std::unique_ptr<store::ProjectionBatch> NewBatch() const override { return store_->NewBatch(); }
  absl::Status Apply(const store::ProjectionBatch& batch, store::Sequence sequence) override {
    absl::SleepFor(absl::Milliseconds(2));
    return store_->Apply(batch, sequence);
  }
  store::Sequence applied_sequence() const override { return store_->applied_sequence(); }
  std::unique_ptr<store::Snapshot> NewSnapshot() const override { return store_->NewSnapshot(); }
  std::string IndexSecret() const override { return store_->IndexSecret(); }

 private:
  const std::unique_ptr<store::ProjectionStore> store_;
};

class ProjectionTest : public EngineFixture {
 protected:
  // People, referrals, deliveries, of which one is acknowledged right away, and held rows.
  void Live() {
    Open();
    const std::string one = AddPerson(1);
    AddPerson(2);
    SendOne(one);
    DeliveryStream& stream = Receive();
    AQ_EXPECT_OK(stream.Ack(NextOf(stream).name()));
    Submit("changes", "P9|王|9|||\nBAD\n", "held");
    for (int i = 3; i < 20; ++i) SendOne(AddPerson(i));
  }

  // What comes of the journal if "commit" is called after so many entries, and a Commit at the end.
  Rows Projected(std::size_t entries, absl::Status (Projection::*commit)()) {
    auto made = store_->NewProjections(store::ProjectionPurpose::kCompare);
    EXPECT_TRUE(made.ok()) << made.status();
    SlowProjections target(*std::move(made));
    Projection projection(&target, ShippedIdentityModel());
    std::size_t added = 0;
    AQ_EXPECT_OK(store_->ReadJournal(1, [&](store::Sequence sequence, absl::string_view bytes) {
      journal::v1::Entry entry;
      EXPECT_TRUE(entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
      AQ_EXPECT_OK(projection.Add(sequence, entry));
      if (++added % entries == 0) {
        AQ_EXPECT_OK((projection.*commit)());
      }
      return true;
    }));
    AQ_EXPECT_OK(projection.Commit());
    EXPECT_EQ(target.applied_sequence(), added);
    Rows rows;
    AQ_EXPECT_OK(target.NewSnapshot()->Scan("", "", [&](absl::string_view key, auto value) {
      rows.emplace_back(std::string(key), std::string(value));
      return true;
    }));
    return rows;
  }
};

TEST_F(ProjectionTest, CommittingAheadGivesTheSameWhereverItIsDone) {
  Live();
  const Rows at_once = Projected(1'000'000, &Projection::Commit);
  ASSERT_GT(at_once.size(), 100u);
  for (const std::size_t entries : {1, 3, 50}) {
    EXPECT_EQ(Projected(entries, &Projection::Commit), at_once) << entries;
    EXPECT_EQ(Projected(entries, &Projection::CommitAhead), at_once) << entries;
  }
}

TEST(TableTest, RemembersWhatIsCollectedUntilItIsWritten) {
  const std::unique_ptr<store::Store> store = store::NewMemoryStore();
  const auto empty = store->NewSnapshot();
  Table<journal::v1::RecordHead> heads;
  AQ_ASSERT_OK_AND_ASSIGN(auto* row, heads.Find(*empty, "changed"));
  row->document.set_person("p1");
  heads.Touch("changed", row);
  AQ_ASSERT_OK(heads.Find(*empty, "read"));
  const auto batch = store->NewBatch();
  heads.Collect(batch.get());
  heads.Trim(0, false);
  AQ_ASSERT_OK_AND_ASSIGN(row, heads.Find(*empty, "changed"));
  EXPECT_EQ(row->document.person(), "p1");
  heads.Trim(0, true);
  AQ_ASSERT_OK_AND_ASSIGN(row, heads.Find(*empty, "changed"));
  EXPECT_FALSE(row->exists);
}

TEST_F(ProjectionTest, WhatWentWrongAheadIsToldNext) {
  Live();
  stream_.reset();
  engine_.reset();
  std::vector<journal::v1::Entry> entries;
  AQ_ASSERT_OK(store_->ReadJournal(1, [&](store::Sequence, absl::string_view bytes) {
    entries.emplace_back().ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    return entries.size() < 3;
  }));
  // Its projections are ahead of these entries already.
  Projection projection(store_.get(), ShippedIdentityModel());
  AQ_ASSERT_OK(projection.Add(1, entries[0]));
  AQ_EXPECT_OK(projection.CommitAhead());
  const absl::Status told = projection.Commit();
  EXPECT_FALSE(told.ok());
  EXPECT_EQ(projection.Commit(), told) << "a lost batch is not forgotten";
  EXPECT_EQ(projection.CommitAhead(), told);
}

}  // namespace
}  // namespace anqiao::engine

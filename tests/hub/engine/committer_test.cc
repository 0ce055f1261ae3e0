#include "hub/engine/committer.h"

#include "tests/hub/engine/engine_fixture.h"

namespace anqiao::engine {
namespace {

constexpr auto kFull = absl::StatusCode::kResourceExhausted;

class CommitterTest : public ::testing::Test {
 protected:
  CommitterTest()
      : store_(store::NewMemoryStore()),
        projector_(&store_, &clock_, &options_, [](const std::vector<DeliveryEvent>&) {}),
        committer_(&store_, &clock_, &options_, &projector_) {}

  void SetUp() override {
    AQ_ASSERT_OK(projector_.Start());
    AQ_ASSERT_OK_AND_ASSIGN(const store::Epoch epoch, store_.AcquireWriter());
    committer_.Start(epoch, [this] {
      absl::MutexLock lock(&mu_);
      ++freed_;
    });
  }
  void TearDown() override {
    committer_.Stop();
    projector_.Stop();
  }

  // A group of "count" accesses, the first at "first"; "names" answer.
  Group Make(store::Sequence first, int count, const std::vector<std::string>& names) {
    Group group;
    group.first = first;
    for (int i = 0; i < count; ++i) {
      journal::v1::Entry& entry = group.entries.emplace_back();
      entry.mutable_access_recorded()->set_method("Get");
      group.append.entries.push_back(entry.SerializeAsString());
    }
    for (const std::string& name : names) {
      group.answers.push_back([this, name](const absl::Status& status) {
        absl::MutexLock lock(&mu_);
        answers_.push_back(absl::StrCat(name, status.ok() ? "" : " failed"));
      });
    }
    return group;
  }
  std::vector<std::string> answers() const {
    absl::MutexLock lock(&mu_);
    return answers_;
  }

  ManualClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  EngineOptions options_;
  FlakyStore store_;
  Projector projector_;
  mutable absl::Mutex mu_;
  std::vector<std::string> answers_ ABSL_GUARDED_BY(mu_);
  int freed_ ABSL_GUARDED_BY(mu_) = 0;
  Committer committer_;
};

TEST_F(CommitterTest, AnswersInOrderAndOnlyWhatIsSynced) {
  store_.Hold();
  committer_.Take(Make(1, 2, {"a", "b"}));
  store_.AwaitAppend();
  EXPECT_FALSE(committer_.IsFree());
  EXPECT_TRUE(answers().empty());
  EXPECT_EQ(committer_.synced(), 0);
  store_.Release();
  EXPECT_FALSE(committer_.Await().has_value());
  committer_.Commit(Make(3, 1, {"c"}));
  committer_.Take(Make(4, 1, {"d", "e"}));
  EXPECT_FALSE(committer_.Await().has_value());
  EXPECT_THAT(answers(), ::testing::ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_EQ(committer_.synced(), 4);
  AQ_EXPECT_OK(projector_.WaitFor(4, absl::Seconds(10)));
}

TEST_F(CommitterTest, AGroupOfAnswersOnlyAppendsNothing) {
  committer_.Commit(Make(1, 0, {"a"}));
  EXPECT_FALSE(committer_.Await().has_value());
  EXPECT_THAT(answers(), ::testing::ElementsAre("a"));
  EXPECT_EQ(store_.synced_sequence(), 0);
  EXPECT_EQ(committer_.counts().groups, 0);
}

TEST_F(CommitterTest, TellsOfAFailureOnceAndGivesTheEntriesBack) {
  store_.FillDisk(2);
  committer_.Take(Make(1, 2, {"a", "b"}));
  const auto failure = committer_.Await();
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->status.code(), kFull);
  EXPECT_EQ(failure->entries.size(), 2);
  EXPECT_THAT(answers(), ::testing::ElementsAre("a failed", "b failed"));
  EXPECT_FALSE(committer_.Await().has_value());
  committer_.Commit(Make(1, 1, {"c"}));
  EXPECT_TRUE(committer_.Await().has_value());
  committer_.Commit(Make(1, 1, {"d"}));
  EXPECT_FALSE(committer_.Await().has_value());
  EXPECT_EQ(committer_.synced(), 1);
  AQ_EXPECT_OK(projector_.WaitFor(1, absl::Seconds(10)));
}

TEST_F(CommitterTest, CommitsWhatItHasBeforeItStops) {
  committer_.Take(Make(1, 3, {"a"}));
  committer_.Stop();
  EXPECT_EQ(store_.synced_sequence(), 3);
  EXPECT_THAT(answers(), ::testing::ElementsAre("a"));
  absl::MutexLock lock(&mu_);
  EXPECT_EQ(freed_, 1);
}

TEST_F(CommitterTest, CountsGroupsBySizeAndSync) {
  committer_.Commit(Make(1, 1, {}));
  committer_.Commit(Make(2, 5, {}));
  const GroupCounts counts = committer_.counts();
  EXPECT_EQ(counts.groups, 2);
  EXPECT_EQ(counts.largest, 5);
  EXPECT_EQ(counts.entries.sum, 6);
  EXPECT_EQ(counts.entries.counts[0], 1);
  EXPECT_EQ(counts.entries.counts[2], 1);
  std::int64_t syncs = 0;
  for (const std::int64_t count : counts.sync_micros.counts) syncs += count;
  EXPECT_EQ(syncs, 2);
}

TEST(HistogramTest, CountsByUpperBounds) {
  Histogram<2> histogram = {.bounds = {10, 100}};
  for (const int value : {0, 10, 11, 100, 101, 5000}) histogram.Add(value);
  EXPECT_THAT(histogram.counts, ::testing::ElementsAre(2, 2, 2));
  EXPECT_EQ(histogram.sum, 5222);
}

}  // namespace
}  // namespace anqiao::engine

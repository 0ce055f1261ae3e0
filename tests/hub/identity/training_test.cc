#include "hub/identity/training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "hub/identity/linkage.h"
#include "hub/identity/memory_tables.h"
#include "hub/identity/model_file.h"
#include "tests/testing/register_generator.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::identity {
namespace {

using ::testing::HasSubstr;

// Enough here, and sanitizers get through.
const TrainingOptions kFew = {.random_pairs = 50'000};

class TrainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    base_.version = "test";
    base_.schema = ShippedModel().schema;
    base_.recipes = DefaultRecipes(base_.schema);
    const testing::RegisterGenerator generator({.seed = 3, .people = 600});
    generator.Visit(0, 600, [&](const testing::LabelledRecord& record) {
      std::vector<Value> values;
      std::size_t i = 0;
      for (const std::string* cell :
           {&record.name, &record.sex, &record.birth_date, &record.id_number, &record.phone,
            &record.division, &record.address, &record.issued_number}) {
        values.push_back(NormalizeValue(base_.schema[i++], *cell));
      }
      records_.push_back(
          {record.record_id, MakeProfile(base_.schema, ShippedStopList(), std::move(values))});
      person_[record.record_id] = record.person;
    });
  }

  Model base_;
  std::vector<TrainingRecord> records_;
  std::map<std::string, std::int64_t> person_;
};

TEST_F(TrainTest, FindsHowManyPairsAreOnePersons) {
  TrainingReport report;
  AQ_ASSERT_OK_AND_ASSIGN(const Model model, Train(base_, records_, kFew, &report));
  std::map<std::int64_t, double> counts;
  for (const auto& [key, person] : person_) ++counts[person];
  double pairs = 0;
  for (const auto& [person, count] : counts) pairs += count * (count - 1) / 2;
  EXPECT_NEAR(report.matches / pairs, 1, 0.05);
  EXPECT_GT(report.blocked_pairs, report.matches);
}

TEST_F(TrainTest, WhatItLearnsTellsPeopleApart) {
  AQ_ASSERT_OK_AND_ASSIGN(const Model model, Train(base_, records_, kFew));
  MemoryTables tables;
  Linkage linkage(model, tables);
  std::vector<RecordId> cluster;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    AQ_ASSERT_OK(linkage.Put(i + 1, records_[i].key, records_[i].profile));
  }
  for (std::size_t i = 0; i < records_.size(); ++i) {
    AQ_ASSERT_OK_AND_ASSIGN(const RecordId each, linkage.ClusterOf(i + 1));
    cluster.push_back(each);
  }
  double right = 0, found = 0, there = 0;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const bool same = person_[records_[i].key] == person_[records_[j].key];
      const bool together = cluster[i] == cluster[j];
      there += same;
      found += together;
      right += same && together;
    }
  }
  EXPECT_GT(right / found, 0.99);
  EXPECT_GT(right / there, 0.97);
}

TEST_F(TrainTest, TheOrderOfRecordsDoesNotMatter) {
  AQ_ASSERT_OK_AND_ASSIGN(const Model model, Train(base_, records_, kFew));
  std::reverse(records_.begin(), records_.end());
  AQ_ASSERT_OK_AND_ASSIGN(const Model again, Train(base_, records_, kFew));
  EXPECT_EQ(FormatModel(model, ""), FormatModel(again, ""));
}

TEST_F(TrainTest, LevelsThatWereNeverSeenKeepAProbability) {
  AQ_ASSERT_OK_AND_ASSIGN(const Model model, Train(base_, records_, kFew));
  for (std::size_t i = 0; i < model.schema.size(); ++i) {
    for (const Level level : LevelsOf(model.schema[i].kind)) {
      EXPECT_GT(model.attributes[i].m[static_cast<std::size_t>(level)], 0);
      EXPECT_GT(model.attributes[i].u[static_cast<std::size_t>(level)], 0);
    }
  }
}

// Also with what two records share only beside another phone.
TEST_F(TrainTest, AScoreIsTheSameBothWays) {
  for (std::size_t i = 0; i < records_.size(); i += 3) {
    Value& phone = records_[i].profile[4];
    if (!phone.empty() && i > 0) phone.further.push_back(records_[i - 1].profile[4].text);
  }
  AQ_ASSERT_OK_AND_ASSIGN(const Model model, Train(base_, records_, kFew));
  for (std::size_t i = 0; i < records_.size(); i += 5) {
    for (std::size_t j = 0; j < i; j += 7) {
      const Profile &a = records_[i].profile, &b = records_[j].profile;
      const Score one = ScorePair(model, Compare(model.schema, a, b), a, b);
      const Score other = ScorePair(model, Compare(model.schema, b, a), b, a);
      ASSERT_EQ(one.total, other.total);
      ASSERT_EQ(one.caution, other.caution);
      ASSERT_EQ(one.different, other.different);
    }
  }
}

TEST_F(TrainTest, ASampleOfThePairsFindsAsManyMatches) {
  TrainingReport whole, sample;
  AQ_ASSERT_OK(Train(base_, records_, kFew, &whole).status());
  AQ_ASSERT_OK(Train(base_, records_, {.random_pairs = 50'000, .blocked_pairs_max = 1'000}, &sample)
                   .status());
  EXPECT_LT(sample.blocked_pairs, whole.blocked_pairs);
  EXPECT_NEAR(sample.matches / whole.matches, 1, 0.25);
}

TEST_F(TrainTest, WhatIsLearnedCanBeWrittenAndReadAgain) {
  AQ_ASSERT_OK_AND_ASSIGN(const Model model, Train(base_, records_, kFew));
  AQ_EXPECT_OK(ParseModel("m.yaml", FormatModel(model, "")).status());
}

TEST_F(TrainTest, NothingIsLearnedFromTooLittle) {
  records_.resize(99);
  EXPECT_THAT(std::string(Train(base_, records_, kFew).status().message()), HasSubstr("not 99"));
  std::vector<TrainingRecord> strangers(100);
  for (std::size_t i = 0; i < strangers.size(); ++i) {
    strangers[i] = {std::to_string(i), Profile(base_.schema.size())};
  }
  EXPECT_THAT(std::string(Train(base_, strangers, kFew).status().message()),
              HasSubstr("no two records share a key"));
}

}  // namespace
}  // namespace anqiao::identity

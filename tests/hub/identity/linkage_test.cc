#include "hub/identity/linkage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/identity/blocking.h"
#include "hub/identity/model.h"

namespace anqiao::identity {
namespace {

using ::testing::ElementsAre;

// Of synthetic registers: what agreement is worth is set by hand.
Model SmallModel(std::size_t records_max) {
  using enum AttributeKind;
  Model model;
  model.version = "test";
  model.schema = {{"given", kGivenName},
                  {"family", kSurname},
                  {"born", kBirthDate},
                  {"number", kNationalId},
                  {"phone", kPhone}};
  for (const Attribute& attribute : model.schema) {
    AttributeModel weights;
    const std::vector<Level>& levels = LevelsOf(attribute.kind);
    double left_m = 1, left_u = 1;
    for (std::size_t i = 0; i < levels.size(); ++i) {
      const bool last = i + 1 == levels.size();
      const auto at = static_cast<std::size_t>(levels[i]);
      weights.m[at] = last ? left_m : left_m * 0.8;
      weights.u[at] = last ? left_u : 0.02;
      left_m -= weights.m[at];
      left_u -= weights.u[at];
    }
    model.attributes.push_back(weights);
  }
  for (std::size_t i = 0; i < model.schema.size(); ++i) {
    model.recipes.push_back({{{i, KeyPartKind::kValue}}, records_max});
  }
  // A frequent phone is worth less than a rare one.
  model.attributes[4].frequencies.values = {{"+8619000000001", 0.5}, {"+8619000000002", 0.001}};
  model.prior = -6 * kBit;
  model.link = 4 * kBit;
  return model;
}

Profile MakeProfile(const Model& model, const std::vector<std::string>& cells) {
  Profile profile;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    profile.push_back(NormalizeValue(model.schema[i], cells[i]));
  }
  return profile;
}

// Everything that a linkage knows of its records.
std::string Describe(const Linkage& linkage, const std::set<std::string>& keys) {
  std::string text;
  for (const std::string& key : keys) {
    absl::StrAppend(&text, key, " in ", linkage.ClusterOf(key), ":");
    for (const Neighbour& neighbour : linkage.NeighboursOf(key)) {
      absl::StrAppend(&text, " ", neighbour.key, "(", neighbour.score.total, ",",
                      neighbour.together, ",", static_cast<int>(neighbour.verdict), ")");
    }
    absl::StrAppend(&text, " ", linkage.StrengthOf(key).value_or(0), "\n");
  }
  for (const Review& review : linkage.Reviews()) {
    absl::StrAppend(&text, "review ", review.key, " ", review.other, " ", review.score.total, "\n");
  }
  return text;
}

// Few values, so that people, namesakes and households meet all the time.
std::vector<std::string> RandomCells(std::mt19937& random) {
  static const char* const kGiven[] = {"anna", "anne", "hanna", "maria", ""};
  static const char* const kFamily[] = {"berg", "borg", "anna", "lindqvist", ""};
  static const char* const kBorn[] = {"19850315", "19850316", "19770101", ""};
  static const char* const kNumber[] = {"421299198503150026", "421299197711039918",
                                        "421299198503150027", "", ""};
  static const char* const kPhone[] = {"19000000001", "19000000002", "19000000003", "", ""};
  static const char* const kSecond[] = {"/19000000001", "/19000000002", "", "", ""};
  const auto pick = [&](const auto& from) { return std::string(from[random() % std::size(from)]); };
  return {pick(kGiven), pick(kFamily), pick(kBorn), pick(kNumber), pick(kPhone) + pick(kSecond)};
}

class OrderTest : public ::testing::TestWithParam<std::size_t> {};

// After any inserts, changes, removals and verdicts everything is as if only what is there had
// come, in the order of keys.
TEST_P(OrderTest, NothingDependsOnWhatCameFirst) {
  const Model model = SmallModel(GetParam());
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937 random(seed);
    Linkage linkage(model);
    std::map<std::string, Profile> there;
    std::map<std::pair<std::string, std::string>, Verdict> verdicts;
    const auto key = [&] { return absl::StrCat("r", 10 + random() % 30); };
    for (int step = 0; step < 200; ++step) {
      const std::string a = key(), b = key();
      const std::uint32_t what = random() % 20;
      if (what < 12) {
        there[a] = MakeProfile(model, RandomCells(random));
        linkage.Put(a, there[a]);
      } else if (what < 18) {
        EXPECT_EQ(linkage.Remove(a), there.erase(a) > 0);
      } else if (a != b) {
        const auto verdict = static_cast<Verdict>(random() % 3);
        linkage.Tell(a, b, verdict);
        verdicts[std::minmax(a, b)] = verdict;
      }
    }
    Linkage fresh(model);
    std::set<std::string> keys;
    for (const auto& [pair, verdict] : verdicts) fresh.Tell(pair.first, pair.second, verdict);
    for (const auto& [name, profile] : there) {
      fresh.Put(name, profile);
      keys.insert(name);
    }
    ASSERT_EQ(Describe(linkage, keys), Describe(fresh, keys));
    ASSERT_EQ(linkage.size(), keys.size());
  }
}

// With 2 or 3 keys fall silent and speak again all the time.
INSTANTIATE_TEST_SUITE_P(RecordsPerKey, OrderTest, ::testing::Values(2, 3, 5, 1000));

class LinkageTest : public ::testing::Test {
 protected:
  void Put(const std::string& key, const std::vector<std::string>& cells) {
    linkage_.Put(key, MakeProfile(model_, cells));
  }

  const Model model_ = SmallModel(50);
  Linkage linkage_{model_};
};

TEST_F(LinkageTest, ARecordThatJoinsTwoPeopleMakesThemOneAndGoingPartsThemAgain) {
  Put("a", {"anna", "berg", "19850315", "", ""});
  Put("c", {"", "", "", "421299198503150026", "19000000003"});
  EXPECT_EQ(linkage_.ClusterOf("c"), "c");
  Put("b", {"anna", "berg", "19850315", "421299198503150026", "19000000003"});
  EXPECT_EQ(linkage_.ClusterOf("c"), "a");
  EXPECT_TRUE(linkage_.Remove("b"));
  EXPECT_EQ(linkage_.ClusterOf("c"), "c");
  EXPECT_EQ(linkage_.ClusterOf("a"), "a");
  EXPECT_FALSE(linkage_.Remove("b"));
}

TEST_F(LinkageTest, TwoNumbersNeverComeTogether) {
  Put("a", {"anna", "berg", "19850315", "421299198503150026", "19000000001"});
  Put("b", {"anna", "berg", "19850315", "", "19000000001"});
  Put("c", {"anna", "berg", "19850315", "421299197711039918", "19000000001"});
  EXPECT_NE(linkage_.ClusterOf("a"), linkage_.ClusterOf("c"));
  ASSERT_EQ(linkage_.Reviews().size(), 1);
}

TEST_F(LinkageTest, NotTheSameOutlastsRecordsThatWouldJoinThem) {
  Put("a", {"anna", "berg", "19850315", "", "19000000001"});
  Put("b", {"anna", "berg", "19850315", "", "19000000001"});
  EXPECT_EQ(linkage_.ClusterOf("b"), "a");
  linkage_.Tell("a", "b", Verdict::kNotSame);
  EXPECT_EQ(linkage_.ClusterOf("b"), "b");
  for (const char* key : {"c", "d", "e"}) Put(key, {"anna", "berg", "19850315", "", "19000000001"});
  EXPECT_NE(linkage_.ClusterOf("a"), linkage_.ClusterOf("b"));
  EXPECT_TRUE(linkage_.Remove("a"));
  Put("a", {"anna", "berg", "19850315", "", "19000000001"});
  EXPECT_NE(linkage_.ClusterOf("a"), linkage_.ClusterOf("b"));
}

TEST_F(LinkageTest, UnmergingGivesExactlyWhatWasBefore) {
  Put("a", {"anna", "berg", "19850315", "421299198503150026", "19000000001"});
  Put("b", {"hanna", "borg", "19770101", "421299197711039918", "19000000002"});
  Put("c", {"maria", "lindqvist", "", "", "19000000002"});
  const std::set<std::string> keys = {"a", "b", "c"};
  const std::string before = Describe(linkage_, keys);
  linkage_.Tell("a", "b", Verdict::kSame);
  EXPECT_EQ(linkage_.ClusterOf("b"), "a");
  EXPECT_NE(Describe(linkage_, keys), before);
  linkage_.Tell("a", "b", Verdict::kNone);
  EXPECT_EQ(Describe(linkage_, keys), before);
}

TEST_F(LinkageTest, ADecidedPairIsNotToBeReviewed) {
  Put("a", {"anna", "berg", "19850315", "421299198503150026", ""});
  Put("b", {"anna", "berg", "19850315", "421299197711039918", ""});
  ASSERT_EQ(linkage_.Reviews().size(), 1);
  EXPECT_EQ(linkage_.Reviews()[0].key, "b");
  EXPECT_EQ(linkage_.Reviews()[0].other, "a");
  linkage_.Tell("b", "a", Verdict::kNotSame);
  EXPECT_TRUE(linkage_.Reviews().empty());
}

TEST_F(LinkageTest, WhoWasToldApartIsNotAskedAboutThroughOthers) {
  Put("a1", {"anna", "berg", "19850315", "421299198503150026", "19000000001"});
  Put("a2", {"anna", "berg", "19850315", "421299198503150026", "19000000001"});
  Put("b1", {"anna", "berg", "19850315", "421299197711039918", "19000000001"});
  Put("b2", {"anna", "berg", "19850315", "421299197711039918", "19000000001"});
  ASSERT_EQ(linkage_.Reviews().size(), 1);
  linkage_.Tell("a1", "b1", Verdict::kNotSame);
  EXPECT_TRUE(linkage_.Reviews().empty());
}

TEST_F(LinkageTest, VerdictsThatContradictEachOtherAreAskedAbout) {
  for (const char* key : {"a", "b", "c"}) Put(key, {"", "", "", "", ""});
  linkage_.Tell("a", "b", Verdict::kSame);
  linkage_.Tell("b", "c", Verdict::kSame);
  EXPECT_EQ(linkage_.ClusterOf("c"), "a");
  Put("d", {"", "", "", "", ""});
  linkage_.Tell("c", "d", Verdict::kSame);
  linkage_.Tell("a", "d", Verdict::kNotSame);
  EXPECT_NE(linkage_.ClusterOf("d"), linkage_.ClusterOf("a"));
}

TEST_F(LinkageTest, AKeyMayBeOneThatTheLinkageGave) {
  Put("a", {"anna", "berg", "19850315", "", ""});
  linkage_.Put(linkage_.ClusterOf("a"), MakeProfile(model_, {"hanna", "berg", "", "", ""}));
  EXPECT_TRUE(linkage_.Has("a"));
  EXPECT_EQ(linkage_.size(), 1);
}

TEST_F(LinkageTest, AKeyThatTooManyShareConnectsNobody) {
  const Model model = SmallModel(2);
  Linkage linkage(model);
  const Profile profile = MakeProfile(model, {"anna", "berg", "19850315", "", "19000000001"});
  linkage.Put("a", profile);
  linkage.Put("b", profile);
  EXPECT_EQ(linkage.ClusterOf("b"), "a");
  linkage.Put("c", profile);
  EXPECT_EQ(linkage.ClusterOf("b"), "b");
  linkage.Remove("a");
  EXPECT_EQ(linkage.ClusterOf("c"), "b");
}

}  // namespace
}  // namespace anqiao::identity

#include "hub/identity/linkage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <ostream>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/identity/blocking.h"
#include "hub/identity/model.h"
#include "tests/hub/identity/linkage_testing.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::identity {
namespace {

using anqiao::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(NDEBUG)
constexpr std::uint32_t kSeeds = 3;
#else
constexpr std::uint32_t kSeeds = 12;
#endif

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

struct OrderCase {
  std::size_t records_max = 0;
  bool serialized = false;
  std::size_t links_max = kLinksMax;
  bool ranked = false;

  friend std::ostream& operator<<(std::ostream& out, const OrderCase& each) {
    return out << each.records_max << " records a key, " << each.links_max << " links";
  }
};
class OrderTest : public ::testing::TestWithParam<OrderCase> {
 protected:
  const Model model_ = SmallModel(GetParam().records_max);
  const LinkageOptions options_ = {.hash = PublicHash,
                                   .links_max = GetParam().links_max,
                                   .rank = GetParam().ranked ? RankOfId : nullptr};
};

// After any inserts, changes, removals and verdicts everything is as if only what is there had
// come, in the order of keys.
TEST_P(OrderTest, NothingDependsOnWhatCameFirst) {
  for (std::uint32_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937 random(seed);
    Owner linkage(model_, GetParam().serialized, options_);
    std::map<std::string, Profile> there;
    std::map<std::pair<std::string, std::string>, Verdict> verdicts;
    const auto key = [&] { return absl::StrCat("r", 10 + random() % 30); };
    for (int step = 0; step < 200; ++step) {
      const std::string a = key(), b = key();
      const std::uint32_t what = random() % 20;
      if (what < 12) {
        // Often what another says.
        there[a] = random() % 2 == 0 && there.contains(b)
                       ? there[b]
                       : MakeProfile(model_, RandomCells(random));
        linkage.Put(a, there[a]);
      } else if (what < 18) {
        EXPECT_EQ(linkage.Remove(a), there.erase(a) > 0);
      } else if (a != b) {
        const auto verdict = static_cast<Verdict>(random() % 3);
        linkage.Tell(a, b, verdict);
        verdicts[std::minmax(a, b)] = verdict;
      }
      if (step % 50 == 0) linkage.Check();
      ASSERT_FALSE(HasFailure()) << "step " << step;
    }
    linkage.Check();
    Owner fresh(model_, GetParam().serialized, options_);
    for (const auto& [pair, verdict] : verdicts) fresh.Tell(pair.first, pair.second, verdict);
    for (const auto& [name, profile] : there) fresh.Put(name, profile);
    ASSERT_EQ(linkage.Describe(), fresh.Describe());
    ASSERT_EQ(linkage.keys(), fresh.keys());
  }
}

class BytesTest : public OrderTest {};

// Byte for byte, ids of clusters too.
TEST_P(BytesTest, WhatIsUndoneLeavesNothing) {
  for (std::uint32_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937 random(seed);
    Owner linkage(model_, true, options_);
    std::map<std::string, Profile> there;
    std::map<std::pair<std::string, std::string>, Verdict> verdicts;
    const auto key = [&] { return absl::StrCat("r", 10 + random() % 30); };
    for (int step = 0; step < 60; ++step) {
      const std::string a = key(), b = key();
      const Profile profile = random() % 2 == 0 && there.contains(b)
                                  ? there[b]
                                  : MakeProfile(model_, RandomCells(random));
      const SerializedTables::State before = linkage.serialized().state();
      linkage.Put(a, profile);
      if (there.contains(a)) {
        linkage.Put(a, there[a]);
      } else {
        linkage.Remove(a);
      }
      ASSERT_TRUE(linkage.serialized().state() == before) << "step " << step;
      const std::pair<std::string, std::string> pair = std::minmax(a, b);
      for (const Verdict verdict : {Verdict::kSame, Verdict::kNotSame, verdicts[pair]}) {
        linkage.Tell(a, b, verdict);
      }
      ASSERT_TRUE(linkage.serialized().state() == before) << "step " << step;
      there[a] = profile;
      linkage.Put(a, profile);
      if (step % 3 == 0 && a != b) {
        verdicts[pair] = static_cast<Verdict>(random() % 3);
        linkage.Tell(a, b, verdicts[pair]);
      }
    }
  }
}

// With 2 or 3 keys fall silent and speak again all the time; with 4 links components become
// crowded and stop to be.
const auto kInMemory = ::testing::Values(OrderCase{2}, OrderCase{3}, OrderCase{5}, OrderCase{1000},
                                         OrderCase{3, false, 4}, OrderCase{1000, false, 12},
                                         OrderCase{3, false, kLinksMax, true});
const auto kSerialized =
    ::testing::Values(OrderCase{2, true}, OrderCase{3, true}, OrderCase{1000, true},
                      OrderCase{3, true, 4}, OrderCase{1000, true, 4}, OrderCase{5, true, 12},
                      OrderCase{3, true, 4, true}, OrderCase{1000, true, kLinksMax, true});
std::string NameOf(const ::testing::TestParamInfo<OrderCase>& info) {
  const bool few = info.param.links_max != kLinksMax;
  return absl::StrCat(info.param.records_max, "RecordsPerKey",
                      few ? absl::StrCat(info.param.links_max, "Links") : "",
                      info.param.ranked ? "Ranked" : "");
}
INSTANTIATE_TEST_SUITE_P(InMemory, OrderTest, kInMemory, NameOf);
INSTANTIATE_TEST_SUITE_P(Serialized, OrderTest, kSerialized, NameOf);
INSTANTIATE_TEST_SUITE_P(Serialized, BytesTest, kSerialized, NameOf);

class LinkageTest : public ::testing::Test {
 protected:
  void Put(const std::string& key, const std::vector<std::string>& cells) {
    linkage_.Put(key, MakeProfile(model_, cells));
  }

  const Model model_ = SmallModel(50);
  Owner linkage_{model_};
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
  const std::string before = linkage_.Describe();
  linkage_.Tell("a", "b", Verdict::kSame);
  EXPECT_EQ(linkage_.ClusterOf("b"), "a");
  EXPECT_NE(linkage_.Describe(), before);
  linkage_.Tell("a", "b", Verdict::kNone);
  EXPECT_EQ(linkage_.Describe(), before);
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
  Owner linkage(model);
  const auto put = [&](const std::string& key, const std::string& phones) {
    linkage.Put(key, MakeProfile(model, {"anna", "berg", "19850315", "", phones}));
  };
  put("a", "19000000001");
  put("b", "19000000001/19000000002");
  EXPECT_EQ(linkage.ClusterOf("b"), "a");
  put("c", "19000000001/19000000003");
  EXPECT_EQ(linkage.ClusterOf("b"), "b");
  linkage.Remove("a");
  EXPECT_EQ(linkage.ClusterOf("c"), "b");
}

TEST_F(LinkageTest, RecordsThatSayTheSameAreOnesPersonsHoweverManyTheyAre) {
  const Model model = SmallModel(2);
  Owner linkage(model, true);
  const Profile profile = MakeProfile(model, {"anna", "berg", "19850315", "", "19000000003"});
  for (int i = 10; i < 60; ++i) linkage.Put(absl::StrCat("r", i), profile);
  EXPECT_EQ(linkage.ClusterOf("r59"), "r10");
  // They are compared with nothing, and counted as one.
  EXPECT_EQ(linkage.linkage().comparisons(), 0);
  linkage.Put("s", MakeProfile(model, {"anna", "berg", "19850315", "421299198503150026", ""}));
  EXPECT_EQ(linkage.ClusterOf("s"), "r10");
  EXPECT_EQ(linkage.linkage().comparisons(), 1);
  const Explanation why = linkage.Explain("r30");
  EXPECT_THAT(why.members, SizeIs(51));
  ASSERT_THAT(why.inside, SizeIs(50));
  EXPECT_EQ(why.inside[48].key_a, "r10");
  EXPECT_EQ(why.inside[48].key_b, "r59");
  EXPECT_EQ(why.inside[48].step, 49);
  EXPECT_EQ(why.inside[48].comparison.levels[0], Level::kExact);
  EXPECT_EQ(why.inside[49].key_b, "s");
  EXPECT_EQ(why.inside[49].step, 50);
  EXPECT_EQ(linkage.StrengthOf("r30"), why.inside[48].score.total);
  EXPECT_THAT(linkage.NeighboursOf("r30"), SizeIs(50));
  // The first goes, or says something else: the next leads.
  EXPECT_TRUE(linkage.Remove("r10"));
  EXPECT_EQ(linkage.ClusterOf("s"), "r11");
  linkage.Put("r11", MakeProfile(model, {"maria", "lindqvist", "19770101", "", ""}));
  EXPECT_EQ(linkage.ClusterOf("s"), "r12");
  EXPECT_EQ(linkage.ClusterOf("r11"), "r11");
  linkage.Check();
}

TEST_F(LinkageTest, WhatWouldNotLinkTwoRecordsIsNotSharedByTwo) {
  Put("a", {"anna", "", "", "", ""});
  Put("b", {"anna", "", "", "", ""});
  EXPECT_EQ(linkage_.ClusterOf("b"), "b");
  EXPECT_EQ(linkage_.NodeOf(linkage_.IdOf("b")).like, kNoRecord);
}

TEST_F(LinkageTest, WhoWasJudgedSharesWithNobody) {
  for (const char* key : {"a", "b", "c"}) Put(key, {"anna", "berg", "19850315", "", "19000000001"});
  Put("d", {"anna", "berg", "19850315", "", "19000000003"});
  const std::string before = linkage_.Describe();
  linkage_.Tell("a", "b", Verdict::kNotSame);
  EXPECT_NE(linkage_.ClusterOf("a"), linkage_.ClusterOf("b"));
  linkage_.Check();
  EXPECT_EQ(linkage_.ClusterOf("c"), "a");
  linkage_.Tell("a", "b", Verdict::kNone);
  EXPECT_EQ(linkage_.Describe(), before);
  linkage_.Tell("c", "e", Verdict::kSame);  // who is not there
  EXPECT_EQ(linkage_.NodeOf(linkage_.IdOf("c")).like, kNoRecord);
  linkage_.Tell("c", "e", Verdict::kNone);
  EXPECT_EQ(linkage_.Describe(), before);
}

TEST_F(LinkageTest, OneOfTheLowestRankLeads) {
  Owner linkage(model_, true, {.hash = PublicHash, .rank = RankOfId});
  const Profile profile = MakeProfile(model_, {"anna", "berg", "19850315", "", "19000000001"});
  const auto leader = [&] {
    const LinkageTables::Node node = linkage.NodeOf(linkage.IdOf("r4"));
    return node.like == kNoRecord ? "r4" : linkage.KeyOf(node.like);
  };
  linkage.Put("r1", profile);  // of rank 1
  linkage.Put("r4", profile);
  EXPECT_EQ(leader(), "r4");
  linkage.Put("r3", profile);  // of rank 1
  EXPECT_EQ(leader(), "r4");
  linkage.Put("r2", profile);
  EXPECT_EQ(leader(), "r2");
  linkage.Remove("r2");
  EXPECT_EQ(leader(), "r4");
}

// Of a crowded component, and of keys that are silent.
TEST_F(LinkageTest, WhoWasJudgedStaysWithThoseThatSayTheSame) {
  const Model model = SmallModel(2);
  Owner linkage(model, true);
  for (const char* key : {"a", "b", "c", "d"}) {
    linkage.Put(key, MakeProfile(model, {"anna", "berg", "19850315", "", "19000000001"}));
  }
  for (const char* key : {"e", "f"}) {
    linkage.Put(key, MakeProfile(model, {"anna", "berg", "19850315", "",
                                         key[0] == 'e' ? "19000000001/19000000002"
                                                       : "19000000001/19000000003"}));
  }
  EXPECT_EQ(linkage.ClusterOf("e"), "e") << "the keys are silent";
  linkage.Tell("b", "f", Verdict::kNotSame);
  EXPECT_EQ(linkage.ClusterOf("b"), "a");
  linkage.Check();
}

TEST_F(LinkageTest, AChangeTellsWhoMovedAndWhatWasTouched) {
  using Moved = LinkageChange::Moved;
  Put("z", {"maria", "lindqvist", "", "", ""});
  LinkageChange change =
      linkage_.Put("b", MakeProfile(model_, {"anna", "berg", "19850315", "", ""}));
  EXPECT_THAT(change.moved, ElementsAre(Moved{2, kNoRecord, 2}));
  EXPECT_THAT(change.touched, ElementsAre(2));
  change = linkage_.Put("a", MakeProfile(model_, {"anna", "berg", "19850315", "", ""}));
  EXPECT_THAT(change.moved, ElementsAre(Moved{3, kNoRecord, 2}));
  EXPECT_THAT(change.touched, ElementsAre(2));
  change = linkage_.Tell("z", "a", Verdict::kSame);
  EXPECT_THAT(change.moved, ElementsAre(Moved{2, 2, 1}, Moved{3, 2, 1}));
  EXPECT_THAT(change.touched, ElementsAre(1, 2));
  change = linkage_.Tell("z", "a", Verdict::kSame);
  EXPECT_EQ(change, LinkageChange());
  change = linkage_.Tell("z", "a", Verdict::kNone);
  EXPECT_THAT(change.moved, ElementsAre(Moved{2, 1, 2}, Moved{3, 1, 2}));
  EXPECT_EQ(linkage_.Remove("b"), true);
  EXPECT_EQ(linkage_.ClusterOf("a"), "a");
  EXPECT_EQ(Answer(linkage_.linkage().Remove("b")), LinkageChange());
}

TEST_F(LinkageTest, AnEdgeTouchesTheClustersAtBothEnds) {
  Put("a", {"anna", "berg", "19850315", "421299198503150026", ""});
  const LinkageChange change = linkage_.Put(
      "b", MakeProfile(model_, {"anna", "berg", "19850315", "421299197711039918", ""}));
  EXPECT_THAT(change.moved, ElementsAre(LinkageChange::Moved{2, kNoRecord, 2}));
  EXPECT_THAT(change.touched, ElementsAre(1, 2));
  EXPECT_THAT(linkage_.Tell("a", "b", Verdict::kNotSame).touched, ElementsAre(1, 2));
}

TEST_F(LinkageTest, TheSameAgainTouchesNothing) {
  Put("a", {"anna", "berg", "19850315", "", ""});
  Put("b", {"anna", "berg", "19850315", "", ""});
  const std::uint64_t comparisons = linkage_.linkage().comparisons();
  EXPECT_EQ(linkage_.Put("a", MakeProfile(model_, {"anna", "berg", "19850315", "", ""})),
            LinkageChange());
  EXPECT_EQ(linkage_.linkage().comparisons(), comparisons);
  EXPECT_EQ(linkage_.IdOf("a"), 1);
}

TEST_F(LinkageTest, ExplainsWhatMadeOnePersonAndWhatWasRefused) {
  Put("a", {"anna", "berg", "19850315", "421299198503150026", "19000000001"});
  Put("b", {"anna", "berg", "19850315", "", "19000000001"});
  Put("c", {"anna", "berg", "19850315", "421299197711039918", "19000000001"});
  Put("d", {"anna", "berg", "19850315", "421299198503150026", "19000000002"});
  Put("e", {"anna", "berg", "19850315", "", "19000000003"});
  linkage_.Tell("e", "a", Verdict::kNotSame);
  linkage_.Tell("e", "c", Verdict::kNotSame);
  const Explanation why = linkage_.Explain("d");
  EXPECT_EQ(why.model, "test");
  EXPECT_EQ(why.cluster, 1);
  EXPECT_THAT(why.members, ElementsAre(1, 2, 4));
  ASSERT_THAT(why.inside, SizeIs(3));
  EXPECT_EQ(why.inside[0].key_a, "a");
  EXPECT_EQ(why.inside[0].step, 1);
  EXPECT_EQ(why.inside[0].comparison.levels[0], Level::kExact);
  EXPECT_EQ(why.inside[1].step, 2);
  EXPECT_EQ(why.inside[2].step, 0);
  std::set<std::pair<std::string, Refusal>> refused;
  for (const auto& each : why.refused) refused.emplace(each.key_a + each.key_b, each.refusal);
  EXPECT_THAT(refused, ::testing::Contains(std::pair(std::string("bc"), Refusal::kConflictingIds)));
  EXPECT_THAT(refused, ::testing::Contains(std::pair(std::string("be"), Refusal::kToldApart)));
}

TEST_F(LinkageTest, ExplainsWhatIsTooMuch) {
  Owner linkage(model_, false, {.hash = PublicHash, .links_max = 2});
  const auto put = [&](const std::string& key, const std::string& phones) {
    linkage.Put(key, MakeProfile(model_, {"anna", "berg", "19850315", "", phones}));
  };
  put("a", "19000000001");
  put("b", "19000000001/19000000002");
  put("c", "19000000001/19000000003");
  EXPECT_EQ(linkage.ClusterOf("b"), "b");
  const Explanation why = linkage.Explain("b");
  EXPECT_THAT(why.inside, IsEmpty());
  ASSERT_THAT(why.refused, SizeIs(2));
  EXPECT_EQ(why.refused[0].refusal, Refusal::kTooManyLinks);
  linkage.Remove("c");
  EXPECT_EQ(linkage.ClusterOf("b"), "a");
}

TEST_F(LinkageTest, AsksOnlyForWhatIsThere) {
  Put("a", {"anna", "berg", "19850315", "", ""});
  Linkage& linkage = linkage_.linkage();
  EXPECT_THAT(linkage.ClusterOf(7), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(linkage.NeighboursOf(7), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(linkage.StrengthOf(7), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(linkage.Explain(7), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Answer(linkage.MembersOf(7)), IsEmpty());
  EXPECT_THAT(Answer(linkage.ReviewsOf(7)), IsEmpty());
  const Profile profile = MakeProfile(model_, {"anna", "berg", "", "", ""});
  EXPECT_THAT(linkage.Put(1, "b", profile), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(linkage.Put(0, "b", profile), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(linkage_.IdOf("b"), kNoRecord);
}

// Beyond records_max members come and go without being listed, and the last of them are as few
// again as the tables hold them.
TEST_F(LinkageTest, AFrequentKeyMayHaveAnyNumberOfRecords) {
  const Model model = SmallModel(kRecordsPerKeyMax);
  MemoryTables tables;
  Linkage linkage(model, tables);
  const Profile profile = MakeProfile(model, {"", "berg", "", "", ""});
  constexpr RecordId kRecords = 3 * kRecordsPerKeyMax;
  for (RecordId id = 1; id <= kRecords; ++id) {
    AQ_ASSERT_OK(linkage.Put(id, absl::StrCat("r", id), profile));
  }
  const std::vector<KeyHash> keys = Answer(tables.Find(1))->keys;
  ASSERT_THAT(keys, SizeIs(1));
  EXPECT_EQ(Answer(tables.CountMembers(keys[0])), kRecords);
  for (RecordId id = 1; id <= kRecords - 3; ++id) {
    AQ_ASSERT_OK(tables.RemoveMember(keys[0], id));
  }
  std::vector<RecordId> members;
  AQ_ASSERT_OK(tables.ListMembers(keys[0], members));
  EXPECT_THAT(members, ::testing::UnorderedElementsAre(kRecords - 2, kRecords - 1, kRecords));
}

// Each call of the tables fails once, in every operation; what went before is thrown away, and the
// operation then gives what it would have given.
TEST_F(LinkageTest, ErrorsOfTheTablesComeUpAsTheyAre) {
  const Model model = SmallModel(3);
  std::mt19937 random(5);
  const LinkageOptions options = {.hash = PublicHash, .links_max = 4};
  SerializedTables tables;
  Linkage linkage(model, tables, options);
  for (RecordId id = 1; id <= 25; ++id) {
    AQ_ASSERT_OK(linkage.Put(id, absl::StrCat("r", id), MakeProfile(model, RandomCells(random))));
    tables.Close();
  }
  AQ_ASSERT_OK(linkage.Tell("r1", "r2", Verdict::kSame));
  AQ_ASSERT_OK(linkage.Tell("r3", "r99", Verdict::kNotSame));
  tables.Close();
  const Profile profile = MakeProfile(model, RandomCells(random));
  using Operation = std::function<absl::Status(Linkage&)>;
  std::vector<Operation> operations = {
      [&](Linkage& each) { return each.Put(26, "r99", profile).status(); },
      [&](Linkage& each) { return each.Put(4, "r4", profile).status(); },
      [&](Linkage& each) { return each.Tell("r5", "r6", Verdict::kSame).status(); },
      [&](Linkage& each) { return each.Tell("r1", "r2", Verdict::kNone).status(); },
      [&](Linkage& each) {
        std::vector<RecordId> all(25);
        for (RecordId id = 1; id <= 25; ++id) all[id - 1] = id;
        return each.Reviews(all).status();
      }};
  for (RecordId id = 1; id <= 25; ++id) {
    operations.push_back(
        [id](Linkage& each) { return each.Remove(absl::StrCat("r", id)).status(); });
    operations.push_back([id](Linkage& each) { return each.ReviewsOf(id).status(); });
    operations.push_back([id](Linkage& each) { return each.Explain(id).status(); });
    operations.push_back([id](Linkage& each) { return each.NeighboursOf(id).status(); });
    operations.push_back([id](Linkage& each) { return each.StrengthOf(id).status(); });
  }
  const SerializedTables::State before = tables.state();
  std::size_t failures = 0;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    SCOPED_TRACE(absl::StrCat("operation ", i));
    AQ_ASSERT_OK(operations[i](linkage));
    tables.Close();
    const SerializedTables::State after = tables.state();
    for (int at = 1;; ++at) {
      tables.Restore(before);
      FailingTables failing(tables, at);
      Linkage broken(model, failing, options);
      const absl::Status status = operations[i](broken);
      if (!failing.failed()) break;
      ++failures;
      ASSERT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, "the tables are away"))
          << "call " << at;
      tables.Restore(before);
      AQ_ASSERT_OK(operations[i](broken));
      tables.Close();
      ASSERT_TRUE(tables.state() == after);
    }
    tables.Restore(before);
  }
  EXPECT_GT(failures, 500);
}

}  // namespace
}  // namespace anqiao::identity

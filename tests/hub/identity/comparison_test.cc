#include "hub/identity/comparison.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "hub/identity/attributes.h"

namespace anqiao::identity {
namespace {

using enum AttributeKind;
using enum Level;

struct Pair {
  AttributeKind kind;
  const char *a, *b;
  Level level;
};
class PairTest : public ::testing::TestWithParam<Pair> {};

TEST_P(PairTest, HasItsLevelBothWays) {
  const Pair& pair = GetParam();
  const Schema schema = {{"a", pair.kind}};
  const Profile a = {NormalizeValue(schema[0], pair.a)}, b = {NormalizeValue(schema[0], pair.b)};
  const Level level = Compare(schema, a, b).levels[0];
  EXPECT_EQ(LevelName(level), LevelName(pair.level)) << pair.a << " " << pair.b;
  EXPECT_EQ(Compare(schema, a, b), Compare(schema, b, a));
  const std::vector<Level>& levels = LevelsOf(pair.kind);
  EXPECT_TRUE(level == kMissing || std::find(levels.begin(), levels.end(), level) != levels.end());
}

INSTANTIATE_TEST_SUITE_P(
    HanNames, PairTest,
    ::testing::Values(
        Pair{kName, "王秀英", "王 秀英", kExact}, Pair{kName, "張偉", "张伟", kExact},
        Pair{kName, "王?", "王㛃", kUnknownCharacter}, Pair{kName, "王?", "王?", kUnknownCharacter},
        Pair{kName, "王xiu英", "王秀英", kUnknownCharacter},
        Pair{kName, "王秀英", "王秀瑛", kSameReading}, Pair{kName, "覃勇", "秦勇", kSameReading},
        Pair{kName, "单小英", "山小英", kSameReading}, Pair{kName, "王秀英", "王英秀", kOneEdit},
        Pair{kName, "王秀英", "王秀", kOneEdit}, Pair{kName, "许俊峰", "许俊晨", kClose},
        Pair{kName, "陈秀英", "王秀英", kClose}, Pair{kName, "王芳", "王磊", kSimilar},
        Pair{kName, "王秀英", "王雅婷", kSimilar}, Pair{kName, "王芳", "李磊", kDifferent},
        Pair{kName, "王芳", "", kMissing}));
INSTANTIATE_TEST_SUITE_P(Texts, PairTest,
                         ::testing::Values(Pair{kGivenName, "Catherine", "catherine", kExact},
                                           Pair{kGivenName, "catherine", "catherin", kOneEdit},
                                           Pair{kGivenName, "brian", "brain", kOneEdit},
                                           Pair{kGivenName, "listen", "silent", kOneEdit},
                                           Pair{kGivenName, "catherine", "kathrine", kClose},
                                           Pair{kGivenName, "dixon", "dicksonx", kSimilar},
                                           Pair{kGivenName, "anna", "zoe", kDifferent},
                                           Pair{kOther, "4011", "4012", kOneEdit},
                                           Pair{kOther, "4011", "4112", kClose},
                                           Pair{kOther, "4011", "9187", kDifferent},
                                           Pair{kIdentifier, "AB12345", "AB12354", kOneEdit},
                                           Pair{kName, "john smith", "john smyth", kOneEdit}));
INSTANTIATE_TEST_SUITE_P(Dates, PairTest,
                         ::testing::Values(Pair{kBirthDate, "19850315", "1985-03-15", kExact},
                                           Pair{kBirthDate, "19850315", "19850316", kOneEdit},
                                           Pair{kBirthDate, "19850312", "19851203", kOneEdit},
                                           Pair{kBirthDate, "19850315", "1985315", kOneEdit},
                                           Pair{kBirthDate, "19850315", "19850329", kClose},
                                           Pair{kBirthDate, "19850315", "19620315", kClose},
                                           Pair{kBirthDate, "19850315", "19851129", kSimilar},
                                           Pair{kBirthDate, "1985-03", "1985-03-15", kSimilar},
                                           Pair{kBirthDate, "1985-03", "1985-03", kSimilar},
                                           Pair{kBirthDate, "1985", "1986", kDifferent},
                                           Pair{kBirthDate, "1985-03", "1985-04-15", kDifferent},
                                           Pair{kBirthDate, "19850315", "19621129", kDifferent}));
INSTANTIATE_TEST_SUITE_P(
    Numbers, PairTest,
    ::testing::Values(Pair{kNationalId, "421299198503150026", "421299850315002", kExact},
                      Pair{kNationalId, "421299198503150026", "421299198503151026", kOneEdit},
                      Pair{kNationalId, "421299198503150026", "421299198503510026", kOneEdit},
                      Pair{kNationalId, "421299198503150026", "421299198503152126", kClose},
                      Pair{kNationalId, "421299198503150026", "421299198503150018", kSimilar},
                      Pair{kNationalId, "421299198503150026", "421299197711039918", kDifferent},
                      Pair{kPhone, "19000010001", "+8619000010001", kExact},
                      Pair{kPhone, "19000010001/19000020002", "19000020002", kExact},
                      Pair{kPhone, "19000010001", "19000010002", kOneEdit},
                      Pair{kPhone, "19000010001", "19000020002", kDifferent},
                      Pair{kDivision, "421202", "421202003000", kExact},
                      Pair{kDivision, "421202", "421203", kClose},
                      Pair{kDivision, "421202", "420102", kSimilar},
                      Pair{kDivision, "421202", "330102", kDifferent},
                      Pair{kSex, "男", "1", kExact}, Pair{kSex, "男", "女", kDifferent}));
INSTANTIATE_TEST_SUITE_P(
    IssuedNumbers, PairTest,
    ::testing::Values(Pair{kIssuedNumber, "police/R-17", "police/r-17", kExact},
                      Pair{kIssuedNumber, "police/R-17", "police/R-18", kDifferent},
                      Pair{kIssuedNumber, "police/R-17", "tax/R-17", kMissing},
                      Pair{kIssuedNumber, "police/R-17", "tax/R-18", kMissing},
                      Pair{kIssuedNumber, "police/R-17", "Police/R-17", kMissing},
                      Pair{kIssuedNumber, "police/R-17", "police2/R-17", kMissing},
                      Pair{kIssuedNumber, "police/R/17", "police/R/17", kExact},
                      Pair{kIssuedNumber, "police/R/17", "police/R/18", kDifferent},
                      Pair{kIssuedNumber, "police/", "police/", kMissing},
                      Pair{kIssuedNumber, "police/R-17", "", kMissing}));
INSTANTIATE_TEST_SUITE_P(
    HanAddresses, PairTest,
    ::testing::Values(
        Pair{kAddress, "花园大道112号19栋501室", "青岚区花园大道112号19号楼501", kExact},
        Pair{kAddress, "花园大道112号福星城19栋501室", "花园大道112号19栋501", kExact},
        Pair{kAddress, "花园大道112号19栋501室", "花园大道112号19栋502室", kOneEdit},
        Pair{kAddress, "花园大道112号19栋501室", "花园大路112号19栋501室", kOneEdit},
        Pair{kAddress, "花园大道112号19栋501室", "花园大道112号", kClose},
        Pair{kAddress, "花园大道112号19栋501室", "花园大道8号", kSimilar},
        Pair{kAddress, "花园大道112号", "解放路112号", kDifferent}));

Profile ProfileOf(const Schema& schema, const std::vector<std::string>& cells) {
  Profile profile;
  for (std::size_t i = 0; i < schema.size(); ++i) {
    profile.push_back(NormalizeValue(schema[i], cells[i]));
  }
  CompleteProfile(schema, profile);
  return profile;
}

TEST(CompareTest, ValuesInEachOthersColumnAreRecognised) {
  const Schema schema = {
      {"given", kGivenName}, {"family", kSurname}, {"town", kAddress}, {"street", kAddress}};
  const Comparison comparison =
      Compare(schema, ProfileOf(schema, {"anna", "berg", "upton", "main street"}),
              ProfileOf(schema, {"berg", "anna", "main street", ""}));
  EXPECT_EQ(comparison.levels[0], kOtherColumn);
  EXPECT_EQ(comparison.levels[1], kOtherColumn);
  EXPECT_EQ(comparison.levels[2], kOtherColumn);
  EXPECT_EQ(comparison.levels[3], kOtherColumn);
}

TEST(CompareTest, WhatTheNumberSaysIsNotCountedAgain) {
  const Schema schema = {{"born", kBirthDate}, {"id", kNationalId}, {"sex", kSex}};
  const char* id = "421299198503150026";
  const auto levels = [&](const std::vector<std::string>& a, const std::vector<std::string>& b) {
    return Compare(schema, ProfileOf(schema, a), ProfileOf(schema, b)).levels;
  };
  EXPECT_EQ(levels({"", id, "2"}, {"19850315", id, "2"})[0], kMissing);
  EXPECT_EQ(levels({"", id, "2"}, {"19850315", id, "2"})[2], kMissing);
  // A date of its own does count: the number may be another's.
  EXPECT_EQ(levels({"19620708", id, "2"}, {"19850315", id, "1"})[0], kDifferent);
  EXPECT_EQ(levels({"19620708", id, "2"}, {"19850315", id, "1"})[2], kDifferent);
  EXPECT_EQ(levels({"", id, ""}, {"19850315", "", ""})[0], kExact);
}

TEST(CompareTest, FormerNamesCountBothWays) {
  const Schema schema = {{"name", kName}};
  const Profile a = {NormalizeValue(schema[0], "王秀英")};
  const Profile b = {NormalizeValues(schema[0], "王□英", {"王秀英"})};
  EXPECT_EQ(Compare(schema, a, b).levels[0], kExact);
  EXPECT_EQ(Compare(schema, b, a).levels[0], kExact);
}

TEST(CompareTest, OnlyTwoValidNumbersConflict) {
  const Schema schema = {{"id", kNationalId}};
  const auto conflict = [&](const char* a, const char* b) {
    return Compare(schema, ProfileOf(schema, {a}), ProfileOf(schema, {b})).conflicting_ids;
  };
  EXPECT_TRUE(conflict("421299198503150026", "421299197711039918"));
  EXPECT_FALSE(conflict("421299198503150026", "421299850315002"));
  EXPECT_FALSE(conflict("421299198503150026", "421299197711039919"));
  EXPECT_FALSE(conflict("421299198503150026", ""));
}

TEST(LevelTest, NamesGoBothWays) {
  for (std::size_t i = 0; i < kLevels; ++i) {
    const auto level = static_cast<Level>(i);
    EXPECT_EQ(ParseLevel(LevelName(level)), level);
  }
  EXPECT_FALSE(ParseLevel("SAME").has_value());
}

}  // namespace
}  // namespace anqiao::identity

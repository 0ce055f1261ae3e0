#include "hub/identity/blocking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "hub/identity/model_file.h"

namespace anqiao::identity {
namespace {

using enum AttributeKind;

const Schema kChinese = {{"name", kName},   {"born", kBirthDate},    {"id", kNationalId},
                         {"phone", kPhone}, {"division", kDivision}, {"address", kAddress}};

std::vector<std::string> KeysOf(const Schema& schema, const std::vector<std::string>& cells) {
  std::vector<Value> values;
  for (std::size_t i = 0; i < schema.size(); ++i) {
    values.push_back(NormalizeValue(schema[i], cells[i]));
  }
  std::vector<std::string> keys;
  for (const KeyMaterial& key : MakeKeys(
           DefaultRecipes(schema), MakeProfile(schema, ShippedStopList(), std::move(values)))) {
    keys.push_back(key.bytes);
  }
  return keys;
}

struct Meeting {
  const char* name;
  std::vector<std::string> a, b;
  bool meet;
};
class MeetingTest : public ::testing::TestWithParam<Meeting> {};

TEST_P(MeetingTest, ShareAKeyOrNot) {
  const std::vector<std::string> a = KeysOf(kChinese, GetParam().a);
  const std::vector<std::string> b = KeysOf(kChinese, GetParam().b);
  EXPECT_EQ(std::any_of(a.begin(), a.end(),
                        [&](const auto& key) { return std::count(b.begin(), b.end(), key) > 0; }),
            GetParam().meet);
}

INSTANTIATE_TEST_SUITE_P(All, MeetingTest,
                         ::testing::Values(Meeting{"SameNumber",
                                                   {"王秀英", "", "421299198503150026", "", "", ""},
                                                   {"李强", "", "421299850315002", "", "", ""},
                                                   true},
                                           Meeting{"NumberWithAWrongEnd",
                                                   {"王秀英", "", "421299198503150026", "", "", ""},
                                                   {"王秀英", "", "421299198503150126", "", "", ""},
                                                   true},
                                           Meeting{"NumberWithAWrongDivision",
                                                   {"王秀英", "", "421299198503150026", "", "", ""},
                                                   {"李强", "", "422299198503150026", "", "", ""},
                                                   true},
                                           Meeting{"NumberWithAWrongBirthDate",
                                                   {"王秀英", "", "421299198503150026", "", "", ""},
                                                   {"王雅婷", "", "421299198603150026", "", "", ""},
                                                   true},
                                           Meeting{"SameNumberThatIsNone",
                                                   {"王秀英", "", "4212991985031500", "", "", ""},
                                                   {"李强", "", "4212991985031500", "", "", ""},
                                                   true},
                                           Meeting{"NumberThatIsAPartOfAnother",
                                                   {"王秀英", "", "421299198503150026", "", "", ""},
                                                   {"李强", "", "198503150026", "", "", ""},
                                                   false},
                                           Meeting{"HomophoneBornThatDay",
                                                   {"王秀英", "19850315", "", "", "", ""},
                                                   {"王秀瑛", "", "421299198503150026", "", "", ""},
                                                   true},
                                           Meeting{"SurnameWithTwoReadings",
                                                   {"覃勇", "19850315", "", "", "", ""},
                                                   {"秦勇", "19850315", "", "", "", ""},
                                                   true},
                                           Meeting{"SamePhoneSameSurname",
                                                   {"王秀英", "", "", "19000010001", "", ""},
                                                   {"王雅婷", "", "", "+86 190 0001 0001", "", ""},
                                                   true},
                                           Meeting{"SamePhoneOtherSurname",
                                                   {"王秀英", "", "", "19000010001", "", ""},
                                                   {"李强", "", "", "19000010001", "", ""},
                                                   false},
                                           Meeting{"SecondPhone",
                                                   {"王秀英", "", "", "19000020002/19000010001", "",
                                                    ""},
                                                   {"王雅婷", "", "", "19000010001", "", ""},
                                                   true},
                                           Meeting{"FillerPhone",
                                                   {"王秀英", "", "", "13800000000", "", ""},
                                                   {"王雅婷", "", "", "13800000000", "", ""},
                                                   false},
                                           Meeting{"SameAddressSameSurname",
                                                   {"王秀英", "", "", "", "", "解放路8号3栋"},
                                                   {"王雅婷", "", "", "", "", "青岚区解放路8号3幢"},
                                                   true},
                                           Meeting{"UnknownCharacterIsNoValue",
                                                   {"王?", "", "", "", "", ""},
                                                   {"王?", "", "", "", "", ""},
                                                   false},
                                           Meeting{"BornInTheSameYear",
                                                   {"王秀英", "19850315", "", "", "", ""},
                                                   {"王秀英", "19851104", "", "", "", ""},
                                                   true},
                                           Meeting{"NothingButTheName",
                                                   {"王秀英", "", "", "", "", ""},
                                                   {"王秀英", "", "", "", "", ""},
                                                   true},
                                           Meeting{"NothingButAHomophone",
                                                   {"王秀英", "", "", "", "", ""},
                                                   {"王秀瑛", "", "", "", "", ""},
                                                   false}),
                         [](const auto& info) { return info.param.name; });

TEST(MakeKeysTest, TablesInColumnsMeetByEachValueAndByPairsOfBeginnings) {
  const Schema schema = {{"given", kGivenName}, {"family", kSurname}, {"town", kAddress}};
  const std::vector<std::string> a = KeysOf(schema, {"catherine", "smith", ""});
  const std::vector<std::string> b = KeysOf(schema, {"cathrine", "smyth", "upton"});
  std::vector<std::string> both;
  for (const std::string& key : a) {
    if (std::count(b.begin(), b.end(), key) > 0) both.push_back(key);
  }
  EXPECT_EQ(both.size(), 0U);  // "smi" is not "smy"
  EXPECT_EQ(KeysOf(schema, {"catherine", "smith", ""}).size(), 3U);
}

TEST(MakeKeysTest, NamesOfOtherScriptsMeetByTheirLastWord) {
  const std::vector<std::string> a =
      KeysOf(kChinese, {"John Smith", "", "", "19000010001", "", ""});
  const std::vector<std::string> b = KeysOf(kChinese, {"J. Smith", "", "", "19000010001", "", ""});
  ASSERT_EQ(a.size(), 2U);
  EXPECT_EQ(a[0], b[0]);
  EXPECT_NE(a[1], b[1]);  // the whole name
}

bool ShareAKey(const std::vector<KeyRecipe>& recipes, const Profile& a, const Profile& b) {
  std::set<std::string> keys;
  VisitKeys(recipes, a, [&](std::size_t, absl::string_view bytes) { keys.emplace(bytes); });
  bool shared = false;
  VisitKeys(recipes, b, [&](std::size_t, absl::string_view bytes) {
    shared = shared || keys.contains(std::string(bytes));
  });
  return shared;
}

// So zh-2 has one key where zh-1 has two.
TEST(MakeKeysTest, AnyReadingFindsWhatValueAndReadingFind) {
  const Attribute name = {"name", kName};
  std::vector<Profile> profiles;
  for (const char* text : {"王秀英", "王秀瑛", "王?英", "王xiu英", "覃勇", "秦勇", "谭勇", "單立人",
                           "阿依古丽·买买提", "阿依古丽买买提", "John Smith", "Smith", "???", ""}) {
    for (const std::vector<std::string>& further :
         {std::vector<std::string>(), {"王秀英"}, {"覃勇", "John Smith"}, {"王?英"}}) {
      profiles.push_back({NormalizeValues(name, text, further)});
    }
  }
  const std::vector<KeyRecipe> two = {{{{0, KeyPartKind::kValue}}}, {{{0, KeyPartKind::kReading}}}};
  const std::vector<KeyRecipe> one = {{{{0, KeyPartKind::kAnyReading}}}};
  int shared = 0;
  for (const Profile& a : profiles) {
    for (const Profile& b : profiles) {
      if (!ShareAKey(two, a, b)) continue;
      ++shared;
      EXPECT_TRUE(ShareAKey(one, a, b)) << a[0].text << " " << b[0].text;
    }
  }
  EXPECT_GT(shared, 200);
  // Sounds like the former name.
  EXPECT_TRUE(ShareAKey(one, {NormalizeValues(name, "王雅婷", {"王秀瑛"})},
                        {NormalizeValue(name, "王秀英")}));
}

TEST(MakeKeysTest, From7FindsWhatTheWholeNumberFinds) {
  const Attribute id = {"id", kNationalId};
  const std::vector<KeyRecipe> whole = {{{{0, KeyPartKind::kValue}}}};
  const std::vector<KeyRecipe> from_7 = {{{{0, KeyPartKind::kFrom7}}}};
  const char* const numbers[] = {"421299198503150026", "421299850315002", "421299198503150027",
                                 "198503150026",       "1985031500",      "42129919850315002600"};
  for (const char* a : numbers) {
    for (const char* b : numbers) {
      const Profile x = {NormalizeValue(id, a)}, y = {NormalizeValue(id, b)};
      ASSERT_FALSE(x[0].empty());
      EXPECT_EQ(ShareAKey(from_7, x, y), ShareAKey(whole, x, y)) << a << " " << b;
    }
  }
}

TEST(MakeKeysTest, AreFewAndEachOnce) {
  const Schema schema = {{"phone", kPhone}};
  Profile profile(1);
  profile[0].text = "1";
  for (int i = 0; i < 100; ++i) profile[0].further.push_back(i % 2 == 0 ? "1" : std::to_string(i));
  const std::vector<KeyMaterial> keys = MakeKeys({{{{0, KeyPartKind::kValue}}, 50}}, profile);
  EXPECT_LE(keys.size(), kKeysPerRecipeMax);
  for (std::size_t i = 1; i < keys.size(); ++i) EXPECT_LT(keys[i - 1].bytes, keys[i].bytes);
}

TEST(MakeKeysTest, AreThoseThatAreVisited) {
  const Profile profile = {NormalizeValues({"name", kName}, "覃勇", {"覃伟", "单立人"}),
                           NormalizeValue({"born", kBirthDate}, "19850315"),
                           NormalizeValue({"id", kNationalId}, "421299198503150026"),
                           NormalizeValue({"phone", kPhone}, "19000010001/19000020002"),
                           NormalizeValue({"division", kDivision}, "421299"),
                           Value()};
  const std::vector<KeyRecipe> recipes = DefaultRecipes(kChinese);
  std::vector<std::string> made, visited;
  for (const KeyMaterial& key : MakeKeys(recipes, profile)) {
    EXPECT_EQ(key.bytes.substr(0, key.bytes.find('\x1f')), std::to_string(key.recipe));
    made.push_back(key.bytes);
  }
  VisitKeys(recipes, profile,
            [&](std::size_t, absl::string_view bytes) { visited.emplace_back(bytes); });
  EXPECT_EQ(visited, made);
  // Two readings, two phones and three names.
  EXPECT_EQ(std::count(made.begin(), made.end(),
                       "2\x1fqinyong\x1f"
                       "19850315"),
            1);
  EXPECT_EQ(std::count(made.begin(), made.end(),
                       "2\x1ftanyong\x1f"
                       "19850315"),
            1);
  EXPECT_EQ(std::count(made.begin(), made.end(), "3\x1f+8619000020002\x1ftan"), 1);
  EXPECT_EQ(std::count(made.begin(), made.end(),
                       "2\x1fshanliren\x1f"
                       "19850315"),
            1);
  EXPECT_EQ(std::count(made.begin(), made.end(),
                       "1\x1f"
                       "4212990026\x1ftan"),
            1);
}

TEST(KeyPartTest, NamesGoBothWays) {
  for (const char* name : {"value", "beginning", "reading", "any_reading", "surname_reading",
                           "year", "province", "first_14", "from_7", "without_birth"}) {
    ASSERT_TRUE(ParseKeyPart(name).has_value());
    EXPECT_EQ(KeyPartName(*ParseKeyPart(name)), name);
  }
  EXPECT_FALSE(ParseKeyPart("all").has_value());
}

}  // namespace
}  // namespace anqiao::identity

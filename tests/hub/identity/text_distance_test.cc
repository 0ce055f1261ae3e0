#include "hub/identity/text_distance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>

namespace anqiao::identity {
namespace {

std::size_t Distance(const std::string& a, const std::string& b, std::size_t limit = 9) {
  return EditDistance(Characters(a), Characters(b), limit);
}

TEST(CharactersTest, DecodesAndReplacesWhatIsBroken) {
  EXPECT_EQ(Characters("aé王𠮷"), U"aé王𠮷");
  EXPECT_EQ(Characters("\xE7\x8E"), U"\uFFFD\uFFFD");
  CharacterBuffer buffer;
  EXPECT_EQ(Characters("aé王𠮷", buffer), U"aé王𠮷");
  EXPECT_EQ(Characters(std::string(100, 'a'), buffer).size(), kTextCharactersMax);
  EXPECT_EQ(Characters("\xFF"
                       "a"),
            U"\uFFFD"
            U"a");
  EXPECT_EQ(Characters(std::string(100, 'a')).size(), kTextCharactersMax);
  for (const char32_t character : {U'a', U'é', U'王', U'𠮷'}) {
    EXPECT_EQ(Characters(Utf8(character)), std::u32string(1, character));
  }
}

TEST(EditDistanceTest, CountsEditsAndSwapsOfNeighbours) {
  EXPECT_EQ(Distance("", ""), 0);
  EXPECT_EQ(Distance("", "abc"), 3);
  EXPECT_EQ(Distance("kitten", "sitting"), 3);
  EXPECT_EQ(Distance("ab", "ba"), 1);
  EXPECT_EQ(Distance("ca", "abc"), 3);  // no part is changed twice
  EXPECT_EQ(Distance("王秀英", "王英秀"), 1);
  EXPECT_EQ(Distance("kitten", "sitting", 1), 2);
  EXPECT_EQ(Distance("a", "abcdef", 2), 3);
}

// Against the definition, without the limits.
std::size_t Slow(const std::u32string& a, const std::u32string& b, std::size_t i, std::size_t j) {
  if (i == 0 || j == 0) return std::max(i, j);
  std::size_t best = Slow(a, b, i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1);
  best = std::min({best, Slow(a, b, i - 1, j) + 1, Slow(a, b, i, j - 1) + 1});
  if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
    best = std::min(best, Slow(a, b, i - 2, j - 2) + 1);
  }
  return best;
}

TEST(EditDistanceTest, IsTheDefinitionUpToTheLimit) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::u32string a, b;
    for (std::size_t i = random() % 6; i > 0; --i) a.push_back(U'a' + random() % 3);
    for (std::size_t i = random() % 6; i > 0; --i) b.push_back(U'a' + random() % 3);
    const std::size_t slow = Slow(a, b, a.size(), b.size());
    for (std::size_t limit = 0; limit < 6; ++limit) {
      ASSERT_EQ(EditDistance(a, b, limit), std::min(slow, limit + 1));
      ASSERT_EQ(EditDistance(b, a, limit), std::min(slow, limit + 1));
    }
  }
}

// Values of Winkler (1990).
TEST(JaroWinklerTest, GivesThePublishedValues) {
  const auto similarity = [](const std::string& a, const std::string& b) {
    return JaroWinkler(Characters(a), Characters(b));
  };
  EXPECT_NEAR(similarity("martha", "marhta"), 0.961, 0.001);
  EXPECT_NEAR(similarity("dixon", "dicksonx"), 0.813, 0.001);
  EXPECT_NEAR(similarity("dwayne", "duane"), 0.840, 0.001);
  EXPECT_EQ(similarity("abc", "abc"), 1);
  EXPECT_EQ(similarity("abc", "xyz"), 0);
  EXPECT_EQ(similarity("", "a"), 0);
}

TEST(SameCharactersTest, IgnoresTheOrder) {
  EXPECT_TRUE(SameCharacters(U"秀英王", U"王秀英"));
  EXPECT_FALSE(SameCharacters(U"aab", U"abb"));
  EXPECT_FALSE(SameCharacters(U"aa", U"a"));
}

}  // namespace
}  // namespace anqiao::identity

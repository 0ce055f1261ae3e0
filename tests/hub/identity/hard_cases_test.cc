// What registers hold, pair by pair, with the model that ships: who is linked, who is put to a
// person, who is kept apart.

#include <gtest/gtest.h>

#include <cstddef>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "hub/identity/comparison.h"
#include "hub/identity/linkage.h"
#include "hub/identity/memory_tables.h"
#include "hub/identity/model.h"
#include "hub/identity/model_file.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::identity {
namespace {

enum class Outcome { kLinked, kReview, kApart };

std::ostream& operator<<(std::ostream& out, Outcome outcome) {
  return out << (outcome == Outcome::kLinked   ? "linked"
                 : outcome == Outcome::kReview ? "review"
                                               : "apart");
}

// name, sex, birth date, national id, phone, division, address, issued number; what is left out is
// empty.
using Cells = std::vector<std::string>;

Profile ProfileOf(const Model& model, const Cells& cells) {
  std::vector<Value> values;
  for (std::size_t i = 0; i < model.schema.size(); ++i) {
    values.push_back(NormalizeValue(model.schema[i], i < cells.size() ? cells[i] : ""));
  }
  return MakeProfile(model.schema, ShippedStopList(), std::move(values));
}

struct HardCase {
  const char* name;
  Cells a, b;
  Outcome outcome;
};

class HardCaseTest : public ::testing::TestWithParam<HardCase> {};

TEST_P(HardCaseTest, ComesOutAsItShould) {
  const Model model = SizedFor(ShippedModel(), 100'000);
  ASSERT_EQ(model.schema.size(), 8U);
  const Profile a = ProfileOf(model, GetParam().a), b = ProfileOf(model, GetParam().b);
  const Score score = ScorePair(model, Compare(model.schema, a, b), a, b);
  for (const bool swapped : {false, true}) {
    MemoryTables tables;
    Linkage linkage(model, tables);
    AQ_ASSERT_OK(linkage.Put(1, "a", swapped ? b : a));
    AQ_ASSERT_OK(linkage.Put(2, "b", swapped ? a : b));
    AQ_ASSERT_OK_AND_ASSIGN(const RecordId cluster, linkage.ClusterOf(2));
    AQ_ASSERT_OK_AND_ASSIGN(const std::vector<Review> reviews, linkage.ReviewsOf(cluster));
    const Outcome outcome = cluster == 1      ? Outcome::kLinked
                            : reviews.empty() ? Outcome::kApart
                                              : Outcome::kReview;
    std::string parts;
    for (std::size_t i = 0; i < model.schema.size(); ++i) {
      parts += model.schema[i].name + " " + std::to_string(score.parts[i]) + ", ";
    }
    EXPECT_EQ(outcome, GetParam().outcome)
        << parts << "total " << score.total << " " << CautionName(score.caution);
  }
}

constexpr char kId1[] = "421299198503150026";     // 1985-03-15
constexpr char kId2[] = "421299197711039918";     // 1977-11-03
constexpr char kOld1[] = "421299850315002";       // the same card as kId1, before 1999
constexpr char kWrong1[] = "421299198503151026";  // kId1 with a wrong digit
constexpr char kPhone1[] = "19000010001";
constexpr char kPhone2[] = "19000020002";
constexpr char kHome1[] = "花园大道112号19栋501室";
constexpr char kHome2[] = "解放路8号3栋1002室";
constexpr char kNumber1[] = "police/R-17", kNumber2[] = "police/R-18";

INSTANTIATE_TEST_SUITE_P(
    All, HardCaseTest,
    ::testing::Values(HardCase{"OldCardOf15Digits",
                               {"王秀英", "2", "", kId1, "", "421202", ""},
                               {"王秀英", "2", "", kOld1, "", "421202", ""},
                               Outcome::kLinked},
                      HardCase{"FullWidthNumberAndSpacedName",
                               {"王秀英", "2", "19850315", kId1, "", "", ""},
                               {"王　秀英", "女", "1985年3月15日",
                                "４２１２９９１９８５０３１５００２６", "", "", ""},
                               Outcome::kLinked},
                      HardCase{"OneWrongDigit",
                               {"王秀英", "2", "", kId1, kPhone1, "421202", kHome1},
                               {"王秀英", "2", "", kWrong1, kPhone1, "421202", ""},
                               Outcome::kLinked},
                      HardCase{"BorrowedNumber",
                               {"王秀英", "2", "19850315", kId1, kPhone1, "421202", kHome1},
                               {"陈桂芳", "2", "19850315", kId1, kPhone2, "421222", kHome2},
                               Outcome::kReview},
                      HardCase{"DuplicatedNumberOfStrangers",
                               {"王秀英", "2", "", kId1, kPhone1, "421202", kHome1},
                               {"赵建国", "1", "19690511", kId1, kPhone2, "430692", kHome2},
                               Outcome::kReview},
                      HardCase{"NumberAloneWithoutNamesInCommonIsNeverEnough",
                               {"王秀英", "", "", kId1, "", "", ""},
                               {"赵建国", "", "", kId1, "", "", ""},
                               Outcome::kReview},
                      HardCase{"RenamedButSameNumberAndPhone",
                               {"王秀英", "2", "", kId1, kPhone1, "421202", kHome1},
                               {"王雅婷", "2", "", kId1, kPhone1, "421202", kHome1},
                               Outcome::kLinked},
                      HardCase{"RenamedAndMovedGoesToAPerson",
                               {"王秀英", "2", "", kId1, kPhone1, "421202", kHome1},
                               {"王雅婷", "2", "", kId1, kPhone2, "430692", kHome2},
                               Outcome::kReview},
                      HardCase{"TwinsWithBothNumbers",
                               {"许俊峰", "1", "", "421299198503150018", kPhone1, "421202", kHome1},
                               {"许俊晨", "1", "", "421299198503150034", kPhone1, "421202", kHome1},
                               Outcome::kApart},
                      HardCase{"TwinsOneWithoutNumber",
                               {"许俊峰", "1", "19850315", "421299198503150018", kPhone1, "421202",
                                kHome1},
                               {"许俊晨", "1", "19850315", "", kPhone1, "421202", kHome1},
                               Outcome::kReview},
                      HardCase{"TwinsWithoutNumbers",
                               {"许俊峰", "1", "19850315", "", "", "421202", kHome1},
                               {"许俊晨", "1", "19850315", "", "", "421202", kHome1},
                               Outcome::kReview},
                      HardCase{"SpousesShareEverythingButThemselves",
                               {"许俊峰", "1", "19850315", "", kPhone1, "421202", kHome1},
                               {"陈桂芳", "2", "19861120", "", kPhone1, "421202", kHome1},
                               Outcome::kApart},
                      HardCase{"ParentAndChildShareSurnamePhoneAndHome",
                               {"许俊峰", "1", "19850315", kId1, kPhone1, "421202", kHome1},
                               {"许嘉怡", "2", "20120601", "", kPhone1, "421202", kHome1},
                               Outcome::kApart},
                      HardCase{"SharedPhoneOfStrangers",
                               {"许俊峰", "1", "19850315", "", kPhone1, "421202", kHome1},
                               {"陈桂芳", "2", "19720601", "", kPhone1, "430692", kHome2},
                               Outcome::kApart},
                      HardCase{"FillerPhoneSaysNothing",
                               {"许俊峰", "1", "", "", "13800000000", "421202", ""},
                               {"许俊晨", "1", "", "", "13800000000", "421202", ""},
                               Outcome::kApart},
                      HardCase{"NamesakesBornOnDifferentDays",
                               {"王秀英", "2", "19850315", "", "", "421202", ""},
                               {"王秀英", "2", "19620708", "", "", "421202", ""},
                               Outcome::kApart},
                      HardCase{"NamesakesWithTwoNumbersAreTwoPeopleUntilSomebodyLooks",
                               {"王秀英", "2", "", kId1, "", "421202", kHome1},
                               {"王秀英", "2", "19850315", kId2, "", "421202", kHome1},
                               Outcome::kReview},
                      HardCase{"UnknownCharacter",
                               {"王㛃", "2", "19850315", "", kPhone1, "421202", ""},
                               {"王?", "2", "19850315", "", kPhone1, "421202", ""},
                               Outcome::kLinked},
                      HardCase{"PinyinInAName",
                               {"王㛃英", "2", "19850315", "", kPhone1, "421202", ""},
                               {"王jie英", "2", "19850315", "", kPhone1, "421202", ""},
                               Outcome::kLinked},
                      // U+E844 is where GBK kept U+4723, which had no code point of its own then.
                      HardCase{"LegacyCodePoint",
                               {"王\xEE\xA1\x84", "2", "19850315", "", kPhone1, "421202", ""},
                               {"王䜣", "2", "19850315", "", kPhone1, "421202", ""},
                               Outcome::kLinked},
                      HardCase{"TraditionalCharacters",
                               {"張偉強", "1", "19850315", "", "", "421202", kHome1},
                               {"张伟强", "1", "19850315", "", "", "421202", ""},
                               Outcome::kLinked},
                      HardCase{"Homophone",
                               {"王秀英", "2", "19850315", "", kPhone1, "421202", ""},
                               {"王秀瑛", "2", "19850315", "", kPhone1, "421202", ""},
                               Outcome::kLinked},
                      HardCase{"ForeignCall",
                               {"+86 190 0001 0001", "", "", "", "", "", ""},
                               {"王秀英", "", "", "", "", "", ""},
                               Outcome::kApart},
                      HardCase{"PhoneInTwoSpellings",
                               {"许俊峰", "1", "19850315", "", kPhone1, "421202", ""},
                               {"许俊峰", "1", "", "", "+86 190-0001-0001", "430692", ""},
                               Outcome::kLinked},
                      HardCase{"NothingInCommonButTheDivision",
                               {"许俊峰", "1", "", "", "", "421202", ""},
                               {"陈建军", "1", "", "", "", "421202", ""},
                               Outcome::kApart}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    IssuedNumbers, HardCaseTest,
    ::testing::Values(HardCase{"NumberAndCommonName",
                               {"王伟", "", "", "", "", "", "", kNumber1},
                               {"王 伟", "", "", "", "", "", "", "police/ｒ-１７"},
                               Outcome::kLinked},
                      HardCase{"NumberAndOtherName",
                               {"王伟", "", "", "", "", "", "", kNumber1},
                               {"赵建国", "", "", "", "", "", "", kNumber1},
                               Outcome::kReview},
                      HardCase{"NumberAndOtherGivenName",
                               {"王秀英", "", "", "", "", "", "", kNumber1},
                               {"王雅婷", "", "", "", "", "", "", kNumber1},
                               Outcome::kReview},
                      HardCase{"NumberAndOtherNameAndAllElseUnlike",
                               {"王伟", "1", "19850315", "", kPhone1, "421202", kHome1, kNumber1},
                               {"赵芳", "2", "19620708", "", kPhone2, "430692", kHome2, kNumber1},
                               Outcome::kReview},
                      HardCase{"NumberAndOtherNameOfTheSameHousehold",
                               {"王伟", "1", "", "", kPhone1, "421202", kHome1, kNumber1},
                               {"赵芳", "2", "", "", kPhone1, "421202", kHome1, kNumber1},
                               Outcome::kReview},
                      HardCase{"NumberAndRenamedWithTheSamePhone",
                               {"王秀英", "2", "", "", kPhone1, "", "", kNumber1},
                               {"王雅婷", "2", "", "", kPhone1, "", "", kNumber1},
                               Outcome::kLinked},
                      HardCase{"NumberAndUnknownCharacter",
                               {"王㛃", "", "", "", "", "", "", kNumber1},
                               {"王?", "", "", "", "", "", "", kNumber1},
                               Outcome::kLinked},
                      HardCase{"NumberAndNameWithASlip",
                               {"王秀英", "", "", "", "", "", "", kNumber1},
                               {"王英秀", "", "", "", "", "", "", kNumber1},
                               Outcome::kLinked},
                      HardCase{"NumberAndNoName",
                               {"王伟", "", "", "", "", "", "", kNumber1},
                               {"", "", "", "", "", "", "", kNumber1},
                               Outcome::kLinked},
                      HardCase{"NumberAndNameWithAnotherBirthDate",
                               {"王伟", "1", "19850315", "", "", "", "", kNumber1},
                               {"王伟", "1", "19620708", "", "", "", "", kNumber1},
                               Outcome::kLinked},
                      HardCase{"NumberAndNameWithTwoNationalIds",
                               {"王秀英", "2", "", kId1, "", "", "", kNumber1},
                               {"王秀英", "2", "", kId2, "", "", "", kNumber1},
                               Outcome::kReview},
                      HardCase{"SameNumberOfAnotherAgency",
                               {"王伟", "", "", "", "", "", "", kNumber1},
                               {"王伟", "", "", "", "", "", "", "civil/R-17"},
                               Outcome::kApart},
                      HardCase{"TwoNumbersOfNamesakesBornInAYear",
                               {"王伟", "1", "1985", "", "", "421202", "", kNumber1},
                               {"王伟", "1", "1985", "", "", "421202", "", kNumber2},
                               Outcome::kApart},
                      HardCase{"TwoNumbersOfOnePerson",
                               {"王秀英", "2", "", kId1, "", "", "", kNumber1},
                               {"王秀英", "2", "", kId1, "", "", "", kNumber2},
                               Outcome::kLinked}),
    [](const auto& info) { return info.param.name; });

TEST(IssuedNumberTest, IsEnoughWithOrWithoutANameInRegistersOfAnySize) {
  for (const std::size_t records : {1U, 10'000U, 2'000'000U, 100'000'000U}) {
    const Model model = SizedFor(ShippedModel(), records);
    const auto total = [&](const std::string& name, const std::string& other,
                           const std::string& number) {
      const Profile a = ProfileOf(model, {name, "", "", "", "", "", "", kNumber1});
      const Profile b = ProfileOf(model, {other, "", "", "", "", "", "", number});
      return ScorePair(model, Compare(model.schema, a, b), a, b).total;
    };
    EXPECT_GE(total("王伟", "王伟", kNumber1), model.link) << records;
    EXPECT_GE(total("王伟", "王?", kNumber1), model.link) << records;
    EXPECT_GE(total("王伟", "", kNumber1), model.link) << records;
    EXPECT_GE(total("", "", kNumber1), model.link) << records;
    EXPECT_LT(total("王伟", "李强", kNumber1), model.link) << records;
    EXPECT_GE(total("王伟", "李强", kNumber1), model.review) << records;
    EXPECT_LT(total("王伟", "王伟", kNumber2), total("王伟", "王伟", "")) << records;
    EXPECT_EQ(total("王伟", "王伟", "tax/R-17"), total("王伟", "王伟", "")) << records;
  }
}

}  // namespace
}  // namespace anqiao::identity

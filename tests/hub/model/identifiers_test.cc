#include "hub/model/identifiers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "hub/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::model {
namespace {

using testing::StatusIs;

std::string ReasonFor(absl::string_view text) {
  const absl::StatusOr<IdNumber> id = ParseIdNumber(text);
  EXPECT_THAT(id, StatusIs(absl::StatusCode::kInvalidArgument));
  return ReasonOf(id.status());
}

std::string CodeReasonFor(absl::string_view text) {
  const absl::StatusOr<std::string> code = ParseCreditCode(text);
  EXPECT_THAT(code, StatusIs(absl::StatusCode::kInvalidArgument));
  return ReasonOf(code.status());
}

TEST(IdNumberTest, TakesTheStandardsExampleAndMadeUpNumbers) {
  for (const char* text : {"11010519491231002X", "421299198503150026", "421299199912311059",
                           "421299196908120037", "421299197711039918"}) {
    AQ_ASSERT_OK_AND_ASSIGN(const IdNumber id, ParseIdNumber(text));
    EXPECT_EQ(id.value, text);
  }
}

TEST(IdNumberTest, ReadsBirthDateAndSex) {
  AQ_ASSERT_OK_AND_ASSIGN(const IdNumber woman, ParseIdNumber("421299198503150026"));
  EXPECT_EQ(woman.birth_date, CivilDate::Of(1985, 3, 15));
  EXPECT_EQ(woman.sex, '2');
  AQ_ASSERT_OK_AND_ASSIGN(const IdNumber man, ParseIdNumber("421299199912311059"));
  EXPECT_EQ(man.sex, '1');
}

TEST(IdNumberTest, FifteenDigitsBecomeEighteen) {
  AQ_ASSERT_OK_AND_ASSIGN(const IdNumber example, ParseIdNumber("130503670401001"));
  EXPECT_EQ(example.value, std::string("130503") + "196704010016");
  AQ_ASSERT_OK_AND_ASSIGN(const IdNumber made_up, ParseIdNumber("421299850315002"));
  EXPECT_EQ(made_up.value, "421299198503150026");
}

TEST(IdNumberTest, TakesWhatPeopleAndSpreadsheetsMakeOfIt) {
  for (const char* text :
       {"11010519491231002x", "'11010519491231002X", "\u201911010519491231002X",
        " 110105 19491231 002X ", "１１０１０５１９４９１２３１００２Ｘ",
        "110105\u300019491231002ｘ", "\uFEFF11010519491231002X", "11010519491231002X\t"}) {
    const absl::StatusOr<IdNumber> id = ParseIdNumber(text);
    ASSERT_THAT(id, testing::IsOk()) << text;
    EXPECT_EQ(id->value, "11010519491231002X") << text;
  }
}

TEST(IdNumberTest, EverySingleWrongDigitIsCaught) {
  const std::string right = "421299198503150026";
  for (std::size_t place = 0; place < right.size(); ++place) {
    for (char digit = '0'; digit <= '9'; ++digit) {
      if (digit == right[place]) continue;
      std::string wrong = right;
      wrong[place] = digit;
      EXPECT_FALSE(ParseIdNumber(wrong).ok()) << wrong;
    }
  }
}

TEST(IdNumberTest, EverySwapOfNeighboursIsCaught) {
  const std::string right = "421299198503150026";
  for (std::size_t place = 0; place + 1 < right.size(); ++place) {
    std::string wrong = right;
    std::swap(wrong[place], wrong[place + 1]);
    if (wrong == right) continue;
    EXPECT_FALSE(ParseIdNumber(wrong).ok()) << wrong;
  }
}

TEST(IdNumberTest, EachFaultHasItsReason) {
  EXPECT_EQ(ReasonFor("421299198503150027"), reason::kCheckDigitWrong);
  EXPECT_EQ(ReasonFor(""), reason::kValueInvalid);
  EXPECT_EQ(ReasonFor("42129919850315002"), reason::kValueInvalid);
  EXPECT_EQ(ReasonFor("4212991985031500266"), reason::kValueInvalid);
  EXPECT_EQ(ReasonFor("42129919850315A026"), reason::kValueInvalid);
  EXPECT_EQ(ReasonFor("42129919850315002Y"), reason::kValueInvalid);
  EXPECT_EQ(ReasonFor(std::string(100'000, '4')), reason::kValueInvalid);
}

TEST(IdNumberTest, AnImpossibleBirthDateIsToldFromAWrongDigit) {
  for (const std::string first :
       {"42129919850230002", "42129919851315002", "42129917990101002", "42129919850100002"}) {
    EXPECT_EQ(ReasonFor(first + IdNumberCheckCharacter(first)), reason::kDateImpossible) << first;
  }
}

TEST(IdNumberTest, SpreadsheetTruncationIsRecognised) {
  for (const char* text :
       {"4.21299E+17", "4.21299198503E+17", "4.21299e17", "421299198503150000"}) {
    const absl::StatusOr<IdNumber> id = ParseIdNumber(text);
    EXPECT_EQ(ReasonOf(id.status()), reason::kValueInvalid) << text;
    EXPECT_THAT(std::string(id.status().message()), ::testing::HasSubstr("spreadsheet")) << text;
  }
}

TEST(IdNumberTest, MessagesNeverHoldTheNumber) {
  for (const char* text : {"421299198503150027", "42129919850315002Y", "421299198503150000"}) {
    EXPECT_THAT(std::string(ParseIdNumber(text).status().message()),
                ::testing::Not(::testing::HasSubstr("421299")));
  }
}

TEST(CreditCodeTest, TakesMadeUpCodesInAnyCase) {
  for (const char* text : {"91421299MA4ABCDEF3", " 91421299ma4abcdef3", "91421299 MA4ABCDEF3"}) {
    EXPECT_THAT(ParseCreditCode(text), testing::IsOkAndHolds("91421299MA4ABCDEF3"));
  }
  EXPECT_THAT(ParseCreditCode("92421299MA4KXYQ7X7"), testing::IsOkAndHolds("92421299MA4KXYQ7X7"));
}

TEST(CreditCodeTest, EachFaultHasItsReason) {
  EXPECT_EQ(CodeReasonFor("91421299MA4ABCDEF4"), reason::kCheckDigitWrong);
  EXPECT_EQ(CodeReasonFor("91421299MA4ABCDEG3"), reason::kCheckDigitWrong);
  EXPECT_EQ(CodeReasonFor("91421299MA4ABCDEF"), reason::kValueInvalid);
  EXPECT_EQ(CodeReasonFor("91421299MA4ABCDEFI"), reason::kValueInvalid);
  EXPECT_EQ(CodeReasonFor("9142A299MA4ABCDEF3"), reason::kValueInvalid);
  EXPECT_EQ(CodeReasonFor(""), reason::kValueInvalid);
  EXPECT_EQ(CodeReasonFor(std::string(1000, '9')), reason::kValueInvalid);
}

}  // namespace
}  // namespace anqiao::model

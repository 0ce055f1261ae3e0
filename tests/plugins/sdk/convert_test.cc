#include "plugins/sdk/convert.h"

#include <gtest/gtest.h>

#include <string>

#include "plugins/sdk/convert_date.h"
#include "plugins/sdk/convert_money.h"

namespace anqiao::sdk {
namespace {

std::string DateOf(std::string_view text) {
  std::string out;
  const Fault fault = ConvertDate(text, out);
  return fault.ok() ? out : std::string(fault.reason);
}

std::string FenOf(std::string_view text) {
  std::string out;
  const Fault fault = ConvertYuan(text, out);
  return fault.ok() ? out : std::string(fault.reason);
}

TEST(ConvertDateTest, TakesEverySpellingWithADay) {
  for (const char* text : {"20260305", "2026-03-05", "2026/3/5", "2026.03.05", "2026年3月5日"}) {
    EXPECT_EQ(DateOf(text), "2026-03-05") << text;
  }
}

TEST(ConvertDateTest, TakesEverySpellingWithoutADay) {
  for (const char* text : {"202603", "2026-03", "2026/3", "2026.03", "2026年3月"}) {
    EXPECT_EQ(DateOf(text), "2026-03") << text;
  }
}

TEST(ConvertDateTest, TellsImpossibleDaysFromOtherText) {
  for (const char* text : {"20260229", "2026-02-29", "2026-13-01", "2026/0/1", "2026.04.31",
                           "2026年6月31日", "202600", "19000229", "00000101"}) {
    EXPECT_EQ(DateOf(text), "DATE_IMPOSSIBLE") << text;
  }
  EXPECT_EQ(DateOf("20000229"), "2000-02-29");
  for (const char* text : {"", "2026", "2026-", "2026-3-", "2026-03/05", "26-03-05", "2026-003-05",
                           "2026-03-005", "2026年3月5", "2026年3日", "2026 03 05", "46000",
                           "2026-03-05 00:00", "-2026-03", "2026O3"}) {
    EXPECT_EQ(DateOf(text), "VALUE_INVALID") << text;
  }
}

TEST(ConvertYuanTest, GivesWholeFen) {
  EXPECT_EQ(FenOf("0"), "0");
  EXPECT_EQ(FenOf("865.5"), "86550");
  EXPECT_EQ(FenOf("865.05"), "86505");
  EXPECT_EQ(FenOf("999999999999.99"), "99999999999999");
}

TEST(ConvertYuanTest, RefusesWhatIsNoPlainAmount) {
  for (const char* text :
       {"", ".", ".5", "5.", "1,000", "-1", "1e3", "1.234", "1234567890123", "1.2.3"}) {
    EXPECT_EQ(FenOf(text), "VALUE_INVALID") << text;
  }
}

TEST(ConvertTest, CodeMayStateASecondFieldOrNothing) {
  static constexpr Code kTable[] = {{"甲", "A", v1::FIELD_STATUS_FLAG, "F"}, {"乙", ""}};
  const Column column = Codes({"x"}, v1::FIELD_CONTROL_STATUS, kTable);
  Converted converted;
  ASSERT_TRUE(Convert(column, "甲", converted).ok());
  ASSERT_EQ(converted.values.size(), 2U);
  EXPECT_EQ(converted.values[1].second, "F");
  ASSERT_TRUE(Convert(column, "乙", converted).ok());
  EXPECT_EQ(converted.values.size(), 2U);
  const Fault fault = Convert(column, "秘密", converted);
  EXPECT_EQ(fault.reason, "VALUE_INVALID");
  EXPECT_EQ(fault.message.find("秘密"), std::string::npos) << "messages never hold the value";
}

TEST(ConvertTest, SeparatedValuesRepeatTheField) {
  Converted converted;
  ASSERT_TRUE(Convert(Separated(Text({"x"}, v1::FIELD_PHONE), "、"), "甲、 乙、", converted).ok());
  ASSERT_EQ(converted.values.size(), 2U);
  EXPECT_EQ(converted.values[1].second, "乙");
}

TEST(ConvertTest, ValidityMarksRemoval) {
  Converted converted;
  ASSERT_TRUE(Convert(Validity({"x"}), "1", converted).ok());
  EXPECT_FALSE(converted.removed);
  ASSERT_TRUE(Convert(Validity({"x"}), "0", converted).ok());
  EXPECT_TRUE(converted.removed);
  EXPECT_FALSE(Convert(Validity({"x"}), "2", converted).ok());
}

TEST(ConvertTest, TextWithControlCharactersIsRefused) {
  Converted converted;
  EXPECT_FALSE(Convert(Text({"x"}, v1::FIELD_PHONE), std::string_view("a\0b", 3), converted).ok());
}

// "FAULT" or the one value that "text" becomes.
std::string ValueOf(const Column& column, std::string_view text) {
  Converted converted;
  const Fault fault = Convert(column, text, converted);
  if (!fault.ok()) {
    if (text.size() > 8) {
      EXPECT_EQ(fault.message.find(text), std::string::npos) << "messages never hold the value";
    }
    return std::string(fault.reason);
  }
  return converted.values.size() == 1 ? converted.values[0].second : "not one value";
}

TEST(ConvertTest, QuotesAndInvisibleCharactersAreNoPartOfANumber) {
  const Column id = CitizenId({"x"}, v1::FIELD_ID_NUMBER);
  const Column code = CreditCode({"x"}, v1::FIELD_EMPLOYER_CODE);
  for (const std::string before : {"'", "\u2018", "\u2019", "`", "\u00B4", "\u200B", "\u2060"}) {
    EXPECT_EQ(ValueOf(id, before + "421299198503150026"), "421299198503150026");
    EXPECT_EQ(ValueOf(code, before + "91421299ma4abcdef3"), "91421299MA4ABCDEF3");
  }
  EXPECT_EQ(ValueOf(id, "421299\u200F1985\u200B03150026"), "421299198503150026");
  EXPECT_EQ(ValueOf(id, "421299\u20101985"), "421299\u20101985") << "a hyphen is seen";
}

struct Case {
  const char* text;
  const char* value;
};

constexpr char kInvalid[] = "VALUE_INVALID";

void ExpectAll(const Column& column, std::initializer_list<Case> cases) {
  for (const Case& one : cases) {
    EXPECT_EQ(ValueOf(column, one.text), one.value) << one.text;
    if (std::string_view(one.value) == kInvalid) continue;
    std::string native;
    const Fault fault = Unconvert(column, one.value, DateStyle::kHyphens, native);
    EXPECT_TRUE(fault.ok()) << one.text << ": " << fault.message;
    EXPECT_EQ(ValueOf(column, native), one.value) << native;
  }
}

TEST(ConvertCitizenIdTest, FoldsAndDoesNotJudge) {
  ExpectAll(CitizenId({"x"}, v1::FIELD_ID_NUMBER),
            {{"421299198503150026", "421299198503150026"},
             {"４２１２９９１９８５０３１５００２６", "421299198503150026"},
             {"'421299198503150026", "421299198503150026"},
             {" 421299 19850315 0026", "421299198503150026"},
             {"11010519491231002x", "11010519491231002x"},
             {"421299850315002", "421299850315002"},
             {"42129919850315002", "42129919850315002"},
             {"无", "无"},
             {"4.21299E+17", kInvalid},
             {"4.21299198503150e17", kInvalid},
             {"421299198503150026.0", kInvalid},
             {"'", kInvalid}});
}

TEST(ConvertCreditCodeTest, TakesItsAlphabetOnly) {
  ExpectAll(CreditCode({"x"}, v1::FIELD_EMPLOYER_CODE),
            {{"92421299MA4KXYQ7X7", "92421299MA4KXYQ7X7"},
             {"92421299ma4kxyq7x7", "92421299MA4KXYQ7X7"},
             {"９２４２１２９９ＭＡ４ＫＸＹＱ７Ｘ７", "92421299MA4KXYQ7X7"},
             {"92421299 MA4KXYQ7 X7", "92421299MA4KXYQ7X7"},
             {"92421299MA4KXYQ7X", kInvalid},
             {"92421299MA4KXYQ7X77", kInvalid},
             {"92421299MA4KXYQ7XO", kInvalid},
             {"92421299MA4KXYQ7XI", kInvalid},
             {"92421299MA4KXYQ7XZ", kInvalid},
             {"9242129XMA4KXYQ7X7", kInvalid},
             {"9.2421E+17", kInvalid}});
}

TEST(ConvertDivisionTest, TakesCodesOfThreeLengthsAndNames) {
  ExpectAll(Division({"x"}, v1::FIELD_DIVISION), {{"421202", "421202"},
                                                  {"421202003", "421202003"},
                                                  {"421202003001", "421202003001"},
                                                  {"４２１２０２", "421202"},
                                                  {"421202 003", "421202003"},
                                                  {"咸安区永安街道", "咸安区永安街道"},
                                                  {"3号楼", "3号楼"},
                                                  {"42120", kInvalid},
                                                  {"4212020", kInvalid},
                                                  {"4212020030", kInvalid},
                                                  {"4212020030011", kInvalid},
                                                  {"4.21202E+11", kInvalid},
                                                  {"421202.0", kInvalid}});
}

TEST(ConvertPhoneTest, LeavesDigitsOnly) {
  ExpectAll(Phone({"x"}, v1::FIELD_PHONE), {{"19000000001", "19000000001"},
                                            {"190-0000-0001", "19000000001"},
                                            {"+86 190 0000 0001", "19000000001"},
                                            {"86-19000000001", "19000000001"},
                                            {"008619000000001", "19000000001"},
                                            {"＋８６１９００００００００１", "19000000001"},
                                            {"(0715)8200000", "07158200000"},
                                            {"（0715）820 0000", "07158200000"},
                                            {"+86 715 8200000", "7158200000"},
                                            {"8200000", "8200000"},
                                            {"820000", kInvalid},
                                            {"1900000000100", kInvalid},
                                            {"+1 900 000 0001", kInvalid},
                                            {"8200000转8001", kInvalid},
                                            {"1.9E+10", kInvalid},
                                            {"19000000001/19000000002", kInvalid}});
}

TEST(ConvertMoneyTest, GivesFenExactly) {
  ExpectAll(Money({"x"}, v1::FIELD_AMOUNT_FEN), {{"0", "0"},
                                                 {"865.5", "86550"},
                                                 {"0865.50", "86550"},
                                                 {"1,234.50", "123450"},
                                                 {"12,345,678", "1234567800"},
                                                 {"￥1234.50", "123450"},
                                                 {"¥ 1,234.5元", "123450"},
                                                 {"１２３４．５０", "123450"},
                                                 {"0.5万元", "500000"},
                                                 {"1.234567万", "1234567"},
                                                 {"123450分", "123450"},
                                                 {"1.500", "150"},
                                                 {"9999999999.99", "999999999999"},
                                                 {"10000000000", kInvalid},
                                                 {"1.005", kInvalid},
                                                 {"1.2345678万", kInvalid},
                                                 {"12.5分", kInvalid},
                                                 {"1,23.50", kInvalid},
                                                 {"1234,567", kInvalid},
                                                 {",123", kInvalid},
                                                 {"-1", kInvalid},
                                                 {"1e3", kInvalid},
                                                 {".5", kInvalid},
                                                 {"5.", kInvalid},
                                                 {"元", kInvalid},
                                                 {"一千元", kInvalid},
                                                 {"1元元", kInvalid}});
  ExpectAll(
      Money({"x"}, v1::FIELD_AMOUNT_FEN, MoneyUnit::kTenThousandYuan),
      {{"2.4", "2400000"}, {"0.0001", "100"}, {"24000元", "2400000"}, {"0.0000001", kInvalid}});
  ExpectAll(Money({"x"}, v1::FIELD_AMOUNT_FEN, MoneyUnit::kFen),
            {{"123450", "123450"}, {"1234.50元", "123450"}, {"1.0", "1"}, {"0.5", kInvalid}});
}

TEST(ConvertDayNumberTest, IsOptInAndHasTheLeapDayThatWasNone) {
  const Column plain = Date({"x"}, v1::FIELD_TEST_DATE);
  const Column column = OrDayNumber(Date({"x"}, v1::FIELD_TEST_DATE));
  EXPECT_EQ(ValueOf(plain, "45000"), kInvalid);
  EXPECT_EQ(ValueOf(column, "45000"), "2023-03-15");
  EXPECT_EQ(ValueOf(column, "2026/3/15"), "2026-03-15");
  for (const char* text : {"4500", "4500000", "45000.5", "-4500"}) {
    EXPECT_EQ(ValueOf(column, text), kInvalid) << text;
  }
  std::string out;
  const std::pair<std::int64_t, const char*> days[] = {
      {1, "1900-01-01"},   {59, "1900-02-28"},    {61, "1900-03-01"},    {366, "1900-12-31"},
      {367, "1901-01-01"}, {36526, "2000-01-01"}, {46096, "2026-03-15"}, {2958465, "9999-12-31"}};
  for (const auto& [number, date] : days) {
    EXPECT_TRUE(ConvertDayNumber(number, out).ok()) << number;
    EXPECT_EQ(out, date) << number;
  }
  for (const std::int64_t number : {-1, 0, 60, 2958466}) {
    EXPECT_EQ(ConvertDayNumber(number, out).reason, "DATE_IMPOSSIBLE") << number;
  }
}

TEST(UnconvertTest, IsTheReverse) {
  std::string out;
  const Column date = Date({"x"}, v1::FIELD_TEST_DATE);
  const Column month = Month({"x"}, v1::FIELD_TEST_DATE);
  ASSERT_TRUE(Unconvert(date, "2026-03-15", DateStyle::kCompact, out).ok());
  EXPECT_EQ(out, "20260315");
  ASSERT_TRUE(Unconvert(date, "2026-03", DateStyle::kCompact, out).ok());
  EXPECT_EQ(out, "202603");
  ASSERT_TRUE(Unconvert(FirstDayIfMonth(date), "2026-03", DateStyle::kCompact, out).ok());
  EXPECT_EQ(out, "20260301");
  ASSERT_TRUE(Unconvert(month, "2026-03", DateStyle::kHyphens, out).ok());
  EXPECT_EQ(out, "2026-03");
  for (const auto& [fen, yuan] : {std::pair{"5", "0.05"}, {"50", "0.50"}, {"123450", "1234.50"}}) {
    ASSERT_TRUE(Unconvert(Yuan({"x"}, v1::FIELD_AMOUNT_FEN), fen, DateStyle::kCompact, out).ok());
    EXPECT_EQ(out, yuan);
  }
}

TEST(UnconvertTest, RefusesWhatReadingWouldNotGiveAgain) {
  const auto reason = [](const Column& column, std::string_view value) {
    std::string out;
    return std::string(Unconvert(column, value, DateStyle::kHyphens, out).reason);
  };
  EXPECT_EQ(reason(Yuan({"x"}, v1::FIELD_AMOUNT_FEN), "1.5"), kInvalid);
  EXPECT_EQ(reason(Yuan({"x"}, v1::FIELD_AMOUNT_FEN), "007"), kInvalid);
  EXPECT_EQ(reason(Month({"x"}, v1::FIELD_TEST_DATE), "2026-03-15"), kInvalid);
  EXPECT_EQ(reason(Date({"x"}, v1::FIELD_TEST_DATE), "2026/03/15"), kInvalid);
  EXPECT_EQ(reason(Date({"x"}, v1::FIELD_TEST_DATE), "2026-02-29"), "DATE_IMPOSSIBLE");
  EXPECT_EQ(reason(Text({"x"}, v1::FIELD_ETAG), " a"), kInvalid);
  EXPECT_EQ(reason(Text({"x"}, v1::FIELD_ETAG), std::string_view("a\0b", 3)), kInvalid);
  EXPECT_EQ(reason(Count({"x"}, v1::FIELD_TERM_MONTHS), "036"), kInvalid);
  EXPECT_EQ(reason(Phone({"x"}, v1::FIELD_PHONE), "190-0000-0001"), kInvalid);
  EXPECT_EQ(reason(CreditCode({"x"}, v1::FIELD_EMPLOYER_CODE), "92421299ma4kxyq7x7"), kInvalid);
  EXPECT_EQ(reason(Flag({"x"}, v1::FIELD_SOCIAL_INSURANCE), "2"), kInvalid);
}

}  // namespace
}  // namespace anqiao::sdk

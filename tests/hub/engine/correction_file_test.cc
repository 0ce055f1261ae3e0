#include "hub/engine/correction_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/base/errors.h"

namespace anqiao::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

journal::v1::StoredProblem Problem(const char* reason_text, const char* field, int column,
                                   const char* message) {
  journal::v1::StoredProblem problem;
  problem.set_reason(reason_text);
  problem.set_field(field);
  problem.set_column(static_cast<std::uint32_t>(column));
  problem.set_message(message);
  return problem;
}

CorrectionRequest Request(absl::string_view bytes, const char* content_type) {
  CorrectionRequest request;
  request.format = "roster";
  request.file_name = "花名册.csv";
  request.content_type = content_type;
  request.language = "zh";
  request.bytes = bytes;
  return request;
}

adapter::v1::Splits Splits(const char* delimiter, std::uint32_t header_rows, bool quoted = true) {
  adapter::v1::Splits splits;
  splits.set_delimiter(delimiter);
  splits.set_header_rows(header_rows);
  splits.set_quoted(quoted);
  splits.set_double_byte(true);
  return splits;
}

constexpr char kUtf8[] =
    "标题,,\r\n姓名,号码,地址\r\n张安,1,\"甲路,1号\"\r\n李安,2,\"乙路\n2号\"\r\n王安,3,丙路\r\n";

TEST(CorrectionFileTest, GivesHeaderAndRowsAsTheyWereSentWithARemark) {
  CorrectionRequest request = Request(kUtf8, "text/csv; charset=utf-8");
  request.splits = Splits(",", 2);
  request.rows = {{4,
                   4,
                   {Problem(reason::kCheckDigitWrong, "号码", 2, "wrong digit"),
                    Problem(reason::kMissingValue, "", 3, "is empty")}}};
  const CorrectionFile file = MakeCorrectionFile(request);
  EXPECT_EQ(file.name, "花名册.corrections.csv");
  EXPECT_EQ(file.content_type, "text/csv; charset=utf-8");
  EXPECT_EQ(file.bytes,
            "标题,,\r\n姓名,号码,地址,问题说明\r\n李安,2,\"乙路\n2号\","
            "第4行 “号码”：校验码不正确，请核对号码；第3列：必填项为空\r\n");
  request.language = "en";
  EXPECT_THAT(MakeCorrectionFile(request).bytes,
              HasSubstr(",row 4 号码: wrong digit; is empty\r\n"));
}

TEST(CorrectionFileTest, KeepsGb18030ByteForByte) {
  // 身,份 / 𠮷 (four bytes) and a character whose second byte is "|".
  const std::string bytes = "\xC9\xED,\xB7\xDD\n\x95\x32\xB7\x30,\x81\x7C\n";
  CorrectionRequest request = Request(bytes, "text/csv; charset=gb18030");
  request.splits = Splits(",", 1);
  request.rows = {{2, 2, {Problem(reason::kMissingValue, "", 0, "is empty")}}};
  const std::string made = MakeCorrectionFile(request).bytes;
  EXPECT_THAT(made, StartsWith("\xC9\xED,\xB7\xDD,\xCE\xCA\xCC\xE2"));  // 问题
  EXPECT_THAT(made, HasSubstr("\n\x95\x32\xB7\x30,\x81\x7C,\xB5\xDA"
                              "2"));  // 第2
}

TEST(CorrectionFileTest, TakesTheFormatsDelimiterAndQuotesItsRemark) {
  CorrectionRequest request = Request(
      "\xEF\xBB\xBF"
      "\"a\nA\";b\n1;2\n",
      "text/csv");
  request.splits = Splits(";", 1);
  request.language = "en";
  request.rows = {{2, 2, {Problem(reason::kValueInvalid, "b", 2, "say \"x\"; not 2")}}};
  EXPECT_EQ(MakeCorrectionFile(request).bytes,
            "\xEF\xBB\xBF"
            "\"a\nA\";b;what is wrong\n1;2;\"row 2 b: say \"\"x\"\"; not 2\"\n");
}

TEST(CorrectionFileTest, WithoutQuotesARemarkHasNoDelimiter) {
  // A character whose second byte is "|".
  CorrectionRequest request = Request("a|b\n1|\x81\x7C\n2|\"\n", "text/plain; charset=gb18030");
  request.splits = Splits("|", 1, false);
  request.language = "en";
  request.rows = {{2, 2, {Problem(reason::kValueInvalid, "b", 2, "is | of\nno use")}},
                  {3, 3, {Problem(reason::kValueInvalid, "b", 2, "is \"")}}};
  EXPECT_EQ(MakeCorrectionFile(request).bytes,
            "a|b|what is wrong\n1|\x81\x7C|row 2 b: is   of no use\n2|\"|row 3 b: is \"\n");
}

TEST(CorrectionFileTest, RowsThatErasuresMovedAreFoundWhereTheyAreNow) {
  CorrectionRequest request = Request("n\nthird\n", "text/csv");
  request.splits = Splits(",", 1);
  request.rows = {{3, 2, {Problem(reason::kValueInvalid, "", 1, "x")}},
                  {9, 9, {Problem(reason::kValueInvalid, "", 1, "beyond the end")}}};
  EXPECT_EQ(MakeCorrectionFile(request).bytes,
            "n,问题说明\nthird,第3行 第1列：填写的值不符合要求\n");
}

TEST(CorrectionFileTest, AQuoteThatIsNeverClosedEndsWithItsLine) {
  // Only what is too long for a row shows that the quote is wrong.
  const std::string bytes = "a,b\n\"open,1\nnext,2\n" + std::string(70'000, 'x') + "\n";
  CorrectionRequest request = Request(bytes, "text/csv");
  request.splits = Splits(",", 1);
  request.rows = {{3, 3, {Problem(reason::kValueInvalid, "", 1, "x")}}};
  EXPECT_THAT(MakeCorrectionFile(request).bytes, HasSubstr("\nnext,2,第3行"));
}

TEST(CorrectionFileTest, GivesAListOfWhatHasNoRowsOfText) {
  CorrectionRequest request = Request("<dataset/>", "application/xml");
  request.file_name = "a/b.xml";
  request.problems = {Problem(reason::kPayloadTruncated, "", 0, "cut off, at the end")};
  request.rows = {{7, 0, {Problem(reason::kDateImpossible, "/row/aac006", 0, "no such day")}}};
  CorrectionFile file = MakeCorrectionFile(request);
  EXPECT_EQ(file.name, "b.corrections.csv");
  EXPECT_EQ(file.bytes,
            "行,列,栏目,原因,说明\n"
            ",,,PAYLOAD_TRUNCATED,文件不完整，请重新发送整个文件\n"
            "7,,/row/aac006,DATE_IMPOSSIBLE,日期不存在\n");
  request.language = "en";
  EXPECT_THAT(MakeCorrectionFile(request).bytes,
              HasSubstr(",,,PAYLOAD_TRUNCATED,\"cut off, at the end\"\n"));
}

TEST(CorrectionFileTest, EveryReasonOfAPayloadHasWordsInBothLanguages) {
  for (const char* known :
       {reason::kPayloadEmpty, reason::kPayloadTooLarge, reason::kPayloadUndecodable,
        reason::kPayloadTruncated, reason::kEncodingInvalid, reason::kUnknownColumn,
        reason::kMissingColumn, reason::kMissingValue, reason::kValueInvalid,
        reason::kCheckDigitWrong, reason::kDateImpossible, reason::kDuplicateRecord,
        reason::kForbiddenContent, reason::kSnapshotShrank, reason::kRowCutOff}) {
    EXPECT_NE(ReasonText(known, "zh"), known);
    EXPECT_NE(ReasonText(known, "en"), known);
  }
  EXPECT_EQ(ReasonText("OTHER", "zh"), "OTHER");
}

}  // namespace
}  // namespace anqiao::engine

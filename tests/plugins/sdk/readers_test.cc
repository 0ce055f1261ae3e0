#include "plugins/sdk/readers.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "plugins/sdk/native_offsets.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/xml_text.h"
#include "tests/plugins/sdk/outcome.h"

namespace anqiao::sdk {
namespace {

template <typename Shape>
Format FormatOf(Shape shape) {
  Format format;
  format.name = "test";
  format.kind = v1::RECORD_KIND_REGISTER;
  format.shape = shape;
  format.columns = {Wide(8, Required(Text({"key", "编号"}, v1::FIELD_REGISTER_NUMBER))),
                    Wide(8, Text({"name", "姓名"}, v1::FIELD_PERSON_NAME))};
  format.key = {"key"};
  return format;
}

std::string NameOfRecord(const v1::Record& record) {
  for (const v1::FieldValue& value : record.values()) {
    if (value.field() == v1::FIELD_PERSON_NAME) return value.value();
  }
  return "";
}

TEST(DelimitedTest, ReadsQuotesLineBreaksAndBothLineEnds) {
  const Outcome outcome =
      Decode(FormatOf(Delimited{}), "key,name\r\n1,\"a,\"\"b\"\"\r\nc\"\n\n2, d \n,\n3,\"\"");
  ASSERT_EQ(outcome.records.size(), 3U);
  EXPECT_EQ(NameOfRecord(outcome.records[0]), "a,\"b\"\r\nc");
  EXPECT_EQ(NameOfRecord(outcome.records[1]), "d");
  EXPECT_EQ(outcome.records[1].row(), 4U);
  EXPECT_EQ(outcome.records[2].values_size(), 1);
  EXPECT_TRUE(outcome.said.empty());
}

TEST(DelimitedTest, TrailByteThatLooksLikeTheDelimiterIsNone) {
  const Outcome outcome =
      Decode(FormatOf(Delimited{.encoding = Encoding::kGb18030, .delimiter = '|', .quoted = false}),
             Gb("编号|姓名\n1|倈億\n2|𠮷\n"));
  ASSERT_EQ(outcome.records.size(), 2U);
  EXPECT_EQ(NameOfRecord(outcome.records[0]), "倈億");
  EXPECT_EQ(NameOfRecord(outcome.records[1]), "𠮷");
}

TEST(DelimitedTest, InvalidBytesCostTheirRecordOnly) {
  const Outcome outcome = Decode(FormatOf(Delimited{}), "key,name\n1,a\xFF\n2,b\n");
  ASSERT_EQ(outcome.records.size(), 1U);
  EXPECT_EQ(outcome.records[0].key(), "2");
  ASSERT_TRUE(outcome.Says("ENCODING_INVALID", 2));
  EXPECT_EQ(outcome.said[0].byte_offset, 12U);
}

TEST(DelimitedTest, ShortRowIsCutOffAndLongRowInvalid) {
  const Outcome outcome = Decode(FormatOf(Delimited{}), "key,name\n1,a,x\n2,b,,\n3");
  ASSERT_EQ(outcome.records.size(), 1U);
  EXPECT_EQ(outcome.records[0].key(), "2");
  EXPECT_TRUE(outcome.Says("VALUE_INVALID", 2));
  EXPECT_TRUE(outcome.Says("ROW_CUT_OFF", 4));
}

TEST(DelimitedTest, StrayQuoteCostsItsRowOnly) {
  const Outcome outcome =
      Decode(FormatOf(Delimited{}), "key,name\n1,\"a\n2,b\n3,\"c\"\n4,d\n5,\"open\n");
  ASSERT_EQ(outcome.records.size(), 3U);
  EXPECT_EQ(outcome.records[0].key(), "2");
  EXPECT_EQ(outcome.records[2].key(), "4");
  EXPECT_TRUE(outcome.Says("VALUE_INVALID", 2));
  EXPECT_EQ(outcome.said.back().reason, "ROW_CUT_OFF");
}

TEST(DelimitedTest, UnclosedQuoteDoesNotSwallowALongPayload) {
  std::string payload = "key,name\n0,\"open\n";
  for (int i = 1; i < 20000; ++i) payload += std::to_string(i) + ",x\n";
  const Outcome outcome = Decode(FormatOf(Delimited{}), payload);
  EXPECT_EQ(outcome.records.size(), 19999U);
  EXPECT_TRUE(outcome.Says("VALUE_INVALID", 2));
}

TEST(DelimitedTest, GroupedHeaderIsFlattened) {
  Format format = FormatOf(Delimited{.header_row = 1, .header_rows = 2});
  format.columns = {Required(Text({"key"}, v1::FIELD_REGISTER_NUMBER)),
                    Text({"g.name"}, v1::FIELD_PERSON_NAME), Text({"g.phone"}, v1::FIELD_PHONE)};
  const Outcome outcome = Decode(format, "key,g,\n,name,phone\n1,a,19000000001\n");
  ASSERT_EQ(outcome.records.size(), 1U);
  EXPECT_EQ(outcome.records[0].values(2).native_field(), "g.phone");
  EXPECT_EQ(outcome.records[0].values(2).column(), 3U);
}

TEST(DelimitedTest, HeaderProblemsRefuseThePayload) {
  const Format format = FormatOf(Delimited{});
  EXPECT_TRUE(Decode(format, "name\na\n").Says("MISSING_COLUMN", 1));
  EXPECT_TRUE(Decode(format, "key,编号\n1,1\n").Says("PAYLOAD_UNDECODABLE", 1));
  EXPECT_TRUE(Decode(format, "key,na").Says("PAYLOAD_TRUNCATED", 1));
  EXPECT_TRUE(
      Decode(format, std::string_view("\xFF\xFEk\0e\0y\0\n\0", 10)).Says("ENCODING_INVALID", 0));
  for (const char* word :
       {"HIV", "hiv检测", "ＨＩＶ", "艾 滋病", "AIDS", "传染病史", "梅毒", "病毒"}) {
    const Outcome outcome = Decode(format, "key," + std::string(word) + "\n1,x\n");
    EXPECT_EQ(outcome.status, AQ_REJECT) << word;
    EXPECT_TRUE(outcome.Says("FORBIDDEN_CONTENT", 1)) << word;
    EXPECT_TRUE(outcome.records.empty());
  }
}

TEST(DelimitedTest, UnknownColumnIsSaidOnce) {
  const Outcome outcome = Decode(FormatOf(Delimited{}), "key,other\n1,a\n2,b\n");
  EXPECT_EQ(outcome.records.size(), 2U);
  ASSERT_EQ(outcome.said.size(), 1U);
  EXPECT_EQ(outcome.said[0].reason, "UNKNOWN_COLUMN");
  EXPECT_EQ(outcome.said[0].column, 2U);
}

TEST(DelimitedTest, ValueThatIsPassedOnAsWrittenKeepsItsRecord) {
  Format format = FormatOf(Delimited{});
  format.columns.push_back(OrAsWritten(CitizenId({"id"}, v1::FIELD_ID_NUMBER)));
  const Outcome outcome = Decode(format, "key,id\n1,4.21299E+17\n2,４２1\n3,a\x1b\n");
  ASSERT_EQ(outcome.records.size(), 2U);
  EXPECT_EQ(outcome.records[0].values(1).value(), "4.21299E+17");
  EXPECT_EQ(outcome.records[1].values(1).value(), "421");
  ASSERT_EQ(outcome.said.size(), 2U);
  EXPECT_EQ(outcome.said[0].severity, static_cast<std::uint32_t>(AQ_WARNING));
  EXPECT_EQ(outcome.said[0].byte_offset, 9U);
  EXPECT_EQ(outcome.said[1].severity, static_cast<std::uint32_t>(AQ_RECORD));
  EXPECT_EQ(Encode(format, outcome.records).encoded, "key,name,id\r\n1,,4.21299E+17\r\n2,,421\r\n");
}

// The hub would take a longer record for a fault of the adapter's.
TEST(JsonTest, RecordOverItsBoundCostsItselfOnly) {
  Format format = FormatOf(Json{});
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (int i = 0; i < 17; ++i) all.push_back("n" + std::to_string(i));
    return all;
  }();
  std::string row = "{\"key\": \"1\"";
  for (const std::string& name : names) {
    format.columns.push_back(Text({name}, v1::FIELD_FORMER_NAME));
    row += ", \"" + name + "\": \"" + name + std::string(4000, 'x') + "\"";
  }
  const Outcome outcome = Decode(format, "{\"rows\": [" + row + "}, {\"key\": \"2\"}]}");
  ASSERT_EQ(outcome.records.size(), 1U);
  EXPECT_EQ(outcome.records[0].key(), "2");
  EXPECT_TRUE(outcome.Says("VALUE_INVALID", 1)) << outcome.Text();
}

// Read again, these bytes would be taken for UTF-8.
TEST(DelimitedTest, EncodesNothingThatWouldBeTakenForAnotherEncoding) {
  const Format format = FormatOf(Delimited{.encoding = Encoding::kGb18030});
  v1::Record record;
  record.set_kind(format.kind);
  record.set_key("1");
  v1::FieldValue* key = record.add_values();
  key->set_field(v1::FIELD_REGISTER_NUMBER);
  key->set_value("1");
  v1::FieldValue* name = record.add_values();
  name->set_field(v1::FIELD_PERSON_NAME);
  name->set_value("鏍蜂緥");
  EXPECT_EQ(Encode(format, {&record, 1}).status, AQ_OK);
  name->set_value("鏍蜂緥鏍蜂緥");
  const Outcome refused = Encode(format, {&record, 1});
  EXPECT_EQ(refused.status, AQ_REJECT);
  EXPECT_TRUE(refused.Says("ENCODING_INVALID", 0)) << refused.Text();
}

TEST(XmlTextTest, ReferencesToNoCharacterAreSpoiledAndNothingElse) {
  for (const auto& [text, spoiled] : std::vector<std::pair<std::string, std::string>>{
           {"a&#0;b", "a\xFF#0;b"},
           {"&#x0;&#xD800;&#xdfff;&#x110000;&#4294967361;",
            "\xFF#x0;\xFF#xD800;\xFF#xdfff;\xFF#x110000;\xFF#4294967361;"},
           {"&#1;&#xD7FF;&#xE000;&#x10FFFF;&#65;", "&#1;&#xD7FF;&#xE000;&#x10FFFF;&#65;"},
           {"&#;&#x;&#0&#0a;&#xg;&#", "&#;&#x;&#0&#0a;&#xg;&#"}}) {
    std::string out = text;
    SpoilImpossibleReferences(out);
    EXPECT_EQ(out, spoiled);
  }
}

// Every code of two bytes, and of four by steps, is one character, however it would be written
// again.
TEST(NativeOffsetsTest, CountsCharactersOfGb18030) {
  Transcoder transcoder(Encoding::kGb18030);
  std::string native;
  std::vector<std::string> codes;
  const auto add = [&](std::string code) {
    std::string text;
    if (transcoder.ToUtf8(code, text) == Transcoder::npos) codes.push_back(std::move(code));
  };
  for (int lead = 0x81; lead <= 0xFE; ++lead) {
    for (int trail = 0x40; trail <= 0xFE; ++trail) {
      add({static_cast<char>(lead), static_cast<char>(trail)});
    }
    for (int third = 0x81; third <= 0xFE; ++third) {
      const char digit = static_cast<char>('0' + third % 10);
      add({static_cast<char>(lead), digit, static_cast<char>(third), digit});
    }
  }
  ASSERT_GT(codes.size(), 25000U);
  std::string text;
  std::vector<std::size_t> ends;
  for (const std::string& code : codes) {
    native += code;
    ASSERT_EQ(transcoder.ToUtf8(code, text), Transcoder::npos);
    ends.push_back(text.size());
  }
  NativeOffsets offsets(Encoding::kGb18030, native, text);
  std::size_t expected = 0;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    EXPECT_EQ(offsets.Of(ends[i] - 1), expected) << "within a character: its beginning";
    expected += codes[i].size();
    ASSERT_EQ(offsets.Of(ends[i]), expected);
  }
  EXPECT_EQ(offsets.Of(text.size() + 100), native.size());
  EXPECT_EQ(offsets.Of(0), 0U);
}

Format Fixed() { return FormatOf(FixedWidth{.code = "TEST", .record_type = 'X'}); }

TEST(FixedWidthTest, EncodesWhatItDecodes) {
  const std::string payload =
      "HTEST    0000000000000002\nX1       " + Gb("样例𠮷") + "\nX2               \nT00000002\n";
  const Outcome outcome = Decode(Fixed(), payload);
  ASSERT_EQ(outcome.records.size(), 2U);
  EXPECT_EQ(NameOfRecord(outcome.records[0]), "样例𠮷");
  EXPECT_EQ(Encode(Fixed(), outcome.records).encoded, payload);

  v1::Record too_long = outcome.records[0];
  too_long.mutable_values(1)->set_value("样例样例样");
  const Outcome refused = Encode(Fixed(), {&too_long, 1});
  EXPECT_EQ(refused.status, AQ_REJECT);
  EXPECT_TRUE(refused.Says("VALUE_INVALID", 1));
}

TEST(FixedWidthTest, CharacterCutByTheFieldIsInvalid) {
  const Outcome outcome =
      Decode(Fixed(), "HTEST    2026030100000001\nX1       a" + Gb("样例样") + "\xD1\nT00000001\n");
  EXPECT_TRUE(outcome.records.empty());
  EXPECT_TRUE(outcome.Says("ENCODING_INVALID", 2));
}

TEST(FixedWidthTest, FrameMustBeWhole) {
  const std::string line = "X1       name   \n";
  EXPECT_TRUE(Decode(Fixed(), "HTEST    20260301").Says("PAYLOAD_TRUNCATED", 1));
  EXPECT_TRUE(Decode(Fixed(), "HTEST    2026030100000001\n" + line).Says("PAYLOAD_TRUNCATED", 2));
  EXPECT_TRUE(Decode(Fixed(), "HTEST    2026030100000002\n" + line + "T00000002")
                  .Says("PAYLOAD_TRUNCATED", 3));
  EXPECT_TRUE(
      Decode(Fixed(), "HREST    2026030100000000\nT00000000").Says("PAYLOAD_UNDECODABLE", 1));
  EXPECT_TRUE(
      Decode(Fixed(), "HTEST    2026130100000000\nT00000000").Says("PAYLOAD_UNDECODABLE", 1));
  EXPECT_TRUE(Decode(Fixed(), line + "T00000001").Says("PAYLOAD_UNDECODABLE", 1));
}

TEST(XmlTest, MalformedInputIsRefusedWhole) {
  const Format format = FormatOf(Xml{});
  EXPECT_EQ(Decode(format, "<dataset/>").status, AQ_OK);
  EXPECT_TRUE(Decode(format, "<dataset><row><key>1</key></row>").Says("PAYLOAD_TRUNCATED", 0));
  EXPECT_TRUE(
      Decode(format, "<dataset><row></key></row></dataset>").Says("PAYLOAD_UNDECODABLE", 0));
  EXPECT_TRUE(Decode(format, "<other/>").Says("PAYLOAD_UNDECODABLE", 0));
  EXPECT_TRUE(Decode(format, "<dataset><line/></dataset>").Says("PAYLOAD_UNDECODABLE", 1));
  EXPECT_TRUE(
      Decode(format, "<dataset><row><name>a</name></row></dataset>").Says("MISSING_COLUMN", 0));
  EXPECT_TRUE(Decode(format, "<?xml version='1.0' encoding='latin1'?><dataset/>")
                  .Says("ENCODING_INVALID", 0));
  EXPECT_TRUE(
      Decode(format, "<dataset><row><key>\xFF</key></row></dataset>").Says("ENCODING_INVALID", 1));
  EXPECT_TRUE(Decode(format, "<dataset><row><key>1</key><HIV>0</HIV></row></dataset>")
                  .Says("FORBIDDEN_CONTENT", 0));
  EXPECT_TRUE(Decode(format, "<dataset><row><HIV>0</HIV>").Says("FORBIDDEN_CONTENT", 0));
}

TEST(XmlTest, ZeroByteIsPlacedInTheBytesAsTheyCame) {
  const std::string payload =
      Gb("<?xml version='1.0' encoding='GBK'?><dataset>样例") + std::string(1, '\0');
  const Outcome outcome = Decode(FormatOf(Xml{}), payload);
  ASSERT_TRUE(outcome.Says("PAYLOAD_UNDECODABLE", 0));
  EXPECT_EQ(outcome.said[0].byte_offset, payload.size() - 1);
}

TEST(XmlTest, ReferencesToNoCharacterCostTheirRecord) {
  for (const char* reference : {"&#xD800;", "&#x110000;", "&#xDFFF;"}) {
    const Outcome outcome =
        Decode(FormatOf(Xml{}), "<dataset><row><key>1</key><name>a" + std::string(reference) +
                                    "</name></row><row><key>2</key></row></dataset>");
    ASSERT_EQ(outcome.records.size(), 1U) << reference;
    EXPECT_TRUE(outcome.Says("VALUE_INVALID", 1)) << reference;
  }
}

TEST(XmlTest, BadRowCostsItselfOnly) {
  const Outcome outcome = Decode(FormatOf(Xml{}),
                                 "<dataset><row><key>1</key><key>2</key></row>"
                                 "<row><key>3</key><name><![CDATA[<a>]]></name></row></dataset>");
  ASSERT_EQ(outcome.records.size(), 1U);
  EXPECT_EQ(NameOfRecord(outcome.records[0]), "<a>");
  EXPECT_TRUE(outcome.Says("VALUE_INVALID", 1));
}

TEST(JsonTest, MalformedInputIsRefusedWhole) {
  const Format format = FormatOf(Json{});
  EXPECT_EQ(Decode(format, R"({"rows": []})").status, AQ_OK);
  for (const char* cut :
       {"{", R"({"rows": [)", R"({"rows": [{"key": "1)", R"({"rows": [{"key": tru)"}) {
    const Outcome outcome = Decode(format, cut);
    EXPECT_EQ(outcome.status, AQ_REJECT) << cut;
    EXPECT_EQ(outcome.said.at(0).reason, "PAYLOAD_TRUNCATED") << cut;
  }
  for (const char* bad :
       {"[]", "1", "{}", R"({"rows": {}})", R"({"rows": []} x)", R"({"rows": [{"key": 01}]})",
        R"({"rows": [], "rows": []})", R"({"rows": [,]})"}) {
    const Outcome outcome = Decode(format, bad);
    EXPECT_EQ(outcome.status, AQ_REJECT) << bad;
    EXPECT_EQ(outcome.said.at(0).reason, "PAYLOAD_UNDECODABLE") << bad;
  }
  EXPECT_TRUE(Decode(format, "{\"rows\": [{\"key\": \"\xFF\xFF\"}]}").Says("ENCODING_INVALID", 0));
  EXPECT_TRUE(Decode(format, R"({"rows": [{"name": "a"}]})").Says("MISSING_COLUMN", 0));
  EXPECT_TRUE(Decode(format, R"({"rows": [{"key": "1", "x": {"感染情况": 1}}]})")
                  .Says("FORBIDDEN_CONTENT", 0));
  EXPECT_EQ(Decode(format, "{\"x\":" + std::string(100000, '[')).said.at(0).reason,
            "PAYLOAD_UNDECODABLE");
}

TEST(JsonTest, BadRowCostsItselfOnly) {
  const Outcome outcome = Decode(
      FormatOf(Json{}),
      R"({"rows": [{"key": "1", "key": "2"}, 5, {"key": 3, "name": null}, [1], {"name": "x", "key": "4"}]})");
  ASSERT_EQ(outcome.records.size(), 2U);
  EXPECT_EQ(outcome.records[0].key(), "3");
  EXPECT_EQ(outcome.records[0].byte_offset(), 39U);
  EXPECT_EQ(outcome.records[1].row(), 5U);
  for (const std::uint64_t row : {1, 2, 4}) EXPECT_TRUE(outcome.Says("VALUE_INVALID", row)) << row;
}

TEST(JsonLinesTest, BadLineCostsItselfOnly) {
  const Outcome outcome = Decode(FormatOf(JsonLines{}),
                                 "\xEF\xBB\xBF{\"key\": \"1\", \"name\": \"a\"}\r\n"
                                 "{\"key\": 2\n"
                                 "\n"
                                 "[\"3\"]\n"
                                 "{\"key\": \"4\"} {\"key\": \"5\"}\n"
                                 "{\"key\": \"6\xFF\"}\n"
                                 "{\"key\": \"7\", \"key\": \"7\"}\n"
                                 "{\"key\": 8, \"name\": {\"x\": 1}}\n"
                                 "{\"key\": 9}\n"
                                 "{\"key\": \"10");
  ASSERT_EQ(outcome.records.size(), 2U) << outcome.Text();
  EXPECT_EQ(outcome.records[0].byte_offset(), 3U);
  EXPECT_EQ(outcome.records[0].values(1).native_field(), "/name");
  EXPECT_EQ(outcome.records[1].key(), "9");
  EXPECT_EQ(outcome.records[1].row(), 9U);
  for (const std::uint64_t row : {2, 4, 5, 7, 8}) {
    EXPECT_TRUE(outcome.Says("VALUE_INVALID", row)) << row << outcome.Text();
  }
  EXPECT_TRUE(outcome.Says("ENCODING_INVALID", 6));
  EXPECT_TRUE(outcome.Says("ROW_CUT_OFF", 10));
}

TEST(JsonLinesTest, WhatIsNoneOrForbiddenIsRefusedWhole) {
  const Format format = FormatOf(JsonLines{});
  EXPECT_EQ(Decode(format, "\n\n").status, AQ_OK);
  EXPECT_TRUE(Decode(format, "key,name\n1,a\n").Says("PAYLOAD_UNDECODABLE", 0));
  EXPECT_TRUE(Decode(format, "{\"name\": \"a\"}\n").Says("MISSING_COLUMN", 0));
  EXPECT_TRUE(
      Decode(format, "{\"key\": 1}\n{\"key\": 2, \"感染\": 0}").Says("FORBIDDEN_CONTENT", 0));
  EXPECT_TRUE(Decode(format, "{\"key\": 1}\n{\"hiv\": ").Says("FORBIDDEN_CONTENT", 0));
  EXPECT_TRUE(Decode(format, Gb("{\"key\": \"样例\"}")).Says("ENCODING_INVALID", 0));
  EXPECT_TRUE(Decode(format, std::string(100000, '[')).Says("PAYLOAD_UNDECODABLE", 0));
}

}  // namespace
}  // namespace anqiao::sdk

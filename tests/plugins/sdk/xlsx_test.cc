#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "plugins/sdk/zip.h"
#include "tests/plugins/sdk/outcome.h"

namespace anqiao::sdk {
namespace {

Format FormatOf(Xlsx shape) {
  Format format;
  format.name = "test";
  format.kind = v1::RECORD_KIND_REGISTER;
  format.shape = shape;
  format.columns = {Required(Text({"key", "编号"}, v1::FIELD_REGISTER_NUMBER)),
                    Text({"name", "姓名"}, v1::FIELD_PERSON_NAME),
                    CitizenId({"id", "身份证号"}, v1::FIELD_ID_NUMBER),
                    Date({"date", "日期"}, v1::FIELD_SEIZURE_DATE),
                    Yuan({"amount", "金额"}, v1::FIELD_AMOUNT_FEN)};
  format.key = {"key"};
  return format;
}

struct Parts {
  std::string rows = {};
  std::string strings = {};
  std::string properties = {};
  std::string sheets = "<sheet name=\"名册\" sheetId=\"1\" r:id=\"r1\"/>";
  std::string prefix = {};  // of the namespace, with its colon
};

// Styles: 1 date, 2 year and month, 3 a date by a code of its own, 4 a number with a red "d".
std::string WorkbookOf(const Parts& parts) {
  const std::string& p = parts.prefix;
  const std::string ns =
      p.empty() ? " xmlns=\"m\"" : " xmlns:" + p.substr(0, p.size() - 1) + "=\"m\"";
  ZipWriter zip;
  zip.Add("xl/workbook.xml", "<workbook xmlns:r=\"x\">" + parts.properties + "<sheets>" +
                                 parts.sheets + "</sheets></workbook>");
  zip.Add("xl/_rels/workbook.xml.rels",
          "<Relationships><Relationship Id=\"r1\" Type=\"x/worksheet\" "
          "Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"r2\" Type=\"x/sharedStrings\" "
          "Target=\"/xl/sharedStrings.xml\"/><Relationship Id=\"r3\" Type=\"x/styles\" "
          "Target=\"styles.xml\"/></Relationships>");
  zip.Add("xl/sharedStrings.xml", "<sst>" + parts.strings + "</sst>");
  zip.Add("xl/styles.xml",
          "<styleSheet><numFmts><numFmt numFmtId=\"164\" "
          "formatCode=\"yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;;@\"/><numFmt "
          "numFmtId=\"165\" formatCode=\"[Red]0&quot; yd&quot;\"/></numFmts><cellXfs><xf "
          "numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"57\"/><xf numFmtId=\"164\"/><xf "
          "numFmtId=\"165\"/></cellXfs></styleSheet>");
  zip.Add("xl/worksheets/sheet1.xml", "<" + p + "worksheet" + ns + "><" + p + "sheetData>" +
                                          parts.rows + "</" + p + "sheetData></" + p +
                                          "worksheet>");
  std::string bytes;
  EXPECT_TRUE(zip.Finish(bytes));
  return bytes;
}

std::string Cell(const std::string& reference, const std::string& text) {
  return "<c r=\"" + reference + "\" t=\"inlineStr\"><is><t>" + text + "</t></is></c>";
}

std::string Header() {
  return "<row r=\"1\">" + Cell("A1", "编号") + Cell("B1", "姓名") + Cell("C1", "身份证号") +
         Cell("D1", "日期") + Cell("E1", "金额") + "</row>";
}

// "cells" of row 2 beside a key.
std::string RowOf(const std::string& cells) {
  return Header() + "<row r=\"2\">" + Cell("A2", "1") + cells + "</row>";
}

// The value of the first record's field, or the reason that was said of row 2.
std::string ValueOf(v1::Field field, const std::string& cells, const std::string& properties = "") {
  const Outcome outcome =
      Decode(FormatOf({}), WorkbookOf({.rows = RowOf(cells), .properties = properties}));
  if (outcome.records.empty()) return outcome.said.empty() ? "nothing" : outcome.said[0].reason;
  for (const v1::FieldValue& value : outcome.records[0].values()) {
    if (value.field() == field) return value.value();
  }
  return "";
}

TEST(XlsxTest, ReadsSharedInlineAndRichStrings) {
  const Outcome outcome =
      Decode(FormatOf({}),
             WorkbookOf({.rows = Header() +
                                 "<row r=\"3\"><c r=\"A3\" t=\"s\"><v>0</v></c><c r=\"B3\" "
                                 "t=\"s\"><v>1</v></c></row><row r=\"9\">" +
                                 Cell("A9", "2") + Cell("B9", "a_x000D_b_x005F_c") + "</row>",
                         .strings = "<si><t>1</t></si><si><r><rPr/><t>样</t></r><r><t>例𠮷</t></r>"
                                    "<rPh><t>yang</t></rPh></si>"}));
  ASSERT_EQ(outcome.records.size(), 2U) << outcome.Text();
  EXPECT_EQ(outcome.records[0].row(), 3U);
  EXPECT_EQ(outcome.records[0].values(1).value(), "样例𠮷");
  EXPECT_EQ(outcome.records[0].values(1).column(), 2U);
  EXPECT_EQ(outcome.records[0].values(1).native_field(), "姓名");
  EXPECT_EQ(outcome.records[1].values(1).value(), "a\rb_c");
}

TEST(XlsxTest, ReadsPrefixedElementsAndTheNamedSheet) {
  const std::string rows =
      "<x:row><x:c t=\"inlineStr\"><x:is><x:t>key</x:t></x:is></x:c></x:row>"
      "<x:row><x:c><x:v>7</x:v></x:c></x:row>";
  const std::string sheets =
      "<sheet name=\"说明\" r:id=\"r9\"/><sheet name=\"名 册\" r:id=\"r1\"/>";
  const std::string bytes = WorkbookOf({.rows = rows, .sheets = sheets, .prefix = "x:"});
  const Outcome outcome = Decode(FormatOf({.sheet = "名册"}), bytes);
  ASSERT_EQ(outcome.records.size(), 1U) << outcome.Text();
  EXPECT_EQ(outcome.records[0].key(), "7");
  EXPECT_TRUE(Decode(FormatOf({.sheet = "没有"}), bytes).Says("PAYLOAD_UNDECODABLE", 0));
}

TEST(XlsxTest, ReadsDatesInEveryForm) {
  const auto date = [](const std::string& attributes, const std::string& value,
                       const std::string& properties = "") {
    return ValueOf(v1::FIELD_SEIZURE_DATE,
                   "<c r=\"D2\" " + attributes + "><v>" + value + "</v></c>", properties);
  };
  EXPECT_EQ(date("s=\"1\"", "46096"), "2026-03-15");
  EXPECT_EQ(date("s=\"3\"", "46096"), "2026-03-15");
  EXPECT_EQ(date("s=\"2\"", "46082"), "2026-03");
  EXPECT_EQ(date("", "46096"), "2026-03-15");
  EXPECT_EQ(date("s=\"4\"", "46096"), "2026-03-15");
  EXPECT_EQ(date("", "20260315"), "2026-03-15");
  EXPECT_EQ(date("", "202603"), "2026-03");
  EXPECT_EQ(date("t=\"str\"", "2026/3/15"), "2026-03-15");
  EXPECT_EQ(date("t=\"d\"", "2026-03-15T00:00:00"), "2026-03-15");
  EXPECT_EQ(date("s=\"1\"", "59"), "1900-02-28");
  EXPECT_EQ(date("s=\"1\"", "61"), "1900-03-01");
  EXPECT_EQ(date("s=\"1\"", "44634", "<workbookPr date1904=\"1\"/>"), "2026-03-15");
  EXPECT_EQ(date("s=\"1\"", "60"), "VALUE_INVALID");
  EXPECT_EQ(date("s=\"1\"", "0"), "VALUE_INVALID");
  EXPECT_EQ(date("s=\"1\"", "46096.5"), "VALUE_INVALID");
  EXPECT_EQ(date("", "2026031"), "VALUE_INVALID");
}

TEST(XlsxTest, NumbersThatLostTheirEndAreSaid) {
  const auto id = [](const std::string& value) {
    return ValueOf(v1::FIELD_ID_NUMBER, "<c r=\"C2\"><v>" + value + "</v></c>");
  };
  EXPECT_EQ(id("421299850315002"), "421299850315002");
  EXPECT_EQ(id("4.21299850315002E14"), "421299850315002");
  for (const char* value :
       {"4.21299198503150E17", "421299198503150000", "1.10101E+17", "1e999", "x", "1e-400"}) {
    EXPECT_EQ(id(value), "VALUE_INVALID") << value;
  }
  const Outcome outcome =
      Decode(FormatOf({}), WorkbookOf({.rows = RowOf("<c r=\"C2\"><v>4.21299E+17</v></c>")}));
  ASSERT_EQ(outcome.said.size(), 1U);
  EXPECT_EQ(outcome.said[0].column, 3U);
  EXPECT_EQ(outcome.said[0].field, "身份证号");
  EXPECT_NE(outcome.said[0].message.find("15 digits"), std::string::npos);
}

TEST(XlsxTest, NumbersShowTheirFifteenDigits) {
  const auto fen = [](const std::string& value) {
    return ValueOf(v1::FIELD_AMOUNT_FEN, "<c r=\"E2\"><v>" + value + "</v></c>");
  };
  EXPECT_EQ(fen("865.05"), "86505");
  EXPECT_EQ(fen("865.04999999999995"), "86505");
  EXPECT_EQ(fen("1.2E3"), "120000");
  EXPECT_EQ(fen("0.001"), "VALUE_INVALID");
  EXPECT_EQ(fen("-5"), "VALUE_INVALID");
  EXPECT_EQ(ValueOf(v1::FIELD_PERSON_NAME, "<c r=\"B2\" t=\"e\"><v>#N/A</v></c>"), "VALUE_INVALID");
  EXPECT_EQ(ValueOf(v1::FIELD_PERSON_NAME, "<c r=\"B2\" t=\"s\"><v>5</v></c>"), "VALUE_INVALID");
  EXPECT_EQ(ValueOf(v1::FIELD_PERSON_NAME, Cell("B2", "a&#xD800;")), "VALUE_INVALID");
}

TEST(XlsxTest, HeadersAreFoundBelowTitlesAndGroups) {
  Format format = FormatOf({.header_row = 3, .header_rows = 2});
  format.columns[1].names = {"person.name"};
  format.columns[2].names = {"person.id"};
  const Outcome outcome = Decode(
      format, WorkbookOf({.rows = "<row r=\"1\">" + Cell("A1", "名册") + "</row><row r=\"3\">" +
                                  Cell("A3", "key") + Cell("B3", "person") + "</row><row r=\"4\">" +
                                  Cell("B4", "name") + Cell("C4", "id") + Cell("D4", "more") +
                                  "</row><row r=\"6\">" + Cell("A6", "1") + Cell("C6", "x") +
                                  "</row><row r=\"7\">" + Cell("B7", " ") + "</row>"}));
  ASSERT_EQ(outcome.records.size(), 1U) << outcome.Text();
  EXPECT_EQ(outcome.records[0].row(), 6U);
  EXPECT_EQ(outcome.records[0].values(1).native_field(), "person.id");
  EXPECT_TRUE(outcome.Says("UNKNOWN_COLUMN", 4));
}

TEST(XlsxTest, BadRowsCostThemselvesOnly) {
  const Outcome outcome = Decode(
      FormatOf({}), WorkbookOf({.rows = Header() + "<row r=\"2\">" + Cell("B2", "no key") +
                                        "</row><row r=\"3\">" + Cell("A3", "3") + Cell("F3", "x") +
                                        "</row><row r=\"4\">" + Cell("A4", "4") + "</row>"}));
  ASSERT_EQ(outcome.records.size(), 1U) << outcome.Text();
  EXPECT_EQ(outcome.records[0].key(), "4");
  EXPECT_TRUE(outcome.Says("MISSING_VALUE", 2));
  EXPECT_TRUE(outcome.Says("VALUE_INVALID", 3));
}

TEST(XlsxTest, WhatIsNoWorkbookIsRefusedWhole) {
  const Format format = FormatOf({});
  const auto reason = [&format](const std::string& payload) {
    const Outcome outcome = Decode(format, payload);
    EXPECT_EQ(outcome.status, AQ_REJECT);
    EXPECT_TRUE(outcome.records.empty());
    return outcome.said.size() == 1 ? outcome.said[0].reason : outcome.Text();
  };
  const std::string whole = WorkbookOf({.rows = RowOf("")});
  EXPECT_EQ(reason(whole.substr(0, whole.size() - 1)), "PAYLOAD_TRUNCATED");
  EXPECT_EQ(reason("key,name\n1,a\n"), "PAYLOAD_UNDECODABLE");
  EXPECT_EQ(reason("\xD0\xCF\x11\xE0 an old workbook"), "PAYLOAD_UNDECODABLE");
  EXPECT_EQ(reason(WorkbookOf({.rows = "<row r=\"2\"></row><row r=\"2\"></row>"})),
            "PAYLOAD_UNDECODABLE");
  EXPECT_EQ(reason(WorkbookOf({.rows = Header() + "<row r=\"2\">" + Cell("B2", "") +
                                       Cell("A2", "1") + "</row>"})),
            "PAYLOAD_UNDECODABLE");
  EXPECT_EQ(reason(WorkbookOf({.rows = "<row r=\"1\">" + Cell("ZZZZ1", "key") + "</row>"})),
            "PAYLOAD_UNDECODABLE");
  EXPECT_EQ(reason(WorkbookOf({.rows = "<row r=\"1\">"})), "PAYLOAD_UNDECODABLE");
  EXPECT_EQ(reason(WorkbookOf({.sheets = ""})), "PAYLOAD_UNDECODABLE");
  EXPECT_EQ(reason(WorkbookOf({})), "PAYLOAD_TRUNCATED");
  EXPECT_EQ(reason(WorkbookOf({.rows = "<row r=\"1\">" + Cell("A1", "name") + "</row>"})),
            "MISSING_COLUMN");
  EXPECT_EQ(reason(WorkbookOf(
                {.rows = "<row r=\"1\">" + Cell("A1", "key") + Cell("B1", "ＨＩＶ") + "</row>"})),
            "FORBIDDEN_CONTENT");
  ZipWriter zip;
  zip.Add("word/document.xml", "<document/>");
  std::string other;
  ASSERT_TRUE(zip.Finish(other));
  EXPECT_EQ(reason(other), "PAYLOAD_UNDECODABLE");
}

}  // namespace
}  // namespace anqiao::sdk

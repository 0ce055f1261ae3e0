// Adapters written from sample files: they compile (the build did that), pass the test kit, and
// hold nothing of the sample's values.

#include "hub/adapter/scaffold/scaffold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "anqiao/adapter/v1/adapter.pb.h"
#include "hub/adapter/scaffold/alias_table.h"
#include "hub/adapter/scaffold/infer.h"
#include "hub/adapter/scaffold/sample_table.h"
#include "hub/adapter/scaffold/source.h"
#include "hub/adapter/test_kit/test_kit.h"
#include "hub/base/errors.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::scaffold {
namespace {

using ::anqiao::testing::StatusIs;
using ::anqiao::testing::TempDir;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string Written(const std::string& name) {
  return ReadFile(std::string(ANQIAO_SCAFFOLDED_DIRECTORY) + "/" + name + "/" + name + ".cc");
}

absl::StatusOr<Scaffolded> ScaffoldText(const TempDir& directory, const std::string& text,
                                        const std::string& encoding = "") {
  std::ofstream(directory.File("sample"), std::ios::binary) << text;
  return ScaffoldAdapter({.name = "made",
                          .sample = directory.File("sample"),
                          .encoding = encoding,
                          .format = "",
                          .directory = directory.File("made")});
}

std::string SourceOf(const TempDir& directory) { return ReadFile(directory.File("made/made.cc")); }

// What the build wrote (CMakeLists.txt).
const std::string kWritten[] = {
    "made_titles", "made_semicolons",  "made_tabs",  "made_pipes", "made_json",    "made_xml",
    "made_fixed",  "made_fixed_named", "made_lines", "made_book",  "made_two_rows"};

class WrittenAdapter : public ::testing::TestWithParam<std::string> {};

TEST_P(WrittenAdapter, PassesTheTestKitAndRefusesNothingOfItsOwnSample) {
  const TempDir directory;
  const std::string from = std::string(ANQIAO_SCAFFOLDED_DIRECTORY) + "/" + GetParam();
  std::filesystem::copy(from + "/samples", directory.File("samples"));
  test_kit::Options options;
  options.library = std::string(ANQIAO_SCAFFOLDED_DIRECTORY) + "/libanqiao_" + GetParam() + ".so";
  options.samples_directory = directory.File("samples");
  options.fuzz = absl::Seconds(60);
  options.fuzz_payloads_max = 300;
  AQ_ASSERT_OK(test_kit::AcceptSamples(options).status());
  const std::string expected = ReadFile(directory.File("samples/first.expected"));
  EXPECT_THAT(expected, HasSubstr("status OK"));
  EXPECT_THAT(expected, Not(HasSubstr("refused"))) << expected;
  EXPECT_THAT(expected, Not(HasSubstr("warning"))) << expected;
  AQ_ASSERT_OK_AND_ASSIGN(const std::vector<test_kit::CheckResult> results,
                          test_kit::Run(options, [](const test_kit::CheckResult&) {}));
  for (const test_kit::CheckResult& result : results) {
    EXPECT_NE(result.verdict, test_kit::CheckResult::Verdict::kFailed)
        << result.name << ": " << result.message;
  }
}

INSTANTIATE_TEST_SUITE_P(Scaffold, WrittenAdapter, ::testing::ValuesIn(kWritten),
                         [](const auto& info) { return info.param; });

TEST(ScaffoldTest, SaysShapeKindKeyAndWhatToDecide) {
  const std::string titles = Written("made_titles");
  EXPECT_THAT(titles, HasSubstr("Encoding::kGb18030, .header_row = 3}"));
  EXPECT_THAT(titles, HasSubstr("RECORD_KIND_TRAINING"));
  EXPECT_THAT(titles, HasSubstr(".key = {\"公民身份号码\", \"课程名称\"}"));
  EXPECT_THAT(titles, HasSubstr("// 备注: not placed.\n      Ignored({\"备注\"})"));
  const std::string semicolons = Written("made_semicolons");
  EXPECT_THAT(semicolons, HasSubstr("Encoding::kUtf8, .delimiter = ';', .byte_order_mark = true}"));
  EXPECT_THAT(semicolons,
              HasSubstr("// 决定种类: DECIDE: 1 of 2 values of the sample are not in the table"));
  EXPECT_THAT(semicolons, HasSubstr("{\"备注\\\\\"}"));
  EXPECT_THAT(Written("made_tabs"), HasSubstr(".delimiter = '\\t', .quoted = false"));
  EXPECT_THAT(Written("made_json"), HasSubstr(".shape = Json{}"));
  EXPECT_THAT(Written("made_xml"), HasSubstr("Separated(Codes({\"zcsm\"}"));
}

TEST(ScaffoldTest, FindsTwoHeaderRowsAndThePersonAmongThem) {
  const std::string text = Written("made_two_rows");
  EXPECT_THAT(text, HasSubstr(".header_row = 2, .header_rows = 2, .byte_order_mark = true}"));
  EXPECT_THAT(text, HasSubstr("Text({\"成员.姓名\"}, v1::FIELD_PERSON_NAME)"));
  EXPECT_THAT(text,
              HasSubstr("// 户主姓名: DECIDE: another column states FIELD_PERSON_NAME already"));
  EXPECT_THAT(text, HasSubstr("Money({\"保障.月保障金额\"}, v1::FIELD_MONTHLY_AMOUNT_FEN)"));
  EXPECT_THAT(text, HasSubstr("RECORD_KIND_HOUSEHOLD_RELIEF"));
}

TEST(ScaffoldTest, FindsTheFieldsOfAFixedWidthOrTakesThemAsSaid) {
  const std::string shape =
      "FixedWidth{.encoding = Encoding::kGb18030, .code = \"UNEMP\", .record_type = 'D'}";
  const std::string found = Written("made_fixed");
  EXPECT_THAT(found, HasSubstr(shape));
  for (const char* field :
       {"Wide(18, Required(CitizenId({\"field_1\"}", "Wide(20, Ignored({\"field_2\"}",
        "Wide(1, Ignored({\"field_3\"}", "Wide(11, Phone({\"field_4\"}",
        "Wide(8, Ignored({\"field_5\"}", "Wide(6, Ignored({\"field_6\"}"}) {
    EXPECT_THAT(found, HasSubstr(field));
  }
  EXPECT_THAT(found, HasSubstr("// DECIDE: the fields have no names in the sample"));
  const std::string named = Written("made_fixed_named");
  EXPECT_THAT(named, HasSubstr(shape));
  EXPECT_THAT(named,
              HasSubstr("Wide(8, Required(Date({\"失业日期\"}, v1::FIELD_UNEMPLOYED_SINCE)"));
  EXPECT_THAT(named, Not(HasSubstr("have no names")));
}

TEST(ScaffoldTest, ReadsJsonLinesAndWorkbooks) {
  EXPECT_THAT(Written("made_lines"), HasSubstr("format.shape = JsonLines{};"));
  EXPECT_THAT(Written("made_lines"), HasSubstr("code_tables::kSexByCode"));
  const std::string book = Written("made_book");
  EXPECT_THAT(book, HasSubstr("format.shape = Xlsx{.header_row = 3};"));
  EXPECT_THAT(book, HasSubstr("code_tables::kSexByName"));
  EXPECT_THAT(book, HasSubstr("Date({\"有效期起\"}"));
  EXPECT_THAT(book, HasSubstr("OrDayNumber(Date({\"有效期止\"}"));
}

TEST(ScaffoldTest, WritesAPageThatClangFormatLeavesAsItIs) {
  for (const std::string& name : kWritten) {
    const std::string text = Written(name);
    // A table of a few columns; every column and note is a line more.
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 70) << name;
  }
  if (std::string(ANQIAO_CLANG_FORMAT).empty()) GTEST_SKIP() << "there is no clang-format here";
  for (const std::string& name : kWritten) {
    const std::string command =
        absl::StrCat(ANQIAO_CLANG_FORMAT,
                     " --dry-run -Werror --style='{BasedOnStyle: Google, ColumnLimit: 100}' ",
                     ANQIAO_SCAFFOLDED_DIRECTORY, "/", name, "/", name, ".cc");
    EXPECT_EQ(std::system(command.c_str()), 0) << name;
  }
}

TEST(ScaffoldTest, CopiesNoValueOfTheSample) {
  const TempDir directory;
  AQ_ASSERT_OK(ScaffoldText(directory,
                            "Secret title\n姓名,sfzh,性别,决定日期,note\n"
                            "甲某某,421299199001010017,secret-code,2019-07-07,secret note 777\n"));
  for (const char* file : {"made/made.cc", "made/README.md", "made/CMakeLists.txt",
                           "made/samples/first.in", "made/samples/first.expected"}) {
    const std::string text = ReadFile(directory.File(file));
    EXPECT_THAT(text, Not(IsEmpty())) << file;
    for (const char* value : {"甲某某", "421299199001010017", "ecret", "2019", "777"}) {
      EXPECT_THAT(text, Not(HasSubstr(value))) << file;
    }
  }
}

TEST(ScaffoldTest, PlacesByValuesWhereTheNameSaysNothing) {
  const TempDir directory;
  AQ_ASSERT_OK(
      ScaffoldText(directory, "kcmc,who,number\na,x,421299198503150026\nb,y,421299199912311059\n"));
  EXPECT_THAT(SourceOf(directory),
              HasSubstr("// number: DECIDE: placed by its values, not by its name.\n      "
                        "Required(CitizenId({\"number\"}, v1::FIELD_ID_NUMBER))"));
}

// Whatever a damaged sample is taken for, it is read or refused.
TEST(ScaffoldTest, ReadsOrRefusesDamagedSamples) {
  const AliasTable aliases = AliasTable::BuiltIn();
  std::mt19937 random(1);
  int refused = 0;
  for (const auto& file : std::filesystem::directory_iterator(ANQIAO_SCAFFOLD_SAMPLES)) {
    const std::string sample = ReadFile(file.path().string());
    for (int i = 0; i < 300; ++i) {
      std::string bytes = sample.substr(0, i % 2 == 0 ? sample.size() : random() % sample.size());
      for (int k = 0; k < i % 5 && !bytes.empty(); ++k) {
        bytes[random() % bytes.size()] = static_cast<char>(random());
      }
      const absl::StatusOr<SampleTable> table =
          ReadSampleTable(bytes, {.header_rows = random() % 3});
      if (!table.ok()) {
        EXPECT_THAT(table, StatusIs(absl::StatusCode::kInvalidArgument));
        ++refused;
        continue;
      }
      const Plan plan = MakePlan(*table, aliases);
      EXPECT_THAT(AdapterSource("made", "records", *table, plan), HasSubstr("ANQIAO_ADAPTER"));
      EXPECT_THAT(MadeUpSample(*table, plan), Not(IsEmpty()));
    }
  }
  EXPECT_GT(refused, 100);
}

TEST(ScaffoldTest, SaysWhatIsWrongWithASample) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "the sample has no bytes"},
      {"PK\x03\x04", "no workbook that can be read"},
      {"1,2,3\n4,5,6\n", "no header in the first 2 rows"},
      {"姓名,艾滋病检测\n样例,1\n", "column 2 names health codes"},
      {"姓名,姓名\n样例,1\n", "column 2 has the name of another column"},
      {"[1, 2]", "expected JSON such as"},
      {"<list></list>", "expected XML such as"},
      {"<dataset>", "not well-formed XML"},
      {"{\"a\": 1}\n[2]\n", "one object {\"name\": \"value\"} a line"},
      {std::string("\xFF\xFE"
                   "a\0,\0b\0\n\0",
                   10),
       "looks like UTF-16"},
      {"\xD0\xCF\x11\xE0", "old workbook (.xls)"},
      {"HUNEMP   2026030100000001\nDabc\n", "T and a count"},
      {"HUNEMP   2026030100000002\nDabc\nDab\nT00000002\n", "row 3 has 3 bytes, row 2 4"},
      {"HUNEMP   2026030100000002\nDabc\nEabc\nT00000002\n", "another type of record"}};
  for (const auto& [text, message] : cases) {
    const TempDir directory;
    EXPECT_THAT(ScaffoldText(directory, text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
    EXPECT_FALSE(std::filesystem::exists(directory.File("made")));
  }
  const TempDir directory;
  EXPECT_THAT(ScaffoldText(directory, "\xD1\xF9,a\n1,2\n", "utf-8"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("not UTF-8: byte 0 begins no character; it could be GB18030")));
  EXPECT_THAT(ScaffoldText(directory, "姓名,课程名称,结业日期\n样例,电工,2026-01-01\n", "gbk"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("look like UTF-8")));
  EXPECT_THAT(ScaffoldText(directory, "a,b\n", "big5"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("encoding must be")));
}

TEST(ScaffoldTest, RefusesNamesAndFoldersThatAreTaken) {
  const TempDir directory;
  AQ_ASSERT_OK(ScaffoldText(directory, "姓名,课程名称\n样例,电工\n"));
  EXPECT_THAT(ScaffoldText(directory, "姓名,课程名称\n样例,电工\n"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not empty")));
  EXPECT_THAT(ScaffoldAdapter({.name = "Bad-Name",
                               .sample = directory.File("sample"),
                               .encoding = "",
                               .format = "",
                               .directory = directory.File("other")}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("lower_snake_case")));
  EXPECT_THAT(ScaffoldAdapter({.name = "fine",
                               .sample = directory.File("none"),
                               .encoding = "",
                               .format = "",
                               .directory = directory.File("other")}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("none")));
}

TEST(AliasTableTest, IsUnderstoodWholeAndNamesWhatTheProtocolHas) {
  const AliasTable table = AliasTable::BuiltIn();
  EXPECT_THAT(table.faults(), IsEmpty());
  EXPECT_GT(table.fields().size(), 50U);
  for (const auto& [name, field] : table.fields()) {
    adapter::v1::Field number;
    EXPECT_TRUE(adapter::v1::Field_Parse("FIELD_" + name, &number)) << name;
    EXPECT_EQ(field.converter == "codes", !field.codes.empty()) << name;
  }
  for (const KnownKind& kind : table.kinds()) {
    adapter::v1::RecordKind number;
    EXPECT_TRUE(adapter::v1::RecordKind_Parse("RECORD_KIND_" + kind.name, &number)) << kind.name;
    for (const auto* list : {&kind.needs, &kind.takes, &kind.key}) {
      for (const std::string& field : *list) EXPECT_EQ(table.fields().count(field), 1U) << field;
    }
  }
  ASSERT_NE(table.Find(" 期限（月）"), nullptr);
  EXPECT_EQ(table.Find("AAC002")->name, "ID_NUMBER");
  EXPECT_EQ(table.Find("nothing"), nullptr);
}

TEST(AliasTableTest, NotesLinesThatItDoesNotUnderstand) {
  const AliasTable table("# fine\nfield PHONE text a b\nfield SEX codes a\nnonsense\n");
  EXPECT_THAT(table.faults(), ::testing::ElementsAre("field SEX codes a", "nonsense"));
}

}  // namespace
}  // namespace anqiao::scaffold

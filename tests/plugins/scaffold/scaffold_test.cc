// Adapters written from sample files: they compile (the build did that), pass the test kit, and
// hold nothing of the sample's values.

#include "hub/adapter/scaffold/scaffold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "anqiao/adapter/v1/adapter.pb.h"
#include "hub/adapter/scaffold/alias_table.h"
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

INSTANTIATE_TEST_SUITE_P(Scaffold, WrittenAdapter,
                         ::testing::Values("made_titles", "made_semicolons", "made_tabs",
                                           "made_pipes", "made_json", "made_xml"),
                         [](const auto& info) { return info.param; });

TEST(ScaffoldTest, SaysShapeKindKeyAndWhatToDecide) {
  const std::string titles = Written("made_titles");
  EXPECT_THAT(titles, HasSubstr("Encoding::kGb18030, .header_row = 3}"));
  EXPECT_THAT(titles, HasSubstr("RECORD_KIND_TRAINING"));
  EXPECT_THAT(titles, HasSubstr(".key = {\"公民身份号码\", \"课程名称\"}"));
  EXPECT_THAT(titles, HasSubstr("// not placed"));
  const std::string semicolons = Written("made_semicolons");
  EXPECT_THAT(semicolons, HasSubstr("Encoding::kUtf8, .delimiter = ';'}"));
  EXPECT_THAT(semicolons, HasSubstr("DECIDE: 1 of 2 values of the sample are not in the table"));
  EXPECT_THAT(semicolons, HasSubstr("{\"备注\\\\\"}"));
  EXPECT_THAT(Written("made_tabs"), HasSubstr(".delimiter = '\\t', .quoted = false"));
  EXPECT_THAT(Written("made_json"), HasSubstr(".shape = Json{}"));
  EXPECT_THAT(Written("made_xml"), HasSubstr("Separated(Codes({\"zcsm\"}"));
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
              HasSubstr("// DECIDE: placed by its values, not by its name.\n              "
                        "Required(Text({\"number\"}, v1::FIELD_ID_NUMBER))"));
}

TEST(ScaffoldTest, SaysWhatIsWrongWithASample) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "the sample has no bytes"},
      {"PK\x03\x04", "save the sheet as CSV first"},
      {"1,2,3\n4,5,6\n", "no header in the first 2 rows"},
      {"姓名,艾滋病检测\n样例,1\n", "column 2 names health codes"},
      {"姓名,姓名\n样例,1\n", "column 2 has the name of another column"},
      {"[1, 2]", "expected JSON such as"},
      {"<list></list>", "expected XML such as"},
      {"<dataset>", "not well-formed XML"}};
  for (const auto& [text, message] : cases) {
    const TempDir directory;
    EXPECT_THAT(ScaffoldText(directory, text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
    EXPECT_FALSE(std::filesystem::exists(directory.File("made")));
  }
  const TempDir directory;
  EXPECT_THAT(ScaffoldText(directory, "\xD1\xF9,a\n1,2\n", "utf-8"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not UTF-8: byte 0")));
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

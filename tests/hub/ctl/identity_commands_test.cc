// anqiaoctl identity resolve, over the file that is kept here and over others' files where they
// are: ANQIAO_IDENTITY_DATA names a folder with febrl1.csv, febrl2.csv and fake_1000.csv.

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/clock.h"
#include "hub/ctl/app.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::ctl {
namespace {

using ::testing::HasSubstr;

constexpr char kFebrlColumns[] =
    "record: rec_id\ncolumns:\n  given_name: given_name\n  surname: surname\n"
    "  street_number: address\n  address_1: address\n  address_2: address\n  suburb: address\n"
    "  postcode: other\n  state: other\n"
    "  date_of_birth: {kind: birth_date, format: YYYYMMDD}\n  soc_sec_id: identifier\n";
constexpr char kFakeColumns[] =
    "record: unique_id\ncolumns:\n  first_name: given_name\n  surname: surname\n"
    "  dob: {kind: birth_date, format: YYYY-MM-DD}\n  city: address\n  email: other\n";
constexpr char kChineseColumns[] =
    "record: rec_id\ncolumns:\n  name: name\n  sex: sex\n  birth_date: birth_date\n"
    "  id_no: national_id\n  phone: phone\n  division: division\n  address: address\n";

class IdentityCommandsTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = absl::StrCat(directory_.path(), "/", name);
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  static std::string Read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string Out() const { return absl::StrCat(directory_.path(), "/clusters.csv"); }

  int Run(const std::string& file, const std::string& columns,
          const std::vector<std::string>& more = {}) {
    std::vector<std::string> all = {"--output",
                                    "json",
                                    "identity",
                                    "resolve",
                                    file,
                                    "--columns",
                                    Write("columns.yaml", columns),
                                    "--out",
                                    Out()};
    all.insert(all.end(), more.begin(), more.end());
    out_.str("");
    err_.str("");
    return RunApp(all, {.out = out_, .err = err_, .clock = &clock_, .profile = ""});
  }
  google::protobuf::Struct Report() const {
    google::protobuf::Struct report;
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(out_.str(), &report).ok());
    return report;
  }
  double Number(const std::string& name) const { return Report().fields().at(name).number_value(); }
  double OfClusters(const std::string& name) const {
    return Report().fields().at("clusterPairs").struct_value().fields().at(name).number_value();
  }
  // Empty, and the test is skipped, if the others' files are not here.
  std::string OthersFile(const std::string& name) {
    const char* folder = std::getenv("ANQIAO_IDENTITY_DATA");
    const std::string path = absl::StrCat(folder == nullptr ? "" : folder, "/", name);
    return folder != nullptr && std::filesystem::exists(path) ? path : std::string();
  }

  const testing::TempDir directory_;
  const SystemClock clock_{};
  std::ostringstream out_, err_;
};

const char* const kZh10k = ANQIAO_IDENTITY_TEST_DATA "/zh10k.csv";

TEST_F(IdentityCommandsTest, ChineseRegistersWithTheShippedModel) {
  ASSERT_EQ(Run(kZh10k, kChineseColumns, {"--truth", "person_id"}), 0) << err_.str();
  EXPECT_GE(OfClusters("f1"), 0.988);
  EXPECT_GE(OfClusters("precision"), 0.9998);
  EXPECT_LE(Number("reviews"), 0.01 * Number("records"));
}

TEST_F(IdentityCommandsTest, TheOrderOfArrivalChangesNothing) {
  ASSERT_EQ(Run(kZh10k, kChineseColumns), 0) << err_.str();
  const std::string clusters = Read(Out());
  for (const char* seed : {"1", "2", "3"}) {
    ASSERT_EQ(Run(kZh10k, kChineseColumns, {"--shuffle", seed}), 0) << err_.str();
    EXPECT_TRUE(Read(Out()) == clusters) << "seed " << seed;
  }
}

TEST_F(IdentityCommandsTest, Febrl1LearnsFromItself) {
  const std::string file = OthersFile("febrl1.csv");
  if (file.empty()) GTEST_SKIP() << "ANQIAO_IDENTITY_DATA names no folder with febrl1.csv";
  ASSERT_EQ(
      Run(file, kFebrlColumns, {"--train", "--truth", "rec_id", "--truth-pattern", "rec-(\\d+)-"}),
      0)
      << err_.str();
  EXPECT_GE(OfClusters("f1"), 0.998);
}

TEST_F(IdentityCommandsTest, Febrl2LearnsFromItself) {
  const std::string file = OthersFile("febrl2.csv");
  if (file.empty()) GTEST_SKIP() << "ANQIAO_IDENTITY_DATA names no folder with febrl2.csv";
  ASSERT_EQ(
      Run(file, kFebrlColumns, {"--train", "--truth", "rec_id", "--truth-pattern", "rec-(\\d+)-"}),
      0)
      << err_.str();
  EXPECT_GE(OfClusters("f1"), 0.9992);
}

TEST_F(IdentityCommandsTest, Fake1000LearnsFromItself) {
  const std::string file = OthersFile("fake_1000.csv");
  if (file.empty()) GTEST_SKIP() << "ANQIAO_IDENTITY_DATA names no folder with fake_1000.csv";
  ASSERT_EQ(Run(file, kFakeColumns, {"--train", "--truth", "cluster"}), 0) << err_.str();
  EXPECT_GE(OfClusters("f1"), 0.965);
}

constexpr char kThree[] =
    "rec_id,name,id_no,phone\n"
    "a,王秀英,421299198503150026,19000000001\n"
    "b,王 秀英,４２１２９９１９８５０３１５００２６,19000000001\n"
    "\"c,1\",李强,421299197711039918,\n";
constexpr char kThreeColumns[] = "columns:\n  name: name\n  id_no: national_id\n  phone: phone\n";

TEST_F(IdentityCommandsTest, WritesALineForEachRecordInTheFilesOrder) {
  ASSERT_EQ(Run(Write("three.csv", kThree), kThreeColumns), 0) << err_.str();
  EXPECT_THAT(Read(Out()),
              ::testing::MatchesRegex(
                  "rec_id,cluster,score,review\n"
                  "a,a,[0-9]+\\.[0-9]+,0\nb,a,[0-9]+\\.[0-9]+,0\n\"c,1\",\"c,1\",,0\n"));
  EXPECT_EQ(Number("clusters"), 2);
}

TEST_F(IdentityCommandsTest, SaysBesideWhomAndWhy) {
  const std::string reviews = absl::StrCat(directory_.path(), "/reviews.csv");
  ASSERT_EQ(Run(Write("two.csv",
                      "rec_id,name,id_no\na,王秀英,421299198503150026\n"
                      "b,赵建国,421299198503150026\n"),
                "columns:\n  name: name\n  id_no: national_id\n", {"--reviews", reviews}),
            0)
      << err_.str();
  EXPECT_THAT(Read(reviews),
              ::testing::MatchesRegex("rec_id,beside,score,why\nb,a,[0-9.]+,ID_ALONE\n"));
  EXPECT_THAT(Read(Out()), HasSubstr("b,b,,1\n"));
}

TEST_F(IdentityCommandsTest, ALearnedModelIsKeptAndUsedAgain) {
  const std::string model = absl::StrCat(directory_.path(), "/m.yaml");
  ASSERT_EQ(Run(kZh10k, kChineseColumns, {"--train", "--save-model", model}), 0) << err_.str();
  EXPECT_THAT(Read(model), HasSubstr("version: \"trained-"));
  ASSERT_EQ(Run(kZh10k, kChineseColumns, {"--model", model, "--truth", "person_id"}), 0)
      << err_.str();
  EXPECT_GE(OfClusters("f1"), 0.988);
}

TEST_F(IdentityCommandsTest, WhatIsReadIsNotWrittenOver) {
  const std::string table = Write("three.csv", kThree);
  EXPECT_EQ(Run(table, kThreeColumns, {"--reviews", table}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--reviews names a file that is used otherwise"));
  EXPECT_EQ(Read(table), kThree);
}

TEST_F(IdentityCommandsTest, WhatIsNoFileIsWrittenToAsItIs) {
  const std::string pipe = absl::StrCat(directory_.path(), "/pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::string written;
  std::thread reader([&] { written = Read(pipe); });
  EXPECT_EQ(Run(Write("three.csv", kThree), kThreeColumns, {"--reviews", pipe}), 0) << err_.str();
  reader.join();
  EXPECT_EQ(written, "rec_id,beside,score,why\n");
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
}

TEST_F(IdentityCommandsTest, SaysThatNothingWasCompared) {
  ASSERT_EQ(Run(Write("three.csv", kThree), "columns:\n  phone: phone\n"), 0);
  EXPECT_THAT(err_.str(), HasSubstr("no two records share a key"));
}

struct Wrong {
  const char* name;
  const char* table;
  const char* columns;
  std::vector<std::string> more;
  int exit_code;
  const char* message;
};
void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }
class WrongInputTest : public IdentityCommandsTest, public ::testing::WithParamInterface<Wrong> {};

TEST_P(WrongInputTest, IsToldWhatAndWhere) {
  const Wrong& wrong = GetParam();
  EXPECT_EQ(Run(Write("table.csv", wrong.table), wrong.columns, wrong.more), wrong.exit_code);
  EXPECT_THAT(err_.str(), HasSubstr(wrong.message));
  EXPECT_FALSE(std::filesystem::exists(Out()));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongInputTest,
    ::testing::Values(
        Wrong{"NoSuchColumn",
              kThree,
              "columns:\n  nome: name\n",
              {},
              1,
              "columns.yaml:2:9: the file has no column nome among the 4 titles of its first line"},
        Wrong{"NoSuchRecordColumn",
              kThree,
              "record: key\ncolumns:\n  name: name\n",
              {},
              1,
              "columns.yaml:1:9: the file has no column key"},
        Wrong{"NoSuchKind", kThree, "columns:\n  name: nom\n", {}, 1, "unknown kind nom"},
        Wrong{"UnknownKey", kThree, "colums:\n  name: name\n", {}, 1, "unknown key colums"},
        Wrong{"FormatWithoutDay",
              kThree,
              "columns:\n  phone: {kind: birth_date, format: YYYYMM}\n",
              {},
              1,
              "names year, month and day"},
        Wrong{"TwoNames",
              kThree,
              "columns:\n  name: name\n  phone: name\n",
              {},
              1,
              "two attributes are of kind name"},
        Wrong{"KeyTwice",
              "rec_id,name\na,王秀英\na,李强\n",
              "columns:\n  name: name\n",
              {},
              1,
              "record 2 of"},
        Wrong{"ShortRow",
              "rec_id,name\na\n",
              "columns:\n  name: name\n",
              {},
              1,
              "table.csv:2: 1 cells, the title row has 2"},
        Wrong{"OpenQuotation",
              "rec_id,name\na,\"王\n",
              "columns:\n  name: name\n",
              {},
              1,
              "table.csv:2: a quotation mark does not close"},
        Wrong{"NotUtf8",
              "rec_id,name\na,\xCD\xF5\n",
              "columns:\n  name: name\n",
              {},
              1,
              "is not UTF-8; say what it is with --encoding"},
        Wrong{"NoSuchEncoding",
              kThree,
              kThreeColumns,
              {"--encoding", "klingon"},
              1,
              "no encoding klingon"},
        Wrong{"NoTruth", kThree, kThreeColumns, {"--truth", "who"}, 2, "no column who"},
        Wrong{"TooFewToLearn",
              kThree,
              kThreeColumns,
              {"--train"},
              1,
              "learned from at least 100 records, not 3"},
        Wrong{"ModelKnowsNoSuchKind",
              kThree,
              "columns:\n  name: name\n  phone: other\n",
              {},
              2,
              "knows no other like column phone"},
        Wrong{"NoFolderForOut",
              kThree,
              kThreeColumns,
              {"--reviews", "/nonexistent/r.csv"},
              1,
              "cannot write /nonexistent/r.csv"},
        Wrong{"AFolderForAFile", kThree, kThreeColumns, {"--model", "/tmp"}, 1, "cannot read /tmp"},
        Wrong{"LongCellForAPattern",
              "rec_id,name\na,"
              "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
              "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
              "xxxx"
              "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
              "xxxxxxxx\n",
              "columns:\n  name: name\n",
              {"--truth", "name", "--truth-pattern", "(x)"},
              2,
              "more than 256 bytes"},
        Wrong{"TrainAndModel",
              kThree,
              kThreeColumns,
              {"--train", "--model", "m.yaml"},
              2,
              "leave --model out"},
        Wrong{"NoModelFile",
              kThree,
              kThreeColumns,
              {"--model", "/nonexistent/m.yaml"},
              1,
              "cannot read /nonexistent/m.yaml"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace anqiao::ctl

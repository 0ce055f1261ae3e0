// adapter test and adapter new, as they are typed.

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "hub/base/clock.h"
#include "hub/ctl/app.h"
#include "hub/ctl/failure.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::ctl {
namespace {

using ::anqiao::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;

struct Ran {
  int code = 0;
  std::string out, err;
};

Ran RunCommand(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const SystemClock clock{};
  const AppEnvironment environment{
      .out = out, .err = err, .err_is_terminal = false, .clock = &clock, .profile = ""};
  Ran ran;
  ran.code = RunApp(arguments, environment);
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

std::string Planted(const std::string& fault) {
  return ANQIAO_PLANTED_DIRECTORY "/libanqiao_planted_" + fault + ".so";
}

std::vector<std::string> TestOf(const std::string& fault, const std::string& saved) {
  return {"adapter",    "test", Planted(fault), "--samples", ANQIAO_PLANTED_SOURCES "/samples",
          "--payloads", "100",  "--seconds",    "60",        "--save",
          saved};
}

TEST(AdapterCommandsTest, ASoundAdapterPassesWithOneLineACheck) {
  const TempDir saved;
  const Ran ran = RunCommand(TestOf("NONE", saved.path()));
  EXPECT_EQ(ran.code, kExitOk) << ran.out << ran.err;
  for (const char* check : {"load", "samples", "round_trip", "state", "determinism", "skew",
                            "bounds", "leak", "fuzz"}) {
    EXPECT_THAT(ran.out, HasSubstr(std::string("\n") + check + " "));
  }
}

TEST(AdapterCommandsTest, AFaultIsToldWithItsInputAndExitCode) {
  const TempDir saved;
  const Ran ran = RunCommand(TestOf("SKEW", saved.path()));
  EXPECT_EQ(ran.code, kExitFailed);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("FAILED"), HasSubstr("skew: with a host without write"),
                             HasSubstr("the input that shows it 输入: " + saved.path() + "/1_")));
}

TEST(AdapterCommandsTest, ResultsAreJsonOnDemand) {
  const TempDir saved;
  std::vector<std::string> arguments = TestOf("SKEW", saved.path());
  arguments.insert(arguments.begin(), {"--output", "json"});
  const Ran ran = RunCommand(arguments);
  EXPECT_EQ(ran.code, kExitFailed);
  google::protobuf::Struct report;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(ran.out, &report).ok()) << ran.out;
  EXPECT_FALSE(report.fields().at("passed").bool_value());
  const auto& checks = report.fields().at("checks").list_value();
  ASSERT_EQ(checks.values_size(), 9);
  const auto& skew = checks.values(5).struct_value().fields();
  EXPECT_EQ(skew.at("name").string_value(), "skew");
  EXPECT_EQ(skew.at("result").string_value(), "FAILED");
  EXPECT_TRUE(std::filesystem::exists(skew.at("inputFile").string_value()));
}

TEST(AdapterCommandsTest, SaysWhatIsMissing) {
  const TempDir directory;
  const Ran nothing = RunCommand({"adapter", "test", directory.File("none")});
  EXPECT_EQ(nothing.code, kExitError);
  EXPECT_THAT(nothing.err, AllOf(HasSubstr("expected a library or an adapter's folder"),
                                 HasSubstr("ADAPTER_UNUSABLE")));
  std::ofstream(directory.File("libanqiao_alone.so")) << "x";
  const Ran alone = RunCommand({"adapter", "test", directory.File("libanqiao_alone.so")});
  EXPECT_EQ(alone.code, kExitUsage);
  EXPECT_THAT(alone.err, HasSubstr("--samples DIR"));
  EXPECT_EQ(RunCommand({"adapter"}).code, kExitUsage);
  EXPECT_EQ(RunCommand({"adapter", "new", "x"}).code, kExitUsage);
}

TEST(AdapterCommandsTest, NewWritesAFolderOnceAndSaysThatTheRowsAreMadeUp) {
  const TempDir directory;
  std::ofstream(directory.File("list.csv")) << "姓名,课程名称\n样例,电工\n";
  const std::vector<std::string> arguments = {"adapter",
                                              "new",
                                              "school",
                                              "--from",
                                              directory.File("list.csv"),
                                              "--dir",
                                              directory.File("school")};
  const Ran made = RunCommand(arguments);
  EXPECT_EQ(made.code, kExitOk) << made.err;
  EXPECT_THAT(made.out, AllOf(HasSubstr("school/school.cc"), HasSubstr("TRAINING"),
                              HasSubstr("2 of 2"), HasSubstr("rows were not copied")));
  EXPECT_TRUE(std::filesystem::exists(directory.File("school/samples/first.expected")));
  const Ran again = RunCommand(arguments);
  EXPECT_EQ(again.code, kExitError);
  EXPECT_THAT(again.err, HasSubstr("not empty"));
}

}  // namespace
}  // namespace anqiao::ctl

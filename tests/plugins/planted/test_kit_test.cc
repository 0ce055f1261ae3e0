// The test kit finds each planted fault, and nothing beside it.

#include "hub/adapter/test_kit/test_kit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>
#include <vector>

#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::test_kit {
namespace {

using ::anqiao::testing::StatusIs;
using ::anqiao::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kSamples[] = ANQIAO_PLANTED_SOURCES "/samples";

std::string Planted(const std::string& fault) {
  return ANQIAO_PLANTED_DIRECTORY "/libanqiao_planted_" + fault + ".so";
}

Options OptionsFor(const std::string& library, const std::string& samples, const TempDir& saved) {
  Options options;
  options.library = library;
  options.samples_directory = samples;
  // The number of payloads ends it, so that a slow machine tries the same as a fast one.
  options.fuzz = absl::Seconds(60);
  options.fuzz_payloads_max = 3000;
  options.save_directory = saved.File("inputs");
  options.limits.call = absl::Seconds(2);
  return options;
}

std::vector<CheckResult> RunAll(const Options& options) {
  const auto results = Run(options, [](const CheckResult&) {});
  EXPECT_TRUE(results.ok()) << results.status();
  return results.ok() ? *results : std::vector<CheckResult>{};
}

std::vector<std::string> FailedIn(const std::vector<CheckResult>& results) {
  std::vector<std::string> failed;
  for (const CheckResult& result : results) {
    if (result.verdict == CheckResult::Verdict::kFailed) failed.push_back(result.name);
  }
  return failed;
}

std::string AllMessages(const std::vector<CheckResult>& results) {
  std::string text;
  for (const CheckResult& result : results) {
    if (!result.message.empty()) text += result.name + ": " + result.message + "\n";
  }
  return text;
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct Case {
  std::string fault;
  std::string check;
  std::string message;
  bool has_input = true;
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.fault; }

class PlantedFault : public ::testing::TestWithParam<Case> {};

TEST_P(PlantedFault, IsFoundByItsCheckAlone) {
  const Case& planted = GetParam();
  if (planted.check == "leak" && IsSanitized()) GTEST_SKIP() << "the sanitizer counts instead";
  const TempDir saved;
  const std::vector<CheckResult> results =
      RunAll(OptionsFor(Planted(planted.fault), kSamples, saved));
  // The samples are decoded twice, as at every load, so that they find what is kept as well.
  if (planted.check == "state") {
    ASSERT_THAT(FailedIn(results), ElementsAre("samples", planted.check)) << AllMessages(results);
  } else {
    ASSERT_THAT(FailedIn(results), ElementsAre(planted.check)) << AllMessages(results);
  }
  for (const CheckResult& result : results) {
    if (result.name != planted.check) continue;
    EXPECT_THAT(result.message, HasSubstr(planted.message));
    EXPECT_EQ(!result.input_file.empty(), planted.has_input);
    if (!planted.has_input) continue;
    EXPECT_THAT(ReadFile(result.input_file), ::testing::Not(IsEmpty()));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Planted, PlantedFault,
    ::testing::Values(Case{"DROPPED_COLUMN", "samples", "sample more differs in line 5"},
                      Case{"WRONG_CONVERTER", "samples", "AMOUNT_FEN"},
                      Case{"STATE", "state", "alone and after other payloads"},
                      Case{"LEAK", "leak", "memory grew by", false},
                      Case{"OVERREAD", "bounds", "read beyond the end of the payload"},
                      Case{"WRITES", "bounds", "wrote into the payload"},
                      Case{"ADDRESSES", "determinism", " at 0x"},
                      Case{"CURSOR_BACK", "fuzz", "the cursor went back from row 3"},
                      Case{"CRASH", "fuzz", "killed by SIGABRT; the cursor was at row"},
                      Case{"HANG", "fuzz",
                           "a call did not end within 2s of processor time; the cursor was at row"},
                      Case{"SKEW", "skew", "read beyond the end of aq_host (48 bytes)"},
                      Case{"ENCODE_DROPS", "round_trip", "records before and after differ"}),
    [](const auto& info) { return info.param.fault; });

TEST(TestKitTest, PassesASoundAdapterAndSaysWhatWasDone) {
  const TempDir saved;
  const std::vector<CheckResult> results = RunAll(OptionsFor(Planted("NONE"), kSamples, saved));
  EXPECT_THAT(FailedIn(results), IsEmpty()) << AllMessages(results);
  ASSERT_EQ(results.size(), 9U);
  EXPECT_EQ(results[0].figures, "planted 1.0.0, 1 formats");
  EXPECT_EQ(results[1].figures, "2 samples of 1 formats");
  EXPECT_THAT(results[8].figures, HasSubstr("3000 payloads"));
}

TEST(TestKitTest, PassesTheShippedAdapters) {
  for (const std::string name : {"police", "civil_affairs", "employment", "tax"}) {
    const TempDir saved;
    Options options = OptionsFor(ANQIAO_PLUGINS_DIRECTORY "/libanqiao_" + name + ".so",
                                 ANQIAO_SAMPLES_ROOT "/" + name + "/samples", saved);
    const std::vector<CheckResult> results = RunAll(options);
    EXPECT_THAT(FailedIn(results), IsEmpty()) << name << ": " << AllMessages(results);
  }
}

TEST(TestKitTest, SkipsEverythingAfterALibraryThatCannotBeLoaded) {
  const TempDir directory;
  std::ofstream(directory.File("libanqiao_text.so")) << "not a library";
  const std::vector<CheckResult> results =
      RunAll(OptionsFor(directory.File("libanqiao_text.so"), kSamples, directory));
  EXPECT_THAT(FailedIn(results), ElementsAre("load"));
  EXPECT_THAT(results[0].message, HasSubstr("cannot be loaded"));
  EXPECT_EQ(results[8].verdict, CheckResult::Verdict::kSkipped);
}

TEST(TestKitTest, SaysWhichFormatHasNoSample) {
  const TempDir directory;
  std::ofstream(directory.File("one.in")) << "x";
  std::ofstream(directory.File("one.expected")) << "format: other\n---\n";
  Options options = OptionsFor(Planted("NONE"), directory.path(), directory);
  options.format = "rows";
  const std::vector<CheckResult> results = RunAll(options);
  EXPECT_THAT(FailedIn(results), ElementsAre("samples"));
  EXPECT_EQ(results[1].message, "format rows has no sample");
}

TEST(TestKitTest, AcceptWritesWhatIsExpectedThen) {
  const TempDir directory;
  const std::string payload = ReadFile(std::string(kSamples) + "/rows.in");
  std::ofstream(directory.File("first.in"), std::ios::binary) << payload;
  std::ofstream(directory.File("first.expected")) << "format: rows\nfile: a.csv\n---\n";
  const Options options = OptionsFor(Planted("NONE"), directory.path(), directory);
  const std::vector<CheckResult> before = RunAll(options);
  EXPECT_THAT(FailedIn(before), ElementsAre("samples"));
  EXPECT_THAT(before[1].message, HasSubstr("sample first has no expectation yet"));
  AQ_ASSERT_OK_AND_ASSIGN(const std::vector<std::string> changed, AcceptSamples(options));
  EXPECT_THAT(changed, ElementsAre(directory.File("first.expected")));
  EXPECT_THAT(ReadFile(changed[0]), HasSubstr("format: rows\nfile: a.csv\n---\nrecord BUSINESS"));
  EXPECT_THAT(FailedIn(RunAll(options)), IsEmpty());
  AQ_ASSERT_OK_AND_ASSIGN(const std::vector<std::string> again, AcceptSamples(options));
  EXPECT_THAT(again, IsEmpty());
}

TEST(TestKitTest, LocatesALibraryAndItsSamples) {
  const TempDir directory;
  std::filesystem::create_directories(directory.File("mine/samples"));
  std::filesystem::create_directories(directory.File("mine/build"));
  EXPECT_THAT(Locate(directory.File("none")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("expected a library")));
  EXPECT_THAT(Locate(directory.File("mine")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("found none")));
  std::ofstream(directory.File("mine/build/libanqiao_mine.so")) << "x";
  for (const char* path : {"mine", "mine/build/libanqiao_mine.so"}) {
    AQ_ASSERT_OK_AND_ASSIGN(const Options options, Locate(directory.File(path)));
    EXPECT_EQ(options.library, directory.File("mine/build/libanqiao_mine.so"));
    EXPECT_EQ(options.samples_directory, directory.File("mine/samples"));
  }
  std::ofstream(directory.File("mine/libanqiao_other.so")) << "x";
  EXPECT_THAT(Locate(directory.File("mine")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("libanqiao_other.so")));
}

}  // namespace
}  // namespace anqiao::test_kit

// policy check, test, explain and diff on files, and explain against a hub's listener.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/clock.h"
#include "hub/ctl/app.h"
#include "hub/ctl/failure.h"
#include "hub/policy/catalogue.h"
#include "hub/rpc/listener.h"
#include "tests/hub/policy/policy_files.h"
#include "tests/hub/rpc/fake_engine.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::ctl {
namespace {

using policy::Changed;
using policy::kPolicyFile;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class PolicyCommandsTest : public ::testing::Test {
 protected:
  // A catalogue with these policies, by id.
  std::string Catalogue(const std::string& name,
                        const std::vector<std::pair<std::string, std::string>>& policies) {
    const std::string directory = directory_.File(name);
    std::filesystem::create_directories(directory + "/tables");
    Write(directory + "/tables/retirement.yaml", policy::RetirementFile());
    for (const auto& [id, text] : policies) Write(absl::StrCat(directory, "/", id, ".yaml"), text);
    return directory;
  }
  static void Write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  int Run(const std::vector<std::string>& arguments) {
    out_.str("");
    err_.str("");
    return RunApp(arguments, {.out = out_, .err = err_, .clock = &clock_, .profile = ""});
  }

  const testing::TempDir directory_;
  const SystemClock clock_{};
  std::ostringstream out_, err_;
};

TEST_F(PolicyCommandsTest, CheckNamesEveryErrorOfEveryFile) {
  EXPECT_EQ(Run({"policy", "check", ANQIAO_POLICIES}), kExitOk) << out_.str();
  EXPECT_THAT(out_.str(), HasSubstr(" 0 errors"));
  const std::string bad = Catalogue(
      "bad",
      {{"p", Changed(kPolicyFile, "view: training", "view: everything")},
       {"q", Changed(Changed(kPolicyFile, "id: p\n", "id: q\n"), "fact: employed", "fact: happy")},
       {"r", Changed(Changed(kPolicyFile, "id: p\n", "id: r\n"), "expect: ELIGIBLE\n",
                     "expect: UNKNOWN\n")}});
  EXPECT_EQ(Run({"policy", "check", bad}), kExitFailed);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("p.yaml:7:7: unknown value everything\n"),
                                HasSubstr("unknown fact happy\n"), HasSubstr("q.yaml:"),
                                HasSubstr("test failed: long enough: expected UNKNOWN, got "
                                          "ELIGIBLE\n"),
                                HasSubstr("1 policies"), HasSubstr("3 errors")));
  EXPECT_EQ(Run({"--output", "json", "policy", "check", bad}), kExitFailed);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("\"errors\""), HasSubstr("p.yaml:7:7")));
}

TEST_F(PolicyCommandsTest, TestCountsAndNamesWhatIsLeftOut) {
  EXPECT_EQ(Run({"policy", "test", ANQIAO_POLICIES}), kExitOk) << out_.str();
  const std::string directory = Catalogue("thin", {{"p", kPolicyFile}});
  EXPECT_EQ(Run({"policy", "test", directory}), kExitFailed);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("employed"), HasSubstr("true, unknown"),
                                HasSubstr("2020-01-01, 2029-12-31, 2030-01-01")));
  EXPECT_EQ(Run({"--output", "json", "policy", "test", directory, "--policy", "p"}), kExitFailed);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("\"passed\": 2"), HasSubstr("\"lacking\"")));
  EXPECT_EQ(Run({"policy", "test", directory, "--policy", "q"}), kExitUsage);
}

TEST_F(PolicyCommandsTest, ExplainsFactsOfNobody) {
  const std::string directory = Catalogue("one", {{"p", kPolicyFile}});
  const std::string facts = directory_.File("facts.yaml");
  Write(facts, "as_of: 2026-03-15\nfacts: {unemployed_months: 12}\n");
  ASSERT_EQ(Run({"policy", "explain", "p", "--catalogue", directory, "--facts", facts, "--language",
                 "en"}),
            kExitOk)
      << err_.str();
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("Title\nanswer: not known (as of 2026-03-15)"),
                    HasSubstr("  [yes] Long enough (unemployed_months = 12; employment bureau; "),
                    HasSubstr("    [unknown] Has work"), HasSubstr("*decisive"),
                    HasSubstr("missing: employed (MISSING; held by employment bureau)")));
  ASSERT_EQ(Run({"policy", "explain", "p", "--catalogue", directory, "--facts", facts, "--as-of",
                 "2019-12-31", "--for", "employment"}),
            kExitOk)
      << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("（截至 2019-12-31）"), Not(HasSubstr("关键"))));
  EXPECT_EQ(Run({"policy", "explain", "p", "--catalogue", directory}), kExitUsage);
  EXPECT_EQ(Run({"policy", "explain", "q", "--catalogue", directory, "--facts", facts}),
            kExitUsage);
  EXPECT_EQ(Run({"policy", "explain", "p", "--facts", facts, "--for", "police"}), kExitUsage);
  Write(facts, "facts: {happy: true}\n");
  EXPECT_EQ(Run({"policy", "explain", "p", "--catalogue", directory, "--facts", facts}),
            kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("facts.yaml:1:16: unknown fact happy"));
}

TEST_F(PolicyCommandsTest, DiffShowsWhatChangedAndForWhom) {
  const std::string before = Catalogue("before", {{"p", kPolicyFile}});
  const std::string after = Catalogue(
      "after", {{"p", Changed(kPolicyFile, "value: 12, source: s", "value: 18, source: s")},
                {"q", Changed(kPolicyFile, "id: p\n", "id: q\n")}});
  ASSERT_EQ(Run({"policy", "diff", before, after}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("parameter months_min"), HasSubstr("added"),
                                HasSubstr("p: long enough"), HasSubstr("loses")));
  const std::string facts = directory_.File("facts.yaml");
  Write(facts, "as_of: 2026-03-15\nfacts: {unemployed_months: 12, employed: false}\n");
  ASSERT_EQ(Run({"--output", "json", "policy", "diff", after, before, "--facts", facts}), kExitOk);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("\"gains\": true"), HasSubstr("facts.yaml"),
                                HasSubstr("\"removed\""), Not(HasSubstr("p: long enough"))));
}

TEST_F(PolicyCommandsTest, ExplainsACaseOfTheHubToEachReader) {
  testing::FakeEngine engine;
  AQ_ASSERT_OK_AND_ASSIGN(engine.loaded_catalogue,
                          policy::Catalogue::Load(ANQIAO_POLICIES, "421202"));
  AQ_ASSERT_OK_AND_ASSIGN(const auto listeners,
                          rpc::Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                                                 .hub = {.address = "127.0.0.1:0"},
                                                 .insecure_loopback = true},
                                                &engine));
  const auto explain = [&](std::vector<std::string> more) {
    std::vector<std::string> all = {"--insecure",
                                    "--hub",
                                    listeners->hub_address(),
                                    "--as-uri",
                                    "anqiao://users/wang?role=caseworker&jurisdiction=421202",
                                    "policy",
                                    "explain",
                                    "tax-relief-employer",
                                    "--case",
                                    "one",
                                    "--language",
                                    "en"};
    all.insert(all.end(), more.begin(), more.end());
    return Run(all);
  };
  ASSERT_EQ(explain({}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("Tax relief for an employer"), HasSubstr("catalogue: "),
                                HasSubstr("*decisive")));
  ASSERT_EQ(explain({"--for", "tax"}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("Tax relief for an employer"), Not(HasSubstr("*decisive"))));
}

}  // namespace
}  // namespace anqiao::ctl

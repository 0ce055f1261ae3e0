#include "hub/policy/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/policy/content.h"
#include "hub/policy/coverage.h"
#include "hub/policy/facts.h"
#include "tests/hub/policy/policy_files.h"
#include "tests/testing/document_table.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::policy {
namespace {

using testing::DocumentRow;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOkAndHolds;
using testing::ReadDocumentTable;
using ::testing::StartsWith;
using testing::StatusIs;

TEST(CatalogueTest, TheShippedPoliciesLoad) {
  AQ_ASSERT_OK_AND_ASSIGN(const auto catalogue, Catalogue::Load(ANQIAO_POLICIES));
  std::vector<std::string> ids;
  for (const PolicySummary& summary : catalogue->policies()) {
    ids.push_back(summary.id);
    EXPECT_EQ(catalogue->Find(summary.id)->title_zh, summary.title_zh);
    EXPECT_EQ(summary.service, summary.id);
    EXPECT_FALSE(summary.laws.empty());
  }
  EXPECT_THAT(ids,
              ElementsAre("destitute-support", "difficulty-recognition", "employment-assistance",
                          "first-business-subsidy", "insurance-subsidy-employer",
                          "insurance-subsidy-flexible", "minimum-living", "public-welfare-post",
                          "startup-loan", "tax-relief-employer", "tax-relief-self-employed",
                          "temporary-relief", "training-subsidy", "unemployment-insurance",
                          "unemployment-registration"));
  EXPECT_EQ(catalogue->Find("no-such"), nullptr);
  const PolicySummary& relief = *catalogue->Find("tax-relief-employer");
  EXPECT_EQ(relief.provider, "tax");
  EXPECT_EQ(relief.view, "employer_relief");
  EXPECT_THAT(relief.laws, ElementsAre("公告2023年第15号 第二条"));
  EXPECT_EQ(relief.effective_from.ToString(), "2023-01-01");
  EXPECT_EQ(relief.effective_to.ToString(), "2030-11-30");
  EXPECT_EQ(relief.received, "running");
  EXPECT_EQ(relief.deadlines.expire_working_days, 10);
  EXPECT_FALSE(relief.unverified);
  EXPECT_TRUE(catalogue->Find("startup-loan")->unverified);
}

// A case in which it holds, one in which it fails and one in which it is not known, for every
// condition; and the days around every date.
TEST(CatalogueTest, TheTestsOfEveryShippedPolicyCoverIt) {
  AQ_ASSERT_OK_AND_ASSIGN(const auto files, ReadCatalogueFiles(ANQIAO_POLICIES));
  std::vector<absl::Status> errors;
  const Content content = ReadContent(files, errors);
  EXPECT_THAT(errors, ElementsAre());
  for (const auto& [id, policy] : content.policies) AQ_EXPECT_OK(CheckCoverage(policy));
}

TEST(CatalogueTest, TheContentUnpacksToTheFilesAndLoadsToTheSameHash) {
  AQ_ASSERT_OK_AND_ASSIGN(const auto catalogue, Catalogue::Load(ANQIAO_POLICIES));
  EXPECT_EQ(catalogue->hash(), Hex(Sha256(catalogue->content())));
  AQ_ASSERT_OK_AND_ASSIGN(const auto files, Catalogue::Unpack(catalogue->content()));
  EXPECT_EQ(files.size(), 22U);
  EXPECT_EQ(files.at("tables/retirement.yaml"), RetirementFile());
  AQ_ASSERT_OK_AND_ASSIGN(const auto again, Catalogue::Parse(files));
  EXPECT_EQ(again->content(), catalogue->content());
  EXPECT_EQ(again->hash(), catalogue->hash());
}

TEST(CatalogueTest, AChangedByteIsAnotherHash) {
  AQ_ASSERT_OK_AND_ASSIGN(const auto one, Catalogue::Parse(FilesWith(kPolicyFile)));
  AQ_ASSERT_OK_AND_ASSIGN(const auto other,
                          Catalogue::Parse(FilesWith(absl::StrCat(kPolicyFile, "# more\n"))));
  EXPECT_NE(one->hash(), other->hash());
}

TEST(CatalogueTest, DamagedContentIsRefused) {
  AQ_ASSERT_OK_AND_ASSIGN(const auto catalogue, Catalogue::Parse(FilesWith(kPolicyFile)));
  const std::string content = catalogue->content();
  const std::string magic = content.substr(0, content.find('\n') + 1);
  EXPECT_THAT(Catalogue::Unpack(magic), IsOkAndHolds(std::map<std::string, std::string>()));
  for (const std::string& damaged :
       {std::string(), content.substr(1), content.substr(0, content.size() - 1),
        absl::StrCat(content, "x"), absl::StrCat(magic, "a 1"), absl::StrCat(magic, "a -1\n"),
        absl::StrCat(magic, "a 18446744073709551615\nx"), absl::StrCat(magic, "a\nb 1\nx")}) {
    const auto unpacked = Catalogue::Unpack(damaged);
    EXPECT_THAT(unpacked, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(ReasonOf(unpacked.status()), reason::kCatalogueInvalid);
  }
}

TEST(CatalogueTest, FilesAreNamedAfterTheirPolicies) {
  const auto load = [](const std::string& name) {
    return Catalogue::Parse({{name, kPolicyFile}, {"tables/retirement.yaml", RetirementFile()}});
  };
  EXPECT_THAT(load("q.yaml"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must be named p.yaml")));
  EXPECT_THAT(load("tables/p.yaml"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("there is no such table")));
  EXPECT_THAT(load("p .yaml"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("blanks")));
  AQ_EXPECT_OK(load("p.yaml").status());
}

TEST(CatalogueTest, ACatalogueHasTheTableAndAPolicy) {
  EXPECT_THAT(
      Catalogue::Parse({{"p.yaml", kPolicyFile}}),
      StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("tables/retirement.yaml:1:1")));
  EXPECT_THAT(Catalogue::Parse({{"tables/retirement.yaml", RetirementFile()}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has no policy")));
  std::map<std::string, std::string> many = FilesWith(kPolicyFile);
  for (int i = 0; i < 256; ++i) many[absl::StrCat("x", i, ".yaml")] = "";
  EXPECT_THAT(Catalogue::Parse(many),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("more than 256 files")));
}

TEST(CatalogueTest, LoadsADirectory) {
  testing::TempDir directory;
  EXPECT_THAT(Catalogue::Load(directory.File("absent")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cannot be read")));
  std::filesystem::create_directory(directory.File("tables"));
  std::ofstream(directory.File("tables/retirement.yaml")) << RetirementFile();
  std::ofstream(directory.File("p.yaml")) << kPolicyFile;
  std::ofstream(directory.File("README.md")) << "not a policy";
  AQ_ASSERT_OK_AND_ASSIGN(const auto loaded, Catalogue::Load(directory.path()));
  AQ_ASSERT_OK_AND_ASSIGN(const auto parsed, Catalogue::Parse(FilesWith(kPolicyFile)));
  EXPECT_EQ(loaded->hash(), parsed->hash());
  std::ofstream(directory.File("q.yaml")) << std::string(300'000, '#');
  EXPECT_THAT(Catalogue::Load(directory.path()),
              StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("q.yaml:1:1: ")));
}

TEST(CatalogueTest, AnUnknownPolicyIsNotFound) {
  AQ_ASSERT_OK_AND_ASSIGN(const auto catalogue, Catalogue::Parse(FilesWith(kPolicyFile)));
  const auto answer = catalogue->Evaluate("q", model::Case());
  EXPECT_THAT(answer, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(ReasonOf(answer.status()), reason::kPolicyNotFound);
}

std::set<std::string> FirstColumn(const std::string& document, absl::string_view column) {
  std::set<std::string> found;
  for (const DocumentRow& row :
       ReadDocumentTable(absl::StrCat(ANQIAO_DOCUMENTS, "/", document), column)) {
    found.insert(row.front());
  }
  return found;
}

TEST(DocumentTest, ListsTheCategoriesOfTheShippedPolicies) {
  std::set<std::string> categories;
  const std::regex category("category: ([A-Z0-9_]+)");
  for (const auto& entry : std::filesystem::directory_iterator(ANQIAO_POLICIES)) {
    const std::string text = entry.is_directory() ? "" : ReadFile(entry.path());
    for (std::sregex_iterator it(text.begin(), text.end(), category), end; it != end; ++it) {
      categories.insert((*it)[1]);
    }
  }
  EXPECT_EQ(FirstColumn("codes.md", "category"), categories);
}

TEST(DocumentTest, ListsTheFactsWithTheirHolders) {
  std::set<std::string> facts;
  for (const FactKind& kind : FactKinds()) facts.emplace(kind.name);
  EXPECT_EQ(FirstColumn("policies.md", "fact"), facts);
  for (const DocumentRow& row : ReadDocumentTable(ANQIAO_DOCUMENTS "/policies.md", "fact")) {
    const FactKind* kind = FindFactKind(row.front());
    if (kind != nullptr) {
      EXPECT_EQ(row.at(1), kind->holder) << row.front();
    }
  }
}

TEST(DocumentTest, TheExampleLoads) {
  const std::string text = ReadFile(ANQIAO_DOCUMENTS "/policies.md");
  const std::string opening = "```yaml\n";
  const std::size_t begin = text.find(opening) + opening.size();
  const std::string example = text.substr(begin, text.find("```\n", begin) - begin);
  AQ_EXPECT_OK(Catalogue::Parse(
                   {{"rent-allowance.yaml", example}, {"tables/retirement.yaml", RetirementFile()}})
                   .status());
}

}  // namespace
}  // namespace anqiao::policy

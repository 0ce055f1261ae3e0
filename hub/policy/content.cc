#include "hub/policy/content.h"

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/model/yaml_reader.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

constexpr char kTables[] = "tables/";
constexpr char kProfiles[] = "profiles/";
constexpr char kRetirement[] = "tables/retirement.yaml";
constexpr char kEmployerRelief[] = "tables/employer-relief.yaml";
constexpr char kEntitlementWatch[] = "tables/entitlement-watch.yaml";
// Part of the content; hub/referral reads it.
constexpr char kReferralDeadlines[] = "tables/referral_deadlines.yaml";
constexpr char kJobLimits[] = "tables/job_limits.yaml";
constexpr char kCohortMix[] = "tables/cohort-mix.yaml";

absl::Status InvalidContent(absl::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, reason::kCatalogueInvalid, message);
}

absl::Status InvalidFile(absl::string_view file, absl::string_view message) {
  return InvalidContent(absl::StrCat(file, ":1:1: ", message));
}

absl::StatusOr<RetirementTable> ReadRetirement(const std::map<std::string, std::string>& files) {
  const auto it = files.find(kRetirement);
  if (it == files.end()) return InvalidFile(kRetirement, "the file is missing");
  AQ_ASSIGN_OR_RETURN(const YamlNode table, YamlNode::Parse(it->first, it->second));
  return RetirementTable::Read(table);
}

absl::StatusOr<EmployerReliefTable> ReadEmployerRelief(const std::string& bytes,
                                                       const PolicyMap& policies) {
  AQ_ASSIGN_OR_RETURN(const YamlNode file, YamlNode::Parse(kEmployerRelief, bytes));
  return EmployerReliefTable::Read(file, policies);
}

absl::StatusOr<EntitlementWatchTable> ReadEntitlementWatch(const std::string& bytes,
                                                           const PolicyMap& policies) {
  AQ_ASSIGN_OR_RETURN(const YamlNode file, YamlNode::Parse(kEntitlementWatch, bytes));
  return EntitlementWatchTable::Read(file, policies);
}

absl::StatusOr<Policy> ReadPolicyFile(const std::string& name, const std::string& bytes) {
  AQ_ASSIGN_OR_RETURN(const YamlNode file, YamlNode::Parse(name, bytes));
  AQ_ASSIGN_OR_RETURN(Policy policy, ReadPolicy(file));
  const std::string& id = policy.summary.id;
  if (name != absl::StrCat(id, ".yaml")) {
    return file.Wrong(absl::StrCat("the file of policy ", id, " must be named ", id, ".yaml"));
  }
  return policy;
}

absl::StatusOr<Profile> ReadProfileFile(const std::string& name, const std::string& bytes,
                                        const PolicyMap& policies) {
  AQ_ASSIGN_OR_RETURN(const YamlNode file, YamlNode::Parse(name, bytes));
  AQ_ASSIGN_OR_RETURN(Profile profile, ReadProfile(file, policies));
  const std::string due = absl::StrCat(kProfiles, profile.division, ".yaml");
  if (name != due) {
    return file.Wrong(
        absl::StrCat("the file of profile ", profile.division, " must be named ", due));
  }
  return profile;
}

absl::Status ReadDirectory(const std::string& directory, const std::string& prefix,
                           std::map<std::string, std::string>& files) {
  std::error_code error;
  std::filesystem::directory_iterator entries(directory, error);
  if (error) return InvalidFile(directory, "the directory cannot be read");
  for (; entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const std::filesystem::path path = entries->path();
    if (path.extension() != ".yaml") continue;
    const std::string name = absl::StrCat(prefix, path.filename().string());
    std::ifstream in(path, std::ios::binary);
    std::string bytes(model::kFileBytesMax + 1, '\0');
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(in.gcount()));
    if (in.bad() || !in.eof()) {
      return InvalidFile(
          name, absl::StrCat("cannot be read, or is over ", model::kFileBytesMax, " bytes"));
    }
    files[name] = std::move(bytes);
    if (files.size() > kFilesMax) return InvalidFile(name, "too many files");
  }
  return error ? InvalidFile(directory, "the directory cannot be read") : absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> ReadCatalogueFiles(
    const std::string& directory) {
  std::map<std::string, std::string> files;
  AQ_RETURN_IF_ERROR(ReadDirectory(directory, "", files));
  AQ_RETURN_IF_ERROR(ReadDirectory(absl::StrCat(directory, "/tables"), kTables, files));
  const std::string profiles = absl::StrCat(directory, "/profiles");
  std::error_code error;
  if (std::filesystem::exists(profiles, error)) {
    AQ_RETURN_IF_ERROR(ReadDirectory(profiles, kProfiles, files));
  }
  return files;
}

Content ReadContent(const std::map<std::string, std::string>& files,
                    std::vector<absl::Status>& errors) {
  Content content;
  if (files.size() > kFilesMax) {
    errors.push_back(InvalidContent(absl::StrCat("more than ", kFilesMax, " files")));
    return content;
  }
  if (absl::StatusOr<RetirementTable> table = ReadRetirement(files); table.ok()) {
    content.retirement = *std::move(table);
  } else {
    errors.push_back(table.status());
  }
  bool policies = false;
  for (const auto& [name, bytes] : files) {
    if (name.empty() || name.find_first_of(" \n") != std::string::npos) {
      errors.push_back(InvalidContent("a file name must not be empty or hold blanks"));
      continue;
    }
    if (name == kRetirement || name == kEmployerRelief || name == kEntitlementWatch ||
        name == kReferralDeadlines || name == kJobLimits || name == kCohortMix ||
        absl::StartsWith(name, kProfiles)) {
      continue;
    }
    if (absl::StartsWith(name, kTables)) {
      errors.push_back(InvalidFile(name, "there is no such table"));
      continue;
    }
    policies = true;
    if (absl::StatusOr<Policy> policy = ReadPolicyFile(name, bytes); policy.ok()) {
      const std::string id = policy->summary.id;
      content.policies.emplace(id, *std::move(policy));
    } else {
      errors.push_back(policy.status());
    }
  }
  if (!policies) errors.push_back(InvalidContent("the catalogue has no policy"));
  // Only now are all policies there that tables and a profile may name.
  if (const auto it = files.find(kEmployerRelief); it != files.end()) {
    if (auto table = ReadEmployerRelief(it->second, content.policies); table.ok()) {
      content.employer_relief = *std::move(table);
    } else {
      errors.push_back(table.status());
    }
  }
  if (const auto it = files.find(kEntitlementWatch); it != files.end()) {
    if (auto table = ReadEntitlementWatch(it->second, content.policies); table.ok()) {
      content.entitlement_watch = *std::move(table);
    } else {
      errors.push_back(table.status());
    }
  }
  for (const auto& [name, bytes] : files) {
    if (!absl::StartsWith(name, kProfiles)) continue;
    if (absl::StatusOr<Profile> profile = ReadProfileFile(name, bytes, content.policies);
        profile.ok()) {
      content.profiles.push_back(*std::move(profile));
    } else {
      errors.push_back(profile.status());
    }
  }
  return content;
}

void RunTests(const Content& content, std::vector<absl::Status>& errors) {
  for (const auto& [id, policy] : content.policies) {
    for (const PolicyTest& test : policy.tests) {
      if (const absl::Status status = RunTest(policy, test); !status.ok()) {
        errors.push_back(status);
      }
    }
  }
}

}  // namespace anqiao::policy

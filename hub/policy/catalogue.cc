#include "hub/policy/catalogue.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/policy/policy.h"
#include "hub/policy/retirement.h"
#include "hub/policy/yaml_reader.h"

namespace anqiao::policy {
namespace {

constexpr char kMagic[] = "anqiao catalogue 1\n";
constexpr char kTables[] = "tables/";
constexpr char kRetirement[] = "tables/retirement.yaml";
// Part of the content; hub/referral reads it.
constexpr char kReferralDeadlines[] = "tables/referral_deadlines.yaml";
constexpr std::size_t kFilesMax = 256;

absl::Status Invalid(absl::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, reason::kCatalogueInvalid, message);
}

absl::Status InvalidFile(absl::string_view file, absl::string_view message) {
  return Invalid(absl::StrCat(file, ":1:1: ", message));
}

// For each file "name size\n" and its bytes, by name.
std::string Pack(const std::map<std::string, std::string>& files) {
  std::string content = kMagic;
  for (const auto& [name, bytes] : files) {
    absl::StrAppend(&content, name, " ", bytes.size(), "\n", bytes);
  }
  return content;
}

class LoadedCatalogue : public Catalogue {
 public:
  LoadedCatalogue(std::string content, std::map<std::string, Policy> policies,
                  RetirementTable retirement)
      : content_(std::move(content)),
        hash_(Hex(Sha256(content_))),
        policies_(std::move(policies)),
        retirement_(std::move(retirement)) {
    for (const auto& [id, policy] : policies_) summaries_.push_back(policy.summary);
  }

  const std::string& content() const override { return content_; }
  const std::string& hash() const override { return hash_; }
  const std::vector<PolicySummary>& policies() const override { return summaries_; }

  const PolicySummary* Find(absl::string_view id) const override {
    const auto it = policies_.find(std::string(id));
    return it == policies_.end() ? nullptr : &it->second.summary;
  }

  absl::StatusOr<journal::v1::EntitlementAnswer> Evaluate(
      absl::string_view policy, const model::Case& person) const override {
    const auto it = policies_.find(std::string(policy));
    if (it == policies_.end()) {
      return Error(absl::StatusCode::kNotFound, reason::kPolicyNotFound,
                   "there is no such policy in the catalogue")
          .Meta("policy", policy);
    }
    const auto facts_on = [&](const model::CivilDate& on) {
      return DeriveFacts(person, on, retirement_);
    };
    journal::v1::EntitlementAnswer answer = Answer(it->second, facts_on, person.as_of);
    answer.set_catalogue_hash(hash_);
    return answer;
  }

 private:
  const std::string content_;
  const std::string hash_;
  const std::map<std::string, Policy> policies_;
  const RetirementTable retirement_;
  std::vector<PolicySummary> summaries_;
};

absl::StatusOr<RetirementTable> ReadRetirement(const std::map<std::string, std::string>& files) {
  const auto it = files.find(kRetirement);
  if (it == files.end()) return InvalidFile(kRetirement, "the file is missing");
  AQ_ASSIGN_OR_RETURN(const YamlNode table, YamlNode::Parse(it->first, it->second));
  return RetirementTable::Read(table);
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
    std::string bytes(kFileBytesMax + 1, '\0');
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(in.gcount()));
    if (in.bad() || !in.eof()) {
      return InvalidFile(name,
                         absl::StrCat("cannot be read, or is over ", kFileBytesMax, " bytes"));
    }
    files[name] = std::move(bytes);
    if (files.size() > kFilesMax) return InvalidFile(name, "too many files");
  }
  return error ? InvalidFile(directory, "the directory cannot be read") : absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Catalogue>> Catalogue::Load(const std::string& directory) {
  std::map<std::string, std::string> files;
  AQ_RETURN_IF_ERROR(ReadDirectory(directory, "", files));
  AQ_RETURN_IF_ERROR(ReadDirectory(absl::StrCat(directory, "/tables"), kTables, files));
  return Parse(files);
}

absl::StatusOr<std::unique_ptr<Catalogue>> Catalogue::Parse(
    const std::map<std::string, std::string>& files) {
  if (files.size() > kFilesMax) return Invalid(absl::StrCat("more than ", kFilesMax, " files"));
  AQ_ASSIGN_OR_RETURN(RetirementTable retirement, ReadRetirement(files));
  std::map<std::string, Policy> policies;
  for (const auto& [name, bytes] : files) {
    if (name.empty() || name.find_first_of(" \n") != std::string::npos) {
      return Invalid("a file name must not be empty or hold blanks");
    }
    if (name == kRetirement || name == kReferralDeadlines) continue;
    if (absl::StartsWith(name, kTables)) return InvalidFile(name, "there is no such table");
    AQ_ASSIGN_OR_RETURN(const YamlNode file, YamlNode::Parse(name, bytes));
    AQ_ASSIGN_OR_RETURN(Policy policy, ReadPolicy(file));
    const std::string id = policy.summary.id;
    if (name != absl::StrCat(id, ".yaml")) {
      return file.Wrong(absl::StrCat("the file of policy ", id, " must be named ", id, ".yaml"));
    }
    policies.emplace(id, std::move(policy));
  }
  if (policies.empty()) return Invalid("the catalogue has no policy");
  return std::unique_ptr<Catalogue>(
      std::make_unique<LoadedCatalogue>(Pack(files), std::move(policies), std::move(retirement)));
}

absl::StatusOr<std::map<std::string, std::string>> Catalogue::Unpack(absl::string_view content) {
  if (!absl::ConsumePrefix(&content, kMagic)) return Invalid("not a catalogue's content");
  std::map<std::string, std::string> files;
  while (!content.empty()) {
    const std::size_t line = content.find('\n');
    const std::size_t blank = content.find(' ');
    std::uint64_t size = 0;
    if (line == absl::string_view::npos || blank == absl::string_view::npos || blank > line ||
        !absl::SimpleAtoi(content.substr(blank + 1, line - blank - 1), &size) ||
        size > content.size() - line - 1 || files.size() == kFilesMax) {
      return Invalid("the catalogue's content is damaged");
    }
    files[std::string(content.substr(0, blank))] = std::string(content.substr(line + 1, size));
    content.remove_prefix(line + 1 + size);
  }
  return files;
}

}  // namespace anqiao::policy

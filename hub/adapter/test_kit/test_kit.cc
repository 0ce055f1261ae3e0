#include "hub/adapter/test_kit/test_kit.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "hub/adapter/adapter.h"
#include "hub/adapter/samples.h"
#include "hub/adapter/test_kit/checks.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::test_kit {
namespace {

namespace fs = std::filesystem;

constexpr int kFolderDepthMax = 4;
constexpr std::size_t kEntriesMax = 20'000;

absl::Status Unusable(absl::string_view message) {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kAdapterUnusable, message);
}

bool IsLibrary(const fs::path& path) {
  const std::string name = path.filename().string();
  return absl::StartsWith(name, "libanqiao_") && absl::EndsWith(name, ".so");
}

// The libraries in a folder and the folders in it, for each name the newest only: an adapter that
// was built twice is one adapter.
std::vector<fs::path> LibrariesIn(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  std::size_t entries = 0;
  for (fs::recursive_directory_iterator
           it(folder, fs::directory_options::skip_permission_denied, error),
       end;
       !error && it != end && entries < kEntriesMax; it.increment(error), ++entries) {
    std::error_code ignored;
    if (it.depth() >= kFolderDepthMax) it.disable_recursion_pending();
    if (!IsLibrary(it->path()) || !it->is_regular_file(ignored)) continue;
    const auto same = std::find_if(found.begin(), found.end(), [&](const fs::path& other) {
      return other.filename() == it->path().filename();
    });
    if (same == found.end()) {
      found.push_back(it->path());
    } else if (fs::last_write_time(it->path(), ignored) > fs::last_write_time(*same, ignored)) {
      *same = it->path();
    }
  }
  return found;
}

absl::StatusOr<std::string> SamplesFor(const std::vector<fs::path>& candidates) {
  std::vector<std::string> names;
  for (const fs::path& candidate : candidates) {
    std::error_code ignored;
    if (fs::is_directory(candidate, ignored)) return candidate.string();
    names.push_back(candidate.string());
  }
  return Unusable(absl::StrCat("no samples: expected a folder ", absl::StrJoin(names, " or "),
                               ", or --samples DIR"));
}

struct NamedCheck {
  const char* name;
  absl::StatusOr<CheckResult> (*run)(Subject& subject);
};

constexpr NamedCheck kChecks[] = {{"load", CheckLoad},
                                  {"samples", CheckSamples},
                                  {"round_trip", CheckRoundTrip},
                                  {"state", CheckState},
                                  {"determinism", CheckDeterminism},
                                  {"skew", CheckSkew},
                                  {"bounds", CheckBounds},
                                  {"leak", CheckLeak},
                                  {"fuzz", CheckFuzz}};

std::string ExpectedOf(const adapter::Sample& sample, const std::string& description) {
  std::string text = absl::StrCat("format: ", sample.format, "\n");
  if (!sample.file_name.empty()) absl::StrAppend(&text, "file: ", sample.file_name, "\n");
  return absl::StrCat(text, "---\n", description);
}

}  // namespace

absl::StatusOr<Options> Locate(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  Options options;
  if (fs::is_regular_file(status)) {
    const fs::path folder = fs::absolute(path, error).parent_path();
    options.library = path;
    const auto samples = SamplesFor({folder / "samples", folder.parent_path() / "samples",
                                     folder.parent_path().parent_path() / "samples"});
    if (samples.ok()) options.samples_directory = *samples;
    return options;
  }
  if (!fs::is_directory(status)) {
    return Unusable(absl::StrCat(path, ": expected a library or an adapter's folder"));
  }
  const std::vector<fs::path> libraries = LibrariesIn(path);
  if (libraries.size() != 1) {
    std::vector<std::string> names;
    for (const fs::path& library : libraries) names.push_back(library.string());
    return Unusable(absl::StrCat(
        path, ": expected one library libanqiao_NAME.so in it, found ",
        names.empty() ? "none: build it first, or name the library" : absl::StrJoin(names, ", ")));
  }
  options.library = libraries.front().string();
  AQ_ASSIGN_OR_RETURN(options.samples_directory, SamplesFor({fs::path(path) / "samples"}));
  return options;
}

absl::StatusOr<std::vector<CheckResult>> Run(
    const Options& options, const std::function<void(const CheckResult&)>& progress) {
  Subject subject(options);
  std::vector<CheckResult> results;
  bool loaded = true;
  for (const NamedCheck& check : kChecks) {
    CheckResult result = Skipped("the adapter cannot be loaded");
    if (loaded) {
      const absl::Time begin = absl::Now();
      AQ_ASSIGN_OR_RETURN(result, check.run(subject));
      result.took = absl::Now() - begin;
    }
    result.name = check.name;
    if (results.empty()) loaded = result.verdict == CheckResult::Verdict::kPassed;
    progress(result);
    results.push_back(std::move(result));
  }
  return results;
}

absl::StatusOr<std::vector<std::string>> AcceptSamples(const Options& options) {
  AQ_ASSIGN_OR_RETURN(const std::vector<adapter::Sample> samples,
                      adapter::ReadSamples(options.samples_directory));
  std::vector<std::string> changed;
  for (const adapter::Sample& sample : samples) {
    if (!options.format.empty() && sample.format != options.format) continue;
    AQ_ASSIGN_OR_RETURN(const ChildEnd end, RunChild(options.limits, [&](Probe& probe) {
                          probe.Begin(sample.name, sample.format, sample.payload);
                          const auto loaded = adapter::Adapter::Load(options.library, "");
                          if (!loaded.ok()) return absl::StrCat("!", loaded.status().message());
                          const auto instance = (*loaded)->Open();
                          if (!instance.ok()) return absl::StrCat("!", instance.status().message());
                          return absl::StrCat(
                              "=", adapter::DescribeDecode(**instance, sample.format,
                                                           sample.payload, sample.file_name));
                        }));
    if (!end.failure.empty()) return Unusable(end.failure);
    if (end.result.empty() || end.result.front() != '=') return Unusable(end.result.substr(1));
    const std::string description = end.result.substr(1);
    if (description == sample.expected) continue;
    const std::string path = (fs::path(options.samples_directory) / (sample.name + ".expected"));
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << ExpectedOf(sample, description);
    out.close();
    if (!out.good()) return Unusable(absl::StrCat(path, ": cannot be written"));
    changed.push_back(path);
  }
  return changed;
}

}  // namespace anqiao::test_kit

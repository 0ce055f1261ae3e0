#include "hub/adapter/test_kit/subject.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "hub/adapter/test_kit/mutate.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::test_kit {
namespace {

constexpr std::size_t kLineShown = 160;
// Each is a process of its own.
constexpr std::size_t kBaselineMax = 200;
constexpr std::size_t kBaselineBytesMax = std::size_t{1} << 20;
constexpr int kDamagedPerSample = 3;

std::string Shown(absl::string_view line) {
  if (line.size() <= kLineShown) return std::string(line);
  return absl::StrCat(line.substr(0, kLineShown), "...");
}

}  // namespace

std::string Pack(const std::vector<std::string>& texts) {
  std::string packed;
  for (const std::string& text : texts) {
    const std::uint64_t size = text.size();
    packed.append(reinterpret_cast<const char*>(&size), sizeof size);
    packed += text;
  }
  return packed;
}

std::vector<std::string> Unpack(absl::string_view packed) {
  std::vector<std::string> texts;
  std::uint64_t size = 0;
  while (packed.size() >= sizeof size) {
    std::memcpy(&size, packed.data(), sizeof size);
    packed.remove_prefix(sizeof size);
    if (size > packed.size()) break;
    texts.emplace_back(packed.substr(0, size));
    packed.remove_prefix(size);
  }
  return texts;
}

std::string FirstDifference(absl::string_view want, absl::string_view got) {
  if (want == got) return "";
  const std::vector<absl::string_view> wanted = absl::StrSplit(want, '\n');
  const std::vector<absl::string_view> found = absl::StrSplit(got, '\n');
  std::size_t line = 0;
  while (line < wanted.size() && line < found.size() && wanted[line] == found[line]) ++line;
  return absl::StrCat("line ", line + 1, ": \"",
                      line < wanted.size() ? Shown(wanted[line]) : "(nothing more)", "\" and \"",
                      line < found.size() ? Shown(found[line]) : "(nothing more)", "\"");
}

CheckResult Passed(std::string figures) {
  CheckResult result;
  result.figures = std::move(figures);
  return result;
}

CheckResult Skipped(std::string why) {
  CheckResult result;
  result.verdict = CheckResult::Verdict::kSkipped;
  result.message = std::move(why);
  return result;
}

void Subject::SetSamples(std::vector<adapter::Sample> samples) {
  samples_ = std::move(samples);
  inputs_.clear();
  for (const adapter::Sample& sample : samples_) {
    inputs_.push_back({sample.name, sample.format, sample.file_name, sample.payload});
  }
}

absl::StatusOr<ChildEnd> Subject::InChild(
    const ChildLimits& limits, const std::function<std::string(Library&, Probe&)>& body) const {
  // The first byte says whether it could be loaded.
  AQ_ASSIGN_OR_RETURN(ChildEnd end, RunChild(limits, [&](Probe& probe) {
                        const absl::StatusOr<std::unique_ptr<Library>> library =
                            Library::Load(options_.library, probe);
                        if (!library.ok()) return absl::StrCat("!", library.status().message());
                        return absl::StrCat("=", body(**library, probe));
                      }));
  if (!end.result.empty() && end.result.front() == '!') end.failure = end.result.substr(1);
  if (!end.result.empty()) end.result.erase(0, 1);
  return end;
}

absl::StatusOr<const std::vector<Subject::Alone>*> Subject::Baseline() {
  if (baseline_.has_value()) return &*baseline_;
  std::vector<Input> candidates;
  for (const Input& input : inputs_) {
    if (input.payload.size() <= kBaselineBytesMax) candidates.push_back(input);
  }
  if (!candidates.empty()) {
    const std::vector<Input> whole = candidates;
    Mutator mutator(whole, options_.seed);
    const std::size_t count = std::min(kBaselineMax, whole.size() * (1 + kDamagedPerSample));
    while (candidates.size() < count) candidates.push_back(mutator.Next());
  }
  std::vector<Alone> alone;
  for (Input& input : candidates) {
    AQ_ASSIGN_OR_RETURN(const ChildEnd end,
                        InChild(options_.limits, [&input](Library& library, Probe&) {
                          const std::unique_ptr<Instance> instance = library.Open();
                          if (instance == nullptr) return std::string();
                          Outcome outcome = instance->Decode(input);
                          std::vector<std::string> texts = {outcome.text, outcome.used ? "1" : "",
                                                            absl::StrCat(outcome.diagnostics)};
                          texts.insert(texts.end(), outcome.records.begin(), outcome.records.end());
                          return Pack(texts);
                        }));
    const std::vector<std::string> texts = Unpack(end.result);
    if (!end.failure.empty() || texts.size() < 3) continue;
    Outcome outcome;
    outcome.text = texts[0];
    outcome.records.assign(texts.begin() + 3, texts.end());
    outcome.used = !texts[1].empty();
    outcome.diagnostics = std::strtoull(texts[2].c_str(), nullptr, 10);
    alone.push_back({std::move(input), std::move(outcome)});
  }
  baseline_ = std::move(alone);
  return &*baseline_;
}

std::string Subject::Save(absl::string_view input_name, absl::string_view input) {
  if (save_directory_.empty()) {
    save_directory_ = options_.save_directory;
    std::error_code ignored;
    if (save_directory_.empty()) {
      std::string pattern =
          (std::filesystem::temp_directory_path(ignored) / "anqiao_adapter_XXXXXX").string();
      if (mkdtemp(pattern.data()) == nullptr) return "";
      save_directory_ = pattern;
    }
    std::filesystem::create_directories(save_directory_, ignored);
  }
  std::string name;
  for (const char c : input_name.substr(0, 60)) {
    name += absl::ascii_isalnum(c) || c == '_' ? c : '-';
  }
  const std::string path =
      absl::StrCat(save_directory_, "/", ++saved_, "_", name.empty() ? "input" : name, ".in");
  std::ofstream out(path, std::ios::binary);
  out.write(input.data(), static_cast<std::streamsize>(input.size()));
  out.close();
  return out.good() ? path : "";
}

CheckResult Subject::Failed(absl::string_view message, absl::string_view input_name,
                            absl::string_view input) {
  CheckResult result;
  result.verdict = CheckResult::Verdict::kFailed;
  result.message = std::string(message);
  if (!input_name.empty()) result.input_file = Save(input_name, input);
  return result;
}

CheckResult Subject::Failed(const ChildEnd& end) {
  return Failed(end.failure, end.input.empty() ? "" : end.input_name, end.input);
}

}  // namespace anqiao::test_kit

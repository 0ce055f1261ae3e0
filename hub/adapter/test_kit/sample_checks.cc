// load, samples, round_trip.

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/adapter/adapter.h"
#include "hub/adapter/test_kit/checks.h"
#include "hub/base/status_macros.h"

namespace anqiao::test_kit {
namespace {

const adapter::v1::Format* FindFormat(const adapter::v1::Manifest& manifest,
                                      absl::string_view name) {
  for (const adapter::v1::Format& format : manifest.formats()) {
    if (format.name() == name) return &format;
  }
  return nullptr;
}

// The sample by the hub's own host, so that the words are those of the load gate; empty if it
// gives what it should.
std::string RunAsTheHubDoes(const std::string& library, const adapter::Sample& sample) {
  const auto loaded = adapter::Adapter::Load(library, "");
  if (!loaded.ok()) return std::string(loaded.status().message());
  const auto instance = (*loaded)->Open();
  if (!instance.ok()) return std::string(instance.status().message());
  return std::string(adapter::RunSample(**instance, sample).message());
}

// Kind, key and values of serialized records, without their places; removed ones are left out,
// since they cannot be encoded.
std::vector<std::string> Contents(const std::vector<std::string>& records) {
  std::vector<std::string> contents;
  for (const std::string& bytes : records) {
    adapter::v1::Record record;
    if (!record.ParseFromString(bytes) || record.removed()) continue;
    std::string text = absl::StrCat(adapter::v1::RecordKind_Name(record.kind()), " ", record.key());
    for (const adapter::v1::FieldValue& value : record.values()) {
      absl::StrAppend(&text, " ", adapter::v1::Field_Name(value.field()), "=", value.value());
    }
    contents.push_back(std::move(text));
  }
  return contents;
}

std::vector<std::string> NotRemoved(const std::vector<std::string>& records) {
  std::vector<std::string> kept;
  for (const std::string& bytes : records) {
    adapter::v1::Record record;
    if (record.ParseFromString(bytes) && !record.removed()) kept.push_back(bytes);
  }
  return kept;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) absl::StrAppend(&text, line, "\n");
  return text;
}

// What is wrong with one round trip; empty if nothing is. Each step has an instance of its own:
// what is kept between calls is another check's.
std::string RoundTrip(Library& library, const Input& input) {
  const std::unique_ptr<Instance> steps[] = {library.Open(), library.Open(), library.Open(),
                                             library.Open()};
  for (const std::unique_ptr<Instance>& step : steps) {
    if (step == nullptr) return "the adapter cannot be opened several times";
  }
  const Outcome first = steps[0]->Decode(input);
  if (!first.used) return "";
  const std::vector<std::string> records = NotRemoved(first.records);
  const Outcome encoded = steps[1]->Encode(input.name, input.format, records);
  if (!encoded.used) return absl::StrCat("what was decoded is not encoded: ", encoded.text);
  Input again = input;
  again.payload = encoded.encoded;
  const Outcome second = steps[2]->Decode(again);
  if (!second.used || second.diagnostics > 0) {
    return absl::StrCat("what was encoded is not decoded: ", second.text.substr(0, 500));
  }
  std::string difference =
      FirstDifference(Joined(Contents(records)), Joined(Contents(second.records)));
  if (!difference.empty()) {
    return absl::StrCat("records before and after differ in ", difference);
  }
  if (steps[3]->Encode(input.name, input.format, second.records).encoded != encoded.encoded) {
    return "encoding the same records again gives other bytes";
  }
  return "";
}

}  // namespace

absl::StatusOr<CheckResult> CheckLoad(Subject& subject) {
  AQ_ASSIGN_OR_RETURN(const ChildEnd end,
                      subject.InChild(subject.options().limits, [](Library& library, Probe&) {
                        // Two at once, as the hub does.
                        const std::unique_ptr<Instance> one = library.Open();
                        const std::unique_ptr<Instance> two = library.Open();
                        if (one == nullptr || two == nullptr) return std::string();
                        return library.manifest().SerializeAsString();
                      }));
  if (!end.failure.empty()) return subject.Failed(end);
  adapter::v1::Manifest manifest;
  if (end.result.empty() || !manifest.ParseFromString(end.result)) {
    return subject.Failed("open returned nothing: the adapter cannot be opened twice", "", "");
  }
  subject.SetManifest(manifest);
  return Passed(absl::StrCat(manifest.name(), " ", manifest.version(), ", ",
                             manifest.formats_size(), " formats"));
}

absl::StatusOr<CheckResult> CheckSamples(Subject& subject) {
  const Options& options = subject.options();
  absl::StatusOr<std::vector<adapter::Sample>> read =
      adapter::ReadSamples(options.samples_directory);
  if (!read.ok()) return subject.Failed(read.status().message(), "", "");
  std::vector<adapter::Sample> samples;
  for (adapter::Sample& sample : *read) {
    if (options.format.empty() || sample.format == options.format) {
      samples.push_back(std::move(sample));
    }
  }
  subject.SetSamples(std::move(samples));
  std::string wrong;
  const Input* first_wrong = nullptr;
  std::size_t failed = 0;
  std::set<std::string> formats;
  for (std::size_t i = 0; i < subject.samples().size(); ++i) {
    const adapter::Sample& sample = subject.samples()[i];
    const Input& input = subject.inputs()[i];
    formats.insert(sample.format);
    AQ_ASSIGN_OR_RETURN(ChildEnd end,
                        subject.InChild(options.limits, [&](Library& library, Probe&) {
                          // First where a crash has a place, then as the hub does it.
                          if (const auto instance = library.Open()) instance->Decode(input);
                          return RunAsTheHubDoes(options.library, sample);
                        }));
    std::string message = end.failure.empty() ? end.result : end.failure;
    if (message.empty()) continue;
    if (end.failure.empty() && sample.expected.empty()) {
      message = absl::StrCat("sample ", sample.name,
                             " has no expectation yet: let --accept write it, and read it");
    }
    ++failed;
    if (first_wrong == nullptr) {
      first_wrong = &input;
      wrong = std::move(message);
    }
  }
  if (first_wrong != nullptr) {
    if (failed > 1) absl::StrAppend(&wrong, " (and ", failed - 1, " other samples)");
    return subject.Failed(wrong, first_wrong->name, first_wrong->payload);
  }
  for (const adapter::v1::Format& format : subject.manifest().formats()) {
    const bool wanted = options.format.empty() || options.format == format.name();
    if (wanted && format.decodes() && formats.count(format.name()) == 0) {
      return subject.Failed(absl::StrCat("format ", format.name(), " has no sample"), "", "");
    }
  }
  return Passed(absl::StrCat(subject.samples().size(), " samples of ", formats.size(), " formats"));
}

absl::StatusOr<CheckResult> CheckRoundTrip(Subject& subject) {
  std::size_t trips = 0;
  for (const Input& input : subject.inputs()) {
    const adapter::v1::Format* format = FindFormat(subject.manifest(), input.format);
    if (format == nullptr || !format->encodes() || !format->decodes()) continue;
    ++trips;
    AQ_ASSIGN_OR_RETURN(const ChildEnd end,
                        subject.InChild(subject.options().limits, [&](Library& library, Probe&) {
                          return RoundTrip(library, input);
                        }));
    if (!end.failure.empty()) return subject.Failed(end);
    if (!end.result.empty()) {
      return subject.Failed(absl::StrCat("sample ", input.name, ": ", end.result), input.name,
                            input.payload);
    }
  }
  if (trips == 0) return Skipped("no sample of a format that goes both ways");
  return Passed(absl::StrCat(trips, " samples"));
}

}  // namespace anqiao::test_kit

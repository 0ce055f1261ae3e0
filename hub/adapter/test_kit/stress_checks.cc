// bounds, fuzz, leak: many calls.

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <random>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "hub/adapter/test_kit/checks.h"
#include "hub/adapter/test_kit/mutate.h"
#include "hub/base/status_macros.h"

namespace anqiao::test_kit {
namespace {

constexpr std::size_t kBoundsBytesMax = std::size_t{256} << 10;
constexpr std::size_t kCutsPerSample = 256;
constexpr int kCallsPerInstance = 64;
constexpr std::size_t kEncodedRecordsMax = 16;

constexpr std::size_t kLeakInputBytesMax = std::size_t{64} << 10;
constexpr int kLeakCalls = 10'000;
constexpr int kLeakWindows = 10;
// Windows at the end that must all have grown.
constexpr int kGrowingWindows = 6;
constexpr std::int64_t kGrowthBytesMin = 2048;
constexpr int kLeakInstances = 1000;

// Lengths at which a payload is cut: all of a short one, else some at either end and between.
std::set<std::size_t> Cuts(std::size_t size) {
  std::set<std::size_t> cuts;
  const std::size_t step = size / kCutsPerSample + 1;
  for (std::size_t cut = 0; cut < size; cut += step) cuts.insert(cut);
  for (std::size_t i = 0; i < std::min<std::size_t>(size, 32); ++i) cuts.insert(size - i);
  cuts.insert(size);
  return cuts;
}

// The bounds check's child: the number of payloads, as text.
std::string DecodeAtGuard(const std::vector<Subject::Alone>& baseline, Library& library,
                          Probe& probe) {
  const std::unique_ptr<Instance> instance = library.Open();
  if (instance == nullptr) return "0";
  GuardedBytes guarded(kBoundsBytesMax);
  std::uint64_t count = 0;
  for (const Subject::Alone& alone : baseline) {
    const Input& whole = alone.input;
    const absl::string_view payload = absl::string_view(whole.payload).substr(0, kBoundsBytesMax);
    for (const std::size_t cut : Cuts(payload.size())) {
      Input input = {.name = absl::StrCat(whole.name, " cut to ", cut, " bytes"),
                     .format = whole.format,
                     .file_name = whole.file_name,
                     .payload = ""};
      const absl::string_view placed = guarded.Place(payload.substr(0, cut));
      probe.SetGuard("the payload", guarded.guard(), cut);
      instance->DecodeAt(input, placed);
      ++count;
    }
  }
  return absl::StrCat(count);
}

// Records to encode: those of the samples, some damaged.
class RecordMutator {
 public:
  RecordMutator(std::vector<std::string> records, std::uint64_t seed)
      : records_(std::move(records)), random_(seed) {}

  bool empty() const { return records_.empty(); }

  std::vector<std::string> Next() {
    std::vector<std::string> chosen;
    const std::size_t count = random_() % kEncodedRecordsMax;
    for (std::size_t i = 0; i < count; ++i) {
      std::string bytes = records_[random_() % records_.size()];
      adapter::v1::Record record;
      if (random_() % 2 == 0 && record.ParseFromString(bytes) && record.values_size() > 0) {
        auto* value = record.mutable_values(
            static_cast<int>(random_() % static_cast<std::uint64_t>(record.values_size())));
        static constexpr std::array<absl::string_view, 6> kValues = {"",     "-1", "9999-99-99",
                                                                     "\t\n", "样", "\"|,;"};
        const absl::string_view chosen_value = kValues[random_() % kValues.size()];
        value->set_value(std::string(chosen_value));
        if (random_() % 4 == 0) value->set_value(std::string(random_() % 5000, 'x'));
        bytes = record.SerializeAsString();
      } else if (random_() % 4 == 0 && !bytes.empty()) {
        bytes[random_() % bytes.size()] = static_cast<char>(random_());
      }
      chosen.push_back(std::move(bytes));
    }
    return chosen;
  }

 private:
  const std::vector<std::string> records_;
  std::mt19937_64 random_;
};

// The fuzz check's child.
class Fuzzer {
 public:
  Fuzzer(const Subject& subject, const std::vector<Subject::Alone>& baseline, Library& library)
      : subject_(subject),
        library_(library),
        mutator_(subject.inputs(), subject.options().seed),
        records_(RecordsOf(baseline), subject.options().seed) {
    for (const adapter::v1::Format& format : library.manifest().formats()) {
      if (format.encodes()) encoding_.push_back(format.name());
    }
  }

  // Packed: breach, input name, input; or nothing, payloads, encodings.
  std::string Run() {
    const absl::Time end = absl::Now() + subject_.options().fuzz;
    for (const Input& input : subject_.inputs()) {
      if (!Decode(input)) return Told();
    }
    const std::uint64_t most = subject_.options().fuzz_payloads_max;
    while (absl::Now() < end && (most == 0 || payloads_ < most)) {
      if (!Decode(mutator_.Next())) return Told();
      if (payloads_ % 8 == 0 && !Encode()) return Told();
    }
    return Pack({"", absl::StrCat(payloads_), absl::StrCat(encodings_)});
  }

 private:
  static std::vector<std::string> RecordsOf(const std::vector<Subject::Alone>& baseline) {
    std::vector<std::string> records;
    for (const Subject::Alone& alone : baseline) {
      records.insert(records.end(), alone.outcome.records.begin(), alone.outcome.records.end());
    }
    return records;
  }

  bool Ready() {
    if (instance_ == nullptr || ++calls_ % kCallsPerInstance == 0) instance_ = library_.Open();
    if (instance_ != nullptr) return true;
    breach_ = "the adapter cannot be opened again";
    return false;
  }

  bool Decode(const Input& input) {
    if (!Ready()) return false;
    ++payloads_;
    const Outcome outcome = instance_->Decode(input);
    if (outcome.breach.empty()) return true;
    breach_ = absl::StrCat(outcome.breach, " of input ", input.name, " (format ", input.format,
                           ", ", input.payload.size(), " bytes)");
    input_ = input;
    return false;
  }

  bool Encode() {
    if (encoding_.empty() || records_.empty()) return true;
    if (!Ready()) return false;
    const std::string& format = encoding_[++encodings_ % encoding_.size()];
    const Outcome outcome =
        instance_->Encode(absl::StrCat("records#", encodings_), format, records_.Next());
    if (outcome.breach.empty()) return true;
    breach_ = absl::StrCat(outcome.breach, " while encoding ", format);
    return false;
  }

  std::string Told() const { return Pack({breach_, input_.name, input_.payload}); }

  const Subject& subject_;
  Library& library_;
  Mutator mutator_;
  RecordMutator records_;
  std::vector<std::string> encoding_;
  std::unique_ptr<Instance> instance_;
  std::uint64_t calls_ = 0;
  std::uint64_t payloads_ = 0;
  std::uint64_t encodings_ = 0;
  std::string breach_;
  Input input_;
};

// Bytes in use: what malloc gave, and the address space as a whole, which sees what does not come
// from malloc.
struct Usage {
  std::int64_t allocated = 0;
  std::int64_t mapped = 0;
};

Usage MeasureUsage() {
  const struct mallinfo2 info = mallinfo2();
  Usage usage;
  usage.allocated = static_cast<std::int64_t>(info.uordblks + info.hblkhd);
  if (std::FILE* statm = std::fopen("/proc/self/statm", "re")) {
    long pages = 0;
    if (std::fscanf(statm, "%ld", &pages) == 1) usage.mapped = pages * getpagesize();
    std::fclose(statm);
  }
  return usage;
}

// Bytes by which every one of the last windows grew in sum; 0 if one of them did not.
std::int64_t Growth(const std::vector<std::int64_t>& windows) {
  const std::size_t first = windows.size() - kGrowingWindows - 1;
  for (std::size_t i = first + 1; i < windows.size(); ++i) {
    if (windows[i] <= windows[i - 1]) return 0;
  }
  return windows.back() - windows[first];
}

struct Windows {
  std::vector<std::int64_t> allocated = std::vector<std::int64_t>(kLeakWindows + 1);
  std::vector<std::int64_t> mapped = std::vector<std::int64_t>(kLeakWindows + 1);

  void Note(int window) {
    const Usage usage = MeasureUsage();
    allocated[static_cast<std::size_t>(window)] = usage.allocated;
    mapped[static_cast<std::size_t>(window)] = usage.mapped;
  }
  std::int64_t growth() const { return std::max(Growth(allocated), Growth(mapped)); }
};

// The leak check's child: bytes of growth over the calls, and over instances.
std::string MeasureGrowth(const std::vector<Input>& inputs, Library& library, Probe& probe) {
  std::unique_ptr<Instance> instance = library.Open();
  if (instance == nullptr || inputs.empty()) return Pack({"0", "0"});
  probe.Begin(inputs.size() == 1 ? inputs.front().name : "(all samples in turn)",
              inputs.front().format, inputs.size() == 1 ? inputs.front().payload : "");
  probe.End();
  Windows calls;
  const int rounds = std::max(1, kLeakCalls / kLeakWindows / static_cast<int>(inputs.size()));
  for (int window = 0; window <= kLeakWindows; ++window) {
    for (int round = 0; round < rounds; ++round) {
      for (const Input& input : inputs) instance->DecodeAgain(input);
    }
    calls.Note(window);
  }
  instance = nullptr;
  Windows instances;
  for (int window = 0; window <= kLeakWindows; ++window) {
    for (int i = 0; i < kLeakInstances / kLeakWindows; ++i) library.Open();
    instances.Note(window);
  }
  return Pack({absl::StrCat(calls.growth()), absl::StrCat(instances.growth())});
}

}  // namespace

absl::StatusOr<CheckResult> CheckBounds(Subject& subject) {
  AQ_ASSIGN_OR_RETURN(const std::vector<Subject::Alone>* baseline, subject.Baseline());
  if (baseline->empty()) return Skipped("no input on which the adapter ends well");
  AQ_ASSIGN_OR_RETURN(
      const ChildEnd end,
      subject.InChild(subject.options().limits, [&](Library& library, Probe& probe) {
        return DecodeAtGuard(*baseline, library, probe);
      }));
  if (!end.failure.empty()) return subject.Failed(end);
  return Passed(absl::StrCat(end.result, " payloads that end where memory ends"));
}

absl::StatusOr<CheckResult> CheckFuzz(Subject& subject) {
  if (subject.inputs().empty()) return Skipped("no samples");
  AQ_ASSIGN_OR_RETURN(const std::vector<Subject::Alone>* baseline, subject.Baseline());
  ChildLimits limits = subject.options().limits;
  limits.total = limits.total + subject.options().fuzz;
  AQ_ASSIGN_OR_RETURN(const ChildEnd end, subject.InChild(limits, [&](Library& library, Probe&) {
    return Fuzzer(subject, *baseline, library).Run();
  }));
  const std::string seed = absl::StrCat("seed ", subject.options().seed);
  if (!end.failure.empty()) {
    ChildEnd told = end;
    absl::StrAppend(&told.failure, "; ", seed, ", call ", end.calls);
    return subject.Failed(told);
  }
  const std::vector<std::string> told = Unpack(end.result);
  if (told.size() != 3) return subject.Failed("the fuzz run says nothing", "", "");
  if (!told[0].empty()) return subject.Failed(absl::StrCat(told[0], "; ", seed), told[1], told[2]);
  return Passed(absl::StrCat(told[1], " payloads, ", told[2], " encodings, ", seed));
}

absl::StatusOr<CheckResult> CheckLeak(Subject& subject) {
  if (IsSanitized()) return Skipped("this is a sanitized build, which finds leaks itself");
  AQ_ASSIGN_OR_RETURN(const std::vector<Subject::Alone>* baseline, subject.Baseline());
  std::vector<Input> inputs;
  for (const Subject::Alone& alone : *baseline) {
    if (alone.input.payload.size() <= kLeakInputBytesMax) inputs.push_back(alone.input);
  }
  if (inputs.empty()) return Skipped("no input of at most 64 KiB on which the adapter ends well");
  AQ_ASSIGN_OR_RETURN(
      const ChildEnd end,
      subject.InChild(subject.options().limits, [&](Library& library, Probe& probe) {
        return MeasureGrowth(inputs, library, probe);
      }));
  if (!end.failure.empty()) return subject.Failed(end);
  const std::vector<std::string> growth = Unpack(end.result);
  if (growth.size() != 2) return subject.Failed("the leak run says nothing", "", "");
  const auto told = [](const std::string& bytes, absl::string_view calls) {
    return absl::StrCat("memory grew by ", bytes, " bytes over the last ", calls);
  };
  if (std::stoll(growth[0]) >= kGrowthBytesMin) {
    return subject.Failed(
        told(growth[0], absl::StrCat(kLeakCalls * kGrowingWindows / kLeakWindows, " of ",
                                     kLeakCalls, " calls, in each part of them")),
        "", "");
  }
  if (std::stoll(growth[1]) >= kGrowthBytesMin) {
    return subject.Failed(
        told(growth[1], absl::StrCat(kLeakInstances * kGrowingWindows / kLeakWindows, " of ",
                                     kLeakInstances, " times that it was opened and closed")),
        "", "");
  }
  return Passed(absl::StrCat(kLeakCalls, " calls, ", kLeakInstances, " instances, no growth"));
}

}  // namespace anqiao::test_kit

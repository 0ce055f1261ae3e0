// state, determinism, skew: the same again, under other circumstances.

#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/adapter/test_kit/checks.h"
#include "hub/base/status_macros.h"

namespace anqiao::test_kit {
namespace {

using Baseline = std::vector<Subject::Alone>;

std::string CannotBeOpened() { return Pack({"the adapter cannot be opened"}); }

// Fills the gaps of the address space, so that what is loaded next lies elsewhere.
void ShiftAddresses() {
  struct Step {
    std::size_t bytes;
    int count;
  };
  for (const Step& step : {Step{std::size_t{1} << 20, 64}, Step{std::size_t{1} << 16, 512},
                           Step{std::size_t{1} << 12, 1024}}) {
    for (int i = 0; i < step.count; ++i) {
      mmap(nullptr, step.bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }
  }
  // The heap; never given back.
  for (std::size_t size = 24; size < 9000; size += 104) {
    if (void* kept = malloc(size)) static_cast<volatile char*>(kept)[0] = 0;
  }
}

// What a process can be like without the adapter's doing.
void Circumstances(bool other) {
  mallopt(M_PERTURB, other ? 0xA5 : 0x11);
  clearenv();
  // At least a day apart at any moment.
  setenv("TZ", other ? "Pacific/Kiritimati" : "Etc/GMT+12", 1);
  setenv("LANG", other ? "tr_TR.UTF-8" : "C", 1);
  setenv("HOME", other ? "/nonexistent" : "/", 1);
  if (chdir(other ? "/" : "/tmp") != 0) return;
  if (other) ShiftAddresses();
}

// Reading every input under other circumstances.
absl::StatusOr<ChildEnd> Under(const Subject& subject, const Baseline& baseline, bool other) {
  return RunChild(subject.options().limits, [&](Probe& probe) {
    Circumstances(other);
    auto library = Library::Load(subject.options().library, probe);
    if (!library.ok()) return CannotBeOpened();
    const std::unique_ptr<Instance> instance = (*library)->Open();
    if (instance == nullptr) return CannotBeOpened();
    std::vector<std::string> texts;
    for (const Subject::Alone& alone : baseline) {
      const Outcome outcome = instance->Decode(alone.input);
      texts.push_back(outcome.text);
      if (!outcome.used) continue;
      for (const adapter::v1::Format& format : (*library)->manifest().formats()) {
        if (!format.encodes() || format.name() != alone.input.format) continue;
        const Outcome encoded = instance->Encode(alone.input.name, format.name(), outcome.records);
        texts.back() += encoded.text + encoded.encoded;
      }
    }
    return Pack(texts);
  });
}

struct Shape {
  std::string what;
  HostShape shape;
};

std::vector<Shape> Shapes() {
  return {{"a host without write", {.size = offsetof(aq_host, write), .guarded = true}},
          {"a later host with members that are not known yet",
           {.size = sizeof(aq_host) + 64, .abi_minor = AQ_ABI_MINOR + 1, .guarded = true}}};
}

// Encoding for a host that can take no bytes must end without calling it, in whatever way.
void EncodeWithoutWrite(Library& library, Instance& instance) {
  for (const adapter::v1::Format& format : library.manifest().formats()) {
    if (!format.encodes()) continue;
    instance.Encode("(no records)", format.name(), {},
                    {.size = offsetof(aq_host, write), .guarded = true});
  }
}

// What all inputs give one after the other with a host of this shape.
absl::StatusOr<ChildEnd> DecodeAll(const Subject& subject, const Baseline& baseline,
                                   const HostShape& shape) {
  return subject.InChild(subject.options().limits, [&](Library& library, Probe&) {
    const std::unique_ptr<Instance> instance = library.Open();
    if (instance == nullptr) return CannotBeOpened();
    std::vector<std::string> texts;
    for (const Subject::Alone& alone : baseline) {
      texts.push_back(instance->Decode(alone.input, shape).text);
    }
    if (shape.size < sizeof(aq_host)) EncodeWithoutWrite(library, *instance);
    return Pack(texts);
  });
}

}  // namespace

absl::StatusOr<CheckResult> CheckState(Subject& subject) {
  AQ_ASSIGN_OR_RETURN(const Baseline* baseline, subject.Baseline());
  if (baseline->empty()) return Skipped("no input on which the adapter ends well");
  AQ_ASSIGN_OR_RETURN(const ChildEnd end,
                      subject.InChild(subject.options().limits, [&](Library& library, Probe&) {
                        const std::unique_ptr<Instance> one = library.Open();
                        const std::unique_ptr<Instance> two = library.Open();
                        if (one == nullptr || two == nullptr) return CannotBeOpened();
                        std::vector<std::string> texts;
                        for (const Subject::Alone& alone : *baseline) {
                          texts.push_back(one->Decode(alone.input).text);
                        }
                        for (auto it = baseline->rbegin(); it != baseline->rend(); ++it) {
                          texts.push_back(one->Decode(it->input).text);
                        }
                        for (auto it = baseline->rbegin(); it != baseline->rend(); ++it) {
                          texts.push_back(two->Decode(it->input).text);
                        }
                        return Pack(texts);
                      }));
  if (!end.failure.empty()) return subject.Failed(end);
  const std::vector<std::string> texts = Unpack(end.result);
  const std::size_t count = baseline->size();
  if (texts.size() != 3 * count)
    return subject.Failed("the adapter cannot be opened twice", "", "");
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Subject::Alone& alone = (*baseline)[i < count ? i : count - 1 - i % count];
    const std::string difference = FirstDifference(alone.outcome.text, texts[i]);
    if (difference.empty()) continue;
    return subject.Failed(
        absl::StrCat("input ", alone.input.name, " (format ", alone.input.format,
                     ") alone and after other payloads gives different things, in ", difference),
        alone.input.name, alone.input.payload);
  }
  return Passed(absl::StrCat(count, " inputs, each alone and ", 3, " times among the others"));
}

absl::StatusOr<CheckResult> CheckDeterminism(Subject& subject) {
  AQ_ASSIGN_OR_RETURN(const Baseline* baseline, subject.Baseline());
  if (baseline->empty()) return Skipped("no input on which the adapter ends well");
  AQ_ASSIGN_OR_RETURN(const ChildEnd here, Under(subject, *baseline, false));
  if (!here.failure.empty()) return subject.Failed(here);
  AQ_ASSIGN_OR_RETURN(const ChildEnd there, Under(subject, *baseline, true));
  if (!there.failure.empty()) return subject.Failed(there);
  const std::vector<std::string> first = Unpack(here.result);
  const std::vector<std::string> second = Unpack(there.result);
  if (first.size() != baseline->size() || second.size() != baseline->size()) {
    return subject.Failed("the adapter cannot be opened under another environment", "", "");
  }
  for (std::size_t i = 0; i < first.size(); ++i) {
    const std::string difference = FirstDifference(first[i], second[i]);
    if (difference.empty()) continue;
    const Input& input = (*baseline)[i].input;
    return subject.Failed(
        absl::StrCat("two processes that differ in addresses, fresh memory, environment, time zone "
                     "and folder make different things of input ",
                     input.name, " (format ", input.format, "), in ", difference),
        input.name, input.payload);
  }
  return Passed(absl::StrCat(first.size(), " inputs in two processes"));
}

absl::StatusOr<CheckResult> CheckSkew(Subject& subject) {
  AQ_ASSIGN_OR_RETURN(const Baseline* baseline, subject.Baseline());
  if (baseline->empty()) return Skipped("no input on which the adapter ends well");
  // The same calls in the same order, so that only the host differs.
  AQ_ASSIGN_OR_RETURN(const ChildEnd usual, DecodeAll(subject, *baseline, HostShape{}));
  if (!usual.failure.empty()) return subject.Failed(usual);
  const std::vector<std::string> expected = Unpack(usual.result);
  for (const Shape& shape : Shapes()) {
    AQ_ASSIGN_OR_RETURN(ChildEnd end, DecodeAll(subject, *baseline, shape.shape));
    if (!end.failure.empty()) {
      end.failure = absl::StrCat("with ", shape.what, ": ", end.failure);
      return subject.Failed(end);
    }
    const std::vector<std::string> texts = Unpack(end.result);
    if (texts.size() != baseline->size() || expected.size() != baseline->size()) {
      return subject.Failed("the adapter cannot be opened", "", "");
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const Input& input = (*baseline)[i].input;
      const std::string difference = FirstDifference(expected[i], texts[i]);
      if (difference.empty()) continue;
      return subject.Failed(absl::StrCat("with ", shape.what, " input ", input.name,
                                         " gives something else, in ", difference),
                            input.name, input.payload);
    }
  }
  return Passed(absl::StrCat("hosts of ", offsetof(aq_host, write), " and ", sizeof(aq_host) + 64,
                             " bytes, ", baseline->size(), " inputs each"));
}

}  // namespace anqiao::test_kit

// How long eligibility takes: one policy for one person, and every policy for a million people as
// of a date, from their folded cases, from their stored documents, and with what is written out.
//
//   policy_bench [--catalogue hub/policies] [--policies 15] [--people 1000000] [--threads 2]
//                [--rounds 5] [--only NAME]
//
// People are made up: 20,000 different ones, gone through again and again.
// A catalogue of fewer policies than asked for is filled up with copies of its own.

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "anqiao/adapter/v1/adapter.pb.h"
#include "anqiao/journal/v1/state.pb.h"
#include "hub/model/case.h"
#include "hub/policy/catalogue.h"
#include "hub/policy/content.h"

namespace anqiao::policy {
namespace {

using model::Case;
using model::CivilDate;

constexpr std::size_t kDifferent = 20'000;

struct Flags {
  std::string catalogue = "hub/policies";
  std::size_t policies = 15;
  std::size_t people = 1'000'000;
  std::size_t threads = 2;
  int rounds = 5;
  std::string only;
};

[[noreturn]] void Fail(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);
}

// The shipped files, filled up with copies under other ids.
std::map<std::string, std::string> Files(const Flags& flags) {
  auto files = ReadCatalogueFiles(flags.catalogue);
  if (!files.ok()) Fail(std::string(files.status().message()));
  std::vector<std::string> ids;
  for (const auto& [name, bytes] : *files) {
    if (name.find('/') == std::string::npos) ids.push_back(name.substr(0, name.size() - 5));
  }
  for (std::size_t i = ids.size(); i < flags.policies; ++i) {
    const std::string& id = ids[i % ids.size()];
    const std::string copy = absl::StrCat(id, "-", i);
    (*files)[absl::StrCat(copy, ".yaml")] =
        absl::StrReplaceAll(files->at(absl::StrCat(id, ".yaml")),
                            {{absl::StrCat("id: ", id, "\n"), absl::StrCat("id: ", copy, "\n")}});
  }
  return *std::move(files);
}

class People {
 public:
  explicit People(const CivilDate& on) : on_(on) {
    for (std::size_t i = 0; i < kDifferent; ++i) {
      documents_.push_back(Person(i));
      bytes_.push_back(documents_.back().SerializeAsString());
      cases_.push_back(model::FoldCase(documents_.back(), on_));
    }
  }

  const Case& At(std::size_t i) const { return cases_[i % kDifferent]; }
  const std::string& Bytes(std::size_t i) const { return bytes_[i % kDifferent]; }
  const CivilDate& on() const { return on_; }
  double RecordsPerPerson() const {
    std::size_t records = 0;
    for (const auto& document : documents_) {
      records += static_cast<std::size_t>(document.records_size());
    }
    return static_cast<double>(records) / static_cast<double>(documents_.size());
  }

 private:
  bool Chance(int percent) { return static_cast<int>(random_() % 100) < percent; }
  type::v1::CivilDate Ago(int days_max) {
    return on_.AddDays(-static_cast<long>(random_() % static_cast<unsigned>(days_max))).ToProto();
  }
  type::v1::CivilDate Ahead() { return on_.AddDays(static_cast<long>(random_() % 700)).ToProto(); }

  journal::v1::Observation& Add(journal::v1::PersonDocument& person, int kind, const char* agency) {
    journal::v1::PersonRecord& record = *person.add_records();
    record.mutable_record()->set_agency(agency);
    record.mutable_record()->set_format("f");
    record.mutable_record()->set_kind(kind);
    record.mutable_record()->set_key(absl::StrCat("k", person.records_size()));
    record.set_source_version(person.records_size());
    record.mutable_observation()->mutable_subject()->set_name("某人");
    record.mutable_observation()->mutable_subject()->set_sex(Chance(50) ? "1" : "2");
    *record.mutable_observation()->mutable_subject()->mutable_birth_date() =
        CivilDate::Of(1960 + static_cast<int>(random_() % 50), 1 + static_cast<int>(random_() % 12),
                      1 + static_cast<int>(random_() % 28))
            .ToProto();
    return *record.mutable_observation();
  }

  journal::v1::PersonDocument Person(std::size_t number) {
    journal::v1::PersonDocument person;
    person.set_person(absl::StrCat("p", number));
    if (Chance(80)) AddEmployment(person);
    if (Chance(40)) {
      auto& relief = *Add(person, adapter::v1::RECORD_KIND_HOUSEHOLD_RELIEF, "civil_affairs")
                          .mutable_household_relief();
      relief.set_kind(Chance(60) ? journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING
                                 : journal::v1::RELIEF_KIND_RURAL_MINIMUM_LIVING);
      relief.set_zero_employment(Chance(10));
      *relief.mutable_from_month() = Ago(900);
      relief.mutable_from_month()->clear_day();
    }
    if (Chance(50)) {
      auto& business = *Add(person, adapter::v1::RECORD_KIND_BUSINESS, "tax").mutable_business();
      *business.mutable_registered_date() = Ago(900);
      if (Chance(20)) *business.mutable_deregistered_date() = Ahead();
    }
    return person;
  }

  void AddEmployment(journal::v1::PersonDocument& person) {
    for (int i = Chance(30) ? 2 : 1; i > 0; --i) {
      auto& unemployment =
          *Add(person, adapter::v1::RECORD_KIND_UNEMPLOYMENT, "employment").mutable_unemployment();
      *unemployment.mutable_registered_date() = Ago(700);
      if (Chance(30)) *unemployment.mutable_ended_date() = Ahead();
    }
    if (Chance(60)) {
      auto& certificate =
          *Add(person, adapter::v1::RECORD_KIND_CERTIFICATE, "employment").mutable_certificate();
      certificate.set_number("C1");
      certificate.add_annotations(Chance(50) ? "EMPLOYER" : "SELF_EMPLOYMENT");
      *certificate.mutable_issued_date() = Ago(600);
    }
    if (Chance(40)) {
      auto& contract =
          *Add(person, adapter::v1::RECORD_KIND_EMPLOYMENT, "employment").mutable_employment();
      *contract.mutable_contract_start_date() = Ago(400);
      *contract.mutable_contract_end_date() = Ahead();
      *contract.mutable_social_insurance_from_month() = Ago(300);
    }
    if (Chance(30)) {
      auto& difficulty =
          *Add(person, adapter::v1::RECORD_KIND_DIFFICULTY, "employment").mutable_difficulty();
      *difficulty.mutable_valid_from_date() = Ago(300);
      *difficulty.mutable_valid_to_date() = Ahead();
    }
    if (Chance(30)) {
      auto& training =
          *Add(person, adapter::v1::RECORD_KIND_TRAINING, "employment").mutable_training();
      *training.mutable_completed_date() = Ago(500);
      training.set_qualification_number("Q1");
    }
  }

  const CivilDate on_;
  std::mt19937 random_{20260315};
  std::vector<journal::v1::PersonDocument> documents_;
  std::vector<std::string> bytes_;
  std::vector<Case> cases_;
};

// What one person costs; the returned number keeps the work from being left out.
using Work = std::function<std::size_t(std::size_t person)>;

double SecondsFor(const Work& work, std::size_t people, std::size_t threads) {
  std::atomic<std::size_t> kept{0};
  std::vector<std::thread> running;
  const absl::Time begin = absl::Now();
  for (std::size_t t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      std::size_t sum = 0;
      for (std::size_t i = t; i < people; i += threads) sum += work(i);
      kept += sum;
    });
  }
  for (std::thread& thread : running) thread.join();
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  if (kept == 0) Fail("nothing was computed");
  return seconds;
}

double MedianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::size_t Kept(const Decision& decision) {
  return 1 + static_cast<std::size_t>(decision.result) +
         static_cast<std::size_t>(decision.next_change.year);
}

std::size_t Kept(const journal::v1::EntitlementAnswer& answer) {
  return 1 + static_cast<std::size_t>(answer.result()) +
         static_cast<std::size_t>(answer.leaves_size());
}

struct Measured {
  const char* name;
  const char* what;
  Work work;
};

std::vector<Measured> Measures(const Catalogue& catalogue, const People& people) {
  std::vector<std::string> ids;
  for (const PolicySummary& policy : catalogue.policies()) ids.push_back(policy.id);
  // A thread's messages, whose memory is used again.
  const auto answers =
      [&catalogue](const Case& person) -> const std::vector<journal::v1::EntitlementAnswer>& {
    static thread_local auto& kept = *new std::vector<journal::v1::EntitlementAnswer>();
    catalogue.AnswerAll(person, &kept);
    return kept;
  };
  return {
      {"decisions", "result, eligible-from, next change, amount, category",
       [&](std::size_t i) {
         std::size_t kept = 0;
         for (const Decision& decision : catalogue.DecideAll(people.At(i))) kept += Kept(decision);
         return kept;
       }},
      {"decisions_from_documents", "the same, the document parsed and folded first",
       [&](std::size_t i) {
         journal::v1::PersonDocument document;
         if (!document.ParseFromString(people.Bytes(i))) Fail("a document does not parse");
         std::size_t kept = 0;
         for (const Decision& decision :
              catalogue.DecideAll(model::FoldCase(document, people.on()))) {
           kept += Kept(decision);
         }
         return kept;
       }},
      {"answers", "the journalled message with every leaf, missing facts, next change, parameters",
       [&people, answers](std::size_t i) {
         std::size_t kept = 0;
         for (const auto& answer : answers(people.At(i))) kept += Kept(answer);
         return kept;
       }},
      {"answers_fresh", "the same into new messages",
       [&people, &catalogue, ids](std::size_t i) {
         std::size_t kept = 0;
         const auto fresh = catalogue.EvaluateMany(ids, people.At(i)).value();
         for (const auto& answer : fresh) kept += Kept(answer);
         return kept;
       }},
      {"answers_serialized", "the message, serialized",
       [&people, answers](std::size_t i) {
         std::size_t kept = 0;
         std::string bytes;
         for (const auto& answer : answers(people.At(i))) {
           bytes.clear();
           answer.AppendToString(&bytes);
           kept += bytes.size();
         }
         return kept;
       }},
      {"answers_explained", "the message, and the caseworker's explanation in Chinese",
       [&people, &catalogue, answers](std::size_t i) {
         std::size_t kept = 0;
         for (const auto& answer : answers(people.At(i))) {
           kept += catalogue.Explain(answer, "caseworker", Language::kZh).size();
         }
         return kept;
       }},
  };
}

// One policy for one person on one thread: evaluated with every reason; the answer written into a
// message that is used again; the same with the facts derived for this policy alone, into a new
// message.
void MeasureOne(const Content& content, const Catalogue& catalogue, const People& people,
                const Flags& flags) {
  std::printf(
      "\none policy, one person, one thread; us, median of %d\n"
      "  %-36s %10s %10s %10s\n",
      flags.rounds, "", "evaluated", "written", "all alone");
  std::vector<PersonFacts> facts;
  for (std::size_t i = 0; i < kDifferent; ++i) {
    facts.emplace_back(people.At(i), people.on(), content.retirement);
  }
  std::vector<double> slowest(3);
  for (const auto& [id, one] : content.policies) {
    const Policy& policy = one;
    journal::v1::EntitlementAnswer answer;
    const Work works[] = {
        [&](std::size_t i) {
          const Evaluation evaluation = Evaluate(policy, facts[i]);
          return Kept(evaluation.decision) + evaluation.missing.size();
        },
        [&](std::size_t i) {
          WriteAnswer(policy, facts[i], Evaluate(policy, facts[i]), &answer);
          return Kept(answer);
        },
        [&](std::size_t i) { return Kept(*catalogue.Evaluate(policy.summary.id, people.At(i))); }};
    std::vector<double> medians;
    for (const Work& work : works) {
      std::vector<double> rounds;
      for (int round = 0; round < flags.rounds; ++round) {
        rounds.push_back(SecondsFor(work, kDifferent, 1) / kDifferent * 1e6);
      }
      medians.push_back(MedianOf(rounds));
    }
    for (std::size_t k = 0; k < medians.size(); ++k) slowest[k] = std::max(slowest[k], medians[k]);
    std::printf("  %-36s %10.2f %10.2f %10.2f\n", id.c_str(), medians[0], medians[1], medians[2]);
  }
  std::printf("  %-36s %10.2f %10.2f %10.2f\n", "slowest (mark: 5)", slowest[0], slowest[1],
              slowest[2]);
}

void MeasureAll(const Catalogue& catalogue, const People& people, const Flags& flags) {
  std::printf("\nevery policy (%zu), %zu people, %zu threads; s, median of %d rounds\n",
              catalogue.policies().size(), flags.people, flags.threads, flags.rounds);
  const std::vector<Measured> measures = Measures(catalogue, people);
  std::vector<std::vector<double>> seconds(measures.size());
  for (int round = 0; round < flags.rounds; ++round) {
    for (std::size_t m = 0; m < measures.size(); ++m) {
      if (!flags.only.empty() && flags.only != measures[m].name) continue;
      seconds[m].push_back(SecondsFor(measures[m].work, flags.people, flags.threads));
    }
  }
  for (std::size_t m = 0; m < measures.size(); ++m) {
    if (seconds[m].empty()) continue;
    const double median = MedianOf(seconds[m]);
    std::printf("  %-26s %7.2f s  %6.2f us a policy and person (thread time)  %s\n",
                measures[m].name, median,
                median * 1e6 * static_cast<double>(flags.threads) /
                    static_cast<double>(flags.people) /
                    static_cast<double>(catalogue.policies().size()),
                measures[m].what);
  }
}

int Main(int count, char** values) {
  Flags flags;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string name = values[i];
    const char* const value = values[i + 1];
    if (name == "--catalogue") flags.catalogue = value;
    if (name == "--policies") flags.policies = static_cast<std::size_t>(std::atoi(value));
    if (name == "--people") flags.people = static_cast<std::size_t>(std::atoi(value));
    if (name == "--threads") flags.threads = static_cast<std::size_t>(std::atoi(value));
    if (name == "--rounds") flags.rounds = std::atoi(value);
    if (name == "--only") flags.only = value;
  }
  if (count % 2 == 0) Fail("every option has a value; see the top of policy_bench.cc");
  if (flags.threads == 0 || flags.people == 0 || flags.rounds < 1) Fail("nothing to do");
  const auto files = Files(flags);
  auto catalogue = Catalogue::Parse(files, "421202003000");
  if (!catalogue.ok()) Fail(std::string(catalogue.status().message()));
  const People people(CivilDate::Of(2026, 3, 15));
  std::printf("%zu policies; %.1f records a person\n", (*catalogue)->policies().size(),
              people.RecordsPerPerson());
  std::vector<absl::Status> errors;
  Content content = ReadContent(files, errors);
  ApplyProfiles(content.profiles, "421202003000", content.policies);
  if (flags.only.empty()) MeasureOne(content, **catalogue, people, flags);
  MeasureAll(**catalogue, people, flags);
  return 0;
}

}  // namespace
}  // namespace anqiao::policy

int main(int count, char** values) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  return anqiao::policy::Main(count, values);
}

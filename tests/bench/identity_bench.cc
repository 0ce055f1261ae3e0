// How fast records are resolved in memory, and how that grows with the register.
//
//   identity_bench [--people 100000] [--people 1000000]...
//
// The people are made up (tests/testing/register_generator.h): first one record of everybody comes,
// then the second of those who have one, and so on. A record is normalized, its keys are made, it
// is compared with those that share one, and its component is clustered. Time is the thread's own
// CPU time; the latencies are of the second records, when everybody is there.

#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "hub/identity/linkage.h"
#include "hub/identity/memory_tables.h"
#include "hub/identity/model_file.h"
#include "tests/testing/register_generator.h"

// Read by jemalloc: huge pages, for tables that are read here and there.
extern "C" {
extern const char* malloc_conf;  // NOLINT(readability-identifier-naming)
const char* malloc_conf = "thp:always";
}

namespace {

using anqiao::identity::Linkage;
using anqiao::identity::MemoryTables;
using anqiao::identity::Model;
using anqiao::identity::Profile;
using anqiao::identity::Value;
using anqiao::testing::LabelledRecord;
using anqiao::testing::RegisterGenerator;

double CpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double ResidentBytes() {
  std::ifstream in("/proc/self/statm");
  double size = 0, resident = 0;
  in >> size >> resident;
  return resident * 4096;
}

Profile ProfileOf(const Model& model, const LabelledRecord& record) {
  const std::string* const cells[] = {&record.name,      &record.sex,          &record.birth_date,
                                      &record.id_number, &record.phone,        &record.division,
                                      &record.address,   &record.issued_number};
  std::vector<Value> values;
  for (std::size_t i = 0; i < model.schema.size(); ++i) {
    values.push_back(anqiao::identity::NormalizeValue(model.schema[i], *cells[i]));
  }
  return anqiao::identity::MakeProfile(model.schema, anqiao::identity::ShippedStopList(),
                                       std::move(values));
}

double Percentile(std::vector<double>& values, double share) {
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

struct Result {
  double p50 = 0, p99 = 0;
};

Result Measure(std::int64_t people) {
  const RegisterGenerator generator({.seed = 11, .people = people});
  const Model model = anqiao::identity::SizedFor(anqiao::identity::ShippedModel(),
                                                 static_cast<std::size_t>(2 * people));
  const double resident = ResidentBytes();
  MemoryTables tables;
  Linkage linkage(model, tables);
  double spent = 0, normalizing = 0;
  std::vector<double> latencies;
  std::int64_t records = 0;
  // The generator's own time is not counted. The clock takes a system call: it is read for a block,
  // and for some of the second records.
  constexpr int kTimed = 8;
  constexpr std::int64_t kBlock = 4096;
  for (int round = 0; round < 4; ++round) {
    for (std::int64_t first = 0; first < people; first += kBlock) {
      std::vector<LabelledRecord> block;
      std::int64_t seen = -1;
      int of_person = 0;
      generator.Visit(first, std::min(people, first + kBlock), [&](const LabelledRecord& record) {
        of_person = record.person == seen ? of_person + 1 : 0;
        seen = record.person;
        if (of_person == round) block.push_back(record);
      });
      const double block_start = CpuSeconds();
      for (const LabelledRecord& record : block) {
        const bool timed = round == 1 && records % kTimed == 0;
        const double start = timed ? CpuSeconds() : 0;
        const Profile profile = ProfileOf(model, record);
        if (timed) normalizing += CpuSeconds() - start;
        const auto id = static_cast<std::uint64_t>(++records);
        if (!linkage.Put(id, record.record_id, profile).ok()) std::abort();
        if (timed) latencies.push_back((CpuSeconds() - start) * 1e6);
      }
      spent += CpuSeconds() - block_start;
    }
  }
  const double growth = ResidentBytes() - resident;
  Result result = {Percentile(latencies, 0.5), Percentile(latencies, 0.99)};
  std::printf(
      "%9lld people, %9lld records: %8.0f records per CPU second (%.1f us a record, of the second "
      "ones' %.1f us normalizing); p50 %.1f us, p99 %.1f us; %.0f bytes a person; %.2f comparisons "
      "a record\n",
      static_cast<long long>(people), static_cast<long long>(records),
      static_cast<double>(records) / spent, 1e6 * spent / static_cast<double>(records),
      1e6 * normalizing / static_cast<double>(latencies.size()), result.p50, result.p99,
      growth / static_cast<double>(people),
      static_cast<double>(linkage.comparisons()) / static_cast<double>(records));
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("How fast records are resolved in memory");
  std::vector<std::int64_t> sizes = {100'000, 1'000'000};
  app.add_option("--people", sizes, "People in the register")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::printf("%u processors\n", std::thread::hardware_concurrency());
  std::vector<Result> results;
  for (const std::int64_t people : sizes) {
    results.push_back(Measure(people));
    malloc_trim(0);
  }
  if (results.size() > 1) {
    std::printf("from the first to the last size: p50 %.2f times, p99 %.2f times\n",
                results.back().p50 / results.front().p50, results.back().p99 / results.front().p99);
  }
  return 0;
}

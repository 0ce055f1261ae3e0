// What a worker costs: the same payloads decoded in this process, and in a worker that gets them
// through its socket or in shared memory; batches of 1, 64 and 1,024 records, in turn.
//
//   adapter_bench [--rounds 15] [--millis 100] [--only socketpair/64]
//
// "--only" runs one for ever so many rounds, for a profile.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hub/adapter/adapter.h"
#include "hub/adapter/launcher.h"
#include "hub/adapter/worker_adapter.h"
#include "plugins/sdk/text.h"

namespace anqiao::adapter {
namespace {

constexpr std::size_t kBatches[] = {1, 64, 1024};

struct Flags {
  int rounds = 15;
  absl::Duration slice = absl::Milliseconds(100);
  std::string only;
};

struct Way {
  const char* name;
  std::unique_ptr<Adapter> adapter;
  std::unique_ptr<AdapterInstance> instance;
};

struct Cell {
  Way* way;
  std::size_t batch;
  std::string payload;
  std::vector<double> micros_a_record = {};  // by round
};

[[noreturn]] void Die(const absl::Status& status) {
  std::fprintf(stderr, "adapter_bench: %s\n", std::string(status.message()).c_str());
  std::exit(1);
}

template <typename T>
T OrDie(absl::StatusOr<T> result) {
  if (!result.ok()) Die(result.status());
  return *std::move(result);
}

std::string Payload(std::size_t rows) {
  std::string text =
      "编号,姓名,曾用名,性别,身份证号码,出生日期,民族,文化程度,婚姻状况,户籍地,常住地址,所属网格,"
      "联系电话,首吸时间,查获日期,滥用毒品种类\r\n";
  for (std::size_t i = 0; i < rows; ++i) {
    absl::StrAppend(
        &text, "R", 4212990000000 + i,
        ",样例某某,某样例,女,421299198503150026,1985-03-15,土家族,初中,未婚,某某省某某市某某区某某"
        "街道某某社区居民委员会第三居民小组,\"某某省某某市某某区某某街道某某社区某某大道",
        i % 97,
        "号某某花园二期, 第三幢二单元五百零一室, 某某超市对面, 某某公交站旁, "
        "某某中学与某某医院之间, 由某某路与某某巷路口向北约二百米处进入\",421299003001,"
        "19000000001,2009年7月1日,2025/11/3,某某类合成物质与某某类植物提取物质混合使用、",
        "某某某某某某某某某某某某某某某某某某某某某某某某某某某某某某某某某某\r\n");
  }
  std::string native;
  if (sdk::Transcoder(sdk::Encoding::kGb18030).FromUtf8(text, native) != std::string::npos) {
    Die(absl::InternalError("the payload is not UTF-8"));
  }
  return native;
}

// Whole calls for as long as a slice; microseconds a record.
double Measure(const Cell& cell, absl::Duration slice) {
  std::vector<v1::Record> records;
  records.reserve(cell.batch);
  const DecodeSink sink = {[&](v1::Record record) { records.push_back(std::move(record)); },
                           [](Diagnostic said) { Die(absl::InternalError(said.message)); }};
  const absl::Time begin = MonotonicNow();
  absl::Time now = begin;
  std::size_t calls = 0;
  for (; now - begin < slice; now = MonotonicNow(), ++calls) {
    records.clear();
    const absl::Status status = cell.way->instance->Decode("roster", cell.payload, "", sink);
    if (!status.ok()) Die(status);
    if (records.size() != cell.batch || records[0].values_size() != 16) {
      Die(absl::InternalError(
          absl::StrCat("expected ", cell.batch, " records of 16 values, got ", records.size())));
    }
  }
  return absl::ToDoubleMicroseconds(now - begin) / static_cast<double>(calls * cell.batch);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void Print(const std::vector<Cell>& cells) {
  std::printf("%-14s %6s %12s %22s\n", "", "batch", "us a record", "over in process, %");
  for (const Cell& cell : cells) {
    std::printf("%-14s %6zu %12.2f", cell.way->name, cell.batch, Median(cell.micros_a_record));
    const auto base = std::find_if(cells.begin(), cells.end(), [&cell](const Cell& other) {
      return other.batch == cell.batch && std::strcmp(other.way->name, "in_process") == 0;
    });
    if (base == cells.end() || base->way == cell.way) {
      std::printf("\n");
      continue;
    }
    std::vector<double> over;
    for (std::size_t i = 0; i < cell.micros_a_record.size(); ++i) {
      over.push_back(100 * (cell.micros_a_record[i] / base->micros_a_record[i] - 1));
    }
    const auto [least, most] = std::minmax_element(over.begin(), over.end());
    std::printf(" %+8.1f (%+.0f to %+.0f)\n", Median(over), *least, *most);
  }
}

int Main(const Flags& flags) {
  const std::unique_ptr<Launcher> launcher = OrDie(Launcher::Start());
  const auto in_workers = [&](std::size_t inline_bytes_max) {
    return OrDie(LoadInWorkers({.launcher = launcher.get(),
                                .library_path = ANQIAO_BENCH_LIBRARY,
                                .samples_directory = "",
                                .limits = {},
                                .inline_bytes_max = inline_bytes_max,
                                .agency = "bench"}));
  };
  Way ways[] = {{"in_process", OrDie(Adapter::Load(ANQIAO_BENCH_LIBRARY, "")), nullptr},
                {"socketpair", in_workers(kFrameBytesMax / 2), nullptr},
                {"shared_memory", in_workers(0), nullptr}};
  std::vector<Cell> cells;
  for (const std::size_t batch : kBatches) {
    const std::string payload = Payload(batch);
    for (Way& way : ways) {
      if (way.instance == nullptr) way.instance = OrDie(way.adapter->Open());
      const bool wanted = flags.only.empty() || flags.only == absl::StrCat(way.name, "/", batch);
      if (wanted) cells.push_back({&way, batch, payload});
    }
    std::printf("batch of %zu: %zu bytes a record\n", batch, payload.size() / batch);
  }
  for (const Cell& cell : cells) Measure(cell, flags.slice);
  for (int round = 0; round < flags.rounds; ++round) {
    for (Cell& cell : cells) cell.micros_a_record.push_back(Measure(cell, flags.slice));
  }
  Print(cells);
  return 0;
}

}  // namespace
}  // namespace anqiao::adapter

int main(int argc, char** argv) {
  anqiao::adapter::Flags flags;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--rounds") == 0) flags.rounds = std::max(1, std::atoi(argv[i + 1]));
    if (std::strcmp(argv[i], "--millis") == 0) {
      flags.slice = absl::Milliseconds(std::max(1, std::atoi(argv[i + 1])));
    }
    if (std::strcmp(argv[i], "--only") == 0) flags.only = argv[i + 1];
  }
  return anqiao::adapter::Main(flags);
}

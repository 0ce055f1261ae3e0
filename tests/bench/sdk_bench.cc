// How fast the SDK decodes and encodes, per core: bytes of the payload a second, with records
// serialized and handed to a host that only counts them.

#include <benchmark/benchmark.h>

#include <string>
#include <string_view>
#include <vector>

#include "plugins/sdk/code_tables.h"
#include "plugins/sdk/readers.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/writers.h"

namespace anqiao::sdk {
namespace {

struct Counts {
  std::size_t records = 0;
  std::size_t diagnostics = 0;
  std::vector<std::string>* kept = nullptr;
};

aq_host HostOf(Counts& counts, aq_cursor& cursor) {
  return {sizeof(aq_host),
          AQ_ABI_MINOR,
          &counts,
          &cursor,
          [](void* context, aq_bytes record) {
            Counts& counted = *static_cast<Counts*>(context);
            ++counted.records;
            if (counted.kept != nullptr) {
              counted.kept->emplace_back(reinterpret_cast<const char*>(record.data), record.length);
            }
            return 0;
          },
          [](void* context, const aq_diag*) {
            ++static_cast<Counts*>(context)->diagnostics;
            return 0;
          },
          nullptr,
          nullptr};
}

// The police's register, as its adapter has it.
template <typename Shape>
Format Register(Shape shape) {
  Format format;
  format.name = "roster";
  format.kind = v1::RECORD_KIND_REGISTER;
  format.encodes = true;
  format.shape = shape;
  format.columns = {
      Wide(8, Ignored({"序号"})),
      Wide(20, Required(Text({"吸毒人员编号"}, v1::FIELD_REGISTER_NUMBER))),
      Wide(40, Text({"姓名"}, v1::FIELD_PERSON_NAME)),
      Wide(2, Codes({"性别"}, v1::FIELD_SEX, code_tables::kSexByName)),
      Wide(18, CitizenId({"身份证号码"}, v1::FIELD_ID_NUMBER)),
      Wide(8, Lenient(Date({"出生日期"}, v1::FIELD_BIRTH_DATE))),
      Wide(16, Codes({"民族"}, v1::FIELD_ETHNICITY, code_tables::kEthnicityByName)),
      Wide(16, Codes({"文化程度"}, v1::FIELD_EDUCATION, code_tables::kEducationByName)),
      Wide(60, Text({"户籍地"}, v1::FIELD_REGISTERED_DIVISION)),
      Wide(80, Ignored({"户籍详址"})),
      Wide(80, Text({"常住地址"}, v1::FIELD_ADDRESS)),
      Wide(12, Division({"所属网格"}, v1::FIELD_DIVISION)),
      Wide(12, Phone({"联系电话"}, v1::FIELD_PHONE)),
      Wide(8, Date({"查获日期"}, v1::FIELD_SEIZURE_DATE)),
      Wide(40, Text({"滥用毒品种类"}, v1::FIELD_SUBSTANCE)),
      Wide(8, Ignored({"数据更新时间"}))};
  format.key = {"吸毒人员编号"};
  return format;
}

constexpr std::size_t kRows = 20000;

std::string DelimitedPayload() {
  std::string text =
      "序号,吸毒人员编号,姓名,性别,身份证号码,出生日期,民族,文化程度,户籍地,户籍详址,常住地址,"
      "所属网格,联系电话,查获日期,"
      "滥用毒品种类,数据更新时间\r\n";
  for (std::size_t i = 0; i < kRows; ++i) {
    text += std::to_string(i) + ",R" + std::to_string(4212990000000 + i) +
            ",样例某某,女,421299198503150026,1985-03-15,土家族,初中,某省某市某某区某某街道,"
            "某某街道某某路" +
            std::to_string(i % 300) + "号某某小区3栋2单元501室,\"某某街道某某社区某某路" +
            std::to_string(i % 97) +
            "号, 某某花园\",421299003001,19000000001,2025/11/3,某某类合成物质,2026-03-01\r\n";
  }
  std::string native;
  Transcoder(Encoding::kGb18030).FromUtf8(text, native);
  return native;
}

std::vector<v1::Record> Records() {
  std::vector<std::string> kept;
  Counts counts{.kept = &kept};
  aq_cursor cursor = {sizeof(aq_cursor), 0, 0, 0};
  const aq_host host = HostOf(counts, cursor);
  Report report(host);
  DecodeShape(Register(Delimited{.encoding = Encoding::kGb18030}), DelimitedPayload(), report);
  std::vector<v1::Record> records(kept.size());
  for (std::size_t i = 0; i < kept.size(); ++i) records[i].ParseFromString(kept[i]);
  return records;
}

void Decode(benchmark::State& state, const Format& format, const std::string& payload) {
  Counts counts;
  aq_cursor cursor = {sizeof(aq_cursor), 0, 0, 0};
  const aq_host host = HostOf(counts, cursor);
  for (auto _ : state) {
    counts = {};
    Report report(host);
    benchmark::DoNotOptimize(DecodeShape(format, payload, report));
  }
  if (counts.records != kRows) state.SkipWithError("not all rows were decoded");
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * payload.size()));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kRows));
}

std::string PayloadOf(const Format& format) {
  const std::vector<v1::Record> records = Records();
  Counts counts;
  aq_cursor cursor = {sizeof(aq_cursor), 0, 0, 0};
  const aq_host host = HostOf(counts, cursor);
  Report report(host);
  std::string payload;
  EncodeShape(format, records, payload, report);
  return payload;
}

void BM_DecodeDelimitedGb18030(benchmark::State& state) {
  Decode(state, Register(Delimited{.encoding = Encoding::kGb18030}), DelimitedPayload());
}

template <typename Shape>
void BM_Decode(benchmark::State& state, Shape shape) {
  const Format format = Register(shape);
  Decode(state, format, PayloadOf(format));
}

void BM_EncodeDelimitedGb18030(benchmark::State& state) {
  const Format format = Register(Delimited{.encoding = Encoding::kGb18030});
  const std::vector<v1::Record> records = Records();
  Counts counts;
  aq_cursor cursor = {sizeof(aq_cursor), 0, 0, 0};
  const aq_host host = HostOf(counts, cursor);
  std::string payload;
  for (auto _ : state) {
    payload.clear();
    Report report(host);
    benchmark::DoNotOptimize(EncodeShape(format, records, payload, report));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * payload.size()));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kRows));
}

void BM_TranscodeGb18030(benchmark::State& state) {
  const std::string payload = DelimitedPayload();
  Transcoder transcoder(Encoding::kGb18030);
  std::string text;
  for (auto _ : state) {
    text.clear();
    benchmark::DoNotOptimize(transcoder.ToUtf8(payload, text));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * payload.size()));
}

BENCHMARK(BM_DecodeDelimitedGb18030)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_TranscodeGb18030)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_EncodeDelimitedGb18030)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Decode, DelimitedUtf8, Delimited{})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Decode, Xml, Xml{})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Decode, Json, Json{})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Decode, JsonLines, JsonLines{})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Decode, Xlsx, Xlsx{})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Decode, FixedWidth, FixedWidth{.code = "TEST", .record_type = 'X'})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace anqiao::sdk

BENCHMARK_MAIN();

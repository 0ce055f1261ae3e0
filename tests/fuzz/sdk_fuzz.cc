// One reader of the SDK, chosen by ANQIAO_FUZZ_SHAPE, on a format with every converter. What it
// gives is well-formed and placed within the payload; what is encoded of it decodes to the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/sdk/code_tables.h"
#include "plugins/sdk/readers.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/writers.h"
#include "plugins/sdk/zip.h"

namespace {

using namespace anqiao::sdk;  // NOLINT(google-build-using-namespace): the words of a declaration.

// A property does not hold.
void Require(bool holds) {
  if (!holds) abort();
}

Format Declared() {
  Format format;
  format.name = "fuzz";
  format.title_zh = "样例";
  format.kind = v1::RECORD_KIND_REGISTER;
  format.encodes = true;
  format.shape = ANQIAO_FUZZ_SHAPE;
  format.columns = {Wide(8, Required(Text({"key", "编号"}, v1::FIELD_REGISTER_NUMBER))),
                    Wide(4, Ignored({"serial"})),
                    Wide(12, Separated(Text({"name", "姓名"}, v1::FIELD_PERSON_NAME), "、")),
                    Wide(2, Codes({"sex"}, v1::FIELD_SEX, code_tables::kSexByName)),
                    Wide(18, OrAsWritten(CitizenId({"id"}, v1::FIELD_ID_NUMBER))),
                    Wide(8, OrDayNumber(Date({"date"}, v1::FIELD_SEIZURE_DATE))),
                    Wide(8, Lenient(Month({"from"}, v1::FIELD_RELIEF_FROM_MONTH))),
                    Wide(8, Yuan({"amount"}, v1::FIELD_AMOUNT_FEN)),
                    Wide(8, Money({"monthly"}, v1::FIELD_MONTHLY_AMOUNT_FEN)),
                    Wide(4, Count({"months"}, v1::FIELD_TERM_MONTHS)),
                    Wide(12, Phone({"phone"}, v1::FIELD_PHONE)),
                    Wide(12, Division({"grid"}, v1::FIELD_DIVISION)),
                    Wide(18, CreditCode({"employer"}, v1::FIELD_EMPLOYER_CODE)),
                    Wide(1, Validity({"valid"}))};
  format.key = {"key", "serial"};
  return format;
}

struct Call {
  std::size_t size = 0;  // of the payload
  std::uint64_t row = 0;
  std::vector<v1::Record> records;
  std::size_t faults = 0;
};

int OnRecord(void* context, aq_bytes bytes) {
  Call& call = *static_cast<Call*>(context);
  v1::Record record;
  Require(record.ParseFromArray(bytes.data, static_cast<int>(bytes.length)));
  Require(!record.key().empty() && record.row() > call.row && record.byte_offset() < call.size);
  call.row = record.row();
  for (const v1::FieldValue& value : record.values()) {
    Require(!value.value().empty() && FindInvalidUtf8(value.value()) == std::string_view::npos);
  }
  call.records.push_back(std::move(record));
  return 0;
}

int OnDiagnostic(void* context, const aq_diag* diag) {
  Call& call = *static_cast<Call*>(context);
  Require(diag->reason.length > 0 && diag->message.length > 0);
  Require(diag->byte_offset <= call.size);
  if (diag->severity != AQ_WARNING) ++call.faults;
  return 0;
}

aq_status Decode(const Format& format, std::string_view payload, Call& call) {
  call.size = payload.size();
  aq_cursor cursor = {sizeof(aq_cursor), 0, 0, 0};
  const aq_host host = {sizeof(aq_host), AQ_ABI_MINOR, &call,   &cursor,
                        OnRecord,        OnDiagnostic, nullptr, nullptr};
  Report report(host);
  return DecodeShape(format, payload, report);
}

std::string Meaning(const v1::Record& record) {
  std::string text = record.key() + (record.removed() ? "\n-" : "\n+");
  for (const v1::FieldValue& value : record.values()) {
    text += "\n" + std::to_string(value.field()) + "=" + value.value();
  }
  return text;
}

// Mutating a packed sheet would only break its checksum: what is no archive is taken for a sheet.
[[maybe_unused]] std::string Packed(std::string_view sheet) {
  ZipWriter zip;
  zip.Add("xl/workbook.xml", "<workbook><sheets><sheet name=\"s\" id=\"r1\"/></sheets></workbook>");
  zip.Add("xl/_rels/workbook.xml.rels",
          "<Relationships><Relationship Id=\"r1\" Target=\"sheet.xml\"/><Relationship "
          "Id=\"r2\" Type=\"/styles\" Target=\"styles.xml\"/></Relationships>");
  zip.Add("xl/styles.xml",
          "<styleSheet><cellXfs><xf/><xf numFmtId=\"14\"/><xf "
          "numFmtId=\"17\"/></cellXfs></styleSheet>");
  zip.Add("xl/sheet.xml", sheet);
  std::string bytes;
  Require(zip.Finish(bytes));
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Format* const format = new Format(Declared());
  std::string payload(reinterpret_cast<const char*>(data), size);
  if (std::holds_alternative<Xlsx>(format->shape) && !payload.starts_with("PK")) {
    payload = Packed(payload);
  }
  Call first;
  if (Decode(*format, payload, first) != AQ_OK) {
    Require(first.faults > 0);
    return 0;
  }
  Call encoding;
  aq_cursor cursor = {sizeof(aq_cursor), 0, 0, 0};
  const aq_host host = {sizeof(aq_host), AQ_ABI_MINOR, &encoding, &cursor,
                        OnRecord,        OnDiagnostic, nullptr,   nullptr};
  Report report(host);
  std::string encoded;
  if (EncodeShape(*format, first.records, encoded, report) != AQ_OK) {
    Require(encoding.faults == 1);  // such as a key that another spelling made
    return 0;
  }
  Call second;
  Require(Decode(*format, encoded, second) == AQ_OK);
  Require(second.faults == 0 && second.records.size() == first.records.size());
  for (std::size_t i = 0; i < first.records.size(); ++i) {
    Require(Meaning(first.records[i]) == Meaning(second.records[i]));
  }
  return 0;
}

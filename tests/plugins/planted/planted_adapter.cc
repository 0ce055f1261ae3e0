// A small adapter over the C ABI with one fault, chosen by AQ_PLANT_... when it is compiled;
// without one it is as it should be. Rows are "key,name,date,yuan" in UTF-8 under a header.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "anqiao/adapter/v1/adapter.pb.h"
#include "plugins/sdk/anqiao_adapter.h"

namespace v1 = anqiao::adapter::v1;

struct aq_instance {
  std::string last_name;
};

namespace {

#ifdef AQ_PLANT_WRONG_CONVERTER
constexpr int kDigits = 1;  // tenths, not fen
#else
constexpr int kDigits = 2;
#endif
constexpr std::size_t kRowBytesMax = 4096;

aq_bytes BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
std::string_view TextOf(aq_bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data), bytes.length};
}

bool IsPlain(std::string_view text) {
  v1::FieldValue value;
  value.set_value(std::string(text));
  return v1::FieldValue().ParseFromString(value.SerializeAsString()) &&
         text.find('\0') == std::string_view::npos;
}

bool AllDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::vector<std::string_view> Split(std::string_view row) {
  std::vector<std::string_view> cells;
  while (true) {
    const std::size_t end = row.find(',');
    cells.push_back(row.substr(0, end));
    if (end == std::string_view::npos) return cells;
    row.remove_prefix(end + 1);
  }
}

void Refuse(const aq_host& host, std::string_view message) {
  std::string text(message);
#ifdef AQ_PLANT_ADDRESSES
  static int here = 0;
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, " at %p", static_cast<void*>(&here));
  text += buffer;
#endif
  aq_diag diag = {};
  diag.size = sizeof diag;
  diag.severity = AQ_RECORD;
  diag.reason = BytesOf("VALUE_INVALID");
  diag.byte_offset = host.cursor->byte_offset;
  diag.row = host.cursor->row;
  diag.message = BytesOf(text);
  host.diag(host.context, &diag);
}

void Add(v1::Record& record, v1::Field field, std::string_view value) {
  if (value.empty()) return;
  v1::FieldValue* added = record.add_values();
  added->set_field(field);
  added->set_value(std::string(value));
}

void DecodeRow(const aq_host& host, aq_instance& instance, std::string_view row) {
  if (row.size() > kRowBytesMax || !IsPlain(row)) return Refuse(host, "not text, or too long");
  const std::vector<std::string_view> cells = Split(row);
  if (cells.size() != 4) return Refuse(host, "expected four columns");
  if (cells[0].empty() || cells[0].size() > 200) return Refuse(host, "no key, or too long");
  if (cells[2].size() != 8 || !AllDigits(cells[2])) return Refuse(host, "expected YYYYMMDD");
  if (cells[3].size() > 9 || !AllDigits(cells[3])) return Refuse(host, "expected whole yuan");
  v1::Record record;
  record.set_kind(v1::RECORD_KIND_BUSINESS);
  record.set_key(std::string(cells[0]));
  record.set_row(host.cursor->row);
  record.set_byte_offset(host.cursor->byte_offset);
  [[maybe_unused]] std::string_view name = cells[1];
#ifdef AQ_PLANT_STATE
  if (name.empty()) name = instance.last_name;
#endif
#ifndef AQ_PLANT_DROPPED_COLUMN
  Add(record, v1::FIELD_PERSON_NAME, name);
#endif
  Add(record, v1::FIELD_REGISTRATION_DATE,
      std::string(cells[2].substr(0, 4)) + "-" + std::string(cells[2].substr(4, 2)) + "-" +
          std::string(cells[2].substr(6)));
  Add(record, v1::FIELD_AMOUNT_FEN, std::string(cells[3]) + std::string(kDigits, '0'));
  host.emit(host.context, BytesOf(record.SerializeAsString()));
}

void Misbehave([[maybe_unused]] const aq_host& host, [[maybe_unused]] std::string_view payload) {
#ifdef AQ_PLANT_LEAK
  static_cast<volatile char*>(std::malloc(16))[0] = 1;
#endif
#ifdef AQ_PLANT_OVERREAD
  // As a scan for the line break does that forgets the end.
  if (!payload.empty() && payload.back() != '\n') {
    [[maybe_unused]] volatile char next = payload.data()[payload.size()];
  }
#endif
#ifdef AQ_PLANT_WRITES
  const_cast<volatile char*>(payload.data())[0] = payload[0];
#endif
#ifdef AQ_PLANT_SKEW
  [[maybe_unused]] volatile auto write = host.write;
#endif
}

void MisbehaveInRow([[maybe_unused]] std::string_view row) {
#ifdef AQ_PLANT_CRASH
  if (!row.empty() && static_cast<unsigned char>(row[0]) > 0x7F) std::abort();
#endif
#ifdef AQ_PLANT_HANG
  for (volatile bool forever = row.find('"') != std::string_view::npos; forever;) {
  }
#endif
}

aq_status Decode(aq_instance* instance, const aq_host* host, const aq_payload* native) {
  const std::string_view payload = TextOf(native->bytes);
  if (payload.empty() || TextOf(native->format) != "rows") return AQ_REJECT;
  Misbehave(*host, payload);
  std::size_t begin = 0;
  std::string_view name;
  for (uint64_t row = 1; begin < payload.size(); ++row) {
    std::size_t end = payload.find('\n', begin);
    if (end == std::string_view::npos) end = payload.size();
    const std::string_view text = payload.substr(begin, end - begin);
    host->cursor->row = row;
    host->cursor->byte_offset = begin;
    if (row > 1) {
      MisbehaveInRow(text);
      if (!text.empty()) DecodeRow(*host, *instance, text);
      if (IsPlain(text) && Split(text).size() == 4 && !Split(text)[1].empty())
        name = Split(text)[1];
    }
    begin = end + 1;
  }
#ifdef AQ_PLANT_CURSOR_BACK
  host->cursor->row = 1;
#endif
  instance->last_name = name;
  return AQ_OK;
}

std::string ValueOf(const v1::Record& record, v1::Field field) {
  for (const v1::FieldValue& value : record.values()) {
    if (value.field() == field) return value.value();
  }
  return "";
}

aq_status Encode(aq_instance*, const aq_host* host, aq_bytes, const aq_bytes* records,
                 size_t count) {
  if (!AQ_HAS(host, write)) return AQ_REJECT;
  std::string out = "key,name,date,yuan\n";
  for (size_t i = 0; i < count; ++i) {
    v1::Record record;
    if (!record.ParseFromArray(records[i].data, static_cast<int>(records[i].length))) {
      return AQ_REJECT;
    }
    std::string date = ValueOf(record, v1::FIELD_REGISTRATION_DATE);
    std::string amount = ValueOf(record, v1::FIELD_AMOUNT_FEN);
    if (date.size() != 10 || amount.size() <= kDigits) return AQ_REJECT;
    date = date.substr(0, 4) + date.substr(5, 2) + date.substr(8);
    amount.resize(amount.size() - kDigits);
    std::string name = ValueOf(record, v1::FIELD_PERSON_NAME);
#ifdef AQ_PLANT_ENCODE_DROPS
    name.clear();
#endif
    out += record.key() + "," + name + "," + date + "," + amount + "\n";
  }
  return host->write(host->context, BytesOf(out)) == 0 ? AQ_OK : AQ_REJECT;
}

aq_bytes ManifestBytes() {
  static const std::string bytes = [] {
    v1::Manifest manifest;
    manifest.set_name("planted");
    manifest.set_version("1.0.0");
    v1::Format* format = manifest.add_formats();
    format->set_name("rows");
    format->set_mode(v1::MODE_DELTA);
    format->set_decodes(true);
    format->set_encodes(true);
    format->add_kinds(v1::RECORD_KIND_BUSINESS);
    return manifest.SerializeAsString();
  }();
  return BytesOf(bytes);
}

}  // namespace

extern "C" const aq_adapter* anqiao_adapter_v1(void) {
  static const aq_adapter adapter = {sizeof(aq_adapter),
                                     AQ_ABI_MINOR,
                                     ManifestBytes,
                                     [](aq_bytes) { return new aq_instance; },
                                     [](aq_instance* instance) { delete instance; },
                                     Decode,
                                     Encode,
                                     [](aq_bytes) -> const void* { return nullptr; }};
  return &adapter;
}

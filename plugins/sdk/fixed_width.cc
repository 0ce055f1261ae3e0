//   H<code:8><date:8><count:8>
//   <type:1><field><field>...      one line a record
//   T<count:8>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/sdk/convert_date.h"
#include "plugins/sdk/readers.h"
#include "plugins/sdk/record_builder.h"
#include "plugins/sdk/row_writer.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/writers.h"

namespace anqiao::sdk {
namespace {

constexpr std::size_t kHeaderBytes = 25;
constexpr std::size_t kTrailerBytes = 9;
constexpr std::string_view kNoDate = "00000000";

struct Line {
  std::size_t offset = 0;
  std::string_view bytes;
};

std::vector<Line> LinesOf(std::string_view payload) {
  std::vector<Line> lines;
  std::size_t begin = 0;
  while (begin < payload.size()) {
    const std::size_t end = std::min(payload.find('\n', begin), payload.size());
    std::string_view bytes = payload.substr(begin, end - begin);
    if (bytes.ends_with('\r')) bytes.remove_suffix(1);
    lines.push_back({begin, bytes});
    begin = end + 1;
  }
  while (!lines.empty() && lines.back().bytes.empty()) lines.pop_back();
  return lines;
}

// False unless all of "text" is digits.
bool ParseCount(std::string_view text, std::size_t& count) {
  count = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    count = count * 10 + static_cast<std::size_t>(c - '0');
  }
  return !text.empty();
}

std::string Digits(std::size_t count) {
  std::string digits = std::to_string(count);
  return std::string(8 - std::min<std::size_t>(8, digits.size()), '0') + digits;
}

std::string PaddedCode(const FixedWidth& shape) {
  std::string code(shape.code);
  code.resize(8, ' ');
  return code;
}

std::size_t WidthOf(const Format& format) {
  std::size_t width = 1;
  for (const Column& column : format.columns) width += column.width;
  return width;
}

// First line, last line, counts. AQ_OK: "lines" can be read.
aq_status CheckFrame(const Format& format, std::string_view payload, const std::vector<Line>& lines,
                     Report& report) {
  const FixedWidth& shape = std::get<FixedWidth>(format.shape);
  if (const std::string_view other = OtherEncodingOf(payload, shape.encoding); !other.empty()) {
    return report.RefusePayload({}, "ENCODING_INVALID",
                                "expected " + std::string(NameOf(shape.encoding)) +
                                    ", the bytes look like " + std::string(other));
  }
  if (lines.empty() || (lines.size() == 1 && lines[0].bytes.size() < kHeaderBytes)) {
    return report.RefusePayload({.row = 1, .byte_offset = payload.size()}, "PAYLOAD_TRUNCATED",
                                "the payload ends before the end of its first line");
  }
  const std::string_view head = lines[0].bytes;
  if (head.size() != kHeaderBytes || head.front() != 'H') {
    return report.RefusePayload({.row = 1}, "PAYLOAD_UNDECODABLE",
                                "the first line must be H, format code, date and count, 25 bytes");
  }
  if (head.substr(1, 8) != PaddedCode(shape)) {
    return report.RefusePayload({.row = 1, .byte_offset = 1}, "PAYLOAD_UNDECODABLE",
                                "the format code must be " + std::string(shape.code));
  }
  std::string date;
  if (head.substr(9, 8) != kNoDate && !ConvertDate(head.substr(9, 8), date).ok()) {
    return report.RefusePayload({.row = 1, .byte_offset = 9}, "PAYLOAD_UNDECODABLE",
                                "the extract date must be YYYYMMDD");
  }
  std::size_t count = 0;
  if (!ParseCount(head.substr(17), count)) {
    return report.RefusePayload({.row = 1, .byte_offset = 17}, "PAYLOAD_UNDECODABLE",
                                "the record count must be eight digits");
  }
  const Line& last = lines.back();
  std::size_t trailer_count = 0;
  const Place end = {.row = lines.size(), .byte_offset = last.offset};
  if (lines.size() < 2 || last.bytes.size() != kTrailerBytes || last.bytes.front() != 'T' ||
      !ParseCount(last.bytes.substr(1), trailer_count)) {
    return report.RefusePayload(end, "PAYLOAD_TRUNCATED",
                                "the last line must be T and the record count");
  }
  if (count != trailer_count || count != lines.size() - 2) {
    return report.RefusePayload(end, "PAYLOAD_TRUNCATED",
                                "the first line says " + std::to_string(count) +
                                    " records, the last " + std::to_string(trailer_count) +
                                    ", there are " + std::to_string(lines.size() - 2));
  }
  return AQ_OK;
}

// "text" as the field's bytes.
Fault AppendField(const Column& column, std::string_view text, Transcoder& transcoder,
                  std::string& out) {
  if (text.find_first_of("\t\r\n") != std::string_view::npos) {
    return {kValueInvalid, "holds a tab or line break, for which a fixed width has no place"};
  }
  std::string native;
  if (transcoder.FromUtf8(text, native) != Transcoder::npos) {
    return {"ENCODING_INVALID", "not valid UTF-8"};
  }
  if (native.size() > column.width) {
    return {kValueInvalid, "takes " + std::to_string(native.size()) + " bytes, the field has " +
                               std::to_string(column.width)};
  }
  const bool number = column.converter == Converter::kYuan ||
                      column.converter == Converter::kMoney ||
                      column.converter == Converter::kCount;
  const std::string padding(column.width - native.size(), ' ');
  out += number ? padding + native : native + padding;
  return {};
}

}  // namespace

aq_status DecodeFixedWidth(const Format& format, std::string_view payload, Report& report) {
  const FixedWidth& shape = std::get<FixedWidth>(format.shape);
  const std::vector<Line> lines = LinesOf(payload);
  if (const aq_status status = CheckFrame(format, payload, lines, report); status != AQ_OK) {
    return status;
  }
  const std::size_t width = WidthOf(format);
  Transcoder transcoder(shape.encoding);
  RecordBuilder builder(format, report);
  std::vector<std::string> texts(format.columns.size());
  std::vector<Cell> cells(format.columns.size());
  for (std::size_t i = 1; i + 1 < lines.size() && !report.stopped(); ++i) {
    const Line& line = lines[i];
    const Place place = {.row = i + 1, .byte_offset = line.offset};
    report.MoveTo(i + 1, line.offset);
    if (line.bytes.size() != width) {
      report.RefuseRecord(place, line.bytes.size() < width ? "ROW_CUT_OFF" : "VALUE_INVALID",
                          "the line has " + std::to_string(line.bytes.size()) +
                              " bytes, expected " + std::to_string(width));
      continue;
    }
    if (line.bytes.front() != shape.record_type) {
      report.RefuseRecord(place, "VALUE_INVALID",
                          "the line must begin with " + std::string(1, shape.record_type));
      continue;
    }
    std::size_t position = 1;
    bool good = true;
    for (std::size_t k = 0; k < format.columns.size(); ++k) {
      const Column& column = format.columns[k];
      cells[k] = {.column = static_cast<std::uint32_t>(k + 2),
                  .native_field = column.names.front(),
                  .place = line.offset + position};
      texts[k].clear();
      const std::size_t bad =
          transcoder.ToUtf8(line.bytes.substr(position, column.width), texts[k]);
      if (bad != Transcoder::npos) {
        good = false;
        report.RefuseRecord(
            {.row = i + 1,
             .byte_offset = line.offset + position + bad,
             .column = cells[k].column,
             .field = column.names.front(),
             .target = column.field},
            "ENCODING_INVALID",
            "not valid " + std::string(NameOf(shape.encoding)) + " within the field's bytes");
      }
      cells[k].value = texts[k];
      position += column.width;
    }
    if (good) {
      builder.Build(cells, i + 1, line.offset, [](std::uint64_t offset) { return offset; });
    }
  }
  return AQ_OK;
}

aq_status EncodeFixedWidth(const Format& format, std::span<const v1::Record> records,
                           std::string& out, Report& report) {
  const FixedWidth& shape = std::get<FixedWidth>(format.shape);
  Transcoder transcoder(shape.encoding);
  constexpr std::size_t kRecordsMax = 99999999;  // eight digits
  if (records.size() > kRecordsMax) {
    return report.RefusePayload({}, "VALUE_INVALID", "too many records");
  }
  out += 'H';
  out += PaddedCode(shape);
  out += kNoDate;
  out += Digits(records.size());
  out += '\n';
  RowWriter writer(format, {.dates = DateStyle::kCompact, .first_column = 2}, report);
  for (const v1::Record& record : records) {
    if (!writer.Write(record)) return AQ_REJECT;
    out += shape.record_type;
    for (std::size_t k = 0; k < format.columns.size(); ++k) {
      const Fault fault = AppendField(format.columns[k], writer.texts()[k], transcoder, out);
      if (!fault.ok()) return writer.Refuse(k, fault);
    }
    out += '\n';
  }
  out += 'T';
  out += Digits(records.size());
  out += '\n';
  return CheckEncoding(shape.encoding, out, report);
}

}  // namespace anqiao::sdk

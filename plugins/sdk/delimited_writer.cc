// Rows end in CR LF. Before the header stand the format's Chinese title and blank rows.

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plugins/sdk/header_rows.h"
#include "plugins/sdk/row_writer.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/writers.h"

namespace anqiao::sdk {
namespace {

constexpr char kLineEnd[] = "\r\n";

class Encoder {
 public:
  Encoder(const Format& format, std::string& out, Report& report)
      : shape_(std::get<Delimited>(format.shape)),
        out_(out),
        transcoder_(shape_.encoding),
        writer_(format, {.first_column = 1}, report),
        format_(format),
        report_(report) {}

  aq_status Encode(std::span<const v1::Record> records) {
    if (!transcoder_.usable()) {
      return report_.RefusePayload({}, "INTERNAL", "the system has no converter for GB18030");
    }
    if (shape_.byte_order_mark) text_ = "\xEF\xBB\xBF";
    for (const std::vector<std::string>& cells :
         HeaderRows(format_, shape_.header_row, shape_.header_rows)) {
      for (std::size_t i = 0; i < cells.size(); ++i) {
        if (const Fault fault = AppendCell(i, cells[i]); !fault.ok()) {
          return report_.RefusePayload({.column = static_cast<std::uint32_t>(i + 1)}, fault.reason,
                                       "the declared header cannot be written: " + fault.message);
        }
      }
      EndRow();
    }
    for (const v1::Record& record : records) {
      if (!writer_.Write(record)) return AQ_REJECT;
      for (std::size_t i = 0; i < writer_.texts().size(); ++i) {
        const Fault fault = AppendCell(i, writer_.texts()[i]);
        if (!fault.ok()) return writer_.Refuse(i, fault);
      }
      if (EndRow() > kRowBytesMax) {
        return writer_.Refuse(0, {kValueInvalid, "the row would be longer than " +
                                                     std::to_string(kRowBytesMax) + " bytes"});
      }
    }
    return AQ_OK;
  }

 private:
  Fault AppendCell(std::size_t index, std::string_view cell) {
    if (index > 0) text_ += shape_.delimiter;
    const bool special = cell.find_first_of("\"\r\n") != std::string_view::npos ||
                         cell.find(shape_.delimiter) != std::string_view::npos;
    if (!shape_.quoted) {
      // A quote means nothing in such a format.
      if (special && (cell.find_first_of("\r\n") != std::string_view::npos ||
                      cell.find(shape_.delimiter) != std::string_view::npos)) {
        return {kValueInvalid, "holds a delimiter or line break, and the format has no quoting"};
      }
      text_ += cell;
      return {};
    }
    if (!special) {
      text_ += cell;
      return {};
    }
    text_ += '"';
    for (const char c : cell) {
      if (c == '"') text_ += c;
      text_ += c;
    }
    text_ += '"';
    return {};
  }

  // Bytes of the row.
  std::size_t EndRow() {
    const std::size_t before = out_.size();
    transcoder_.FromUtf8(text_, out_);  // RowWriter gives UTF-8 only
    const std::size_t bytes = out_.size() - before;
    out_ += kLineEnd;
    text_.clear();
    return bytes;
  }

  const Delimited& shape_;
  std::string& out_;
  Transcoder transcoder_;
  RowWriter writer_;
  const Format& format_;
  Report& report_;
  std::string text_;
};

}  // namespace

aq_status EncodeDelimited(const Format& format, std::span<const v1::Record> records,
                          std::string& out, Report& report) {
  const aq_status status = Encoder(format, out, report).Encode(records);
  return status == AQ_OK ? CheckEncoding(std::get<Delimited>(format.shape).encoding, out, report)
                         : status;
}

}  // namespace anqiao::sdk

// XML, JSON and JSON lines: rows whose values carry their names; absent values are left out.

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "plugins/sdk/row_writer.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/writers.h"
#include "plugins/sdk/xml_text.h"

namespace anqiao::sdk {
namespace {

void AppendJsonText(std::string_view text, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c >= 0 && c < ' ') {
      out += "\\u00";
      out += kHex[c / 16];
      out += kHex[c % 16];
    } else {
      out += c;
    }
  }
  out += '"';
}

void AppendJsonRow(const Format& format, const RowWriter& writer, std::string& out) {
  out += '{';
  bool first = true;
  for (std::size_t i = 0; i < format.columns.size(); ++i) {
    if (writer.texts()[i].empty()) continue;
    if (!first) out += ',';
    first = false;
    AppendJsonText(format.columns[i].names.front(), out);
    out += ':';
    AppendJsonText(writer.texts()[i], out);
  }
  out += '}';
}

}  // namespace

aq_status EncodeXml(const Format& format, std::span<const v1::Record> records, std::string& out,
                    Report& report) {
  const Encoding encoding = std::get<Xml>(format.shape).encoding;
  Transcoder transcoder(encoding);
  if (!transcoder.usable()) {
    return report.RefusePayload({}, "INTERNAL", "the system has no converter for GB18030");
  }
  for (const Column& column : format.columns) {
    if (!IsXmlName(column.names.front())) {
      return report.RefusePayload({.field = column.names.front(), .target = column.field},
                                  kValueInvalid, "the declared name cannot be that of an element");
    }
  }
  std::string text = "<?xml version=\"1.0\" encoding=\"" + std::string(NameOf(encoding)) +
                     "\"?>\n<dataset name=\"";
  AppendXmlText(format.title_zh, text);
  text += "\">\n";
  RowWriter writer(format, {}, report);
  for (const v1::Record& record : records) {
    if (!writer.Write(record)) return AQ_REJECT;
    text += "<row>";
    for (std::size_t i = 0; i < format.columns.size(); ++i) {
      if (writer.texts()[i].empty()) continue;
      const std::string name(format.columns[i].names.front());
      text += '<' + name + '>';
      AppendXmlText(writer.texts()[i], text);
      text += "</" + name + '>';
    }
    text += "</row>\n";
    transcoder.FromUtf8(text, out);  // RowWriter gives UTF-8 only
    text.clear();
  }
  text += "</dataset>\n";
  transcoder.FromUtf8(text, out);
  return AQ_OK;
}

aq_status EncodeJson(const Format& format, std::span<const v1::Record> records, std::string& out,
                     Report& report) {
  RowWriter writer(format, {}, report);
  out += "{\"sheet\":";
  AppendJsonText(format.title_zh, out);
  out += ",\"rows\":[";
  for (const v1::Record& record : records) {
    if (!writer.Write(record)) return AQ_REJECT;
    out += &record == records.data() ? "\n" : ",\n";
    AppendJsonRow(format, writer, out);
  }
  out += "\n]}\n";
  return AQ_OK;
}

aq_status EncodeJsonLines(const Format& format, std::span<const v1::Record> records,
                          std::string& out, Report& report) {
  RowWriter writer(format, {}, report);
  for (const v1::Record& record : records) {
    if (!writer.Write(record)) return AQ_REJECT;
    AppendJsonRow(format, writer, out);
    out += '\n';
  }
  return AQ_OK;
}

}  // namespace anqiao::sdk

// Which reader and which writer a shape has.

#include <variant>

#include "plugins/sdk/readers.h"
#include "plugins/sdk/writers.h"

namespace anqiao::sdk {
namespace {

using DecodeFunction = aq_status (*)(const Format&, std::string_view, Report&);
using EncodeFunction = aq_status (*)(const Format&, std::span<const v1::Record>, std::string&,
                                     Report&);

struct Codec {
  DecodeFunction decode;
  EncodeFunction encode;

  Codec operator()(const Delimited&) const { return {DecodeDelimited, EncodeDelimited}; }
  Codec operator()(const FixedWidth&) const { return {DecodeFixedWidth, EncodeFixedWidth}; }
  Codec operator()(const Xml&) const { return {DecodeXml, EncodeXml}; }
  Codec operator()(const Json&) const { return {DecodeJson, EncodeJson}; }
  Codec operator()(const JsonLines&) const { return {DecodeJsonLines, EncodeJsonLines}; }
  Codec operator()(const Xlsx&) const { return {DecodeXlsx, EncodeXlsx}; }
};

Codec CodecOf(const Format& format) { return std::visit(Codec{}, format.shape); }

}  // namespace

aq_status DecodeShape(const Format& format, std::string_view payload, Report& report) {
  return CodecOf(format).decode(format, payload, report);
}

aq_status EncodeShape(const Format& format, std::span<const v1::Record> records, std::string& out,
                      Report& report) {
  return CodecOf(format).encode(format, records, out, report);
}

}  // namespace anqiao::sdk

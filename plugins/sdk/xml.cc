#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "plugins/sdk/element_rows.h"
#include "plugins/sdk/native_offsets.h"
#include "plugins/sdk/readers.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/xml_text.h"

namespace anqiao::sdk {
namespace {

constexpr std::string_view kRoot = "dataset";
constexpr std::string_view kRow = "row";

// By the declaration, UTF-8 if there is none; nullopt if it is not one that is taken.
std::optional<Encoding> DeclaredEncoding(std::string_view payload) {
  if (payload.starts_with("\xEF\xBB\xBF")) payload.remove_prefix(3);
  if (!payload.starts_with("<?xml")) return Encoding::kUtf8;
  const std::string_view declaration = payload.substr(0, payload.find("?>"));
  const std::size_t at = declaration.find("encoding");
  if (at == std::string_view::npos) return Encoding::kUtf8;
  const std::size_t open = declaration.find_first_of("\"'", at);
  if (open == std::string_view::npos) return Encoding::kUtf8;
  std::string name(
      declaration.substr(open + 1, declaration.find(declaration[open], open + 1) - open - 1));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (name == "utf-8" || name == "utf8") return Encoding::kUtf8;
  if (name == "gb18030" || name == "gbk" || name == "gb2312") return Encoding::kGb18030;
  return std::nullopt;
}

std::size_t OffsetOf(const pugi::xml_node& node) {
  const std::ptrdiff_t offset = node.offset_debug();  // of an element's name, behind "<"
  if (node.type() != pugi::node_element) return offset > 0 ? static_cast<std::size_t>(offset) : 0;
  return offset > 0 ? static_cast<std::size_t>(offset) - 1 : 0;
}

bool IsText(const pugi::xml_node& node) {
  return (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata) &&
         !Trim(node.value()).empty();
}

// Values are never taken from attributes, also if a column has the name.
std::string AttributeName(const pugi::xml_attribute& attribute) {
  return "@" + std::string(attribute.name());
}

// The element's text. False: it has elements of its own.
bool TextOf(const pugi::xml_node& element, std::string& out) {
  out.clear();
  for (const pugi::xml_node& child : element.children()) {
    if (child.type() == pugi::node_element) return false;
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) out += child.value();
  }
  return true;
}

class Decoder {
 public:
  Decoder(const Format& format, Encoding encoding, std::string_view payload, std::string text,
          Report& report)
      : report_(report),
        text_(std::move(text)),
        offsets_(encoding, payload, text_),
        rows_(format, "/dataset/row/", report) {}

  aq_status Decode() {
    const bool complete = Trim(text_).ends_with("</dataset>") || Trim(text_).ends_with("/>");
    const bool forbidden = NamesForbiddenContent(text_);
    SpoilImpossibleReferences(text_);
    text_ += '\n';  // the parser passes over a single character of text at the end
    // As a fragment, since text beside the root would be passed over otherwise.
    const pugi::xml_parse_result parsed = document_.load_buffer_inplace(
        text_.data(), text_.size(), pugi::parse_default | pugi::parse_fragment,
        pugi::encoding_utf8);
    const pugi::xml_node root = document_.document_element();
    const bool well_formed = parsed && root;
    if (!well_formed && forbidden) {
      return report_.RefusePayload({}, "FORBIDDEN_CONTENT",
                                   "the payload names health codes that must not be held");
    }
    if (!well_formed) {
      const std::size_t at = parsed ? text_.size() : static_cast<std::size_t>(parsed.offset);
      return report_.RefusePayload({.byte_offset = offsets_.Of(at)},
                                   complete ? "PAYLOAD_UNDECODABLE" : "PAYLOAD_TRUNCATED",
                                   complete ? "not well-formed XML" : "the XML ends early");
    }
    for (const pugi::xml_node& node : document_.children()) {
      const bool element = node.type() == pugi::node_element;
      if (!IsText(node) && (!element || (node == root && root.name() == kRoot))) continue;
      return report_.RefusePayload({.byte_offset = offsets_.Of(OffsetOf(node))},
                                   "PAYLOAD_UNDECODABLE",
                                   "the only root must be <dataset>, without text beside it");
    }
    if (const aq_status status = NoteNames(root); status != AQ_OK) return status;
    std::uint64_t number = 0;
    for (const pugi::xml_node& row : root.children(kRow.data())) {
      if (report_.stopped()) break;
      DecodeRow(row, ++number);
    }
    return AQ_OK;
  }

 private:
  aq_status NoteNames(const pugi::xml_node& root) {
    std::uint64_t number = 0;
    for (const pugi::xml_node& row : root.children()) {
      if (row.type() != pugi::node_element && !IsText(row)) continue;
      if (row.name() != kRow) {
        return report_.RefusePayload(
            {.row = number + 1, .byte_offset = offsets_.Of(OffsetOf(row))},
            NamesForbiddenContent(row.name()) ? "FORBIDDEN_CONTENT" : "PAYLOAD_UNDECODABLE",
            "<dataset> may hold <row> only, without text between them");
      }
      ++number;
      for (const pugi::xml_attribute& attribute : row.attributes()) {
        NoteName(AttributeName(attribute), number, row);
      }
      for (const pugi::xml_node& element : row.children()) NoteElement(element, number);
    }
    return rows_.Check(number);
  }

  void NoteElement(const pugi::xml_node& element, std::uint64_t row) {
    if (element.type() != pugi::node_element) return;
    NoteName(element.name(), row, element);
    for (const pugi::xml_attribute& attribute : element.attributes()) {
      NoteName(AttributeName(attribute), row, element);
    }
    // One level more is enough to find a forbidden name in an element that is refused anyway.
    for (const pugi::xml_node& inner : element.children()) {
      if (inner.type() == pugi::node_element) NoteName(inner.name(), row, inner);
    }
  }

  void NoteName(std::string_view name, std::uint64_t row, const pugi::xml_node& at) {
    if (!rows_.Knows(name)) rows_.Note(name, row, offsets_.Of(OffsetOf(at)));
  }

  void DecodeRow(const pugi::xml_node& row, std::uint64_t number) {
    const std::uint64_t offset = offsets_.Of(OffsetOf(row));
    report_.MoveTo(number, offset);
    rows_.Begin();
    std::string value;
    for (const pugi::xml_node& element : row.children()) {
      if (element.type() != pugi::node_element) {
        if (!IsText(element)) continue;
        report_.RefuseRecord(
            {.row = number, .byte_offset = offsets_.Of(OffsetOf(element)), .field = "/dataset/row"},
            "VALUE_INVALID", "the row must hold elements only");
        return;
      }
      const bool flat = TextOf(element, value);
      const bool characters = FindInvalidUtf8(value) == std::string_view::npos;
      if (flat && characters && rows_.Set(element.name(), value, OffsetOf(element))) continue;
      const std::string path = "/dataset/row/" + std::string(element.name());
      report_.RefuseRecord(
          {.row = number, .byte_offset = offsets_.Of(OffsetOf(element)), .field = path},
          "VALUE_INVALID",
          !flat         ? "the element must hold text only"
          : !characters ? "holds a reference to what is no character"
                        : "the row has this element twice");
      return;
    }
    rows_.Build(number, offset, [this](std::uint64_t place) { return offsets_.Of(place); });
  }

  Report& report_;
  std::string text_;  // parsed in place
  NativeOffsets offsets_;
  ElementRows rows_;
  pugi::xml_document document_;
};

}  // namespace

aq_status DecodeXml(const Format& format, std::string_view payload, Report& report) {
  if (OtherEncodingOf(payload, Encoding::kUtf8) == "UTF-16") {
    return report.RefusePayload({}, "ENCODING_INVALID",
                                "expected UTF-8 or GB18030, the bytes look like UTF-16");
  }
  const std::optional<Encoding> encoding = DeclaredEncoding(payload);
  if (!encoding.has_value()) {
    return report.RefusePayload({}, "ENCODING_INVALID",
                                "the XML declaration must say UTF-8 or GB18030");
  }
  Transcoder transcoder(*encoding);
  std::string text;
  if (!transcoder.usable()) {
    return report.RefusePayload({}, "INTERNAL", "the system has no converter for GB18030");
  }
  if (const std::size_t bad = transcoder.ToUtf8(payload, text); bad != Transcoder::npos) {
    std::uint64_t row = 0;
    for (std::size_t at = payload.find("<row"); at < bad; at = payload.find("<row", at + 1)) ++row;
    const bool cut = bad + 4 > payload.size();
    return report.RefusePayload(
        {.row = row, .byte_offset = bad},
        NamesForbiddenContent(text) ? "FORBIDDEN_CONTENT"
                                    : (cut ? "PAYLOAD_TRUNCATED" : "ENCODING_INVALID"),
        "not valid " + std::string(NameOf(*encoding)) + ", which the XML declares or implies");
  }
  if (text.find('\0') != std::string::npos) {
    return report.RefusePayload({.byte_offset = payload.find('\0')}, "PAYLOAD_UNDECODABLE",
                                "holds a zero byte");
  }
  return Decoder(format, *encoding, payload, std::move(text), report).Decode();
}

}  // namespace anqiao::sdk

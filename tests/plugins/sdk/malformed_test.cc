// Malformed payloads of the kinds that public collections hold (CSV, JSON, XML, Unicode), all made
// up here: malformed/KIND/NAME is a payload, the line "NAME: ..." of malformed/KIND.expected what
// must come of it:
//
//   NAME: OK {1=a} {3=c} | ENCODING_INVALID row 3 byte 12
//   NAME: REJECT | PAYLOAD_TRUNCATED row 1 byte 8
//
// {key=name} is a record; what is neither ASCII that prints nor valid UTF-8 stands as \xHH. Each
// row of a payload is in a record or in a diagnostic that says where it was.

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "plugins/sdk/text.h"
#include "tests/plugins/sdk/outcome.h"

namespace anqiao::sdk {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = ANQIAO_MALFORMED;
constexpr std::size_t kShownBytesMax = 40;

struct Kind {
  std::string name;
  decltype(Format::shape) shape;
};

Format FormatOf(const Kind& kind) {
  Format format;
  format.name = "malformed";
  format.kind = v1::RECORD_KIND_REGISTER;
  format.shape = kind.shape;
  format.columns = {Required(Text({"key"}, v1::FIELD_REGISTER_NUMBER)),
                    Text({"name"}, v1::FIELD_PERSON_NAME)};
  format.key = {"key"};
  return format;
}

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string Shown(std::string_view text) {
  const bool characters = FindInvalidUtf8(text) == std::string_view::npos;
  std::string out;
  for (const char c : text.substr(0, kShownBytesMax)) {
    const bool plain = c >= ' ' && c != 0x7F && c != '\\';
    if (plain || (c < 0 && characters && text.size() <= kShownBytesMax)) {
      out += c;
    } else {
      char hex[5];
      std::snprintf(hex, sizeof hex, "\\x%02X", static_cast<unsigned char>(c));
      out += hex;
    }
  }
  if (text.size() > kShownBytesMax) out += "...(" + std::to_string(text.size()) + ")";
  return out;
}

std::string ShownRecord(const v1::Record& record) {
  std::string name;
  for (const v1::FieldValue& value : record.values()) {
    if (value.field() == v1::FIELD_PERSON_NAME) name = value.value();
  }
  return " {" + Shown(record.key()) + "=" + Shown(name) + "}";
}

std::string ShownOutcome(const Outcome& outcome) {
  std::string text = outcome.status == AQ_OK ? "OK" : "REJECT";
  for (const v1::Record& record : outcome.records) text += ShownRecord(record);
  for (const Outcome::Said& one : outcome.said) {
    text += " | " + one.reason + " row " + std::to_string(one.row) + " byte " +
            std::to_string(one.byte_offset);
  }
  return text;
}

std::map<std::string, std::string> ReadExpected(const std::string& kind) {
  std::map<std::string, std::string> expected;
  std::ifstream in(kRoot / (kind + ".expected"));
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) expected[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return expected;
}

class MalformedTest : public ::testing::TestWithParam<Kind> {};

TEST_P(MalformedTest, DecodesOrSaysWhatIsWrongAndWhere) {
  const Format format = FormatOf(GetParam());
  std::map<std::string, std::string> expected = ReadExpected(GetParam().name);
  ASSERT_FALSE(expected.empty());
  for (const auto& entry : fs::directory_iterator(kRoot / GetParam().name)) {
    const std::string name = entry.path().filename();
    const std::string payload = ReadFile(entry.path());
    const Outcome outcome = Decode(format, payload);
    EXPECT_EQ(ShownOutcome(outcome), expected[name]) << name << "\n" << outcome.Text();
    for (const Outcome::Said& one : outcome.said)
      EXPECT_LE(one.byte_offset, payload.size()) << name;
    EXPECT_TRUE(outcome.status == AQ_OK || !outcome.said.empty()) << name;
    expected.erase(name);
  }
  for (const auto& [name, text] : expected) ADD_FAILURE() << "there is no payload " << name;
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, MalformedTest,
    ::testing::Values(
        Kind{"csv", Delimited{}}, Kind{"json", Json{}}, Kind{"json_lines", JsonLines{}},
        Kind{"xml", Xml{}}, Kind{"utf8", Delimited{}},
        Kind{"gb18030", Delimited{.encoding = Encoding::kGb18030}},
        Kind{"gb18030_bars",
             Delimited{.encoding = Encoding::kGb18030, .delimiter = '|', .quoted = false}}),
    [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace anqiao::sdk

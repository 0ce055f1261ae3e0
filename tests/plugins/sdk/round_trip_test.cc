// Whatever a format writes, it reads back as the same records; what it could not, it refuses.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "tests/plugins/sdk/outcome.h"

namespace anqiao::sdk {
namespace {

constexpr Code kStatus[] = {{"在册", "REGISTERED"},
                            {"社会面", "IN_SOCIETY"},
                            {"服刑", "IN_SOCIETY", v1::FIELD_STATUS_FLAG, "IN_CUSTODY"},
                            {"失控", "IN_SOCIETY", v1::FIELD_STATUS_FLAG, "LOST"}};
constexpr Code kSex[] = {{"男", "1"}, {"男性", "1"}, {"女", "2"}};

// Every converter once, a key of three columns of which one is in the key only, a field in two
// columns.
template <typename Shape>
Format FormatOf(Shape shape) {
  Format format;
  format.name = "test";
  format.title_zh = "样例";
  format.kind = v1::RECORD_KIND_REGISTER;
  format.encodes = true;
  format.shape = shape;
  format.columns = {
      Wide(20,
           Required(AlsoAs(Text({"number"}, v1::FIELD_REGISTER_NUMBER), v1::FIELD_HOUSEHOLD_KEY))),
      Wide(8, Ignored({"remark"})),
      Wide(12, Required(Ignored({"serial"}))),
      Wide(60, Text({"name"}, v1::FIELD_PERSON_NAME)),
      Wide(60, Separated(Text({"former"}, v1::FIELD_FORMER_NAME), "、")),
      Wide(4, Codes({"sex"}, v1::FIELD_SEX, kSex)),
      Wide(18, CitizenId({"id"}, v1::FIELD_ID_NUMBER)),
      Wide(8, Required(Date({"seized"}, v1::FIELD_SEIZURE_DATE))),
      Wide(6, Month({"from"}, v1::FIELD_RELIEF_FROM_MONTH)),
      Wide(15, Yuan({"amount"}, v1::FIELD_AMOUNT_FEN)),
      Wide(15, Money({"monthly"}, v1::FIELD_MONTHLY_AMOUNT_FEN, MoneyUnit::kTenThousandYuan)),
      Wide(9, Count({"months"}, v1::FIELD_TERM_MONTHS)),
      Wide(12, Phone({"phone"}, v1::FIELD_PHONE)),
      Wide(12, Phone({"mobile"}, v1::FIELD_PHONE)),
      Wide(12, Division({"grid"}, v1::FIELD_DIVISION)),
      Wide(18, CreditCode({"employer"}, v1::FIELD_EMPLOYER_CODE)),
      Wide(8, Codes({"status"}, v1::FIELD_CONTROL_STATUS, kStatus)),
      Wide(1, Validity({"valid"}))};
  format.key = {"number", "serial", "seized"};
  format.constants = {{v1::FIELD_RELIEF_KIND, "DESTITUTE"}};
  return format;
}

void Add(v1::Record& record, v1::Field field, std::string value) {
  v1::FieldValue* added = record.add_values();
  added->set_field(field);
  added->set_value(std::move(value));
}

class Generator {
 public:
  // "breaks": values may hold line breaks, delimiters and quotes.
  explicit Generator(bool breaks) : breaks_(breaks) {}

  v1::Record Next() {
    v1::Record record;
    record.set_kind(v1::RECORD_KIND_REGISTER);
    record.set_removed(Below(8) == 0);
    const std::string number = "R" + std::to_string(Below(100000)) + (Below(4) == 0 ? "/1" : "");
    const std::string seized =
        Below(3) == 0 ? "2026-03" : "2025-11-0" + std::to_string(1 + Below(9));
    record.set_key(number + "/" + std::to_string(++serial_) + "/" + seized);
    Add(record, v1::FIELD_HOUSEHOLD_KEY, number);
    Add(record, v1::FIELD_REGISTER_NUMBER, number);
    if (Below(4) != 0) Add(record, v1::FIELD_PERSON_NAME, Words());
    const int formers = Below(3);
    for (int i = 0; i < formers; ++i) {
      Add(record, v1::FIELD_FORMER_NAME, "曾" + std::to_string(i) + Word());
    }
    if (Below(2) == 0) Add(record, v1::FIELD_SEX, Below(2) == 0 ? "1" : "2");
    if (Below(2) == 0) Add(record, v1::FIELD_ID_NUMBER, "421299198503150026");
    Add(record, v1::FIELD_SEIZURE_DATE, seized);
    if (Below(2) == 0) Add(record, v1::FIELD_RELIEF_FROM_MONTH, "2024-12");
    if (Below(2) == 0) Add(record, v1::FIELD_AMOUNT_FEN, std::to_string(Below(1000000)));
    if (Below(2) == 0) Add(record, v1::FIELD_MONTHLY_AMOUNT_FEN, std::to_string(Below(1000000)));
    if (Below(2) == 0) Add(record, v1::FIELD_TERM_MONTHS, "36");
    const int phones = Below(3);
    for (int i = 0; i < phones; ++i) Add(record, v1::FIELD_PHONE, "1900000000" + std::to_string(i));
    if (Below(2) == 0) Add(record, v1::FIELD_DIVISION, "421202003001");
    if (Below(2) == 0) Add(record, v1::FIELD_EMPLOYER_CODE, "92421299MA4KXYQ7X7");
    const int status = Below(4);
    if (status == 1) Add(record, v1::FIELD_CONTROL_STATUS, "REGISTERED");
    if (status >= 2) Add(record, v1::FIELD_CONTROL_STATUS, "IN_SOCIETY");
    if (status == 3) Add(record, v1::FIELD_STATUS_FLAG, "LOST");
    Add(record, v1::FIELD_RELIEF_KIND, "DESTITUTE");
    return record;
  }

 private:
  int Below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }

  // Four-byte characters in GB18030, trail bytes that look like "|" or "\", and marks of every
  // shape.
  std::string Word() {
    static constexpr const char* kWords[] = {"样例",    "𠮷", "㐀",  "𪚥",   "倈億",  "é",
                                             "·",       "€",  "a'b", "<x>",  "&amp;", "]]>",
                                             "_x000D_", "{}", "\\n", "=1+1", "ㄅ",    "＊"};
    return kWords[Below(std::size(kWords))];
  }
  std::string Words() {
    static constexpr const char* kMarks[] = {"\n", "\r\n", "\r", "\t", ",", "\"", "\"\"", "|"};
    std::string text = Word();
    const int more = Below(4);
    for (int i = 0; i < more; ++i) {
      text += breaks_ && Below(2) == 0 ? kMarks[Below(std::size(kMarks))] : " ";
      text += Word();
    }
    return text;
  }

  std::mt19937 random_{20260301};  // NOLINT(cert-msc51-cpp): the same every time
  const bool breaks_;
  int serial_ = 0;
};

// What a record says, without its place.
std::string Meaning(const v1::Record& record) {
  std::vector<std::tuple<int, std::string>> values;
  for (const v1::FieldValue& value : record.values()) {
    values.emplace_back(value.field(), value.value());
  }
  std::stable_sort(values.begin(), values.end(),
                   [](const auto& a, const auto& b) { return std::get<0>(a) < std::get<0>(b); });
  std::string text = record.key() + (record.removed() ? " removed" : "");
  for (const auto& [field, value] : values) text += "\n" + std::to_string(field) + "=" + value;
  return text;
}

void ExpectRoundTrip(const Format& format, bool breaks) {
  Generator generator(breaks);
  std::vector<v1::Record> records;
  for (int i = 0; i < 500; ++i) records.push_back(generator.Next());
  const Outcome encoded = Encode(format, records);
  ASSERT_EQ(encoded.status, AQ_OK) << encoded.Text();
  const Outcome decoded = Decode(format, encoded.encoded);
  ASSERT_EQ(decoded.status, AQ_OK) << decoded.Text();
  EXPECT_EQ(decoded.Text(), "");
  ASSERT_EQ(decoded.records.size(), records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    ASSERT_EQ(Meaning(decoded.records[i]), Meaning(records[i])) << i;
  }
  // The same records give the same bytes.
  EXPECT_EQ(Encode(format, decoded.records).encoded, encoded.encoded);
}

TEST(RoundTripTest, Delimited) {
  ExpectRoundTrip(FormatOf(Delimited{}), true);
  ExpectRoundTrip(FormatOf(Delimited{.delimiter = '\t', .header_row = 5, .byte_order_mark = true}),
                  true);
  ExpectRoundTrip(FormatOf(Delimited{.encoding = Encoding::kGb18030}), true);
  ExpectRoundTrip(
      FormatOf(Delimited{.encoding = Encoding::kGb18030, .delimiter = '|', .quoted = false}),
      false);
}

TEST(RoundTripTest, DelimitedWithGroups) {
  Format format = FormatOf(Delimited{.header_row = 2, .header_rows = 2});
  format.columns[3].names = {"person.name"};
  format.columns[4].names = {"person.former"};
  format.columns[12].names = {"contact.phone"};
  format.columns[13].names = {"contact.mobile"};
  ExpectRoundTrip(format, true);
}

TEST(RoundTripTest, FixedWidth) {
  ExpectRoundTrip(FormatOf(FixedWidth{.code = "TEST", .record_type = 'X'}), false);
}

TEST(RoundTripTest, Xml) {
  ExpectRoundTrip(FormatOf(Xml{}), true);
  ExpectRoundTrip(FormatOf(Xml{.encoding = Encoding::kGb18030}), true);
}

TEST(RoundTripTest, Json) { ExpectRoundTrip(FormatOf(Json{}), true); }
TEST(RoundTripTest, JsonLines) { ExpectRoundTrip(FormatOf(JsonLines{}), true); }

TEST(RoundTripTest, Xlsx) {
  ExpectRoundTrip(FormatOf(Xlsx{}), true);
  ExpectRoundTrip(FormatOf(Xlsx{.sheet = "名册", .header_row = 3}), true);
}

struct Refusal {
  const char* what;
  v1::Field field;
  const char* value;
  const char* reason;
  const char* named;  // the column in the diagnostic
};

TEST(WriterTest, RefusesWhatHasNoPlaceAndSaysWhere) {
  constexpr Refusal kRefusals[] = {
      {"a second value", v1::FIELD_PERSON_NAME, "乙", "VALUE_INVALID", ""},
      {"a field without a column", v1::FIELD_POST, "x", "VALUE_INVALID", ""},
      {"another constant", v1::FIELD_RELIEF_KIND, "TEMPORARY", "VALUE_INVALID", ""},
      {"another value of a doubled field", v1::FIELD_HOUSEHOLD_KEY, "x", "VALUE_INVALID", ""},
      {"a code that is none", v1::FIELD_SEX, "3", "VALUE_INVALID", "sex"},
      {"a flag that no code says", v1::FIELD_STATUS_FLAG, "ABROAD", "VALUE_INVALID", ""},
      {"no date", v1::FIELD_RELIEF_FROM_MONTH, "soon", "VALUE_INVALID", "from"},
      {"a day in a month", v1::FIELD_RELIEF_FROM_MONTH, "2026-03-15", "VALUE_INVALID", "from"},
      {"a separator", v1::FIELD_FORMER_NAME, "甲、乙", "VALUE_INVALID", "former"},
      {"a blank at the end", v1::FIELD_FORMER_NAME, "甲 ", "VALUE_INVALID", "former"},
      {"no UTF-8", v1::FIELD_FORMER_NAME, "\xFF", "ENCODING_INVALID", "former"},
      {"a control character", v1::FIELD_FORMER_NAME, "\x01", "VALUE_INVALID", "former"}};
  for (const Format& format :
       {FormatOf(Delimited{}), FormatOf(FixedWidth{.code = "TEST", .record_type = 'X'}),
        FormatOf(Xml{}), FormatOf(Json{}), FormatOf(JsonLines{}), FormatOf(Xlsx{})}) {
    for (const Refusal& refusal : kRefusals) {
      v1::Record good;
      good.set_kind(v1::RECORD_KIND_REGISTER);
      good.set_key("R1/1/2026-03-15");
      Add(good, v1::FIELD_REGISTER_NUMBER, "R1");
      Add(good, v1::FIELD_PERSON_NAME, "甲");
      Add(good, v1::FIELD_SEIZURE_DATE, "2026-03-15");
      v1::Record bad = good;
      v1::FieldValue* added = bad.add_values();
      added->set_field(refusal.field);
      added->set_value("x");
      *added->mutable_value() = refusal.value;
      const std::vector<v1::Record> records = {good, bad};
      const Outcome outcome = Encode(format, records);
      EXPECT_EQ(outcome.status, AQ_REJECT) << refusal.what;
      ASSERT_EQ(outcome.said.size(), 1U) << refusal.what;
      EXPECT_TRUE(outcome.Says(refusal.reason, 2)) << refusal.what << outcome.Text();
      EXPECT_EQ(outcome.said[0].field, refusal.named) << refusal.what;
      EXPECT_EQ(outcome.said[0].message.find(refusal.value), std::string::npos)
          << "messages never hold the value";
    }
  }
}

TEST(WriterTest, RefusesKeysThatReadingWouldNotGive) {
  const Format format = FormatOf(Delimited{});
  v1::Record record;
  record.set_kind(v1::RECORD_KIND_REGISTER);
  Add(record, v1::FIELD_REGISTER_NUMBER, "R1");
  Add(record, v1::FIELD_SEIZURE_DATE, "2026-03-15");
  for (const char* key :
       {"", "R1", "R2/1/2026-03-15", "R1/1/2026-03-16", "R1//2026-03-15", "R1/ 1/2026-03-15"}) {
    record.set_key(key);
    const Outcome outcome = Encode(format, {&record, 1});
    EXPECT_EQ(outcome.status, AQ_REJECT) << key;
    EXPECT_EQ(outcome.said.size(), 1U) << key;
  }
  record.set_key("R1/a/b/2026-03-15");
  const Outcome outcome = Encode(format, {&record, 1});
  ASSERT_EQ(outcome.status, AQ_OK) << outcome.Text();
  EXPECT_EQ(Decode(format, outcome.encoded).records.at(0).key(), record.key());
}

TEST(WriterTest, RefusesDelimitersWhereNothingIsQuoted) {
  const Format format = FormatOf(Delimited{.delimiter = '|', .quoted = false});
  v1::Record record;
  record.set_kind(v1::RECORD_KIND_REGISTER);
  record.set_key("R1/1/2026-03-15");
  Add(record, v1::FIELD_REGISTER_NUMBER, "R1");
  Add(record, v1::FIELD_SEIZURE_DATE, "2026-03-15");
  Add(record, v1::FIELD_PERSON_NAME, "a\"b,c");
  EXPECT_EQ(Encode(format, {&record, 1}).status, AQ_OK);
  for (const char* name : {"a|b", "a\nb", "a\rb"}) {
    record.mutable_values(2)->set_value(name);
    const Outcome outcome = Encode(format, {&record, 1});
    EXPECT_EQ(outcome.status, AQ_REJECT) << name;
    EXPECT_TRUE(outcome.Says("VALUE_INVALID", 1));
    EXPECT_EQ(outcome.said.at(0).column, 4U);
  }
}

TEST(WriterTest, RefusesRemovedRecordsWhereNothingSaysSo) {
  Format format = FormatOf(Json{});
  format.columns.pop_back();
  v1::Record record = Generator(false).Next();
  record.set_removed(true);
  EXPECT_TRUE(Encode(format, {&record, 1}).Says("VALUE_INVALID", 1));
  record.set_removed(false);
  record.set_kind(v1::RECORD_KIND_TEST);
  EXPECT_TRUE(Encode(format, {&record, 1}).Says("VALUE_INVALID", 1));
}

TEST(WriterTest, RefusesElementNamesThatXmlCannotHave) {
  Format format = FormatOf(Xml{});
  format.columns[11].names = {"期限(月)"};
  EXPECT_EQ(Encode(format, {}).status, AQ_REJECT);
}

}  // namespace
}  // namespace anqiao::sdk

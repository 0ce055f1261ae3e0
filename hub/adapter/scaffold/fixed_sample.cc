#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "hub/adapter/scaffold/infer.h"
#include "hub/adapter/scaffold/native_samples.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::scaffold {
namespace {

constexpr std::size_t kHeadBytes = 25;  // H, code, date, count
constexpr std::size_t kTailBytes = 9;   // T, count
constexpr std::size_t kFieldsMax = 512;

std::vector<absl::string_view> LinesOf(absl::string_view bytes) {
  std::vector<absl::string_view> lines = absl::StrSplit(bytes, '\n');
  for (absl::string_view& line : lines) absl::ConsumeSuffix(&line, "\r");
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

bool OnlyDigits(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

absl::Status Undecodable(absl::string_view message) {
  return Unreadable(reason::kPayloadUndecodable, message);
}

// Lines between the first and the last, all as long and of one type.
absl::StatusOr<std::vector<absl::string_view>> RecordsOf(absl::string_view bytes,
                                                         SampleTable& table) {
  std::vector<absl::string_view> lines = LinesOf(bytes);
  if (!LooksLikeFixedWidth(bytes)) {
    return Undecodable(
        "fixed width begins with a line of 25 bytes: H, a code of 8, a date of 8, a count of 8; "
        "this sample does not");
  }
  if (lines.size() < 3 || lines.back().size() != kTailBytes || lines.back()[0] != 'T') {
    return Undecodable(
        "fixed width has records and then a last line of 9 bytes, T and a count; this sample ends "
        "otherwise");
  }
  table.code = std::string(absl::StripAsciiWhitespace(lines[0].substr(1, 8)));
  lines.erase(lines.begin());
  lines.pop_back();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].size() < 2 || lines[i].size() != lines[0].size()) {
      return Undecodable(
          absl::StrCat("row ", i + 2, " has ", lines[i].size(), " bytes, row 2 ", lines[0].size()));
    }
    if (lines[i][0] != lines[0][0]) {
      return Undecodable(
          absl::StrCat("row ", i + 2, " begins with another type of record than row 2"));
    }
  }
  table.record_type = lines[0][0];
  if (lines.size() > kSampleRowsMax) lines.resize(kSampleRowsMax);
  return lines;
}

// "姓名=30,18": names and widths.
absl::Status ReadWidths(const std::string& text, SampleTable& table) {
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const std::vector<std::string> words = absl::StrSplit(part, absl::MaxSplits('=', 1));
    std::size_t width = 0;
    if (!absl::SimpleAtoi(words.back(), &width) || width == 0 || width > 4096 ||
        table.widths.size() >= kFieldsMax) {
      return InvalidField("widths", absl::StrCat("must be widths in bytes, such as 姓名=30,18,8; '",
                                                 absl::StripAsciiWhitespace(part), "' is none"));
    }
    table.widths.push_back(width);
    table.headers.push_back(words.size() == 2 ? std::string(absl::StripAsciiWhitespace(words[0]))
                                              : absl::StrCat("field_", table.widths.size()));
  }
  return absl::OkStatus();
}

enum class Kind { kBlank, kDigit, kOther, kInside };

// What each byte of a record is; kInside: a later byte of a character.
std::vector<Kind> KindsOf(absl::string_view record, bool gb18030) {
  std::vector<Kind> kinds(record.size(), Kind::kInside);
  std::size_t i = 0;
  while (i < record.size()) {
    const auto c = static_cast<unsigned char>(record[i]);
    kinds[i] = c == ' ' ? Kind::kBlank : absl::ascii_isdigit(c) ? Kind::kDigit : Kind::kOther;
    std::size_t length = 1;
    if (gb18030 && c >= 0x81) {
      length = i + 1 < record.size() && absl::ascii_isdigit(record[i + 1]) ? 4 : 2;
    } else if (!gb18030 && c >= 0xC0) {
      length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    }
    i += length;
  }
  return kinds;
}

// A field may begin at "at": see ReadFixedWidth.
bool BeginsField(const std::vector<std::vector<Kind>>& records, std::size_t at) {
  bool after_blank = true;
  bool blank = true;
  bool to_digit = true;
  bool from_digit = true;
  for (const std::vector<Kind>& kinds : records) {
    if (kinds[at] == Kind::kInside) return false;
    std::size_t before = at - 1;
    while (before > 0 && kinds[before] == Kind::kInside) --before;
    after_blank = after_blank && kinds[before] == Kind::kBlank;
    blank = blank && kinds[at] == Kind::kBlank;
    to_digit = to_digit && kinds[before] == Kind::kOther && kinds[at] == Kind::kDigit;
    from_digit = from_digit && kinds[before] == Kind::kDigit && kinds[at] == Kind::kOther;
  }
  return (after_blank && !blank) || to_digit || from_digit;
}

// YYYYMMDD of a day that can be, so that other digits are not taken for one.
bool IsDay(absl::string_view text) {
  int number = 0;
  if (!OnlyDigits(text) || !absl::SimpleAtoi(text, &number)) return false;
  const int month = number / 100 % 100;
  const int day = number % 100;
  return number >= 19000101 && number < 21000101 && month >= 1 && month <= 12 && day >= 1 &&
         day <= 31;
}

// How much of the records at "at" is an identity number, phone or date in each; 0: none is.
std::size_t KnownLength(const std::vector<absl::string_view>& records, std::size_t at) {
  const std::pair<std::size_t, bool (*)(absl::string_view)> known[] = {
      {18, LooksLikeIdNumber}, {11, LooksLikePhone}, {8, IsDay}};
  for (const auto& [length, test] : known) {
    const bool all = std::all_of(records.begin(), records.end(),
                                 [&, size = length, is = test](absl::string_view record) {
                                   return at + size <= record.size() && is(record.substr(at, size));
                                 });
    if (all) return length;
  }
  return 0;
}

bool AllBlank(const std::vector<absl::string_view>& records, std::size_t from, std::size_t to) {
  return std::all_of(records.begin(), records.end(), [&](absl::string_view record) {
    return absl::StripAsciiWhitespace(record.substr(from, to - from)).empty();
  });
}

void FindWidths(const std::vector<absl::string_view>& records, SampleTable& table) {
  std::vector<std::vector<Kind>> kinds;
  for (const absl::string_view record : records) kinds.push_back(KindsOf(record, table.gb18030));
  constexpr std::size_t kPhoneBytes = 11;  // fewer digits look like many things
  std::vector<std::size_t> begins = {1};
  std::size_t known = KnownLength(records, 1);
  for (std::size_t at = 1 + std::max<std::size_t>(known, 1); at < records[0].size();) {
    const bool ends = known > 0 && at == begins.back() + known;
    const bool begin = BeginsField(kinds, at) || KnownLength(records, at) >= kPhoneBytes;
    if (begins.size() < kFieldsMax && (ends || (begin && !AllBlank(records, begins.back(), at)))) {
      begins.push_back(at);
      known = KnownLength(records, at);
      at += std::max<std::size_t>(known, 1);
    } else {
      ++at;
    }
  }
  begins.push_back(records[0].size());
  for (std::size_t i = 0; i + 1 < begins.size(); ++i) {
    table.widths.push_back(begins[i + 1] - begins[i]);
    table.headers.push_back(absl::StrCat("field_", i + 1));
  }
  table.widths_found = true;
}

}  // namespace

bool LooksLikeFixedWidth(absl::string_view bytes) {
  absl::string_view head = bytes.substr(0, bytes.find('\n'));
  absl::ConsumeSuffix(&head, "\r");
  return head.size() == kHeadBytes && head[0] == 'H' && OnlyDigits(head.substr(9));
}

absl::Status ReadFixedWidth(absl::string_view bytes, const SampleOptions& options,
                            SampleTable& table) {
  table.shape = Shape::kFixedWidth;
  table.crlf = absl::StrContains(bytes, "\r\n");
  AQ_ASSIGN_OR_RETURN(const std::vector<absl::string_view> records, RecordsOf(bytes, table));
  if (options.widths.empty()) {
    FindWidths(records, table);
  } else {
    AQ_RETURN_IF_ERROR(ReadWidths(options.widths, table));
  }
  std::size_t total = 1;
  for (const std::size_t width : table.widths) total += width;
  if (total != records[0].size()) {
    return Undecodable(absl::StrCat("the widths add up to ", total - 1, " bytes, a record has ",
                                    records[0].size() - 1, " after its type"));
  }
  table.column_quoted.resize(table.headers.size());
  for (const absl::string_view record : records) {
    std::vector<std::string>& cells = table.rows.emplace_back();
    std::size_t at = 1;
    for (const std::size_t width : table.widths) {
      const absl::string_view native = record.substr(at, width);
      cells.emplace_back(
          absl::StripAsciiWhitespace(table.gb18030 ? FromGb18030(native) : std::string(native)));
      at += width;
    }
  }
  return absl::OkStatus();
}

}  // namespace anqiao::scaffold

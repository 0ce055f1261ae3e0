#include "hub/engine/correction_file.h"

#include <iconv.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "hub/base/errors.h"

namespace anqiao::engine {
namespace {

using journal::v1::StoredProblem;

// As the adapters' reader has it: beyond, a quote is not believed.
constexpr std::size_t kRowBytesMax = 65536;

struct ReasonWords {
  const char* reason;
  const char* zh;
  const char* en;
};

constexpr ReasonWords kReasons[] = {
    {reason::kPayloadEmpty, "文件为空", "the file is empty"},
    {reason::kPayloadTooLarge, "文件或记录数超过上限", "the file has too many bytes or records"},
    {reason::kPayloadUndecodable, "文件不符合约定格式", "the file is not of the agreed format"},
    {reason::kPayloadTruncated, "文件不完整，请重新发送整个文件",
     "the file is cut off: send it again whole"},
    {reason::kEncodingInvalid, "字符编码不正确", "the encoding is wrong"},
    {reason::kUnknownColumn, "存在未约定的栏目", "a column that is not agreed"},
    {reason::kMissingColumn, "缺少必需的栏目", "a required column is missing"},
    {reason::kMissingValue, "必填项为空", "a required value is empty"},
    {reason::kValueInvalid, "填写的值不符合要求", "a value that the column may not hold"},
    {reason::kCheckDigitWrong, "校验码不正确，请核对号码",
     "the check character is wrong: compare the number"},
    {reason::kDateImpossible, "日期不存在", "a day that does not exist"},
    {reason::kDuplicateRecord, "同一主键在文件中重复且内容不同",
     "the same key again with other content"},
    {reason::kForbiddenContent, "含有不得提交的内容", "content that must not be sent"},
    {reason::kSnapshotShrank, "与在册记录相比缺少过多，请核对导出范围",
     "much of what is on file is missing: check the export"},
    {reason::kRowCutOff, "该行不完整，栏目不足", "the row ends before its last column"}};

enum class Charset { kUtf8, kGb18030 };

// "text", which is UTF-8, in the file's encoding.
std::string Encode(absl::string_view text, Charset charset) {
  if (charset == Charset::kUtf8) return std::string(text);
  const iconv_t converter = iconv_open("GB18030", "UTF-8");
  // Without a converter the remark is left in the part that every encoding shares.
  if (converter == reinterpret_cast<iconv_t>(-1)) return "?";
  std::string from(text), out(text.size() * 4 + 16, '\0');
  char* in = from.data();
  char* to = out.data();
  std::size_t in_left = from.size(), out_left = out.size();
  const bool whole =
      iconv(converter, &in, &in_left, &to, &out_left) != static_cast<std::size_t>(-1);
  iconv_close(converter);
  if (!whole) return "?";
  out.resize(out.size() - out_left);
  return out;
}

// The rows of native bytes as the adapters' reader counts them.
std::vector<absl::string_view> RowsOf(absl::string_view bytes, char delimiter) {
  std::vector<absl::string_view> rows;
  std::size_t begin = absl::StartsWith(bytes, "\xEF\xBB\xBF")       ? 3
                      : absl::StartsWith(bytes, "\x84\x31\x95\x33") ? 4
                                                                    : 0;
  while (begin < bytes.size()) {
    bool quoted = false, cell_start = true;
    std::size_t i = begin;
    for (; i < bytes.size(); ++i) {
      const char c = bytes[i];
      if (quoted) {
        if (i - begin > kRowBytesMax) break;
        if (c != '"') continue;
        if (i + 1 < bytes.size() && bytes[i + 1] == '"') {
          ++i;
        } else {
          quoted = false;
        }
        continue;
      }
      if (c == '\n') break;
      if (c == '"' && cell_start) quoted = true;
      cell_start = c == delimiter;
    }
    if (quoted) i = std::min(bytes.find('\n', begin), bytes.size());
    absl::string_view row = bytes.substr(begin, i - begin);
    absl::ConsumeSuffix(&row, "\r");
    rows.push_back(row);
    begin = i + 1;
  }
  return rows;
}

// The one that the header's row has most of. None of them is part of a longer character.
char DelimiterOf(absl::string_view header) {
  char best = ',';
  for (const char candidate : {'\t', ';'}) {
    if (std::count(header.begin(), header.end(), candidate) >
        std::count(header.begin(), header.end(), best)) {
      best = candidate;
    }
  }
  return best;
}

std::string Quoted(const std::string& text, char delimiter) {
  if (text.find_first_of("\"\r\n") == std::string::npos &&
      text.find(delimiter) == std::string::npos) {
    return text;
  }
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

std::string RemarkOf(const StoredProblem& problem, bool chinese) {
  if (!chinese) {
    return problem.field().empty() ? problem.message()
                                   : absl::StrCat(problem.field(), ": ", problem.message());
  }
  const std::string what = ReasonText(problem.reason(), "zh");
  if (!problem.field().empty()) return absl::StrCat("“", problem.field(), "”：", what);
  return problem.column() > 0 ? absl::StrCat("第", problem.column(), "列：", what) : what;
}

std::string RemarksOf(const std::vector<StoredProblem>& problems, bool chinese) {
  return absl::StrJoin(problems, chinese ? "；" : "; ",
                       [&](std::string* out, const StoredProblem& problem) {
                         absl::StrAppend(out, RemarkOf(problem, chinese));
                       });
}

// "roster.csv" -> "roster.corrections.csv".
std::string NameFor(const CorrectionRequest& request, absl::string_view extension) {
  std::string stem = request.file_name.empty() ? request.format : request.file_name;
  if (const std::size_t slash = stem.rfind('/'); slash != std::string::npos) {
    stem = stem.substr(slash + 1);
  }
  if (const std::size_t dot = stem.rfind('.'); dot != std::string::npos && dot > 0) {
    if (extension.empty()) {
      return absl::StrCat(stem.substr(0, dot), ".corrections", stem.substr(dot));
    }
    stem = stem.substr(0, dot);
  }
  return absl::StrCat(stem, ".corrections", extension.empty() ? ".csv" : extension);
}

CorrectionFile MakeRows(const CorrectionRequest& request, Charset charset) {
  const bool chinese = request.language != "en";
  // Where cells end must be known before rows can be told apart, and the first line is enough.
  std::vector<absl::string_view> rows = RowsOf(request.bytes, ',');
  const std::size_t head =
      request.first_record > 0 ? static_cast<std::size_t>(request.first_record) - 1 : 0;
  const char delimiter = head > 0 && head <= rows.size() ? DelimiterOf(rows[head - 1]) : ',';
  if (delimiter != ',') rows = RowsOf(request.bytes, delimiter);
  const std::string line_end = absl::StrContains(request.bytes, "\r\n") ? "\r\n" : "\n";
  CorrectionFile file;
  file.name = NameFor(request, "");
  file.content_type = request.content_type;
  if (absl::StartsWith(request.bytes, "\xEF\xBB\xBF")) file.bytes = "\xEF\xBB\xBF";
  for (std::size_t i = 0; i < head && i < rows.size(); ++i) {
    absl::StrAppend(&file.bytes, rows[i]);
    if (i + 1 == head) {
      file.bytes += delimiter;
      file.bytes += Encode(chinese ? "问题说明" : "what is wrong", charset);
    }
    file.bytes += line_end;
  }
  for (const CorrectionRequest::Row& row : request.rows) {
    if (row.place == 0 || row.place > rows.size()) continue;
    absl::StrAppend(&file.bytes, rows[static_cast<std::size_t>(row.place) - 1]);
    file.bytes += delimiter;
    file.bytes +=
        Encode(Quoted(absl::StrCat(chinese ? "第" : "row ", row.number, chinese ? "行 " : " ",
                                   RemarksOf(row.problems, chinese)),
                      delimiter),
               charset);
    file.bytes += line_end;
  }
  return file;
}

CorrectionFile MakeList(const CorrectionRequest& request, Charset charset) {
  const bool chinese = request.language != "en";
  std::string text = chinese ? "行,列,栏目,原因,说明\n" : "row,column,field,reason,message\n";
  const auto add = [&](const StoredProblem& problem, std::uint64_t row) {
    const auto number = [](std::uint64_t value) {
      return value == 0 ? std::string() : absl::StrCat(value);
    };
    absl::StrAppend(&text, number(row != 0 ? row : problem.row()), ",", number(problem.column()),
                    ",", Quoted(problem.field(), ','), ",", problem.reason(), ",",
                    Quoted(chinese ? ReasonText(problem.reason(), "zh") : problem.message(), ','),
                    "\n");
  };
  for (const StoredProblem& problem : request.problems) add(problem, 0);
  for (const CorrectionRequest::Row& row : request.rows) {
    for (const StoredProblem& problem : row.problems) add(problem, row.number);
  }
  return {NameFor(request, ".csv"),
          charset == Charset::kUtf8 ? "text/csv; charset=utf-8" : "text/csv; charset=gb18030",
          Encode(text, charset)};
}

}  // namespace

std::string ReasonText(absl::string_view reason, absl::string_view language) {
  for (const ReasonWords& words : kReasons) {
    if (reason == words.reason) return language == "en" ? words.en : words.zh;
  }
  return std::string(reason);
}

CorrectionFile MakeCorrectionFile(const CorrectionRequest& request) {
  const std::string type = absl::AsciiStrToLower(request.content_type);
  const Charset charset = absl::StrContains(type, "gb18030") || absl::StrContains(type, "gbk")
                              ? Charset::kGb18030
                              : Charset::kUtf8;
  const bool delimited =
      absl::StartsWith(type, "text/csv") || absl::StartsWith(type, "text/tab-separated-values");
  // Of a payload that is held whole no row is at fault.
  if (delimited && !request.rows.empty()) return MakeRows(request, charset);
  return MakeList(request, charset);
}

}  // namespace anqiao::engine

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
#include "hub/adapter/rows.h"
#include "hub/base/errors.h"

namespace anqiao::engine {
namespace {

using journal::v1::StoredProblem;

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

// Without their line breaks; a byte order mark belongs to the first.
std::vector<absl::string_view> RowsOf(const adapter::v1::Splits& splits, absl::string_view bytes) {
  const adapter::Rows reader(splits, bytes);
  std::vector<absl::string_view> rows;
  for (std::size_t begin = 0; begin < bytes.size();) {
    const std::size_t end = reader.EndOfRow(std::max(begin, reader.begin()));
    absl::string_view row = bytes.substr(begin, end - begin);
    absl::ConsumeSuffix(&row, "\n");
    absl::ConsumeSuffix(&row, "\r");
    rows.push_back(row);
    begin = end;
  }
  return rows;
}

std::string Quoted(const std::string& text, char delimiter) {
  if (text.find_first_of("\"\r\n") == std::string::npos &&
      text.find(delimiter) == std::string::npos) {
    return text;
  }
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

// As one value more in a row.
std::string ValueOf(const std::string& text, const adapter::v1::Splits& splits) {
  if (splits.quoted()) return Quoted(text, splits.delimiter()[0]);
  return absl::StrReplaceAll(text, {{splits.delimiter(), " "}, {"\r", " "}, {"\n", " "}});
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
  const adapter::v1::Splits& splits = *request.splits;
  const std::vector<absl::string_view> rows = RowsOf(splits, request.bytes);
  const std::string line_end = absl::StrContains(request.bytes, "\r\n") ? "\r\n" : "\n";
  CorrectionFile file;
  file.name = NameFor(request, "");
  file.content_type = request.content_type;
  const auto add = [&](absl::string_view row, const std::string& remark) {
    absl::StrAppend(&file.bytes, row);
    if (!remark.empty()) {
      absl::StrAppend(&file.bytes, splits.delimiter(), Encode(ValueOf(remark, splits), charset));
    }
    file.bytes += line_end;
  };
  for (std::size_t i = 0; i < splits.header_rows() && i < rows.size(); ++i) {
    const bool last = i + 1 == splits.header_rows();
    add(rows[i], !last ? "" : chinese ? "问题说明" : "what is wrong");
  }
  for (const CorrectionRequest::Row& row : request.rows) {
    if (row.place == 0 || row.place > rows.size()) continue;
    add(rows[static_cast<std::size_t>(row.place) - 1],
        absl::StrCat(chinese ? "第" : "row ", row.number, chinese ? "行 " : " ",
                     RemarksOf(row.problems, chinese)));
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
  // Of a payload that is held whole no row is at fault.
  if (request.splits.has_value() && !request.rows.empty()) return MakeRows(request, charset);
  return MakeList(request, charset);
}

}  // namespace anqiao::engine

#include "hub/ctl/csv_file.h"

#include <unicode/ucnv.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/model/names.h"

namespace anqiao::ctl {
namespace {

constexpr std::size_t kColumnsMax = 1'000;
constexpr std::size_t kCellsMax = 100'000'000;
constexpr std::size_t kConvertedBytesMax = std::size_t{256} << 20;

absl::Status Wrong(const std::string& path, absl::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, reason::kValueInvalid,
               absl::StrCat(path, message));
}

absl::StatusOr<std::string> ReadBytes(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  std::ifstream in(path, std::ios::binary);
  if (error || !in) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  if (size > kCsvBytesMax) {
    return Wrong(path, absl::StrCat(" must have at most ", kCsvBytesMax, " bytes, has ", size));
  }
  std::string bytes(size, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

bool IsUtf8Name(absl::string_view encoding) {
  return absl::EqualsIgnoreCase(encoding, "utf-8") || absl::EqualsIgnoreCase(encoding, "utf8");
}

absl::StatusOr<std::string> ToUtf8(const std::string& path, const std::string& encoding,
                                   std::string bytes) {
  if (IsUtf8Name(encoding)) {
    if (!model::IsValidUtf8(bytes)) {
      return Wrong(path, " is not UTF-8; say what it is with --encoding, such as gb18030");
    }
    return bytes;
  }
  UErrorCode status = U_ZERO_ERROR;
  UConverter* const converter = ucnv_open(encoding.c_str(), &status);
  if (U_FAILURE(status)) return Wrong("--encoding", absl::StrCat(": no encoding ", encoding));
  ucnv_close(converter);
  if (bytes.size() > kConvertedBytesMax) {
    return Wrong(path,
                 absl::StrCat(" must be UTF-8: it has more than ", kConvertedBytesMax, " bytes"));
  }
  // Every byte of a text gives at most four of UTF-8. What is none of the encoding gives U+FFFD.
  std::string utf8(bytes.size() * 4 + 4, '\0');
  const std::int32_t size =
      ucnv_convert("UTF-8", encoding.c_str(), utf8.data(), static_cast<std::int32_t>(utf8.size()),
                   bytes.data(), static_cast<std::int32_t>(bytes.size()), &status);
  if (U_FAILURE(status)) return Wrong(path, absl::StrCat(" cannot be read as ", encoding));
  utf8.resize(static_cast<std::size_t>(size));
  return utf8;
}

// Reads one row from "at" on; false if a quotation mark does not close.
bool ReadRow(absl::string_view text, std::size_t& at, std::size_t& line,
             std::vector<std::string>& row) {
  row.assign(1, "");
  // "blank": nothing but spaces in the cell so far.
  bool quoted = false, blank = true;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    // A carriage return by itself ends a line too, as old spreadsheets have it.
    const bool line_end =
        c == '\n' || (c == '\r' && (at + 1 == text.size() || text[at + 1] != '\n'));
    if (line_end) ++line;
    if (quoted) {
      if (c != '"') {
        row.back().push_back(c);
      } else if (at + 1 < text.size() && text[at + 1] == '"') {
        row.back().push_back(c);
        ++at;
      } else {
        quoted = false;
      }
    } else if (c == '"' && blank) {
      row.back().clear();
      quoted = true;
      blank = false;
    } else if (c == ',') {
      if (row.size() <= kColumnsMax) row.emplace_back();
      blank = true;
    } else if (line_end) {
      ++at;
      break;
    } else if (c != '\r') {
      blank = blank && c == ' ';
      row.back().push_back(c);
    }
  }
  return !quoted;
}

}  // namespace

std::optional<std::size_t> CsvFile::Column(absl::string_view title) const {
  const auto found = std::find(titles.begin(), titles.end(), title);
  if (found == titles.end()) return std::nullopt;
  return static_cast<std::size_t>(found - titles.begin());
}

absl::StatusOr<CsvFile> ReadCsv(const std::string& path, const std::string& encoding) {
  AQ_ASSIGN_OR_RETURN(std::string bytes, ReadBytes(path));
  AQ_ASSIGN_OR_RETURN(const std::string utf8, ToUtf8(path, encoding, std::move(bytes)));
  absl::string_view text = utf8;
  absl::ConsumePrefix(&text, "\xEF\xBB\xBF");
  CsvFile file;
  if (!IsUtf8Name(encoding)) {
    for (std::size_t found = text.find("\uFFFD"); found != absl::string_view::npos;
         found = text.find("\uFFFD", found + 1)) {
      ++file.replaced;
    }
  }
  std::vector<std::string> row;
  std::size_t at = 0, line = 1, cells = 0;
  while (at < text.size()) {
    const std::size_t first_line = line;
    if (!ReadRow(text, at, line, row)) {
      return Wrong(path, absl::StrCat(":", first_line, ": a quotation mark does not close"));
    }
    if (row.size() == 1 && absl::StripAsciiWhitespace(row[0]).empty()) continue;
    if (row.size() > kColumnsMax || cells + row.size() > kCellsMax) {
      return Wrong(path, absl::StrCat(":", first_line, ": more than ", kColumnsMax,
                                      " columns, or more than ", kCellsMax, " cells in all"));
    }
    cells += row.size();
    if (file.titles.empty()) {
      for (const std::string& title : row) {
        file.titles.emplace_back(absl::StripAsciiWhitespace(title));
      }
      if (std::set<std::string>(file.titles.begin(), file.titles.end()).size() !=
          file.titles.size()) {
        return Wrong(path, absl::StrCat(":", first_line, ": two columns have the same title"));
      }
    } else if (row.size() != file.titles.size()) {
      return Wrong(path, absl::StrCat(":", first_line, ": ", row.size(),
                                      " cells, the title row has ", file.titles.size()));
    } else {
      file.rows.push_back(row);
    }
  }
  if (file.titles.empty()) return Wrong(path, " has no title row");
  return file;
}

std::string CsvCell(absl::string_view cell) {
  if (cell.find_first_of("\",\r\n") == absl::string_view::npos) return std::string(cell);
  return absl::StrCat("\"", absl::StrReplaceAll(cell, {{"\"", "\"\""}}), "\"");
}

}  // namespace anqiao::ctl

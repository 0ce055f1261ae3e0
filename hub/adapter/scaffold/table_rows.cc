#include "hub/adapter/scaffold/table_rows.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/adapter/scaffold/alias_table.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "plugins/sdk/header_rows.h"

namespace anqiao::scaffold {
namespace {

std::string NameOf(const SampleCell& cell) {
  std::string name(absl::StripAsciiWhitespace(cell.text));
  name.erase(std::remove_if(name.begin(), name.end(), absl::ascii_iscntrl), name.end());
  return name;
}

bool IsBlank(const SampleRow& row) {
  return std::all_of(row.begin(), row.end(),
                     [](const SampleCell& cell) { return NameOf(cell).empty(); });
}

bool AnyValue(const SampleRow& row) {
  return std::any_of(row.begin(), row.end(),
                     [](const SampleCell& cell) { return LooksLikeValue(cell.text); });
}

std::string At(const SampleRow& row, std::size_t column) {
  return column < row.size() ? NameOf(row[column]) : std::string();
}

std::size_t KnownIn(const SampleRow& row, const AliasTable& aliases) {
  return static_cast<std::size_t>(
      std::count_if(row.begin(), row.end(),
                    [&](const SampleCell& cell) { return aliases.Find(cell.text) != nullptr; }));
}

// A title fills one cell, or says something behind a colon.
bool IsTitle(const SampleRow& row) {
  std::size_t filled = 0;
  for (const SampleCell& cell : row) {
    filled += NameOf(cell).empty() ? 0 : 1;
    if (absl::StrContains(cell.text, ":") || absl::StrContains(cell.text, "：")) return true;
  }
  return filled <= 1;
}

// True if "upper" names groups whose columns "lower" names: a name above a name only where the
// upper one goes on to the right as blanks, or the lower one is known; and that at least once.
bool IsTwoRowHeader(const SampleRow& upper, const SampleRow& lower, const AliasTable& aliases) {
  if (AnyValue(upper) || AnyValue(lower) || IsTitle(upper) || IsBlank(lower)) return false;
  bool grouped = false;
  for (std::size_t i = 0; i < std::max(upper.size(), lower.size()); ++i) {
    const std::string above = At(upper, i);
    const std::string below = At(lower, i);
    if (above.empty() && below.empty()) continue;
    if (above.empty()) {
      grouped = true;
      if (i == 0) return false;
    } else if (!below.empty()) {
      const bool goes_on = At(upper, i + 1).empty() && !At(lower, i + 1).empty();
      if (!goes_on && aliases.Find(below) == nullptr) return false;
    }
  }
  return grouped;
}

// Where the header is: its first row, from 0, and how many it has.
struct Header {
  std::size_t row = 0;
  std::size_t rows = 1;
};

// The row with most names that are known; else the first row of several cells of which none looks
// like a value.
absl::StatusOr<std::size_t> FindNames(const std::vector<SampleRow>& rows,
                                      const AliasTable& aliases) {
  const std::size_t end = std::min(rows.size(), kHeaderRowMax);
  std::size_t best = rows.size();
  std::size_t best_known = 0;
  std::size_t first_names = rows.size();
  for (std::size_t i = 0; i < end; ++i) {
    const std::size_t known = KnownIn(rows[i], aliases);
    const auto filled = static_cast<std::size_t>(std::count_if(
        rows[i].begin(), rows[i].end(), [](const SampleCell& cell) { return !cell.text.empty(); }));
    if (known > best_known) {
      best_known = known;
      best = i;
    }
    const bool names = rows[i].size() > 1 && !AnyValue(rows[i]);
    if (first_names == rows.size() && names && filled * 2 > rows[i].size()) first_names = i;
  }
  if (best_known == 0) best = first_names;
  if (best < rows.size()) return best;
  return Unreadable(reason::kPayloadUndecodable,
                    absl::StrCat("no header in the first ", end,
                                 " rows of the sample; say which row it is: --header-row N"));
}

absl::StatusOr<Header> FindHeader(const std::vector<SampleRow>& rows,
                                  const SampleOptions& options) {
  const AliasTable aliases = AliasTable::BuiltIn();
  const auto pair = [&](std::size_t row) {
    return row + 1 < rows.size() && IsTwoRowHeader(rows[row], rows[row + 1], aliases);
  };
  Header header;
  if (options.header_row > 0) {
    header.row = options.header_row - 1;
    header.rows = pair(header.row) ? 2 : 1;
  } else {
    AQ_ASSIGN_OR_RETURN(header.row, FindNames(rows, aliases));
    if (options.header_rows != 1 && header.row > 0 && pair(header.row - 1)) {
      header = {header.row - 1, 2};
    } else if (pair(header.row)) {
      header.rows = 2;
    }
  }
  if (options.header_rows > 0) header.rows = options.header_rows;
  if (header.row + header.rows > rows.size()) {
    return Unreadable(
        reason::kPayloadUndecodable,
        absl::StrCat("the sample has ", rows.size(), " rows, its header would end in row ",
                     header.row + header.rows));
  }
  return header;
}

// Headers are copied into the sources, values must not be.
absl::Status CheckNames(const SampleRow& row, std::size_t number) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!LooksLikeValue(row[i].text)) continue;
    return Unreadable(reason::kPayloadUndecodable,
                      absl::StrCat("row ", number, " is no header: column ", i + 1,
                                   " looks like a value; say which row it is: --header-row N"));
  }
  return absl::OkStatus();
}

}  // namespace

bool LooksLikeValue(const std::string& text) {
  const auto digits = std::count_if(text.begin(), text.end(), absl::ascii_isdigit);
  return digits >= 6 || (digits > 0 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
                           return absl::ascii_isdigit(c) || absl::ascii_ispunct(c);
                         }));
}

absl::Status TakeRows(const std::vector<SampleRow>& rows, const SampleOptions& options,
                      SampleTable& table) {
  AQ_ASSIGN_OR_RETURN(const Header header, FindHeader(rows, options));
  for (std::size_t i = 0; i < header.row; ++i) table.title_is_blank.push_back(IsBlank(rows[i]));
  std::vector<std::string> names[2];
  for (std::size_t i = 0; i < header.rows; ++i) {
    AQ_RETURN_IF_ERROR(CheckNames(rows[header.row + i], header.row + i + 1));
    for (const SampleCell& cell : rows[header.row + i]) names[i].push_back(NameOf(cell));
  }
  table.header_rows = header.rows;
  table.headers =
      sdk::FlattenHeader({names[0].begin(), names[0].end()}, {names[1].begin(), names[1].end()});
  table.column_quoted.resize(table.headers.size());
  for (std::size_t i = header.row; i < rows.size(); ++i) {
    for (std::size_t k = 0; k < std::min(rows[i].size(), table.headers.size()); ++k) {
      if (rows[i][k].quoted) table.column_quoted[k] = true;
    }
    if (i < header.row + header.rows || IsBlank(rows[i])) continue;
    std::vector<std::string> cells(table.headers.size());
    for (std::size_t k = 0; k < std::min(cells.size(), rows[i].size()); ++k) {
      cells[k] = std::string(absl::StripAsciiWhitespace(rows[i][k].text));
    }
    if (table.rows.size() < kSampleRowsMax) table.rows.push_back(std::move(cells));
  }
  return absl::OkStatus();
}

}  // namespace anqiao::scaffold

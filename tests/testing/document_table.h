// Tables of a Markdown document, for tests that hold it against the code.

#ifndef ANQIAO_TESTS_TESTING_DOCUMENT_TABLE_H_
#define ANQIAO_TESTS_TESTING_DOCUMENT_TABLE_H_

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace anqiao::testing {

using DocumentRow = std::vector<std::string>;

// Rows below the header that begins with "| first column |", without quotes for code; empty if
// there is no such table.
inline std::vector<DocumentRow> ReadDocumentTable(const std::string& path,
                                                  absl::string_view first_column) {
  std::ifstream in(path);
  std::vector<DocumentRow> rows;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (!absl::StartsWith(line, "|")) {
      if (inside) break;
      continue;
    }
    DocumentRow cells = absl::StrSplit(absl::StrReplaceAll(line, {{"`", ""}}), '|');
    cells.erase(cells.begin());
    cells.pop_back();
    for (std::string& cell : cells) absl::StripAsciiWhitespace(&cell);
    if (inside && !absl::StartsWith(cells.front(), "---")) rows.push_back(cells);
    inside = inside || cells.front() == first_column;
  }
  return rows;
}

}  // namespace anqiao::testing

#endif  // ANQIAO_TESTS_TESTING_DOCUMENT_TABLE_H_

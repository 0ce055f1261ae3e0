// Rows of cells with titles and a header somewhere in them: delimited text and workbooks.
//
// Pure.

#ifndef ANQIAO_HUB_ADAPTER_SCAFFOLD_TABLE_ROWS_H_
#define ANQIAO_HUB_ADAPTER_SCAFFOLD_TABLE_ROWS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "hub/adapter/scaffold/sample_table.h"

namespace anqiao::scaffold {

struct SampleCell {
  std::string text = "";
  bool quoted = false;
};
using SampleRow = std::vector<SampleCell>;

inline constexpr std::size_t kHeaderRowMax = 20;

// A value, rather than a name: a number, a date, or something with many digits.
bool LooksLikeValue(const std::string& text);

// Finds the header, of one row or two, and what stands below it, and puts them into "table".
// INVALID_ARGUMENT (PAYLOAD_UNDECODABLE): there is none; how to say where it is.
absl::Status TakeRows(const std::vector<SampleRow>& rows, const SampleOptions& options,
                      SampleTable& table);

}  // namespace anqiao::scaffold

#endif  // ANQIAO_HUB_ADAPTER_SCAFFOLD_TABLE_ROWS_H_

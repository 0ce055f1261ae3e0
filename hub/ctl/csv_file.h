// Comma-separated text (RFC 4180): a title row and rows. For files of up to kCsvBytesMax.

#ifndef ANQIAO_HUB_CTL_CSV_FILE_H_
#define ANQIAO_HUB_CTL_CSV_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anqiao::ctl {

inline constexpr std::uintmax_t kCsvBytesMax = std::uintmax_t{1} << 30;

struct CsvFile {
  // Without the spaces around them.
  std::vector<std::string> titles;
  std::vector<std::vector<std::string>> rows;
  // Characters that could not be read in the encoding; each is U+FFFD now.
  std::size_t replaced = 0;

  std::optional<std::size_t> Column(absl::string_view title) const;
};

// Reads "path", in UTF-8 or another encoding that ICU knows ("gb18030", up to 256 MiB). NOT_FOUND,
// or INVALID_ARGUMENT (VALUE_INVALID) with the line: a quotation mark that does not close, a row of
// another length than the title row, a title twice, no UTF-8 where that was said.
absl::StatusOr<CsvFile> ReadCsv(const std::string& path, const std::string& encoding);

// "cell", in quotation marks if it needs them. What a spreadsheet would take for a formula is left
// as it is: the file is read by programs.
std::string CsvCell(absl::string_view cell);

}  // namespace anqiao::ctl

#endif  // ANQIAO_HUB_CTL_CSV_FILE_H_

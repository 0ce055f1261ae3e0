// A sample file as rows and cells, whatever its format.

#ifndef ANQIAO_HUB_ADAPTER_SCAFFOLD_SAMPLE_TABLE_H_
#define ANQIAO_HUB_ADAPTER_SCAFFOLD_SAMPLE_TABLE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anqiao::scaffold {

enum class Shape { kDelimited, kJson, kXml };

struct SampleTable {
  Shape shape = Shape::kDelimited;
  bool gb18030 = false;
  bool byte_order_mark = false;
  bool crlf = false;
  char delimiter = ',';
  bool quoted = true;
  // Rows before the header, blank ones empty; only how many and which are blank is used.
  std::vector<bool> title_is_blank;
  std::vector<std::string> headers;
  // Parallel to the headers: some value of the column stood in quotes.
  std::vector<bool> column_quoted;
  // UTF-8, at most 1,000 rows, each as long as the headers.
  std::vector<std::vector<std::string>> rows;
};

struct SampleOptions {
  // "gb18030", "gbk", "gb2312" (both read as GB18030), "utf-8"; empty: found out.
  std::string encoding;
  // From 1; 0: found out.
  std::size_t header_row = 0;
};

// Reads the beginning of "bytes". INVALID_ARGUMENT: not in the encoding (ENCODING_INVALID), no
// table (PAYLOAD_UNDECODABLE: what was expected), or a header that names health codes, which no
// adapter may take (FORBIDDEN_CONTENT).
absl::StatusOr<SampleTable> ReadSampleTable(absl::string_view bytes, const SampleOptions& options);

// "utf8" in GB18030. Requires: what ReadSampleTable read, or text of this program.
std::string ToGb18030(const std::string& utf8);

}  // namespace anqiao::scaffold

#endif  // ANQIAO_HUB_ADAPTER_SCAFFOLD_SAMPLE_TABLE_H_

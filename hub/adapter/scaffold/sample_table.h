// A sample file as rows and cells, whatever its shape.

#ifndef ANQIAO_HUB_ADAPTER_SCAFFOLD_SAMPLE_TABLE_H_
#define ANQIAO_HUB_ADAPTER_SCAFFOLD_SAMPLE_TABLE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anqiao::scaffold {

// Those of plugins/sdk/declare.h.
enum class Shape { kDelimited, kFixedWidth, kXml, kJson, kJsonLines, kXlsx };

struct SampleTable {
  Shape shape = Shape::kDelimited;
  bool gb18030 = false;
  bool byte_order_mark = false;
  bool crlf = false;
  char delimiter = ',';
  bool quoted = true;
  // Rows before the header, blank ones empty; only how many and which are blank is used.
  std::vector<bool> title_is_blank;
  std::size_t header_rows = 1;  // 1 or 2
  // Of two header rows flattened, "group.column".
  std::vector<std::string> headers;
  // Parallel to the headers: some value of the column stood in quotes.
  std::vector<bool> column_quoted;
  // Fixed width: parallel to the headers, in native bytes.
  std::vector<std::size_t> widths;
  bool widths_found = false;  // found out, not said
  std::string code;           // of the first line
  char record_type = ' ';
  std::string sheet;  // as it was asked for
  // UTF-8, at most 1,000 rows, each as long as the headers.
  std::vector<std::vector<std::string>> rows;
};

struct SampleOptions {
  // "gb18030", "gbk", "gb2312" (both read as GB18030), "utf-8"; empty: found out.
  std::string encoding = "";
  // From 1; 0: found out.
  std::size_t header_row = 0;
  // 1 or 2; 0: found out.
  std::size_t header_rows = 0;
  // Fixed width: "姓名=30,身份证号码=18", or widths alone; empty: found out.
  std::string widths = "";
  // Of a workbook; empty: the first.
  std::string sheet = "";
};

// Reads the beginning of "bytes". INVALID_ARGUMENT: not in the encoding (ENCODING_INVALID), no
// table (PAYLOAD_UNDECODABLE: what was expected), or a header that names health codes, which no
// adapter may take (FORBIDDEN_CONTENT).
absl::StatusOr<SampleTable> ReadSampleTable(absl::string_view bytes, const SampleOptions& options);

// "utf8" in GB18030. Requires: what ReadSampleTable read, or text of this program.
std::string ToGb18030(const std::string& utf8);
// The other way, as far as it can be read.
std::string FromGb18030(absl::string_view native);

// What a sample that cannot be used fails with.
absl::Status Unreadable(absl::string_view reason, absl::string_view message);

inline constexpr std::size_t kSampleRowsMax = 1000;

}  // namespace anqiao::scaffold

#endif  // ANQIAO_HUB_ADAPTER_SCAFFOLD_SAMPLE_TABLE_H_

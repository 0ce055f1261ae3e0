// Samples whose cells are found in bytes rather than in text: fixed width, and workbooks.

#ifndef ANQIAO_HUB_ADAPTER_SCAFFOLD_NATIVE_SAMPLES_H_
#define ANQIAO_HUB_ADAPTER_SCAFFOLD_NATIVE_SAMPLES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "hub/adapter/scaffold/sample_table.h"

namespace anqiao::scaffold {

// True if the first line is that of the fixed width shape: H, a code, a date and a count.
bool LooksLikeFixedWidth(absl::string_view bytes);

// Reads records between a first and a last line; table.gb18030 says in which encoding. Without
// options.widths a field begins where every record has a blank before and some have none, or where
// the kind of character changes in all of them; an identity number, a phone and a date of eight
// digits end by themselves. INVALID_ARGUMENT as ReadSampleTable.
absl::Status ReadFixedWidth(absl::string_view bytes, const SampleOptions& options,
                            SampleTable& table);

// Reads a sheet of an .xlsx workbook.
absl::Status ReadWorkbook(absl::string_view bytes, const SampleOptions& options,
                          SampleTable& table);

// A workbook of one sheet whose cells are texts. Requires: valid UTF-8.
std::string WorkbookOf(const std::string& sheet, const std::vector<std::vector<std::string>>& rows);

}  // namespace anqiao::scaffold

#endif  // ANQIAO_HUB_ADAPTER_SCAFFOLD_NATIVE_SAMPLES_H_

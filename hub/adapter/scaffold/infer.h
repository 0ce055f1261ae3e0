// What a sample's columns mean: fields, converters, the kind of record, its key. Everything that a
// person must decide is a note.
//
// Pure.

#ifndef ANQIAO_HUB_ADAPTER_SCAFFOLD_INFER_H_
#define ANQIAO_HUB_ADAPTER_SCAFFOLD_INFER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "hub/adapter/scaffold/alias_table.h"
#include "hub/adapter/scaffold/sample_table.h"

namespace anqiao::scaffold {

struct PlannedColumn {
  std::size_t index = 0;  // of the sample's columns
  std::string header;
  // Without FIELD_; empty: ignored.
  std::string field;
  std::string converter;
  std::vector<std::pair<std::string, std::string>> codes;
  bool required = false;
  bool lenient = false;
  bool day_number = false;  // a date that a spreadsheet may have made a number
  std::string note;
};

struct Plan {
  std::string kind;
  // Of the sample's columns, those with a header, in order.
  std::vector<PlannedColumn> columns;
  std::vector<std::string> key;  // headers
  std::string kind_note;
  std::string columns_note;
  std::string key_note;
};

// Requires: "table" has at least one header that is not blank.
Plan MakePlan(const SampleTable& table, const AliasTable& aliases);

bool LooksLikeIdNumber(absl::string_view text);
bool LooksLikePhone(absl::string_view text);
// True if "text" is a date in one of the spellings of hub/doc/formats.md.
bool LooksLikeDate(absl::string_view text);

}  // namespace anqiao::scaffold

#endif  // ANQIAO_HUB_ADAPTER_SCAFFOLD_INFER_H_

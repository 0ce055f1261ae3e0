// Rows whose values have names of their own (XML, JSON): the names are checked once for the whole
// payload, before any record is emitted, and then bound row by row.
//
// Thread-compatible; lives for one call.

#ifndef ANQIAO_PLUGINS_SDK_ELEMENT_ROWS_H_
#define ANQIAO_PLUGINS_SDK_ELEMENT_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/sdk/record_builder.h"

namespace anqiao::sdk {

class ElementRows {
 public:
  // "path" leads to a value, such as "/dataset/row/".
  ElementRows(const Format& format, std::string_view path, Report& report);

  const std::string& path() const { return path_; }

  // First pass: a name was seen. "byte_offset" is where a name was that is not known yet.
  bool Knows(std::string_view name) { return Find(name) != nullptr; }
  void Note(std::string_view name, std::uint64_t row, std::uint64_t byte_offset);
  // After the first pass: forbidden, missing and unknown names.
  aq_status Check(std::uint64_t row_count);

  // Second pass. False from Set: this row has the name twice.
  void Begin();
  bool Set(std::string_view name, std::string_view value, std::uint64_t place);
  void Build(std::uint64_t row, std::uint64_t byte_offset, const RecordBuilder::Locate& locate);

 private:
  struct Name {
    const ColumnNames::Match* match = nullptr;
    std::string path;
    std::uint64_t row = 0;
    std::uint64_t byte_offset = 0;
    std::uint64_t last_row = 0;  // of the second pass
    std::string_view text = {};  // the name itself
    Name* follower = nullptr;    // the name that was looked for next
  };

  // Null: not known. Rows have mostly the same names in the same order.
  Name* Find(std::string_view name);

  const Format& format_;
  const std::string path_;
  Report& report_;
  const ColumnNames columns_;
  RecordBuilder builder_;
  std::map<std::string, Name, std::less<>> names_;
  Name* found_ = nullptr;  // by the last Find
  bool too_many_names_ = false;
  bool forbidden_ = false;
  std::uint64_t row_ = 0;
  std::vector<Cell> cells_;
  std::vector<std::size_t> ranks_;
  std::vector<std::string> values_;
};

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_ELEMENT_ROWS_H_

// A payload that splits into rows (adapter.proto, Splits), taken apart around the rows over which
// an adapter came to grief. Every row keeps its number and its place, so that what is said of a
// part is true of the whole.

#ifndef ANQIAO_HUB_ADAPTER_ROWS_H_
#define ANQIAO_HUB_ADAPTER_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "anqiao/adapter/v1/adapter.pb.h"

namespace anqiao::adapter {

// Between two rows.
struct RowBoundary {
  std::uint64_t row = 0;  // the last row before it
  std::size_t byte_offset = 0;
};

class Rows {
 public:
  // Both outlive it.
  Rows(const v1::Splits& splits, absl::string_view payload);

  // Of the first row: after a byte order mark.
  std::size_t begin() const { return begin_; }
  // After titles and headers.
  RowBoundary records() const { return records_; }
  std::size_t end() const { return payload_.size(); }

  // Where the row that begins at "begin" ends: after its line break, or at the payload's end.
  std::size_t EndOfRow(std::size_t begin) const;

  // A row of this number can begin there, after "done". What a cursor says need not be true.
  bool CanBegin(std::uint64_t row, std::uint64_t byte_offset, const RowBoundary& done) const;

  // Titles and headers, blanks for the rows up to "from", then the rows up to "until". Nullopt:
  // no blanks of such a number of rows fit there.
  std::optional<std::string> Part(const RowBoundary& from, std::size_t until) const;

 private:
  const v1::Splits& splits_;
  const absl::string_view payload_;
  std::size_t begin_ = 0;
  RowBoundary records_;
};

}  // namespace anqiao::adapter

#endif  // ANQIAO_HUB_ADAPTER_ROWS_H_

// Headers of tables: of one row, or of two, the first of which names groups and the second a
// group's columns ("group.column" when flattened). Pure.

#ifndef ANQIAO_PLUGINS_SDK_HEADER_ROWS_H_
#define ANQIAO_PLUGINS_SDK_HEADER_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/sdk/declare.h"
#include "plugins/sdk/fault.h"
#include "plugins/sdk/report.h"

namespace anqiao::sdk {

inline constexpr std::size_t kRowBytesMax = 65536;
inline constexpr std::size_t kHeaderBytesMax = 200;
inline constexpr std::size_t kColumnsMax = 512;

// The flat names of a header whose rows are "upper" and "lower"; a blank group continues the one
// before it.
std::vector<std::string> FlattenHeader(const std::vector<std::string_view>& upper,
                                       const std::vector<std::string_view>& lower);

// Which column of a header is which of the format.
struct HeaderBinding {
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

  std::vector<std::size_t> bound;    // column of the format to column of the header, or npos
  std::vector<std::size_t> unknown;  // columns of the header that the format does not know
  // Columns without a name, of which it was not said yet that they hold values.
  std::vector<std::size_t> nameless;
};

// Binds the flat names. A fault's place has the header's row and, if it is about a column, that.
// PAYLOAD_UNDECODABLE: more than 512 columns, or two that mean the same; MISSING_COLUMN.
struct HeaderFault {
  Fault fault = {};
  Place place = {};
};
HeaderFault BindHeader(const Format& format, const std::vector<std::string>& headers,
                       std::size_t row, std::uint64_t byte_offset, HeaderBinding& binding);

// Says which columns are not taken up, at most 50 of them.
void WarnOfUnknown(const std::vector<std::string>& headers, std::size_t row,
                   std::uint64_t byte_offset, const HeaderBinding& binding, Report& report);

// A value in this column of the header; if it has no name, that is said, the first time.
void WarnOfNameless(std::size_t column, std::size_t row, std::uint64_t byte_offset,
                    HeaderBinding& binding, Report& report);

// What stands above the data when a format is written: titles (the Chinese title, then blank rows)
// and the header.
std::vector<std::vector<std::string>> HeaderRows(const Format& format, std::size_t header_row,
                                                 std::size_t header_rows);

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_HEADER_ROWS_H_

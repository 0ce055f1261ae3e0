// Headers of tables: of one row, or of two, the first of which names groups and the second a
// group's columns ("group.column" when flattened). Pure.

#ifndef ANQIAO_PLUGINS_SDK_HEADER_ROWS_H_
#define ANQIAO_PLUGINS_SDK_HEADER_ROWS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/sdk/declare.h"

namespace anqiao::sdk {

inline constexpr std::size_t kRowBytesMax = 65536;
inline constexpr std::size_t kColumnsMax = 512;

// The flat names of a header whose rows are "upper" and "lower"; a blank group continues the one
// before it.
std::vector<std::string> FlattenHeader(const std::vector<std::string_view>& upper,
                                       const std::vector<std::string_view>& lower);

// What stands above the data when a format is written: titles (the Chinese title, then blank rows)
// and the header.
std::vector<std::vector<std::string>> HeaderRows(const Format& format, std::size_t header_row,
                                                 std::size_t header_rows);

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_HEADER_ROWS_H_

#include "plugins/sdk/header_rows.h"

#include <algorithm>

#include "plugins/sdk/text.h"

namespace anqiao::sdk {

std::vector<std::string> FlattenHeader(const std::vector<std::string_view>& upper,
                                       const std::vector<std::string_view>& lower) {
  std::vector<std::string> headers;
  for (const std::string_view name : upper) headers.emplace_back(Trim(name));
  headers.resize(std::max(headers.size(), lower.size()));
  std::string group;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const std::string_view below = i < lower.size() ? Trim(lower[i]) : std::string_view();
    if (!headers[i].empty()) group = headers[i];
    if (!below.empty()) {
      headers[i] = group.empty() ? std::string(below) : group + "." + std::string(below);
    }
  }
  return headers;
}

std::vector<std::vector<std::string>> HeaderRows(const Format& format, std::size_t header_row,
                                                 std::size_t header_rows) {
  std::vector<std::vector<std::string>> rows(header_row - 1);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].emplace_back(i == 0 ? format.title_zh : std::string_view());
  }
  std::vector<std::string> upper;
  std::vector<std::string> lower;
  std::string_view group;
  for (const Column& column : format.columns) {
    const std::string_view name = column.names.front();
    const std::size_t dot = header_rows == 1 ? std::string_view::npos : name.find('.');
    if (dot == std::string_view::npos) {
      upper.emplace_back(name);
      lower.emplace_back();
      group = name;
      continue;
    }
    upper.emplace_back(name.substr(0, dot) == group ? std::string_view() : name.substr(0, dot));
    lower.emplace_back(name.substr(dot + 1));
    group = name.substr(0, dot);
  }
  rows.push_back(std::move(upper));
  if (header_rows == 2) rows.push_back(std::move(lower));
  return rows;
}

}  // namespace anqiao::sdk

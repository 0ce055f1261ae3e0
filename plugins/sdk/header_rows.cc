#include "plugins/sdk/header_rows.h"

#include <algorithm>

#include "plugins/sdk/record_builder.h"
#include "plugins/sdk/text.h"

namespace anqiao::sdk {
namespace {

Place PlaceOfHeader(const std::vector<std::string>& headers, std::size_t row,
                    std::uint64_t byte_offset, std::size_t column) {
  return {.row = row,
          .byte_offset = byte_offset,
          .column = static_cast<std::uint32_t>(column + 1),
          .field = headers[column]};
}

}  // namespace

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

HeaderFault BindHeader(const Format& format, const std::vector<std::string>& headers,
                       std::size_t row, std::uint64_t byte_offset, HeaderBinding& binding) {
  const Place place = {.row = row, .byte_offset = byte_offset};
  if (headers.size() > kColumnsMax) {
    return {{"PAYLOAD_UNDECODABLE",
             "the header has more than " + std::to_string(kColumnsMax) + " columns"},
            place};
  }
  const ColumnNames names(format);
  std::vector<std::size_t>& bound = binding.bound;
  bound.assign(format.columns.size(), HeaderBinding::npos);
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (headers[i].empty()) {
      binding.nameless.push_back(i);
      continue;
    }
    // It stands in every record: a name that is stretched by blanks is no known one.
    const ColumnNames::Match* match =
        headers[i].size() <= kHeaderBytesMax ? names.Find(headers[i]) : nullptr;
    if (match == nullptr) {
      binding.unknown.push_back(i);
    } else if (bound[match->column] == HeaderBinding::npos) {
      bound[match->column] = i;
    } else {
      return {{"PAYLOAD_UNDECODABLE",
               "means the same as column " + std::to_string(bound[match->column] + 1)},
              PlaceOfHeader(headers, row, byte_offset, i)};
    }
  }
  for (std::size_t i = 0; i < bound.size(); ++i) {
    const Column& column = format.columns[i];
    if (bound[i] != HeaderBinding::npos || !column.required_header) continue;
    return {
        {"MISSING_COLUMN", "the header in row " + std::to_string(row) + " must have this column"},
        {.row = row,
         .byte_offset = byte_offset,
         .field = column.names.front(),
         .target = column.field}};
  }
  return {};
}

void WarnOfUnknown(const std::vector<std::string>& headers, std::size_t row,
                   std::uint64_t byte_offset, const HeaderBinding& binding, Report& report) {
  constexpr std::size_t kUnknownColumnsMax = 50;
  for (std::size_t i = 0; i < std::min(binding.unknown.size(), kUnknownColumnsMax); ++i) {
    report.Warn(PlaceOfHeader(headers, row, byte_offset, binding.unknown[i]), "UNKNOWN_COLUMN",
                "not taken up: no such column is known");
  }
}

void WarnOfNameless(std::size_t column, std::size_t row, std::uint64_t byte_offset,
                    HeaderBinding& binding, Report& report) {
  const auto found = std::find(binding.nameless.begin(), binding.nameless.end(), column);
  if (found == binding.nameless.end()) return;
  binding.nameless.erase(found);
  report.Warn(
      {.row = row, .byte_offset = byte_offset, .column = static_cast<std::uint32_t>(column + 1)},
      "UNKNOWN_COLUMN", "not taken up: the column has values and no name");
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

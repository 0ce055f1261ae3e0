// From the cells of one row to one record, by the declarations of a format.
//
// Thread-compatible; lives for one call.

#ifndef ANQIAO_PLUGINS_SDK_RECORD_BUILDER_H_
#define ANQIAO_PLUGINS_SDK_RECORD_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugins/sdk/convert.h"
#include "plugins/sdk/declare.h"
#include "plugins/sdk/report.h"

namespace anqiao::sdk {

// One value in UTF-8, not trimmed; an empty one is absent.
struct Cell {
  std::string_view value = {};
  std::uint32_t column = 0;
  std::string_view native_field = {};
  std::uint64_t place = 0;  // for Locate
  // What the reader already knows to be wrong with the value; empty: nothing.
  std::string_view fault = {};
};

inline constexpr std::size_t kValueBytesMax = 4096;

// Indices of the columns that make the key.
std::vector<std::size_t> KeyColumns(const Format& format);

// Whether the column's part of a key is the converted value: another spelling of it is the same
// record then. Else it is what the agency wrote.
bool EntersKeyConverted(const Column& column);

class RecordBuilder {
 public:
  // Byte offset in the payload of a cell's place; asked only when something is wrong.
  using Locate = std::function<std::uint64_t(std::uint64_t place)>;

  RecordBuilder(const Format& format, Report& report);

  // Emits the record, or says everything that is wrong with it. "cells" are parallel to the
  // format's columns.
  void Build(const std::vector<Cell>& cells, std::uint64_t row, std::uint64_t byte_offset,
             const Locate& locate);

 private:
  bool AddCell(std::size_t index, const Cell& cell, std::uint64_t row, const Locate& locate);
  bool AddKey(const std::vector<Cell>& cells, std::uint64_t row, std::uint64_t byte_offset);
  void AddValue(v1::Field field, std::string_view value, const Cell& cell);
  void Emit(std::uint64_t row, std::uint64_t byte_offset);

  const Format& format_;
  Report& report_;
  std::vector<std::size_t> key_columns_;
  std::vector<std::string> key_parts_;  // parallel to the columns
  std::string key_;
  // The record's values, serialized as they come: a record is never built as an object.
  std::string values_;
  struct Added {
    v1::Field field;
    std::size_t begin;  // of the value in values_
    std::size_t length;
  };
  std::vector<Added> added_;
  bool removed_ = false;
  std::string record_;
  Converted converted_;
};

// Names of columns, compared without blanks and width, to the column's index and the alias's rank.
class ColumnNames {
 public:
  explicit ColumnNames(const Format& format);

  struct Match {
    std::size_t column = 0;
    std::size_t rank = 0;  // 0: the first name
  };
  // Null if no column has this name.
  const Match* Find(std::string_view header) const;

 private:
  std::unordered_map<std::string, Match> names_;
};

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_RECORD_BUILDER_H_

// From one record to the cells of one row, by the declarations of a format: the reverse of
// RecordBuilder. Nothing is left out silently: what has no place in the row refuses the payload.
//
//   RowWriter writer(format, {.dates = DateStyle::kHyphens, .first_column = 1}, report);
//   for (const v1::Record& record : records) {
//     if (!writer.Write(record)) return AQ_REJECT;
//     ... writer.texts() ...
//   }
//
// Thread-compatible; lives for one call.

#ifndef ANQIAO_PLUGINS_SDK_ROW_WRITER_H_
#define ANQIAO_PLUGINS_SDK_ROW_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/sdk/convert.h"
#include "plugins/sdk/declare.h"
#include "plugins/sdk/report.h"

namespace anqiao::sdk {

class RowWriter {
 public:
  struct Options {
    DateStyle dates = DateStyle::kHyphens;
    // The number of the first column in diagnostics; 0: columns have none.
    std::uint32_t first_column = 0;
  };

  RowWriter(const Format& format, Options options, Report& report);

  // Writes the next record into texts(). False: it cannot be written, and the report says why with
  // the record's number as row: it is of another kind, a required value is missing, a value has no
  // native form, or the row would be read as another record. A format that is encoded only takes
  // the values for which it has columns, and no care of the key.
  bool Write(const v1::Record& record);

  // UTF-8, parallel to the format's columns, empty for absent values; without control characters
  // other than tab, carriage return and line feed.
  const std::vector<std::string>& texts() const { return texts_; }

  // For what the shape itself cannot hold: refuses the payload for the record last written.
  aq_status Refuse(std::size_t column, const Fault& fault);

 private:
  bool TakeConstants(const v1::Record& record);
  Fault WriteColumn(const v1::Record& record, std::size_t index);
  Fault TakeValues(const v1::Record& record, std::size_t index);
  Fault WriteCode(const v1::Record& record, std::size_t index, std::size_t value);
  void TakeEqual(const v1::Record& record, v1::Field field, std::string_view value);
  Fault WriteKeyParts(const v1::Record& record);
  void SplitKey(std::string_view key);
  bool Say(const Place& place, const Fault& fault);

  const Format& format_;
  const Options options_;
  Report& report_;
  std::vector<std::size_t> key_columns_;
  std::vector<std::string_view> key_split_;  // parallel to them, or empty if it is not plain
  std::uint64_t row_ = 0;
  std::vector<std::string> texts_;
  std::vector<std::string> key_parts_;  // parallel to the columns
  std::vector<bool> taken_;             // parallel to the record's values
};

// Refuses what was encoded if reading it would take it for another encoding: by chance the bytes of
// a few characters in GB18030 are UTF-8 as well.
aq_status CheckEncoding(Encoding encoding, std::string_view encoded, Report& report);

// What no cell of any shape may hold, since reading it would give something else or nothing.
Fault CheckCell(std::string_view text);

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_ROW_WRITER_H_

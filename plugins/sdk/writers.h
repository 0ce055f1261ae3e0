// The writers: each encodes records as a whole payload of a declared format, appended to "out",
// such that the reader gives the same records again. AQ_REJECT: a record cannot be written so, and
// the report says which and why, with the record's number as row; "out" is then of no use. Columns
// are written in their declared order under their first names; ignored ones stay blank.
//
// An adapter has no clock: where a shape has a date of its own it is 00000000 (fixed width) or
// 1980-01-01 (XLSX), so that the same records give the same bytes.
//
// Thread-safe: no state between calls.

#ifndef ANQIAO_PLUGINS_SDK_WRITERS_H_
#define ANQIAO_PLUGINS_SDK_WRITERS_H_

#include <span>
#include <string>

#include "plugins/sdk/declare.h"
#include "plugins/sdk/report.h"

namespace anqiao::sdk {

// The format's shape must be the one named.
aq_status EncodeDelimited(const Format& format, std::span<const v1::Record> records,
                          std::string& out, Report& report);
aq_status EncodeFixedWidth(const Format& format, std::span<const v1::Record> records,
                           std::string& out, Report& report);
aq_status EncodeXml(const Format& format, std::span<const v1::Record> records, std::string& out,
                    Report& report);
aq_status EncodeJson(const Format& format, std::span<const v1::Record> records, std::string& out,
                     Report& report);
aq_status EncodeJsonLines(const Format& format, std::span<const v1::Record> records,
                          std::string& out, Report& report);
aq_status EncodeXlsx(const Format& format, std::span<const v1::Record> records, std::string& out,
                     Report& report);

// The writer of the format's shape.
aq_status EncodeShape(const Format& format, std::span<const v1::Record> records, std::string& out,
                      Report& report);

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_WRITERS_H_

#include "plugins/sdk/report.h"

namespace anqiao::sdk {

void Report::MoveTo(std::uint64_t row, std::uint64_t byte_offset, std::uint32_t column) {
  host_.cursor->row = row;
  host_.cursor->byte_offset = byte_offset;
  host_.cursor->column = column;
}

void Report::Emit(std::string_view record) {
  if (host_.emit(host_.context, BytesOf(record)) != 0) stopped_ = true;
}

void Report::Warn(const Place& place, std::string_view reason, std::string_view message) {
  Diagnose(AQ_WARNING, place, reason, message);
}

void Report::RefuseRecord(const Place& place, std::string_view reason, std::string_view message) {
  Diagnose(AQ_RECORD, place, reason, message);
}

aq_status Report::RefusePayload(const Place& place, std::string_view reason,
                                std::string_view message) {
  Diagnose(AQ_PAYLOAD, place, reason, message);
  return AQ_REJECT;
}

void Report::Diagnose(aq_severity severity, const Place& place, std::string_view reason,
                      std::string_view message) {
  aq_diag diag = {};
  diag.size = sizeof diag;
  diag.severity = severity;
  diag.reason = BytesOf(reason);
  diag.byte_offset = place.byte_offset;
  diag.row = place.row;
  diag.column = place.column;
  diag.target = static_cast<std::uint32_t>(place.target);
  diag.field = BytesOf(place.field);
  diag.message = BytesOf(message);
  if (host_.diag(host_.context, &diag) != 0) stopped_ = true;
}

}  // namespace anqiao::sdk

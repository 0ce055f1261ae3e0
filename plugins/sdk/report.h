// What a decoder tells the host: records, diagnostics, where it is.
//
// Thread-compatible; lives for one call.

#ifndef ANQIAO_PLUGINS_SDK_REPORT_H_
#define ANQIAO_PLUGINS_SDK_REPORT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "anqiao/adapter/v1/adapter.pb.h"
#include "plugins/sdk/anqiao_adapter.h"

namespace anqiao::sdk {

// Where something is, in the agency's coordinates.
struct Place {
  std::uint64_t row = 0;
  std::uint64_t byte_offset = 0;
  std::uint32_t column = 0;
  std::string_view field = {};
  ::anqiao::adapter::v1::Field target = ::anqiao::adapter::v1::FIELD_UNSPECIFIED;
};

class Report {
 public:
  explicit Report(const aq_host& host) : host_(host) {}

  void MoveTo(std::uint64_t row, std::uint64_t byte_offset, std::uint32_t column = 0);
  // A serialized Record.
  void Emit(std::string_view record);
  void Warn(const Place& place, std::string_view reason, std::string_view message);
  // The record of this place is not emitted.
  void RefuseRecord(const Place& place, std::string_view reason, std::string_view message);
  // The payload is not used; returns what decode returns then.
  aq_status RefusePayload(const Place& place, std::string_view reason, std::string_view message);

  // The host wants no more.
  bool stopped() const { return stopped_; }

 private:
  void Diagnose(aq_severity severity, const Place& place, std::string_view reason,
                std::string_view message);

  const aq_host& host_;
  bool stopped_ = false;
};

inline aq_bytes BytesOf(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_REPORT_H_

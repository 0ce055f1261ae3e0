// One call into an adapter, judged: everything that it said is counted, bounded and cleaned here,
// whether it runs in the hub's process or in a worker's.
//
// Thread-compatible; lives for one call.

#ifndef ANQIAO_HUB_ADAPTER_CALL_H_
#define ANQIAO_HUB_ADAPTER_CALL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "hub/adapter/adapter.h"
#include "plugins/sdk/anqiao_adapter.h"

namespace anqiao::adapter {

inline constexpr std::size_t kRecordsMax = 2'000'000;
inline constexpr std::size_t kRecordBytesMax = 65536;
inline constexpr std::size_t kDiagnosticsMax = 10'000;
inline constexpr std::size_t kFieldBytesMax = 200;
inline constexpr std::size_t kMessageBytesMax = 500;
inline constexpr std::size_t kEncodedBytesMax = std::size_t{64} << 20;

inline absl::string_view TextOf(aq_bytes bytes) {
  if (bytes.data == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes.data), bytes.length};
}

inline aq_bytes BytesOf(absl::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// "text" cut to whole characters of at most "bytes_max"; control characters and broken UTF-8 become
// "?", so that what an adapter says can go into logs and protos.
std::string Bounded(absl::string_view text, std::size_t bytes_max);

// Where an adapter is in its payload; what the cursor says, which need not be true.
struct Position {
  std::uint64_t row = 0;
  std::uint32_t column = 0;
  std::uint64_t byte_offset = 0;

  friend bool operator==(const Position&, const Position&) = default;
};

// A diagnostic as the adapter gave it: borrowed, unbounded.
struct RawDiagnostic {
  std::uint32_t severity = 0;
  absl::string_view reason;
  std::uint64_t byte_offset = 0;
  std::uint64_t row = 0;
  std::uint32_t column = 0;
  absl::string_view field;
  absl::string_view message;
};

// False: "diag" is no diagnostic of this ABI.
bool ReadDiagnostic(const aq_diag* diag, RawDiagnostic* out);

class Call {
 public:
  // Null: an encoding call. "sink" outlives the call.
  explicit Call(const DecodeSink* sink) : sink_(sink) {}

  // Each is false if the adapter must stop. "at" is where it was when it said so.
  bool Emit(absl::string_view record, const Position& at);
  bool EmitTooLong(std::size_t bytes, const Position& at);
  bool Diagnose(const RawDiagnostic& diagnostic, const Position& at);
  bool Write(absl::string_view bytes, const Position& at);
  // It broke the contract: INTERNAL in the end, with the first message. Always false.
  bool Misbehave(absl::string_view message, const Position& at);

  // What the call came to. INVALID_ARGUMENT: refused; INTERNAL: it misbehaved or gave up.
  absl::Status Finish(aq_status status, absl::string_view adapter, const Position& at);

  // What it broke the contract with, first; null: it did not.
  const absl::Status* misbehaved() const { return misbehaved_.ok() ? nullptr : &misbehaved_; }
  Position misbehaved_at() const { return misbehaved_at_; }

  std::string TakeEncoded() { return std::move(encoded_); }

 private:
  void Tell(Diagnostic diagnostic) const;
  bool RefusePayload(absl::string_view reason, absl::string_view message, const Position& at);

  const DecodeSink* const sink_;
  std::size_t records_ = 0;
  std::size_t diagnostics_ = 0;
  std::string encoded_;
  bool refused_ = false;  // a diagnostic refused the payload
  Diagnostic refusal_;
  absl::Status misbehaved_;
  Position misbehaved_at_;
};

// A diagnostic of the whole payload at "at".
Diagnostic PayloadDiagnostic(absl::string_view reason, const Position& at,
                             absl::string_view message);

}  // namespace anqiao::adapter

#endif  // ANQIAO_HUB_ADAPTER_CALL_H_

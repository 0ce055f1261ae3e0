// What leaves for an agency that deliveries are pushed to: the same bytes under the same name at
// every attempt, and nothing that tells who sends.
//
// The agency's own format where its adapter encoded the delivery, else the typed envelope
// (anqiao.exchange.v1.Delivery, without its attempt) as JSON or binary.

#ifndef ANQIAO_HUB_TRANSPORT_OUTGOING_H_
#define ANQIAO_HUB_TRANSPORT_OUTGOING_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "anqiao/exchange/v1/exchange.pb.h"

namespace anqiao::transport {

enum class EnvelopeForm { kJson, kProtobuf };

struct Outgoing {
  std::string delivery;  // its name, as the engine takes it back
  std::string id;        // the part of it that the recipient recognises repeats by
  std::string bytes;
  std::string content_type;
  std::string file_name;
};

absl::StatusOr<Outgoing> ToOutgoing(const exchange::v1::Delivery& delivery, EnvelopeForm form);

// What became of deliveries, as metrics tell it. Of this run.
struct OutgoingCounts {
  std::int64_t delivered = 0;
  std::int64_t refused = 0;    // attempts that count
  std::int64_t postponed = 0;  // the agency was not there, or asked for later
};

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_OUTGOING_H_

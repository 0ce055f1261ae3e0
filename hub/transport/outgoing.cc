#include "hub/transport/outgoing.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "google/protobuf/util/json_util.h"
#include "hub/engine/values.h"

namespace anqiao::transport {

absl::StatusOr<Outgoing> ToOutgoing(const exchange::v1::Delivery& delivery, EnvelopeForm form) {
  Outgoing out;
  out.delivery = delivery.name();
  out.id = std::string(absl::StripPrefix(delivery.name(), "deliveries/"));
  if (!delivery.native().empty()) {
    out.bytes = delivery.native();
    out.content_type = "application/octet-stream";
    out.file_name = absl::StrCat(out.id, ".", delivery.native_format());
    return out;
  }
  exchange::v1::Delivery envelope = delivery;
  envelope.clear_attempt();
  if (form == EnvelopeForm::kProtobuf) {
    out.content_type = "application/x-protobuf";
    out.file_name = absl::StrCat(out.id, ".pb");
    out.bytes = engine::Canonical(envelope);
    return out;
  }
  out.content_type = "application/json";
  out.file_name = absl::StrCat(out.id, ".json");
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  const auto printed = google::protobuf::util::MessageToJsonString(envelope, &out.bytes, options);
  if (!printed.ok()) return absl::InternalError("a delivery cannot be printed as JSON");
  return out;
}

}  // namespace anqiao::transport

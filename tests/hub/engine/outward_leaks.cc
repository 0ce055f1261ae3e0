#include "tests/hub/engine/outward_leaks.h"

#include "absl/strings/str_cat.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "hub/base/digest.h"
#include "hub/engine/values.h"

namespace anqiao::engine {
namespace {

using exchange::v1::Delivery;

// Sets the phone of whatever view it is, if it has one.
void SetPhone(const std::string& phone, exchange::v1::ServiceRequest* request) {
  const google::protobuf::Reflection* reflection = request->GetReflection();
  const google::protobuf::FieldDescriptor* view = reflection->GetOneofFieldDescriptor(
      *request, exchange::v1::ServiceRequest::descriptor()->FindOneofByName("view"));
  if (view == nullptr) return;
  google::protobuf::Message* message = reflection->MutableMessage(request, view);
  const auto* field = message->GetDescriptor()->FindFieldByName("phone");
  if (field != nullptr) message->GetReflection()->SetString(message, field, phone);
}

}  // namespace

const char* LeakName(Leak leak) {
  switch (leak) {
    case Leak::kNone:
      return "none";
    case Leak::kField:
      return "a field";
    case Leak::kId:
      return "an id";
    case Leak::kSequence:
      return "a sequence";
    case Leak::kErrorText:
      return "an error text";
    case Leak::kPosition:
      return "a position";
    case Leak::kTreeSize:
      return "a tree size";
    case Leak::kSender:
      return "a sender's name";
    case Leak::kSize:
      return "a size";
    case Leak::kRoute:
      return "a route";
    case Leak::kOrder:
      return "an order";
    case Leak::kRefusal:
      return "a refusal";
    case Leak::kEligibility:
      return "an eligibility";
    case Leak::kDivision:
      return "a division";
    case Leak::kLimits:
      return "a legal limit";
  }
  return "?";
}

void Leaking::ChangeDelivery(journal::v1::QueuedDelivery* queued) {
  Delivery delivery;
  if (leak == Leak::kNone || !delivery.ParseFromString(queued->envelope())) return;
  if (Does(Leak::kField) && delivery.has_request() && !police_phone.empty()) {
    SetPhone(police_phone, delivery.mutable_request());
  }
  if (Does(Leak::kId)) {
    queued->set_delivery(NameOf('d', entries));
    delivery.set_name(absl::StrCat("deliveries/", queued->delivery()));
  }
  if (Does(Leak::kSequence)) delivery.set_etag(Hex(Sha256(absl::StrCat(entries))).substr(0, 16));
  if (subject_is_known) {
    if (Does(Leak::kSender)) delivery.set_sender("永安街道禁毒办公室");
    if (Does(Leak::kSize)) delivery.set_native(absl::StrCat(delivery.native(), " "));
    if (Does(Leak::kRoute) && queued->agency() == "employment") queued->set_agency("school");
    referrals.insert(delivery.referral());
  }
  queued->set_envelope(Canonical(delivery));
}

absl::Status Leaking::Change(const absl::Status& status) const {
  if (status.ok() || !Does(Leak::kErrorText)) return status;
  absl::Status changed(status.code(), absl::StrCat(status.message(), " after ", entries));
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    changed.SetPayload(type, payload);
  });
  return changed;
}

}  // namespace anqiao::engine

// What may leave: for each kind of service a message that has no place for more, filled by an
// allow-list. Pure.
//
// Identity in a view never comes from police records; nothing in it tells why the sub-district
// knows the person.

#ifndef ANQIAO_HUB_REFERRAL_VIEW_H_
#define ANQIAO_HUB_REFERRAL_VIEW_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "anqiao/adapter/v1/adapter.pb.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "anqiao/exchange/v1/service_request.pb.h"
#include "anqiao/journal/v1/entitlement.pb.h"
#include "hub/model/case.h"
#include "hub/policy/catalogue.h"

namespace anqiao::referral {

// The neutral sender of every delivery.
inline constexpr char kSender[] = "永安街道公共服务办公室";

struct BuiltView {
  exchange::v1::ServiceRequest request;
  std::string name;                 // of the view's message, such as "EmployerReliefView"
  std::vector<std::string> fields;  // paths that were filled, sorted
};

// FAILED_PRECONDITION (NO_OUTWARD_IDENTITY): only police records name the person.
// FAILED_PRECONDITION (VIEW_INCOMPLETE): a field that the view must have is not known; the details
// name it and which agency or detail would give it.
absl::StatusOr<BuiltView> BuildView(const policy::PolicySummary& policy,
                                    const journal::v1::EntitlementAnswer& answer,
                                    const model::Case& person,
                                    const std::map<std::string, std::string>& details,
                                    const std::string& legal_basis);

// The request as a record for an encoding adapter (RECORD_KIND_SERVICE_REQUEST).
adapter::v1::Record ToRecord(const exchange::v1::Delivery& delivery);

// A native answer (RECORD_KIND_REFERRAL_ANSWER) as a call. INVALID_ARGUMENT: a value that is none
// of its kind; the details name the field.
absl::StatusOr<exchange::v1::AnswerReferralRequest> FromRecord(const adapter::v1::Record& record);

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_VIEW_H_

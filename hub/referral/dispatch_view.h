// What leaves for another public organ by law: messages with no place for more, filled by an
// allow-list. Pure.
//
// A report goes to the police and is filled from their own records alone, so that they learn
// nothing that another agency stated. A file goes to the office that is responsible from now on:
// the orders are the police's, who it is about comes from the other agencies, as in every other
// view.

#ifndef ANQIAO_HUB_REFERRAL_DISPATCH_VIEW_H_
#define ANQIAO_HUB_REFERRAL_DISPATCH_VIEW_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "anqiao/exchange/v1/dispatch.pb.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "hub/model/case.h"
#include "hub/model/civil_date.h"

namespace anqiao::referral {

// What the caseworker states.
struct DispatchTerms {
  std::string report_code;  // of a report
  // Of a report when it happened, of a transfer when the place changed.
  model::CivilDate event_date;
  std::string legal_basis;      // code
  std::string document_number;  // that it rests on
};

// A recipient's kinds.
inline constexpr char kPolice[] = "police";
inline constexpr char kSubdistrictOffice[] = "subdistrict_office";

struct BuiltDispatch {
  exchange::v1::Delivery delivery;  // with its content only
  std::string name;                 // of the view's message
  std::vector<std::string> fields;  // paths that were filled, sorted
};

// The last day for reporting at the new place (戒毒条例 第二十二条).
model::CivilDate ReportDueAfterMove(const model::CivilDate& moved);

// True if a file is kept of "person": the order to be carried out in the community that holds on
// the day that "person" is folded for.
bool UnderOrder(const model::Case& person);

// "police": the case by the police's records alone. FAILED_PRECONDITION (NO_ORDER): the case is
// under no order. FAILED_PRECONDITION (VIEW_INCOMPLETE): the police do not name the person.
// INVALID_ARGUMENT: the event was before the order.
absl::StatusOr<BuiltDispatch> BuildReport(const model::Case& police, const DispatchTerms& terms);

// "person": the whole case. Who it is about comes from the police only if no other agency names the
// person. NO_ORDER as above; FAILED_PRECONDITION (VIEW_INCOMPLETE): nobody names the person.
// INVALID_ARGUMENT: the place changed before the order.
absl::StatusOr<BuiltDispatch> BuildTransfer(const model::Case& person, const DispatchTerms& terms);

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_DISPATCH_VIEW_H_

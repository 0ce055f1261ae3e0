#include "hub/referral/dispatch_view.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/model/periods.h"
#include "hub/referral/dispatch_codes.h"

namespace anqiao::referral {
namespace {

using exchange::v1::FileOrder;
using exchange::v1::FileSubject;
using journal::v1::OrderFact;
using model::Case;
using model::CivilDate;
using model::Phase;

bool IsCommunityOrder(journal::v1::OrderKind kind) {
  return kind == journal::v1::ORDER_KIND_COMMUNITY_DETOX ||
         kind == journal::v1::ORDER_KIND_COMMUNITY_REHABILITATION;
}

bool HoldsOn(const OrderFact& order, const CivilDate& day) {
  const CivilDate ended = CivilDate::FromProto(order.ended_date());
  return IsCommunityOrder(order.kind()) && (ended.empty() || ended > day);
}

// The orders that hold, the earliest first.
std::vector<const OrderFact*> OpenOrders(const Case& person) {
  std::vector<const OrderFact*> open;
  switch (person.phase) {
    case Phase::kCommunityDetoxOrdered:
    case Phase::kCommunityDetox:
    case Phase::kCommunityRehabilitationOrdered:
    case Phase::kCommunityRehabilitation:
      break;
    default:
      return open;
  }
  for (const auto& stated : person.orders) {
    if (HoldsOn(stated.fact, person.as_of)) open.push_back(&stated.fact);
  }
  return open;
}

absl::Status NoOrder() {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kNoOrder,
               "no order that is carried out in the community holds for the case");
}

absl::Status Unnamed() {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kViewIncomplete,
               "the view needs subject.name, which the police would give")
      .Meta("field", "subject.name")
      .Meta("given_by", kPolice);
}

// Fills a view and remembers what was filled.
class DispatchFiller {
 public:
  explicit DispatchFiller(std::vector<std::string>& fields) : fields_(fields) {}

  void Text(absl::string_view path, const std::string& value, std::string* out) {
    if (value.empty()) return;
    Note(path);
    *out = value;
  }
  template <typename Message>
  void Date(absl::string_view path, const type::v1::CivilDate& value, Message* message,
            type::v1::CivilDate* (Message::*slot)()) {
    if (value.year() == 0) return;
    Note(path);
    *(message->*slot)() = value;
  }

 private:
  // Of several orders each field is named once.
  void Note(absl::string_view path) {
    if (std::find(fields_.begin(), fields_.end(), path) == fields_.end()) {
      fields_.emplace_back(path);
    }
  }

  std::vector<std::string>& fields_;
};

void FillOrder(const OrderFact& order, FileOrder* out, DispatchFiller& filler) {
  filler.Text("order.kind", OutwardOrderKind(order.kind()), out->mutable_kind());
  filler.Text("order.document_number", order.document_number(), out->mutable_document_number());
  filler.Date("order.decided_date", order.decided_date(), out, &FileOrder::mutable_decided_date);
  filler.Date("order.received_date", order.received_date(), out, &FileOrder::mutable_received_date);
  filler.Date("order.reported_date", order.reported_date(), out, &FileOrder::mutable_reported_date);
}

void FillSubject(const std::string& name, const std::string& id_number, FileSubject* out,
                 DispatchFiller& filler) {
  filler.Text("subject.name", name, out->mutable_name());
  filler.Text("subject.id_number", id_number, out->mutable_id_number());
}

absl::Status CheckDay(const OrderFact& order, const CivilDate& day, absl::string_view field) {
  if (day >= CivilDate::FromProto(order.decided_date())) return absl::OkStatus();
  return InvalidField(field, "must not lie before the order");
}

}  // namespace

CivilDate ReportDueAfterMove(const CivilDate& moved) {
  return model::PeriodOn(model::PeriodRule::kReportAfterMove, moved).After(moved);
}

bool UnderOrder(const Case& person) { return !OpenOrders(person).empty(); }

absl::StatusOr<BuiltDispatch> BuildReport(const Case& police, const DispatchTerms& terms) {
  const std::vector<const OrderFact*> orders = OpenOrders(police);
  if (orders.empty()) return NoOrder();
  const OrderFact& order = *orders.back();
  AQ_RETURN_IF_ERROR(CheckDay(order, terms.event_date, "event_date"));
  const ReportKind* kind = FindReportKind(terms.report_code);
  if (kind == nullptr) return InvalidField("report_code", "must be one of the codes of reports");
  if (police.name.empty()) return Unnamed();
  BuiltDispatch built;
  built.name = "DutyReport";
  DispatchFiller filler(built.fields);
  exchange::v1::DutyReport* report = built.delivery.mutable_report();
  filler.Text("code", std::string(kind->outward), report->mutable_code());
  filler.Date("event_date", terms.event_date.ToProto(), report,
              &exchange::v1::DutyReport::mutable_event_date);
  filler.Text("legal_basis", terms.legal_basis, report->mutable_legal_basis());
  filler.Text("document_number", terms.document_number, report->mutable_document_number());
  FillSubject(police.name, police.id_number, report->mutable_subject(), filler);
  filler.Text("file_number", order.register_number(), report->mutable_file_number());
  FillOrder(order, report->mutable_order(), filler);
  std::sort(built.fields.begin(), built.fields.end());
  return built;
}

absl::StatusOr<BuiltDispatch> BuildTransfer(const Case& person, const DispatchTerms& terms) {
  const std::vector<const OrderFact*> orders = OpenOrders(person);
  if (orders.empty()) return NoOrder();
  AQ_RETURN_IF_ERROR(CheckDay(*orders.back(), terms.event_date, "move_date"));
  if (person.name.empty()) return Unnamed();
  BuiltDispatch built;
  built.name = "FileTransfer";
  DispatchFiller filler(built.fields);
  using exchange::v1::FileTransfer;
  FileTransfer* transfer = built.delivery.mutable_transfer();
  filler.Text("legal_basis", terms.legal_basis, transfer->mutable_legal_basis());
  filler.Text("document_number", terms.document_number, transfer->mutable_document_number());
  if (person.outward.name.empty()) {
    FillSubject(person.name, person.id_number, transfer->mutable_subject(), filler);
  } else {
    FillSubject(person.outward.name, person.outward.id_number, transfer->mutable_subject(), filler);
  }
  for (const OrderFact* order : orders) FillOrder(*order, transfer->add_orders(), filler);
  filler.Text("phase", OutwardPhase(person.phase), transfer->mutable_phase());
  filler.Date("phase_since_date", person.phase_since.ToProto(), transfer,
              &FileTransfer::mutable_phase_since_date);
  filler.Date("move_date", terms.event_date.ToProto(), transfer, &FileTransfer::mutable_move_date);
  filler.Date("report_due_date", ReportDueAfterMove(terms.event_date).ToProto(), transfer,
              &FileTransfer::mutable_report_due_date);
  std::sort(built.fields.begin(), built.fields.end());
  return built;
}

}  // namespace anqiao::referral

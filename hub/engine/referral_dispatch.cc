// The gate to other public organs that the law names: reports to the police, files to the office of
// another sub-district. Nothing leaves by it without a recorded basis and the number of its
// document (治安管理处罚法 第一百三十六条), and everything that leaving takes is one entry.

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/referral_book.h"
#include "hub/engine/values.h"
#include "hub/referral/dispatch_codes.h"
#include "hub/referral/dispatch_view.h"
#include "hub/referral/view.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::DispatchSent;
using journal::v1::Entry;
using model::CivilDate;
using referral::DispatchBasis;

constexpr std::size_t kNumberBytes = 100;

bool IsReport(const SendDispatchCommand& command) {
  return command.kind == journal::v1::DISPATCH_KIND_REPORT;
}

absl::Status NoBasis(absl::string_view why) {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kNoLegalBasis, why);
}

absl::Status CheckTerms(const SendDispatchCommand& command, const CivilDate& today) {
  const char* const field = IsReport(command) ? "event_date" : "move_date";
  if (!command.event_date.has_day() || command.event_date > today) {
    return InvalidField(field, "must be a day, today or before");
  }
  if (IsReport(command) && referral::FindReportKind(command.report_code) == nullptr) {
    return InvalidField("report_code", "must be one of the codes of reports");
  }
  return absl::OkStatus();
}

// A number of a document, not a text: at least one digit, nothing that breaks a line.
bool IsDocumentNumber(const std::string& text) {
  const auto is = [](bool (*one)(unsigned char)) {
    return [one](char c) { return one(static_cast<unsigned char>(c)); };
  };
  return !text.empty() && text.size() <= kNumberBytes &&
         std::any_of(text.begin(), text.end(), is(absl::ascii_isdigit)) &&
         std::none_of(text.begin(), text.end(), is(absl::ascii_iscntrl));
}

absl::StatusOr<const DispatchBasis*> CheckDispatchBasis(const SendDispatchCommand& command,
                                                        const CivilDate& today) {
  const DispatchBasis* basis = referral::FindDispatchBasis(command.legal_basis, today);
  if (basis == nullptr || basis->kind != command.kind) {
    return NoBasis("the legal basis is none on which this may leave");
  }
  if (IsReport(command) &&
      !referral::Carries(*basis, *referral::FindReportKind(command.report_code))) {
    return NoBasis("the duty to report is not for this: it leaves only when the police ask for it");
  }
  if (!IsDocumentNumber(command.document_number)) {
    return NoBasis("the number of the document that it rests on must be given, in 1 to 100 bytes");
  }
  return basis;
}

absl::Status CheckRecipient(const SendDispatchCommand& command, const AgencyOptions* agency) {
  if (agency == nullptr) {
    return Error(absl::StatusCode::kNotFound, reason::kAgencyNotFound, "there is no such agency");
  }
  const char* const kind = IsReport(command) ? referral::kPolice : referral::kSubdistrictOffice;
  if (agency->kind == kind) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, reason::kRecipientNotAllowed,
               absl::StrCat("the recipient must be of the kind ", kind))
      .Meta("kind", kind);
}

}  // namespace

absl::StatusOr<Entry> ReferralBook::SendDispatch(const Principal& principal,
                                                 const SendDispatchCommand& command,
                                                 const std::string& jurisdiction,
                                                 const std::string& hash, const NewReferral& place,
                                                 absl::Time now) const {
  const CivilDate today = CivilDate::At(now);
  AQ_RETURN_IF_ERROR(CheckTerms(command, today));
  AQ_ASSIGN_OR_RETURN(const CaseView view, FindCase(command.case_id, today, jurisdiction));
  if (!command.etag.empty() && command.etag != CaseEtag(view.document)) {
    return Error(absl::StatusCode::kAborted, reason::kEtagMismatch,
                 "the etag is not the current one: read again and retry");
  }
  AQ_RETURN_IF_ERROR(CheckRecipient(command, FindAgency(command.agency)));
  AQ_ASSIGN_OR_RETURN(const DispatchBasis* basis, CheckDispatchBasis(command, today));
  AQ_RETURN_IF_ERROR(Step("basis"));
  const referral::DispatchTerms terms = {command.report_code, command.event_date,
                                         command.legal_basis, command.document_number};
  AQ_ASSIGN_OR_RETURN(referral::BuiltDispatch built,
                      IsReport(command) ? referral::BuildReport(
                                              model::FoldCaseOfPolice(view.document, today), terms)
                                        : referral::BuildTransfer(view.folded, terms));
  AQ_RETURN_IF_ERROR(Step("view"));
  Entry entry = Begin(principal, now);
  entry.set_key(place.key);
  DispatchSent* sent = entry.mutable_dispatch_sent();
  sent->set_dispatch(NameOf('s', place.sequence));
  sent->set_case_id(command.case_id);
  sent->set_kind(command.kind);
  sent->set_report_code(command.report_code);
  *sent->mutable_event_date() = command.event_date.ToProto();
  sent->set_request_id(command.request_id);
  sent->set_request_hash(hash);
  journal::v1::Disclosure* disclosure = sent->mutable_disclosure();
  disclosure->set_disclosure(RandomName());
  disclosure->set_agency(command.agency);
  disclosure->set_purpose(IsReport(command)
                              ? absl::StrCat(referral::kReportPurpose, command.report_code)
                              : referral::kTransferPurpose);
  disclosure->set_basis(command.legal_basis);
  disclosure->set_basis_reference(absl::StrCat(basis->law, " ", command.document_number));
  disclosure->set_view(built.name);
  disclosure->set_view_salt(RandomBytes(16));
  disclosure->set_view_hash(
      Sha256(absl::StrCat(disclosure->view_salt(), Canonical(built.delivery))));
  for (const std::string& field : built.fields) disclosure->add_fields(field);
  AQ_RETURN_IF_ERROR(Step("ledger"));
  const std::string id = RandomName();
  built.delivery.set_name(absl::StrCat("deliveries/", id));
  built.delivery.set_sender(referral::kSender);
  journal::v1::QueuedDelivery* queued = sent->mutable_delivery();
  queued->set_delivery(id);
  queued->set_agency(command.agency);
  queued->set_envelope(Canonical(built.delivery));
  AQ_RETURN_IF_ERROR(Step("delivery"));
  return entry;
}

}  // namespace anqiao::engine

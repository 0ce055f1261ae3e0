#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/engine_impl.h"
#include "hub/engine/pages.h"
#include "hub/engine/person.h"
#include "hub/engine/referral_fold.h"
#include "hub/engine/values.h"
#include "hub/store/keys.h"

namespace anqiao::engine {

using journal::v1::ConsentDocument;
using journal::v1::DisclosureDocument;
using journal::v1::ReferralDocument;
using store::Family;

absl::StatusOr<ReferralDocument> EngineImpl::GetReferral(const std::string& referral,
                                                         const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  ReferralBook book = BookOf(*snapshot);
  AQ_ASSIGN_OR_RETURN(ReferralDocument * document, book.FindVisible(referral, jurisdiction));
  return *document;
}

absl::StatusOr<Page<ReferralDocument>> EngineImpl::ListReferrals(const ReferralFilter& filter,
                                                                 const std::string& after,
                                                                 int limit,
                                                                 const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  ReferralBook book = BookOf(*snapshot);
  const absl::Time now = Now();
  std::set<std::string> absent;
  for (const AgencyOptions& agency : options_.agencies) {
    if (AbsentSince(*snapshot, agency.id).has_value()) absent.insert(agency.id);
  }
  std::set<std::string> ids;
  if (!filter.case_id.empty()) {
    AQ_ASSIGN_OR_RETURN(const auto person, ReadPerson(*snapshot, filter.case_id));
    if (!person.has_value()) return Page<ReferralDocument>();
    ids = IdsOf(*person);
  }
  Page<ReferralDocument> page;
  std::string last;
  absl::Status failure;
  AQ_RETURN_IF_ERROR(ScanDocuments<ReferralDocument>(
      *snapshot, store::AfterRange(Family::kReferral, after),
      [&](absl::string_view, ReferralDocument document) {
        const journal::v1::ReferralDraft& draft = document.draft();
        if ((!ids.empty() && !ids.contains(draft.case_id())) ||
            (!filter.agency.empty() && draft.agency() != filter.agency) ||
            (filter.state != journal::v1::REFERRAL_STATE_UNSPECIFIED &&
             document.state() != filter.state) ||
            (filter.needs_action && !NeedsAction(document, now) &&
             !(absent.contains(draft.agency()) && !document.awaited_delivery().empty()))) {
          return true;
        }
        if (!jurisdiction.empty()) {
          const absl::Status visible =
              book.FindCase(draft.case_id(), Today(), jurisdiction).status();
          if (absl::IsNotFound(visible)) return true;
          failure = visible;
          if (!failure.ok()) return false;
        }
        const std::string id = document.referral();
        return AddToPage(std::move(document), id, limit, &last, &page);
      }));
  AQ_RETURN_IF_ERROR(failure);
  return page;
}

absl::StatusOr<Page<DisclosureDocument>> EngineImpl::ListDisclosures(
    const std::string& case_id, const std::string& after, int limit,
    const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  AQ_ASSIGN_OR_RETURN(const CaseView view,
                      BookOf(*snapshot).FindCase(case_id, Today(), jurisdiction));
  // Each id of the person has a ledger of its own: together in the order of the journal.
  std::map<std::pair<store::Sequence, std::string>, DisclosureDocument> ledger;
  absl::Status failure;
  for (const std::string& id : IdsOf(view.document)) {
    AQ_RETURN_IF_ERROR(ScanDocuments<DisclosureDocument>(
        *snapshot, store::DisclosureRange(id),
        [&](absl::string_view key, DisclosureDocument document) {
          const absl::StatusOr<store::DisclosureParts> parts = store::DecodeDisclosureKey(key);
          failure = parts.status();
          if (failure.ok()) ledger.emplace(std::pair(parts->sequence, id), std::move(document));
          return failure.ok();
        }));
    AQ_RETURN_IF_ERROR(failure);
  }
  Page<DisclosureDocument> page;
  std::string last;
  bool passed = after.empty();
  // "after" is the id of an entry.
  for (auto& [place, document] : ledger) {
    const std::string id = document.disclosure().disclosure();
    if (!passed) {
      passed = id == after;
    } else if (!AddToPage(std::move(document), id, limit, &last, &page)) {
      break;
    }
  }
  for (DisclosureDocument& document : page.items) {
    if (document.has_handed_over()) OpenSalt(document.mutable_handed_over());
  }
  return page;
}

absl::StatusOr<ConsentDocument> EngineImpl::GetConsent(const std::string& consent,
                                                       const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  return BookOf(*snapshot).FindConsent(consent, jurisdiction, Today());
}

absl::StatusOr<Page<ConsentDocument>> EngineImpl::ListConsents(const std::string& case_id,
                                                               const std::string& after, int limit,
                                                               const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  AQ_ASSIGN_OR_RETURN(const CaseView view,
                      BookOf(*snapshot).FindCase(case_id, Today(), jurisdiction));
  return ReadPage<ConsentDocument>(*snapshot, view.document.consents(), store::ConsentKey, after,
                                   limit);
}

}  // namespace anqiao::engine

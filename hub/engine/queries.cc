#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/engine_impl.h"
#include "hub/engine/outward_case.h"
#include "hub/engine/pages.h"
#include "hub/engine/person.h"
#include "hub/engine/receipts.h"
#include "hub/engine/values.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

constexpr absl::Duration kFreshWait = absl::Seconds(10);

using journal::v1::PersonDocument;
using journal::v1::QuarantineDocument;
using journal::v1::ReferralDocument;
using store::Family;

bool Matches(const CaseFilter& filter, const model::Case& folded) {
  return (!filter.registered_only || folded.registered) &&
         (filter.phase == model::Phase::kNone || folded.phase == filter.phase) &&
         (!filter.needs_review_only || folded.needs_review) &&
         (filter.display_name.empty() || folded.name == filter.display_name);
}

absl::string_view OutcomeTitleZh(absl::string_view code) {
  if (code == "HIRED") return "已就业";
  if (code == "TRAINED") return "已培训";
  if (code == "INTERVIEWED") return "已面试";
  if (code == "DID_NOT_ATTEND") return "未到场";
  if (code == "GRANTED") return "已办理";
  return "未办理";
}

// What came of the person's referrals, among what the agencies' records tell.
absl::Status AddOutcomes(const store::Snapshot& snapshot, const PersonDocument& person,
                         model::Case* folded) {
  for (const std::string& id : person.referrals()) {
    AQ_ASSIGN_OR_RETURN(const std::string bytes, snapshot.Get(store::ReferralKey(id)));
    ReferralDocument referral;
    if (!referral.ParseFromString(bytes)) {
      return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                   "a stored document cannot be read");
    }
    const model::CivilDate date = model::CivilDate::FromProto(referral.outcome().date());
    if (!referral.has_outcome() || date > folded->as_of) continue;
    const std::string& code = referral.outcome().code();
    folded->events.push_back({.date = date,
                              .kind = absl::StrCat("OUTCOME_", code),
                              .text_zh = absl::StrCat("转介结果：", OutcomeTitleZh(code), "（",
                                                      referral.draft().service(), "）"),
                              .text_en = absl::StrCat("outcome of the referral for ",
                                                      referral.draft().service(), ": ", code),
                              .agency = referral.draft().agency()});
  }
  std::stable_sort(folded->events.begin(), folded->events.end(),
                   [](const auto& a, const auto& b) { return a.date < b.date; });
  return absl::OkStatus();
}

void Count(const model::Case& folded, CensusCounts* counts) {
  const std::int64_t numbers = static_cast<std::int64_t>(folded.register_numbers.size());
  if (!folded.registered || numbers == 0) return;
  if (folded.deceased) {
    counts->deceased += numbers;
    return;
  }
  counts->registered += numbers;
  switch (model::PartOf(folded.phase)) {
    case model::CensusPart::kCompulsoryIsolation:
      counts->compulsory_isolation += numbers;
      break;
    case model::CensusPart::kCommunityDetox:
      counts->community_detox += numbers;
      break;
    case model::CensusPart::kCommunityRehabilitation:
      counts->community_rehabilitation += numbers;
      break;
    case model::CensusPart::kCleanThreeYears:
      counts->clean_three_years += numbers;
      break;
    default:
      counts->in_society += numbers;
  }
}

}  // namespace

std::int64_t CountOf(const store::Snapshot& snapshot, const std::string& name) {
  const absl::StatusOr<std::string> stored = snapshot.Get(store::CountKey(name));
  std::int64_t value = 0;
  if (stored.ok() && !absl::SimpleAtoi(*stored, &value)) value = 0;
  return value;
}

absl::Status EngineImpl::AwaitEverything() const {
  return projector_.WaitFor(store_->synced_sequence(), kFreshWait);
}

absl::StatusOr<std::unique_ptr<store::Snapshot>> EngineImpl::Fresh() const {
  const absl::Status fresh = AwaitEverything();
  // While there is no room to write the projections, reads go on with what they have.
  if (!fresh.ok() && !absl::IsResourceExhausted(fresh)) return fresh;
  return store_->NewSnapshot();
}

ReferralBook EngineImpl::BookOf(const store::Snapshot& snapshot) const {
  return ReferralBook(&options_, catalogue_, nullptr, &snapshot);
}

absl::StatusOr<CaseView> EngineImpl::GetCase(const std::string& case_id,
                                             const model::CivilDate& as_of,
                                             const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  AQ_ASSIGN_OR_RETURN(CaseView view, BookOf(*snapshot).FindCase(
                                         case_id, as_of.empty() ? Today() : as_of, jurisdiction));
  AQ_RETURN_IF_ERROR(AddOutcomes(*snapshot, view.document, &view.folded));
  return view;
}

absl::StatusOr<model::Case> EngineImpl::GetOutwardCase(const std::string& case_id,
                                                       const std::string& kind,
                                                       const model::CivilDate& as_of,
                                                       const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  const model::CivilDate day = as_of.empty() ? Today() : as_of;
  AQ_ASSIGN_OR_RETURN(const CaseView view, BookOf(*snapshot).FindCase(case_id, day, jurisdiction));
  const auto agency = std::find_if(options_.agencies.begin(), options_.agencies.end(),
                                   [&](const AgencyOptions& each) { return each.kind == kind; });
  return OutwardCase(*snapshot, ModelOf(options_).model, view.document,
                     agency == options_.agencies.end() ? "" : agency->id, day);
}

absl::StatusOr<Page<CaseView>> EngineImpl::ListCases(const CaseFilter& filter,
                                                     const std::string& after, int limit,
                                                     const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  const model::CivilDate as_of = filter.as_of.empty() ? Today() : filter.as_of;
  Page<CaseView> page;
  std::string last;
  absl::Status failure;
  AQ_RETURN_IF_ERROR(ScanDocuments<PersonDocument>(
      *snapshot, store::AfterRange(Family::kPerson, after),
      [&](absl::string_view, PersonDocument person) {
        if (!IsPerson(person)) return true;
        CaseView view;
        view.folded = model::FoldCase(person, as_of);
        if (!InJurisdiction(view.folded, jurisdiction) || !Matches(filter, view.folded)) {
          return true;
        }
        const std::string id = person.person();
        failure = AddAttached(*snapshot, &person);
        if (!failure.ok()) return false;
        view.document = std::move(person);
        return AddToPage(std::move(view), id, limit, &last, &page);
      }));
  AQ_RETURN_IF_ERROR(failure);
  return page;
}

absl::StatusOr<CensusCounts> EngineImpl::GetCensus(const model::CivilDate& as_of,
                                                   const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  CensusCounts counts;
  counts.as_of = as_of.empty() ? Today() : as_of;
  AQ_RETURN_IF_ERROR(ScanDocuments<PersonDocument>(
      *snapshot, store::FamilyRange(Family::kPerson),
      [&](absl::string_view, const PersonDocument& person) {
        if (!IsPerson(person)) return true;
        const model::Case folded = model::FoldCase(person, counts.as_of);
        if (!InJurisdiction(folded, jurisdiction)) return true;
        ++counts.people;
        Count(folded, &counts);
        return true;
      }));
  return counts;
}

absl::StatusOr<std::vector<AgencyStatus>> EngineImpl::ListAgencies() {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  std::vector<AgencyStatus> statuses;
  for (const AgencyOptions& agency : options_.agencies) {
    AgencyStatus& status = statuses.emplace_back();
    status.options = &agency;
    status.records = CountOf(*snapshot, LiveRecordsCount(agency.id));
    status.pending_deliveries = CountOf(*snapshot, PendingCount(agency.id));
    status.dead_deliveries = CountOf(*snapshot, DeadCount(agency.id));
    status.quarantined_payloads = CountOf(*snapshot, QuarantineCount(agency.id));
    AQ_ASSIGN_OR_RETURN(status.away_since, AwaySince(*snapshot, agency.id));
    status.receiving = !status.away_since.has_value();
    status.absent_since = AbsentSince(*snapshot, agency.id);
  }
  return statuses;
}

absl::StatusOr<Page<QuarantineDocument>> EngineImpl::ListQuarantine(const std::string& agency,
                                                                    const std::string& after,
                                                                    int limit) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  Page<QuarantineDocument> page;
  std::string last;
  AQ_RETURN_IF_ERROR(ScanDocuments<QuarantineDocument>(
      *snapshot, store::AfterRange(Family::kQuarantine, after),
      [&](absl::string_view, QuarantineDocument document) {
        if (!agency.empty() && document.agency() != agency) return true;
        const std::string id = document.payload();
        return AddToPage(std::move(document), id, limit, &last, &page);
      }));
  for (QuarantineDocument& document : page.items) {
    AQ_RETURN_IF_ERROR(OpenReceipts(*store_, document.mutable_records()));
  }
  return page;
}

absl::StatusOr<QuarantineDocument> EngineImpl::GetQuarantine(const std::string& payload) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  AQ_ASSIGN_OR_RETURN(auto document,
                      ReadDocument<QuarantineDocument>(*snapshot, store::QuarantineKey(payload)));
  if (document.has_value()) {
    AQ_RETURN_IF_ERROR(OpenReceipts(*store_, document->mutable_records()));
    return *std::move(document);
  }
  return Error(absl::StatusCode::kNotFound, reason::kQuarantineNotFound,
               "the payload is not, or no longer, in quarantine");
}

}  // namespace anqiao::engine

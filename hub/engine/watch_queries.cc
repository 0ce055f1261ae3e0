// What the entitlement watch did, and what another catalogue would change.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/engine_impl.h"
#include "hub/engine/pages.h"
#include "hub/engine/person.h"
#include "hub/model/case.h"
#include "hub/policy/content.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::EntitlementNotes;
using journal::v1::NoticeDocument;
using journal::v1::PersonDocument;
using Comparison = CatalogueComparison;

// Of the last notice of a page: the entry and the notice's number in it.
struct NoticePlace {
  std::string person;
  std::uint64_t sequence = 0, number = 0;

  static NoticePlace Parse(const std::string& text) {
    const std::vector<std::string> parts = absl::StrSplit(text, '/');
    NoticePlace place;
    if (parts.size() != 3 || !absl::SimpleAtoi(parts[1], &place.sequence) ||
        !absl::SimpleAtoi(parts[2], &place.number)) {
      return {};
    }
    place.person = parts[0];
    return place;
  }
  std::string ToString() const { return absl::StrCat(person, "/", sequence, "/", number); }
  bool IsAfter(const NoticePlace& other) const {
    return person != other.person || sequence > other.sequence ||
           (sequence == other.sequence && number > other.number);
  }
};

bool Matches(const NoticeFilter& filter, const NoticeDocument& notice) {
  return (filter.policy.empty() || notice.notice().policy() == filter.policy) &&
         (filter.kind == journal::v1::ENTITLEMENT_NOTICE_KIND_UNSPECIFIED ||
          notice.notice().kind() == filter.kind);
}

// False: the page is full.
bool AddNotices(const NoticeFilter& filter, const NoticePlace& after, int limit,
                const EntitlementNotes& notes, std::string* last, Page<NoticeView>* page) {
  NoticePlace place{.person = notes.person()};
  for (const NoticeDocument& notice : notes.notices()) {
    place.number = notice.sequence() == place.sequence ? place.number + 1 : 1;
    place.sequence = notice.sequence();
    if (!place.IsAfter(after) || !Matches(filter, notice)) continue;
    if (!AddToPage(NoticeView{notes.person(), notice}, place.ToString(), limit, last, page)) {
      return false;
    }
  }
  return true;
}

Comparison::Kind KindOf(const Comparison::Answer& before, const Comparison::Answer& after) {
  const bool was = before.result == journal::v1::ENTITLEMENT_RESULT_ELIGIBLE;
  const bool will_be = after.result == journal::v1::ENTITLEMENT_RESULT_ELIGIBLE;
  if (was && will_be) return Comparison::Kind::kAmount;
  if (was) return Comparison::Kind::kLoss;
  return will_be ? Comparison::Kind::kGain : Comparison::Kind::kOther;
}

bool Same(const Comparison::Answer& a, const Comparison::Answer& b) {
  const bool entitled = a.result == journal::v1::ENTITLEMENT_RESULT_ELIGIBLE;
  return a.result == b.result && a.eligible_from == b.eligible_from &&
         (!entitled || a.amount_fen == b.amount_fen);
}

// What a change takes in the answer, at most: beside the ids, the resource names' beginnings, tags,
// lengths, codes and amounts.
std::size_t BytesOf(const Comparison::Change& change) {
  constexpr std::size_t kBeside = 64;
  return change.case_id.size() + change.policy.size() + kBeside;
}

void Compare(const policy::Catalogue& current, const policy::Catalogue& candidate,
             const model::Case& person, Comparison* comparison) {
  std::map<absl::string_view, std::pair<Comparison::Answer, Comparison::Answer>> answers;
  const auto answer_of = [](const policy::Decision& decision) {
    return Comparison::Answer{decision.result, decision.eligible_from, decision.amount_fen};
  };
  for (const policy::Decision& one : current.DecideAll(person)) {
    answers[one.policy].first = answer_of(one);
  }
  for (const policy::Decision& one : candidate.DecideAll(person)) {
    answers[one.policy].second = answer_of(one);
  }
  for (auto& [policy, both] : answers) {
    if (Same(both.first, both.second)) continue;
    comparison->changes.push_back({.case_id = person.person,
                                   .policy = std::string(policy),
                                   .kind = KindOf(both.first, both.second),
                                   .before = both.first,
                                   .after = both.second});
  }
}

}  // namespace

absl::StatusOr<Page<NoticeView>> EngineImpl::ListNotices(const NoticeFilter& filter,
                                                         const std::string& after, int limit,
                                                         const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  const ReferralBook book = BookOf(*snapshot);
  const NoticePlace place = NoticePlace::Parse(after);
  Page<NoticeView> page;
  std::string last;
  absl::Status failure;
  const auto visit = [&](const EntitlementNotes& notes) {
    if (std::none_of(notes.notices().begin(), notes.notices().end(),
                     [&](const NoticeDocument& one) { return Matches(filter, one); })) {
      return true;
    }
    if (!jurisdiction.empty()) {
      const absl::Status visible = book.FindCase(notes.person(), Today(), jurisdiction).status();
      if (absl::IsNotFound(visible)) return true;
      failure = visible;
      if (!failure.ok()) return false;
    }
    return AddNotices(filter, place, limit, notes, &last, &page);
  };
  if (!filter.case_id.empty()) {
    AQ_ASSIGN_OR_RETURN(const CaseView view, book.FindCase(filter.case_id, Today(), jurisdiction));
    const std::set<std::string> ids = IdsOf(view.document);
    for (auto id = ids.lower_bound(place.person); id != ids.end(); ++id) {
      AQ_ASSIGN_OR_RETURN(const auto notes,
                          ReadDocument<EntitlementNotes>(*snapshot, store::NotesKey(*id)));
      if (notes.has_value() && !visit(*notes)) break;
    }
  } else {
    store::KeyRange range = store::FamilyRange(store::Family::kNotes);
    if (!place.person.empty()) range.begin = store::NotesKey(place.person);
    AQ_RETURN_IF_ERROR(ScanDocuments<EntitlementNotes>(
        *snapshot, range,
        [&](absl::string_view, const EntitlementNotes& notes) { return visit(notes); }));
  }
  AQ_RETURN_IF_ERROR(failure);
  return page;
}

absl::StatusOr<std::shared_ptr<const policy::Catalogue>> EngineImpl::Candidate() {
  if (options_.candidate_catalogue.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
                 "the hub is configured without a candidate catalogue");
  }
  AQ_ASSIGN_OR_RETURN(const auto files, policy::ReadCatalogueFiles(options_.candidate_catalogue));
  absl::MutexLock lock(&candidate_mu_);
  if (candidate_ != nullptr) {
    AQ_ASSIGN_OR_RETURN(const auto known, policy::Catalogue::Unpack(candidate_->content()));
    if (known == files) return candidate_;
  }
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<policy::Catalogue> parsed,
                      policy::Catalogue::Parse(files, catalogue_->jurisdiction()));
  candidate_ = std::move(parsed);
  return candidate_;
}

absl::StatusOr<CatalogueComparison> EngineImpl::CompareCatalogue(const model::CivilDate& as_of,
                                                                 const std::string& after,
                                                                 int limit,
                                                                 const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(const std::shared_ptr<const policy::Catalogue> candidate, Candidate());
  const std::pair<std::string, std::string> place = absl::StrSplit(after, absl::MaxSplits('/', 1));
  if (!after.empty() && place.first != candidate->hash()) {
    return Error(absl::StatusCode::kAborted, reason::kEtagMismatch,
                 "the candidate catalogue is another one since the page before: begin again");
  }
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  CatalogueComparison comparison;
  comparison.catalogue_hash = catalogue_->hash();
  comparison.candidate_hash = candidate->hash();
  const model::CivilDate day = as_of.empty() ? Today() : as_of;
  int looked_at = 0;
  std::size_t bytes = 0;
  std::string last;
  const auto end_page = [&] {
    comparison.next_after = absl::StrCat(comparison.candidate_hash, "/", last);
    return false;
  };
  AQ_RETURN_IF_ERROR(ScanDocuments<PersonDocument>(
      *snapshot, store::AfterRange(store::Family::kPerson, place.second),
      [&](absl::string_view, const PersonDocument& person) {
        if (!IsPerson(person)) return true;
        if (looked_at == limit) return end_page();
        const model::Case folded = model::FoldCase(person, day);
        if (InJurisdiction(folded, jurisdiction)) {
          const std::size_t before = comparison.changes.size();
          Compare(*catalogue_, *candidate, folded, &comparison);
          for (std::size_t i = before; i < comparison.changes.size(); ++i) {
            bytes += BytesOf(comparison.changes[i]);
          }
          // A case is on one page whole, since the counts of the pages add up.
          if (looked_at > 0 && bytes > options_.page_bytes_max) {
            comparison.changes.resize(before);
            return end_page();
          }
          ++comparison.cases;
        }
        ++looked_at;
        last = person.person();
        return true;
      }));
  return comparison;
}

}  // namespace anqiao::engine

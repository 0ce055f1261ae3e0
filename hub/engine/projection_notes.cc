// What the entitlement watch noted: folded from its entries, never evaluated.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hub/base/status_macros.h"
#include "hub/engine/person.h"
#include "hub/engine/projection.h"
#include "hub/engine/watch_notes.h"
#include "hub/model/civil_date.h"
#include "hub/store/keys.h"

namespace anqiao::engine {

using journal::v1::EntitlementNoted;
using journal::v1::EntitlementNotes;
using journal::v1::Entry;
using journal::v1::NotedAnswer;
using journal::v1::NotedEntitlement;
using store::Sequence;

namespace {

constexpr int kNoticesKept = 64;

void FoldAnswer(Sequence sequence, const EntitlementNoted& noted, const NotedAnswer& answer,
                EntitlementNotes* notes) {
  auto* answers = notes->mutable_answers();
  const auto at = std::lower_bound(answers->begin(), answers->end(), answer.policy(),
                                   [](const NotedEntitlement& one, const std::string& policy) {
                                     return one.answer().policy() < policy;
                                   });
  const int place = static_cast<int>(at - answers->begin());
  const bool there = at != answers->end() && at->answer().policy() == answer.policy();
  if (!IsKept(answer)) {
    if (there) answers->DeleteSubrange(place, 1);
    return;
  }
  if (!there) {
    answers->Add();
    for (int i = answers->size() - 1; i > place; --i) answers->SwapElements(i, i - 1);
  }
  NotedEntitlement* one = answers->Mutable(place);
  *one->mutable_answer() = answer;
  *one->mutable_as_of_date() = noted.as_of_date();
  one->set_catalogue_hash(noted.catalogue_hash());
  one->set_sequence(sequence);
}

}  // namespace

bool IsKept(const NotedAnswer& answer) {
  return answer.result() == journal::v1::ENTITLEMENT_RESULT_ELIGIBLE ||
         (answer.result() != journal::v1::ENTITLEMENT_RESULT_UNSPECIFIED && answer.has_look_date());
}

std::optional<std::uint64_t> NextLook(const EntitlementNotes& notes) {
  std::optional<std::uint64_t> next;
  for (const NotedEntitlement& one : notes.answers()) {
    if (!one.answer().has_look_date()) continue;
    const model::CivilDate day = model::CivilDate::FromProto(one.answer().look_date());
    const auto number = static_cast<std::uint64_t>(std::max(0L, day.DayNumber()));
    next = std::min(next.value_or(number), number);
  }
  return next;
}

std::string WatchProgressKey() { return store::MetaKey("watch"); }

absl::Status Projection::Noted(Sequence sequence, const Entry& entry) {
  const EntitlementNoted& noted = entry.entitlement_noted();
  if (noted.has_progress()) {
    Put(WatchProgressKey(), Canonical(noted.progress()));
    AQ_RETURN_IF_ERROR(ForgetRegrouped(noted.progress().reached_sequence()));
  }
  if (noted.person().empty()) return absl::OkStatus();
  AQ_ASSIGN_OR_RETURN(const PersonRow* person, Home(noted.person()));
  const std::string key = store::NotesKey(noted.person());
  AQ_ASSIGN_OR_RETURN(auto* row, notes_.Find(snapshot(), key));
  EntitlementNotes* notes = &row->document;
  const std::optional<std::uint64_t> before = NextLook(*notes);
  notes->set_person(noted.person());
  notes->set_key(entry.key());
  for (const NotedAnswer& answer : noted.answers()) FoldAnswer(sequence, noted, answer, notes);
  for (const journal::v1::EntitlementNotice& notice : noted.notices()) {
    journal::v1::NoticeDocument* document = notes->add_notices();
    *document->mutable_notice() = notice;
    *document->mutable_time() = entry.commit_time();
    document->set_sequence(sequence);
    *document->mutable_as_of_date() = noted.as_of_date();
    document->set_catalogue_hash(noted.catalogue_hash());
  }
  if (notes->notices_size() > kNoticesKept) {
    notes->mutable_notices()->DeleteSubrange(0, notes->notices_size() - kNoticesKept);
  }
  notes_.Touch(key, row);
  const std::optional<std::uint64_t> after = NextLook(*notes);
  if (before == after) return absl::OkStatus();
  if (before.has_value()) Remove(store::LookKey(*before, noted.person()));
  // Who was merged since is not looked at under this id.
  if (after.has_value() && person->exists && IsPerson(person->document)) {
    Put(store::LookKey(*after, noted.person()), "");
  }
  return absl::OkStatus();
}

absl::Status Projection::ForgetRegrouped(Sequence through) {
  const store::KeyRange range = store::RegroupedRange(0, through);
  std::vector<std::string> keys;
  AQ_ASSIGN_OR_RETURN(const store::Snapshot* whole, WholeSnapshot());
  AQ_RETURN_IF_ERROR(
      whole->Scan(range.begin, range.end, [&](absl::string_view key, absl::string_view) {
        keys.emplace_back(key);
        return true;
      }));
  // Those of this batch too.
  for (auto it = others_.lower_bound(range.begin); it != others_.end() && it->first < range.end;
       ++it) {
    keys.push_back(it->first);
  }
  for (const std::string& key : keys) Remove(key);
  return absl::OkStatus();
}

absl::Status Projection::ForgetNotes(const std::string& person) {
  const std::string key = store::NotesKey(person);
  AQ_ASSIGN_OR_RETURN(auto* row, notes_.Find(snapshot(), key));
  if (!row->exists) return absl::OkStatus();
  if (const auto look = NextLook(row->document); look.has_value()) {
    Remove(store::LookKey(*look, person));
  }
  notes_.Remove(key, row);
  return absl::OkStatus();
}

}  // namespace anqiao::engine

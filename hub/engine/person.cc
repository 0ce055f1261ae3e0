#include "hub/engine/person.h"

#include <algorithm>
#include <utility>

#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/identity_tables.h"
#include "hub/engine/values.h"
#include "hub/store/keys.h"

namespace anqiao::engine {

using journal::v1::PersonDocument;

absl::Status AddAttached(const store::Snapshot& snapshot, PersonDocument* person) {
  if (person->former_ids().empty()) return absl::OkStatus();
  for (const std::string& id : person->former_ids()) {
    AQ_ASSIGN_OR_RETURN(const auto former,
                        ReadDocument<PersonDocument>(snapshot, store::PersonKey(id)));
    if (!former.has_value()) continue;
    person->mutable_referrals()->MergeFrom(former->referrals());
    person->mutable_consents()->MergeFrom(former->consents());
    person->mutable_team_members()->MergeFrom(former->team_members());
    person->mutable_dispatches()->MergeFrom(former->dispatches());
    person->set_refusals_in_a_row(person->refusals_in_a_row() + former->refusals_in_a_row());
  }
  // Ids sort as the entries do that made them.
  for (auto* ids : {person->mutable_referrals(), person->mutable_consents(),
                    person->mutable_team_members(), person->mutable_dispatches()}) {
    std::sort(ids->begin(), ids->end());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<PersonDocument>> ReadPerson(const store::Snapshot& snapshot,
                                                         const std::string& id) {
  AQ_ASSIGN_OR_RETURN(auto person, ReadDocument<PersonDocument>(snapshot, store::PersonKey(id)));
  if (!person.has_value() || !IsPerson(*person)) {
    AQ_ASSIGN_OR_RETURN(const std::string now, CurrentId(snapshot, id));
    if (now == id) return std::optional<PersonDocument>();
    AQ_ASSIGN_OR_RETURN(person, ReadDocument<PersonDocument>(snapshot, store::PersonKey(now)));
    if (!person.has_value() || !IsPerson(*person)) {
      return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                   "a former id of a person leads to nobody");
    }
  }
  if (person.has_value()) AQ_RETURN_IF_ERROR(AddAttached(snapshot, &*person));
  return person;
}

absl::StatusOr<std::string> CurrentId(const store::Snapshot& snapshot, const std::string& id) {
  AQ_ASSIGN_OR_RETURN(const auto person,
                      ReadDocument<PersonDocument>(snapshot, store::PersonKey(id)));
  if (person.has_value()) return IsPerson(*person) ? id : person->merged_into();
  // An id that nothing is attached to has no document of its own.
  const store::Sequence first = FirstRecordOf(id);
  if (first == 0) return id;
  for (const bool of_police : {false, true}) {
    AQ_ASSIGN_OR_RETURN(const auto node,
                        ReadDocument<journal::v1::IdentityNode>(
                            snapshot, store::NodeKey(RecordIdOf(first, of_police))));
    if (node.has_value()) return PersonId(node->cluster());
  }
  return id;
}

std::set<std::string> IdsOf(const PersonDocument& person) {
  std::set<std::string> ids(person.former_ids().begin(), person.former_ids().end());
  ids.insert(person.person());
  return ids;
}

absl::StatusOr<bool> SamePerson(const store::Snapshot& snapshot, const std::string& a,
                                const std::string& b) {
  if (a == b) return true;
  AQ_ASSIGN_OR_RETURN(const std::string first, CurrentId(snapshot, a));
  AQ_ASSIGN_OR_RETURN(const std::string second, CurrentId(snapshot, b));
  return first == second;
}

}  // namespace anqiao::engine

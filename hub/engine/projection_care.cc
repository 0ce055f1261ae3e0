// What becomes of care teams and of what was sent to other public organs by law.

#include <string>
#include <utility>

#include "hub/base/status_macros.h"
#include "hub/engine/projection.h"
#include "hub/store/keys.h"

namespace anqiao::engine {

using journal::v1::DispatchSent;
using journal::v1::Entry;
using journal::v1::PersonDocument;
using journal::v1::TeamMemberAdded;
using journal::v1::TeamMemberDocument;
using journal::v1::TeamMemberEnded;
using store::Sequence;

absl::Status Projection::MemberAdded(Sequence sequence, const Entry& entry) {
  const TeamMemberAdded& added = entry.team_member_added();
  const std::string key = store::TeamMemberKey(added.member());
  AQ_ASSIGN_OR_RETURN(auto* row, members_.Find(snapshot(), key));
  *row->document.mutable_added() = added;
  *row->document.mutable_create_time() = entry.commit_time();
  *row->document.mutable_principal() = entry.principal();
  row->document.set_key(entry.key());
  row->document.set_sequence(sequence);
  members_.Touch(key, row);
  journal::v1::DisclosureDocument disclosure;
  disclosure.set_team_member(added.member());
  Disclose(sequence, entry, added.disclosure(), added.case_id(), std::move(disclosure));
  AQ_RETURN_IF_ERROR(
      RestsOn(added.disclosure().consent(), [&](journal::v1::ConsentDocument& consent) {
        return AddOnce(added.member(), consent.mutable_resting_members());
      }));
  return Attach(added.case_id(),
                [&](PersonDocument& person) { person.add_team_members(added.member()); });
}

absl::Status Projection::MemberEnded(const Entry& entry, const TeamMemberEnded& ended) {
  const std::string key = store::TeamMemberKey(ended.member());
  AQ_ASSIGN_OR_RETURN(auto* row, members_.Find(snapshot(), key));
  TeamMemberDocument* document = &row->document;
  if (!row->exists || document->has_ended()) return absl::OkStatus();
  *document->mutable_ended() = ended;
  *document->mutable_end_time() = entry.commit_time();
  *document->mutable_end_principal() = entry.principal();
  members_.Touch(key, row);
  AQ_ASSIGN_OR_RETURN(PersonRow * person, PersonOf(document->added().case_id()));
  AQ_RETURN_IF_ERROR(Revised(person));
  return ChangeDisclosure(document->added().case_id(), document->sequence(),
                          [&](journal::v1::DisclosureDocument* disclosure) {
                            *disclosure->mutable_end_time() = entry.commit_time();
                            *disclosure->mutable_disclosure()->mutable_valid_to_date() =
                                ended.end_date();
                          });
}

absl::Status Projection::Dispatched(Sequence sequence, const Entry& entry) {
  const DispatchSent& sent = entry.dispatch_sent();
  const std::string key = store::DispatchKey(sent.dispatch());
  AQ_ASSIGN_OR_RETURN(auto* row, dispatches_.Find(snapshot(), key));
  *row->document.mutable_sent() = sent;
  row->document.mutable_sent()->mutable_delivery()->clear_envelope();
  *row->document.mutable_create_time() = entry.commit_time();
  *row->document.mutable_principal() = entry.principal();
  row->document.set_key(entry.key());
  dispatches_.Touch(key, row);
  journal::v1::DisclosureDocument disclosure;
  disclosure.set_dispatch(sent.dispatch());
  Disclose(sequence, entry, sent.disclosure(), sent.case_id(), std::move(disclosure));
  AQ_RETURN_IF_ERROR(Attach(
      sent.case_id(), [&](PersonDocument& person) { person.add_dispatches(sent.dispatch()); }));
  journal::v1::DeliveryDocument belongs_to;
  belongs_to.set_dispatch(sent.dispatch());
  belongs_to.set_person(sent.case_id());
  return Queued(sequence, entry, sent.delivery(), belongs_to);
}

absl::Status Projection::DispatchDelivered(const Entry& entry, const std::string& dispatch) {
  const std::string key = store::DispatchKey(dispatch);
  AQ_ASSIGN_OR_RETURN(auto* row, dispatches_.Find(snapshot(), key));
  if (!row->exists) return absl::OkStatus();
  *row->document.mutable_acknowledge_time() = entry.commit_time();
  dispatches_.Touch(key, row);
  return absl::OkStatus();
}

absl::Status Projection::ForgetMember(const std::string& member) {
  const std::string key = store::TeamMemberKey(member);
  AQ_ASSIGN_OR_RETURN(auto* row, members_.Find(snapshot(), key));
  if (row->exists) members_.Remove(key, row);
  return absl::OkStatus();
}

absl::Status Projection::ForgetDispatch(const std::string& dispatch) {
  const std::string key = store::DispatchKey(dispatch);
  AQ_ASSIGN_OR_RETURN(auto* row, dispatches_.Find(snapshot(), key));
  if (row->exists) dispatches_.Remove(key, row);
  return absl::OkStatus();
}

}  // namespace anqiao::engine

// Care teams, and what is sent to other public organs by law: commands and queries.

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/engine_impl.h"
#include "hub/engine/pages.h"
#include "hub/engine/values.h"
#include "hub/referral/care_team.h"
#include "hub/referral/dispatch_view.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::DispatchDocument;
using journal::v1::Entry;
using journal::v1::TeamMemberDocument;
using model::CivilDate;

bool HoldsOn(const TeamMemberDocument& member, const CivilDate& day) {
  const journal::v1::TeamMemberAdded& added = member.added();
  return !member.has_ended() && CivilDate::FromProto(added.from_date()) <= day &&
         (!added.has_until_date() || CivilDate::FromProto(added.until_date()) >= day);
}

absl::Status DispatchNotFound() {
  return Error(absl::StatusCode::kNotFound, reason::kDispatchNotFound, "there is no such dispatch");
}

}  // namespace

absl::StatusOr<TeamMemberDocument> EngineImpl::MemberAfter(const absl::StatusOr<Entry>& entry) {
  AQ_RETURN_IF_ERROR(entry.status());
  // What a command made must be there to be told.
  AQ_RETURN_IF_ERROR(AwaitEverything());
  return GetTeamMember(entry->has_team_member_added() ? entry->team_member_added().member()
                                                      : entry->team_member_ended().member(),
                       "");
}

absl::StatusOr<TeamMemberDocument> EngineImpl::AddTeamMember(const Principal& principal,
                                                             const AddTeamMemberCommand& command,
                                                             const std::string& jurisdiction) {
  const std::string from = command.from.ToString(), until = command.until.ToString();
  const std::string hash =
      HashOf({"add-member", command.case_id, command.role, command.display_name, command.user, from,
              until, command.basis, command.consent});
  return MemberAfter(
      RunReferralCommand(principal, command.request_id, hash,
                         [&](Writer::Turn& turn, ReferralBook& book) -> absl::StatusOr<Entry> {
                           absl::StatusOr<store::KeyId> key = turn.store().NewKey();
                           if (!key.ok()) return key.status();
                           return book.AddMember(principal, command, jurisdiction, hash,
                                                 {turn.next_sequence(), *key}, turn.now());
                         }));
}

absl::StatusOr<TeamMemberDocument> EngineImpl::EndTeamMember(const Principal& principal,
                                                             const EndTeamMemberCommand& command,
                                                             const std::string& jurisdiction) {
  const std::string hash = HashOf({"end-member", command.member, command.etag, command.reason});
  return MemberAfter(RunReferralCommand(
      principal, command.request_id, hash, [&](Writer::Turn& turn, ReferralBook& book) {
        return book.EndMember(principal, command, jurisdiction, hash, turn.now());
      }));
}

absl::StatusOr<TeamMemberDocument> EngineImpl::GetTeamMember(const std::string& member,
                                                             const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  return BookOf(*snapshot).FindMember(member, jurisdiction, Today());
}

absl::StatusOr<TeamPage> EngineImpl::ListTeamMembers(const std::string& case_id,
                                                     const std::string& after, int limit,
                                                     const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  const CivilDate today = Today();
  AQ_ASSIGN_OR_RETURN(const CaseView view,
                      BookOf(*snapshot).FindCase(case_id, today, jurisdiction));
  TeamPage team;
  AQ_ASSIGN_OR_RETURN(team.members,
                      ReadPage<TeamMemberDocument>(*snapshot, view.document.team_members(),
                                                   store::TeamMemberKey, after, limit));
  std::set<std::string> held;
  for (const std::string& id : view.document.team_members()) {
    AQ_ASSIGN_OR_RETURN(const auto member,
                        ReadDocument<TeamMemberDocument>(*snapshot, store::TeamMemberKey(id)));
    if (member.has_value() && HoldsOn(*member, today)) held.insert(member->added().role());
  }
  if (!referral::UnderOrder(view.folded)) return team;
  for (const referral::CareRole& role : referral::CareRoles()) {
    if (referral::FindCareRole(role.code, today) == &role && role.required &&
        held.count(std::string(role.code)) == 0) {
      team.missing_roles.emplace_back(role.code);
    }
  }
  return team;
}

absl::StatusOr<DispatchDocument> EngineImpl::SendDispatch(const Principal& principal,
                                                          const SendDispatchCommand& command,
                                                          const std::string& jurisdiction) {
  const std::string kind = absl::StrCat(static_cast<int>(command.kind));
  const std::string day = command.event_date.ToString();
  const std::string hash =
      HashOf({"dispatch", kind, command.case_id, command.agency, command.report_code, day,
              command.legal_basis, command.document_number, command.etag});
  const absl::StatusOr<Entry> entry =
      RunReferralCommand(principal, command.request_id, hash,
                         [&](Writer::Turn& turn, ReferralBook& book) -> absl::StatusOr<Entry> {
                           absl::StatusOr<store::KeyId> key = turn.store().NewKey();
                           if (!key.ok()) return key.status();
                           return book.SendDispatch(principal, command, jurisdiction, hash,
                                                    {turn.next_sequence(), *key}, turn.now());
                         });
  AQ_RETURN_IF_ERROR(entry.status());
  AQ_RETURN_IF_ERROR(AwaitEverything());
  return GetDispatch(entry->dispatch_sent().dispatch(), "");
}

absl::StatusOr<DispatchDocument> EngineImpl::GetDispatch(const std::string& dispatch,
                                                         const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  AQ_ASSIGN_OR_RETURN(auto document,
                      ReadDocument<DispatchDocument>(*snapshot, store::DispatchKey(dispatch)));
  if (!document.has_value()) return DispatchNotFound();
  const absl::Status visible =
      BookOf(*snapshot).FindCase(document->sent().case_id(), Today(), jurisdiction).status();
  if (absl::IsNotFound(visible)) return DispatchNotFound();
  AQ_RETURN_IF_ERROR(visible);
  return *std::move(document);
}

absl::StatusOr<Page<DispatchDocument>> EngineImpl::ListDispatches(const std::string& case_id,
                                                                  const std::string& after,
                                                                  int limit,
                                                                  const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  AQ_ASSIGN_OR_RETURN(const CaseView view,
                      BookOf(*snapshot).FindCase(case_id, Today(), jurisdiction));
  return ReadPage<DispatchDocument>(*snapshot, view.document.dispatches(), store::DispatchKey,
                                    after, limit);
}

}  // namespace anqiao::engine

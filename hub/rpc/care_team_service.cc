#include <string>
#include <utility>

#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/handler.h"
#include "hub/rpc/hub_services.h"
#include "hub/rpc/referral_conversion.h"
#include "hub/rpc/resource_names.h"

namespace anqiao::rpc {
namespace {

constexpr char kCreateMember[] = "/anqiao.hub.v1.CareTeamService/CreateTeamMember";
constexpr char kGetMember[] = "/anqiao.hub.v1.CareTeamService/GetTeamMember";
constexpr char kListMembers[] = "/anqiao.hub.v1.CareTeamService/ListTeamMembers";
constexpr char kEnd[] = "/anqiao.hub.v1.CareTeamService/EndTeamMember";
constexpr int kMemberNameBytesMax = 100;
constexpr int kMemberCodeBytesMax = 63;
constexpr int kMemberEtagBytesMax = 128;

hub::v1::TeamMemberState StateOn(const journal::v1::TeamMemberDocument& document,
                                 const model::CivilDate& today) {
  const journal::v1::TeamMemberAdded& added = document.added();
  if (document.has_ended() ||
      (added.has_until_date() && model::CivilDate::FromProto(added.until_date()) < today)) {
    return hub::v1::TEAM_MEMBER_STATE_ENDED;
  }
  return model::CivilDate::FromProto(added.from_date()) > today ? hub::v1::TEAM_MEMBER_STATE_COMING
                                                                : hub::v1::TEAM_MEMBER_STATE_LIVE;
}

hub::v1::TeamMember ToProto(const journal::v1::TeamMemberDocument& document,
                            const model::CivilDate& today) {
  const journal::v1::TeamMemberAdded& added = document.added();
  hub::v1::TeamMember out;
  out.set_name(ResourceName(kTeamMembers, added.member()));
  out.set_case_(ResourceName(kCases, added.case_id()));
  out.set_role(added.role());
  out.set_display_name(added.display_name());
  out.set_user(ResourceName(kUsers, added.user()));
  *out.mutable_from_date() = added.from_date();
  if (added.has_until_date()) *out.mutable_until_date() = added.until_date();
  out.set_basis(added.disclosure().basis());
  out.set_basis_reference(added.disclosure().basis_reference());
  out.set_consent(ResourceName(kConsents, added.disclosure().consent()));
  *out.mutable_fields() = added.disclosure().fields();
  out.set_state(StateOn(document, today));
  out.set_etag(engine::TeamMemberEtag(document));
  *out.mutable_create_time() = document.create_time();
  out.set_principal(PrincipalName(document.principal()));
  if (document.has_ended()) {
    *out.mutable_until_date() = document.ended().end_date();
    out.set_end_reason(document.ended().reason());
    *out.mutable_end_time() = document.end_time();
  }
  return out;
}

// A day, or nothing.
absl::StatusOr<model::CivilDate> ParseDay(absl::string_view field,
                                          const type::v1::CivilDate& date) {
  const model::CivilDate parsed = model::CivilDate::FromProto(date);
  if (parsed.empty() && date.month() == 0 && date.day() == 0) return parsed;
  if (!parsed.has_day() || !model::CivilDate::Parse(parsed.ToString()).has_value()) {
    return InvalidField(field, "must be a day");
  }
  return parsed;
}

}  // namespace

grpc::Status CareTeamServiceImpl::CreateTeamMember(grpc::ServerContext* context,
                                                   const hub::v1::CreateTeamMemberRequest* request,
                                                   hub::v1::TeamMember* response) {
  return Handle(gate_, *context, kCreateMember, [&](const Caller& caller) -> absl::Status {
    AQ_RETURN_IF_ERROR(CheckRequestId(request->request_id()));
    AQ_RETURN_IF_ERROR(CheckRequired("role", request->role(), kMemberCodeBytesMax));
    AQ_RETURN_IF_ERROR(CheckCode("role", request->role()));
    AQ_RETURN_IF_ERROR(CheckRequired("display_name", request->display_name(), kMemberNameBytesMax));
    AQ_RETURN_IF_ERROR(CheckRequired("basis", request->basis(), kMemberCodeBytesMax));
    AQ_RETURN_IF_ERROR(CheckCode("basis", request->basis()));
    engine::AddTeamMemberCommand command;
    command.request_id = request->request_id();
    command.role = request->role();
    command.display_name = request->display_name();
    command.basis = request->basis();
    AQ_ASSIGN_OR_RETURN(command.case_id, ParseResourceName("case", kCases, request->case_()));
    AQ_ASSIGN_OR_RETURN(command.user, ParseOptionalResourceName("user", kUsers, request->user()));
    AQ_ASSIGN_OR_RETURN(command.consent,
                        ParseOptionalResourceName("consent", kConsents, request->consent()));
    AQ_ASSIGN_OR_RETURN(command.from, ParseDay("from_date", request->from_date()));
    AQ_ASSIGN_OR_RETURN(command.until, ParseDay("until_date", request->until_date()));
    AQ_ASSIGN_OR_RETURN(const journal::v1::TeamMemberDocument member,
                        engine_.AddTeamMember(caller.principal, command, caller.jurisdiction));
    *response = ToProto(member, engine_.Today());
    return absl::OkStatus();
  });
}

grpc::Status CareTeamServiceImpl::GetTeamMember(grpc::ServerContext* context,
                                                const hub::v1::GetTeamMemberRequest* request,
                                                hub::v1::TeamMember* response) {
  return Handle(gate_, *context, kGetMember, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const std::string id,
                        ParseResourceName("name", kTeamMembers, request->name()));
    gate_.RecordRead(caller, kGetMember, request->name());
    AQ_ASSIGN_OR_RETURN(const journal::v1::TeamMemberDocument member,
                        engine_.GetTeamMember(id, caller.jurisdiction));
    *response = ToProto(member, engine_.Today());
    return absl::OkStatus();
  });
}

grpc::Status CareTeamServiceImpl::ListTeamMembers(grpc::ServerContext* context,
                                                  const hub::v1::ListTeamMembersRequest* request,
                                                  hub::v1::ListTeamMembersResponse* response) {
  return Handle(gate_, *context, kListMembers, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const PageRange range, ParsePage(kListMembers, *request));
    AQ_ASSIGN_OR_RETURN(const std::string id, ParseResourceName("case", kCases, request->case_()));
    gate_.RecordRead(caller, kListMembers, request->case_());
    AQ_ASSIGN_OR_RETURN(const engine::TeamPage team,
                        engine_.ListTeamMembers(id, range.after, range.limit, caller.jurisdiction));
    const model::CivilDate today = engine_.Today();
    for (const journal::v1::TeamMemberDocument& member : team.members.items) {
      *response->add_team_members() = ToProto(member, today);
    }
    for (const std::string& role : team.missing_roles) response->add_missing_roles(role);
    response->set_next_page_token(EncodePageToken(range.scope, team.members.next_after));
    return absl::OkStatus();
  });
}

grpc::Status CareTeamServiceImpl::EndTeamMember(grpc::ServerContext* context,
                                                const hub::v1::EndTeamMemberRequest* request,
                                                hub::v1::TeamMember* response) {
  return Handle(gate_, *context, kEnd, [&](const Caller& caller) -> absl::Status {
    AQ_RETURN_IF_ERROR(CheckRequestId(request->request_id()));
    AQ_RETURN_IF_ERROR(CheckRequired("etag", request->etag(), kMemberEtagBytesMax));
    AQ_RETURN_IF_ERROR(CheckRequired("reason", request->reason(), kMemberCodeBytesMax));
    AQ_RETURN_IF_ERROR(CheckCode("reason", request->reason()));
    engine::EndTeamMemberCommand command{.request_id = request->request_id(),
                                         .member = "",
                                         .etag = request->etag(),
                                         .reason = request->reason()};
    AQ_ASSIGN_OR_RETURN(command.member, ParseResourceName("name", kTeamMembers, request->name()));
    AQ_ASSIGN_OR_RETURN(const journal::v1::TeamMemberDocument member,
                        engine_.EndTeamMember(caller.principal, command, caller.jurisdiction));
    *response = ToProto(member, engine_.Today());
    return absl::OkStatus();
  });
}

}  // namespace anqiao::rpc

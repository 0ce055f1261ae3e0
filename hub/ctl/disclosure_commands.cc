// disclosures: the ledger of one person, as a list or printed for them; consents create, list,
// withdraw. disclosures mix is in mix_command.cc.

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "anqiao/hub/v1/consents.grpc.pb.h"
#include "anqiao/hub/v1/referrals.grpc.pb.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/pages.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/table.h"

namespace anqiao::ctl {
namespace {

using hub::v1::Consent;
using hub::v1::ConsentService;
using hub::v1::DisclosureEntry;
using hub::v1::ListDisclosuresResponse;
using hub::v1::ReferralService;

struct DisclosureArguments {
  std::string case_name, language = "zh";
};

struct ConsentArguments {
  std::string name, case_name, recipient, service, member, role, until, evidence, request_id;
  std::vector<std::string> fields;
};

absl::StatusOr<ListDisclosuresResponse> Fetch(Context& context, const std::string& case_name) {
  hub::v1::ListDisclosuresRequest request;
  request.set_case_(ResourceName("cases", case_name));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = ReferralService::NewStub(connection.channel());
  const auto fetch = [&](const hub::v1::ListDisclosuresRequest& page_request)
      -> absl::StatusOr<ListDisclosuresResponse> {
    ListDisclosuresResponse page;
    AQ_RETURN_IF_ERROR(
        FromRpc(stub->ListDisclosures(connection.NewCall().get(), page_request, &page)));
    return page;
  };
  return FetchPages<ListDisclosuresResponse>(
      request, 0, fetch, [](ListDisclosuresResponse& page) { return page.mutable_disclosures(); });
}

absl::StatusOr<ExitCode> List(Context& context, const DisclosureArguments& arguments) {
  if (arguments.case_name.empty()) return UsageError("a case must be given");
  AQ_ASSIGN_OR_RETURN(const ListDisclosuresResponse response, Fetch(context, arguments.case_name));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  Table table({{"TIME 时间"},
               {"AGENCY 接收机关"},
               {"VIEW 内容"},
               {"FIELDS 字段"},
               {"PURPOSE 目的"},
               {"BASIS 依据"},
               {"BY 由"},
               {"REFERRAL 转介"},
               {"ACKNOWLEDGED 签收"},
               {"WAY 送达方式"},
               {"SHA-256 摘要"}});
  for (const auto& entry : response.disclosures()) {
    table.AddRow(
        {TimeText(entry.time()), entry.agency().empty() ? entry.recipient_name() : entry.agency(),
         entry.view(), absl::StrJoin(entry.fields(), ", "), entry.purpose(),
         absl::StrCat(entry.basis(), " ", entry.basis_reference()), entry.principal(),
         entry.referral(), TimeText(entry.acknowledge_time()), OrDash(entry.delivery_way()),
         OrDash(absl::BytesToHexString(entry.bytes_hash()).substr(0, 16))});
  }
  table.Print(context.out);
  return kExitOk;
}

// The words of the printed accounting.
struct DisclosureWords {
  const char *title, *of, *count, *none, *time, *recipient, *purpose, *basis, *notified, *consent,
      *told, *view, *referral, *received, *bytes, *comma, *from, *until, *open, *member, *dispatch;
};
constexpr DisclosureWords kDisclosureZh = {"个人信息提供情况清单",
                                           "案件：",
                                           "共提供次数：",
                                           "未向任何单位提供过个人信息。",
                                           "时间：",
                                           "接收方：",
                                           "目的：",
                                           "依据：",
                                           "（已告知本人）",
                                           "同意书：",
                                           "提供的内容：",
                                           "记录：",
                                           "转介：",
                                           "接收方签收：",
                                           "交付内容摘要：",
                                           "、",
                                           "起止：",
                                           " 至 ",
                                           "今",
                                           "帮教小组成员：",
                                           "移送或报告："};
constexpr DisclosureWords kDisclosureEn = {"Accounting of disclosures",
                                           "case: ",
                                           "disclosures: ",
                                           "Nothing was disclosed to anybody.",
                                           "when: ",
                                           "recipient: ",
                                           "purpose: ",
                                           "basis: ",
                                           " (the person was given notice)",
                                           "consent: ",
                                           "what was told: ",
                                           "record: ",
                                           "referral: ",
                                           "received: ",
                                           "what was handed over: ",
                                           ", ",
                                           "for the time: ",
                                           " to ",
                                           "now",
                                           "member of the care team: ",
                                           "report or transfer: "};

// The code in words, and the code itself; only the code where the words say nothing more.
std::string InWords(bool zh, const hub::v1::FieldTitle& title, const std::string& code) {
  const std::string& words = zh ? title.zh() : title.en();
  return words.empty() ? code : absl::StrCat(words, " (", code, ")");
}

std::string RecipientText(const DisclosureEntry& entry) {
  if (entry.agency().empty()) return entry.recipient_name();
  return absl::StrCat(entry.agency_display_name(), entry.agency_display_name().empty() ? "" : " ",
                      "(", entry.agency(), ")");
}

void PrintEntry(Context& context, const DisclosureWords& words, bool zh, int number,
                const DisclosureEntry& entry) {
  std::vector<std::string> fields;
  for (const auto& title : entry.field_titles()) fields.push_back(zh ? title.zh() : title.en());
  context.out << "\n"
              << number << ". " << words.time << TimeText(entry.time()) << "\n   "
              << words.recipient << RecipientText(entry) << "\n   " << words.purpose
              << InWords(zh, entry.purpose_title(), entry.purpose()) << "\n   " << words.basis
              << InWords(zh, entry.basis_title(), entry.basis()) << " " << entry.basis_reference()
              << (entry.notice_given() ? words.notified : "") << "\n";
  if (!entry.consent().empty()) {
    context.out << "   " << words.consent << entry.consent() << "\n";
  }
  if (entry.has_valid_from_date()) {
    context.out << "   " << words.from << DateText(entry.valid_from_date()) << words.until
                << (entry.has_valid_to_date() ? DateText(entry.valid_to_date()) : words.open)
                << "\n";
  }
  context.out << "   " << words.told << absl::StrJoin(fields, words.comma) << "\n   " << words.view
              << entry.view() << " sha256:" << absl::BytesToHexString(entry.view_hash()) << "\n";
  const std::pair<const char*, const std::string&> links[] = {{words.referral, entry.referral()},
                                                              {words.member, entry.team_member()},
                                                              {words.dispatch, entry.dispatch()}};
  for (const auto& [what, name] : links) {
    if (!name.empty()) context.out << "   " << what << name << "\n";
  }
  if (entry.has_acknowledge_time()) {
    context.out << "   " << words.received << TimeText(entry.acknowledge_time()) << " "
                << entry.delivery_way() << "\n";
  }
  if (!entry.bytes_hash().empty()) {
    context.out << "   " << words.bytes << "sha256:" << absl::BytesToHexString(entry.bytes_hash())
                << " " << entry.adapter_build() << "\n";
  }
}

absl::StatusOr<ExitCode> Print(Context& context, const DisclosureArguments& arguments) {
  AQ_ASSIGN_OR_RETURN(const ListDisclosuresResponse response, Fetch(context, arguments.case_name));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  const bool zh = arguments.language == "zh";
  const DisclosureWords& words = zh ? kDisclosureZh : kDisclosureEn;
  context.out << words.title << "\n"
              << words.of << ResourceName("cases", arguments.case_name) << "\n";
  if (response.disclosures().empty()) {
    context.out << words.none << "\n";
    return kExitOk;
  }
  context.out << words.count << response.disclosures_size() << "\n";
  int number = 0;
  for (const DisclosureEntry& entry : response.disclosures()) {
    PrintEntry(context, words, zh, ++number, entry);
  }
  return kExitOk;
}

absl::StatusOr<ExitCode> Show(Context& context, const Consent& consent) {
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, consent));
    return kExitOk;
  }
  PrintPairs(context.out,
             {{"consent 同意", consent.name()},
              {"case 案件", consent.case_()},
              {"agency 接收方", OrDash(consent.agency())},
              {"member 小组成员", OrDash(consent.recipient_name())},
              {"purpose 目的", consent.purpose()},
              {"fields 字段", absl::StrJoin(consent.fields(), ", ")},
              {"until 有效期至", DateText(consent.expire_date())},
              {"evidence 凭证", consent.evidence()},
              {"state 状态", EnumText(consent.state())},
              {"created 创建", TimeText(consent.create_time())},
              {"ended 终止", consent.has_end_time() ? TimeText(consent.end_time()) : "-"},
              {"revoked 已撤回转介", OrDash(absl::StrJoin(consent.revoked_referrals(), ", "))},
              {"left 已退出成员", OrDash(absl::StrJoin(consent.ended_members(), ", "))}});
  return kExitOk;
}

absl::StatusOr<ExitCode> Create(Context& context, const ConsentArguments& arguments) {
  hub::v1::CreateConsentRequest request;
  const bool for_agency = !arguments.recipient.empty() && !arguments.service.empty();
  const bool for_team = !arguments.member.empty() && !arguments.role.empty();
  if (for_agency == for_team) {
    return UsageError("give --recipient and --service, or --member and --role");
  }
  AQ_ASSIGN_OR_RETURN(*request.mutable_request_id(), RequestIdOrNew(arguments.request_id));
  request.set_case_(ResourceName("cases", arguments.case_name));
  request.set_agency(ResourceName("agencies", arguments.recipient));
  request.set_recipient_name(arguments.member);
  request.set_purpose(for_agency ? absl::StrCat("referral:", arguments.service)
                                 : absl::StrCat("care-team:", arguments.role));
  for (const std::string& field : arguments.fields) request.add_fields(field);
  AQ_ASSIGN_OR_RETURN(*request.mutable_expire_date(), ParseDate("--until", arguments.until));
  request.set_evidence(arguments.evidence);
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  Consent consent;
  AQ_RETURN_IF_ERROR(FromRpc(ConsentService::NewStub(connection.channel())
                                 ->CreateConsent(connection.NewCall().get(), request, &consent)));
  return Show(context, consent);
}

absl::StatusOr<ExitCode> Withdraw(Context& context, const ConsentArguments& arguments) {
  hub::v1::WithdrawConsentRequest request;
  AQ_ASSIGN_OR_RETURN(*request.mutable_request_id(), RequestIdOrNew(arguments.request_id));
  request.set_name(ResourceName("consents", arguments.name));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  Consent consent;
  AQ_RETURN_IF_ERROR(FromRpc(ConsentService::NewStub(connection.channel())
                                 ->WithdrawConsent(connection.NewCall().get(), request, &consent)));
  return Show(context, consent);
}

absl::StatusOr<ExitCode> ListConsents(Context& context, const ConsentArguments& arguments) {
  hub::v1::ListConsentsRequest request;
  request.set_case_(ResourceName("cases", arguments.case_name));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = ConsentService::NewStub(connection.channel());
  const auto fetch = [&](const hub::v1::ListConsentsRequest& page_request)
      -> absl::StatusOr<hub::v1::ListConsentsResponse> {
    hub::v1::ListConsentsResponse page;
    AQ_RETURN_IF_ERROR(
        FromRpc(stub->ListConsents(connection.NewCall().get(), page_request, &page)));
    return page;
  };
  AQ_ASSIGN_OR_RETURN(const auto response,
                      FetchPages<hub::v1::ListConsentsResponse>(
                          request, 0, fetch, [](hub::v1::ListConsentsResponse& page) {
                            return page.mutable_consents();
                          }));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  Table table({{"CONSENT 同意"},
               {"STATE 状态"},
               {"AGENCY 接收方"},
               {"PURPOSE 目的"},
               {"FIELDS 字段"},
               {"UNTIL 有效期至"}});
  for (const Consent& consent : response.consents()) {
    table.AddRow({consent.name(), EnumText(consent.state()),
                  consent.agency().empty() ? consent.recipient_name() : consent.agency(),
                  consent.purpose(), absl::StrJoin(consent.fields(), ", "),
                  DateText(consent.expire_date())});
  }
  table.Print(context.out);
  return kExitOk;
}

void AddConsentCommands(CLI::App& app, Action& chosen) {
  auto arguments = std::make_shared<ConsentArguments>();
  constexpr char kRequestId[] = "UUID of this request; the same again answers as before";
  CLI::App* consents =
      app.add_subcommand("consents", "Record that people consent to a disclosure, or no longer do");
  consents->require_subcommand(1);
  CLI::App* create = consents->add_subcommand("create", "Record a consent");
  create->add_option("--case", arguments->case_name, "The person's case")->required();
  create->add_option("--recipient", arguments->recipient, "The agency that may be told");
  create->add_option("--service", arguments->service, "The service that it is for");
  create->add_option("--member", arguments->member,
                     "Instead of an agency: who may join the care team");
  create->add_option("--role", arguments->role, "Their role, such as GRID_WORKER");
  create
      ->add_option("--field", arguments->fields,
                   "Field that may be told, such as beneficiary.name or case.tasks; repeat for "
                   "more")
      ->required();
  create->add_option("--until", arguments->until, "Last day, such as 2026-12-31")->required();
  create->add_option("--evidence", arguments->evidence, "Where the signed paper is kept")
      ->required();
  create->add_option("--request-id", arguments->request_id, kRequestId);
  OnChosen(create, chosen, arguments, Create);

  CLI::App* list = consents->add_subcommand("list", "List the consents of one person");
  list->add_option("case", arguments->case_name, "cases/... or the part after it")->required();
  OnChosen(list, chosen, arguments, ListConsents);

  CLI::App* withdraw = consents->add_subcommand(
      "withdraw", "Withdraw a consent; the live referrals and memberships that rest on it end");
  withdraw->add_option("consent", arguments->name, "consents/... or the part after it")->required();
  withdraw->add_option("--request-id", arguments->request_id, kRequestId);
  OnChosen(withdraw, chosen, arguments, Withdraw);
}

}  // namespace

void AddDisclosureCommands(CLI::App& app, Action& chosen) {
  auto arguments = std::make_shared<DisclosureArguments>();
  CLI::App* disclosures =
      app.add_subcommand("disclosures", "List what was disclosed about one person, oldest first");
  disclosures->add_option("case", arguments->case_name, "cases/... or the part after it");
  // The callback of "print" runs before this one.
  disclosures->callback([&chosen, disclosures, arguments] {
    if (!disclosures->get_subcommands().empty()) return;
    chosen = [arguments](Context& context) { return List(context, *arguments); };
  });
  CLI::App* print = disclosures->add_subcommand("print", "The same as a text for the person");
  print->add_option("case", arguments->case_name, "cases/... or the part after it")->required();
  print->add_option("--language", arguments->language, "zh or en")
      ->check(CLI::IsMember({"zh", "en"}))
      ->capture_default_str();
  OnChosen(print, chosen, arguments, Print);
  AddMixCommand(*disclosures, chosen);
  AddConsentCommands(app, chosen);
}

}  // namespace anqiao::ctl

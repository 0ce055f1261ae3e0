// identity reviews, why, compare, judge, preview: who is who within the hub.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "anqiao/hub/v1/identity.grpc.pb.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/failure.h"
#include "hub/ctl/pages.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/progress.h"
#include "hub/ctl/table.h"

namespace anqiao::ctl {
namespace {

using hub::v1::IdentityPair;
using hub::v1::IdentityRecord;
using hub::v1::IdentityService;

struct ReviewArguments {
  std::string case_name;
  int limit = 20;
};

struct CompareArguments {
  std::int64_t record = 0, other_record = 0;
};

struct PreviewArguments {};

struct JudgeArguments {
  std::vector<std::string> same, apart, undecided;
  std::string reason, request_id;
};

std::string BitsText(double bits) { return absl::StrFormat("%.2f", bits); }

// How two records agree, without what neither says: "name EXACT +15.30".
std::string AgreementText(const IdentityPair& pair) {
  std::vector<std::string> parts;
  for (const hub::v1::AttributeAgreement& agreement : pair.attributes()) {
    if (agreement.level() == "MISSING") continue;
    parts.push_back(absl::StrFormat("%s %s %+.2f", agreement.attribute(), agreement.level(),
                                    agreement.weight()));
  }
  return absl::StrJoin(parts, ", ");
}

void AddRecordRow(Table& table, const IdentityRecord& record) {
  std::vector<std::string> names(record.former_names().begin(), record.former_names().end());
  names.insert(names.begin(), record.display_name());
  table.AddRow({absl::StrCat(record.record()), record.case_(),
                absl::StrCat(record.agency(), " ", record.kind(), record.ended() ? " †" : ""),
                absl::StrJoin(names, " / "), OrDash(record.masked_id_number()),
                DateText(record.birth_date()), OrDash(record.sex()),
                OrDash(absl::StrJoin(record.phones(), " ")),
                OrDash(absl::StrCat(record.division_code(), record.address().empty() ? "" : " ",
                                    record.address()))});
}

Table RecordTable() {
  return Table({{"RECORD 记录", Table::Align::kRight},
                {"CASE 案件"},
                {"FROM 来源"},
                {"NAME 姓名"},
                {"ID 证件号"},
                {"BORN 出生"},
                {"SEX 性别"},
                {"PHONES 电话"},
                {"ADDRESS 地址"}});
}

void ShowPair(Context& context, const IdentityPair& pair) {
  Table table = RecordTable();
  AddRecordRow(table, pair.record());
  AddRecordRow(table, pair.other_record());
  table.Print(context.out);
  context.out << "  " << BitsText(pair.weight()) << " bits 比特: " << AgreementText(pair) << "\n";
  if (!pair.reason().empty()) context.out << "  why 原因: " << pair.reason() << "\n";
  if (pair.verdict() != hub::v1::IDENTITY_VERDICT_UNSPECIFIED) {
    context.out << "  said 已判定: " << EnumText(pair.verdict()) << "\n";
  }
  context.out << "  decide 判定: "
              << absl::StrCat(pair.record().record(), ",", pair.other_record().record(), ",",
                              pair.etag())
              << "\n";
}

absl::StatusOr<ExitCode> ListReviews(Context& context, const ReviewArguments& arguments) {
  hub::v1::ListIdentityReviewsRequest request;
  request.set_case_(ResourceName("cases", arguments.case_name));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = IdentityService::NewStub(connection.channel());
  const auto fetch = [&](const hub::v1::ListIdentityReviewsRequest& page_request)
      -> absl::StatusOr<hub::v1::ListIdentityReviewsResponse> {
    hub::v1::ListIdentityReviewsResponse page;
    AQ_RETURN_IF_ERROR(
        FromRpc(stub->ListIdentityReviews(connection.NewCall().get(), page_request, &page)));
    return page;
  };
  AQ_ASSIGN_OR_RETURN(const auto response, FetchPages<hub::v1::ListIdentityReviewsResponse>(
                                               request, arguments.limit, fetch,
                                               [](hub::v1::ListIdentityReviewsResponse& page) {
                                                 return page.mutable_reviews();
                                               }));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  if (response.reviews().empty()) {
    context.out << "没有待核对的人 nobody to look at\n";
    return kExitOk;
  }
  for (int i = 0; i < response.reviews_size(); ++i) {
    if (i > 0) context.out << "\n";
    ShowPair(context, response.reviews(i));
  }
  if (!response.next_page_token().empty()) {
    context.out << "\n还有更多 there are more: --limit\n";
  }
  return kExitOk;
}

absl::StatusOr<ExitCode> Why(Context& context, const ReviewArguments& arguments) {
  hub::v1::ExplainIdentityRequest request;
  request.set_case_(ResourceName("cases", arguments.case_name));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  hub::v1::IdentityExplanation why;
  AQ_RETURN_IF_ERROR(FromRpc(IdentityService::NewStub(connection.channel())
                                 ->ExplainIdentity(connection.NewCall().get(), request, &why)));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, why));
    return kExitOk;
  }
  PrintPairs(context.out, {{"case 案件", why.case_()}, {"model 模型", why.model_version()}});
  Table records = RecordTable();
  for (const IdentityRecord& record : why.records()) AddRecordRow(records, record);
  records.Print(context.out);
  if (why.links().empty()) {
    context.out << "只有这些记录，没有关联 nothing links them: the records stand alone\n";
  } else {
    Table links({{"STEP 步骤", Table::Align::kRight},
                 {"RECORDS 记录"},
                 {"BITS 比特", Table::Align::kRight},
                 {"SAID 判定"},
                 {"AGREEMENT 相符"}});
    for (const hub::v1::IdentityLink& link : why.links()) {
      const IdentityPair& pair = link.pair();
      links.AddRow({link.step() == 0 ? "" : absl::StrCat(link.step()),
                    absl::StrCat(pair.record().record(), "+", pair.other_record().record()),
                    BitsText(pair.weight()), EnumText(pair.verdict()), AgreementText(pair)});
    }
    links.Print(context.out);
  }
  if (why.links_left_off() > 0) {
    context.out << "另有 " << why.links_left_off() << " 条关联未列出 and " << why.links_left_off()
                << " more links\n";
  }
  for (const hub::v1::RefusedLink& refused : why.refused_links()) {
    context.out << "\n未合并 refused: " << EnumText(refused.refusal()) << "\n";
    ShowPair(context, refused.pair());
  }
  if (why.refused_links_left_off() > 0) {
    context.out << "\n另有 " << why.refused_links_left_off() << " 条未合并未列出 and "
                << why.refused_links_left_off() << " more refused\n";
  }
  return kExitOk;
}

absl::StatusOr<ExitCode> Compare(Context& context, const CompareArguments& arguments) {
  hub::v1::GetIdentityPairRequest request;
  request.set_record(arguments.record);
  request.set_other_record(arguments.other_record);
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  IdentityPair pair;
  AQ_RETURN_IF_ERROR(FromRpc(IdentityService::NewStub(connection.channel())
                                 ->GetIdentityPair(connection.NewCall().get(), request, &pair)));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, pair));
    return kExitOk;
  }
  ShowPair(context, pair);
  return kExitOk;
}

void ShowShift(Context& context, const hub::v1::IdentityShift& shift) {
  const bool joined = shift.kind() == hub::v1::IDENTITY_SHIFT_KIND_JOINED;
  context.out << (joined ? "将合为一人 would be one person\n"
                         : "将分为数人 would be several people\n");
  for (const hub::v1::IdentityPart& part : shift.parts()) {
    Table records = RecordTable();
    for (const IdentityRecord& record : part.records()) AddRecordRow(records, record);
    records.Print(context.out);
    if (part.records_left_off() > 0) {
      context.out << "  另有 " << part.records_left_off() << " 条记录 and "
                  << part.records_left_off() << " more records\n";
    }
  }
  context.out << "\n";
}

absl::StatusOr<ExitCode> Preview(Context& context, const PreviewArguments&) {
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = IdentityService::NewStub(connection.channel());
  const auto call = connection.NewStream();
  const auto reader =
      stub->PreviewIdentityModel(call.get(), hub::v1::PreviewIdentityModelRequest());
  ProgressBar bar(context.err, context.show_progress, "resolving 识别");
  hub::v1::PreviewIdentityModelResponse response;
  bool done = false;
  while (reader->Read(&response)) {
    bar.Update(static_cast<std::uint64_t>(response.entry_count()),
               static_cast<std::uint64_t>(response.total_entry_count()),
               absl::StrCat(response.total_entry_count(), " entries"));
    if (response.has_shift()) {
      bar.Clear();
      if (context.json) {
        AQ_RETURN_IF_ERROR(PrintJson(context.out, response.shift()));
      } else {
        ShowShift(context, response.shift());
      }
    }
    done = response.has_result();
  }
  bar.Clear();
  AQ_RETURN_IF_ERROR(FromRpc(reader->Finish()));
  if (!done) return absl::InternalError("the hub ended the preview without a result");
  const hub::v1::IdentityPreview& result = response.result();
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, result));
    return kExitOk;
  }
  PrintPairs(context.out, {{"model 现用模型", result.model_version()},
                           {"candidate 拟用模型",
                            absl::StrCat(result.candidate_version(), " ", result.candidate_hash())},
                           {"people 人数", absl::StrCat(result.people_count(), " -> ",
                                                        result.candidate_people_count())},
                           {"joined 合并", absl::StrCat(result.joined_count())},
                           {"parted 拆分", absl::StrCat(result.parted_count())}});
  return kExitOk;
}

// "RECORD,RECORD,ETAG" as identity reviews prints it.
absl::Status AddDecisions(absl::string_view option, const std::vector<std::string>& texts,
                          hub::v1::IdentityVerdict verdict,
                          hub::v1::JudgeIdentityRequest& request) {
  for (const std::string& text : texts) {
    const std::vector<std::string> parts = absl::StrSplit(text, ',');
    hub::v1::IdentityDecision* decision = request.add_decisions();
    std::int64_t record = 0, other = 0;
    if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &record) ||
        !absl::SimpleAtoi(parts[1], &other) || parts[2].empty()) {
      return UsageError(absl::StrCat(std::string(option),
                                     " must be RECORD,RECORD,ETAG as \"identity reviews\" "
                                     "and \"identity why\" print it, not ",
                                     text));
    }
    decision->set_record(record);
    decision->set_other_record(other);
    decision->set_etag(parts[2]);
    decision->set_verdict(verdict);
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Judge(Context& context, const JudgeArguments& arguments) {
  hub::v1::JudgeIdentityRequest request;
  AQ_ASSIGN_OR_RETURN(*request.mutable_request_id(), RequestIdOrNew(arguments.request_id));
  request.set_reason(arguments.reason);
  AQ_RETURN_IF_ERROR(
      AddDecisions("--same", arguments.same, hub::v1::IDENTITY_VERDICT_SAME, request));
  AQ_RETURN_IF_ERROR(
      AddDecisions("--not-same", arguments.apart, hub::v1::IDENTITY_VERDICT_NOT_SAME, request));
  AQ_RETURN_IF_ERROR(AddDecisions("--take-back", arguments.undecided,
                                  hub::v1::IDENTITY_VERDICT_UNSPECIFIED, request));
  if (request.decisions().empty()) {
    return UsageError("give at least one of --same, --not-same and --take-back");
  }
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  hub::v1::JudgeIdentityResponse response;
  AQ_RETURN_IF_ERROR(FromRpc(IdentityService::NewStub(connection.channel())
                                 ->JudgeIdentity(connection.NewCall().get(), request, &response)));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  Table table({{"RECORDS 记录"}, {"SAID 判定"}, {"CASES 案件"}});
  for (const IdentityPair& pair : response.pairs()) {
    const bool one = pair.record().case_() == pair.other_record().case_();
    table.AddRow({absl::StrCat(pair.record().record(), "+", pair.other_record().record()),
                  EnumText(pair.verdict()),
                  one ? pair.record().case_()
                      : absl::StrCat(pair.record().case_(), ", ", pair.other_record().case_())});
  }
  table.Print(context.out);
  return kExitOk;
}

}  // namespace

void AddIdentityReviewCommands(CLI::App* group, Action& chosen) {
  auto listed = std::make_shared<ReviewArguments>();
  CLI::App* reviews = group->add_subcommand(
      "reviews", "List people who may be one, side by side, for somebody to decide");
  reviews->add_option("--case", listed->case_name, "Only beside this case");
  reviews->add_option("--limit", listed->limit, "How many; 0: all")->capture_default_str();
  OnChosen(reviews, chosen, std::move(listed), ListReviews);

  auto explained = std::make_shared<ReviewArguments>();
  CLI::App* why = group->add_subcommand("why", "Show why records are one person's");
  why->add_option("case", explained->case_name, "cases/... or the part after it")->required();
  OnChosen(why, chosen, std::move(explained), Why);

  auto compared = std::make_shared<CompareArguments>();
  CLI::App* compare = group->add_subcommand("compare", "Show any two records side by side");
  compare->add_option("record", compared->record, "Number of a record, as \"identity why\" has it")
      ->required();
  compare->add_option("other", compared->other_record, "Number of the other")->required();
  OnChosen(compare, chosen, std::move(compared), Compare);

  CLI::App* preview = group->add_subcommand(
      "preview", "Tell whom the hub's candidate model would join and part; nothing is changed");
  OnChosen(preview, chosen, std::make_shared<PreviewArguments>(), Preview);

  auto judged = std::make_shared<JudgeArguments>();
  CLI::App* judge = group->add_subcommand(
      "judge", "Say of pairs of records whether they are one person's; all of it or nothing");
  judge->add_option("--same", judged->same, "RECORD,RECORD,ETAG: one person's; may be repeated");
  judge->add_option("--not-same", judged->apart, "RECORD,RECORD,ETAG: two people's");
  judge->add_option("--take-back", judged->undecided,
                    "RECORD,RECORD,ETAG: nothing is said any more");
  judge->add_option("--reason", judged->reason, "Coded reason, such as SEEN_DOCUMENTS")->required();
  judge->add_option("--request-id", judged->request_id,
                    "UUID of this request; the same again answers as before");
  OnChosen(judge, chosen, std::move(judged), Judge);
}

}  // namespace anqiao::ctl

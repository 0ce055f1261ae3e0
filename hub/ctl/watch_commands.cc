// eligibility proposals, reminders and compare.

#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "anqiao/hub/v1/eligibility.grpc.pb.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/pages.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/table.h"

namespace anqiao::ctl {
namespace {

using hub::v1::CompareCatalogueResponse;
using hub::v1::EligibilityService;
using hub::v1::ListEntitlementNoticesResponse;

struct WatchArguments {
  std::string case_name, policy, as_of;
  hub::v1::NoticeKind kind = hub::v1::NOTICE_KIND_UNSPECIFIED;
  int limit = 0;
};

absl::StatusOr<ExitCode> ListNotices(Context& context, const WatchArguments& arguments) {
  hub::v1::ListEntitlementNoticesRequest request;
  request.set_case_(ResourceName("cases", arguments.case_name));
  request.set_policy(ResourceName("policies", arguments.policy));
  request.set_kind(arguments.kind);
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = EligibilityService::NewStub(connection.channel());
  const auto fetch = [&](const hub::v1::ListEntitlementNoticesRequest& page_request)
      -> absl::StatusOr<ListEntitlementNoticesResponse> {
    ListEntitlementNoticesResponse page;
    AQ_RETURN_IF_ERROR(
        FromRpc(stub->ListEntitlementNotices(connection.NewCall().get(), page_request, &page)));
    return page;
  };
  AQ_ASSIGN_OR_RETURN(const auto response, FetchPages<ListEntitlementNoticesResponse>(
                                               request, arguments.limit, fetch,
                                               [](ListEntitlementNoticesResponse& page) {
                                                 return page.mutable_notices();
                                               }));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  const bool proposals = arguments.kind == hub::v1::NOTICE_KIND_PROPOSAL;
  Table table({{"CASE 案件"},
               {"POLICY 政策"},
               {proposals ? "REFERRAL 转介" : "LAPSES 到期"},
               {"NOTED 时间"},
               {"ENTRY 记录", Table::Align::kRight}});
  for (const hub::v1::EntitlementNotice& notice : response.notices()) {
    table.AddRow({notice.case_(), notice.policy(),
                  proposals ? notice.referral() : DateText(notice.lapse_date()),
                  TimeText(notice.create_time()), absl::StrCat(notice.entry())});
  }
  table.Print(context.out);
  return kExitOk;
}

void Add(const hub::v1::PolicyComparison& counts, hub::v1::PolicyComparison* sum) {
  sum->set_policy(counts.policy());
  sum->set_gain_count(sum->gain_count() + counts.gain_count());
  sum->set_loss_count(sum->loss_count() + counts.loss_count());
  sum->set_amount_count(sum->amount_count() + counts.amount_count());
  sum->set_other_count(sum->other_count() + counts.other_count());
}

// All pages in one.
absl::StatusOr<CompareCatalogueResponse> FetchComparison(Context& context,
                                                         hub::v1::CompareCatalogueRequest request) {
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = EligibilityService::NewStub(connection.channel());
  CompareCatalogueResponse all;
  std::map<std::string, hub::v1::PolicyComparison> policies;
  request.set_page_size(kPageSizeMax);
  while (true) {
    CompareCatalogueResponse page;
    AQ_RETURN_IF_ERROR(FromRpc(stub->CompareCatalogue(connection.NewCall().get(), request, &page)));
    for (const auto& counts : page.policies()) Add(counts, &policies[counts.policy()]);
    all.mutable_comparisons()->MergeFrom(page.comparisons());
    all.set_case_count(all.case_count() + page.case_count());
    all.set_catalogue_hash(page.catalogue_hash());
    all.set_candidate_hash(page.candidate_hash());
    if (page.next_page_token().empty()) break;
    if (page.next_page_token() == request.page_token()) {
      return absl::InternalError("the hub sends the same page again and again");
    }
    request.set_page_token(page.next_page_token());
  }
  for (auto& [policy, counts] : policies) *all.add_policies() = std::move(counts);
  return all;
}

absl::StatusOr<ExitCode> Compare(Context& context, const WatchArguments& arguments) {
  hub::v1::CompareCatalogueRequest request;
  if (!arguments.as_of.empty()) {
    AQ_ASSIGN_OR_RETURN(*request.mutable_as_of_date(), ParseDate("--as-of", arguments.as_of));
  }
  AQ_ASSIGN_OR_RETURN(const CompareCatalogueResponse response, FetchComparison(context, request));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  PrintPairs(context.out, {{"cases 案件", absl::StrCat(response.case_count())},
                           {"active 现行目录", response.catalogue_hash()},
                           {"candidate 拟用目录", response.candidate_hash()}});
  Table counts({{"POLICY 政策"},
                {"GAIN 新增", Table::Align::kRight},
                {"LOSE 失去", Table::Align::kRight},
                {"AMOUNT 金额变化", Table::Align::kRight},
                {"OTHER 其他", Table::Align::kRight}});
  for (const hub::v1::PolicyComparison& policy : response.policies()) {
    counts.AddRow({policy.policy(), absl::StrCat(policy.gain_count()),
                   absl::StrCat(policy.loss_count()), absl::StrCat(policy.amount_count()),
                   absl::StrCat(policy.other_count())});
  }
  counts.Print(context.out);
  Table cases({{"CASE 案件"},
               {"POLICY 政策"},
               {"CHANGE 变化"},
               {"BEFORE 原"},
               {"AFTER 新"},
               {"YUAN BEFORE 原金额", Table::Align::kRight},
               {"YUAN AFTER 新金额", Table::Align::kRight}});
  for (const hub::v1::CaseComparison& one : response.comparisons()) {
    cases.AddRow({one.case_(), one.policy(), EnumText(one.kind()), EnumText(one.result_before()),
                  EnumText(one.result_after()), YuanText(one.amount_fen_before()),
                  YuanText(one.amount_fen_after())});
  }
  cases.Print(context.out);
  return kExitOk;
}

void AddNoticeCommand(CLI::App& eligibility, Action& chosen, const char* name, const char* help,
                      hub::v1::NoticeKind kind) {
  auto arguments = std::make_shared<WatchArguments>();
  arguments->kind = kind;
  CLI::App* command = eligibility.add_subcommand(name, help);
  command->add_option("--case", arguments->case_name, "Only of this case");
  command->add_option("--policy", arguments->policy, "Only of this policy");
  command->add_option("--limit", arguments->limit, "At most this many (default: all)")
      ->check(CLI::Range(1, 1'000'000));
  OnChosen(command, chosen, arguments, ListNotices);
}

}  // namespace

void AddWatchCommands(CLI::App& eligibility, Action& chosen) {
  AddNoticeCommand(eligibility, chosen, "proposals",
                   "List the referrals that the hub drafted by itself",
                   hub::v1::NOTICE_KIND_PROPOSAL);
  AddNoticeCommand(eligibility, chosen, "reminders",
                   "List the entitlements of which the hub reminded that they will lapse",
                   hub::v1::NOTICE_KIND_REMINDER);
  auto arguments = std::make_shared<WatchArguments>();
  CLI::App* compare = eligibility.add_subcommand(
      "compare", "Tell who would gain and who would lose by the hub's candidate catalogue");
  compare->add_option("--as-of", arguments->as_of,
                      "As of this date (default: today by the hub's clock)");
  OnChosen(compare, chosen, arguments, Compare);
}

}  // namespace anqiao::ctl

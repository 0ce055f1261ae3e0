// delivery list, show, retry, discard.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "anqiao/hub/v1/operations.grpc.pb.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/pages.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/table.h"

namespace anqiao::ctl {
namespace {

using hub::v1::Delivery;
using hub::v1::OperationsService;

struct DeliveryArguments {
  std::vector<std::string> names;
  std::string name, recipient, state = "dead", reason, request_id, all_of;
};

std::string StateText(hub::v1::DeliveryState state) {
  const std::string name = hub::v1::DeliveryState_Name(state);
  return std::string(absl::StripPrefix(name, "DELIVERY_STATE_"));
}

absl::StatusOr<hub::v1::ListDeliveriesResponse> Fetch(OperationsService::Stub& stub,
                                                      const Connection& connection,
                                                      hub::v1::DeliveryState state,
                                                      const std::string& recipient) {
  hub::v1::ListDeliveriesRequest request;
  request.set_state(state);
  request.set_agency(ResourceName("agencies", recipient));
  const auto fetch = [&](const hub::v1::ListDeliveriesRequest& page_request)
      -> absl::StatusOr<hub::v1::ListDeliveriesResponse> {
    hub::v1::ListDeliveriesResponse page;
    AQ_RETURN_IF_ERROR(
        FromRpc(stub.ListDeliveries(connection.NewCall().get(), page_request, &page)));
    return page;
  };
  return FetchPages<hub::v1::ListDeliveriesResponse>(
      request, 0, fetch,
      [](hub::v1::ListDeliveriesResponse& page) { return page.mutable_deliveries(); });
}

absl::StatusOr<ExitCode> List(Context& context, const DeliveryArguments& arguments) {
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = OperationsService::NewStub(connection.channel());
  AQ_ASSIGN_OR_RETURN(const auto response,
                      Fetch(*stub, connection,
                            arguments.state == "waiting" ? hub::v1::DELIVERY_STATE_WAITING
                                                         : hub::v1::DELIVERY_STATE_DEAD,
                            arguments.recipient));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  Table table({{"DELIVERY 送达件"},
               {"AGENCY 机关"},
               {"REFERRAL 转介"},
               {"CONTENT 内容"},
               {"STATE 状态"},
               {"QUEUED 排队"},
               {"ATTEMPTS 次数", Table::Align::kRight},
               {"LAST REASON 最近原因"},
               {"LAST ATTEMPT 最近一次"}});
  for (const Delivery& delivery : response.deliveries()) {
    table.AddRow({delivery.name(), delivery.agency(), delivery.referral(), delivery.content(),
                  StateText(delivery.state()), TimeText(delivery.create_time()),
                  absl::StrCat(delivery.attempt_count()), OrDash(delivery.last_reason()),
                  TimeText(delivery.last_attempt_time())});
  }
  table.Print(context.out);
  return kExitOk;
}

absl::StatusOr<ExitCode> Print(Context& context, const Delivery& delivery) {
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, delivery));
    return kExitOk;
  }
  PrintPairs(context.out, {{"delivery 送达件", delivery.name()},
                           {"agency 机关", delivery.agency()},
                           {"referral 转介", delivery.referral()},
                           {"content 内容", delivery.content()},
                           {"native format 机关格式", OrDash(delivery.native_format())},
                           {"state 状态", StateText(delivery.state())},
                           {"queued 排队", TimeText(delivery.create_time())},
                           {"attempts 次数", absl::StrCat(delivery.attempt_count())},
                           {"last reason 最近原因", OrDash(delivery.last_reason())},
                           {"last attempt 最近一次", TimeText(delivery.last_attempt_time())},
                           {"sent again 重发", absl::StrCat(delivery.retry_count())},
                           {"acknowledged 签收", TimeText(delivery.acknowledge_time())},
                           {"given up 放弃", TimeText(delivery.discard_time())},
                           {"reason 原因", OrDash(delivery.discard_reason())}});
  return kExitOk;
}

absl::StatusOr<ExitCode> Show(Context& context, const DeliveryArguments& arguments) {
  hub::v1::GetDeliveryRequest request;
  request.set_name(ResourceName("deliveries", arguments.name));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  Delivery delivery;
  AQ_RETURN_IF_ERROR(FromRpc(OperationsService::NewStub(connection.channel())
                                 ->GetDelivery(connection.NewCall().get(), request, &delivery)));
  return Print(context, delivery);
}

absl::StatusOr<ExitCode> Retry(Context& context, const DeliveryArguments& arguments) {
  if (arguments.names.empty() == arguments.all_of.empty()) {
    return UsageError("delivery retry needs either deliveries or --all-of");
  }
  if (!arguments.request_id.empty() && arguments.names.size() != 1) {
    return UsageError("--request-id is for one delivery");
  }
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = OperationsService::NewStub(connection.channel());
  std::vector<std::string> names = arguments.names;
  if (!arguments.all_of.empty()) {
    AQ_ASSIGN_OR_RETURN(const auto dead,
                        Fetch(*stub, connection, hub::v1::DELIVERY_STATE_DEAD, arguments.all_of));
    for (const Delivery& delivery : dead.deliveries()) names.push_back(delivery.name());
  }
  hub::v1::ListDeliveriesResponse retried;
  for (const std::string& name : names) {
    hub::v1::RetryDeliveryRequest request;
    AQ_ASSIGN_OR_RETURN(*request.mutable_request_id(), RequestIdOrNew(arguments.request_id));
    request.set_name(ResourceName("deliveries", name));
    AQ_RETURN_IF_ERROR(FromRpc(
        stub->RetryDelivery(connection.NewCall().get(), request, retried.add_deliveries())));
  }
  if (!arguments.all_of.empty() || retried.deliveries_size() > 1) {
    if (context.json) {
      AQ_RETURN_IF_ERROR(PrintJson(context.out, retried));
    } else {
      context.out << retried.deliveries_size() << " sent again 已重发\n";
    }
    return kExitOk;
  }
  return Print(context, retried.deliveries(0));
}

absl::StatusOr<ExitCode> Discard(Context& context, const DeliveryArguments& arguments) {
  hub::v1::DiscardDeliveryRequest request;
  AQ_ASSIGN_OR_RETURN(*request.mutable_request_id(), RequestIdOrNew(arguments.request_id));
  request.set_name(ResourceName("deliveries", arguments.name));
  request.set_reason(arguments.reason);
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  Delivery delivery;
  AQ_RETURN_IF_ERROR(
      FromRpc(OperationsService::NewStub(connection.channel())
                  ->DiscardDelivery(connection.NewCall().get(), request, &delivery)));
  return Print(context, delivery);
}

}  // namespace

void AddDeliveryCommands(CLI::App& app, Action& chosen) {
  auto arguments = std::make_shared<DeliveryArguments>();
  constexpr char kName[] = "deliveries/... or the part after it";
  constexpr char kRequestId[] = "UUID of this request; the same again answers as before";
  CLI::App* delivery =
      app.add_subcommand("delivery", "Look at what waits for agencies, and mend what is dead");
  delivery->require_subcommand(1);
  CLI::App* list = delivery->add_subcommand("list", "List deliveries in the order of queueing");
  list->add_option("--state", arguments->state, "dead (default) or waiting")
      ->check(CLI::IsMember({"dead", "waiting"}));
  list->add_option("--recipient", arguments->recipient, "Only those to this agency");
  OnChosen(list, chosen, arguments, List);

  CLI::App* show = delivery->add_subcommand("show", "Show one delivery, in whatever state");
  show->add_option("delivery", arguments->name, kName)->required();
  OnChosen(show, chosen, arguments, Show);

  CLI::App* retry = delivery->add_subcommand(
      "retry", "Send dead deliveries again, before later ones of their referrals");
  retry->add_option("delivery", arguments->names, kName);
  retry->add_option("--all-of", arguments->all_of, "All dead ones to this agency");
  retry->add_option("--request-id", arguments->request_id, kRequestId);
  OnChosen(retry, chosen, arguments, Retry);

  CLI::App* discard = delivery->add_subcommand("discard", "Give a dead delivery up");
  discard->add_option("delivery", arguments->name, kName)->required();
  discard->add_option("--reason", arguments->reason, "Coded reason, such as SENT_ON_PAPER")
      ->required();
  discard->add_option("--request-id", arguments->request_id, kRequestId);
  OnChosen(discard, chosen, arguments, Discard);
}

}  // namespace anqiao::ctl

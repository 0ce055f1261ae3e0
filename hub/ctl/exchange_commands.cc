// submit, receive, answer: what an agency does, by hand.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "anqiao/exchange/v1/exchange.grpc.pb.h"
#include "google/protobuf/wrappers.pb.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/progress.h"
#include "hub/ctl/table.h"

namespace anqiao::ctl {
namespace {

namespace fs = std::filesystem;
using exchange::v1::ExchangeService;
using exchange::v1::Problem;
using exchange::v1::SubmitRequest;
using exchange::v1::SubmitResponse;
using SubmitStream = grpc::ClientReaderWriter<SubmitRequest, SubmitResponse>;
using ReceiveStream =
    grpc::ClientReaderWriter<exchange::v1::ReceiveRequest, exchange::v1::ReceiveResponse>;

constexpr int kChunkBytesMax = 1 << 20;
constexpr int kProblemsShown = 100;
constexpr int kInFlightDefault = 32;
constexpr int kInFlightMax = 1000;
// How long the hub may take to end a stream that was half-closed.
constexpr absl::Duration kGoodbye = absl::Seconds(10);

struct SubmitArguments {
  std::string format, request_id, extract_time;
  std::vector<std::string> files;
  int chunk_bytes = 256 << 10;
  bool all_problems = false;
};

// --- submit ---

struct Submission {
  std::string file;
  // Everything that the hub answered, as one response.
  SubmitResponse response;
};

absl::StatusOr<std::uint64_t> SizeOf(const std::string& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    return absl::NotFoundError(absl::StrCat(file, " is not a file that can be read"));
  }
  const std::uintmax_t size = fs::file_size(file, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot read ", file));
  return size;
}

// False: the stream broke; its status tells why.
absl::StatusOr<bool> SendFile(SubmitStream& stream, const SubmitArguments& arguments,
                              const std::string& path, ProgressBar& bar) {
  AQ_ASSIGN_OR_RETURN(const std::uint64_t size, SizeOf(path));
  std::ifstream file(path, std::ios::binary);
  SubmitRequest request;
  exchange::v1::PayloadHeader& header = *request.mutable_header();
  header.set_request_id(arguments.request_id);
  header.set_format(arguments.format);
  header.set_file_name(fs::path(path).filename().string());
  if (!arguments.extract_time.empty()) {
    AQ_ASSIGN_OR_RETURN(const absl::Time time, ParseTime("--extract-time", arguments.extract_time));
    header.mutable_extract_time()->set_seconds(absl::ToUnixSeconds(time));
    header.mutable_extract_time()->set_nanos(static_cast<int>(
        (time - absl::FromUnixSeconds(absl::ToUnixSeconds(time))) / absl::Nanoseconds(1)));
  }
  std::uint64_t sent = 0;
  std::string buffer;
  while (true) {
    buffer.resize(static_cast<std::size_t>(
        std::min<std::uint64_t>(static_cast<std::uint64_t>(arguments.chunk_bytes), size - sent)));
    if (!buffer.empty() && !file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()))) {
      return absl::DataLossError(absl::StrCat("cannot read ", path, " to its end"));
    }
    request.set_data(buffer);
    sent += buffer.size();
    request.set_last(sent == size);
    if (!stream.Write(request)) return false;
    bar.Update(sent, size, absl::StrCat(size, " bytes"));
    if (request.last()) return true;
    request.Clear();
  }
}

// Reads the answers to one payload. False: the stream broke.
bool ReadReceipts(SubmitStream& stream, Submission& submission, ProgressBar& bar) {
  SubmitResponse response;
  while (stream.Read(&response)) {
    submission.response.MergeFrom(response);
    bar.Update(static_cast<std::uint64_t>(submission.response.records_size()), 0, "records");
    if (response.has_summary()) return true;
  }
  return false;
}

bool IsClean(const exchange::v1::PayloadSummary& summary) {
  return summary.status().code() == 0 && summary.held_count() == 0 && summary.rejected_count() == 0;
}

std::string NumberOrDash(std::uint64_t number) {
  return number == 0 ? std::string("-") : absl::StrCat(number);
}

void PrintProblems(Context& context, const SubmitResponse& response, bool all) {
  Table table({{"ROW 行", Table::Align::kRight},
               {"RECORD 记录"},
               {"COLUMN 列", Table::Align::kRight},
               {"FIELD 栏目"},
               {"REASON 原因"},
               {"BECAME 处理"},
               {"MESSAGE 说明"}});
  int count = 0;
  const auto add = [&](const Problem& problem, std::uint64_t row, const std::string& record_key,
                       const std::string& became) {
    if (++count > kProblemsShown && !all) return;
    table.AddRow({NumberOrDash(problem.row() == 0 ? row : problem.row()), OrDash(record_key),
                  NumberOrDash(problem.column()), OrDash(problem.field()), problem.reason(), became,
                  problem.message()});
  };
  for (const Problem& problem : response.summary().problems()) add(problem, 0, "", "-");
  for (const auto& record : response.records()) {
    for (const Problem& problem : record.problems()) {
      add(problem, record.row(), record.record_key(), EnumText(record.disposition()));
    }
  }
  if (table.empty()) return;
  context.out << "\n";
  table.Print(context.out);
  if (count > kProblemsShown && !all) {
    context.out << "... and " << count - kProblemsShown << " more; --all-problems shows all\n";
  }
}

void PrintSubmission(Context& context, const Submission& submission, bool all_problems) {
  const exchange::v1::PayloadSummary& summary = submission.response.summary();
  context.out << Printable(submission.file) << "  (request id "
              << Printable(OrDash(submission.response.request_id())) << ")"
              << (summary.repeated() ? "  repeated 重复提交: answered as before" : "") << "\n";
  constexpr auto kRight = Table::Align::kRight;
  Table table({{"ACCEPTED 接收", kRight},
               {"UNCHANGED 未变", kRight},
               {"HELD 待处理", kRight},
               {"REJECTED 拒绝", kRight},
               {"ENDED 终止", kRight},
               {"STATUS 状态"}});
  const absl::Status status(static_cast<absl::StatusCode>(summary.status().code()),
                            summary.status().message());
  table.AddRow({absl::StrCat(summary.accepted_count()), absl::StrCat(summary.unchanged_count()),
                absl::StrCat(summary.held_count()), absl::StrCat(summary.rejected_count()),
                absl::StrCat(summary.ended_count()), status.ToString()});
  table.Print(context.out);
  PrintProblems(context, submission.response, all_problems);
  context.out << "\n";
}

absl::Status PrintSubmissionsAsJson(Context& context, const std::vector<Submission>& submissions) {
  context.out << "{\"payloads\":[";
  for (std::size_t i = 0; i < submissions.size(); ++i) {
    google::protobuf::StringValue file;
    file.set_value(submissions[i].file);
    AQ_ASSIGN_OR_RETURN(const std::string file_json, ToJson(file, false));
    AQ_ASSIGN_OR_RETURN(const std::string response_json, ToJson(submissions[i].response, false));
    context.out << (i == 0 ? "\n" : ",\n") << "{\"file\":" << file_json
                << ",\"response\":" << response_json << "}";
  }
  context.out << "\n]}\n";
  return absl::OkStatus();
}

absl::Status CheckSubmit(const SubmitArguments& arguments) {
  if (!arguments.request_id.empty()) {
    if (arguments.files.size() > 1) {
      return UsageError("--request-id names one payload: give one file with it");
    }
    AQ_RETURN_IF_ERROR(RequestIdOrNew(arguments.request_id).status());
  }
  if (!arguments.extract_time.empty()) {
    AQ_RETURN_IF_ERROR(ParseTime("--extract-time", arguments.extract_time).status());
  }
  for (const std::string& file : arguments.files) AQ_RETURN_IF_ERROR(SizeOf(file).status());
  return absl::OkStatus();
}

// One payload after the other; what was answered before an error is in "submissions".
absl::Status SubmitFiles(Context& context, const SubmitArguments& arguments,
                         std::vector<Submission>& submissions) {
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kAgency));
  const auto stub = ExchangeService::NewStub(connection.channel());
  const auto call = connection.NewStream();
  const auto stream = stub->Submit(call.get());
  for (const std::string& file : arguments.files) {
    ProgressBar bar(context.err, context.show_progress, fs::path(file).filename().string());
    Submission submission{.file = file, .response = {}};
    const absl::StatusOr<bool> sent = SendFile(*stream, arguments, file, bar);
    if (!sent.ok()) {
      call->TryCancel();
      return sent.status();
    }
    if (!*sent || !ReadReceipts(*stream, submission, bar)) {
      bar.Clear();
      AQ_RETURN_IF_ERROR(FromRpc(stream->Finish()));
      return absl::UnavailableError(
          absl::StrCat("the hub ended the stream before it answered ", file));
    }
    bar.Clear();
    if (!context.json) PrintSubmission(context, submission, arguments.all_problems);
    submissions.push_back(std::move(submission));
  }
  stream->WritesDone();
  SubmitResponse ignored;
  while (stream->Read(&ignored)) {
  }
  return FromRpc(stream->Finish());
}

absl::StatusOr<ExitCode> Submit(Context& context, const SubmitArguments& arguments) {
  AQ_RETURN_IF_ERROR(CheckSubmit(arguments));
  std::vector<Submission> submissions;
  const absl::Status status = SubmitFiles(context, arguments, submissions);
  if (context.json) AQ_RETURN_IF_ERROR(PrintSubmissionsAsJson(context, submissions));
  AQ_RETURN_IF_ERROR(status);
  const bool clean = std::all_of(
      submissions.begin(), submissions.end(),
      [](const Submission& submission) { return IsClean(submission.response.summary()); });
  return clean ? kExitOk : kExitHeld;
}

// --- receive ---

struct ReceiveArguments {
  bool ack = false;
  int count = 0;
  double wait_seconds = 0;
};

absl::Status PrintDelivery(Context& context, const exchange::v1::Delivery& delivery) {
  if (context.json) {
    AQ_ASSIGN_OR_RETURN(const std::string json, ToJson(delivery, false));
    context.out << json << std::endl;
    return absl::OkStatus();
  }
  PrintPairs(context.out,
             {{"delivery 投递", delivery.name()},
              {"referral 转介", delivery.referral()},
              {"etag 版本", delivery.etag()},
              {"sender 发送方", delivery.sender()},
              {"attempt 次数", absl::StrCat(delivery.attempt())},
              {"native 原生格式", delivery.native_format().empty()
                                      ? std::string("-")
                                      : absl::StrCat(delivery.native_format(), ", ",
                                                     delivery.native().size(), " bytes")}});
  std::string content;
  if (delivery.has_request()) {
    AQ_ASSIGN_OR_RETURN(content, ToJson(delivery.request(), true));
    context.out << "request 请求\n" << content;
  } else if (delivery.has_report()) {
    AQ_ASSIGN_OR_RETURN(content, ToJson(delivery.report(), true));
    context.out << "report 报告\n" << content;
  } else if (delivery.has_transfer()) {
    AQ_ASSIGN_OR_RETURN(content, ToJson(delivery.transfer(), true));
    context.out << "transfer 移送\n" << content;
  } else if (delivery.has_cancellation()) {
    context.out << "withdrawn 撤回: " << Printable(delivery.cancellation().reason())
                << "; confirm with CONFIRM_CANCELLATION\n";
  } else if (delivery.has_closure()) {
    context.out << "closed 办结\n";
  } else if (delivery.has_withdrawal()) {
    context.out << "withdrawn 撤回: nothing more is expected\n";
  }
  context.out << std::endl;
  return absl::OkStatus();
}

// An open Receive stream that ends softly: half-closed, so that the hub's OK says that every
// acknowledgement arrived, and cancelled only if that OK does not come.
class Receiver {
 public:
  // "wait" zero: until Finish.
  Receiver(ReceiveStream& stream, grpc::ClientContext& call, absl::Duration wait)
      : stream_(stream), call_(call), timer_([this, wait] { Watch(wait); }) {}
  ~Receiver() {
    if (timer_.joinable()) Finish().IgnoreError();
  }

  // False: the stream is over.
  bool Read(exchange::v1::ReceiveResponse& response) { return stream_.Read(&response); }
  bool Write(const exchange::v1::ReceiveRequest& request) {
    absl::MutexLock lock(&mu_);
    return !closed_ && stream_.Write(request);
  }
  absl::Status Finish() {
    stopped_.Notify();
    exchange::v1::ReceiveResponse ignored;
    while (stream_.Read(&ignored)) {
    }
    const grpc::Status status = stream_.Finish();
    ended_.Notify();
    timer_.join();
    return FromRpc(status);
  }

 private:
  void Watch(absl::Duration wait) {
    if (wait > absl::ZeroDuration()) {
      stopped_.WaitForNotificationWithTimeout(wait);
    } else {
      stopped_.WaitForNotification();
    }
    {
      absl::MutexLock lock(&mu_);
      closed_ = true;
      stream_.WritesDone();
    }
    if (!ended_.WaitForNotificationWithTimeout(kGoodbye)) call_.TryCancel();
  }

  ReceiveStream& stream_;
  grpc::ClientContext& call_;
  absl::Notification stopped_, ended_;
  absl::Mutex mu_;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  std::thread timer_;
};

absl::StatusOr<ExitCode> Receive(Context& context, const ReceiveArguments& arguments) {
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kAgency));
  const auto stub = ExchangeService::NewStub(connection.channel());
  const auto call = connection.NewStream();
  const auto stream = stub->Receive(call.get());
  Receiver receiver(*stream, *call, absl::Seconds(arguments.wait_seconds));
  exchange::v1::ReceiveRequest request;
  request.mutable_open()->set_max_in_flight(
      arguments.count == 0 ? kInFlightDefault : std::min(arguments.count, kInFlightMax));
  bool open = receiver.Write(request);
  exchange::v1::ReceiveResponse response;
  int received = 0;
  while (open && (arguments.count == 0 || received < arguments.count) && receiver.Read(response)) {
    ++received;
    AQ_RETURN_IF_ERROR(PrintDelivery(context, response.delivery()));
    if (arguments.ack) {
      request.mutable_ack()->set_delivery(response.delivery().name());
      open = receiver.Write(request);
    }
  }
  AQ_RETURN_IF_ERROR(receiver.Finish());
  if (!context.json) context.err << received << " received\n";
  return kExitOk;
}

// --- answer ---

struct AnswerArguments {
  std::string referral, etag, action, reason, resume_date, request_id;
  std::string outcome, date, employer_code, amount_yuan, valid_from, valid_to, contract_type;
  std::string appointment;
  int contract_months = 0;
  bool social_insurance = false;
};

absl::Status SetOutcome(const AnswerArguments& arguments, exchange::v1::Outcome& outcome) {
  AQ_ASSIGN_OR_RETURN(const auto code,
                      ParseEnum<exchange::v1::OutcomeCode>("--outcome", arguments.outcome));
  outcome.set_code(code);
  outcome.set_reason(arguments.reason);
  outcome.set_employer_code(arguments.employer_code);
  outcome.set_contract_months(arguments.contract_months);
  if (!arguments.contract_type.empty()) {
    AQ_ASSIGN_OR_RETURN(const auto type, ParseEnum<exchange::v1::ContractType>(
                                             "--contract-type", arguments.contract_type));
    outcome.set_contract_type(type);
  }
  outcome.set_social_insurance(arguments.social_insurance);
  if (!arguments.amount_yuan.empty()) {
    AQ_ASSIGN_OR_RETURN(const std::int64_t fen, ParseYuan("--amount-yuan", arguments.amount_yuan));
    outcome.set_amount_fen(fen);
  }
  if (!arguments.date.empty()) {
    AQ_ASSIGN_OR_RETURN(*outcome.mutable_date(), ParseDate("--date", arguments.date));
  }
  if (!arguments.valid_from.empty()) {
    AQ_ASSIGN_OR_RETURN(*outcome.mutable_valid_from_date(),
                        ParseDate("--valid-from", arguments.valid_from));
  }
  if (!arguments.valid_to.empty()) {
    AQ_ASSIGN_OR_RETURN(*outcome.mutable_valid_to_date(),
                        ParseDate("--valid-to", arguments.valid_to));
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Answer(Context& context, const AnswerArguments& arguments) {
  exchange::v1::AnswerReferralRequest request;
  AQ_ASSIGN_OR_RETURN(*request.mutable_request_id(), RequestIdOrNew(arguments.request_id));
  request.set_referral(ResourceName("referrals", arguments.referral));
  request.set_etag(arguments.etag);
  exchange::v1::ReferralAnswer& answer = *request.mutable_answer();
  AQ_ASSIGN_OR_RETURN(const auto action,
                      ParseEnum<exchange::v1::AnswerAction>("ACTION", arguments.action));
  answer.set_action(action);
  if (action == exchange::v1::ANSWER_ACTION_REPORT_OUTCOME) {
    if (arguments.outcome.empty() || arguments.date.empty()) {
      return UsageError("REPORT_OUTCOME needs --outcome and --date");
    }
    AQ_RETURN_IF_ERROR(SetOutcome(arguments, *answer.mutable_outcome()));
  } else {
    if (!arguments.outcome.empty()) return UsageError("--outcome is for REPORT_OUTCOME only");
    answer.set_reason(arguments.reason);
  }
  if (!arguments.resume_date.empty()) {
    AQ_ASSIGN_OR_RETURN(*answer.mutable_resume_date(),
                        ParseDate("--resume-date", arguments.resume_date));
  }
  if (!arguments.appointment.empty()) {
    AQ_ASSIGN_OR_RETURN(*answer.mutable_appointment_date(),
                        ParseDate("--appointment", arguments.appointment));
  }
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kAgency));
  exchange::v1::AnswerReferralResponse response;
  AQ_RETURN_IF_ERROR(FromRpc(ExchangeService::NewStub(connection.channel())
                                 ->AnswerReferral(connection.NewCall().get(), request, &response)));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
  } else {
    PrintPairs(context.out,
               {{"referral 转介", request.referral()}, {"etag 版本", response.etag()}});
  }
  return kExitOk;
}

void AddAnswerCommand(CLI::App& app, Action& chosen) {
  auto arguments = std::make_shared<AnswerArguments>();
  CLI::App* answer = app.add_subcommand("answer", "Answer a referral, as an agency");
  answer->add_option("referral", arguments->referral, "referrals/... as delivered")->required();
  answer
      ->add_option("action", arguments->action,
                   "ACCEPT, DECLINE, REQUEST_INFORMATION, START, REPORT_PROGRESS, HOLD, RESUME, "
                   "REPORT_OUTCOME, FAIL or CONFIRM_CANCELLATION")
      ->required();
  answer->add_option("--etag", arguments->etag, "From the delivery or the last answer")->required();
  answer->add_option("--reason", arguments->reason,
                     "Coded reason; of the outcome for REPORT_OUTCOME");
  answer->add_option("--resume-date", arguments->resume_date, "For HOLD: when work goes on");
  answer->add_option("--appointment", arguments->appointment,
                     "For REPORT_PROGRESS: the day of an appointment");
  answer->add_option("--contract-type", arguments->contract_type,
                     "For HIRED: FIXED_TERM, OPEN_ENDED, TASK or PART_TIME");
  answer->add_option("--outcome", arguments->outcome,
                     "HIRED, TRAINED, INTERVIEWED, DID_NOT_ATTEND, GRANTED or NOT_GRANTED");
  answer->add_option("--date", arguments->date, "When the outcome came about");
  answer->add_option("--employer-code", arguments->employer_code,
                     "For HIRED: the employer's unified social credit code");
  answer
      ->add_option("--contract-months", arguments->contract_months,
                   "For HIRED: length of the contract; 0 if open-ended")
      ->check(CLI::Range(0, 1200));
  answer->add_flag("--social-insurance", arguments->social_insurance,
                   "For HIRED: the employer pays social insurance");
  answer->add_option("--amount-yuan", arguments->amount_yuan, "For grants of money: 1234.50");
  answer->add_option("--valid-from", arguments->valid_from, "For grants: the first day");
  answer->add_option("--valid-to", arguments->valid_to, "For grants: the last day");
  answer->add_option("--request-id", arguments->request_id,
                     "UUID of this answer; the same again answers as before");
  OnChosen(answer, chosen, arguments, Answer);
}

}  // namespace

void AddExchangeCommands(CLI::App& app, Action& chosen) {
  auto arguments = std::make_shared<SubmitArguments>();
  CLI::App* submit = app.add_subcommand("submit", "Submit files, as an agency");
  submit->footer("Exit code 3: something was held, rejected or refused.");
  submit->add_option("file", arguments->files, "Files, one payload each")->required();
  submit->add_option("--format", arguments->format, "One of the agency's formats")->required();
  submit->add_option("--request-id", arguments->request_id,
                     "UUID of the payload (default: its bytes are its id)");
  submit->add_option("--extract-time", arguments->extract_time,
                     "When the records were extracted, RFC 3339");
  submit->add_option("--chunk", arguments->chunk_bytes, "Bytes a request")
      ->check(CLI::Range(1, kChunkBytesMax))
      ->capture_default_str();
  submit->add_flag("--all-problems", arguments->all_problems,
                   absl::StrCat("Show more than the first ", kProblemsShown, " problems"));
  OnChosen(submit, chosen, arguments, Submit);

  auto receiving = std::make_shared<ReceiveArguments>();
  CLI::App* receive = app.add_subcommand("receive", "Show deliveries as they come, as an agency");
  receive->footer("With --output json each delivery is one line.");
  receive->add_flag("--ack", receiving->ack,
                    "Acknowledge each; without it they are handed out again later");
  receive->add_option("--count", receiving->count, "Stop after this many (default: never)")
      ->check(CLI::Range(1, 1'000'000));
  receive->add_option("--wait", receiving->wait_seconds, "Stop after this many seconds")
      ->check(CLI::Range(0.1, 86'400.0));
  OnChosen(receive, chosen, receiving, Receive);
  AddAnswerCommand(app, chosen);
}

}  // namespace anqiao::ctl

// The employment bureau of a made-up district, in C++: hands in its files, takes requests, accepts
// them, starts, reports an outcome. It uses nothing but the public API over mutual TLS.
//
// Every request is written to a synced log of JSON lines before it is sent, every answer after it
// came: an oracle outside the hub. After kill -9 it reads the log and goes on; ids of requests are
// derived from what they are for, so that the hub recognises what is sent again.

#include <fcntl.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "anqiao/exchange/v1/exchange.grpc.pb.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "google/rpc/error_details.pb.h"

namespace {

namespace exchange = anqiao::exchange::v1;
using google::protobuf::Struct;
using google::protobuf::Value;

constexpr std::size_t kChunkBytes = 256 << 10;

[[noreturn]] void Fail(const std::string& message) {
  std::cerr << "employment: " << message << "\n";
  std::exit(1);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Fail("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::uint64_t Fnv(const std::string& text, std::uint64_t seed) {
  std::uint64_t hash = 14695981039346656037ULL ^ seed;
  for (unsigned char byte : text) hash = (hash ^ byte) * 1099511628211ULL;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdULL;
  return hash ^ (hash >> 33);
}

// A UUID (version 8: made by a rule of one's own) that is the same for the same purpose.
std::string DerivedId(const std::string& purpose) {
  const std::uint64_t high = Fnv(purpose, 0), low = Fnv(purpose, 0x9e3779b97f4a7c15ULL);
  char text[40];
  std::snprintf(text, sizeof(text), "%08x-%04x-8%03x-%04x-%012llx",
                static_cast<unsigned>(high >> 32), static_cast<unsigned>(high >> 16) & 0xffff,
                static_cast<unsigned>(high) & 0xfff,
                (static_cast<unsigned>(low >> 48) & 0x3fff) | 0x8000,
                static_cast<unsigned long long>(low & 0xffffffffffffULL));
  return text;
}

std::string ToHex(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string FromHex(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

Value Text(const std::string& text) {
  Value value;
  value.set_string_value(text);
  return value;
}

Value Number(double number) {
  Value value;
  value.set_number_value(number);
  return value;
}

// One event of the log under construction.
class Event {
 public:
  explicit Event(const std::string& name) { Set("event", Text(name)); }
  Event& Set(const std::string& key, Value value) {
    (*fields_.mutable_fields())[key] = std::move(value);
    return *this;
  }
  const Struct& fields() const { return fields_; }

 private:
  Struct fields_;
};

// JSON lines, each synced before Write returns. Thread-safe.
class Log {
 public:
  explicit Log(const std::string& path) {
    std::ifstream old(path, std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(old), std::istreambuf_iterator<char>()};
    content.resize(content.rfind('\n') == std::string::npos ? 0 : content.rfind('\n') + 1);
    for (std::size_t start = 0; start < content.size();) {
      const std::size_t end = content.find('\n', start);
      Struct line;
      if (google::protobuf::util::JsonStringToMessage(content.substr(start, end - start), &line)
              .ok()) {
        lines_.push_back(std::move(line));
      }
      start = end + 1;
    }
    file_ = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    // A line that a crash tore is dropped.
    if (file_ < 0 || ftruncate(file_, static_cast<off_t>(content.size())) != 0 ||
        lseek(file_, 0, SEEK_END) < 0) {
      Fail("cannot write " + path);
    }
  }

  void Write(const Event& event) {
    std::string text;
    if (!google::protobuf::util::MessageToJsonString(event.fields(), &text).ok()) {
      Fail("cannot write an event to the log");
    }
    text += '\n';
    std::lock_guard lock(mutex_);
    if (write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        fdatasync(file_) != 0) {
      Fail("cannot write to the log");
    }
  }

  // As found at the start.
  const std::vector<Struct>& lines() const { return lines_; }

 private:
  int file_ = -1;
  std::mutex mutex_;
  std::vector<Struct> lines_;
};

std::string Field(const Struct& line, const std::string& key) {
  const auto found = line.fields().find(key);
  return found == line.fields().end() ? "" : found->second.string_value();
}

struct Options {
  std::string hub, ca, cert, key, files, log;
  int decline_every = 0;
  bool serve = false;
};

Options ParseArguments(int argc, char** argv) {
  Options options;
  std::map<std::string, std::string*> texts = {
      {"--hub", &options.hub}, {"--ca", &options.ca},       {"--cert", &options.cert},
      {"--key", &options.key}, {"--files", &options.files}, {"--log", &options.log}};
  bool once = false;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--serve") {
      options.serve = true;
    } else if (name == "--once") {
      once = true;
    } else if (i + 1 < argc && texts.count(name) > 0) {
      *texts[name] = argv[++i];
    } else if (i + 1 < argc && name == "--decline-every") {
      options.decline_every = std::atoi(argv[++i]);
    } else {
      Fail("unknown or incomplete argument " + name);
    }
  }
  for (const auto& [name, text] : texts) {
    if (text->empty()) Fail(name + " is missing");
  }
  if (options.serve == once) Fail("say either --once or --serve");
  return options;
}

void BackOff(int attempt) {
  std::this_thread::sleep_for(std::chrono::milliseconds(100 << std::min(attempt, 5)));
}

bool Passing(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::UNKNOWN:
      return true;
    default:
      return false;
  }
}

// The exchange service; every call is tried again until the hub is there. Calls wait for the
// connection: gRPC gets on with a handshake only while a call waits for it, so a client that sleeps
// between calls that fail at once may need minutes to find a hub that is back.
class Hub {
 public:
  Hub(const Options& options, Log& log) : log_(log) {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = ReadFile(options.ca);
    tls.pem_cert_chain = ReadFile(options.cert);
    tls.pem_private_key = ReadFile(options.key);
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
    stub_ = exchange::ExchangeService::NewStub(
        grpc::CreateCustomChannel(options.hub, grpc::SslCredentials(tls), arguments));
  }

  exchange::PayloadSummary Submit(const exchange::PayloadHeader& header, const std::string& data) {
    log_.Write(Event("submit")
                   .Set("request_id", Text(header.request_id()))
                   .Set("format", Text(header.format()))
                   .Set("bytes", Number(static_cast<double>(data.size()))));
    for (int attempt = 0;; ++attempt) {
      std::vector<exchange::RecordReceipt> receipts;
      exchange::PayloadSummary summary;
      const grpc::Status status = SubmitOnce(header, data, receipts, summary);
      if (status.ok() && !Busy(summary)) {
        LogReceipts(header, summary, receipts);
        return summary;
      }
      if (!status.ok() && !Passing(status)) Fail("submit: " + status.error_message());
      BackOff(attempt);
    }
  }

  // The new etag; empty if the answer no longer fits.
  std::string Answer(const exchange::AnswerReferralRequest& request) {
    log_.Write(Event("answer")
                   .Set("request_id", Text(request.request_id()))
                   .Set("referral", Text(request.referral()))
                   .Set("action", Number(request.answer().action())));
    for (int attempt = 0;; ++attempt) {
      grpc::ClientContext context;
      context.set_wait_for_ready(true);
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
      exchange::AnswerReferralResponse response;
      const grpc::Status status = stub_->AnswerReferral(&context, request, &response);
      if (status.ok() || !Passing(status)) {
        log_.Write(Event(status.ok() ? "answered" : "refused")
                       .Set("request_id", Text(request.request_id()))
                       .Set("referral", Text(request.referral()))
                       .Set("code", Number(status.error_code()))
                       .Set("etag", Text(response.etag())));
        return response.etag();
      }
      BackOff(attempt);
    }
  }

  // Takes deliveries for ever; "take" has made each durable when it returns, then it is
  // acknowledged.
  template <typename Take>
  void Receive(Take take) {
    for (int attempt = 0;; ++attempt) {
      grpc::ClientContext context;
      context.set_wait_for_ready(true);
      auto stream = stub_->Receive(&context);
      exchange::ReceiveRequest open;
      open.mutable_open()->set_max_in_flight(16);
      open.mutable_open()->set_visibility_timeout_seconds(5);
      bool alive = stream->Write(open);
      exchange::ReceiveResponse response;
      while (alive && stream->Read(&response)) {
        attempt = 0;
        const exchange::Delivery& delivery = response.delivery();
        log_.Write(Event("delivery")
                       .Set("name", Text(delivery.name()))
                       .Set("referral", Text(delivery.referral()))
                       .Set("etag", Text(delivery.etag()))
                       .Set("attempt", Number(delivery.attempt()))
                       .Set("message", Text(ToHex(delivery.SerializeAsString()))));
        take(delivery);
        exchange::ReceiveRequest ack;
        ack.mutable_ack()->set_delivery(delivery.name());
        alive = stream->Write(ack);
        log_.Write(Event("ack").Set("name", Text(delivery.name())));
      }
      const grpc::Status status = stream->Finish();
      if (!status.ok() && !Passing(status)) Fail("receive: " + status.error_message());
      BackOff(attempt);
    }
  }

 private:
  // What another attempt can mend.
  static bool Busy(const exchange::PayloadSummary& summary) {
    google::rpc::ErrorInfo info;
    for (const auto& detail : summary.status().details()) {
      if (detail.UnpackTo(&info) &&
          (info.reason() == "OVERLOADED" || info.reason() == "SHUTTING_DOWN" ||
           info.reason() == "STORAGE_FULL")) {
        return true;
      }
    }
    return false;
  }

  grpc::Status SubmitOnce(const exchange::PayloadHeader& header, const std::string& data,
                          std::vector<exchange::RecordReceipt>& receipts,
                          exchange::PayloadSummary& summary) {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(5));
    auto stream = stub_->Submit(&context);
    std::size_t start = 0;
    bool alive = true;
    do {
      exchange::SubmitRequest request;
      if (start == 0) *request.mutable_header() = header;
      request.set_data(data.substr(start, kChunkBytes));
      start += kChunkBytes;
      request.set_last(start >= data.size());
      alive = stream->Write(request);
    } while (alive && start < data.size());
    stream->WritesDone();
    bool complete = false;
    exchange::SubmitResponse response;
    while (stream->Read(&response)) {
      receipts.insert(receipts.end(), response.records().begin(), response.records().end());
      if (response.has_summary()) {
        summary = response.summary();
        complete = true;
      }
    }
    const grpc::Status status = stream->Finish();
    if (status.ok() && !complete) {
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the stream ended without a summary");
    }
    return status;
  }

  void LogReceipts(const exchange::PayloadHeader& header, const exchange::PayloadSummary& summary,
                   const std::vector<exchange::RecordReceipt>& receipts) {
    Value records;
    for (const exchange::RecordReceipt& receipt : receipts) {
      auto* row = records.mutable_list_value()->add_values()->mutable_list_value();
      *row->add_values() = Number(static_cast<double>(receipt.row()));
      *row->add_values() = Text(receipt.record_key());
      *row->add_values() = Number(receipt.disposition());
      auto* problems = row->add_values()->mutable_list_value();
      for (const auto& problem : receipt.problems())
        *problems->add_values() = Text(problem.reason());
    }
    records.mutable_list_value();
    Value repeated;
    repeated.set_bool_value(summary.repeated());
    log_.Write(Event("receipt")
                   .Set("request_id", Text(header.request_id()))
                   .Set("status", Number(summary.status().code()))
                   .Set("message", Text(summary.status().message()))
                   .Set("accepted", Number(static_cast<double>(summary.accepted_count())))
                   .Set("unchanged", Number(static_cast<double>(summary.unchanged_count())))
                   .Set("held", Number(static_cast<double>(summary.held_count())))
                   .Set("rejected", Number(static_cast<double>(summary.rejected_count())))
                   .Set("ended", Number(static_cast<double>(summary.ended_count())))
                   .Set("repeated", repeated)
                   .Set("records", records));
  }

  Log& log_;
  std::unique_ptr<exchange::ExchangeService::Stub> stub_;
};

struct Manifest {
  std::string extract_time;
  std::vector<std::pair<std::string, std::string>> files;  // format, file name
};

Manifest ReadManifest(const std::string& folder) {
  Struct json;
  if (!google::protobuf::util::JsonStringToMessage(ReadFile(folder + "/manifest.json"), &json)
           .ok()) {
    Fail("manifest.json is not JSON");
  }
  Manifest manifest;
  manifest.extract_time = Field(json, "extract_time");
  for (const Value& entry : json.fields().at("files").list_value().values()) {
    manifest.files.emplace_back(Field(entry.struct_value(), "format"),
                                Field(entry.struct_value(), "file"));
  }
  return manifest;
}

void SubmitFiles(Hub& hub, const Manifest& manifest, const std::string& folder) {
  for (const auto& [format, file] : manifest.files) {
    const std::string data = ReadFile(folder + "/" + file);
    exchange::PayloadHeader header;
    header.set_request_id(DerivedId("employment/" + format + "/" + data));
    header.set_format(format);
    header.set_file_name(file);
    if (!google::protobuf::util::TimeUtil::FromString(manifest.extract_time,
                                                      header.mutable_extract_time())) {
      Fail("extract_time of manifest.json is not a time");
    }
    const exchange::PayloadSummary summary = hub.Submit(header, data);
    std::cout << "employment: " << format << ": " << summary.accepted_count() << " accepted, "
              << summary.unchanged_count() << " unchanged, " << summary.held_count() << " held, "
              << summary.rejected_count() << " rejected"
              << (summary.status().code() != 0 ? "; " + summary.status().message() : "")
              << std::endl;
  }
}

// Works through requests one after the other, behind the acknowledgement.
class Desk {
 public:
  Desk(const Options& options, const Manifest& manifest, Hub& hub, Log& log)
      : options_(options), hub_(hub), log_(log) {
    const std::string& day = manifest.extract_time;
    today_.set_year(std::stoi(day.substr(0, 4)));
    today_.set_month(std::stoi(day.substr(5, 2)));
    today_.set_day(std::stoi(day.substr(8, 2)));
    Struct employers;
    if (google::protobuf::util::JsonStringToMessage(ReadFile(options.files + "/employers.json"),
                                                    &employers)
            .ok()) {
      employer_ =
          Field(employers.fields().at("rows").list_value().values(0).struct_value(), "aab998");
    }
    for (const Struct& line : log.lines()) {
      if (Field(line, "event") == "desk_done") done_.insert(Field(line, "name"));
    }
    for (const Struct& line : log.lines()) {
      exchange::Delivery delivery;
      if (Field(line, "event") == "delivery" &&
          delivery.ParseFromString(FromHex(Field(line, "message")))) {
        queue_.push_back(std::move(delivery));
      }
    }
  }

  void Take(const exchange::Delivery& delivery) {
    std::lock_guard lock(mutex_);
    queue_.push_back(delivery);
    changed_.notify_one();
  }

  void Run() {
    while (true) {
      exchange::Delivery delivery;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !queue_.empty(); });
        delivery = std::move(queue_.front());
        queue_.pop_front();
      }
      if (done_.count(delivery.name()) > 0) continue;
      Work(delivery);
      log_.Write(Event("desk_done").Set("name", Text(delivery.name())));
      done_.insert(delivery.name());
    }
  }

 private:
  void Work(const exchange::Delivery& delivery) {
    if (delivery.has_cancellation()) {
      Send(delivery, delivery.etag(), exchange::ANSWER_ACTION_CONFIRM_CANCELLATION);
      return;
    }
    if (!delivery.has_request()) return;
    if (options_.decline_every > 0 &&
        Fnv(delivery.referral(), 0) % static_cast<std::uint64_t>(options_.decline_every) == 0) {
      Send(delivery, delivery.etag(), exchange::ANSWER_ACTION_DECLINE);
      return;
    }
    std::string etag = Send(delivery, delivery.etag(), exchange::ANSWER_ACTION_ACCEPT);
    if (!etag.empty()) etag = Send(delivery, etag, exchange::ANSWER_ACTION_START);
    if (!etag.empty()) Send(delivery, etag, exchange::ANSWER_ACTION_REPORT_OUTCOME);
  }

  std::string Send(const exchange::Delivery& delivery, const std::string& etag,
                   exchange::AnswerAction action) {
    exchange::AnswerReferralRequest request;
    request.set_request_id(
        DerivedId("employment/" + delivery.name() + "/" + std::to_string(action)));
    request.set_referral(delivery.referral());
    request.set_etag(etag);
    request.mutable_answer()->set_action(action);
    if (action == exchange::ANSWER_ACTION_DECLINE) {
      request.mutable_answer()->set_reason("NO_VACANCY");
    }
    if (action == exchange::ANSWER_ACTION_REPORT_OUTCOME) {
      FillOutcome(delivery.request(), *request.mutable_answer()->mutable_outcome());
    }
    return hub_.Answer(request);
  }

  void FillOutcome(const exchange::ServiceRequest& request, exchange::Outcome& outcome) {
    *outcome.mutable_date() = today_;
    if (request.service() == "employment-assistance") {
      outcome.set_code(exchange::OUTCOME_CODE_HIRED);
      outcome.set_employer_code(employer_);
      outcome.set_contract_months(24);
      outcome.set_social_insurance(true);
      return;
    }
    outcome.set_code(exchange::OUTCOME_CODE_GRANTED);
    if (request.service() == "training-subsidy") outcome.set_amount_fen(150'000);
    if (request.service() == "startup-loan")
      outcome.set_amount_fen(request.loan().amount_max_fen());
    if (request.service() == "difficulty-recognition") {
      *outcome.mutable_valid_from_date() = today_;
      *outcome.mutable_valid_to_date() = today_;
      outcome.mutable_valid_to_date()->set_year(today_.year() + 1);
    }
  }

  const Options& options_;
  Hub& hub_;
  Log& log_;
  anqiao::type::v1::CivilDate today_;
  std::string employer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<exchange::Delivery> queue_;
  std::set<std::string> done_;
};

}  // namespace

int main(int argc, char** argv) {
  const Options options = ParseArguments(argc, argv);
  Log log(options.log);
  Hub hub(options, log);
  const Manifest manifest = ReadManifest(options.files);
  SubmitFiles(hub, manifest, options.files);
  log.Write(Event("submitted"));
  if (!options.serve) return 0;
  Desk desk(options, manifest, hub, log);
  std::thread(&Desk::Run, &desk).detach();
  hub.Receive([&desk](const exchange::Delivery& delivery) { desk.Take(delivery); });
}

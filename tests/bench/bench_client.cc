#include "tests/bench/bench_client.h"

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "anqiao/exchange/v1/exchange.grpc.pb.h"
#include "anqiao/hub/v1/operations.grpc.pb.h"
#include "tests/bench/bench_payloads.h"

namespace anqiao::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Stream = grpc::ClientReaderWriter<exchange::v1::SubmitRequest, exchange::v1::SubmitResponse>;

constexpr int kWindow = 8;
constexpr std::size_t kChunkBytes = 1 << 20;

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::shared_ptr<grpc::Channel> Connect(const Endpoint& endpoint) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = ReadFile(endpoint.ca);
  tls.pem_cert_chain = ReadFile(endpoint.certificate);
  tls.pem_private_key = ReadFile(endpoint.key);
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(64 << 20);
  return grpc::CreateCustomChannel(endpoint.address, grpc::SslCredentials(tls), arguments);
}

absl::Status Convert(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("call failed: ", status.error_message()));
}

bool Send(Stream& stream, const std::string& payload, const std::string& format = "tests") {
  for (std::size_t begin = 0; begin < payload.size(); begin += kChunkBytes) {
    exchange::v1::SubmitRequest request;
    if (begin == 0) request.mutable_header()->set_format(format);
    request.set_data(payload.substr(begin, kChunkBytes));
    request.set_last(begin + kChunkBytes >= payload.size());
    if (!stream.Write(request)) return false;
  }
  return true;
}

// How many payloads are outstanding.
class Window {
 public:
  void Take() {
    std::unique_lock<std::mutex> lock(mu_);
    changed_.wait(lock, [this] { return outstanding_ < kWindow || broken_; });
    ++outstanding_;
  }
  void Give() {
    std::lock_guard<std::mutex> lock(mu_);
    --outstanding_;
    changed_.notify_one();
  }
  void Break() {
    std::lock_guard<std::mutex> lock(mu_);
    broken_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mu_;
  std::condition_variable changed_;
  int outstanding_ = 0;
  bool broken_ = false;
};

}  // namespace

absl::StatusOr<ThroughputFigures> MeasureThroughput(const Endpoint& endpoint, int payloads,
                                                    int rows, std::uint64_t first_row, int salt,
                                                    const std::function<absl::Status()>& settle) {
  std::vector<std::string> prepared;
  prepared.reserve(static_cast<std::size_t>(payloads));
  for (int i = 0; i < payloads; ++i) {
    prepared.push_back(TestsPayload(
        first_row + static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(rows), rows, salt));
  }
  auto stub = exchange::v1::ExchangeService::NewStub(Connect(endpoint));
  grpc::ClientContext context;
  const std::unique_ptr<Stream> stream = stub->Submit(&context);
  Window window;
  std::uint64_t accepted = 0;
  const Clock::time_point start = Clock::now();
  std::thread reader([&] {
    exchange::v1::SubmitResponse response;
    for (int done = 0; done < payloads && stream->Read(&response);) {
      if (!response.has_summary()) continue;
      accepted += response.summary().accepted_count();
      ++done;
      window.Give();
    }
    window.Break();
  });
  for (const std::string& payload : prepared) {
    window.Take();
    if (!Send(*stream, payload)) break;
  }
  stream->WritesDone();
  reader.join();
  if (absl::Status status = Convert(stream->Finish()); !status.ok()) return status;
  const std::uint64_t expected =
      static_cast<std::uint64_t>(payloads) * static_cast<std::uint64_t>(rows);
  if (accepted != expected) {
    return absl::InternalError(absl::StrCat("accepted ", accepted, " records of ", expected));
  }
  if (settle != nullptr) {
    if (absl::Status status = settle(); !status.ok()) return status;
  }
  ThroughputFigures figures;
  figures.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  figures.records = accepted;
  return figures;
}

absl::StatusOr<LatencyFigures> MeasureLatency(const Endpoint& endpoint, int per_second, int seconds,
                                              std::uint64_t first_row, int salt) {
  const int total = per_second * seconds;
  std::vector<std::string> prepared;
  for (int i = 0; i < total; ++i) {
    prepared.push_back(TestsPayload(first_row + static_cast<std::uint64_t>(i), 1, salt));
  }
  auto stub = exchange::v1::ExchangeService::NewStub(Connect(endpoint));
  grpc::ClientContext context;
  const std::unique_ptr<Stream> stream = stub->Submit(&context);
  const Clock::time_point start = Clock::now() + std::chrono::milliseconds(50);
  const auto due = [&](int i) {
    return start + std::chrono::microseconds(1'000'000LL * i / per_second);
  };
  std::vector<double> latencies;
  std::thread reader([&] {
    exchange::v1::SubmitResponse response;
    // Receipts come in the order of the payloads.
    for (int i = 0; i < total && stream->Read(&response);) {
      if (!response.has_summary()) continue;
      latencies.push_back(std::chrono::duration<double, std::micro>(Clock::now() - due(i)).count());
      ++i;
    }
  });
  for (int i = 0; i < total; ++i) {
    std::this_thread::sleep_until(due(i));
    if (!Send(*stream, prepared[static_cast<std::size_t>(i)])) break;
  }
  stream->WritesDone();
  reader.join();
  if (absl::Status status = Convert(stream->Finish()); !status.ok()) return status;
  if (latencies.size() != static_cast<std::size_t>(total)) {
    return absl::InternalError(absl::StrCat(latencies.size(), " receipts of ", total));
  }
  std::sort(latencies.begin(), latencies.end());
  LatencyFigures figures;
  figures.p50_us = latencies[latencies.size() / 2];
  figures.p99_us = latencies[latencies.size() * 99 / 100];
  figures.max_us = latencies.back();
  return figures;
}

absl::Status SubmitOne(const Endpoint& endpoint, const std::string& format,
                       const std::string& payload) {
  auto stub = exchange::v1::ExchangeService::NewStub(Connect(endpoint));
  grpc::ClientContext context;
  const std::unique_ptr<Stream> stream = stub->Submit(&context);
  const bool sent = Send(*stream, payload, format);
  stream->WritesDone();
  exchange::v1::SubmitResponse response;
  bool accepted = false;
  while (stream->Read(&response)) {
    if (!response.has_summary()) continue;
    accepted = response.summary().status().code() == 0 && response.summary().accepted_count() > 0 &&
               response.summary().held_count() == 0 && response.summary().rejected_count() == 0;
  }
  if (absl::Status status = Convert(stream->Finish()); !status.ok()) return status;
  return sent && accepted ? absl::OkStatus() : absl::InternalError("a payload was not accepted");
}

namespace {

// Asks every millisecond until "reached".
absl::Status Await(const Endpoint& hub_listener,
                   const std::function<bool(const hub::v1::HubStatus&)>& reached) {
  auto stub = hub::v1::OperationsService::NewStub(Connect(hub_listener));
  for (int attempt = 0; attempt < 60'000; ++attempt) {
    grpc::ClientContext context;
    hub::v1::HubStatus status;
    if (absl::Status called = Convert(stub->GetHubStatus(&context, {}, &status)); !called.ok())
      return called;
    if (reached(status)) return absl::OkStatus();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return absl::DeadlineExceededError("the hub did not catch up within a minute");
}

}  // namespace

absl::Status WaitProjected(const Endpoint& hub_listener) {
  return Await(hub_listener, [](const hub::v1::HubStatus& status) {
    return status.projected_entry_count() >= status.journal_entry_count();
  });
}

absl::Status WaitWatched(const Endpoint& hub_listener) {
  std::int64_t journalled = -1;
  return Await(hub_listener, [&](const hub::v1::HubStatus& status) {
    if (journalled < 0) journalled = status.journal_entry_count();
    return status.projected_entry_count() >= journalled &&
           status.watched_entry_count() >= journalled;
  });
}

ProcessFigures FiguresOf(pid_t pid) {
  ProcessFigures figures;
  std::ifstream stat(absl::StrCat("/proc/", pid, "/stat"));
  std::string text((std::istreambuf_iterator<char>(stat)), std::istreambuf_iterator<char>());
  if (const std::size_t close = text.rfind(')'); close != std::string::npos) {
    std::istringstream fields(text.substr(close + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    figures.cpu_seconds = (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) figures.resident_kib = std::stoull(line.substr(6));
    if (line.rfind("VmHWM:", 0) == 0) figures.resident_peak_kib = std::stoull(line.substr(6));
  }
  return figures;
}

}  // namespace anqiao::bench

#include "tests/bench/raw_server.h"

#include <grpcpp/grpcpp.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>

#include "anqiao/exchange/v1/exchange.grpc.pb.h"

namespace anqiao::bench {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class RawExchange final : public exchange::v1::ExchangeService::Service {
 public:
  explicit RawExchange(rocksdb::DB* db) : db_(db) {}

  grpc::Status Submit(grpc::ServerContext* context,
                      grpc::ServerReaderWriter<exchange::v1::SubmitResponse,
                                               exchange::v1::SubmitRequest>* stream) override {
    exchange::v1::SubmitRequest request;
    std::string payload, request_id;
    while (stream->Read(&request)) {
      if (request.has_header()) request_id = request.header().request_id();
      payload += request.data();
      if (!request.last()) continue;
      exchange::v1::SubmitResponse response;
      response.set_request_id(request_id);
      if (!Append(payload, response)) return {grpc::StatusCode::INTERNAL, "write failed"};
      payload.clear();
      stream->Write(response);
    }
    return grpc::Status::OK;
  }

 private:
  bool Append(const std::string& payload, exchange::v1::SubmitResponse& response) {
    rocksdb::WriteBatch batch;
    std::lock_guard<std::mutex> lock(mu_);
    std::uint64_t row = 0;
    for (std::size_t begin = 0; begin < payload.size();) {
      std::size_t end = payload.find('\n', begin);
      if (end == std::string::npos) end = payload.size();
      if (++row > 1) {
        char key[8];
        const std::uint64_t sequence = ++sequence_;
        for (int i = 0; i < 8; ++i) key[i] = static_cast<char>(sequence >> (56 - 8 * i));
        batch.Put(rocksdb::Slice(key, 8), rocksdb::Slice(payload.data() + begin, end - begin));
        exchange::v1::RecordReceipt* receipt = response.add_records();
        receipt->set_row(row);
        receipt->set_disposition(exchange::v1::DISPOSITION_ACCEPTED);
      }
      begin = end + 1;
    }
    response.mutable_summary()->set_accepted_count(row - 1);
    rocksdb::WriteOptions options;
    options.sync = true;
    return db_->Write(options, &batch).ok();
  }

  rocksdb::DB* db_;
  std::mutex mu_;
  std::uint64_t sequence_ = 0;
};

}  // namespace

int RunRawServer(const RawServerOptions& options) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  rocksdb::Options db_options;
  db_options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  if (const rocksdb::Status opened = rocksdb::DB::Open(db_options, options.directory, &raw);
      !opened.ok()) {
    std::fprintf(stderr, "raw server: %s\n", opened.ToString().c_str());
    return 1;
  }
  const std::unique_ptr<rocksdb::DB> db(raw);
  RawExchange service(db.get());
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = ReadFile(options.ca);
  tls.pem_key_cert_pairs.push_back({ReadFile(options.key), ReadFile(options.certificate)});
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  const std::string temporary = options.listeners_file + ".new";
  std::ofstream(temporary) << "agency_listener: 127.0.0.1:" << port << "\n";
  std::rename(temporary.c_str(), options.listeners_file.c_str());
  int signal = 0;
  sigwait(&signals, &signal);
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  return 0;
}

}  // namespace anqiao::bench

#include "hub/transport/push_listener.h"

#include <algorithm>
#include <list>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/listener.h"
#include "hub/transport/listening_socket.h"
#include "hub/transport/push_exchange.h"

namespace anqiao::transport {
namespace {

constexpr absl::Duration kListenerLook = absl::Milliseconds(100);

class PushListenerImpl final : public PushListener {
 public:
  PushListenerImpl(PushOptions options, engine::Engine* engine, const Clock* clock, const Log* log,
                   std::unique_ptr<TlsContext> tls, std::unique_ptr<ListeningSocket> socket)
      : options_(std::move(options)),
        clock_(*clock),
        log_(log),
        tls_(std::move(tls)),
        socket_(std::move(socket)),
        authorizer_(rpc::DefaultRules()),
        gate_(engine, &authorizer_, options_.insecure),
        shares_(&options_),
        shared_{.options = options_,
                .engine = *engine,
                .clock = *clock,
                .gate = gate_,
                .shares = shares_,
                .handshake_failed = [this] { Count(&PushCounts::handshakes_failed); },
                .request_refused = [this] { Count(&PushCounts::requests_refused); },
                .payload =
                    [this](const std::string& agency, const exchange::v1::PayloadSummary& summary) {
                      absl::MutexLock lock(&mu_);
                      counts_.payloads[agency].Add(summary);
                    }} {}
  ~PushListenerImpl() override { Shutdown(absl::ZeroDuration()); }

  void Start();
  const std::string& address() const override { return socket_->address(); }
  PushCounts Counts() const override;
  void Shutdown(absl::Duration grace) override;

 private:
  struct Open {
    std::unique_ptr<Connection> connection;
    absl::Duration since;  // accepted, on the steady clock
    PushPhase phase = PushPhase::kOpening;
    bool served = false;  // a thread has it
    bool evicted = false;
  };
  using OpenList = std::list<Open>;

  void Accept();
  // False: stopping.
  bool MakeRoom();
  void Work();
  bool Enter(OpenList::iterator open, PushPhase phase);
  bool Stopping() const;
  bool AnyServed() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return std::any_of(open_.begin(), open_.end(), [](const Open& open) { return open.served; });
  }
  OpenList::iterator NextToServe() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EvictOne() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Count(std::int64_t PushCounts::*what);
  void NoteShortage(bool short_of);

  const PushOptions options_;
  const Clock& clock_;
  const Log* const log_;
  const std::unique_ptr<TlsContext> tls_;  // null: insecure
  const std::unique_ptr<ListeningSocket> socket_;
  const rpc::Authorizer authorizer_;
  const rpc::Gate gate_;
  PushShares shares_;
  const PushExchange::Shared shared_;

  mutable absl::Mutex mu_;
  absl::CondVar changed_;
  OpenList open_ ABSL_GUARDED_BY(mu_);  // oldest first
  PushCounts counts_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;

  bool short_ = false;  // only Accept's thread
  std::thread accepting_;
  std::vector<std::thread> workers_;
};

void PushListenerImpl::Start() {
  for (int i = 0; i < options_.connections_max; ++i) {
    workers_.emplace_back([this] { Work(); });
  }
  accepting_ = std::thread([this] { Accept(); });
}

void PushListenerImpl::Accept() {
  while (socket_->AwaitClient() && MakeRoom()) {
    bool short_of = false;
    const int fd = socket_->Accept(&short_of);
    NoteShortage(short_of);
    if (fd < 0) continue;
    SslPtr ssl = tls_ == nullptr ? nullptr : tls_->NewServerSession();
    Open open;
    open.connection = std::make_unique<Connection>(&clock_, fd, std::move(ssl));
    open.since = clock_.SteadyNow();
    if (tls_ != nullptr && open.connection->ssl() == nullptr) continue;
    absl::MutexLock lock(&mu_);
    ++counts_.accepted;
    open_.push_back(std::move(open));
    changed_.SignalAll();
  }
}

void PushListenerImpl::NoteShortage(bool short_of) {
  if (short_of) Count(&PushCounts::accept_errors);
  if (short_of == short_) return;
  short_ = short_of;
  if (log_ == nullptr) return;
  log_->Write(short_of ? Log::Level::kWarning : Log::Level::kInfo,
              short_of ? "http_push_cannot_accept" : "http_push_accepts_again");
}

bool PushListenerImpl::MakeRoom() {
  absl::MutexLock lock(&mu_);
  while (!stopping_ && open_.size() >= static_cast<std::size_t>(options_.connections_max)) {
    EvictOne();
    changed_.WaitWithTimeout(&mu_, kListenerLook);
  }
  return !stopping_;
}

void PushListenerImpl::EvictOne() {
  // One that is on its way out is enough.
  if (std::any_of(open_.begin(), open_.end(), [](const Open& open) { return open.evicted; }))
    return;
  for (Open& open : open_) {
    if (open.phase != PushPhase::kOpening) continue;
    if (clock_.SteadyNow() - open.since < options_.opening_min) return;  // So are those after it.
    open.evicted = true;
    ++counts_.evicted;
    open.connection->Interrupt();
    return;
  }
}

PushListenerImpl::OpenList::iterator PushListenerImpl::NextToServe() {
  return std::find_if(open_.begin(), open_.end(), [](const Open& open) { return !open.served; });
}

void PushListenerImpl::Work() {
  while (true) {
    OpenList::iterator open;
    {
      absl::MutexLock lock(&mu_);
      while (!stopping_ && NextToServe() == open_.end()) changed_.Wait(&mu_);
      if (stopping_) return;
      open = NextToServe();
      open->served = true;
    }
    PushExchange(
        &shared_, open->connection.get(), [&](PushPhase phase) { return Enter(open, phase); },
        [this] { return Stopping(); })
        .Run();
    std::unique_ptr<Connection> over;  // Closed without the lock.
    absl::MutexLock lock(&mu_);
    over = std::move(open->connection);
    open_.erase(open);
    changed_.SignalAll();
  }
}

bool PushListenerImpl::Enter(OpenList::iterator open, PushPhase phase) {
  absl::MutexLock lock(&mu_);
  open->phase = phase;
  return !stopping_ && !open->evicted;
}

bool PushListenerImpl::Stopping() const {
  absl::MutexLock lock(&mu_);
  return stopping_;
}

void PushListenerImpl::Count(std::int64_t PushCounts::*what) {
  absl::MutexLock lock(&mu_);
  ++(counts_.*what);
}

PushCounts PushListenerImpl::Counts() const {
  absl::MutexLock lock(&mu_);
  PushCounts counts = counts_;
  counts.connections = static_cast<std::int64_t>(open_.size());
  return counts;
}

void PushListenerImpl::Shutdown(absl::Duration grace) {
  {
    absl::MutexLock lock(&mu_);
    if (stopping_) return;
    stopping_ = true;
    changed_.SignalAll();
    for (Open& open : open_) {
      if (open.phase != PushPhase::kAnswering) open.connection->Interrupt();
    }
    const absl::Duration until = clock_.SteadyNow() + grace;
    while (AnyServed() && clock_.SteadyNow() < until) changed_.WaitWithTimeout(&mu_, kListenerLook);
    for (Open& open : open_) open.connection->Interrupt();
  }
  socket_->Stop();
  if (accepting_.joinable()) accepting_.join();
  for (std::thread& worker : workers_) worker.join();
}

}  // namespace

absl::StatusOr<std::unique_ptr<PushListener>> PushListener::Start(PushOptions options,
                                                                  engine::Engine* engine,
                                                                  const Clock* clock,
                                                                  const Log* log) {
  const auto refused = [](absl::string_view why) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
                 absl::StrCat("http_push_listener: ", why));
  };
  for (const std::string& agency : options.agencies) {
    if (engine->FindAgency(agency) == nullptr) {
      return refused(absl::StrCat("there is no agency ", agency));
    }
  }
  std::unique_ptr<TlsContext> tls;
  if (!options.insecure) {
    absl::StatusOr<std::unique_ptr<TlsContext>> made = TlsContext::ForServer(options.identity);
    if (!made.ok()) return refused(made.status().message());
    tls = *std::move(made);
  } else if (!rpc::IsLoopback(options.address)) {
    return refused(
        absl::StrCat("an insecure listener must have a loopback address, got ", options.address));
  }
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<ListeningSocket> socket,
                      ListeningSocket::Open(options.address));
  auto listener = std::make_unique<PushListenerImpl>(std::move(options), engine, clock, log,
                                                     std::move(tls), std::move(socket));
  listener->Start();
  return std::unique_ptr<PushListener>(std::move(listener));
}

}  // namespace anqiao::transport

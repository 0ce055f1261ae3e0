#include "hub/rpc/listener_watch.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "anqiao/hub/v1/operations.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "hub/base/errors.h"
#include "hub/rpc/authenticator.h"
#include "hub/rpc/authorizer.h"
#include "hub/rpc/grpc_listener.h"
#include "hub/rpc/health_service.h"
#include "hub/rpc/listener.h"
#include "tests/hub/rpc/fake_engine.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::rpc {
namespace {

using ::testing::ElementsAre;
using testing::FakeEngine;
using ::testing::HasSubstr;
using testing::StatusIs;

// --- The watch, with everything around it made up. ---

class FakeListener final : public WatchedListener {
 public:
  explicit FakeListener(std::string name) : name_(std::move(name)) {}
  const std::string& name() const override { return name_; }
  const ProbeTarget& target() const override { return target_; }
  absl::Status Rebuild() override {
    ++tried;
    if (!can_rebuild) return absl::UnavailableError("taken");
    result = ProbeResult::kAnswered;
    return absl::OkStatus();
  }

  ProbeResult result = ProbeResult::kAnswered;
  bool can_rebuild = true;
  int tried = 0;

 private:
  const std::string name_;
  const ProbeTarget target_{};
};

struct FakeReserve final : DescriptorReserve {
  FakeReserve() : DescriptorReserve(0) {}
  bool Check() override { return enough; }
  void GiveBack() override { ++given_back; }
  bool enough = true;
  int given_back = 0;
};

class ListenerWatchTest : public ::testing::Test {
 protected:
  ListenerWatchTest() {
    auto reserve = std::make_unique<FakeReserve>();
    reserve_ = reserve.get();
    watch_ = std::make_unique<ListenerWatch>(
        options_, std::vector<WatchedListener*>{&agency_, &hub_}, std::move(reserve),
        [this](const std::vector<const ProbeTarget*>& targets, absl::Duration timeout) {
          std::vector<ProbeResult> results;
          for (const ProbeTarget* target : targets) {
            FakeListener& listener = target == &agency_.target() ? agency_ : hub_;
            probed_ += listener.name();
            results.push_back(listener.result);
          }
          timeout_ = timeout;
          return results;
        },
        &log_);
  }
  ~ListenerWatchTest() override { std::fclose(file_); }

  // One round, "by" later than the last.
  void Round(absl::Duration by) {
    now_ += by;
    probed_.clear();
    watch_->Round(now_);
  }
  std::string Logged() {
    std::string text(1 << 16, '\0');
    std::rewind(file_);
    text.resize(std::fread(text.data(), 1, text.size(), file_));
    return text;
  }

  const ListenerWatchOptions options_;
  FakeListener agency_{"a"}, hub_{"h"};
  std::FILE* const file_ = std::tmpfile();
  const SystemClock clock_;
  const Log log_{&clock_, file_};
  FakeReserve* reserve_ = nullptr;
  std::unique_ptr<ListenerWatch> watch_;
  absl::Duration now_ = absl::Hours(1), timeout_;
  std::string probed_;
};

TEST_F(ListenerWatchTest, ProbesWhatAnswersOnceAnInterval) {
  Round(absl::ZeroDuration());
  EXPECT_EQ(probed_, "ah");
  EXPECT_EQ(timeout_, options_.answer_max);
  Round(options_.interval - absl::Milliseconds(1));
  EXPECT_EQ(probed_, "");
  Round(absl::Milliseconds(1));
  EXPECT_EQ(probed_, "ah");
  EXPECT_EQ(watch_->rebuild_count(), 0);
}

TEST_F(ListenerWatchTest, RebuildsAfterTwoSilentProbesAndNotBefore) {
  hub_.result = ProbeResult::kSilent;
  Round(absl::ZeroDuration());
  EXPECT_EQ(hub_.tried, 0);
  Round(options_.pause);
  EXPECT_EQ(probed_, "h");
  EXPECT_EQ(hub_.tried, 1);
  EXPECT_EQ(agency_.tried, 0);
  EXPECT_EQ(watch_->rebuild_count(), 1);
  EXPECT_THAT(Logged(),
              HasSubstr("\"event\":\"listener_rebuilt\",\"listener\":\"h\",\"rebuilds\":\"1\""));
  Round(options_.pause);
  EXPECT_EQ(probed_, "h");
  Round(options_.pause);
  EXPECT_EQ(probed_, "");
}

TEST_F(ListenerWatchTest, AnAnswerInBetweenStartsAnew) {
  for (int i = 0; i < 3; ++i) {
    hub_.result = ProbeResult::kSilent;
    Round(options_.interval);
    hub_.result = ProbeResult::kAnswered;
    Round(options_.pause);
  }
  EXPECT_EQ(hub_.tried, 0);
}

TEST_F(ListenerWatchTest, AProbeThatCouldNotBeTriedSaysNothing) {
  hub_.result = ProbeResult::kNotTried;
  for (int i = 0; i < 10; ++i) Round(options_.pause);
  EXPECT_EQ(hub_.tried, 0);
}

TEST_F(ListenerWatchTest, WaitsAShortageOutThenLooksAtOnce) {
  Round(absl::ZeroDuration());
  reserve_->enough = false;
  agency_.result = ProbeResult::kSilent;
  for (int i = 0; i < 40; ++i) {
    Round(options_.pause);
    EXPECT_EQ(probed_, "");
  }
  EXPECT_EQ(reserve_->given_back, 0);
  reserve_->enough = true;
  Round(options_.pause);
  EXPECT_EQ(probed_, "ah");
  EXPECT_EQ(timeout_, options_.answer_max_after_shortage);
  Round(options_.pause);
  EXPECT_EQ(agency_.tried, 1);
  EXPECT_EQ(hub_.tried, 0);
  EXPECT_THAT(Logged(), HasSubstr("\"event\":\"descriptors_short\""));
  EXPECT_THAT(Logged(), HasSubstr("\"event\":\"descriptors_sufficient\""));
}

TEST_F(ListenerWatchTest, AShortageThatLastsIsLookedIntoWithTheReserve) {
  reserve_->enough = false;
  agency_.result = ProbeResult::kSilent;
  Round(absl::ZeroDuration());
  Round(options_.shortage_max);
  EXPECT_EQ(probed_, "ah");
  EXPECT_EQ(reserve_->given_back, 1);
  Round(options_.pause);
  EXPECT_EQ(agency_.tried, 1);
  EXPECT_EQ(hub_.tried, 0);
}

TEST_F(ListenerWatchTest, ARebuildThatFailsIsTriedAgainAndLoggedOnce) {
  agency_.result = ProbeResult::kSilent;
  agency_.can_rebuild = false;
  Round(absl::ZeroDuration());
  Round(options_.pause);
  Round(options_.interval);
  Round(options_.interval);
  EXPECT_EQ(agency_.tried, 3);
  EXPECT_EQ(watch_->rebuild_count(), 0);
  const std::string log = Logged();
  const std::size_t first = log.find("listener_rebuild_failed");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(log.find("listener_rebuild_failed", first + 1), std::string::npos);
  agency_.can_rebuild = true;
  Round(options_.interval);
  EXPECT_EQ(watch_->rebuild_count(), 1);
}

TEST(ListenerWatchThreadTest, ShutdownWaitsForARebuildThatRuns) {
  class SlowListener final : public WatchedListener {
   public:
    const std::string& name() const override { return name_; }
    const ProbeTarget& target() const override { return target_; }
    absl::Status Rebuild() override {
      begun.Notify();
      go_on.WaitForNotification();
      over = true;
      return absl::OkStatus();
    }
    absl::Notification begun, go_on;
    bool over = false;

   private:
    const std::string name_ = "slow";
    const ProbeTarget target_{};
  } listener;
  ListenerWatch watch(
      {.pause = absl::Hours(1), .silent_max = 1}, {&listener}, std::make_unique<FakeReserve>(),
      [](const std::vector<const ProbeTarget*>& targets, absl::Duration) {
        return std::vector<ProbeResult>(targets.size(), ProbeResult::kSilent);
      },
      nullptr);
  watch.Start();
  listener.begun.WaitForNotification();
  std::thread stopper([&] { watch.Shutdown(); });
  listener.go_on.Notify();
  stopper.join();
  EXPECT_TRUE(listener.over);
  EXPECT_EQ(watch.rebuild_count(), 1);
  watch.Shutdown();
}

// --- The probe, the reserve and the servers, for real. ---

sockaddr_in Loopback(const std::string& address) {
  sockaddr_in out = {};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port));
  out.sin_port = htons(static_cast<std::uint16_t>(port));
  return out;
}

// Listens and never accepts, as gRPC does after accept failed.
class DeadListener {
 public:
  explicit DeadListener(const std::string& address) {
    sockaddr_in bound = Loopback(address);
    auto* const raw = reinterpret_cast<sockaddr*>(&bound);
    socklen_t size = sizeof(bound);
    const int on = 1;
    setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    EXPECT_EQ(bind(fd_, raw, size), 0);
    EXPECT_EQ(listen(fd_, 8), 0);
    EXPECT_EQ(getsockname(fd_, raw, &size), 0);
    address_ = absl::StrCat("127.0.0.1:", ntohs(bound.sin_port));
  }
  ~DeadListener() { close(fd_); }
  const std::string& address() const { return address_; }

 private:
  const int fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string address_;
};

// Connections that say nothing.
class RawConnections {
 public:
  ~RawConnections() { CloseAll(); }
  bool Add(const std::string& address) {
    const sockaddr_in to = Loopback(address);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    fds_.push_back(fd);
    return connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0;
  }
  void CloseAll() {
    for (const int fd : fds_) close(fd);
    fds_.clear();
  }

 private:
  std::vector<int> fds_;
};

// Lowers the soft limit of open files so that "free" can still be opened.
class LowLimit {
 public:
  explicit LowLimit(int free) {
    getrlimit(RLIMIT_NOFILE, &before_);
    // The limit is on the number of a descriptor, and the lowest free number is taken.
    std::vector<int> opened;
    for (int i = 0; i <= free; ++i) opened.push_back(dup(STDERR_FILENO));
    rlimit low = before_;
    low.rlim_cur = static_cast<rlim_t>(opened.back());
    for (const int fd : opened) close(fd);
    setrlimit(RLIMIT_NOFILE, &low);
  }
  ~LowLimit() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_ = {};
};

TEST(DescriptorReserveTest, IsGivenBackInPortionsAndTakenAgain) {
  DescriptorReserve reserve(/*listening_sockets=*/1);
  const int portion = reserve.whole() / 2;
  EXPECT_EQ(reserve.held(), 2 * portion);
  EXPECT_TRUE(reserve.Check());
  std::vector<int> connections;
  {
    const LowLimit limit(kFreeDescriptorsMin);
    EXPECT_TRUE(reserve.Check());
    connections.push_back(dup(STDERR_FILENO));
    EXPECT_FALSE(reserve.Check());
    EXPECT_EQ(reserve.held(), portion);
    // What was given back is left to others, and is no end of the shortage.
    EXPECT_FALSE(reserve.Check());
    EXPECT_EQ(reserve.held(), portion);
    for (int i = 0; i < portion; ++i) connections.push_back(dup(STDERR_FILENO));
    EXPECT_FALSE(reserve.Check());
    EXPECT_EQ(reserve.held(), 0);
    EXPECT_FALSE(reserve.Check());
    EXPECT_GE(connections.back(), 0);
    for (const int fd : connections) close(fd);
    EXPECT_TRUE(reserve.Check());
    EXPECT_EQ(reserve.held(), 2 * portion);
  }
  reserve.GiveBack();
  EXPECT_EQ(reserve.held(), 0);
}

TEST(ListenerProbeTest, OnlyBytesOfTheServerCount) {
  const auto dead = std::make_unique<DeadListener>("127.0.0.1:0");
  const std::string address = dead->address();
  for (const bool tls : {false, true}) {
    AQ_ASSERT_OK_AND_ASSIGN(const ProbeTarget target, ProbeTarget::For(address, tls));
    EXPECT_EQ(target.greeting.empty(), !tls);
    EXPECT_THAT(Probe({&target}, absl::Milliseconds(50)), ElementsAre(ProbeResult::kSilent));
    EXPECT_FALSE(IsFree(target));
    const LowLimit none(0);
    EXPECT_THAT(Probe({&target}, absl::Milliseconds(50)), ElementsAre(ProbeResult::kNotTried));
  }
}

TEST(ListenerProbeTest, WhereNothingListensIsSilentAndFree) {
  const std::string address = DeadListener("127.0.0.1:0").address();
  AQ_ASSERT_OK_AND_ASSIGN(const ProbeTarget gone, ProbeTarget::For(address, false));
  EXPECT_THAT(Probe({&gone}, absl::Seconds(1)), ElementsAre(ProbeResult::kSilent));
  EXPECT_TRUE(IsFree(gone));
}

TEST(ListenerProbeTest, AnAddressMustExist) {
  for (const char* address : {"127.0.0.1", "[::1:80", "no.such.host.invalid:80"}) {
    EXPECT_EQ(ReasonOf(ProbeTarget::For(address, false).status()), reason::kConfigurationInvalid)
        << address;
  }
}

// --- One server after the other on one port. ---

class HealthOnly final : public ServiceSet {
 public:
  explicit HealthOnly(const Gate* gate) : health_(gate, {"some.Service"}) {}
  void Register(grpc::ServerBuilder& builder) override { builder.RegisterService(&health_); }
  void Stop() override { health_.Stop(); }

 private:
  HealthServiceImpl health_;
};

class GrpcListenerTest : public ::testing::Test {
 protected:
  void SetUp() override { AQ_ASSERT_OK(listener_.Open()); }
  std::unique_ptr<grpc::health::v1::Health::Stub> Connect() {
    return grpc::health::v1::Health::NewStub(
        grpc::CreateChannel(listener_.address(), grpc::InsecureChannelCredentials()));
  }
  static void Identify(grpc::ClientContext& context) {
    context.AddMetadata(kPrincipalMetadata, "anqiao://users/li?role=operator");
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  }
  // As a client does: a call that meets the old server as it goes is made again.
  static bool Check(grpc::health::v1::Health::Stub& stub) {
    for (int i = 0; i < 10; ++i) {
      grpc::ClientContext context;
      Identify(context);
      grpc::health::v1::HealthCheckResponse response;
      const grpc::Status status = stub.Check(&context, {}, &response);
      if (status.ok()) return response.status() == grpc::health::v1::HealthCheckResponse::SERVING;
      if (status.error_code() != grpc::StatusCode::UNAVAILABLE &&
          status.error_code() != grpc::StatusCode::CANCELLED)
        return false;
    }
    return false;
  }

  FakeEngine engine_;
  const Authorizer authorizer_{DefaultRules()};
  const Gate gate_{&engine_, &authorizer_, /*insecure=*/true};
  GrpcListener listener_{{.name = "test_listener",
                          .listener = {.address = "127.0.0.1:0"},
                          .insecure = true,
                          .receive_bytes_max = 1 << 20},
                         [this] { return std::make_unique<HealthOnly>(&gate_); }};
};

TEST_F(GrpcListenerTest, ClientsGoOnWithTheNewServerAndOpenStreamsEndInOrder) {
  const std::string address = listener_.address();
  auto stub = Connect();
  grpc::ClientContext context;
  Identify(context);
  auto watch = stub->Watch(&context, {});
  grpc::health::v1::HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  for (int i = 0; i < 3; ++i) {
    AQ_EXPECT_OK(listener_.Rebuild());
    EXPECT_EQ(listener_.address(), address);
    EXPECT_TRUE(Check(*stub));
  }
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_TRUE(watch->Finish().ok());
}

TEST_F(GrpcListenerTest, ShutsDownWhileTheOldServerDrains) {
  auto stub = Connect();
  EXPECT_TRUE(Check(*stub));
  AQ_EXPECT_OK(listener_.Rebuild());
  listener_.Shutdown(std::chrono::system_clock::now());
  listener_.Shutdown(std::chrono::system_clock::now());
  EXPECT_TRUE(IsFree(listener_.target()));
}

TEST_F(GrpcListenerTest, AnAddressTakenInBetweenIsAnErrorThatPasses) {
  listener_.Shutdown(std::chrono::system_clock::now());
  {
    const DeadListener other(listener_.address());
    const absl::Status status = listener_.Rebuild();
    EXPECT_THAT(status,
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("test_listener")));
    EXPECT_EQ(ReasonOf(status), reason::kConfigurationInvalid);
  }
  AQ_EXPECT_OK(listener_.Rebuild());
  EXPECT_TRUE(Check(*Connect()));
}

class RebuiltListenersTest : public ::testing::Test {
 protected:
  void Start(std::optional<ListenerWatchOptions> watch) {
    AQ_ASSERT_OK_AND_ASSIGN(listeners_, Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                                                          .hub = {.address = "127.0.0.1:0"},
                                                          .insecure_loopback = true,
                                                          .watch = watch},
                                                         &engine_));
  }
  // Over a connection of its own, so that the listener has to accept.
  grpc::StatusCode CallOnNewConnection(absl::Duration patience) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return Call(grpc::CreateCustomChannel(listeners_->hub_address(),
                                          grpc::InsecureChannelCredentials(), arguments),
                patience);
  }
  static grpc::StatusCode Call(const std::shared_ptr<grpc::Channel>& channel,
                               absl::Duration patience) {
    auto stub = hub::v1::OperationsService::NewStub(channel);
    grpc::ClientContext context;
    context.AddMetadata(kPrincipalMetadata, "anqiao://users/li?role=operator");
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(patience));
    hub::v1::HubStatus status;
    return stub->GetHubStatus(&context, hub::v1::GetHubStatusRequest(), &status).error_code();
  }
  // Connects until the process has no descriptor left and the listener has failed to accept.
  void Exhaust() {
    const LowLimit limit(60);
    while (raw_.Add(listeners_->hub_address())) {
    }
    // Descriptors of connections that gRPC took and those it did not: both are given back below.
    EXPECT_EQ(CallOnNewConnection(absl::Milliseconds(300)), grpc::StatusCode::DEADLINE_EXCEEDED);
    raw_.CloseAll();
  }

  static constexpr ListenerWatchOptions kFast = {
      .interval = absl::Milliseconds(50),
      .pause = absl::Milliseconds(10),
      .answer_max = absl::Milliseconds(500),
      .answer_max_after_shortage = absl::Milliseconds(500)};
  FakeEngine engine_;
  RawConnections raw_;
  std::unique_ptr<Listeners> listeners_;
};

TEST_F(RebuiltListenersTest, ServeAgainOnTheSamePortAfterDescriptorsRanOut) {
  Start(kFast);
  const std::string address = listeners_->hub_address();
  Exhaust();
  EXPECT_EQ(CallOnNewConnection(absl::Seconds(30)), grpc::StatusCode::OK);
  EXPECT_GE(listeners_->rebuild_count(), 1);
  EXPECT_EQ(listeners_->hub_address(), address);
  listeners_->Shutdown(absl::Seconds(1));
}

TEST_F(RebuiltListenersTest, WithoutTheWatchNeverServeAgain) {
  Start(std::nullopt);
  Exhaust();
  EXPECT_EQ(CallOnNewConnection(absl::Seconds(2)), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(listeners_->rebuild_count(), 0);
}

}  // namespace
}  // namespace anqiao::rpc

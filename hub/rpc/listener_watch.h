// Watches the listeners from outside and replaces one that no longer answers.
//
// gRPC 1.51 stops accepting for good when accept() fails once, as it does without a free file
// descriptor (CVE-2023-4785). So a thread connects to each listener as a client would
// (listener_probe.h); one that stays silent is rebuilt on the same address.
//
//   answers --silent--> suspected --silent again--> rebuilt
//
// While descriptors are short, a new server would fail as the old one did, and the old one still
// serves the connections it has: the watch then gives the store of its reserve, waits for the
// shortage to end and probes at once, less patiently. A shortage that lasts (shortage_max) is ended
// by the rebuild, which closes every connection of the listener; what is left of the reserve lets
// the watch see and do that.
//
//   ListenerWatch watch({}, {&agency, &hub}, std::make_unique<DescriptorReserve>(2), Probe, &log);
//   watch.Start();
//   ...
//   watch.Shutdown();  // before the listeners'
//
// Start, Shutdown and the destructor on one thread; the rest is thread-safe.

#ifndef ANQIAO_HUB_RPC_LISTENER_WATCH_H_
#define ANQIAO_HUB_RPC_LISTENER_WATCH_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hub/base/log.h"
#include "hub/rpc/descriptor_reserve.h"
#include "hub/rpc/listener_probe.h"

namespace anqiao::rpc {

struct ListenerWatchOptions {
  // Between two probes of a listener that answers.
  absl::Duration interval = absl::Seconds(2);
  // Between two looks at the descriptors, and after a silent probe.
  absl::Duration pause = absl::Milliseconds(100);
  // How long a listener may take to answer: ordinarily, and if descriptors were short since it last
  // did.
  absl::Duration answer_max = absl::Seconds(3);
  absl::Duration answer_max_after_shortage = absl::Seconds(1);
  // A shortage is waited out for so long: a little more than connections that never finish their
  // handshake live.
  absl::Duration shortage_max = absl::Seconds(15);
  // So many silent probes in a row and the listener is rebuilt.
  int silent_max = 2;
};

// What is watched. Called on the watch's thread only.
class WatchedListener {
 public:
  virtual ~WatchedListener() = default;
  virtual const std::string& name() const = 0;
  virtual const ProbeTarget& target() const = 0;
  // Puts a new server in the place of the old one. Any error: there is no server now; may be tried
  // again.
  virtual absl::Status Rebuild() = 0;
};

class ListenerWatch {
 public:
  using ProbeFunction = std::function<std::vector<ProbeResult>(
      const std::vector<const ProbeTarget*>&, absl::Duration)>;

  // "listeners" and "log" outlive the watch; "log" may be null.
  ListenerWatch(const ListenerWatchOptions& options, const std::vector<WatchedListener*>& listeners,
                std::unique_ptr<DescriptorReserve> reserve, ProbeFunction probe, const Log* log);
  ~ListenerWatch() { Shutdown(); }

  void Start();
  // Idempotent; joins. A probe or a rebuild that runs is waited for.
  void Shutdown();

  // One round of the thread, at "now" of any steady clock. For the thread, or for a test without
  // one.
  void Round(absl::Duration now);

  std::int64_t rebuild_count() const { return rebuild_count_; }

 private:
  struct Watched {
    WatchedListener* listener = nullptr;
    int silent = 0;
    // Descriptors were short since it last answered.
    bool suspected = false;
    // A rebuild failed, and that was logged.
    bool failing = false;
    absl::Duration due;
  };

  void Run();
  // Keeps short_since_; true if descriptors are short.
  bool CheckShortage(absl::Duration now);
  void ProbeDue(absl::Duration now);
  void Judge(Watched& watched, ProbeResult result, absl::Duration now);
  void Rebuild(Watched& watched, absl::Duration now);
  void Write(Log::Level level, absl::string_view event, Log::Fields fields) const;

  const ListenerWatchOptions options_;
  const ProbeFunction probe_;
  const Log* const log_;
  const std::unique_ptr<DescriptorReserve> reserve_;
  std::atomic<std::int64_t> rebuild_count_{0};

  // Only the thread.
  std::vector<Watched> watched_;
  std::optional<absl::Duration> short_since_;

  // Standard ones: their waits go by the steady clock, Abseil's by the one that may be set.
  std::mutex mu_;
  std::condition_variable stopped_;
  bool stop_ = false;  // guarded by mu_
  std::thread thread_;
};

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_LISTENER_WATCH_H_

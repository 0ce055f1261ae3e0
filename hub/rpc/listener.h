// The two listeners: sockets, TLS, limits, and the services that each carries.
//
//   PrepareProcess();                                     // before anything else of gRPC
//   AQ_ASSIGN_OR_RETURN(auto listeners, Listeners::Start({...}, engine));
//   ...
//   listeners->Shutdown(absl::Seconds(5));                // then the engine's
//
// Only TLS 1.3 with a client certificate of the configured CA gets through. gRPC 1.51 cannot be
// told a lowest version, so PrepareProcess leaves TLS 1.2 no cipher suite that could ever be agreed
// on.

#ifndef ANQIAO_HUB_RPC_LISTENER_H_
#define ANQIAO_HUB_RPC_LISTENER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/base/log.h"
#include "hub/engine/engine.h"
#include "hub/rpc/authorizer.h"
#include "hub/rpc/listener_watch.h"

namespace anqiao::rpc {

// PEM texts.
struct TlsMaterial {
  std::string certificate;
  std::string key;
  std::string client_ca;
};

struct ListenerOptions {
  std::string address;   // "host:port"; port 0 takes a free one
  TlsMaterial tls = {};  // unused on an insecure listener
};

struct ListenersOptions {
  ListenerOptions agency;
  ListenerOptions hub;
  // Without TLS; only on loopback addresses.
  bool insecure_loopback = false;
  // Who may call what.
  std::vector<Rule> rules = DefaultRules();
  // Rebuilds a listener that no longer answers; nullopt: nobody looks.
  std::optional<ListenerWatchOptions> watch = ListenerWatchOptions();
  // Of the watch; outlives the listeners. Null: nothing is logged.
  const Log* log = nullptr;
};

// Sets what must be set before the first use of gRPC, and raises the limit of open files to the
// hard one (CVE-2023-4785: a gRPC server that runs out of them stops accepting for good; the watch
// of listener_watch.h is for when that happens all the same).
void PrepareProcess();

// "127.0.0.1:0", "localhost:8701", "[::1]:8701".
bool IsLoopback(absl::string_view address);

// Thread-safe.
class Listeners {
 public:
  // "engine" outlives the listeners. FAILED_PRECONDITION (CONFIGURATION_INVALID): a method has no
  // rule; an insecure address is not loopback; the TLS files do not fit together; an address is
  // taken or is none.
  static absl::StatusOr<std::unique_ptr<Listeners>> Start(const ListenersOptions& options,
                                                          engine::Engine* engine);
  virtual ~Listeners() = default;

  // "host:port" as bound.
  virtual const std::string& agency_address() const = 0;
  virtual const std::string& hub_address() const = 0;
  // How often the watch put a new server in the place of one that no longer answered.
  virtual std::int64_t rebuild_count() const = 0;

  // Stops the watch, answers what was taken in, ends the streams, and after "grace" cancels the
  // rest; a server that was just replaced may take some seconds more. Idempotent.
  virtual void Shutdown(absl::Duration grace) = 0;
};

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_LISTENER_H_

// How the engine is, for Prometheus: GET /metrics over plain HTTP. Numbers only, nothing personal.
//
// hub/doc/operating.md lists the metrics. Thread-safe.

#ifndef ANQIAO_HUB_SERVER_METRICS_H_
#define ANQIAO_HUB_SERVER_METRICS_H_

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "hub/adapter/adapter_slot.h"
#include "hub/adapter/worker_adapter.h"
#include "hub/engine/engine.h"
#include "hub/transport/drop_folder.h"
#include "hub/transport/http_delivery.h"
#include "hub/transport/http_poll.h"
#include "hub/transport/outbox_delivery.h"
#include "hub/transport/push_listener.h"

namespace anqiao::server {

// Reads the engine's counts whenever it is asked.
class EngineMetrics : public prometheus::Collectable {
 public:
  // "engine" outlives it.
  explicit EngineMetrics(const engine::Engine* engine) : engine_(engine) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const engine::Engine* const engine_;
};

// How the adapters' workers are.
class AdapterMetrics : public prometheus::Collectable {
 public:
  struct Source {
    std::string agency;
    const adapter::AdapterSlot* slot = nullptr;
  };
  // The slots outlive it. What is counted is of the build in use, so that counts begin anew with
  // another one; builds that run in this process have none.
  explicit AdapterMetrics(std::vector<Source> sources) : sources_(std::move(sources)) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::vector<Source> sources_;
};

// What comes in and leaves in other ways than by calls.
class TransportMetrics : public prometheus::Collectable {
 public:
  struct Sources {
    const transport::PushListener* push = nullptr;  // may be null
    std::vector<const transport::DropFolder*> folders;
    std::vector<const transport::HttpPoll*> polls;
    std::vector<const transport::OutboxDelivery*> outboxes;
    std::vector<const transport::HttpDelivery*> http;
  };
  // The sources and "engine" outlive it.
  TransportMetrics(Sources sources, engine::Engine* engine)
      : sources_(std::move(sources)), engine_(engine) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  std::vector<prometheus::MetricFamily> OfPolls() const;
  std::vector<prometheus::MetricFamily> OfPush() const;
  std::vector<prometheus::MetricFamily> OfDeliveries() const;

  const Sources sources_;
  engine::Engine* const engine_;
};

// Serves until it is destroyed, on threads of its own.
class MetricsListener {
 public:
  // "address" is host:port; port 0 takes a free one. "engine" outlives the listener.
  // FAILED_PRECONDITION (CONFIGURATION_INVALID): the address cannot be bound.
  static absl::StatusOr<std::unique_ptr<MetricsListener>> Start(
      const std::string& address, engine::Engine* engine,
      std::vector<AdapterMetrics::Source> adapters = {}, TransportMetrics::Sources transports = {});
  const std::string& address() const { return address_; }

 private:
  MetricsListener(std::unique_ptr<prometheus::Exposer> exposer, std::string address,
                  engine::Engine* engine, std::vector<AdapterMetrics::Source> adapters,
                  TransportMetrics::Sources transports);

  const std::string address_;
  // The exposer keeps only weak pointers.
  const std::shared_ptr<EngineMetrics> metrics_;
  const std::shared_ptr<AdapterMetrics> adapters_;
  const std::shared_ptr<TransportMetrics> transports_;
  const std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace anqiao::server

#endif  // ANQIAO_HUB_SERVER_METRICS_H_

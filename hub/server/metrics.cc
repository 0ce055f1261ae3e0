#include "hub/server/metrics.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"

namespace anqiao::server {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::size_t kThreads = 2;

MetricFamily Family(std::string name, std::string help, MetricType type, ClientMetric metric) {
  MetricFamily family;
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = type;
  family.metric.push_back(std::move(metric));
  return family;
}

MetricFamily Counter(std::string name, std::string help, std::int64_t value) {
  ClientMetric metric;
  metric.counter.value = static_cast<double>(value);
  return Family(std::move(name), std::move(help), MetricType::Counter, std::move(metric));
}

MetricFamily Gauge(std::string name, std::string help, double value) {
  ClientMetric metric;
  metric.gauge.value = value;
  return Family(std::move(name), std::move(help), MetricType::Gauge, std::move(metric));
}

// Values of "histogram" are given in units of "scale".
template <std::size_t N>
MetricFamily HistogramOf(std::string name, std::string help, const engine::Histogram<N>& histogram,
                         double scale) {
  ClientMetric metric;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i <= N; ++i) {
    count += static_cast<std::uint64_t>(histogram.counts[i]);
    ClientMetric::Bucket bucket;
    bucket.cumulative_count = count;
    bucket.upper_bound = i < N ? static_cast<double>(histogram.bounds[i]) * scale
                               : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back(bucket);
  }
  metric.histogram.sample_count = count;
  metric.histogram.sample_sum = static_cast<double>(histogram.sum) * scale;
  return Family(std::move(name), std::move(help), MetricType::Histogram, std::move(metric));
}

}  // namespace

std::vector<MetricFamily> EngineMetrics::Collect() const {
  const engine::HubCounts counts = engine_->Counts();
  const auto entries = [](store::Sequence sequence) { return static_cast<std::int64_t>(sequence); };
  return {
      Counter("anqiao_journal_entries_total", "Entries in the journal, all synced.",
              entries(counts.synced)),
      Counter("anqiao_groups_total", "Groups committed since the start.", counts.groups.groups),
      HistogramOf("anqiao_group_entries", "Entries in a group.", counts.groups.entries, 1.0),
      HistogramOf("anqiao_sync_seconds", "Time to append and sync a group.",
                  counts.groups.sync_micros, 1e-6),
      Gauge("anqiao_projection_lag_entries", "Entries that are synced and not yet projected.",
            static_cast<double>(entries(counts.synced) - entries(counts.projected))),
      Counter("anqiao_lag_waits_total", "Times that intake waited for the projections.",
              counts.lag_waits),
      Gauge("anqiao_queue_length", "Payloads, commands and answers that wait for the writer.",
            static_cast<double>(counts.queued)),
      Gauge("anqiao_delivery_places", "Waiting deliveries that are kept in memory.",
            static_cast<double>(counts.delivery_places)),
  };
}

std::vector<MetricFamily> AdapterMetrics::Collect() const {
  using Kind = adapter::Fault::Kind;
  if (sources_.empty()) return {};
  MetricFamily started{
      "anqiao_adapter_workers_started_total", "Adapter workers started.", MetricType::Counter, {}};
  MetricFamily faults{"anqiao_adapter_faults_total",
                      "Calls over which an adapter's worker came to grief.",
                      MetricType::Counter,
                      {}};
  MetricFamily refused{"anqiao_adapter_refused_total",
                       "Records and payloads held because the adapter came to grief over them.",
                       MetricType::Counter,
                       {}};
  MetricFamily printed{"anqiao_adapter_printed_bytes_total",
                       "Bytes that adapters printed, thrown away.",
                       MetricType::Counter,
                       {}};
  const auto add = [](MetricFamily& family, const std::string& agency, std::int64_t value,
                      std::vector<ClientMetric::Label> more) {
    ClientMetric metric;
    metric.label = {{"agency", agency}};
    metric.label.insert(metric.label.end(), more.begin(), more.end());
    metric.counter.value = static_cast<double>(value);
    family.metric.push_back(std::move(metric));
  };
  for (const Source& source : sources_) {
    const std::shared_ptr<adapter::Adapter> build = source.slot->current();
    const auto* const workers = dynamic_cast<const adapter::WorkerAdapter*>(build.get());
    if (workers == nullptr) continue;
    const adapter::WorkerCounts counts = workers->Counts();
    add(started, source.agency, counts.started, {});
    add(printed, source.agency, counts.printed_bytes, {});
    add(refused, source.agency, counts.refused_records, {{"what", "record"}});
    add(refused, source.agency, counts.refused_payloads, {{"what", "payload"}});
    for (std::size_t i = 0; i < counts.faults.size(); ++i) {
      const auto kind = static_cast<Kind>(i);
      const char* name = kind == Kind::kKilled ? "KILLED" : adapter::ReasonOfFault(kind);
      add(faults, source.agency, counts.faults[i], {{"reason", name}});
    }
  }
  return {started, faults, refused, printed};
}

absl::StatusOr<std::unique_ptr<MetricsListener>> MetricsListener::Start(
    const std::string& address, engine::Engine* engine,
    std::vector<AdapterMetrics::Source> adapters, TransportMetrics::Sources transports) {
  try {
    auto exposer = std::make_unique<prometheus::Exposer>(address, kThreads);
    const std::string bound = absl::StrCat(address.substr(0, address.rfind(':')), ":",
                                           exposer->GetListeningPorts().at(0));
    return std::unique_ptr<MetricsListener>(new MetricsListener(
        std::move(exposer), bound, engine, std::move(adapters), std::move(transports)));
  } catch (const std::exception& error) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
                 absl::StrCat("metrics_address ", address, " cannot be bound: ", error.what()))
        .Meta("address", address);
  }
}

MetricsListener::MetricsListener(std::unique_ptr<prometheus::Exposer> exposer, std::string address,
                                 engine::Engine* engine,
                                 std::vector<AdapterMetrics::Source> adapters,
                                 TransportMetrics::Sources transports)
    : address_(std::move(address)),
      metrics_(std::make_shared<EngineMetrics>(engine)),
      adapters_(std::make_shared<AdapterMetrics>(std::move(adapters))),
      transports_(std::make_shared<TransportMetrics>(std::move(transports), engine)),
      exposer_(std::move(exposer)) {
  exposer_->RegisterCollectable(metrics_);
  exposer_->RegisterCollectable(adapters_);
  exposer_->RegisterCollectable(transports_);
}

}  // namespace anqiao::server

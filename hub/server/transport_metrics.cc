#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "hub/server/metrics.h"
#include "hub/transport/outgoing.h"
#include "hub/transport/submission.h"

namespace anqiao::server {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

void Add(MetricFamily& family, double value, Labels labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  family.metric.push_back(std::move(metric));
}

void AddPayloads(MetricFamily& family, const std::string& agency, const char* transport,
                 const transport::PayloadCounts& counts) {
  const std::pair<const char*, std::int64_t> outcomes[] = {{"taken", counts.taken},
                                                           {"repeated", counts.repeated},
                                                           {"refused", counts.refused},
                                                           {"failed", counts.failed}};
  for (const auto& [outcome, count] : outcomes) {
    Add(family, static_cast<double>(count),
        {{"agency", agency}, {"transport", transport}, {"outcome", outcome}});
  }
}

// Of several folders or polls of one agency the sum: a label set may be there only once.
using Sums = std::map<std::string, transport::PayloadCounts>;

void Sum(const transport::PayloadCounts& counts, transport::PayloadCounts& sum) {
  sum.taken += counts.taken;
  sum.repeated += counts.repeated;
  sum.refused += counts.refused;
  sum.failed += counts.failed;
}

}  // namespace

std::vector<MetricFamily> TransportMetrics::Collect() const {
  MetricFamily payloads{"anqiao_transport_payloads_total",
                        "Payloads that came in other ways than by calls, by outcome.",
                        MetricType::Counter,
                        {}};
  Sums folders, polls;
  for (const auto* folder : sources_.folders) {
    Sum(folder->Counts(), folders[folder->options().agency]);
  }
  for (const auto* poll : sources_.polls) {
    Sum(poll->Counts().payloads, polls[poll->options().agency]);
  }
  for (const auto& [agency, counts] : folders) AddPayloads(payloads, agency, "drop_folder", counts);
  for (const auto& [agency, counts] : polls) AddPayloads(payloads, agency, "http_poll", counts);
  std::vector<MetricFamily> families = OfPolls();
  if (sources_.push != nullptr) {
    for (const auto& [agency, counts] : sources_.push->Counts().payloads) {
      AddPayloads(payloads, agency, "http_push", counts);
    }
    for (MetricFamily& family : OfPush()) families.push_back(std::move(family));
  }
  families.push_back(std::move(payloads));
  for (MetricFamily& family : OfDeliveries()) families.push_back(std::move(family));
  return families;
}

std::vector<MetricFamily> TransportMetrics::OfDeliveries() const {
  MetricFamily waiting{
      "anqiao_deliveries_waiting", "Deliveries that wait for the agency.", MetricType::Gauge, {}};
  MetricFamily dead{"anqiao_deliveries_dead",
                    "Deliveries set aside after too many attempts.",
                    MetricType::Gauge,
                    {}};
  MetricFamily away{"anqiao_agency_away_seconds",
                    "Time since the agency was there last; 0 while it is.",
                    MetricType::Gauge,
                    {}};
  MetricFamily pushed{"anqiao_pushed_deliveries_total",
                      "Deliveries that were pushed, by outcome.",
                      MetricType::Counter,
                      {}};
  const auto add = [&](const std::string& agency, const char* way,
                       const transport::OutgoingCounts& counts) {
    const std::pair<const char*, std::int64_t> outcomes[] = {{"delivered", counts.delivered},
                                                             {"refused", counts.refused},
                                                             {"postponed", counts.postponed}};
    for (const auto& [outcome, count] : outcomes) {
      Add(pushed, static_cast<double>(count),
          {{"agency", agency}, {"way", way}, {"outcome", outcome}});
    }
  };
  for (const auto* outbox : sources_.outboxes) {
    add(outbox->options().agency, "folder", outbox->Counts());
  }
  for (const auto* http : sources_.http) add(http->options().agency, "http", http->Counts());
  if (const auto agencies = engine_->ListAgencies(); agencies.ok()) {
    for (const engine::AgencyStatus& agency : *agencies) {
      const Labels labels = {{"agency", agency.options->id}};
      Add(waiting, static_cast<double>(agency.pending_deliveries), labels);
      Add(dead, static_cast<double>(agency.dead_deliveries), labels);
      const absl::Duration time = agency.away_since.has_value()
                                      ? engine_->Now() - *agency.away_since
                                      : absl::ZeroDuration();
      Add(away, absl::ToDoubleSeconds(time), labels);
    }
  }
  return {waiting, dead, away, pushed};
}

std::vector<MetricFamily> TransportMetrics::OfPolls() const {
  if (sources_.polls.empty()) return {};
  MetricFamily polls{"anqiao_http_polls_total",
                     "Polls that found nothing new, or came to nothing.",
                     MetricType::Counter,
                     {}};
  MetricFamily age{"anqiao_http_poll_success_age_seconds",
                   "Time since the last poll that did not fail.",
                   MetricType::Gauge,
                   {}};
  for (const auto* poll : sources_.polls) {
    const transport::PollCounts counts = poll->Counts();
    const transport::PollOptions& options = poll->options();
    const Labels labels = {{"agency", options.agency},
                           {"format", options.format},
                           // Not the URL: its query may be nobody's business.
                           {"poll", std::filesystem::path(options.state_file).filename()}};
    const auto outcome = [&](const char* name, std::int64_t count) {
      Labels more = labels;
      more.push_back({"outcome", name});
      Add(polls, static_cast<double>(count), std::move(more));
    };
    outcome("unchanged", counts.unchanged);
    outcome("failed", counts.failed);
    if (counts.success == absl::InfinitePast()) continue;
    Add(age, absl::ToDoubleSeconds(engine_->Now() - counts.success), labels);
  }
  return {polls, age};
}

std::vector<MetricFamily> TransportMetrics::OfPush() const {
  const transport::PushCounts counts = sources_.push->Counts();
  MetricFamily open{"anqiao_http_push_connections", "Open connections.", MetricType::Gauge, {}};
  Add(open, static_cast<double>(counts.connections), {});
  MetricFamily accepted{
      "anqiao_http_push_accepted_total", "Connections accepted.", MetricType::Counter, {}};
  Add(accepted, static_cast<double>(counts.accepted), {});
  MetricFamily lost{"anqiao_http_push_lost_total",
                    "Connections and requests that never became a payload, by cause.",
                    MetricType::Counter,
                    {}};
  const std::pair<const char*, std::int64_t> causes[] = {{"accept", counts.accept_errors},
                                                         {"handshake", counts.handshakes_failed},
                                                         {"evicted", counts.evicted},
                                                         {"request", counts.requests_refused}};
  for (const auto& [cause, count] : causes) {
    Add(lost, static_cast<double>(count), {{"cause", cause}});
  }
  return {open, accepted, lost};
}

}  // namespace anqiao::server

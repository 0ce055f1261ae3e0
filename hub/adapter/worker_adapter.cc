#include "hub/adapter/worker_adapter.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/adapter/call.h"
#include "hub/adapter/library.h"
#include "hub/adapter/rows.h"
#include "hub/adapter/samples.h"
#include "hub/adapter/worker_pool.h"
#include "hub/adapter/worker_protocol.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::adapter {
namespace {

// How often a worker may be killed by someone else during one call.
constexpr int kKillsMax = 8;
// All that may be done for one payload, in deadlines.
constexpr int kDeadlinesMax = 4;

using Said = std::variant<v1::Record, Diagnostic>;

// What was said during one call, or in all parts of a payload: told only when it stands.
class Heard {
 public:
  explicit Heard(std::size_t records_max) : records_max_(records_max) {}

  DecodeSink Sink() {
    return {[this](v1::Record record) {
              if (records_++ <= records_max_) said_.emplace_back(std::move(record));
            },
            [this](Diagnostic diagnostic) { said_.emplace_back(std::move(diagnostic)); },
            records_max_};
  }
  void Clear() {
    said_.clear();
    records_ = 0;
  }
  void Add(Diagnostic diagnostic) { said_.emplace_back(std::move(diagnostic)); }

  // What a part that begins after "done" said of its own rows, and of titles and headers the first
  // time. False: it spoke of rows that it does not have.
  bool AddPart(Heard part, const RowBoundary& done, std::uint64_t header_rows, bool first) {
    for (Said& said : part.said_) {
      if (auto* record = std::get_if<v1::Record>(&said); record != nullptr) {
        if (record->row() <= done.row) return false;
        if (records_++ > records_max_) continue;
      } else {
        const Diagnostic& diagnostic = std::get<Diagnostic>(said);
        const bool of_head = diagnostic.row <= header_rows;
        if (of_head && !first && diagnostic.row > 0) continue;
        if (!of_head && diagnostic.row <= done.row) {
          if (diagnostic.severity != Diagnostic::Severity::kWarning) return false;
          continue;
        }
      }
      said_.push_back(std::move(said));
    }
    return true;
  }

  void TellAll(const DecodeSink& sink) {
    for (Said& said : said_) {
      if (auto* record = std::get_if<v1::Record>(&said); record != nullptr) {
        sink.record(std::move(*record));
      } else {
        sink.diagnostic(std::move(std::get<Diagnostic>(said)));
      }
    }
    Clear();
  }

 private:
  const std::size_t records_max_;
  std::size_t records_ = 0;
  std::vector<Said> said_;
};

// A call's end: a status as in AdapterInstance, or the fault that came twice.
struct Outcome {
  absl::Status status;
  std::optional<Fault> fault;
};

absl::Status FaultStatus(const Fault& fault) {
  const std::string place = fault.at.row == 0
                                ? ""
                                : absl::StrCat(" at row ", fault.at.row, ", column ",
                                               fault.at.column, ", byte ", fault.at.byte_offset);
  return Error(absl::StatusCode::kInternal, ReasonOfFault(fault.kind),
               absl::StrCat("the adapter ", fault.what, place))
      .Meta("row", absl::StrCat(fault.at.row))
      .Meta("column", absl::StrCat(fault.at.column))
      .Meta("byte_offset", absl::StrCat(fault.at.byte_offset));
}

Diagnostic FaultDiagnostic(const Fault& fault, Diagnostic::Severity severity) {
  Diagnostic diagnostic = PayloadDiagnostic(ReasonOfFault(fault.kind), fault.at,
                                            absl::StrCat("the adapter ", fault.what));
  diagnostic.severity = severity;
  return diagnostic;
}

class WorkerInstance : public AdapterInstance {
 public:
  WorkerInstance(const WorkerAdapterOptions& options, const Adapter& adapter, WorkerPool& pool)
      : options_(options), adapter_(adapter), pool_(pool) {}

  absl::Status Decode(absl::string_view format, absl::string_view payload,
                      absl::string_view file_name, const DecodeSink& sink) override {
    AQ_RETURN_IF_ERROR(CheckDecodes(adapter_, format));
    const v1::Format& declared = *adapter_.FindFormat(format);
    const DecodeCall call = {declared, format, file_name};
    Heard heard(sink.records_max);
    Outcome whole = RunTwice(call, std::string(payload), &heard);
    const bool may_split = declared.has_splits() && !options_.test_hooks.fault_costs_payload;
    if (whole.fault.has_value() && may_split) {
      whole = DecodeAround(call, payload, *whole.fault, &heard);
    }
    if (whole.fault.has_value()) {
      pool_.CountRefused(true);
      heard.Clear();
      heard.Add(FaultDiagnostic(*whole.fault, Diagnostic::Severity::kPayload));
      whole.status = FaultStatus(*whole.fault);
    }
    if (absl::IsUnavailable(whole.status)) heard.Clear();
    heard.TellAll(sink);
    return whole.status;
  }

  absl::StatusOr<std::string> Encode(absl::string_view format,
                                     const std::vector<v1::Record>& records) override {
    AQ_RETURN_IF_ERROR(CheckEncodes(adapter_, format));
    FrameWriter joined(FrameKind::kEncode, 0);  // only its fields are sent
    for (const v1::Record& record : records) joined.Text(record.SerializeAsString());
    AQ_ASSIGN_OR_RETURN(const CallBytes bytes, CallBytes::Make(std::string(joined.fields())));
    std::string encoded;
    const Outcome outcome = Twice(format, [&](WorkerProcess& worker, absl::Status* status) {
      Call call(nullptr);
      WorkerProcess::Ended ended = worker.Encode(format, bytes, call);
      if (ended.finished.has_value()) {
        *status =
            call.Finish(ended.finished->status, adapter_.manifest().name(), ended.finished->at);
        encoded = call.TakeEncoded();
      }
      return ended;
    });
    if (outcome.fault.has_value()) return FaultStatus(*outcome.fault);
    AQ_RETURN_IF_ERROR(outcome.status);
    return encoded;
  }

 private:
  struct DecodeCall {
    const v1::Format& declared;
    absl::string_view format, file_name;
  };
  using Attempt = std::function<WorkerProcess::Ended(WorkerProcess&, absl::Status*)>;

  // Once in any worker, then alone in a fresh one.
  Outcome Twice(absl::string_view format, const Attempt& attempt) {
    int faults = 0;
    for (int kills = 0; kills < kKillsMax;) {
      absl::StatusOr<std::unique_ptr<WorkerProcess>> worker =
          faults + kills == 0 ? pool_.Lend() : pool_.LendFresh();
      if (!worker.ok()) {
        // Whatever is wrong with starting it, this payload is not to blame. One more try if it was
        // killed: a launcher that was killed is replaced.
        kills += kKillsMax / 2;
        if (absl::IsUnavailable(worker.status()) && kills < kKillsMax) continue;
        return {Error(absl::StatusCode::kUnavailable, reason::kAdapterUnusable,
                      worker.status().message()),
                {}};
      }
      absl::Status status;
      WorkerProcess::Ended ended = attempt(**worker, &status);
      if (ended.finished.has_value()) {
        pool_.GiveBack(*std::move(worker));
        return {status, {}};
      }
      pool_.Bury(*std::move(worker), ended.fault, format);
      if (ended.fault.kind == Fault::Kind::kKilled) {
        ++kills;
      } else if (++faults == 2) {
        return {absl::OkStatus(), ended.fault};
      }
    }
    return {Error(absl::StatusCode::kUnavailable, reason::kAdapterUnusable,
                  absl::StrCat("adapter ", adapter_.manifest().name(),
                               ": its workers are being killed")),
            {}};
  }

  Outcome RunTwice(const DecodeCall& decode, std::string payload, Heard* heard) {
    const absl::StatusOr<CallBytes> bytes =
        CallBytes::Make(std::move(payload), options_.inline_bytes_max);
    if (!bytes.ok()) return {bytes.status(), {}};
    const std::uint64_t here_max =
        decode.declared.has_splits() ? options_.row_entries_max : UINT64_MAX;
    return Twice(decode.format, [&](WorkerProcess& worker, absl::Status* status) {
      heard->Clear();
      const DecodeSink sink = heard->Sink();
      Call call(&sink);
      WorkerProcess::Ended ended =
          worker.Decode(decode.format, decode.file_name, *bytes, here_max, call);
      if (ended.finished.has_value()) {
        *status =
            call.Finish(ended.finished->status, adapter_.manifest().name(), ended.finished->at);
      }
      return ended;
    });
  }

  // The parts before and after each record over which the adapter comes to grief. A fault: one
  // whose record cannot be taken out, so that the payload is to blame.
  Outcome DecodeAround(const DecodeCall& decode, absl::string_view payload, Fault fault,
                       Heard* heard) {
    const absl::Time until = MonotonicNow() + kDeadlinesMax * options_.limits.deadline;
    const Rows rows(decode.declared.splits(), payload);
    RowBoundary done = rows.records();
    bool first = true;  // nothing was said yet of titles and headers
    heard->Clear();
    const auto part = [&](std::size_t end) -> Outcome {
      std::optional<std::string> bytes = rows.Part(done, end);
      if (!bytes.has_value()) return {absl::OkStatus(), fault};
      Heard said(sink_records_max_);
      Outcome outcome = RunTwice(decode, *std::move(bytes), &said);
      if (outcome.fault.has_value()) return outcome;
      if (!heard->AddPart(std::move(said), done, rows.records().row, first)) {
        return {absl::OkStatus(), fault};
      }
      first = false;
      return outcome;
    };
    for (int faults = 1;; ++faults) {
      if (!rows.CanBegin(fault.at.row, fault.at.byte_offset, done)) return {{}, fault};
      if (faults > options_.row_faults_max || MonotonicNow() > until) return {{}, fault};
      if (fault.at.byte_offset > done.byte_offset) {
        Outcome before = part(fault.at.byte_offset);
        if (before.fault.has_value() && before.fault->at.row < fault.at.row) {
          // It had moved on before it was seen: an earlier record is to blame.
          fault = *before.fault;
          continue;
        }
        if (before.fault.has_value() || !before.status.ok()) return before;
      }
      done = {fault.at.row, rows.EndOfRow(fault.at.byte_offset)};
      heard->Add(FaultDiagnostic(fault, Diagnostic::Severity::kRecord));
      pool_.CountRefused(false);
      if (options_.test_hooks.fault_loses_next_row) {
        done = {done.row + 1, rows.EndOfRow(done.byte_offset)};
      }
      if (done.byte_offset >= rows.end()) return {};
      Outcome after = part(rows.end());
      if (!after.fault.has_value()) return after;
      // The same place again: it was not the record.
      if (after.fault->at.row <= done.row) return after;
      fault = *after.fault;
    }
  }

  const WorkerAdapterOptions& options_;
  const Adapter& adapter_;
  WorkerPool& pool_;
  const std::size_t sink_records_max_ = kRecordsMax;
};

class PooledAdapter : public WorkerAdapter {
 public:
  explicit PooledAdapter(WorkerAdapterOptions options)
      : options_(std::move(options)), pool_(&options_) {}

  absl::Status Load() {
    AQ_RETURN_IF_ERROR(pool_.Pin());
    AQ_ASSIGN_OR_RETURN(std::unique_ptr<WorkerProcess> first, pool_.LendFresh());
    AQ_ASSIGN_OR_RETURN(manifest_, ParseManifest(options_.library_path, first->manifest()));
    AQ_ASSIGN_OR_RETURN(std::unique_ptr<WorkerProcess> second, pool_.LendFresh());
    if (second->manifest() != first->manifest()) {
      return Unusable(options_.library_path, "its manifest is not the same in two workers");
    }
    // Lent in turn from here on: each sample is decoded in both.
    pool_.GiveBack(std::move(first));
    pool_.GiveBack(std::move(second));
    if (options_.samples_directory.empty()) return absl::OkStatus();
    AQ_ASSIGN_OR_RETURN(const std::vector<Sample> samples, ReadSamples(options_.samples_directory));
    AQ_ASSIGN_OR_RETURN(const std::unique_ptr<AdapterInstance> instance, Open());
    for (const Sample& sample : samples) {
      if (const absl::Status status = RunSample(*instance, sample); !status.ok()) {
        return Unusable(options_.library_path, status.message());
      }
    }
    return absl::OkStatus();
  }

  const v1::Manifest& manifest() const override { return manifest_; }
  const std::string& build_id() const override { return pool_.build_id(); }
  absl::StatusOr<std::unique_ptr<AdapterInstance>> Open() override {
    return std::make_unique<WorkerInstance>(options_, *this, pool_);
  }
  bool suspect() const override { return pool_.suspect(); }
  WorkerCounts Counts() const override { return pool_.Counts(); }

 private:
  const WorkerAdapterOptions options_;
  WorkerPool pool_;
  v1::Manifest manifest_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<WorkerAdapter>> LoadInWorkers(WorkerAdapterOptions options) {
  // The launcher is in another folder.
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(options.library_path, error);
  if (!error) options.library_path = path.string();
  auto adapter = std::make_unique<PooledAdapter>(std::move(options));
  AQ_RETURN_IF_ERROR(adapter->Load());
  return std::unique_ptr<WorkerAdapter>(std::move(adapter));
}

}  // namespace anqiao::adapter

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/hub/store/careless_store.h"
#include "tests/hub/store/fault_runs.h"

namespace anqiao::store {
namespace {

using testing::FaultSite;
using testing::FileCall;
using testing::FileKind;
using testing::NameOf;

// A trial waits for RocksDB's threads most of the time.
constexpr std::size_t kSideBySide = 4;

struct Planned {
  FaultSite site;
  std::uint64_t n = 0;
  std::uint64_t calls = 0;
  bool onwards = false;
};

// The same work each time, so that the n-th call at a site is about the same one.
class Trial {
 public:
  Trial(const FaultOpener& opener, const IoErrorOptions& options, RunReport& report)
      : opener_(opener),
        options_(options),
        machine_(options.seed),
        oracle_(options.seed),
        report_(report) {}

  std::map<FaultSite, std::uint64_t> CountCalls() {
    Work();
    return machine_.files->TakeCalls();
  }

  void Run(const FaultSite& site, std::uint64_t n, bool onwards, bool power_loss) {
    ++report_.counts["trials"];
    site_ = site;
    machine_.files->FailCall(site, n, onwards);
    Work();
    if (machine_.files->faults() > 0) ++report_.counts["trials that met their fault"];
    machine_.files->ClearFaults();
    if (power_loss) {
      machine_.files->CutPower();
      machine_.files->RestorePower();
    }
    const absl::StatusOr<std::unique_ptr<Store>> store = Open();
    if (!store.ok()) {
      report_.AddViolation(absl::StrCat("it does not open: ", store.status().ToString()));
      return;
    }
    if (!oracle_.Check(**store, false, report_)) return;
    const absl::StatusOr<Epoch> epoch = (*store)->AcquireWriter();
    const absl::StatusOr<Sequence> appended =
        epoch.ok() ? (*store)->Append(*epoch, oracle_.NextGroup()) : epoch.status();
    if (!appended.ok()) {
      report_.AddViolation(absl::StrCat("it takes nothing: ", appended.status().ToString()));
    }
  }

 private:
  absl::StatusOr<std::unique_ptr<Store>> Open() const {
    absl::StatusOr<std::unique_ptr<Store>> store = machine_.Open(opener_);
    if (!store.ok() || !options_.acknowledges_anyway) return store;
    return std::make_unique<CarelessStore>(*std::move(store), absl::StatusCode::kDataLoss);
  }

  void Work() {
    for (const int groups : {30, 15, 0}) {
      const std::uint64_t faults = machine_.files->faults();
      const absl::StatusOr<std::unique_ptr<Store>> store = Open();
      if (!store.ok()) continue;
      // What could not be read may hold a group whose answer is open.
      if (!oracle_.Check(**store, true, report_)) continue;
      Append(**store, groups, faults);
      CheckNow(**store);
    }
  }

  // Nothing that was refused shows until the store is opened again.
  void CheckNow(const Store& store) {
    StoreOracle now = oracle_;
    now.Forget();
    now.Check(store, true, report_);
  }

  void Append(Store& store, int groups, std::uint64_t faults_before) {
    const absl::StatusOr<Epoch> epoch = store.AcquireWriter();
    if (!epoch.ok()) return;
    bool lost = false;
    int refused = 0;
    for (int i = 0; i < groups && refused < 4; ++i) {
      const absl::StatusOr<Sequence> appended = store.Append(*epoch, oracle_.NextGroup());
      if (!appended.ok()) {
        lost |= absl::IsDataLoss(appended.status());
        ++refused;
        continue;
      }
      const bool sync_failed = site_.call == FileCall::kSync && site_.kind == FileKind::kLog &&
                               machine_.files->faults() > faults_before;
      if (lost || sync_failed) {
        report_.AddViolation("a group was acknowledged after a failed write or sync of the log");
      }
      oracle_.Acknowledge(*appended, report_);
      ++report_.counts["groups acknowledged"];
      // It may fail, as the journal may not.
      oracle_.ApplyNext(store).IgnoreError();
    }
  }

  const FaultOpener& opener_;
  const IoErrorOptions options_;
  const FaultyMachine machine_;
  StoreOracle oracle_;
  FaultSite site_{FileCall::kOpen, FileKind::kOther, ""};
  RunReport& report_;
};

}  // namespace

RunReport RunIoErrors(const FaultOpener& opener, const IoErrorOptions& options) {
  RunReport report{.name = "EIO", .seed = options.seed};
  report.where = "without faults";
  RunReport uncounted = report;
  const auto sites = Trial(opener, options, uncounted).CountCalls();
  report.violations = uncounted.violations;
  report.examples = uncounted.examples;
  report.counts["sites"] = sites.size();
  std::vector<Planned> planned;
  for (const auto& [site, calls] : sites) {
    const std::uint64_t tries =
        std::min<std::uint64_t>(calls, static_cast<std::uint64_t>(options.calls_per_site));
    for (std::uint64_t i = 0; i < tries; ++i) {
      // From the first to the last.
      const std::uint64_t n = tries == 1 ? 1 : 1 + i * (calls - 1) / (tries - 1);
      for (const bool onwards : {false, true}) {
        planned.push_back({.site = site, .n = n, .calls = calls, .onwards = onwards});
      }
    }
  }
  std::atomic<std::size_t> next = 0;
  std::vector<RunReport> reports(kSideBySide);
  std::vector<std::thread> threads;
  for (RunReport& own : reports) {
    threads.emplace_back([&] {
      for (std::size_t i = next++; i < planned.size(); i = next++) {
        const Planned& trial = planned[i];
        own.where = absl::StrCat(NameOf(trial.site), ", call ", trial.n, " of ", trial.calls,
                                 trial.onwards ? " and all after it" : "");
        Trial(opener, options, own).Run(trial.site, trial.n, trial.onwards, i % 2 == 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const RunReport& own : reports) report.Add(own);
  return report;
}

}  // namespace anqiao::store

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/hub/store/fault_runs.h"

namespace anqiao::store {
namespace {

// A disk is used for so many cycles before a new store is made on a new one.
constexpr int kCyclesPerDisk = 25;

class PowerLossDisk {
 public:
  PowerLossDisk(const FaultOpener& opener, const PowerLossOptions& options, std::uint64_t seed,
                RunReport& report)
      : opener_(opener), machine_(seed), oracle_(seed), random_(seed + 1), report_(report) {
    machine_.files->set_ignores_sync(options.ignores_sync);
  }

  // False: a violation was found and the oracle cannot go on.
  bool Cycle() {
    ++report_.counts["cycles"];
    if (random_() % 4 == 0 && !LosePowerWhileOpening()) return false;
    {
      absl::StatusOr<std::unique_ptr<Store>> store = machine_.Open(opener_);
      if (!store.ok()) {
        report_.AddViolation(absl::StrCat("it does not open: ", store.status().ToString()));
        return false;
      }
      if (!oracle_.Check(**store, false, report_)) return false;
      if (!Work(**store)) return false;
      // Some stores are closed first.
      if (random_() % 4 == 0) store->reset();
      machine_.files->CutPower();
    }
    machine_.files->RestorePower();
    return true;
  }

 private:
  bool LosePowerWhileOpening() {
    machine_.files->CutPowerAfter(1 + random_() % 60);
    {
      absl::StatusOr<std::unique_ptr<Store>> store = machine_.Open(opener_);
      if (!store.ok() && !machine_.files->power_lost()) {
        report_.AddViolation(absl::StrCat("it does not open: ", store.status().ToString()));
        return false;
      }
      ++report_.counts[store.ok() ? "losses after opening" : "losses while opening"];
      machine_.files->CutPower();
    }
    machine_.files->RestorePower();
    return true;
  }

  // Appends and applies until the power is cut, or for a while.
  bool Work(Store& store) {
    // Most losses fall into few calls: a group is about two.
    const std::uint64_t bound = random_() % 2 == 0 ? 40 : 400;
    machine_.files->CutPowerAfter(1 + random_() % bound);
    const absl::StatusOr<Epoch> epoch = store.AcquireWriter();
    if (epoch.ok()) {
      if (*epoch <= epoch_) {
        report_.AddViolation(absl::StrCat("lease ", *epoch, " after ", epoch_));
        return false;
      }
      epoch_ = *epoch;
    }
    for (int i = 0; epoch.ok() && i < 60; ++i) {
      const absl::StatusOr<Sequence> appended = store.Append(*epoch, oracle_.NextGroup());
      if (!appended.ok()) {
        if (!machine_.files->power_lost()) {
          report_.AddViolation(absl::StrCat("append: ", appended.status().ToString()));
        }
        break;
      }
      oracle_.Acknowledge(*appended, report_);
      ++report_.counts["groups acknowledged"];
      if (random_() % 3 == 0 && !oracle_.ApplyNext(store).ok()) break;
    }
    ++report_
          .counts[machine_.files->power_lost() ? "losses inside a call" : "losses between calls"];
    return true;
  }

  const FaultOpener& opener_;
  const FaultyMachine machine_;
  StoreOracle oracle_;
  StoreOracle::Random random_;
  Epoch epoch_ = 0;
  RunReport& report_;
};

}  // namespace

RunReport RunPowerLoss(const FaultOpener& opener, const PowerLossOptions& options) {
  RunReport report{.name = "power loss", .seed = options.seed};
  std::unique_ptr<PowerLossDisk> disk;
  for (int cycle = 0; cycle < options.cycles; ++cycle) {
    if (disk == nullptr || cycle % kCyclesPerDisk == 0) {
      disk = std::make_unique<PowerLossDisk>(opener, options, options.seed * 1000 + cycle, report);
    }
    report.where = absl::StrCat("cycle ", cycle);
    if (!disk->Cycle()) disk.reset();
  }
  return report;
}

}  // namespace anqiao::store

#include <chrono>
#include <limits>
#include <thread>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "tests/hub/store/careless_store.h"
#include "tests/hub/store/fault_runs.h"

namespace anqiao::store {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
// 20 s.
constexpr int kTriesMax = 800;
constexpr std::chrono::milliseconds kPause(25);

class Fill {
 public:
  Fill(const FaultOpener& opener, const DiskFullOptions& options, std::uint64_t seed,
       RunReport& report)
      : opener_(opener),
        options_(options),
        machine_(seed),
        oracle_(seed),
        random_(seed + 1),
        report_(report) {}

  void Run() {
    machine_.files->set_naps(random_() % 2 == 0);
    {
      absl::StatusOr<std::unique_ptr<Store>> store = machine_.Open(opener_);
      if (!Require(store.status(), "opening")) return;
      if (options_.acknowledges_anyway) {
        store = std::make_unique<CarelessStore>(*std::move(store),
                                                absl::StatusCode::kResourceExhausted, 1);
      }
      const absl::StatusOr<Epoch> epoch = (*store)->AcquireWriter();
      if (!Require(epoch.status(), "taking the lease")) return;
      epoch_ = *epoch;
      for (int i = 0; i < 10; ++i) Append(**store);
      // Again and again: the first write after a full disk may be the next to be refused.
      for (std::uint64_t i = 0; i < 1 + random_() % 3; ++i) {
        if (!FillUp(**store)) return;
        if (random_() % 4 == 0) {
          CutPower("losses of power of a full disk");
          break;
        }
        if (!Resume(**store)) return;
      }
      if (!machine_.files->power_lost() && random_() % 2 == 0) {
        CutPower("losses of power afterwards");
      }
    }
    machine_.files->SetCapacity(kUnlimited);
    machine_.files->RestorePower();
    const absl::StatusOr<std::unique_ptr<Store>> again = machine_.Open(opener_);
    if (Require(again.status(), "opening again")) oracle_.Check(**again, false, report_);
  }

 private:
  bool Require(const absl::Status& status, absl::string_view what) {
    if (!status.ok()) report_.AddViolation(absl::StrCat(what, ": ", status.ToString()));
    return status.ok();
  }

  void CutPower(const char* which) {
    machine_.files->CutPower();
    ++report_.counts[which];
  }

  // True: acknowledged. A refusal has to be that the disk is full.
  bool Append(Store& store) {
    const absl::StatusOr<Sequence> appended = store.Append(epoch_, oracle_.NextGroup());
    if (appended.ok()) {
      oracle_.Acknowledge(*appended, report_);
      ++report_.counts["groups acknowledged"];
      return true;
    }
    // Nothing of it may ever turn up.
    oracle_.Forget();
    ++report_.counts["groups refused"];
    refusal_ = appended.status();
    ExpectFull(appended.status(), "appending");
    return false;
  }

  bool ExpectFull(const absl::Status& status, absl::string_view what) {
    if (absl::IsResourceExhausted(status) && ReasonOf(status) == reason::kStorageFull) return true;
    return Require(status, what);
  }

  bool FillUp(Store& store) {
    if (random_() % 2 == 0) {
      machine_.files->SetCapacity(machine_.files->used() + random_() % 60000, random_() % 2 == 0);
    } else {
      // What was refused is then the first in its log.
      machine_.files->FillUpAtNextLog(random_() % 3000);
    }
    int groups = 0;
    while (Append(store)) {
      ExpectFull(oracle_.ApplyNext(store), "applying");
      if (++groups == 1000) {
        report_.AddViolation("the disk never was full");
        return false;
      }
    }
    // Reads go on, and more is refused, unless a compaction made room.
    const bool read = oracle_.Check(store, false, report_);
    for (int i = 0; i < 3; ++i) Append(store);
    ExpectFull(oracle_.ApplyNext(store), "applying");
    return read && oracle_.Check(store, false, report_);
  }

  // There is room again: writing goes on in the same store.
  bool Resume(Store& store) {
    machine_.files->SetCapacity(kUnlimited);
    int tries = 0;
    while (!Append(store)) {
      if (++tries == kTriesMax) {
        report_.AddViolation(absl::StrCat("appending does not go on: ", refusal_.ToString()));
        return false;
      }
      std::this_thread::sleep_for(kPause);
    }
    report_.counts["tries until writing went on"] += tries + 1;
    tries = 0;
    while (!oracle_.ApplyNext(store).ok()) {
      if (++tries == kTriesMax) {
        report_.AddViolation("applying does not go on");
        return false;
      }
      std::this_thread::sleep_for(kPause);
    }
    for (std::uint64_t i = 0; i < 5 + random_() % 20; ++i) Append(store);
    return Require(oracle_.ApplyNext(store), "applying") && oracle_.Check(store, false, report_);
  }

  const FaultOpener& opener_;
  const DiskFullOptions& options_;
  const FaultyMachine machine_;
  StoreOracle oracle_;
  StoreOracle::Random random_;
  RunReport& report_;
  Epoch epoch_ = 0;
  absl::Status refusal_;
};

}  // namespace

RunReport RunDiskFull(const FaultOpener& opener, const DiskFullOptions& options) {
  RunReport report{.name = "disk full", .seed = options.seed};
  for (int fill = 0; fill < options.fills; ++fill) {
    ++report.counts["fills"];
    report.where = absl::StrCat("fill ", fill);
    Fill(opener, options, options.seed * 1000 + fill, report).Run();
  }
  return report;
}

}  // namespace anqiao::store

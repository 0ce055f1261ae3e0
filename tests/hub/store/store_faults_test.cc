// Disks that fail under a RocksDB store. Each run prints what it did; its numbers and its seed can
// be given by the environment, e.g. AQ_POWER_LOSS_CYCLES=2000 AQ_FAULT_SEED=7.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>

#include "absl/strings/numbers.h"
#include "tests/hub/store/fault_runs.h"
#include "tests/testing/sanitized.h"

namespace anqiao::store {
namespace {

using testing::kSanitized;

template <typename Number>
Number FromEnvironment(const char* name, Number otherwise) {
  const char* text = std::getenv(name);
  Number number = 0;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number : otherwise;
}

std::uint64_t Seed() { return FromEnvironment<std::uint64_t>("AQ_FAULT_SEED", 20260401); }

const FaultOpener kOpener = OpenRocksStoreOn;

void ExpectClean(const RunReport& report) {
  std::cout << report.ToString() << std::endl;
  EXPECT_EQ(report.violations, 0u);
}

void ExpectCaught(const RunReport& report) {
  std::cout << "mutant: " << report.ToString() << std::endl;
  EXPECT_GT(report.violations, 0u);
}

TEST(StoreFaultsTest, PowerLossLosesNothingAcknowledged) {
  const int cycles = FromEnvironment("AQ_POWER_LOSS_CYCLES", kSanitized ? 60 : 300);
  ExpectClean(RunPowerLoss(kOpener, {.cycles = cycles, .seed = Seed()}));
}

TEST(StoreFaultsTest, PowerLossNoticesADiskThatDoesNotSync) {
  ExpectCaught(RunPowerLoss(kOpener, {.cycles = 20, .seed = Seed(), .ignores_sync = true}));
}

TEST(StoreFaultsTest, DamagedFilesAreRefusedOrNoticed) {
  const int damages = FromEnvironment("AQ_DAMAGES", kSanitized ? 100 : 500);
  ExpectClean(RunDamage(kOpener, {.damages = damages, .seed = Seed()}));
}

TEST(StoreFaultsTest, DamageNoticesRecoveryThatSkipsWhatItCannotRead) {
  ExpectCaught(RunDamage(kOpener, {.damages = 300, .seed = Seed(), .lax = true}));
}

TEST(StoreFaultsTest, AFullDiskRefusesAndThenGoesOn) {
  const int fills = FromEnvironment("AQ_DISK_FILLS", kSanitized ? 10 : 50);
  ExpectClean(RunDiskFull(kOpener, {.fills = fills, .seed = Seed()}));
}

TEST(StoreFaultsTest, AFullDiskNoticesAStoreThatAcknowledgesWhatDoesNotFit) {
  ExpectCaught(RunDiskFull(kOpener, {.fills = 5, .seed = Seed(), .acknowledges_anyway = true}));
}

TEST(StoreFaultsTest, NothingIsAcknowledgedAfterAnErrorUntilReopened) {
  const int calls = FromEnvironment("AQ_IO_ERRORS_PER_SITE", kSanitized ? 1 : 3);
  ExpectClean(RunIoErrors(kOpener, {.calls_per_site = calls, .seed = Seed()}));
}

TEST(StoreFaultsTest, IoErrorsNoticeAStoreThatAcknowledgesAfterAFailedSync) {
  ExpectCaught(
      RunIoErrors(kOpener, {.calls_per_site = 1, .seed = Seed(), .acknowledges_anyway = true}));
}

}  // namespace
}  // namespace anqiao::store

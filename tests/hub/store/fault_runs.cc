#include "tests/hub/store/fault_runs.h"

#include <rocksdb/system_clock.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace anqiao::store {
namespace {

// RocksDB's background threads rest for a second after each error; here for a millisecond. To look
// again for space on a full disk they wait until 5 s after this clock's time; it is that late.
class RestlessClock : public rocksdb::SystemClockWrapper {
 public:
  RestlessClock() : SystemClockWrapper(rocksdb::SystemClock::Default()) {}
  const char* Name() const override { return "RestlessClock"; }
  std::uint64_t NowMicros() override { return SystemClockWrapper::NowMicros() - 4'950'000; }
  void SleepForMicroseconds(int micros) override {
    SystemClockWrapper::SleepForMicroseconds(std::min(micros, 1000));
  }
};

class FaultyEnv : public rocksdb::EnvWrapper {
 public:
  explicit FaultyEnv(const std::shared_ptr<rocksdb::FileSystem>& files)
      : EnvWrapper(rocksdb::NewCompositeEnv(files)) {
    file_system_ = files;
    system_clock_ = std::make_shared<RestlessClock>();
  }
  const char* Name() const override { return "FaultyEnv"; }
  // Kept in table files.
  rocksdb::Status GetHostName(char* name, std::uint64_t size) override {
    const std::size_t count = std::string("localhost").copy(name, size - 1);
    name[count] = '\0';
    return rocksdb::Status::OK();
  }
};

}  // namespace

FaultyMachine::FaultyMachine(std::uint64_t seed)
    : files(std::make_shared<testing::FaultyFileSystem>(seed)),
      env(std::make_unique<FaultyEnv>(files)) {}

absl::StatusOr<std::unique_ptr<Store>> FaultyMachine::Open(const FaultOpener& opener,
                                                           RocksStoreTuning tuning) const {
  tuning.write_buffer_bytes = std::size_t{64} << 10;
  return opener(env.get(), {.directory = "/srv/anqiao/data"}, tuning);
}

}  // namespace anqiao::store

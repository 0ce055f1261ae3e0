#include "hub/store/rocks_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace anqiao::store {
namespace {

constexpr off_t kFileBytesMax = off_t{4} << 20;
constexpr std::size_t kLineBytesMax = 4096;

class RocksLog : public rocksdb::Logger {
 public:
  explicit RocksLog(const std::string& directory)
      : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL), path_(directory + "/LOG") {}
  ~RocksLog() override {
    if (file_ >= 0) close(file_);
  }

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list values) override {
    char line[kLineBytesMax];
    const std::string time =
        absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ ", absl::Now(), absl::UTCTimeZone());
    const std::size_t begin = time.copy(line, sizeof(line));
    const int length = std::vsnprintf(line + begin, sizeof(line) - begin - 1, format, values);
    if (length < 0) return;
    std::size_t end = std::min(begin + static_cast<std::size_t>(length), sizeof(line) - 2);
    line[end++] = '\n';
    absl::MutexLock lock(&mu_);
    if (!Ready()) return;
    // What does not fit is left out.
    if (write(file_, line, end) < 0) return;
  }

 private:
  bool Ready() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    struct stat status = {};
    if (file_ >= 0 && fstat(file_, &status) == 0 && status.st_size < kFileBytesMax) return true;
    if (file_ >= 0) {
      close(file_);
      if (std::rename(path_.c_str(), (path_ + ".old").c_str()) != 0) unlink(path_.c_str());
    }
    file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return file_ >= 0;
  }

  const std::string path_;
  absl::Mutex mu_;
  int file_ ABSL_GUARDED_BY(mu_) = -1;
};

class SilentLog : public rocksdb::Logger {
 public:
  SilentLog() : rocksdb::Logger(rocksdb::InfoLogLevel::FATAL_LEVEL) {}

  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*values*/) override {}
};

}  // namespace

std::shared_ptr<rocksdb::Logger> MakeRocksLog(const std::string& directory) {
  return std::make_shared<RocksLog>(directory);
}

std::shared_ptr<rocksdb::Logger> MakeSilentLog() { return std::make_shared<SilentLog>(); }

}  // namespace anqiao::store

// One worker process as the hub holds it: started, asked, watched, ended.
//
// Thread-compatible. Destroying it kills the process.

#ifndef ANQIAO_HUB_ADAPTER_WORKER_PROCESS_H_
#define ANQIAO_HUB_ADAPTER_WORKER_PROCESS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/adapter/fault.h"
#include "hub/adapter/launcher.h"
#include "hub/adapter/worker_protocol.h"

namespace anqiao::adapter {

// Of the clock that nobody sets; only differences mean something.
absl::Time MonotonicNow();

struct WorkerLimits {
  std::uint64_t memory_bytes_max = std::uint64_t{1} << 30;
  // The cursor may stand still this long...
  absl::Duration hang = absl::Seconds(10);
  // ...and a call may take this long.
  absl::Duration deadline = absl::Seconds(120);
};

// A descriptor that is closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();
  int get() const { return number_; }

 private:
  int number_ = -1;
};

// Bytes for a worker: sealed shared memory if they are many.
class CallBytes {
 public:
  // UNAVAILABLE: the kernel gives no memory.
  static absl::StatusOr<CallBytes> Make(std::string bytes,
                                        std::size_t inline_bytes_max = kInlineBytesMax);
  std::size_t size() const { return size_; }

 private:
  friend class WorkerProcess;
  std::string bytes_;
  Descriptor shared_;
  std::size_t size_ = 0;
};

// What came from a worker and was not taken yet. Its memory is not filled before it is read into,
// and kept from call to call unless it has become large.
class Inbox {
 public:
  absl::string_view view() const { return {bytes_.get() + begin_, end_ - begin_}; }
  void Take(std::size_t bytes) { begin_ += bytes; }
  void Clear();
  // Where "bytes" more may be written; then how many were.
  char* Room(std::size_t bytes);
  void Add(std::size_t bytes) { end_ += bytes; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

class WorkerProcess {
 public:
  // What a call came to, if the worker came to its end.
  struct Finished {
    aq_status status = AQ_OK;
    Position at;
  };
  struct Ended {
    std::optional<Finished> finished;  // else "fault"
    Fault fault;
  };

  // Starts a worker and loads the library in it. FAILED_PRECONDITION (ADAPTER_UNUSABLE): it cannot
  // be loaded. UNAVAILABLE: no worker could be started, or it was killed by someone else.
  static absl::StatusOr<std::unique_ptr<WorkerProcess>> Start(const Launcher& launcher,
                                                              const std::string& library_path,
                                                              const WorkerLimits& limits,
                                                              std::uint64_t salt);
  ~WorkerProcess();

  // Serialized; not checked.
  const std::string& manifest() const { return manifest_; }
  absl::Time start_time() const { return start_time_; }

  // One call each. "here_max": so many entries may come from one position. After a fault the worker
  // is done for.
  Ended Decode(absl::string_view format, absl::string_view file_name, const CallBytes& payload,
               std::uint64_t here_max, Call& call);
  Ended Encode(absl::string_view format, const CallBytes& records, Call& call);

  // Lines of aq_host.log since the last time, bounded and with every number of four digits and
  // more, and all that is not ASCII, made unreadable; and how many bytes it printed.
  std::vector<std::string> TakeLog();
  std::uint64_t TakeOutputBytes();

  // A callback came when none may: seen since the start.
  bool foreign_callback() const;

 private:
  WorkerProcess() = default;
  absl::Status Open(const Launcher& launcher);
  Ended Ask(FrameWriter& frame, const CallBytes& bytes, std::uint64_t here_max, Call& call);
  // AQ_FATAL and callbacks that may not be are faults.
  Ended Judge(const Finished& finished) const;
  bool Send(absl::string_view bytes, int descriptor, absl::Time deadline);
  // Reads what there is. False: the worker's end is closed.
  bool Receive();
  // Waits for the worker, at most until its time is over. Nullopt: there is something to read.
  std::optional<Fault> Await(absl::Time deadline);
  // Of a worker whose end is closed.
  Fault WhyEnded();
  Fault FaultAt(Fault::Kind kind, std::string what) const;
  Position Cursor() const;

  WorkerLimits limits_;
  Descriptor control_, output_, log_, life_;
  const SharedPage* page_ = nullptr;
  std::string manifest_;
  std::uint64_t call_ = 0;  // the last that was asked
  absl::Time start_time_;
  Inbox inbox_;
  std::uint64_t payload_bytes_ = 0;
  // Of hang detection.
  Position last_cursor_;
  absl::Time last_progress_;
};

}  // namespace anqiao::adapter

#endif  // ANQIAO_HUB_ADAPTER_WORKER_PROCESS_H_

// A folder that an agency drops files into: each becomes a payload, as if the agency had submitted
// it.
//
// A file is taken up once it has not changed from one look to the next; senders write under another
// name (*.part, hidden) and rename. It has no request id, so its content, format and name are its
// id: a file that a crash left behind, or that is dropped again, is answered as before. It is moved
// to done/ or failed/ only after the hub's answer, which is durable then, lies beside it as
// NAME.receipt.json. done/: the payload was used, though rows of it may be held (the receipt says
// which). failed/: nothing of it was used. What cannot be decided now (the hub is full, the adapter
// is disabled) stays and is tried again, with pauses that grow.
//
// Thread-safe. Stop order: this, then the engine.

#ifndef ANQIAO_HUB_TRANSPORT_DROP_FOLDER_H_
#define ANQIAO_HUB_TRANSPORT_DROP_FOLDER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/base/log.h"
#include "hub/engine/engine.h"
#include "hub/transport/file_store.h"
#include "hub/transport/pauses.h"
#include "hub/transport/submission.h"

namespace anqiao::transport {

struct DropFolderOptions {
  std::string agency;
  std::string path;
  std::string format;
  absl::Duration poll = absl::Seconds(5);
  absl::Duration pause_max = absl::Minutes(5);
  // Of the pauses' jitter.
  std::uint32_t seed = 1;
  // A file that comes again is taken for a new one.
  bool ids_not_from_content_for_test = false;
};

class DropFolder {
 public:
  // "engine" and "log", which may be null, outlive it. FAILED_PRECONDITION (CONFIGURATION_INVALID):
  // the folder cannot be used, or the engine has no such agency.
  static absl::StatusOr<std::unique_ptr<DropFolder>> Open(DropFolderOptions options,
                                                          engine::Engine* engine, const Log* log);
  ~DropFolder() { Shutdown(); }

  // Looks every "poll" on a thread of its own.
  void Start();
  // Finishes the file in hand, joins. Idempotent.
  void Shutdown();

  // One look: takes up what is ready. UNAVAILABLE: something has to wait; the rest of the folder
  // too, so that its order is kept. Not while the thread runs.
  absl::Status LookOnce();
  // How long to wait before the next look, after one that ended with "status".
  absl::Duration PauseAfter(const absl::Status& status);

  const DropFolderOptions& options() const { return options_; }
  // Of this run.
  PayloadCounts Counts() const;

 private:
  DropFolder(DropFolderOptions options, engine::Engine* engine, const Log* log,
             std::unique_ptr<FileStore> files)
      : options_(std::move(options)),
        engine_(*engine),
        log_(log),
        files_(std::move(files)),
        pauses_(2 * options_.poll, options_.pause_max, options_.seed) {}

  void Run();
  absl::Status TakeUp(const FoundFile& file);
  absl::Status Refuse(const std::string& name, absl::string_view why);
  bool Stopping() const;
  void Tell(Log::Level level, const char* event, const std::string& note) const;

  const DropFolderOptions options_;
  engine::Engine& engine_;
  const Log* const log_;
  const std::unique_ptr<FileStore> files_;

  // What the last look saw: the thread's, or LookOnce's caller's.
  std::map<std::string, FileStamp> seen_;
  Pauses pauses_;

  mutable absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  PayloadCounts counts_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_DROP_FOLDER_H_

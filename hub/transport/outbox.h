// The folder of an agency that deliveries are written to: each file is there whole or not at all,
// and no file of anybody's is written over.
//
//   OUT/.NAME.part ──synced, renamed──▶ OUT/NAME       and, where the agency says that it took it,
//                                       OUT/NAME.ack   (or NAME.nack with a reason)
//
// Names say nothing of the order, modification times do: each file's is later than that of the one
// written before it. The folder is opened anew for each operation: it may lie on a disk that comes
// and goes. It is never made, since it would then be made where that disk is to be.
//
// Thread-compatible.

#ifndef ANQIAO_HUB_TRANSPORT_OUTBOX_H_
#define ANQIAO_HUB_TRANSPORT_OUTBOX_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anqiao::transport {

class Outbox {
 public:
  explicit Outbox(std::string path) : path_(std::move(path)) {}

  // UNAVAILABLE: there is no such folder, or it cannot be written.
  absl::Status Check() const;
  // On disk under its name when it returns; also if it was there already, with the same content.
  // UNAVAILABLE: not now: no folder, no room. ALREADY_EXISTS: something else has that name.
  absl::Status Put(const std::string& name, absl::string_view bytes);

  // What the agency said of a file.
  struct Said {
    bool ack = false;
    std::string reason = {};  // of a nack: the first line, or a code of the hub's if it is no code
  };
  // Nullopt: nothing yet. UNAVAILABLE: the folder cannot be read now.
  absl::StatusOr<std::optional<Said>> Look(const std::string& name) const;
  // Takes a nack away, so that the file counts as offered again.
  absl::Status ForgetNack(const std::string& name) const;

 private:
  const std::string path_;
  std::int64_t last_nanos_ = 0;  // modification time of the file written last
};

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_OUTBOX_H_

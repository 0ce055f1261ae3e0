// The sequence that the journal is known to have reached, kept beside it, so that a journal that
// lost its end is noticed when it is opened.
//
// Two checksummed slots, 4096 bytes apart, are written in turn, so that a torn write leaves the
// other. Record does not wait for the disk (a killed process loses nothing, a power failure at most
// what the system had not yet written); every kSyncEvery entries and on Sync it does.
//
// Thread-compatible.

#ifndef ANQIAO_HUB_STORE_HEAD_FILE_H_
#define ANQIAO_HUB_STORE_HEAD_FILE_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/store/store.h"

namespace anqiao::store {

class HeadFile {
 public:
  static constexpr Sequence kSyncEvery = 8192;

  // The head recorded in "path"; nullopt if there is no such file. DATA_LOSS (STORAGE_LOST):
  // neither slot is whole.
  static absl::StatusOr<std::optional<Sequence>> Read(const std::string& path);

  // Makes "path" with head 0, or replaces it, durably.
  static absl::Status Create(const std::string& path);

  // Opens "path" to record heads from "head" on. NOT_FOUND: there is no such file.
  static absl::StatusOr<std::unique_ptr<HeadFile>> Open(const std::string& path, Sequence head);

  ~HeadFile();
  HeadFile(const HeadFile&) = delete;
  HeadFile& operator=(const HeadFile&) = delete;

  // Requires: the journal is synced up to "head".
  absl::Status Record(Sequence head);

  // Waits until what was recorded is on disk.
  absl::Status Sync();

 private:
  HeadFile(int file, Sequence head) : file_(file), head_(head), synced_(head) {}

  const int file_;
  Sequence head_;
  Sequence synced_;
  int slot_ = 0;
};

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_HEAD_FILE_H_

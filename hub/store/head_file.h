// The sequence that the journal is known to have reached, kept beside it, so that a journal that
// lost its end is noticed when it is opened.
//
// Two checksummed slots, 4096 bytes apart, are written in turn, so that a torn write leaves the
// other; a new file gets its name only when both are on disk. Record does not wait for the disk (a
// killed process loses nothing, a power failure at most what the system had not yet written); every
// kSyncEvery entries and on Sync it does.
//
// Thread-compatible. Private to this folder.

#ifndef ANQIAO_HUB_STORE_HEAD_FILE_H_
#define ANQIAO_HUB_STORE_HEAD_FILE_H_

#include <rocksdb/file_system.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/store/store.h"

namespace anqiao::store {

class HeadFile {
 public:
  static constexpr Sequence kSyncEvery = 8192;

  // The head recorded in "path"; nullopt if there is no such file. DATA_LOSS (STORAGE_LOST):
  // neither slot is whole.
  static absl::StatusOr<std::optional<Sequence>> Read(rocksdb::FileSystem& files,
                                                      const std::string& path);

  // Makes "path" with head 0, or replaces it, durably. What else is in its directory is durable
  // before it.
  static absl::Status Create(rocksdb::FileSystem& files, const std::string& path);

  // Opens "path" to record heads from "head" on. NOT_FOUND: there is no such file.
  static absl::StatusOr<std::unique_ptr<HeadFile>> Open(rocksdb::FileSystem& files,
                                                        const std::string& path, Sequence head);

  HeadFile(const HeadFile&) = delete;
  HeadFile& operator=(const HeadFile&) = delete;

  // Requires: the journal is synced up to "head".
  absl::Status Record(Sequence head);

  // Waits until what was recorded is on disk.
  absl::Status Sync();

 private:
  HeadFile(std::unique_ptr<rocksdb::FSRandomRWFile> file, Sequence head)
      : file_(std::move(file)), head_(head), synced_(head) {}

  const std::unique_ptr<rocksdb::FSRandomRWFile> file_;
  Sequence head_;
  Sequence synced_;
  int slot_ = 0;
};

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_HEAD_FILE_H_

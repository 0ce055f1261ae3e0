// The file of a key ring on a rocksdb::FileSystem, so that tests can make it fail. Private to this
// folder.
//
// Nothing that was written counts before Sync returned OK. Thread-compatible; reads and writes of
// different slots may go on at the same time.

#ifndef ANQIAO_HUB_STORE_KEY_RING_FILE_H_
#define ANQIAO_HUB_STORE_KEY_RING_FILE_H_

#include <rocksdb/file_system.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/store/key_ring_format.h"

namespace anqiao::store {

class RingFile {
 public:
  enum class Mode { kRead, kWrite };

  // NOT_FOUND: there is no such file. DATA_LOSS (STORAGE_LOST): the system refused.
  static absl::StatusOr<std::unique_ptr<RingFile>> Open(rocksdb::FileSystem& system,
                                                        const std::string& path, Mode mode);

  // An empty file, in place of what is there. RESOURCE_EXHAUSTED (STORAGE_FULL), DATA_LOSS.
  static absl::StatusOr<std::unique_ptr<RingFile>> Create(rocksdb::FileSystem& system,
                                                          const std::string& path);

  // The newer of the two copies. DATA_LOSS (STORAGE_LOST): neither is whole. FAILED_PRECONDITION
  // (FORMAT_VERSION_UNKNOWN).
  absl::StatusOr<RingHeader> ReadHeader() const;

  // Overwrites the older copy, if "header" has the next generation.
  absl::Status WriteHeader(const RingHeader& header);

  // The bytes of "count" slots from "first" on; fewer if the file ends.
  absl::StatusOr<std::string> ReadSlots(KeyId first, std::uint64_t count) const;
  absl::Status WriteSlots(KeyId first, absl::string_view bytes);

  absl::Status Sync();

  // Overwrites "size" bytes with zeros and syncs; works after the file was renamed over, too.
  absl::Status Wipe(std::uint64_t size);

 private:
  RingFile() = default;
  absl::StatusOr<std::string> Read(std::uint64_t offset, std::size_t size) const;
  absl::Status Write(std::uint64_t offset, absl::string_view bytes);

  // One of them: a reader needs no right to write.
  std::unique_ptr<rocksdb::FSRandomRWFile> file_;
  std::unique_ptr<rocksdb::FSRandomAccessFile> reader_;
};

// The file's length in bytes.
absl::StatusOr<std::uint64_t> FileBytes(rocksdb::FileSystem& system, const std::string& path);
// Puts "from" in the place of "to", durably.
absl::Status Replace(rocksdb::FileSystem& system, const std::string& from, const std::string& to);
// Makes what was done to names in the folder of "path" durable.
absl::Status SyncFolderOf(rocksdb::FileSystem& system, const std::string& path);
// Overwrites and removes "path" if it is there.
absl::Status WipeAndRemove(rocksdb::FileSystem& system, const std::string& path);

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_KEY_RING_FILE_H_

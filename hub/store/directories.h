// Directories that are still there after a power failure. Private to this folder.
//
// Thread-safe.

#ifndef ANQIAO_HUB_STORE_DIRECTORIES_H_
#define ANQIAO_HUB_STORE_DIRECTORIES_H_

#include <rocksdb/file_system.h>

#include <string>

#include "absl/status/status.h"

namespace anqiao::store {

// The directory above "path"; "." if it names none.
std::string DirectoryOf(const std::string& path);

// Waits until the names in "directory" are on disk.
absl::Status SyncDirectory(rocksdb::FileSystem& files, const std::string& directory);

// Makes "directory" and what is missing above it, durably. FAILED_PRECONDITION: it cannot be made.
absl::Status MakeDirectories(rocksdb::FileSystem& files, const std::string& directory);

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_DIRECTORIES_H_

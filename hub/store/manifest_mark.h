// What RocksDB's manifest is known to hold: its name, size and checksum, kept beside it in "MARK".
// RocksDB takes a manifest that was cut off, or whose end is garbled, for an older one, and then
// knows nothing of some files.
//
// A mark is made when a database was opened and when it was closed; what is added in between is not
// covered. Every byte it speaks of was synced before, so it holds after a power failure too.
//
// Thread-compatible. Private to this folder.

#ifndef ANQIAO_HUB_STORE_MANIFEST_MARK_H_
#define ANQIAO_HUB_STORE_MANIFEST_MARK_H_

#include <rocksdb/file_system.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace anqiao::store {

// The name of the manifest that CURRENT in "directory" names; empty if it names none.
absl::StatusOr<std::string> CurrentManifest(rocksdb::FileSystem& files,
                                            const std::string& directory);

// Durable when it returns.
absl::Status MarkManifest(rocksdb::FileSystem& files, const std::string& directory);

// OK if there is no mark, or it is of another manifest. DATA_LOSS (STORAGE_LOST): the manifest does
// not begin with what was marked, or the mark is damaged.
absl::Status CheckManifest(rocksdb::FileSystem& files, const std::string& directory);

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_MANIFEST_MARK_H_

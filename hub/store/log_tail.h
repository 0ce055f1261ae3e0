// Cuts off what a power failure left of the last write to a log of RocksDB.
//
// The last write before the power failed was not acknowledged, and may lie there in part or
// garbled. RocksDB reads over a last record that was cut off, but takes one that was garbled for
// damage and does not open. The two differ: each write to the journal's log is synced before the
// next one starts, so where any whole record begins behind the damage, the damaged one had been
// acknowledged.
//
// Thread-compatible. Private to this folder.

#ifndef ANQIAO_HUB_STORE_LOG_TAIL_H_
#define ANQIAO_HUB_STORE_LOG_TAIL_H_

#include <rocksdb/file_system.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace anqiao::store {

// Of the database in "directory", looks at the newest log and at the manifest that CURRENT names.
// Where a last record is damaged and none begins behind it, cuts it off, durably, and keeps the
// bytes in "TORN" beside it (one file; the next one replaces it). True: something was cut off.
//
// A record that was acknowledged and is the last one looks the same; whoever calls this compares
// the journal's end with its recorded head afterwards.
absl::StatusOr<bool> CutTornTails(rocksdb::FileSystem& files, const std::string& directory);

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_LOG_TAIL_H_

// Translates RocksDB's types, once. Private to this folder.

#ifndef ANQIAO_HUB_STORE_ROCKS_STATUS_H_
#define ANQIAO_HUB_STORE_ROCKS_STATUS_H_

#include <rocksdb/slice.h>
#include <rocksdb/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace anqiao::store {

inline rocksdb::Slice ToSlice(absl::string_view text) { return {text.data(), text.size()}; }
inline absl::string_view ToView(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

// OK, NOT_FOUND, RESOURCE_EXHAUSTED (STORAGE_FULL) if the disk is full, UNAVAILABLE if another
// process holds the directory or RocksDB asks to try again, else DATA_LOSS (STORAGE_LOST). "doing"
// begins the message.
absl::Status FromRocks(const rocksdb::Status& status, absl::string_view doing);

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_ROCKS_STATUS_H_

// Opens a store over an Env other than the system's, for tests that make disks fail.

#ifndef ANQIAO_HUB_STORE_ROCKS_STORE_INTERNAL_H_
#define ANQIAO_HUB_STORE_ROCKS_STORE_INTERNAL_H_

#include <rocksdb/env.h>

#include <memory>

#include "absl/status/statusor.h"
#include "hub/store/store.h"

namespace anqiao::store {

// OpenRocksStore on "env", which must outlive the store.
absl::StatusOr<std::unique_ptr<Store>> OpenRocksStoreOn(rocksdb::Env* env,
                                                        const RocksStoreOptions& options);

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_ROCKS_STORE_INTERNAL_H_

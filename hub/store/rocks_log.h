// Where RocksDB writes what it has to say: the file LOG of its folder, at most twice 4 MiB with the
// one before it.
//
// RocksDB's own logger ends the process if the disk is full (where the library was built with
// assertions, as Debian's is). This one leaves out what it cannot write.

#ifndef ANQIAO_HUB_STORE_ROCKS_LOG_H_
#define ANQIAO_HUB_STORE_ROCKS_LOG_H_

#include <rocksdb/env.h>

#include <memory>
#include <string>

namespace anqiao::store {

// Of warnings and worse, into "directory", which may come to be later. Thread-safe.
std::shared_ptr<rocksdb::Logger> MakeRocksLog(const std::string& directory);

// Writes nothing.
std::shared_ptr<rocksdb::Logger> MakeSilentLog();

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_ROCKS_LOG_H_

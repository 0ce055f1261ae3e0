// Files that are encrypted whole, under a key that is in memory only: for databases that are thrown
// away, in which sealing every row would cost more than the rows. Private to this folder.
//
//   AQ_ASSIGN_OR_RETURN(std::unique_ptr<rocksdb::Env> env,
//                       NewEncryptingEnv(base, FileCipher::kAes256));
//
// The key is random, made for the object and overwritten with it, so that nobody reads the files
// afterwards, whatever becomes of them. A file begins with kFilePrefixBytes: the marker "AQFILE1"
// and a zero byte, its number (8 bytes big-endian), zeros. What follows is CTR: the counter's block
// is the file's number and the block's number in the file, 8 bytes each. Numbers count the files
// that the key has encrypted, and a place in a file is encrypted once (otherwise that is an error,
// as with direct writes, which write the last page again), so that no part of the key stream is
// used twice.
//
// Contents are hidden, not authenticated: RocksDB's checksums find damage, not design.
//
// Thread-safe as RocksDB's own file systems are. Failures of OpenSSL are statuses.

#ifndef ANQIAO_HUB_STORE_FILE_ENCRYPTION_H_
#define ANQIAO_HUB_STORE_FILE_ENCRYPTION_H_

#include <rocksdb/env.h>
#include <rocksdb/env_encryption.h>

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"

namespace anqiao::store {

enum class FileCipher {
  kAes256,
  kSm4,  // for installations under GB/T 39786
};

// A page, so that blocks stay where pages begin.
inline constexpr std::size_t kFilePrefixBytes = 4096;

// With a fresh key. FAILED_PRECONDITION (CONFIGURATION_INVALID): this OpenSSL does not have the
// cipher. INTERNAL: its random generator failed.
absl::StatusOr<std::shared_ptr<rocksdb::EncryptionProvider>> NewFileEncryption(FileCipher cipher);

// The files of "base", which must outlive it, encrypted so. Files are written once, from their
// beginning on, and then read; nothing is logged.
absl::StatusOr<std::unique_ptr<rocksdb::Env>> NewEncryptingEnv(rocksdb::Env* base,
                                                               FileCipher cipher);

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_FILE_ENCRYPTION_H_

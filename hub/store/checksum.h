// CRC32C (Castagnoli), which the journal's entries and blobs carry beside RocksDB's own checksums.
//
// Thread-safe.

#ifndef ANQIAO_HUB_STORE_CHECKSUM_H_
#define ANQIAO_HUB_STORE_CHECKSUM_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anqiao::store {

// CRC32C of "data", going on from "crc" of what came before it.
std::uint32_t Crc32c(absl::string_view data, std::uint32_t crc = 0);

// "value" with 4 bytes that check it and the key that it belongs to.
std::string Seal(absl::string_view key, absl::string_view value);

// The value that Seal was given; it points into "sealed". DATA_LOSS (STORAGE_LOST): the bytes or
// the key differ from those sealed.
absl::StatusOr<absl::string_view> Unseal(absl::string_view key, absl::string_view sealed);

inline constexpr std::size_t kNumberBytes = 8;
// Big-endian.
std::string EncodeNumber(std::uint64_t number);
// DATA_LOSS (STORAGE_LOST): not 8 bytes.
absl::StatusOr<std::uint64_t> DecodeNumber(absl::string_view bytes);

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_CHECKSUM_H_

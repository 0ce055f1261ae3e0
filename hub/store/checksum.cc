#include "hub/store/checksum.h"

#include <array>
#include <cstddef>

#include "hub/base/errors.h"

namespace anqiao::store {
namespace {

constexpr std::size_t kTrailerBytes = 4;
constexpr std::uint32_t kPolynomial = 0x82f63b78;  // Reflected.

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

// Table k advances a byte past k further zero bytes, so that eight bytes go in one step.
constexpr Tables MakeTables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    for (std::size_t k = 1; k < 8; ++k) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

std::uint32_t Little(const unsigned char* at) {
  return std::uint32_t{at[0]} | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 |
         std::uint32_t{at[3]} << 24;
}

}  // namespace

std::uint32_t Crc32c(absl::string_view data, std::uint32_t crc) {
  crc = ~crc;
  const auto* at = reinterpret_cast<const unsigned char*>(data.data());
  std::size_t left = data.size();
  for (; left >= 8; at += 8, left -= 8) {
    const std::uint32_t low = crc ^ Little(at);
    const std::uint32_t high = Little(at + 4);
    crc = kTables[7][low & 0xff] ^ kTables[6][(low >> 8) & 0xff] ^ kTables[5][(low >> 16) & 0xff] ^
          kTables[4][low >> 24] ^ kTables[3][high & 0xff] ^ kTables[2][(high >> 8) & 0xff] ^
          kTables[1][(high >> 16) & 0xff] ^ kTables[0][high >> 24];
  }
  for (; left > 0; ++at, --left) crc = (crc >> 8) ^ kTables[0][(crc ^ *at) & 0xff];
  return ~crc;
}

std::string Seal(absl::string_view key, absl::string_view value) {
  const std::uint32_t crc = Crc32c(value, Crc32c(key));
  std::string sealed;
  sealed.reserve(value.size() + kTrailerBytes);
  sealed.append(value.data(), value.size());
  for (int shift = 24; shift >= 0; shift -= 8) sealed.push_back(static_cast<char>(crc >> shift));
  return sealed;
}

absl::StatusOr<absl::string_view> Unseal(absl::string_view key, absl::string_view sealed) {
  if (sealed.size() >= kTrailerBytes) {
    const absl::string_view value = sealed.substr(0, sealed.size() - kTrailerBytes);
    std::uint32_t stored = 0;
    for (const char c : sealed.substr(value.size())) {
      stored = (stored << 8) | static_cast<unsigned char>(c);
    }
    if (stored == Crc32c(value, Crc32c(key))) return value;
  }
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
               "a stored value fails its checksum");
}

std::string EncodeNumber(std::uint64_t number) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(number >> shift));
  return bytes;
}

absl::StatusOr<std::uint64_t> DecodeNumber(absl::string_view bytes) {
  if (bytes.size() != 8) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 "a stored number does not have 8 bytes");
  }
  std::uint64_t number = 0;
  for (const char c : bytes) number = (number << 8) | static_cast<unsigned char>(c);
  return number;
}

}  // namespace anqiao::store

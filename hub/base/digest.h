// SHA-256, random bytes, and the short names made from them. Over OpenSSL.
//
// Thread-safe.

#ifndef ANQIAO_HUB_BASE_DIGEST_H_
#define ANQIAO_HUB_BASE_DIGEST_H_

#include <cstddef>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"

namespace anqiao {

// SHA-256 of "data", 32 bytes.
std::string Sha256(absl::string_view data);

// "bytes" as lower-case hexadecimal.
std::string Hex(absl::string_view bytes);

// "bytes" in Crockford's base 32, lower case, without padding: safe in resource names, order kept
// for equal lengths.
std::string Base32(absl::string_view bytes);

// "count" bytes from the system's cryptographic generator.
std::string RandomBytes(std::size_t count);

// For simulation only: from now on "source" gives the bytes; null gives them back to the system's
// generator. Outlives its use. Not while other threads ask for bytes.
using RandomSource = std::function<std::string(std::size_t count)>;
void SetRandomSourceForTest(const RandomSource* source);

// A random name of 26 characters (130 bits), for pseudonyms, deliveries and ledger entries.
std::string RandomName();

// A random version 4 UUID (RFC 9562).
std::string RandomUuid();

// True if "text" is a UUID in its canonical form of 36 characters.
bool IsUuid(absl::string_view text);

}  // namespace anqiao

#endif  // ANQIAO_HUB_BASE_DIGEST_H_

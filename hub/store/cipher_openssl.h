// What the cipher suites share of OpenSSL. Private to this folder.
//
// Algorithms are fetched once a process; a thread keeps its contexts, since making one costs more
// than sealing a record. Thread-safe.

#ifndef ANQIAO_HUB_STORE_CIPHER_OPENSSL_H_
#define ANQIAO_HUB_STORE_CIPHER_OPENSSL_H_

#include <openssl/evp.h>

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "hub/store/cipher.h"

namespace anqiao::store {

inline constexpr std::size_t kNonceBytes = 12;
inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kHmacBytes = 32;

// Null where this OpenSSL lacks one.
struct Algorithms {
  const EVP_CIPHER* aes_gcm;
  const EVP_CIPHER* aes_ecb;
  const EVP_CIPHER* aes_ctr;
  const EVP_CIPHER* sm4_ctr;
  const EVP_MD* sha256;
  const EVP_MD* sm3;
};
const Algorithms& FetchedAlgorithms();

// This thread's context of one cipher, ready for EVP_CipherInit_ex2 without a cipher. Null if there
// is no memory.
EVP_CIPHER_CTX* AesGcmContext();
EVP_CIPHER_CTX* AesBlockContext();
EVP_CIPHER_CTX* Sm4CtrContext();

inline const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
inline unsigned char* Bytes(char* at) { return reinterpret_cast<unsigned char*>(at); }

// Fills "nonce" with kNonceBytes from the system's generator; false if that is broken.
bool DrawNonce(unsigned char* nonce);

// The digest of "data", 32 bytes. These end the process if OpenSSL itself is broken.
void Digest(const EVP_MD* digest, absl::string_view data, unsigned char* out);

// HMAC (RFC 2104) of the parts one after the other, kHmacBytes. The first prepares the key each
// time, the second remembers the keys that the thread used last.
void Hmac(const EVP_MD* digest, absl::string_view key,
          std::initializer_list<absl::string_view> parts, unsigned char* out);
void CachedHmac(const EVP_MD* digest, absl::string_view key,
                std::initializer_list<absl::string_view> parts, unsigned char* out);

// CipherSuite::Hash and KeyedHash with this digest.
std::string HashOf(const EVP_MD* digest, absl::string_view data);
std::string KeyedHashOf(const EVP_MD* digest, absl::string_view key, absl::string_view data);

// INVALID_ARGUMENT unless "key" has 32 bytes.
absl::Status CheckKey(absl::string_view key);
// INVALID_ARGUMENT if there is more than CipherSuite::kPlaintextMax of it.
absl::Status CheckPlaintext(absl::string_view plaintext, absl::string_view associated);
// DATA_LOSS (STORAGE_LOST).
absl::Status NotAsSealed();
absl::Status NotAsWrapped();
// INTERNAL.
absl::Status CipherBroken();

std::unique_ptr<const CipherSuite> MakeAesSuite();
std::unique_ptr<const CipherSuite> MakeSm4Suite();
std::unique_ptr<const CipherSuite> MakeNoneSuite();

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_CIPHER_OPENSSL_H_

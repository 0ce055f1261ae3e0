// Ed25519 (RFC 8032): the key that signs the audit log's heads. Over OpenSSL.
//
//   AQ_ASSIGN_OR_RETURN(std::unique_ptr<SigningKey> key, SigningKey::FromSeed(seed));
//   AQ_RETURN_IF_ERROR(VerifySignature(key->public_key(), message, key->Sign(message)));
//
// Thread-safe.

#ifndef ANQIAO_HUB_BASE_SIGNING_H_
#define ANQIAO_HUB_BASE_SIGNING_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// OpenSSL's EVP_PKEY.
struct evp_pkey_st;

namespace anqiao {

inline constexpr std::size_t kSigningSeedBytes = 32;
inline constexpr std::size_t kPublicKeyBytes = 32;
inline constexpr std::size_t kSignatureBytes = 64;

class SigningKey {
 public:
  // The key of RFC 8032's 32 secret bytes; the caller wipes its own copy. INVALID_ARGUMENT
  // (CONFIGURATION_INVALID): not 32 bytes.
  static absl::StatusOr<std::unique_ptr<SigningKey>> FromSeed(absl::string_view seed);

  ~SigningKey();
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;

  // 64 bytes, always the same for the same message.
  std::string Sign(absl::string_view message) const;

  // 32 bytes.
  const std::string& public_key() const { return public_key_; }
  // KeyId of the public key.
  const std::string& key_id() const { return key_id_; }

 private:
  SigningKey(evp_pkey_st* key, std::string public_key);

  evp_pkey_st* const key_;  // Owned.
  const std::string public_key_;
  const std::string key_id_;
};

// Names a public key: the first 8 bytes of its SHA-256, in hexadecimal.
std::string KeyId(absl::string_view public_key);

// OK if "signature" is "public_key"'s of "message". INVALID_ARGUMENT (SIGNATURE_INVALID) otherwise,
// and for keys and signatures of another length.
absl::Status VerifySignature(absl::string_view public_key, absl::string_view message,
                             absl::string_view signature);

}  // namespace anqiao

#endif  // ANQIAO_HUB_BASE_SIGNING_H_

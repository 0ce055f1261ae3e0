#include "hub/base/signing.h"

#include <openssl/evp.h>

#include <cstdlib>
#include <utility>

#include "hub/base/digest.h"
#include "hub/base/errors.h"

namespace anqiao {
namespace {

struct FreeSigner {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

const unsigned char* Data(absl::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

absl::Status SignatureInvalid(absl::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, reason::kSignatureInvalid, message);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SigningKey>> SigningKey::FromSeed(absl::string_view seed) {
  if (seed.size() != kSigningSeedBytes) {
    return Error(absl::StatusCode::kInvalidArgument, reason::kConfigurationInvalid,
                 "the seed of a signing key must have 32 bytes");
  }
  EVP_PKEY* const key =
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, Data(seed), seed.size());
  std::string public_key(kPublicKeyBytes, '\0');
  std::size_t length = public_key.size();
  // Every seed is a key: fails only if OpenSSL itself is broken.
  if (key == nullptr ||
      EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(public_key.data()),
                                  &length) != 1 ||
      length != kPublicKeyBytes) {
    std::abort();
  }
  return std::unique_ptr<SigningKey>(new SigningKey(key, std::move(public_key)));
}

SigningKey::SigningKey(evp_pkey_st* key, std::string public_key)
    : key_(key), public_key_(std::move(public_key)), key_id_(KeyId(public_key_)) {}

SigningKey::~SigningKey() { EVP_PKEY_free(key_); }

std::string SigningKey::Sign(absl::string_view message) const {
  const std::unique_ptr<EVP_MD_CTX, FreeSigner> context(EVP_MD_CTX_new());
  std::string signature(kSignatureBytes, '\0');
  std::size_t length = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length,
                     Data(message), message.size()) != 1 ||
      length != kSignatureBytes) {
    std::abort();
  }
  return signature;
}

std::string KeyId(absl::string_view public_key) { return Hex(Sha256(public_key).substr(0, 8)); }

absl::Status VerifySignature(absl::string_view public_key, absl::string_view message,
                             absl::string_view signature) {
  if (public_key.size() != kPublicKeyBytes) {
    return SignatureInvalid("a public key must have 32 bytes");
  }
  if (signature.size() != kSignatureBytes) {
    return SignatureInvalid("a signature must have 64 bytes");
  }
  const std::unique_ptr<EVP_PKEY, FreeKey> key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Data(public_key), public_key.size()));
  const std::unique_ptr<EVP_MD_CTX, FreeSigner> context(EVP_MD_CTX_new());
  if (key == nullptr || context == nullptr ||
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      EVP_DigestVerify(context.get(), Data(signature), signature.size(), Data(message),
                       message.size()) != 1) {
    return SignatureInvalid("the signature is not the key's");
  }
  return absl::OkStatus();
}

}  // namespace anqiao

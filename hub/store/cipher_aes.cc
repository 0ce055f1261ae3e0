// aes-256-gcm-sha256: 'A' | nonce, 12 | ciphertext | tag, 16
//
// A wrapped key is AES-256-KWP. The steps of RFC 3394 and 5649 are done here on AES blocks: OpenSSL
// 3.0's own does not use the processor's AES and takes three times as long. The tests compare them.

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"
#include "hub/store/cipher_openssl.h"

namespace anqiao::store {
namespace {

constexpr char kAesId = 'A';
constexpr std::size_t kAesOverhead = 1 + kNonceBytes + kTagBytes;
constexpr std::size_t kAesWrappedBytes = DataKey::kBytes + 8;

// Runs the cipher over "input" into "output", which has as much room. The tag is not looked at.
bool Run(EVP_CIPHER_CTX* context, absl::string_view associated, absl::string_view input,
         unsigned char* output) {
  int written = 0;
  if (!associated.empty() && EVP_CipherUpdate(context, nullptr, &written, Bytes(associated),
                                              static_cast<int>(associated.size())) != 1) {
    return false;
  }
  return input.empty() || EVP_CipherUpdate(context, output, &written, Bytes(input),
                                           static_cast<int>(input.size())) == 1;
}

// RFC 5649's initial value for 32 bytes, then four halves of 8 bytes each.
constexpr absl::string_view kWrapStart("\xa6\x59\x59\xa6\x00\x00\x00\x20", 8);
constexpr std::size_t kHalf = 8;
constexpr int kHalves = 4;
constexpr int kRounds = 6;

// Keys that are wrapped side by side: a call of the cipher costs more than many blocks do.
constexpr std::size_t kSideBySide = 64;

// RFC 3394 2.2.1 in place on "count" times kAesWrappedBytes, of at most kSideBySide.
bool WrapSteps(EVP_CIPHER_CTX* context, unsigned char* bytes, std::size_t count) {
  unsigned char blocks[kSideBySide * 2 * kHalf];
  int written = 0;
  const auto block = [&](std::size_t i) { return blocks + i * 2 * kHalf; };
  for (std::size_t i = 0; i < count; ++i)
    std::memcpy(block(i), bytes + i * kAesWrappedBytes, kHalf);
  for (int step = 1; step <= kRounds * kHalves; ++step) {
    unsigned char* const half = bytes + kHalf * static_cast<std::size_t>(1 + (step - 1) % kHalves);
    for (std::size_t i = 0; i < count; ++i) {
      std::memcpy(block(i) + kHalf, half + i * kAesWrappedBytes, kHalf);
    }
    if (EVP_CipherUpdate(context, blocks, &written, blocks, static_cast<int>(count * 2 * kHalf)) !=
        1) {
      return false;
    }
    for (std::size_t i = 0; i < count; ++i) {
      block(i)[kHalf - 1] ^= static_cast<unsigned char>(step);
      std::memcpy(half + i * kAesWrappedBytes, block(i) + kHalf, kHalf);
    }
  }
  for (std::size_t i = 0; i < count; ++i)
    std::memcpy(bytes + i * kAesWrappedBytes, block(i), kHalf);
  return true;
}

// RFC 3394 2.2.2 in place on kAesWrappedBytes.
bool UnwrapSteps(EVP_CIPHER_CTX* context, unsigned char* bytes) {
  unsigned char block[2 * kHalf];
  int written = 0;
  std::memcpy(block, bytes, kHalf);
  for (int step = kRounds * kHalves; step >= 1; --step) {
    unsigned char* const half = bytes + kHalf * static_cast<std::size_t>(1 + (step - 1) % kHalves);
    block[kHalf - 1] ^= static_cast<unsigned char>(step);
    std::memcpy(block + kHalf, half, kHalf);
    if (EVP_CipherUpdate(context, block, &written, block, sizeof(block)) != 1) return false;
    std::memcpy(half, block + kHalf, kHalf);
  }
  std::memcpy(bytes, block, kHalf);
  OPENSSL_cleanse(block, sizeof(block));
  return true;
}

class AesSuite final : public CipherSuite {
 public:
  absl::string_view name() const override { return "aes-256-gcm-sha256"; }
  char id() const override { return kAesId; }

  absl::Status Seal(absl::string_view key, absl::string_view associated,
                    absl::string_view plaintext, std::string* out) const override {
    AQ_RETURN_IF_ERROR(CheckKey(key));
    AQ_RETURN_IF_ERROR(CheckPlaintext(plaintext, associated));
    const std::size_t before = out->size();
    out->resize(before + kAesOverhead + plaintext.size());
    (*out)[before] = kAesId;
    unsigned char* const nonce = Bytes(out->data() + before + 1);
    unsigned char* const ciphertext = nonce + kNonceBytes;
    OSSL_PARAM tag[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG,
                                                          ciphertext + plaintext.size(), kTagBytes),
                        OSSL_PARAM_construct_end()};
    EVP_CIPHER_CTX* const context = AesGcmContext();
    int written = 0;
    if (context == nullptr || !DrawNonce(nonce) ||
        EVP_CipherInit_ex2(context, nullptr, Bytes(key), nonce, 1, nullptr) != 1 ||
        !Run(context, associated, plaintext, ciphertext) ||
        EVP_CipherFinal_ex(context, ciphertext + plaintext.size(), &written) != 1 ||
        EVP_CIPHER_CTX_get_params(context, tag) != 1) {
      out->resize(before);
      return CipherBroken();
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Open(absl::string_view key, absl::string_view associated,
                                   absl::string_view sealed) const override {
    AQ_RETURN_IF_ERROR(CheckKey(key));
    if (sealed.size() < kAesOverhead || sealed.front() != kAesId) return NotAsSealed();
    const absl::string_view nonce = sealed.substr(1, kNonceBytes);
    const absl::string_view ciphertext =
        sealed.substr(1 + kNonceBytes, sealed.size() - kAesOverhead);
    AQ_RETURN_IF_ERROR(CheckPlaintext(ciphertext, associated));
    const absl::string_view tag = sealed.substr(sealed.size() - kTagBytes);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, const_cast<char*>(tag.data()),
                                          kTagBytes),
        OSSL_PARAM_construct_end()};
    std::string plaintext(ciphertext.size(), '\0');
    EVP_CIPHER_CTX* const context = AesGcmContext();
    int written = 0;
    if (context == nullptr ||
        EVP_CipherInit_ex2(context, nullptr, Bytes(key), Bytes(nonce), 0, params) != 1 ||
        !Run(context, associated, ciphertext, Bytes(plaintext.data()))) {
      return CipherBroken();
    }
    unsigned char rest[kTagBytes];
    if (EVP_CipherFinal_ex(context, rest, &written) != 1) return NotAsSealed();
    return plaintext;
  }

  absl::StatusOr<std::string> Wrap(absl::string_view master,
                                   absl::string_view data_key) const override {
    AQ_RETURN_IF_ERROR(CheckKey(master));
    AQ_RETURN_IF_ERROR(CheckKey(data_key));
    std::string wrapped = absl::StrCat(kWrapStart, data_key);
    AQ_RETURN_IF_ERROR(WrapInPlace(master, wrapped));
    return wrapped;
  }

  absl::StatusOr<std::vector<std::string>> WrapAll(
      absl::string_view master, const std::vector<DataKey>& data_keys) const override {
    AQ_RETURN_IF_ERROR(CheckKey(master));
    std::string bytes;
    bytes.reserve(data_keys.size() * kAesWrappedBytes);
    for (const DataKey& key : data_keys) absl::StrAppend(&bytes, kWrapStart, key.view());
    AQ_RETURN_IF_ERROR(WrapInPlace(master, bytes));
    std::vector<std::string> wrapped;
    wrapped.reserve(data_keys.size());
    for (std::size_t at = 0; at < bytes.size(); at += kAesWrappedBytes) {
      wrapped.push_back(bytes.substr(at, kAesWrappedBytes));
    }
    return wrapped;
  }

  absl::StatusOr<DataKey> Unwrap(absl::string_view master,
                                 absl::string_view wrapped) const override {
    AQ_RETURN_IF_ERROR(CheckKey(master));
    if (wrapped.size() != kAesWrappedBytes) return NotAsWrapped();
    char bytes[kAesWrappedBytes];
    std::memcpy(bytes, wrapped.data(), kAesWrappedBytes);
    EVP_CIPHER_CTX* const context = AesBlockContext();
    if (context == nullptr ||
        EVP_CipherInit_ex2(context, nullptr, Bytes(master), nullptr, 0, nullptr) != 1 ||
        !UnwrapSteps(context, Bytes(bytes))) {
      return CipherBroken();
    }
    const bool whole = CRYPTO_memcmp(bytes, kWrapStart.data(), kWrapStart.size()) == 0;
    const DataKey data_key({bytes + kWrapStart.size(), DataKey::kBytes});
    OPENSSL_cleanse(bytes, sizeof(bytes));
    if (!whole) return NotAsWrapped();
    return data_key;
  }

  std::string Hash(absl::string_view data) const override {
    return HashOf(FetchedAlgorithms().sha256, data);
  }

  std::string KeyedHash(absl::string_view key, absl::string_view data) const override {
    return KeyedHashOf(FetchedAlgorithms().sha256, key, data);
  }

 private:
  // "bytes" are those of keys, each behind kWrapStart.
  static absl::Status WrapInPlace(absl::string_view master, std::string& bytes) {
    EVP_CIPHER_CTX* const context = AesBlockContext();
    if (context == nullptr ||
        EVP_CipherInit_ex2(context, nullptr, Bytes(master), nullptr, 1, nullptr) != 1) {
      OPENSSL_cleanse(bytes.data(), bytes.size());
      return CipherBroken();
    }
    for (std::size_t at = 0; at < bytes.size(); at += kSideBySide * kAesWrappedBytes) {
      const std::size_t count = std::min(kSideBySide, (bytes.size() - at) / kAesWrappedBytes);
      if (!WrapSteps(context, Bytes(bytes.data() + at), count)) {
        OPENSSL_cleanse(bytes.data(), bytes.size());
        return CipherBroken();
      }
    }
    return absl::OkStatus();
  }
};

}  // namespace

std::unique_ptr<const CipherSuite> MakeAesSuite() {
  const Algorithms& algorithms = FetchedAlgorithms();
  if (algorithms.aes_gcm == nullptr || algorithms.aes_ecb == nullptr ||
      algorithms.sha256 == nullptr) {
    return nullptr;
  }
  return std::make_unique<AesSuite>();
}

}  // namespace anqiao::store

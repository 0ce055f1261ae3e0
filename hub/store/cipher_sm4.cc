// sm4-ctr-hmac-sm3: 'S' | nonce, 12 | ciphertext | first 16 bytes of the HMAC
//
// From a key of 32 bytes HKDF-Expand (RFC 5869) over SM3 makes 16 bytes for SM4 and 16 for the
// HMAC. The counter block begins as the nonce and four zero bytes. The HMAC is over nonce,
// ciphertext, associated data and the lengths of the last two. A wrapped key is the first 16 bytes
// of its HMAC, which are the counter block too, and the ciphertext.

#include <openssl/crypto.h>

#include <array>
#include <cstring>
#include <string>

#include "absl/status/statusor.h"
#include "hub/base/status_macros.h"
#include "hub/store/checksum.h"
#include "hub/store/cipher_openssl.h"

namespace anqiao::store {
namespace {

constexpr char kSm4Id = 'S';
constexpr std::size_t kSm4Overhead = 1 + kNonceBytes + kTagBytes;
constexpr std::size_t kBlockBytes = 16;
constexpr std::size_t kSm4WrappedBytes = kTagBytes + DataKey::kBytes;

constexpr absl::string_view kSealInfo = "anqiao sm4-ctr-hmac-sm3 seal\x01";
constexpr absl::string_view kWrapInfo = "anqiao sm4-ctr-hmac-sm3 wrap\x01";

class Subkeys {
 public:
  static Subkeys OfDataKey(absl::string_view key) {
    Subkeys keys;
    Hmac(FetchedAlgorithms().sm3, key, {kSealInfo}, keys.bytes_.data());
    return keys;
  }
  static Subkeys OfMaster(absl::string_view key) {
    Subkeys keys;
    CachedHmac(FetchedAlgorithms().sm3, key, {kWrapInfo}, keys.bytes_.data());
    return keys;
  }
  ~Subkeys() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  const unsigned char* cipher() const { return bytes_.data(); }
  absl::string_view mac() const {
    return {reinterpret_cast<const char*>(bytes_.data()) + kBlockBytes, kBlockBytes};
  }

 private:
  Subkeys() = default;

  std::array<unsigned char, kHmacBytes> bytes_;
};

// Encrypts or decrypts: with a counter they are the same.
bool Run(const Subkeys& keys, const unsigned char* counter, absl::string_view input,
         unsigned char* output) {
  EVP_CIPHER_CTX* const context = Sm4CtrContext();
  int written = 0;
  return context != nullptr &&
         EVP_CipherInit_ex2(context, nullptr, keys.cipher(), counter, 1, nullptr) == 1 &&
         (input.empty() || EVP_CipherUpdate(context, output, &written, Bytes(input),
                                            static_cast<int>(input.size())) == 1);
}

std::array<unsigned char, kBlockBytes> CounterOf(absl::string_view nonce) {
  std::array<unsigned char, kBlockBytes> counter{};
  std::memcpy(counter.data(), nonce.data(), kNonceBytes);
  return counter;
}

void Mac(const Subkeys& keys, absl::string_view nonce_and_ciphertext, absl::string_view associated,
         unsigned char* out) {
  const std::string lengths =
      EncodeNumber(nonce_and_ciphertext.size() - kNonceBytes) + EncodeNumber(associated.size());
  Hmac(FetchedAlgorithms().sm3, keys.mac(), {nonce_and_ciphertext, associated, lengths}, out);
}

class Sm4Suite final : public CipherSuite {
 public:
  absl::string_view name() const override { return "sm4-ctr-hmac-sm3"; }
  char id() const override { return kSm4Id; }

  absl::Status Seal(absl::string_view key, absl::string_view associated,
                    absl::string_view plaintext, std::string* out) const override {
    AQ_RETURN_IF_ERROR(CheckKey(key));
    AQ_RETURN_IF_ERROR(CheckPlaintext(plaintext, associated));
    const std::size_t before = out->size();
    out->resize(before + kSm4Overhead + plaintext.size());
    (*out)[before] = kSm4Id;
    char* const nonce = out->data() + before + 1;
    char* const ciphertext = nonce + kNonceBytes;
    const Subkeys keys = Subkeys::OfDataKey(key);
    if (!DrawNonce(Bytes(nonce)) ||
        !Run(keys, CounterOf({nonce, kNonceBytes}).data(), plaintext, Bytes(ciphertext))) {
      out->resize(before);
      return CipherBroken();
    }
    unsigned char mac[kHmacBytes];
    Mac(keys, {nonce, kNonceBytes + plaintext.size()}, associated, mac);
    std::memcpy(ciphertext + plaintext.size(), mac, kTagBytes);
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Open(absl::string_view key, absl::string_view associated,
                                   absl::string_view sealed) const override {
    AQ_RETURN_IF_ERROR(CheckKey(key));
    if (sealed.size() < kSm4Overhead || sealed.front() != kSm4Id) return NotAsSealed();
    const absl::string_view checked = sealed.substr(1, sealed.size() - 1 - kTagBytes);
    const absl::string_view ciphertext = checked.substr(kNonceBytes);
    AQ_RETURN_IF_ERROR(CheckPlaintext(ciphertext, associated));
    const Subkeys keys = Subkeys::OfDataKey(key);
    unsigned char mac[kHmacBytes];
    Mac(keys, checked, associated, mac);
    if (CRYPTO_memcmp(mac, sealed.data() + sealed.size() - kTagBytes, kTagBytes) != 0) {
      return NotAsSealed();
    }
    std::string plaintext(ciphertext.size(), '\0');
    if (!Run(keys, CounterOf(checked).data(), ciphertext, Bytes(plaintext.data()))) {
      return CipherBroken();
    }
    return plaintext;
  }

  absl::StatusOr<std::string> Wrap(absl::string_view master,
                                   absl::string_view data_key) const override {
    AQ_RETURN_IF_ERROR(CheckKey(master));
    AQ_RETURN_IF_ERROR(CheckKey(data_key));
    const Subkeys keys = Subkeys::OfMaster(master);
    unsigned char mac[kHmacBytes];
    CachedHmac(FetchedAlgorithms().sm3, keys.mac(), {data_key}, mac);
    std::string wrapped(kSm4WrappedBytes, '\0');
    std::memcpy(wrapped.data(), mac, kTagBytes);
    if (!Run(keys, mac, data_key, Bytes(wrapped.data() + kTagBytes))) return CipherBroken();
    return wrapped;
  }

  absl::StatusOr<DataKey> Unwrap(absl::string_view master,
                                 absl::string_view wrapped) const override {
    AQ_RETURN_IF_ERROR(CheckKey(master));
    if (wrapped.size() != kSm4WrappedBytes) return NotAsWrapped();
    const Subkeys keys = Subkeys::OfMaster(master);
    char bytes[DataKey::kBytes];
    if (!Run(keys, Bytes(wrapped), wrapped.substr(kTagBytes), Bytes(bytes))) return CipherBroken();
    const DataKey data_key({bytes, sizeof(bytes)});
    OPENSSL_cleanse(bytes, sizeof(bytes));
    unsigned char mac[kHmacBytes];
    CachedHmac(FetchedAlgorithms().sm3, keys.mac(), {data_key.view()}, mac);
    if (CRYPTO_memcmp(mac, wrapped.data(), kTagBytes) != 0) return NotAsWrapped();
    return data_key;
  }

  std::string Hash(absl::string_view data) const override {
    return HashOf(FetchedAlgorithms().sm3, data);
  }

  std::string KeyedHash(absl::string_view key, absl::string_view data) const override {
    return KeyedHashOf(FetchedAlgorithms().sm3, key, data);
  }
};

}  // namespace

std::unique_ptr<const CipherSuite> MakeSm4Suite() {
  const Algorithms& algorithms = FetchedAlgorithms();
  if (algorithms.sm4_ctr == nullptr || algorithms.sm3 == nullptr) return nullptr;
  return std::make_unique<Sm4Suite>();
}

}  // namespace anqiao::store

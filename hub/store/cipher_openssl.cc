#include "hub/store/cipher_openssl.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"

namespace anqiao::store {
namespace {

constexpr std::size_t kHmacBlock = 64;  // Of SHA-256 and of SM3.
constexpr std::size_t kCachedHmacs = 8;
constexpr std::size_t kRandomBlock = 4092;  // A multiple of kNonceBytes.

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeContext>;

void Require(bool ok) {
  if (!ok) std::abort();
}

// A key's HMAC up to where the message begins, and up to where the inner digest begins.
struct PreparedHmac {
  const EVP_MD* digest = nullptr;
  std::size_t key_bytes = 0;
  std::array<unsigned char, kHmacBlock> key{};
  DigestContext inner;
  DigestContext outer;

  PreparedHmac() = default;
  PreparedHmac(const PreparedHmac&) = delete;
  PreparedHmac& operator=(const PreparedHmac&) = delete;
  ~PreparedHmac() { OPENSSL_cleanse(key.data(), key.size()); }

  bool Is(const EVP_MD* other, absl::string_view other_key) const {
    return digest == other && key_bytes == other_key.size() &&
           std::memcmp(key.data(), other_key.data(), key_bytes) == 0;
  }
};

struct ThreadContexts {
  CipherContext aes_gcm;
  CipherContext aes_ecb;
  CipherContext sm4_ctr;
  DigestContext digest{EVP_MD_CTX_new()};
  std::array<PreparedHmac, kCachedHmacs> hmacs;
  std::size_t next_hmac = 0;
  std::array<unsigned char, kRandomBlock> random;
  std::size_t random_left = 0;
};

ThreadContexts& ThisThread() {
  thread_local ThreadContexts contexts;
  return contexts;
}

EVP_CIPHER_CTX* Ready(CipherContext& context, const EVP_CIPHER* cipher) {
  if (context == nullptr) {
    CipherContext made(EVP_CIPHER_CTX_new());
    if (made == nullptr) return nullptr;
    if (EVP_CipherInit_ex2(made.get(), cipher, nullptr, nullptr, 1, nullptr) != 1 ||
        EVP_CIPHER_CTX_set_padding(made.get(), 0) != 1)
      return nullptr;
    context = std::move(made);
  }
  return context.get();
}

// Begins a digest with the key's block, each byte of it changed by "pad".
void BeginPadded(EVP_MD_CTX* context, const EVP_MD* digest, absl::string_view key,
                 unsigned char pad) {
  std::array<unsigned char, kHmacBlock> block{};
  std::memcpy(block.data(), key.data(), key.size());
  for (unsigned char& byte : block) byte ^= pad;
  Require(EVP_DigestInit_ex2(context, digest, nullptr) == 1 &&
          EVP_DigestUpdate(context, block.data(), block.size()) == 1);
  OPENSSL_cleanse(block.data(), block.size());
}

void Finish(EVP_MD_CTX* context, std::initializer_list<absl::string_view> parts,
            unsigned char* out) {
  for (const absl::string_view part : parts) {
    Require(EVP_DigestUpdate(context, part.data(), part.size()) == 1);
  }
  Require(EVP_DigestFinal_ex(context, out, nullptr) == 1);
}

absl::string_view View(const unsigned char* at, std::size_t size) {
  return {reinterpret_cast<const char*>(at), size};
}

constexpr unsigned char kInnerPad = 0x36;
constexpr unsigned char kOuterPad = 0x5c;

const PreparedHmac& Prepare(const EVP_MD* digest, absl::string_view key) {
  ThreadContexts& thread = ThisThread();
  for (const PreparedHmac& prepared : thread.hmacs) {
    if (prepared.Is(digest, key)) return prepared;
  }
  PreparedHmac& prepared = thread.hmacs[thread.next_hmac];
  thread.next_hmac = (thread.next_hmac + 1) % kCachedHmacs;
  if (prepared.inner == nullptr) {
    prepared.inner.reset(EVP_MD_CTX_new());
    prepared.outer.reset(EVP_MD_CTX_new());
  }
  BeginPadded(prepared.inner.get(), digest, key, kInnerPad);
  BeginPadded(prepared.outer.get(), digest, key, kOuterPad);
  prepared.digest = digest;
  prepared.key_bytes = key.size();
  std::memcpy(prepared.key.data(), key.data(), key.size());
  return prepared;
}

}  // namespace

const Algorithms& FetchedAlgorithms() {
  static const Algorithms algorithms = {
      .aes_gcm = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr),
      .aes_ecb = EVP_CIPHER_fetch(nullptr, "AES-256-ECB", nullptr),
      .aes_ctr = EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr),
      .sm4_ctr = EVP_CIPHER_fetch(nullptr, "SM4-CTR", nullptr),
      .sha256 = EVP_MD_fetch(nullptr, "SHA2-256", nullptr),
      .sm3 = EVP_MD_fetch(nullptr, "SM3", nullptr),
  };
  return algorithms;
}

EVP_CIPHER_CTX* AesGcmContext() { return Ready(ThisThread().aes_gcm, FetchedAlgorithms().aes_gcm); }
EVP_CIPHER_CTX* AesBlockContext() {
  return Ready(ThisThread().aes_ecb, FetchedAlgorithms().aes_ecb);
}
EVP_CIPHER_CTX* Sm4CtrContext() { return Ready(ThisThread().sm4_ctr, FetchedAlgorithms().sm4_ctr); }

bool DrawNonce(unsigned char* nonce) {
  ThreadContexts& thread = ThisThread();
  if (thread.random_left == 0) {
    if (RAND_bytes(thread.random.data(), static_cast<int>(kRandomBlock)) != 1) return false;
    thread.random_left = kRandomBlock;
  }
  std::memcpy(nonce, thread.random.data() + kRandomBlock - thread.random_left, kNonceBytes);
  thread.random_left -= kNonceBytes;
  return true;
}

void Digest(const EVP_MD* digest, absl::string_view data, unsigned char* out) {
  EVP_MD_CTX* const context = ThisThread().digest.get();
  Require(EVP_DigestInit_ex2(context, digest, nullptr) == 1);
  Finish(context, {data}, out);
}

void Hmac(const EVP_MD* digest, absl::string_view key,
          std::initializer_list<absl::string_view> parts, unsigned char* out) {
  unsigned char short_key[kHmacBytes];
  if (key.size() > kHmacBlock) {
    Digest(digest, key, short_key);
    key = View(short_key, sizeof(short_key));
  }
  EVP_MD_CTX* const context = ThisThread().digest.get();
  unsigned char inner[kHmacBytes];
  BeginPadded(context, digest, key, kInnerPad);
  Finish(context, parts, inner);
  BeginPadded(context, digest, key, kOuterPad);
  Finish(context, {View(inner, sizeof(inner))}, out);
}

void CachedHmac(const EVP_MD* digest, absl::string_view key,
                std::initializer_list<absl::string_view> parts, unsigned char* out) {
  if (key.size() > kHmacBlock) return Hmac(digest, key, parts, out);
  const PreparedHmac& prepared = Prepare(digest, key);
  EVP_MD_CTX* const context = ThisThread().digest.get();
  unsigned char inner[kHmacBytes];
  Require(EVP_MD_CTX_copy_ex(context, prepared.inner.get()) == 1);
  Finish(context, parts, inner);
  Require(EVP_MD_CTX_copy_ex(context, prepared.outer.get()) == 1);
  Finish(context, {View(inner, sizeof(inner))}, out);
}

std::string HashOf(const EVP_MD* digest, absl::string_view data) {
  std::string hash(CipherSuite::kHashBytes, '\0');
  Digest(digest, data, Bytes(hash.data()));
  return hash;
}

std::string KeyedHashOf(const EVP_MD* digest, absl::string_view key, absl::string_view data) {
  unsigned char hash[kHmacBytes];
  CachedHmac(digest, key, {data}, hash);
  return std::string(View(hash, CipherSuite::kKeyedHashBytes));
}

absl::Status CheckKey(absl::string_view key) {
  if (key.size() == DataKey::kBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("a key must have 32 bytes, got ", key.size()));
}

absl::Status CheckPlaintext(absl::string_view plaintext, absl::string_view associated) {
  if (plaintext.size() <= CipherSuite::kPlaintextMax &&
      associated.size() <= CipherSuite::kPlaintextMax) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("at most ", CipherSuite::kPlaintextMax,
                                                 " bytes are sealed at once, got ",
                                                 plaintext.size(), " and ", associated.size()));
}

absl::Status NotAsSealed() {
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
               "a sealed value is damaged, or was sealed as something else or under another key");
}

absl::Status NotAsWrapped() {
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
               "a wrapped key is damaged, or was wrapped under another master key");
}

absl::Status CipherBroken() {
  return Error(absl::StatusCode::kInternal, reason::kInternal, "OpenSSL failed to encrypt");
}

}  // namespace anqiao::store

#include "hub/base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace anqiao {
namespace {

std::atomic<const RandomSource*> random_source{nullptr};

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Fetched once: OpenSSL looks an algorithm up with every use otherwise, which takes as long as
// hashing a hundred bytes.
const EVP_MD* FetchedSha256() {
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  return sha256;
}

// Random bytes that were drawn ahead: a draw costs more than many bytes do.
struct Drawn {
  static constexpr std::size_t kBytes = 4096;
  std::array<unsigned char, kBytes> bytes;
  std::size_t left = 0;
};

}  // namespace

void SetRandomSourceForTest(const RandomSource* source) { random_source.store(source); }

std::string Sha256(absl::string_view data) {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
  std::string out(32, '\0');
  // Fails only if OpenSSL itself is broken: nothing a caller could mend.
  if (EVP_DigestInit_ex2(context.get(), FetchedSha256(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), data.data(), data.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(out.data()), nullptr) !=
          1) {
    std::abort();
  }
  return out;
}

std::string Hex(absl::string_view bytes) { return absl::BytesToHexString(bytes); }

std::string Base32(absl::string_view bytes) {
  static constexpr char kAlphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string out;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char c : bytes) {
    buffer = (buffer << 8) | static_cast<unsigned char>(c);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out.push_back(kAlphabet[(buffer >> bits) & 31]);
    }
    buffer &= (1U << bits) - 1;
  }
  if (bits > 0) out.push_back(kAlphabet[(buffer << (5 - bits)) & 31]);
  return out;
}

std::string RandomBytes(std::size_t count) {
  if (const RandomSource* source = random_source.load(std::memory_order_relaxed)) {
    return (*source)(count);
  }
  thread_local Drawn drawn;
  std::string out(count, '\0');
  for (std::size_t done = 0; done < count;) {
    if (drawn.left == 0) {
      if (RAND_bytes(drawn.bytes.data(), static_cast<int>(Drawn::kBytes)) != 1) std::abort();
      drawn.left = Drawn::kBytes;
    }
    unsigned char* const from = drawn.bytes.data() + Drawn::kBytes - drawn.left;
    const std::size_t taken = std::min(count - done, drawn.left);
    std::memcpy(out.data() + done, from, taken);
    // Nothing that was given out stays behind.
    OPENSSL_cleanse(from, taken);
    drawn.left -= taken;
    done += taken;
  }
  return out;
}

std::string RandomName() { return Base32(RandomBytes(17)).substr(0, 26); }

std::string RandomUuid() {
  std::string bytes = RandomBytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = Hex(bytes);
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-",
                      hex.substr(16, 4), "-", hex.substr(20));
}

bool IsUuid(absl::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !absl::ascii_isxdigit(static_cast<unsigned char>(text[i]))) {
      return false;
    }
  }
  return true;
}

}  // namespace anqiao

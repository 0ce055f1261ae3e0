// none: 'N' | plaintext | CRC32C of associated data and plaintext, 4 bytes
//
// A wrapped key is the key and the first 8 bytes of its HMAC-SHA-256 under the master key.

#include <openssl/crypto.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"
#include "hub/store/checksum.h"
#include "hub/store/cipher_openssl.h"

namespace anqiao::store {
namespace {

constexpr char kNoneId = 'N';
constexpr std::size_t kDigestBytes = 8;

class NoneSuite final : public CipherSuite {
 public:
  absl::string_view name() const override { return "none"; }
  bool seals() const override { return false; }
  char id() const override { return kNoneId; }

  absl::Status Seal(absl::string_view key, absl::string_view associated,
                    absl::string_view plaintext, std::string* out) const override {
    AQ_RETURN_IF_ERROR(CheckKey(key));
    AQ_RETURN_IF_ERROR(CheckPlaintext(plaintext, associated));
    absl::StrAppend(out, absl::string_view(&kNoneId, 1), store::Seal(associated, plaintext));
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Open(absl::string_view key, absl::string_view associated,
                                   absl::string_view sealed) const override {
    AQ_RETURN_IF_ERROR(CheckKey(key));
    if (sealed.empty() || sealed.front() != kNoneId) return NotAsSealed();
    const absl::StatusOr<absl::string_view> plaintext = Unseal(associated, sealed.substr(1));
    if (!plaintext.ok()) return NotAsSealed();
    return std::string(*plaintext);
  }

  absl::StatusOr<std::string> Wrap(absl::string_view master,
                                   absl::string_view data_key) const override {
    AQ_RETURN_IF_ERROR(CheckKey(master));
    AQ_RETURN_IF_ERROR(CheckKey(data_key));
    return absl::StrCat(data_key, KeyedHash(master, data_key).substr(0, kDigestBytes));
  }

  absl::StatusOr<DataKey> Unwrap(absl::string_view master,
                                 absl::string_view wrapped) const override {
    AQ_RETURN_IF_ERROR(CheckKey(master));
    if (wrapped.size() != DataKey::kBytes + kDigestBytes) return NotAsWrapped();
    const absl::string_view data_key = wrapped.substr(0, DataKey::kBytes);
    if (KeyedHash(master, data_key).substr(0, kDigestBytes) != wrapped.substr(DataKey::kBytes)) {
      return NotAsWrapped();
    }
    return DataKey(data_key);
  }

  std::string Hash(absl::string_view data) const override {
    return HashOf(FetchedAlgorithms().sha256, data);
  }

  std::string KeyedHash(absl::string_view key, absl::string_view data) const override {
    return KeyedHashOf(FetchedAlgorithms().sha256, key, data);
  }
};

}  // namespace

std::unique_ptr<const CipherSuite> MakeNoneSuite() {
  if (FetchedAlgorithms().sha256 == nullptr) return nullptr;
  return std::make_unique<NoneSuite>();
}

}  // namespace anqiao::store

// Ciphers for what lies at rest, chosen by name:
//
//   aes-256-gcm-sha256   the default
//   sm4-ctr-hmac-sm3     for installations under GB/T 39786: SM4-CTR, then HMAC-SM3 over it
//   none                 development and benchmarks only: bytes lie open, keys are not needed
//
//   AQ_ASSIGN_OR_RETURN(const std::unique_ptr<const CipherSuite> suite, CipherSuite::Make("none"));
//   AQ_RETURN_IF_ERROR(suite->Seal(key, associated, plaintext, &row));
//
// A key is 32 random bytes: a DataKey, or text of that length. Nonces are random, never derived: a
// rebuild or a restored backup would repeat derived ones. hub/doc/storage_format.md has the bytes.
//
// Thread-safe. Each thread keeps the contexts it works with, and so the last keys it used, until it
// uses others or ends.

#ifndef ANQIAO_HUB_STORE_CIPHER_H_
#define ANQIAO_HUB_STORE_CIPHER_H_

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anqiao::store {

// A key of 32 bytes that does not outlive itself in memory. Converts to text for CipherSuite.
class DataKey {
 public:
  static constexpr std::size_t kBytes = 32;

  DataKey() = default;
  // Requires: "bytes" has 32 bytes.
  explicit DataKey(absl::string_view bytes);
  DataKey(const DataKey&) = default;
  DataKey& operator=(const DataKey&) = default;
  ~DataKey();

  // A new random key. Ends the process if the system's generator is broken.
  static DataKey Random();
  // So many, of at most 65536, for less than as many calls cost.
  static std::vector<DataKey> Random(std::size_t count);

  absl::string_view view() const { return {bytes_.data(), kBytes}; }
  operator absl::string_view() const { return view(); }  // NOLINT(google-explicit-constructor)

  friend bool operator==(const DataKey& a, const DataKey& b) { return a.view() == b.view(); }

 private:
  std::array<char, kBytes> bytes_{};
};

class CipherSuite {
 public:
  // The most that is sealed at once.
  static constexpr std::size_t kPlaintextMax = std::size_t{1} << 28;
  // The most bytes that Seal adds, and that Wrap gives.
  static constexpr std::size_t kSealOverheadMax = 29;
  static constexpr std::size_t kWrappedMax = 48;
  static constexpr std::size_t kHashBytes = 32;
  static constexpr std::size_t kKeyedHashBytes = 16;

  // INVALID_ARGUMENT (CONFIGURATION_INVALID): no suite is called that; the message names those
  // there are. FAILED_PRECONDITION: this OpenSSL does not have its algorithms.
  static absl::StatusOr<std::unique_ptr<const CipherSuite>> Make(absl::string_view name);

  virtual ~CipherSuite() = default;

  virtual absl::string_view name() const = 0;
  // The byte that begins what the suite sealed: 'A', 'S' or 'N'.
  virtual char id() const = 0;
  // What is sealed cannot be read without the key.
  virtual bool seals() const { return true; }

  // Appends id | random nonce | ciphertext | tag to "out". "associated" (kind, key and version of
  // what is sealed) is bound and not stored. INVALID_ARGUMENT: a key that is not 32 bytes, or more
  // than kPlaintextMax; "out" is then as it was.
  virtual absl::Status Seal(absl::string_view key, absl::string_view associated,
                            absl::string_view plaintext, std::string* out) const = 0;

  // What was sealed. DATA_LOSS (STORAGE_LOST): not sealed by this suite under this key with this
  // associated data ("none" checks all but the key). INVALID_ARGUMENT: a key that is not 32 bytes.
  virtual absl::StatusOr<std::string> Open(absl::string_view key, absl::string_view associated,
                                           absl::string_view sealed) const = 0;

  // "data_key" so that only "master" opens it, always the same way: AES-256-KWP (RFC 5649), or
  // HMAC-SM3 as the synthetic IV of SM4-CTR. At most kWrappedMax bytes. INVALID_ARGUMENT: a key
  // that is not 32 bytes.
  virtual absl::StatusOr<std::string> Wrap(absl::string_view master,
                                           absl::string_view data_key) const = 0;

  // The same of many, in their order, for less than as many calls cost.
  virtual absl::StatusOr<std::vector<std::string>> WrapAll(
      absl::string_view master, const std::vector<DataKey>& data_keys) const;

  // DATA_LOSS (STORAGE_LOST): damaged, or wrapped under another master key. INVALID_ARGUMENT: a
  // key that is not 32 bytes.
  virtual absl::StatusOr<DataKey> Unwrap(absl::string_view master,
                                         absl::string_view wrapped) const = 0;

  // SHA-256 or SM3, 32 bytes.
  virtual std::string Hash(absl::string_view data) const = 0;

  // HMAC over SHA-256 or SM3, its first 16 bytes, for indexes on personal values. Fast for the few
  // keys that a thread used last. Requires: a key of 32 bytes.
  virtual std::string KeyedHash(absl::string_view key, absl::string_view data) const = 0;
};

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_CIPHER_H_

#include "hub/store/cipher.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/cipher_openssl.h"

namespace anqiao::store {

DataKey::DataKey(absl::string_view bytes) {
  if (bytes.size() != kBytes) std::abort();
  std::memcpy(bytes_.data(), bytes.data(), kBytes);
}

DataKey::~DataKey() { OPENSSL_cleanse(bytes_.data(), kBytes); }

DataKey DataKey::Random() {
  DataKey key;
  if (RAND_priv_bytes(Bytes(key.bytes_.data()), kBytes) != 1) std::abort();
  return key;
}

std::vector<DataKey> DataKey::Random(std::size_t count) {
  // A draw costs more than many bytes do.
  static_assert(sizeof(DataKey) == kBytes);
  std::vector<DataKey> keys(count);
  if (RAND_priv_bytes(reinterpret_cast<unsigned char*>(keys.data()),
                      static_cast<int>(count * kBytes)) != 1) {
    std::abort();
  }
  return keys;
}

absl::StatusOr<std::unique_ptr<const CipherSuite>> CipherSuite::Make(absl::string_view name) {
  std::unique_ptr<const CipherSuite> suite;
  if (name == "aes-256-gcm-sha256") {
    suite = MakeAesSuite();
  } else if (name == "sm4-ctr-hmac-sm3") {
    suite = MakeSm4Suite();
  } else if (name == "none") {
    suite = MakeNoneSuite();
  } else {
    return Error(absl::StatusCode::kInvalidArgument, reason::kConfigurationInvalid,
                 absl::StrCat("there is no cipher suite \"", name,
                              "\"; there are aes-256-gcm-sha256, sm4-ctr-hmac-sm3 and none"));
  }
  if (suite == nullptr) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
                 absl::StrCat("this OpenSSL lacks the algorithms of ", name));
  }
  return suite;
}

absl::StatusOr<std::vector<std::string>> CipherSuite::WrapAll(
    absl::string_view master, const std::vector<DataKey>& data_keys) const {
  std::vector<std::string> wrapped;
  wrapped.reserve(data_keys.size());
  for (const DataKey& key : data_keys) {
    AQ_ASSIGN_OR_RETURN(std::string one, Wrap(master, key));
    wrapped.push_back(std::move(one));
  }
  return wrapped;
}

}  // namespace anqiao::store

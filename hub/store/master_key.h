// The key that wraps every data key: in a file now, in a key service later.
//
//   AQ_RETURN_IF_ERROR(MasterKey::MakeFile("/etc/anqiao/master.key"));
//   AQ_ASSIGN_OR_RETURN(std::unique_ptr<MasterKey> master,
//                       MasterKey::FromFile("/etc/anqiao/master.key", suite));
//
// Thread-safe.

#ifndef ANQIAO_HUB_STORE_MASTER_KEY_H_
#define ANQIAO_HUB_STORE_MASTER_KEY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/store/cipher.h"

namespace anqiao::store {

class MasterKey {
 public:
  // A master key in a file of 64 hexadecimal digits (a line end may follow) or 32 bytes. "suite"
  // must outlive it. NOT_FOUND: there is no file. FAILED_PRECONDITION (CONFIGURATION_INVALID): it
  // is not a regular file that belongs to this user or root with mode 0400 or 0600, or holds
  // something else.
  static absl::StatusOr<std::unique_ptr<MasterKey>> FromFile(const std::string& path,
                                                             const CipherSuite& suite);

  // A master key that is in memory already. "suite" must outlive it.
  static std::unique_ptr<MasterKey> FromKey(const DataKey& key, const CipherSuite& suite);

  // Makes "path" with a new random key in hexadecimal, mode 0600, on disk before it returns.
  // ALREADY_EXISTS: there is something of that name. RESOURCE_EXHAUSTED (STORAGE_FULL): the disk is
  // full. FAILED_PRECONDITION (CONFIGURATION_INVALID): it cannot be made there.
  static absl::Status MakeFile(const std::string& path);

  virtual ~MasterKey() = default;

  virtual absl::StatusOr<std::string> Wrap(absl::string_view data_key) const = 0;
  // The same of many, in their order, for less than as many calls cost.
  virtual absl::StatusOr<std::vector<std::string>> WrapAll(
      const std::vector<DataKey>& data_keys) const = 0;
  // DATA_LOSS (STORAGE_LOST): damaged, or wrapped under another master key.
  virtual absl::StatusOr<DataKey> Unwrap(absl::string_view wrapped) const = 0;

  // Names the key without telling it; at most 64 bytes.
  virtual std::string id() const = 0;
};

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_MASTER_KEY_H_

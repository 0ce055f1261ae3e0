// Opens a data directory that no hub has open, with the keys that seal it.

#ifndef ANQIAO_HUB_CTL_SEALED_DIRECTORY_H_
#define ANQIAO_HUB_CTL_SEALED_DIRECTORY_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/store/store.h"

namespace anqiao::ctl {

inline constexpr char kDefaultSuite[] = "aes-256-gcm-sha256";

// Where the keys are, and by which suite they are used.
struct SealFiles {
  std::string ring, master_key;
  std::string suite = kDefaultSuite;
};

// NOT_FOUND: "directory" has no journal.
absl::Status CheckDataDirectory(const std::string& directory);

// "directory" as it lies there, only for reading. NOT_FOUND as above; otherwise OpenRocksStore's
// errors.
absl::StatusOr<std::unique_ptr<store::Store>> OpenRawDirectory(const std::string& directory);

// "directory" under its keys; to be read only if "read_only". The errors of CheckDataDirectory,
// OpenRocksStore, MasterKey::FromFile, KeyRing::Open and OpenSealedStore.
absl::StatusOr<std::unique_ptr<store::Store>> OpenSealedDirectory(const std::string& directory,
                                                                  const SealFiles& files,
                                                                  bool read_only);

// Makes "directory", which must not have a journal, under a ring that is made if there is none.
absl::StatusOr<std::unique_ptr<store::Store>> MakeSealedDirectory(const std::string& directory,
                                                                  const SealFiles& files);

// "directory" of an older format, only for reading, to be upgraded.
absl::StatusOr<std::unique_ptr<store::Store>> OpenOldDirectory(const std::string& directory);

}  // namespace anqiao::ctl

#endif  // ANQIAO_HUB_CTL_SEALED_DIRECTORY_H_

#include "hub/ctl/sealed_directory.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"
#include "hub/store/cipher.h"
#include "hub/store/key_ring.h"
#include "hub/store/master_key.h"
#include "hub/store/sealed_store.h"

namespace anqiao::ctl {

absl::Status CheckDataDirectory(const std::string& directory) {
  std::error_code ignored;
  if (std::filesystem::is_directory(std::filesystem::path(directory) / "journal", ignored)) {
    return absl::OkStatus();
  }
  return absl::NotFoundError(
      absl::StrCat(directory, " is not a data directory of anqiaod: it has no journal"));
}

absl::StatusOr<std::unique_ptr<store::Store>> OpenRawDirectory(const std::string& directory) {
  AQ_RETURN_IF_ERROR(CheckDataDirectory(directory));
  return store::OpenRocksStore({.directory = directory, .read_only = true});
}

namespace {

absl::StatusOr<std::unique_ptr<store::Store>> OpenSealed(const std::string& directory,
                                                         const SealFiles& files, bool read_only,
                                                         bool make) {
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<const store::CipherSuite> suite,
                      store::CipherSuite::Make(files.suite));
  store::KeyRingOptions options;
  options.path = files.ring;
  options.suite = suite.get();
  options.read_only = read_only;
  options.create_if_missing = make;
  AQ_ASSIGN_OR_RETURN(options.master, store::MasterKey::FromFile(files.master_key, *suite));
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<store::KeyRing> ring,
                      store::KeyRing::Open(std::move(options)));
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<store::Store> base,
                      store::OpenRocksStore({.directory = directory,
                                             .read_only = read_only,
                                             .compress = !suite->seals(),
                                             .sm4 = suite->id() == 'S'}));
  store::SealOptions sealing;
  sealing.read_only = read_only;
  return store::OpenSealedStore(std::move(base), std::move(suite), std::move(ring), sealing);
}

}  // namespace

absl::StatusOr<std::unique_ptr<store::Store>> OpenSealedDirectory(const std::string& directory,
                                                                  const SealFiles& files,
                                                                  bool read_only) {
  AQ_RETURN_IF_ERROR(CheckDataDirectory(directory));
  return OpenSealed(directory, files, read_only, false);
}

absl::StatusOr<std::unique_ptr<store::Store>> MakeSealedDirectory(const std::string& directory,
                                                                  const SealFiles& files) {
  if (CheckDataDirectory(directory).ok()) {
    return absl::AlreadyExistsError(absl::StrCat(directory, " has a journal already"));
  }
  return OpenSealed(directory, files, false, true);
}

absl::StatusOr<std::unique_ptr<store::Store>> OpenOldDirectory(const std::string& directory) {
  AQ_RETURN_IF_ERROR(CheckDataDirectory(directory));
  store::RocksStoreOptions options;
  options.directory = directory;
  options.read_only = true;
  options.older_format = true;
  return store::OpenRocksStore(options);
}

}  // namespace anqiao::ctl

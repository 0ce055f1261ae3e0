// The model by which a hub resolves (hub/doc/identity.md), with the file that it was read from: the
// journal says which one was in force when, and keeps the files.
//
// Thread-compatible; a model is not changed once it is made.

#ifndef ANQIAO_HUB_ENGINE_IDENTITY_MODEL_H_
#define ANQIAO_HUB_ENGINE_IDENTITY_MODEL_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "hub/identity/model.h"
#include "hub/store/store.h"

namespace anqiao::engine {

// The register that the hub's prior is for: a large district with several records of each person.
inline constexpr std::size_t kRegisterRecords = 1'000'000;
// Of a key, in a hub's model: whether too many have it only because of the police's records is
// looked at among twice as many (outward_case.cc).
inline constexpr std::size_t kKeyRecordsMax = 64;
// By which an activation names it.
inline constexpr char kIdentityModelName[] = "identity";

struct IdentityModel {
  identity::Model model;      // for a register of kRegisterRecords
  std::string content, hash;  // the file, and its SHA-256 in hexadecimal
};

const IdentityModel& ShippedIdentityModel();
// "file" names it in errors. INVALID_ARGUMENT (IDENTITY_MODEL_INVALID): as identity::ParseModel, or
// it wants something that the hub's records do not say.
absl::StatusOr<std::shared_ptr<const IdentityModel>> ParseIdentityModel(const std::string& file,
                                                                        std::string content);

// Of a file. FAILED_PRECONDITION (CONFIGURATION_INVALID): it cannot be read, or is larger than 1
// MiB. INVALID_ARGUMENT (IDENTITY_MODEL_INVALID): as above.
absl::StatusOr<std::shared_ptr<const IdentityModel>> ReadIdentityModel(const std::string& path);

// The one that was in force before the entry at "sequence"; the one that ships where an earlier
// program named it otherwise. The next two: FAILED_PRECONDITION (IDENTITY_MODEL_INVALID): its file
// is not kept, or is not read any more.
absl::StatusOr<std::shared_ptr<const IdentityModel>> ModelBefore(const store::Store& store,
                                                                 store::Sequence sequence);
// The one that the projections were computed by.
absl::StatusOr<std::shared_ptr<const IdentityModel>> ModelOf(const store::Store& store,
                                                             const store::Snapshot& projections);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_IDENTITY_MODEL_H_

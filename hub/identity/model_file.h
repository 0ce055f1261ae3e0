// Linkage models and the stop list as files (hub/doc/identity.md), and the ones that ship with
// Anqiao, which are part of the program.
//
// Pure.

#ifndef ANQIAO_HUB_IDENTITY_MODEL_FILE_H_
#define ANQIAO_HUB_IDENTITY_MODEL_FILE_H_

#include <map>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "hub/identity/model.h"

namespace anqiao::identity {

// Reads a model. INVALID_ARGUMENT (IDENTITY_MODEL_INVALID), located: an unknown key, kind, level or
// key part; a probability outside (0, 1]; levels whose m or u do not add up to 1; a key of an
// attribute that there is not.
absl::StatusOr<Model> ParseModel(const std::string& file, const std::string& content);

// "model" as a file. Frequencies of whole values are left out: they would name people; those of
// surnames and of characters that several records have are kept.
std::string FormatModel(const Model& model, const std::string& source);

// For Chinese registers: name, sex, birth_date, national_id, phone, division, address,
// issued_number.
const Model& ShippedModel();

// Values that say nothing about who somebody is, by kind, normalized: 13800000000 as a phone.
using StopList = std::map<AttributeKind, absl::flat_hash_set<std::string>>;
absl::StatusOr<StopList> ParseStopList(const std::string& file, const std::string& content);
const StopList& ShippedStopList();

// The profile of a record with these values, one for each attribute of "schema": without generic
// ones, and with the birth date within its national id if it gives none.
Profile MakeProfile(const Schema& schema, const StopList& stop_list, std::vector<Value> values);

}  // namespace anqiao::identity

#endif  // ANQIAO_HUB_IDENTITY_MODEL_FILE_H_

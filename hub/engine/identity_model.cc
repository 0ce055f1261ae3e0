#include "hub/engine/identity_model.h"

#include <fstream>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/projection.h"
#include "hub/identity/model_file.h"
#include "hub/identity/shipped.h"

namespace anqiao::engine {
namespace {

using identity::AttributeKind;

constexpr std::size_t kModelBytesMax = std::size_t{1} << 20;
constexpr std::size_t kHashDigits = 64;

// What a record's subject has.
bool IsSaid(AttributeKind kind) {
  static const auto& kinds = *new std::set<AttributeKind>{
      AttributeKind::kName,      AttributeKind::kNationalId,  AttributeKind::kSex,
      AttributeKind::kBirthDate, AttributeKind::kPhone,       AttributeKind::kAddress,
      AttributeKind::kDivision,  AttributeKind::kIssuedNumber};
  return kinds.count(kind) > 0;
}

std::shared_ptr<const IdentityModel> Shipped() {
  return {std::shared_ptr<void>(), &ShippedIdentityModel()};
}

absl::StatusOr<std::shared_ptr<const IdentityModel>> KeptModel(const store::Store& store,
                                                               const std::string& hash) {
  // Earlier programs named what was part of them, and kept no file.
  if (hash == ShippedIdentityModel().hash || hash.size() != kHashDigits) return Shipped();
  absl::StatusOr<std::string> content = store.GetBlob(hash);
  if (absl::IsNotFound(content.status())) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kIdentityModelInvalid,
                 absl::StrCat("the identity model ", hash, " is not kept"));
  }
  AQ_RETURN_IF_ERROR(content.status());
  auto model = ParseIdentityModel(hash, *std::move(content));
  if (!model.ok()) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kIdentityModelInvalid,
                 absl::StrCat("the identity model ", hash,
                              " is not read any more: ", std::string(model.status().message())));
  }
  if ((*model)->hash != hash) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 "a stored identity model has another hash than its name");
  }
  return model;
}

}  // namespace

const IdentityModel& ShippedIdentityModel() {
  static const IdentityModel& model =
      *new IdentityModel{.model = identity::SizedFor(identity::ShippedModel(), kRegisterRecords),
                         .content = identity::kShippedModel,
                         .hash = Hex(Sha256(identity::kShippedModel))};
  return model;
}

absl::StatusOr<std::shared_ptr<const IdentityModel>> ParseIdentityModel(const std::string& file,
                                                                        std::string content) {
  AQ_ASSIGN_OR_RETURN(identity::Model parsed, identity::ParseModel(file, content));
  for (const identity::Attribute& attribute : parsed.schema) {
    if (!IsSaid(attribute.kind)) {
      return Error(absl::StatusCode::kInvalidArgument, reason::kIdentityModelInvalid,
                   absl::StrCat(file, ": the hub's records have no ",
                                std::string(identity::AttributeKindName(attribute.kind)),
                                ", which the attribute ", attribute.name, " is"));
    }
  }
  for (const identity::KeyRecipe& recipe : parsed.recipes) {
    if (recipe.records_max > kKeyRecordsMax) {
      return Error(absl::StatusCode::kInvalidArgument, reason::kIdentityModelInvalid,
                   absl::StrCat(file, ": records_max is at most ", kKeyRecordsMax, " in a hub"));
    }
  }
  std::string hash = Hex(Sha256(content));
  return std::make_shared<const IdentityModel>(
      IdentityModel{.model = identity::SizedFor(std::move(parsed), kRegisterRecords),
                    .content = std::move(content),
                    .hash = std::move(hash)});
}

absl::StatusOr<std::shared_ptr<const IdentityModel>> ReadIdentityModel(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string content(kModelBytesMax + 1, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad() || !in.eof() || content.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
                 absl::StrCat("the identity model ", path, " cannot be read, or is larger than ",
                              kModelBytesMax, " bytes"))
        .Meta("path", path);
  }
  return ParseIdentityModel(path, std::move(content));
}

absl::StatusOr<std::shared_ptr<const IdentityModel>> ModelBefore(const store::Store& store,
                                                                 store::Sequence sequence) {
  std::string hash;
  AQ_RETURN_IF_ERROR(store.ReadJournal(1, [&](store::Sequence at, absl::string_view bytes) {
    if (at >= sequence) return false;
    journal::v1::Entry entry;
    if (entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
        entry.activated().kind() == journal::v1::ACTIVATION_KIND_IDENTITY_MODEL) {
      hash = entry.activated().hash();
    }
    return true;
  }));
  return hash.empty() ? Shipped() : KeptModel(store, hash);
}

absl::StatusOr<std::shared_ptr<const IdentityModel>> ModelOf(const store::Store& store,
                                                             const store::Snapshot& projections) {
  const std::string hash = ModelHashOf(projections);
  return hash.empty() ? Shipped() : KeptModel(store, hash);
}

}  // namespace anqiao::engine

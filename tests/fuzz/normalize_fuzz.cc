// Normalizing: an adapter may emit any record; a usable answer must serialize, and its number be
// valid.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "hub/model/normalize.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  anqiao::adapter::v1::Record record;
  if (!record.ParseFromArray(data, static_cast<int>(size))) return 0;
  const anqiao::model::Normalized normalized =
      anqiao::model::Normalize(record, anqiao::model::CivilDate::Of(2026, 6, 30));
  if (normalized.problems.size() > anqiao::model::kProblemsMax) abort();
  if (!normalized.usable()) return 0;
  const std::string& id = normalized.observation.subject().id_number();
  if (!id.empty() && id.size() != 18) abort();
  if (normalized.observation.SerializeAsString().empty() && !record.removed()) abort();
  return 0;
}

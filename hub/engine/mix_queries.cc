// How well the cohorts mix among whom recipients are asked for. The index of who was asked for is
// kept by the projections (projection_referrals.cc), so what somebody was then is decided once, by
// the journal alone; here it is only counted.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/engine_impl.h"
#include "hub/engine/pages.h"
#include "hub/engine/projection.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::AskedDocument;

constexpr std::int64_t kKeysMax = 2'000'000;

absl::Status Unreadable() {
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
               "a stored document cannot be read");
}

// The police learn nothing of this kind from a request.
bool IsMeasured(const std::vector<AgencyOptions>& agencies, const std::string& id) {
  for (const AgencyOptions& agency : agencies) {
    if (agency.id == id) return agency.kind != "police";
  }
  return true;
}

// Adds the year's people to "input", by channel and month.
absl::Status CountAsked(const store::Snapshot& snapshot, const std::vector<AgencyOptions>& agencies,
                        referral::MixInput* input) {
  std::int64_t keys = 0;
  absl::Status failure;
  AQ_RETURN_IF_ERROR(ScanDocuments<AskedDocument>(
      snapshot, store::AskedRange(static_cast<std::uint64_t>(input->year)),
      [&](absl::string_view key, const AskedDocument& asked) {
        const absl::StatusOr<store::AskedParts> parts = store::DecodeAskedKey(key);
        if (!parts.ok() || asked.month() < 1 || asked.month() > 12) {
          failure = parts.ok() ? Unreadable() : parts.status();
        } else if (++keys > kKeysMax) {
          failure = Error(absl::StatusCode::kResourceExhausted, reason::kOverloaded,
                          absl::StrCat("more than ", kKeysMax, " people were asked for"));
        }
        if (!failure.ok()) return false;
        if (!IsMeasured(agencies, parts->agency)) return true;
        referral::Cohorts& month = input->channels[{parts->agency, parts->service}]
                                                  [static_cast<std::size_t>(asked.month() - 1)];
        const bool known = asked.cohort() == journal::v1::ASKED_COHORT_WITH_POLICE_RECORD;
        ++(known ? month.known : month.others);
        return true;
      }));
  return failure;
}

}  // namespace

absl::StatusOr<CohortMix> EngineImpl::GetCohortMix(int year) {
  if (options_.mix_table == nullptr) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
                 absl::StrCat("the catalogue has no ", referral::kMixFile));
  }
  // While a month runs its counts change by one person at a time, and the change would tell.
  const model::CivilDate today = Today();
  const model::CivilDate last = model::CivilDate::Of(today.year, today.month, 1).AddDays(-1);
  if (year < 0 || year > today.year) {
    return InvalidField("year", absl::StrCat("must be from 1 to ", today.year, ", got ", year));
  }
  CohortMix mix;
  mix.year = year == 0 ? last.year : year;
  if (mix.year <= last.year) mix.months = mix.year < last.year ? 12 : last.month;
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  referral::MixInput input{.year = mix.year, .months = mix.months, .all = {}, .channels = {}};
  input.all.known = CountOf(*snapshot, kKnownToPoliceCount);
  input.all.others = CountOf(*snapshot, kPeopleCount) - input.all.known;
  AQ_RETURN_IF_ERROR(CountAsked(*snapshot, options_.agencies, &input));
  AQ_ASSIGN_OR_RETURN(mix.lines, referral::MixLines(*options_.mix_table, input));
  const referral::MixRule* rule = options_.mix_table->On(
      mix.months == 0 ? today : model::CivilDate::Of(mix.year, mix.months).LastDay());
  if (rule == nullptr) return mix;
  mix.source = rule->source;
  mix.cell_min = rule->cell_min;
  if (input.all.AreBoth(rule->cell_min)) {
    mix.base_permille =
        static_cast<int>((input.all.known * 1000 + input.all.total() / 2) / input.all.total());
  }
  return mix;
}

}  // namespace anqiao::engine

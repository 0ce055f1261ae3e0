// What another model would change: who is who is computed by it from the journal, beside what is
// live, and compared person by person.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/engine_impl.h"
#include "hub/engine/pages.h"
#include "hub/engine/person.h"
#include "hub/engine/projection.h"
#include "hub/engine/projector.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::PersonDocument;
using journal::v1::PersonRecord;

constexpr std::size_t kPeopleBetween = 256;

absl::Status Stopped() { return absl::CancelledError("nobody waits for the rest"); }

// Tells of each person of one side whose records are several people's on the other.
class Shifts {
 public:
  // "go_on" is asked now and then.
  Shifts(const store::Snapshot& here, const store::Snapshot& there, std::function<bool()> go_on)
      : here_(here), there_(there), go_on_(std::move(go_on)) {}

  // By whose they are there.
  using Parts = std::map<std::string, std::vector<PersonRecord>>;
  using OnShift = std::function<absl::Status(const PersonDocument&, Parts)>;
  absl::Status Visit(const OnShift& on_shift) {
    absl::Status status;
    AQ_RETURN_IF_ERROR(
        ScanDocuments<PersonDocument>(here_, store::FamilyRange(store::Family::kPerson),
                                      [&](absl::string_view, const PersonDocument& person) {
                                        if (IsPerson(person)) status = VisitOne(person, on_shift);
                                        return status.ok();
                                      }));
    return status;
  }

  std::size_t people() const { return people_; }

 private:
  absl::Status VisitOne(const PersonDocument& person, const OnShift& on_shift) {
    if (++people_ % kPeopleBetween == 0 && !go_on_()) return Stopped();
    Parts parts;
    for (const PersonRecord& record : person.records()) {
      AQ_ASSIGN_OR_RETURN(const auto head, ReadDocument<journal::v1::RecordHead>(
                                               there_, store::RecordKey(record.record())));
      // Erased meanwhile.
      if (!head.has_value() || head->person().empty()) continue;
      parts[head->person()].push_back(record);
    }
    return parts.size() < 2 ? absl::OkStatus() : on_shift(person, std::move(parts));
  }

  const store::Snapshot& here_;
  const store::Snapshot& there_;
  const std::function<bool()> go_on_;
  std::size_t people_ = 0;
};

}  // namespace

absl::StatusOr<IdentityPreview> EngineImpl::PreviewIdentityModel(
    const std::string& jurisdiction,
    const std::function<bool(store::Sequence, store::Sequence)>& progress,
    const std::function<bool(const IdentityShift&)>& visit) {
  if (options_.candidate_identity_model.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
                 "the hub is configured without a candidate identity model");
  }
  AQ_ASSIGN_OR_RETURN(const std::shared_ptr<const IdentityModel> candidate,
                      ReadIdentityModel(options_.candidate_identity_model));
  AQ_ASSIGN_OR_RETURN(const auto live, Fresh());
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<store::ProjectionStore> beside,
                      store_->NewProjections(store::ProjectionPurpose::kCompare));
  Projection projection(beside.get(), *candidate);
  AQ_RETURN_IF_ERROR(ApplyJournal(*store_, live->sequence(), beside.get(), &projection, progress));
  const std::unique_ptr<store::Snapshot> then = beside->NewSnapshot();

  IdentityPreview preview;
  preview.model = ModelOf(options_).model.version;
  preview.candidate = candidate->model.version;
  preview.candidate_hash = candidate->hash;
  const ReferralBook book = BookOf(*live);
  // Who was erased meanwhile is nobody's either.
  const auto is_visible = [&](const std::string& person) -> absl::StatusOr<bool> {
    const absl::Status found = book.FindCase(person, Today(), jurisdiction).status();
    if (absl::IsNotFound(found)) return false;
    AQ_RETURN_IF_ERROR(found);
    return true;
  };
  const auto show = [&](const IdentityShift& shift) {
    return visit(shift) ? absl::OkStatus() : Stopped();
  };
  const auto go_on = [&] {
    return progress == nullptr || progress(live->sequence(), live->sequence());
  };
  Shifts parted(*live, *then, go_on);
  AQ_RETURN_IF_ERROR(
      parted.Visit([&](const PersonDocument& person, Shifts::Parts parts) -> absl::Status {
        AQ_ASSIGN_OR_RETURN(const bool visible, is_visible(person.person()));
        if (!visible) return absl::OkStatus();
        ++preview.parted;
        IdentityShift shift{.kind = IdentityShift::Kind::kParted, .parts = {}};
        for (auto& [other, records] : parts) {
          shift.parts.push_back({person.person(), std::move(records)});
        }
        return show(shift);
      }));
  Shifts joined(*then, *live, go_on);
  AQ_RETURN_IF_ERROR(joined.Visit([&](const PersonDocument&, Shifts::Parts parts) -> absl::Status {
    for (const auto& [person, records] : parts) {
      AQ_ASSIGN_OR_RETURN(const bool visible, is_visible(person));
      if (!visible) return absl::OkStatus();
    }
    ++preview.joined;
    IdentityShift shift{.kind = IdentityShift::Kind::kJoined, .parts = {}};
    for (auto& [person, records] : parts) shift.parts.push_back({person, std::move(records)});
    return show(shift);
  }));
  preview.people = parted.people();
  preview.candidate_people = joined.people();
  return preview;
}

}  // namespace anqiao::engine

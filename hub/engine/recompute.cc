#include "hub/engine/recompute.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "anqiao/journal/v1/state.pb.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/outward_case.h"
#include "hub/engine/person.h"
#include "hub/engine/projection.h"
#include "hub/engine/projector.h"
#include "hub/engine/referral_book.h"
#include "hub/engine/values.h"
#include "hub/model/case.h"
#include "hub/policy/catalogue.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::EntitlementAnswer;

absl::Status NotRecomputable(absl::string_view message) {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kAnswerNotRecomputable, message);
}

absl::StatusOr<std::unique_ptr<policy::Catalogue>> CatalogueOf(const store::Store& store,
                                                               const std::string& hash,
                                                               const std::string& jurisdiction) {
  const absl::StatusOr<std::string> content = store.GetBlob(hash);
  if (absl::IsNotFound(content.status())) {
    return NotRecomputable(absl::StrCat("the catalogue ", hash, " is not kept"));
  }
  AQ_RETURN_IF_ERROR(content.status());
  AQ_ASSIGN_OR_RETURN(const auto files, policy::Catalogue::Unpack(*content));
  absl::StatusOr<std::unique_ptr<policy::Catalogue>> catalogue =
      policy::Catalogue::Parse(files, jurisdiction);
  if (!catalogue.ok()) {
    return NotRecomputable(absl::StrCat("the catalogue ", hash, " is not read any more: ",
                                        std::string(catalogue.status().message())));
  }
  if ((*catalogue)->hash() != hash) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 "a stored catalogue has another hash than its name");
  }
  return catalogue;
}

std::string BytesOf(const EntitlementAnswer& answer) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  answer.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

// The projections as they were before the entry at "sequence", with one person's records.
struct Then {
  std::shared_ptr<const IdentityModel> model;
  std::unique_ptr<store::ProjectionStore> projections;
  std::unique_ptr<store::Snapshot> snapshot;
  journal::v1::PersonDocument person;
};

absl::StatusOr<Then> Before(store::Store& store, store::Sequence sequence,
                            const std::string& case_id,
                            const std::function<bool(store::Sequence, store::Sequence)>& progress) {
  Then then;
  AQ_ASSIGN_OR_RETURN(then.model, ModelBefore(store, sequence));
  AQ_ASSIGN_OR_RETURN(then.projections, store.NewProjections(store::ProjectionPurpose::kCompare));
  Projection projection(then.projections.get(), *then.model);
  if (sequence > 1) {
    AQ_RETURN_IF_ERROR(
        ApplyJournal(store, sequence - 1, then.projections.get(), &projection, progress));
  }
  then.snapshot = then.projections->NewSnapshot();
  AQ_ASSIGN_OR_RETURN(std::optional<journal::v1::PersonDocument> person,
                      ReadPerson(*then.snapshot, case_id));
  if (!person.has_value()) return NotRecomputable("the person's records are not there any more");
  then.person = *std::move(person);
  return then;
}

// The journal's entry that drafted a referral.
struct Drafted {
  store::Sequence sequence = 0;
  journal::v1::ReferralDraft draft;
};

absl::StatusOr<Drafted> FindDraft(const store::Store& store, const std::string& referral) {
  Drafted drafted;
  bool readable = true;
  AQ_RETURN_IF_ERROR(store.ReadJournal(1, [&](store::Sequence sequence, absl::string_view bytes) {
    journal::v1::Entry entry;
    readable = entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    if (!readable) return false;
    const journal::v1::ReferralChanged& change = entry.referral_changed();
    if (change.referral() != referral || !change.has_draft()) return true;
    drafted.sequence = sequence;
    drafted.draft = change.draft();
    return false;
  }));
  if (!readable) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 "a stored entry cannot be read");
  }
  if (drafted.sequence == 0) {
    return Error(absl::StatusCode::kNotFound, reason::kReferralNotFound,
                 "no entry drafts this referral, or it was erased");
  }
  return drafted;
}

}  // namespace

absl::StatusOr<RecomputedAnswer> RecomputeAnswer(
    store::Store& store, store::Sequence sequence, const std::string& case_id,
    const EntitlementAnswer& stored,
    const std::function<bool(store::Sequence, store::Sequence)>& progress,
    const std::map<std::string, std::string>& stated, const std::string& outward_anchor) {
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<policy::Catalogue> catalogue,
                      CatalogueOf(store, stored.catalogue_hash(), stored.jurisdiction()));
  AQ_ASSIGN_OR_RETURN(const Then then, Before(store, sequence, case_id, progress));
  RecomputedAnswer answer;
  answer.sequence = sequence;
  answer.stored = stored;
  const std::string stored_bytes = BytesOf(stored);
  const model::CivilDate as_of = model::CivilDate::FromProto(stored.as_of_date());
  model::Case folded = model::FoldCase(then.person, as_of);
  folded.stated = stated;
  AQ_ASSIGN_OR_RETURN(answer.recomputed, catalogue->Evaluate(stored.policy(), folded));
  answer.equal = stored_bytes == BytesOf(answer.recomputed);
  if (answer.equal || outward_anchor.empty()) return answer;
  AQ_ASSIGN_OR_RETURN(model::Case outward, OutwardCase(*then.snapshot, then.model->model,
                                                       then.person, outward_anchor, as_of));
  outward.stated = stated;
  AQ_ASSIGN_OR_RETURN(EntitlementAnswer without_police,
                      catalogue->Evaluate(stored.policy(), outward));
  if (stored_bytes == BytesOf(without_police)) {
    answer.recomputed = std::move(without_police);
    answer.equal = true;
  }
  return answer;
}

absl::StatusOr<std::vector<RecomputedNote>> RecomputeNotes(
    store::Store& store, store::Sequence sequence,
    const std::function<bool(store::Sequence, store::Sequence)>& progress) {
  const absl::StatusOr<std::string> bytes = store.GetEntry(sequence);
  journal::v1::Entry entry;
  if (!bytes.ok() || !entry.ParseFromString(*bytes) || entry.entitlement_noted().person().empty()) {
    return Error(absl::StatusCode::kNotFound, reason::kReferralNotFound,
                 absl::StrCat("entry ", sequence, " notes nobody, or was erased"));
  }
  const journal::v1::EntitlementNoted& noted = entry.entitlement_noted();
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<policy::Catalogue> catalogue,
                      CatalogueOf(store, noted.catalogue_hash(), noted.jurisdiction()));
  AQ_ASSIGN_OR_RETURN(const Then then, Before(store, sequence, noted.person(), progress));
  const model::Case folded =
      model::FoldCase(then.person, model::CivilDate::FromProto(noted.as_of_date()));
  std::vector<RecomputedNote> notes;
  for (const journal::v1::NotedAnswer& stored : noted.answers()) {
    // One that is not watched any more has no answer.
    if (stored.result() == journal::v1::ENTITLEMENT_RESULT_UNSPECIFIED) continue;
    RecomputedNote& note = notes.emplace_back();
    note.stored = stored;
    AQ_ASSIGN_OR_RETURN(const EntitlementAnswer answer,
                        catalogue->Evaluate(stored.policy(), folded));
    note.recomputed = stored;
    note.recomputed.set_result(answer.result());
    note.recomputed.set_amount_fen(answer.amount_fen());
    note.recomputed.clear_eligible_from_date();
    note.recomputed.clear_next_change_date();
    if (answer.has_eligible_from_date()) {
      *note.recomputed.mutable_eligible_from_date() = answer.eligible_from_date();
    }
    if (answer.has_next_change_date()) {
      *note.recomputed.mutable_next_change_date() = answer.next_change_date();
    }
    note.equal = Canonical(note.stored) == Canonical(note.recomputed);
  }
  return notes;
}

absl::StatusOr<RecomputedAnswer> RecomputeReferral(
    store::Store& store, const std::string& referral,
    const std::function<bool(store::Sequence, store::Sequence)>& progress) {
  AQ_ASSIGN_OR_RETURN(const Drafted drafted, FindDraft(store, referral));
  return RecomputeAnswer(
      store, drafted.sequence, drafted.draft.case_id(), drafted.draft.entitlement(), progress,
      {drafted.draft.details().begin(), drafted.draft.details().end()}, AnchorOf(drafted.draft));
}

}  // namespace anqiao::engine

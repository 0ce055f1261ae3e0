#include "hub/engine/watch_look.h"

#include <algorithm>
#include <utility>

#include "hub/base/status_macros.h"
#include "hub/engine/person.h"
#include "hub/engine/projection.h"
#include "hub/engine/referral_book.h"
#include "hub/engine/values.h"
#include "hub/engine/watch_notes.h"
#include "hub/model/case.h"
#include "hub/referral/proposal.h"
#include "hub/referral/provider.h"
#include "hub/store/keys.h"

namespace anqiao::engine {

using journal::v1::EntitlementNoted;
using journal::v1::EntitlementNotes;
using journal::v1::NotedAnswer;
using journal::v1::PersonDocument;
using journal::v1::ReferralDocument;
using model::CivilDate;

struct WatchLook::Subject {
  const PersonDocument& document;
  const model::Case& folded;
};

namespace {

// Null: nothing of the policy is noted.
const NotedAnswer* NotedOf(const EntitlementNotes& notes, absl::string_view policy) {
  for (const journal::v1::NotedEntitlement& one : notes.answers()) {
    if (one.answer().policy() == policy) return &one.answer();
  }
  return nullptr;
}

void SetDate(const CivilDate& date, type::v1::CivilDate* out) { *out = date.ToProto(); }

// On "day" too.
void AlsoLookOn(const CivilDate& day, NotedAnswer* answer) {
  const CivilDate now = CivilDate::FromProto(answer->look_date());
  if (now.empty() || day < now) SetDate(day, answer->mutable_look_date());
}

bool Same(const NotedAnswer& a, const NotedAnswer& b) {
  return (!IsKept(a) && !IsKept(b)) || Canonical(a) == Canonical(b);
}

bool IsDue(const NotedAnswer& answer, const CivilDate& today) {
  return answer.has_look_date() && CivilDate::FromProto(answer.look_date()) <= today;
}

bool SomebodyGives(const EngineOptions& options, const std::string& service) {
  return std::any_of(options.agencies.begin(), options.agencies.end(),
                     [&](const AgencyOptions& agency) {
                       return std::find(agency.services.begin(), agency.services.end(), service) !=
                              agency.services.end();
                     }) ||
         (options.directory != nullptr &&
          std::any_of(options.directory->providers.begin(), options.directory->providers.end(),
                      [&](const referral::Provider& provider) {
                        return referral::Gives(provider, service);
                      }));
}

NotedAnswer AnswerOf(const policy::WatchedDecision& watched) {
  const policy::Decision& decision = watched.decision;
  NotedAnswer answer;
  answer.set_policy(std::string(decision.policy));
  answer.set_result(decision.result);
  if (!decision.eligible_from.empty()) {
    SetDate(decision.eligible_from, answer.mutable_eligible_from_date());
  }
  if (!decision.next_change.empty()) {
    SetDate(decision.next_change, answer.mutable_next_change_date());
  }
  answer.set_amount_fen(decision.amount_fen);
  return answer;
}

}  // namespace

absl::StatusOr<std::optional<WatchFinding>> WatchLook::At(const std::string& person,
                                                          unsigned touches) const {
  AQ_ASSIGN_OR_RETURN(const auto document, ReadPerson(*snapshot_, person));
  if (!document.has_value()) return std::optional<WatchFinding>();
  return At(*document, touches);
}

absl::StatusOr<std::optional<WatchFinding>> WatchLook::At(const PersonDocument& document,
                                                          unsigned touches) const {
  AQ_ASSIGN_OR_RETURN(
      const std::optional<EntitlementNotes> stored,
      ReadDocument<EntitlementNotes>(*snapshot_, store::NotesKey(document.person())));
  const EntitlementNotes notes = stored.value_or(EntitlementNotes());
  // Nobody can become watched by what only the police know.
  const bool known = model::IsKnownBeyondPolice(document);
  if (notes.answers().empty() && (rules_ == nullptr || !known)) {
    return std::optional<WatchFinding>();
  }
  const model::Case folded = model::FoldCase(document, today_);
  const bool watched = rules_ != nullptr && rules_->Watches(folded);
  WatchFinding finding;
  finding.person = document.person();
  finding.revision = document.revision();
  finding.key = notes.key();
  std::vector<absl::string_view> policies;
  if (watched) {
    // Whoever has no notes may be watched from now on.
    if (notes.answers().empty()) touches = kLookAtAll;
    for (const policy::PolicySummary& policy : catalogue_->policies()) {
      if (!rules_->remind_days.contains(policy.id)) continue;
      const NotedAnswer* const before = NotedOf(notes, policy.id);
      if ((touches & policy.touches) != 0 ||
          (before != nullptr && (IsDue(*before, today_) ||
                                 ((touches & kTouchesReferral) != 0 &&
                                  before->result() == journal::v1::ENTITLEMENT_RESULT_ELIGIBLE)))) {
        policies.push_back(policy.id);
      }
    }
  }
  const Subject subject{document, folded};
  for (const policy::WatchedDecision& decided : catalogue_->DecideWatched(policies, folded)) {
    const NotedAnswer* const before = NotedOf(notes, decided.decision.policy);
    AQ_RETURN_IF_ERROR(
        Judge(subject, decided, before == nullptr ? NotedAnswer() : *before, &finding));
  }
  for (const journal::v1::NotedEntitlement& one : notes.answers()) {
    const std::string& policy = one.answer().policy();
    if (watched && rules_->remind_days.contains(policy) && catalogue_->Find(policy) != nullptr) {
      continue;
    }
    finding.noted.add_answers()->set_policy(policy);
  }
  if (finding.noted.answers().empty() && finding.noted.notices().empty() &&
      finding.proposals.empty()) {
    return std::optional<WatchFinding>();
  }
  EntitlementNoted& noted = finding.noted;
  noted.set_person(document.person());
  SetDate(today_, noted.mutable_as_of_date());
  noted.set_catalogue_hash(catalogue_->hash());
  noted.set_jurisdiction(catalogue_->jurisdiction());
  std::sort(noted.mutable_answers()->begin(), noted.mutable_answers()->end(),
            [](const NotedAnswer& a, const NotedAnswer& b) { return a.policy() < b.policy(); });
  return std::optional<WatchFinding>(std::move(finding));
}

void WatchLook::Remind(const CivilDate& lapse, const NotedAnswer& before, NotedAnswer* answer,
                       EntitlementNoted* noted) const {
  const CivilDate remind = lapse.AddDays(-rules_->remind_days.find(answer->policy())->second);
  CivilDate reminded = CivilDate::FromProto(before.reminded_date());
  if (remind > today_) {
    AlsoLookOn(remind, answer);
  } else if (reminded != lapse) {
    reminded = lapse;
    journal::v1::EntitlementNotice* notice = noted->add_notices();
    notice->set_kind(journal::v1::ENTITLEMENT_NOTICE_KIND_REMINDER);
    notice->set_policy(answer->policy());
    SetDate(lapse, notice->mutable_lapse_date());
  }
  if (!reminded.empty()) SetDate(reminded, answer->mutable_reminded_date());
}

absl::Status WatchLook::Judge(const Subject& subject, const policy::WatchedDecision& watched,
                              const NotedAnswer& before, WatchFinding* finding) const {
  NotedAnswer answer = AnswerOf(watched);
  if (!watched.look.empty()) SetDate(watched.look, answer.mutable_look_date());
  if (answer.result() == journal::v1::ENTITLEMENT_RESULT_ELIGIBLE) {
    const CivilDate& lapse = watched.decision.next_change;
    if (!lapse.empty()) Remind(lapse, before, &answer, &finding->noted);
    if (!watched.received) {
      AQ_RETURN_IF_ERROR(Propose(subject, *catalogue_->Find(answer.policy()), &answer, finding));
    }
  }
  if (!Same(answer, before)) *finding->noted.add_answers() = std::move(answer);
  return absl::OkStatus();
}

absl::Status WatchLook::Propose(const Subject& subject, const policy::PolicySummary& policy,
                                NotedAnswer* answer, WatchFinding* finding) const {
  std::vector<ReferralDocument> earlier;
  for (const std::string& id : subject.document.referrals()) {
    AQ_ASSIGN_OR_RETURN(auto referral,
                        ReadDocument<ReferralDocument>(*snapshot_, store::ReferralKey(id)));
    if (!referral.has_value()) continue;
    const journal::v1::ReferralDraft& draft = referral->draft();
    if (draft.policy() != policy.id && draft.service() != policy.service) continue;
    earlier.push_back(*std::move(referral));
  }
  const int park_days = options_->timetable == nullptr ? 0 : options_->timetable->rules.park_days;
  absl::Status failure;
  const referral::ProposalVerdict verdict = referral::MayPropose(
      earlier,
      [&] {
        absl::StatusOr<journal::v1::EntitlementAnswer> now =
            catalogue_->Evaluate(policy.id, subject.folded);
        failure = now.status();
        return now.ok() ? *std::move(now) : journal::v1::EntitlementAnswer();
      },
      today_, park_days);
  AQ_RETURN_IF_ERROR(failure);
  if (!verdict.not_before.empty()) AlsoLookOn(verdict.not_before, answer);
  // With a directory the end of a referral itself asks the next provider.
  if (!verdict.replaces.empty() && options_->directory != nullptr) return absl::OkStatus();
  const bool proposed = std::any_of(
      finding->proposals.begin(), finding->proposals.end(), [&](const WatchFinding::Proposal& one) {
        return catalogue_->Find(one.policy)->service == policy.service;
      });
  if (proposed) return absl::OkStatus();
  if (verdict.propose && SomebodyGives(*options_, policy.service)) {
    finding->proposals.push_back({policy.id, verdict.replaces});
  }
  return absl::OkStatus();
}

}  // namespace anqiao::engine

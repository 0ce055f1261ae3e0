#include "hub/rpc/case_conversion.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "anqiao/adapter/v1/adapter.pb.h"
#include "hub/model/divisions.h"
#include "hub/rpc/resource_names.h"

namespace anqiao::rpc {
namespace {

constexpr std::size_t kShownCharacters = 4;

void AddEvents(const model::Case& folded, hub::v1::Case* out) {
  for (const model::CaseEvent& event : folded.events) {
    hub::v1::CaseEvent* added = out->add_events();
    if (!event.date.empty()) *added->mutable_date() = event.date.ToProto();
    added->set_kind(event.kind);
    added->set_text_zh(event.text_zh);
    added->set_text_en(event.text_en);
    added->set_agency(event.agency);
  }
  for (const model::Deadline& deadline : folded.deadlines) {
    hub::v1::Deadline* added = out->add_deadlines();
    added->set_rule(deadline.rule);
    if (!deadline.date.empty()) *added->mutable_date() = deadline.date.ToProto();
    added->set_overdue(deadline.overdue);
    added->set_law(deadline.law);
  }
}

void AddSources(const journal::v1::PersonDocument& document, hub::v1::Case* out) {
  for (const journal::v1::PersonRecord& record : document.records()) {
    hub::v1::CaseSource* added = out->add_sources();
    added->set_agency(record.record().agency());
    added->set_format(record.record().format());
    added->set_record_key(record.record().key());
    added->set_kind(KindName(record.record().kind()));
    added->set_link_rule(record.link_rule());
    for (const journal::v1::PersonReview& review : document.reviews()) {
      if (review.record_id() == record.record_id()) added->set_review_reason(review.reason());
    }
    added->set_ended(record.ended());
  }
  for (const std::string& referral : document.referrals()) {
    out->add_referrals(ResourceName(kReferrals, referral));
  }
}

}  // namespace

std::string KindName(int kind) {
  if (!adapter::v1::RecordKind_IsValid(kind)) return "unknown";
  const std::string name = adapter::v1::RecordKind_Name(static_cast<adapter::v1::RecordKind>(kind));
  return absl::AsciiStrToLower(absl::StripPrefix(name, "RECORD_KIND_"));
}

std::string MaskIdNumber(absl::string_view id_number) {
  std::string masked(id_number);
  const std::size_t shown = masked.size() > 2 * kShownCharacters ? kShownCharacters : 0;
  for (std::size_t i = shown; i + shown < masked.size(); ++i) masked[i] = '*';
  return masked;
}

hub::v1::Case ToProto(const engine::CaseView& view) {
  const model::Case& folded = view.folded;
  hub::v1::Case out;
  out.set_name(ResourceName(kCases, folded.person));
  out.set_display_name(folded.name);
  out.set_masked_id_number(MaskIdNumber(folded.id_number));
  out.set_sex(folded.sex);
  if (!folded.birth_date.empty()) *out.mutable_birth_date() = folded.birth_date.ToProto();
  for (const std::string& phone : folded.phones) out.add_phones(phone);
  out.set_division_code(folded.division_code);
  out.set_division_title(model::DivisionTitle(folded.division_code));
  out.set_registered(folded.registered);
  for (const std::string& number : folded.register_numbers) out.add_register_numbers(number);
  out.set_phase(static_cast<hub::v1::Phase>(folded.phase));
  if (!folded.phase_since.empty()) *out.mutable_phase_since_date() = folded.phase_since.ToProto();
  for (const std::string& flag : folded.flags) out.add_flags(flag);
  AddEvents(folded, &out);
  AddSources(view.document, &out);
  out.set_needs_review(folded.needs_review);
  out.set_etag(engine::CaseEtag(view.document));
  for (const std::string& standing : folded.standings) out.add_standings(standing);
  return out;
}

hub::v1::Census ToProto(const engine::CensusCounts& counts) {
  hub::v1::Census out;
  *out.mutable_as_of_date() = counts.as_of.ToProto();
  out.set_registered_count(counts.registered);
  out.set_compulsory_isolation_count(counts.compulsory_isolation);
  out.set_community_detox_count(counts.community_detox);
  out.set_community_rehabilitation_count(counts.community_rehabilitation);
  out.set_in_society_count(counts.in_society);
  out.set_clean_three_years_count(counts.clean_three_years);
  out.set_current_count(counts.registered - counts.clean_three_years);
  out.set_deceased_count(counts.deceased);
  out.set_people_count(counts.people);
  return out;
}

hub::v1::Entitlement ToProto(const std::string& case_id,
                             const journal::v1::EntitlementAnswer& answer) {
  hub::v1::Entitlement out;
  out.set_case_(ResourceName(kCases, case_id));
  out.set_policy(ResourceName(kPolicies, answer.policy()));
  out.set_title_zh(answer.title_zh());
  out.set_title_en(answer.title_en());
  out.set_result(static_cast<hub::v1::EligibilityResult>(answer.result()));
  if (answer.has_eligible_from_date()) {
    *out.mutable_eligible_from_date() = answer.eligible_from_date();
  }
  for (const journal::v1::LeafAnswer& leaf : answer.leaves()) {
    hub::v1::Condition* added = out.add_conditions();
    added->set_condition_id(leaf.id());
    added->set_label_zh(leaf.label_zh());
    added->set_label_en(leaf.label_en());
    added->set_law(leaf.law());
    added->set_truth(static_cast<hub::v1::ConditionTruth>(leaf.truth()));
    added->set_fact(leaf.fact());
    added->set_value(leaf.value());
    added->set_source(leaf.source());
    if (leaf.has_fact_date()) *added->mutable_fact_date() = leaf.fact_date();
    added->set_decisive(leaf.decisive());
    added->set_unverified(leaf.unverified());
  }
  for (const journal::v1::MissingFact& missing : answer.missing()) {
    hub::v1::MissingFact* added = out.add_missing_facts();
    added->set_fact(missing.fact());
    added->set_holder(missing.holder());
    added->set_condition(missing.condition());
  }
  if (answer.has_next_change_date()) *out.mutable_next_change_date() = answer.next_change_date();
  out.set_amount_fen(answer.amount_fen());
  out.set_amount_formula(answer.amount_formula());
  if (answer.has_as_of_date()) *out.mutable_as_of_date() = answer.as_of_date();
  out.set_catalogue_hash(answer.catalogue_hash());
  out.set_provider(answer.provider());
  out.set_unverified(answer.unverified());
  out.set_jurisdiction(answer.jurisdiction());
  *out.mutable_profiles() = answer.profiles();
  for (const journal::v1::ParameterAnswer& parameter : answer.parameters()) {
    hub::v1::PolicyParameter* added = out.add_parameters();
    added->set_parameter_id(parameter.name());
    added->set_value(parameter.value());
    added->set_source(parameter.source());
    added->set_profile(parameter.profile());
    added->set_unverified(parameter.unverified());
  }
  return out;
}

hub::v1::Policy ToProto(const policy::PolicySummary& policy) {
  hub::v1::Policy out;
  out.set_name(ResourceName(kPolicies, policy.id));
  out.set_title_zh(policy.title_zh);
  out.set_title_en(policy.title_en);
  out.set_service(policy.service);
  out.set_provider(policy.provider);
  for (const std::string& law : policy.laws) out.add_laws(law);
  if (!policy.effective_from.empty()) {
    *out.mutable_effective_from_date() = policy.effective_from.ToProto();
  }
  if (!policy.effective_to.empty())
    *out.mutable_effective_to_date() = policy.effective_to.ToProto();
  out.set_unverified(policy.unverified);
  return out;
}

hub::v1::EntitlementNotice ToProto(const engine::NoticeView& view) {
  const journal::v1::NoticeDocument& document = view.notice;
  const journal::v1::EntitlementNotice& notice = document.notice();
  hub::v1::EntitlementNotice out;
  out.set_case_(ResourceName(kCases, view.case_id));
  out.set_policy(ResourceName(kPolicies, notice.policy()));
  out.set_kind(static_cast<hub::v1::NoticeKind>(notice.kind()));
  *out.mutable_create_time() = document.time();
  out.set_referral(ResourceName(kReferrals, notice.referral()));
  if (notice.has_lapse_date()) *out.mutable_lapse_date() = notice.lapse_date();
  *out.mutable_as_of_date() = document.as_of_date();
  out.set_catalogue_hash(document.catalogue_hash());
  out.set_entry(static_cast<std::int64_t>(document.sequence()));
  return out;
}

hub::v1::CaseComparison ToProto(const engine::CatalogueComparison::Change& change) {
  hub::v1::CaseComparison out;
  out.set_case_(ResourceName(kCases, change.case_id));
  out.set_policy(ResourceName(kPolicies, change.policy));
  switch (change.kind) {
    case engine::CatalogueComparison::Kind::kGain:
      out.set_kind(hub::v1::COMPARISON_KIND_GAIN);
      break;
    case engine::CatalogueComparison::Kind::kLoss:
      out.set_kind(hub::v1::COMPARISON_KIND_LOSS);
      break;
    case engine::CatalogueComparison::Kind::kAmount:
      out.set_kind(hub::v1::COMPARISON_KIND_AMOUNT);
      break;
    case engine::CatalogueComparison::Kind::kOther:
      out.set_kind(hub::v1::COMPARISON_KIND_OTHER);
      break;
  }
  out.set_result_before(static_cast<hub::v1::EligibilityResult>(change.before.result));
  out.set_result_after(static_cast<hub::v1::EligibilityResult>(change.after.result));
  out.set_amount_fen_before(change.before.amount_fen);
  out.set_amount_fen_after(change.after.amount_fen);
  return out;
}

}  // namespace anqiao::rpc

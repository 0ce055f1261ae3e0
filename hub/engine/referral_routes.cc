// Where requests go: the directory, what is held, and whom the request is about, put together; and
// the next provider after one that could not give the service.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/outward_case.h"
#include "hub/engine/projection.h"
#include "hub/engine/referral_book.h"
#include "hub/engine/referral_fold.h"
#include "hub/engine/values.h"
#include "hub/referral/aftermath.h"

namespace anqiao::engine {
namespace {

using journal::v1::Entry;
using journal::v1::ReferralDocument;
using referral::Provider;
using referral::RouteCode;

// Referrals that one replaces, and those replace, are looked at up to so many.
constexpr int kChainMax = 512;
constexpr std::size_t kPassedOverNamed = 20;

absl::Status ProviderNotFound(absl::string_view what) {
  return Error(absl::StatusCode::kNotFound, reason::kProviderNotFound,
               absl::StrCat("there is no such ", what, " in the directory"));
}

// Of a request that asked nobody of the directory, the agency.
const std::string& AskedBy(const journal::v1::ReferralDraft& draft) {
  return draft.provider().empty() ? draft.agency() : draft.provider();
}

}  // namespace

const std::string& AnchorOf(const journal::v1::ReferralDraft& draft) {
  return draft.anchor_agency().empty() ? draft.agency() : draft.anchor_agency();
}

std::vector<const Provider*> ReferralBook::ProvidersOf(const std::string& service,
                                                       Routing* routing) const {
  std::vector<const Provider*> providers;
  std::set<std::string> listed;  // agencies
  if (options_->directory != nullptr) {
    for (const Provider& provider : options_->directory->providers) {
      providers.push_back(&provider);
      if (referral::Gives(provider, service)) listed.insert(provider.agency);
    }
  }
  for (const AgencyOptions& agency : options_->agencies) {
    if (listed.contains(agency.id)) continue;
    auto implied = std::make_unique<Provider>();
    implied->id = agency.id;
    implied->agency = agency.id;
    implied->kind = agency.kind;
    implied->services = agency.services;
    implied->implied = true;
    providers.push_back(implied.get());
    routing->implied.push_back(std::move(implied));
  }
  return providers;
}

absl::Status ReferralBook::CheckWish(const RouteWish& wish, const std::string& service) const {
  if (!wish.agency.empty() && FindAgency(wish.agency) == nullptr) {
    return Error(absl::StatusCode::kNotFound, reason::kAgencyNotFound, "there is no such agency");
  }
  if (wish.provider.empty()) {
    return wish.post.empty() ? absl::OkStatus()
                             : InvalidField("post", "must be one of a provider that is named");
  }
  const Provider* provider =
      options_->directory == nullptr ? nullptr : options_->directory->Find(wish.provider);
  if (provider == nullptr) return ProviderNotFound("provider");
  if (!wish.agency.empty() && provider->agency != wish.agency) {
    return InvalidField("provider", "is not reached through the agency that is named");
  }
  if (wish.post.empty()) return absl::OkStatus();
  const referral::Post* post = referral::FindPost(*provider, wish.post);
  return post != nullptr && post->service == service
             ? absl::OkStatus()
             : ProviderNotFound("post of the provider for the service");
}

absl::StatusOr<std::set<std::string>> ReferralBook::TriedBefore(const std::string& referral) {
  std::set<std::string> tried;
  std::string next = referral;
  for (int i = 0; i < kChainMax && !next.empty(); ++i) {
    const absl::StatusOr<ReferralDocument*> document = Find(next);
    if (absl::IsNotFound(document.status())) break;
    AQ_RETURN_IF_ERROR(document.status());
    if ((*document)->outward_version() > 0 &&
        referral::AftermathOf(**document).follows == journal::v1::FOLLOW_UP_NEXT_PROVIDER) {
      tried.insert(AskedBy((*document)->draft()));
    }
    next = (*document)->draft().replaces();
  }
  return tried;
}

absl::StatusOr<Routing> ReferralBook::RouteFor(const policy::PolicySummary& policy,
                                               const journal::v1::PersonDocument& person,
                                               const RouteWish& wish, absl::Time now) {
  AQ_RETURN_IF_ERROR(CheckWish(wish, policy.service));
  Routing routing;
  const std::vector<const Provider*> providers = ProvidersOf(policy.service, &routing);
  referral::RouteQuery query;
  query.service = policy.service;
  query.kind = policy.provider;
  for (const AgencyOptions& agency : options_->agencies) query.agencies[agency.id] = agency.kind;
  query.now = now;
  static const auto& unknown = *new model::WorkingCalendar();
  query.calendar = options_->timetable == nullptr ? &unknown : &options_->timetable->calendar.days;
  query.limits = options_->job_limits;
  if (options_->directory != nullptr) {
    query.open_within_days = options_->directory->open_within_days;
  }
  AQ_ASSIGN_OR_RETURN(query.tried, TriedBefore(wish.replaces));
  query.ask_again = wish.ask_again;
  query.held = [this](const Provider& provider, absl::string_view post) {
    return provider.implied
               ? 0
               : static_cast<int>(CountOf(*snapshot_, HeldCount(provider.id, std::string(post))));
  };
  query.agency = wish.agency;
  query.provider = wish.provider;
  query.post = wish.post;
  // Whom the request is about must not depend on who gets it: neither in whose records they are
  // found first, nor where they live.
  std::string anchor = wish.agency;
  if (!wish.provider.empty()) {
    anchor = options_->directory->Find(wish.provider)->agency;
  } else if (anchor.empty() && !wish.replaces.empty()) {
    AQ_ASSIGN_OR_RETURN(const ReferralDocument* replaced, Find(wish.replaces));
    anchor = AnchorOf(replaced->draft());
  } else if (anchor.empty()) {
    const auto first = std::find_if(providers.begin(), providers.end(), [&](const Provider* each) {
      return referral::MayBeAsked(*each, query);
    });
    if (first != providers.end()) anchor = (*first)->agency;
  }
  const bool local = std::any_of(providers.begin(), providers.end(), [&](const Provider* each) {
    return referral::Gives(*each, policy.service) && !each->jurisdictions.empty();
  });
  if (local) {
    const model::CivilDate today = model::CivilDate::At(now);
    AQ_ASSIGN_OR_RETURN(const model::Case outward,
                        OutwardCase(*snapshot_, ModelOf(*options_).model, person, anchor, today));
    query.division = options_->test_hooks.route_heeds_police
                         ? model::FoldCase(person, today).division_code
                         : outward.outward.division_code;
  }
  routing.route = referral::FindRoute(providers, query);
  if (routing.route.provider == nullptr) return routing;
  routing.agency = FindAgency(routing.route.provider->agency);
  if (anchor != routing.agency->id) routing.anchor_agency = anchor;
  return routing;
}

absl::Status ReferralBook::NoProvider(const policy::PolicySummary& policy, const Routing& routing) {
  std::vector<std::string> passed;
  for (const referral::RouteOption& option : routing.route.others) {
    if (option.code == RouteCode::kOtherService || passed.size() == kPassedOverNamed) continue;
    passed.push_back(absl::StrCat(option.provider->id, option.post.empty() ? "" : "/", option.post,
                                  "=", std::string(referral::TitleOf(option.code).name)));
  }
  const std::string why = absl::StrJoin(passed, ", ");
  return Error(absl::StatusCode::kFailedPrecondition, reason::kNoProvider,
               absl::StrCat("nobody can be asked for service ", policy.service,
                            why.empty() ? "" : ": ", why))
      .Meta("service", policy.service)
      .Meta("passed_over", why);
}

void ReferralBook::FillRoute(const Routing& routing, journal::v1::ReferralDraft* draft) const {
  draft->set_agency(routing.agency->id);
  draft->set_anchor_agency(routing.anchor_agency);
  if (!routing.route.provider->implied) {
    draft->set_provider(routing.route.provider->id);
    draft->set_post(routing.route.post);
  }
  if (options_->directory == nullptr) return;
  *draft->mutable_route() = referral::ToExplanation(routing.route, options_->directory->hash);
}

bool ReferralBook::AsksNextProvider(const ReferralDocument& referral,
                                    const referral::ReasonCode* reason,
                                    const journal::v1::ReferralChanged& change) const {
  // One that never left asked nobody.
  if (options_->directory == nullptr || referral.outward_version() == 0 ||
      change.to_state() == referral.state()) {
    return false;
  }
  return referral::FollowsFromEnd(
             referral, change.to_state(),
             reason == nullptr ? journal::v1::FOLLOW_UP_UNSPECIFIED : reason->follows) ==
         journal::v1::FOLLOW_UP_NEXT_PROVIDER;
}

absl::StatusOr<Entry> ReferralBook::FireNextProvider(const ReferralDocument& ended,
                                                     const journal::v1::Deadline& deadline,
                                                     const TakePlace& place, absl::Time now) {
  const journal::v1::ReferralDraft& before = ended.draft();
  const policy::PolicySummary* policy = catalogue_->Find(before.policy());
  referral::Route none;
  if (policy == nullptr) {
    none.code = RouteCode::kNotEligible;
    return NoNextProvider(ended, deadline, none, now);
  }
  AQ_ASSIGN_OR_RETURN(const CaseView view,
                      FindCase(before.case_id(), model::CivilDate::At(now), ""));
  AQ_ASSIGN_OR_RETURN(const Routing routing,
                      RouteFor(*policy, view.document,
                               RouteWish{.replaces = ended.referral(), .ask_again = false}, now));
  if (routing.agency == nullptr) return NoNextProvider(ended, deadline, routing.route, now);
  // What the hub drafts by itself is there, or is not, whatever the police say.
  AQ_ASSIGN_OR_RETURN(model::Case outward,
                      OutwardCase(*snapshot_, ModelOf(*options_).model, view.document,
                                  AnchorOf(before), model::CivilDate::At(now)));
  outward.stated = {before.details().begin(), before.details().end()};
  absl::StatusOr<journal::v1::EntitlementAnswer> eligible =
      RequireEligible(before.policy(), outward);
  if (ReasonOf(eligible.status()) == reason::kNotEligible) {
    none.code = RouteCode::kNotEligible;
    return NoNextProvider(ended, deadline, none, now);
  }
  AQ_RETURN_IF_ERROR(eligible.status());
  journal::v1::ReferralDraft draft;
  FillRoute(routing, &draft);
  *draft.mutable_entitlement() = *std::move(eligible);
  draft.set_case_id(before.case_id());
  draft.set_policy(before.policy());
  draft.set_service(policy->service);
  draft.set_replaces(ended.referral());
  *draft.mutable_details() = before.details();
  AQ_ASSIGN_OR_RETURN(const NewReferral at, place());
  return Draft(HubPrincipal(), at, std::move(draft), "", "", now);
}

Entry ReferralBook::NoNextProvider(const ReferralDocument& ended,
                                   const journal::v1::Deadline& deadline,
                                   const referral::Route& route, absl::Time now) {
  Entry entry = Begin(HubPrincipal(), now);
  entry.set_key(ended.key());
  journal::v1::ReferralEscalated* escalated = entry.mutable_referral_escalated();
  escalated->set_referral(ended.referral());
  *escalated->mutable_deadline() = deadline;
  escalated->set_kind(journal::v1::ESCALATION_KIND_NO_PROVIDER);
  *escalated->mutable_route() = referral::ToExplanation(
      route, options_->directory == nullptr ? "" : options_->directory->hash);
  FoldEscalated(entry, &documents_[ended.referral()]);
  return entry;
}

}  // namespace anqiao::engine

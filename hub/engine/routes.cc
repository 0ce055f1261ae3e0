// The directory and routes as callers ask for them.

#include <algorithm>
#include <utility>

#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/engine_impl.h"
#include "hub/engine/pages.h"
#include "hub/engine/person.h"
#include "hub/engine/projection.h"
#include "hub/engine/values.h"

namespace anqiao::engine {

absl::StatusOr<Page<ProviderView>> EngineImpl::ListProviders(const std::string& service,
                                                             const std::string& after, int limit) {
  Page<ProviderView> page;
  if (options_.directory == nullptr) return page;
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  std::vector<const referral::Provider*> sorted;
  for (const referral::Provider& provider : options_.directory->providers) {
    if (provider.id > after && (service.empty() || referral::Gives(provider, service))) {
      sorted.push_back(&provider);
    }
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const auto* a, const auto* b) { return a->id < b->id; });
  std::string last;
  for (const referral::Provider* provider : sorted) {
    ProviderView view;
    view.provider = provider;
    view.held = CountOf(*snapshot, HeldCount(provider->id, ""));
    for (const referral::Post& post : provider->posts) {
      view.held_posts.push_back(CountOf(*snapshot, HeldCount(provider->id, post.id)));
      view.conditional_posts.push_back(options_.job_limits != nullptr &&
                                       options_.job_limits->IsConditional(post.job_class, Today()));
    }
    if (!AddToPage(std::move(view), provider->id, limit, &last, &page)) break;
  }
  return page;
}

absl::StatusOr<RouteView> EngineImpl::GetRoute(const std::string& case_id,
                                               const std::string& policy, const RouteWish& wish,
                                               const std::string& jurisdiction) {
  const policy::PolicySummary* summary = catalogue_->Find(policy);
  if (summary == nullptr) {
    return Error(absl::StatusCode::kNotFound, reason::kPolicyNotFound, "there is no such policy");
  }
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  ReferralBook book = BookOf(*snapshot);
  AQ_ASSIGN_OR_RETURN(const CaseView view, book.FindCase(case_id, Today(), jurisdiction));
  if (!wish.replaces.empty()) {
    AQ_ASSIGN_OR_RETURN(const journal::v1::ReferralDocument* replaced, book.Find(wish.replaces));
    AQ_ASSIGN_OR_RETURN(const bool same,
                        SamePerson(*snapshot, replaced->draft().case_id(), case_id));
    if (!same) {
      return Error(absl::StatusCode::kNotFound, reason::kReferralNotFound,
                   "there is no such referral");
    }
  }
  AQ_ASSIGN_OR_RETURN(Routing routing, book.RouteFor(*summary, view.document, wish, Now()));
  if (routing.agency == nullptr && (!wish.provider.empty() || !wish.agency.empty())) {
    return ReferralBook::NoProvider(*summary, routing);
  }
  if (options_.job_limits != nullptr) {
    referral::ShowLimits(*options_.job_limits, view.folded, &routing.route);
  }
  RouteView shown;
  shown.agency = routing.agency == nullptr ? "" : routing.agency->id;
  shown.route = std::move(routing.route);
  for (auto& implied : routing.implied) shown.implied.push_back(std::move(implied));
  return shown;
}

}  // namespace anqiao::engine

#include "hub/rpc/route_conversion.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "hub/base/errors.h"
#include "hub/rpc/resource_names.h"

namespace anqiao::rpc {
namespace {

constexpr std::size_t kIdBytesMax = 63;

hub::v1::RouteTitle Title(absl::string_view zh, absl::string_view en) {
  hub::v1::RouteTitle title;
  title.set_zh(std::string(zh));
  title.set_en(std::string(en));
  return title;
}

template <typename Out>
void SetCode(const referral::RouteCodeTitle& code, Out* out) {
  out->set_code(std::string(code.name));
  *out->mutable_title() = Title(code.title_zh, code.title_en);
}

// Of a code that this program does not know only the name.
template <typename Out>
void SetCode(const std::string& name, Out* out) {
  if (const referral::RouteCodeTitle* code = referral::FindRouteCode(name); code != nullptr) {
    return SetCode(*code, out);
  }
  out->set_code(name);
}

template <typename Out>
void AddLimits(const std::vector<const referral::JobLimit*>& limits, Out* out) {
  for (const referral::JobLimit* limit : limits) {
    hub::v1::JobLimit* shown = out->add_limits();
    shown->set_job_class(limit->job_class);
    shown->set_law(limit->law);
    *shown->mutable_title() = Title(limit->label_zh, limit->label_en);
    shown->set_unverified(limit->unverified);
  }
}

// Empty for an agency that is its own provider.
std::string NameOf(const referral::Provider& provider) {
  return provider.implied ? "" : ResourceName(kProviders, provider.id);
}

}  // namespace

hub::v1::Provider ToProto(const engine::ProviderView& view) {
  const referral::Provider& provider = *view.provider;
  hub::v1::Provider out;
  out.set_name(NameOf(provider));
  *out.mutable_title() = Title(provider.title_zh, provider.title_en);
  out.set_agency(ResourceName(kAgencies, provider.agency));
  out.set_kind(provider.kind);
  for (const std::string& service : provider.services) out.add_services(service);
  for (const std::string& prefix : provider.jurisdictions) out.add_jurisdictions(prefix);
  if (!provider.from.empty()) *out.mutable_from_date() = provider.from.ToProto();
  if (!provider.to.empty()) *out.mutable_to_date() = provider.to.ToProto();
  for (const referral::OpenHours& hours : provider.hours) {
    out.add_hours(referral::HoursText(hours));
  }
  out.set_places_bounded(provider.places.has_value());
  out.set_places(provider.places.value_or(0));
  out.set_held_places(static_cast<std::int32_t>(view.held));
  for (std::size_t i = 0; i < provider.posts.size(); ++i) {
    const referral::Post& post = provider.posts[i];
    hub::v1::ProviderPost* shown = out.add_posts();
    shown->set_code(post.id);
    *shown->mutable_title() = Title(post.title_zh, post.title_en);
    shown->set_service(post.service);
    shown->set_job_class(post.job_class);
    shown->set_count(post.count);
    shown->set_conditional(view.conditional_posts[i]);
    shown->set_held_count(static_cast<std::int32_t>(view.held_posts[i]));
  }
  return out;
}

hub::v1::Route ToProto(const engine::RouteView& view) {
  const referral::Route& route = view.route;
  hub::v1::Route out;
  if (route.provider != nullptr) out.set_provider(NameOf(*route.provider));
  out.set_post(route.post);
  out.set_agency(ResourceName(kAgencies, view.agency));
  SetCode(referral::TitleOf(route.code), &out);
  out.set_division_unknown(route.division_unknown);
  AddLimits(route.limits, &out);
  for (const referral::RouteOption& option : route.others) {
    // That an agency gives other services is no news.
    if (option.provider->implied && option.code == referral::RouteCode::kOtherService) continue;
    hub::v1::RouteOption* shown = out.add_options();
    shown->set_provider(NameOf(*option.provider));
    shown->set_post(option.post);
    shown->set_agency(ResourceName(kAgencies, option.provider->agency));
    SetCode(referral::TitleOf(option.code), shown);
    AddLimits(option.limits, shown);
  }
  return out;
}

hub::v1::Route ToProto(const journal::v1::RouteExplanation& explanation) {
  hub::v1::Route out;
  SetCode(explanation.code(), &out);
  out.set_division_unknown(explanation.division_unknown());
  for (const journal::v1::RoutePassedOver& passed : explanation.passed_over()) {
    hub::v1::RouteOption* shown = out.add_options();
    shown->set_provider(ResourceName(kProviders, passed.provider()));
    shown->set_post(passed.post());
    SetCode(passed.code(), shown);
  }
  return out;
}

absl::Status CheckPost(absl::string_view provider, absl::string_view post) {
  if (post.empty()) return absl::OkStatus();
  if (provider.empty()) return InvalidField("post", "must be one of a provider that is named");
  const bool valid =
      post.size() <= kIdBytesMax && std::all_of(post.begin(), post.end(), [](char c) {
        const auto u = static_cast<unsigned char>(c);
        return absl::ascii_islower(u) || absl::ascii_isdigit(u) || c == '-' || c == '_';
      });
  return valid ? absl::OkStatus() : InvalidField("post", "must be at most 63 of a-z, 0-9, - and _");
}

}  // namespace anqiao::rpc

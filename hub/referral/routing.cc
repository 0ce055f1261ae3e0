#include "hub/referral/routing.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>

#include "hub/referral/recipients.h"

namespace anqiao::referral {
namespace {

using model::CivilDate;

constexpr int kPassedOverMax = 64;

// Whatever a caseworker decides, these hold.
std::optional<RouteCode> Obstacle(const Provider& provider, const RouteQuery& query) {
  if (!Gives(provider, query.service)) return RouteCode::kOtherService;
  const auto agency = query.agencies.find(provider.agency);
  if (agency == query.agencies.end()) return RouteCode::kNotConnected;
  if (agency->second != query.kind && (provider.implied || IsPublicOrgan(agency->second))) {
    return RouteCode::kNotResponsible;
  }
  return std::nullopt;
}

// One that would do.
struct Candidate {
  std::size_t option = 0;  // in Route::others
  int closeness = 0;
  absl::Time opening;
};

class Router {
 public:
  explicit Router(const RouteQuery& query) : query_(query), today_(CivilDate::At(query.now)) {}

  Route Find(const std::vector<const Provider*>& providers) {
    for (const Provider* provider : providers) {
      if ((!query_.provider.empty() && provider->id != query_.provider) ||
          (!query_.agency.empty() && provider->agency != query_.agency)) {
        continue;
      }
      Look(*provider);
    }
    Choose();
    return std::move(route_);
  }

 private:
  bool named() const { return !query_.provider.empty(); }

  void PassOver(const Provider& provider, const std::string& post, RouteCode code) {
    route_.others.push_back({&provider, post, code, {}});
  }

  void Look(const Provider& provider) {
    if (const std::optional<RouteCode> obstacle = Obstacle(provider, query_);
        obstacle.has_value()) {
      return PassOver(provider, "", *obstacle);
    }
    if (today_ < provider.from || (!provider.to.empty() && provider.to < today_)) {
      return PassOver(provider, "", RouteCode::kNotInService);
    }
    if (query_.division.empty() && !provider.jurisdictions.empty()) {
      route_.division_unknown = true;
    }
    Candidate candidate;
    const std::optional<int> closeness = Closeness(provider, query_.division);
    const std::optional<absl::Time> opening =
        NextOpening(provider, query_.now, query_.open_within_days, *query_.calendar);
    if (!named()) {
      if (query_.tried.contains(provider.id)) {
        return PassOver(provider, "", RouteCode::kTried);
      }
      if (!closeness.has_value()) return PassOver(provider, "", RouteCode::kOtherArea);
      if (!opening.has_value()) return PassOver(provider, "", RouteCode::kClosed);
    }
    candidate.closeness = closeness.value_or(0);
    candidate.opening = opening.value_or(absl::InfiniteFuture());
    bool posts = false;
    for (const Post& post : provider.posts) {
      if (post.service != query_.service) continue;
      posts = true;
      if (query_.post.empty() || query_.post == post.id) LookAt(provider, post, candidate);
    }
    if (posts || !query_.post.empty()) return;
    if (!named() && provider.places.has_value() && query_.held(provider, "") >= *provider.places) {
      return PassOver(provider, "", RouteCode::kNoPlace);
    }
    Take(provider, "", candidate);
  }

  void LookAt(const Provider& provider, const Post& post, const Candidate& candidate) {
    if (query_.post.empty()) {
      if (query_.limits != nullptr && query_.limits->IsConditional(post.job_class, today_)) {
        return PassOver(provider, post.id, RouteCode::kConditional);
      }
      if (!named() && query_.held(provider, post.id) >= post.count) {
        return PassOver(provider, post.id, RouteCode::kNoPlace);
      }
    }
    Take(provider, post.id, candidate);
  }

  void Take(const Provider& provider, const std::string& post, Candidate candidate) {
    candidate.option = route_.others.size();
    candidates_.push_back(candidate);
    PassOver(provider, post, RouteCode::kRanksAfter);
  }

  static std::tuple<int, absl::Time, std::size_t> Rank(const Candidate& candidate) {
    return {-candidate.closeness, candidate.opening, candidate.option};
  }

  void Choose() {
    if (candidates_.empty()) return;
    const Candidate best =
        *std::min_element(candidates_.begin(), candidates_.end(),
                          [](const Candidate& a, const Candidate& b) { return Rank(a) < Rank(b); });
    const auto chosen = route_.others.begin() + static_cast<std::ptrdiff_t>(best.option);
    route_.code = Why(best, chosen->provider);
    route_.provider = chosen->provider;
    route_.post = chosen->post;
    route_.others.erase(chosen);
  }

  RouteCode Why(const Candidate& best, const Provider* provider) const {
    if (named()) return RouteCode::kNamed;
    bool only = true, nearest = true, first = true;
    for (const Candidate& each : candidates_) {
      if (route_.others[each.option].provider == provider) continue;
      only = false;
      nearest = nearest && each.closeness < best.closeness;
      first = first && (each.closeness < best.closeness || best.opening < each.opening);
    }
    if (only) return RouteCode::kOnlyOne;
    if (nearest) return RouteCode::kNearest;
    return first ? RouteCode::kOpensFirst : RouteCode::kFirstListed;
  }

  const RouteQuery& query_;
  const CivilDate today_;
  Route route_;
  std::vector<Candidate> candidates_;
};

}  // namespace

const std::vector<RouteCodeTitle>& RouteCodes() {
  static const auto& codes = *new std::vector<RouteCodeTitle>{
      {RouteCode::kNamed, "NAMED", "由工作人员选定", "A caseworker decided for it"},
      {RouteCode::kOnlyOne, "ONLY_ONE", "唯一可办理的单位", "Nobody else would do"},
      {RouteCode::kNearest, "NEAREST", "辖区最贴近居住地",
       "Most closely responsible for where the person lives"},
      {RouteCode::kOpensFirst, "OPENS_FIRST", "最先开门办理", "The first of the nearest to open"},
      {RouteCode::kFirstListed, "FIRST_LISTED", "名录中排序在前",
       "The first of the directory among equals"},
      {RouteCode::kAskedAgain, "ASKED_AGAIN", "无其他单位可办理，再次转介",
       "Was asked before, and nobody else would do"},
      {RouteCode::kNobody, "NOBODY", "没有可办理的单位", "Nobody can be asked"},
      {RouteCode::kOtherService, "OTHER_SERVICE", "不提供该服务", "Does not give the service"},
      {RouteCode::kNotConnected, "NOT_CONNECTED", "所属机关未接入", "Its agency is not registered"},
      {RouteCode::kNotResponsible, "NOT_RESPONSIBLE", "所属机关不负责该服务",
       "Its agency is a public organ that does not give the service"},
      {RouteCode::kNotInService, "NOT_IN_SERVICE", "不在服务期内", "Is not asked on this day"},
      {RouteCode::kTried, "TRIED", "此前已转介", "Was asked before"},
      {RouteCode::kOtherArea, "OTHER_AREA", "不负责居住地",
       "Not responsible for where the person lives"},
      {RouteCode::kClosed, "CLOSED", "近期不开门", "Does not open soon"},
      {RouteCode::kNoPlace, "NO_PLACE", "名额已满", "No place is free"},
      {RouteCode::kConditional, "CONDITIONAL", "岗位有法定条件，须由工作人员选定",
       "The law sets conditions for the post: a caseworker decides"},
      {RouteCode::kRanksAfter, "RANKS_AFTER", "亦可办理，排序在后", "Would do as well"},
      {RouteCode::kNotEligible, "NOT_ELIGIBLE", "不再符合条件", "Not entitled any more"},
      {RouteCode::kLegalLimit, "LEGAL_LIMIT", "依法不能从事该岗位",
       "The law does not let the person hold the post"},
  };
  return codes;
}

const RouteCodeTitle& TitleOf(RouteCode code) {
  return RouteCodes()[static_cast<std::size_t>(code)];
}

const RouteCodeTitle* FindRouteCode(absl::string_view name) {
  const auto found = std::find_if(RouteCodes().begin(), RouteCodes().end(),
                                  [&](const RouteCodeTitle& each) { return each.name == name; });
  return found == RouteCodes().end() ? nullptr : &*found;
}

bool MayBeAsked(const Provider& provider, const RouteQuery& query) {
  return !Obstacle(provider, query).has_value();
}

Route FindRoute(const std::vector<const Provider*>& providers, const RouteQuery& query) {
  Route route = Router(query).Find(providers);
  if (route.provider != nullptr || !query.ask_again || query.tried.empty()) return route;
  RouteQuery again = query;
  again.tried.clear();
  Route second = Router(again).Find(providers);
  if (second.provider == nullptr) return route;
  second.code = RouteCode::kAskedAgain;
  return second;
}

void ShowLimits(const JobLimits& limits, const model::Case& person, Route* route) {
  const auto of = [&](const Provider* provider, const std::string& post) {
    const Post* found = provider == nullptr ? nullptr : FindPost(*provider, post);
    return found == nullptr ? std::vector<const JobLimit*>()
                            : LimitsOf(limits, found->job_class, person);
  };
  route->limits = of(route->provider, route->post);
  for (RouteOption& option : route->others) {
    option.limits = of(option.provider, option.post);
    if (!option.limits.empty() && option.code == RouteCode::kConditional) {
      option.code = RouteCode::kLegalLimit;
    }
  }
}

journal::v1::RouteExplanation ToExplanation(const Route& route, const std::string& directory_hash) {
  journal::v1::RouteExplanation explanation;
  explanation.set_code(std::string(TitleOf(route.code).name));
  explanation.set_directory_hash(directory_hash);
  explanation.set_division_unknown(route.division_unknown);
  for (const RouteOption& option : route.others) {
    if (option.code == RouteCode::kOtherService) continue;
    if (explanation.passed_over_size() == kPassedOverMax) break;
    // What the police say is not kept with a route.
    const RouteCode code =
        option.code == RouteCode::kLegalLimit ? RouteCode::kConditional : option.code;
    journal::v1::RoutePassedOver* passed = explanation.add_passed_over();
    passed->set_provider(option.provider->id);
    passed->set_post(option.post);
    passed->set_code(std::string(TitleOf(code).name));
  }
  return explanation;
}

}  // namespace anqiao::referral

// Whom a request should go to: which provider of the directory gives the service, is responsible
// for where the person lives, is open soon, has a place, and was not asked before
// (hub/doc/routing.md).
//
// Nothing here knows what the police say: a route is the same whatever they hand in. What the law
// lets nobody hold without a look is left to the caseworker for everybody alike; ShowLimits then
// shows the caseworker, and only them, what it keeps this person from.
//
// Pure.

#ifndef ANQIAO_HUB_REFERRAL_ROUTING_H_
#define ANQIAO_HUB_REFERRAL_ROUTING_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/model/case.h"
#include "hub/model/working_calendar.h"
#include "hub/referral/job_limits.h"
#include "hub/referral/provider.h"

namespace anqiao::referral {

enum class RouteCode {
  // Why it is the one.
  kNamed,        // the caseworker decided
  kOnlyOne,      // nobody else would do
  kNearest,      // most closely responsible for where the person lives
  kOpensFirst,   // of the nearest the first to open
  kFirstListed,  // of these the first of the directory
  kAskedAgain,   // was asked before, and nobody else would do
  kNobody,       // nobody is
  // Why it is not, in the order in which it is looked at.
  kOtherService,    // does not give the service
  kNotConnected,    // its agency is not registered
  kNotResponsible,  // its agency is a public organ of another kind than gives the service
  kNotInService,    // not on this day
  kTried,           // was asked before
  kOtherArea,       // not responsible for where the person lives
  kClosed,          // does not open soon
  kNoPlace,         // no place or post is free
  kConditional,     // the law sets conditions for the post: a caseworker decides
  kRanksAfter,      // would do as well
  // Why a proposal was not made to a next provider at all.
  kNotEligible,  // the person is not entitled any more
  // Only shown to caseworkers.
  kLegalLimit,  // the law does not let the person hold the post
};

struct RouteCodeTitle {
  RouteCode code;
  absl::string_view name;  // such as "NO_PLACE"
  absl::string_view title_zh, title_en;
};
// In the enum's order.
const std::vector<RouteCodeTitle>& RouteCodes();
const RouteCodeTitle& TitleOf(RouteCode code);
// Null if there is none of that name.
const RouteCodeTitle* FindRouteCode(absl::string_view name);

// A provider or one of its posts (empty: the provider as a whole).
struct RouteOption {
  const Provider* provider = nullptr;
  std::string post;
  RouteCode code = RouteCode::kOtherService;
  std::vector<const JobLimit*> limits;  // set by ShowLimits
};

struct Route {
  const Provider* provider = nullptr;  // null: nobody
  std::string post;                    // of its posts; empty: none in particular
  RouteCode code = RouteCode::kNobody;
  // Everybody else that was looked at, in the directory's order.
  std::vector<RouteOption> others;
  bool division_unknown = false;
  std::vector<const JobLimit*> limits;  // of the chosen post; set by ShowLimits
};

struct RouteQuery {
  std::string service;
  // Kind of the agencies that give the service, as its policy says.
  std::string kind;
  // Registered agencies, id to kind.
  std::map<std::string, std::string> agencies;
  // Where the person lives, as the agencies that are not the police state it; may be empty.
  std::string division;
  absl::Time now;
  int open_within_days = 14;
  const model::WorkingCalendar* calendar = nullptr;
  const JobLimits* limits = nullptr;
  // Providers that were asked before and could not. They are asked again only if nobody else would
  // do, and "ask_again" says so.
  std::set<std::string> tried;
  bool ask_again = false;
  // Places that are held at a provider, or for one of its posts.
  std::function<int(const Provider& provider, absl::string_view post)> held;
  // What the caseworker names; empty: any. Of a provider that is named only its service, its agency
  // and whether it is in service count, and that a conditional post is named, too.
  std::string agency, provider, post;
};

// Gives the service, through an agency that is registered and may be asked for it.
bool MayBeAsked(const Provider& provider, const RouteQuery& query);

// Looks at "providers" in their order; the route points into them.
Route FindRoute(const std::vector<const Provider*>& providers, const RouteQuery& query);

// Adds which laws keep "person" from the posts, and says kLegalLimit where kConditional was said.
void ShowLimits(const JobLimits& limits, const model::Case& person, Route* route);

// As it is kept: without limits and without those that do not give the service.
journal::v1::RouteExplanation ToExplanation(const Route& route, const std::string& directory_hash);

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_ROUTING_H_

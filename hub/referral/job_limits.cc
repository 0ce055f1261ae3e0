#include "hub/referral/job_limits.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/model/yaml_reader.h"

namespace anqiao::referral {
namespace {

using model::CivilDate;
using model::YamlNode;

constexpr std::size_t kLimitRowsMax = 64;
constexpr int kLimitYearsMax = 50;

struct RuleName {
  absl::string_view name;
  LimitRule rule;
  bool in_years;
};
constexpr RuleName kRules[] = {{"EVER_IN_COMPULSORY_ISOLATION", LimitRule::kEverInIsolation, false},
                               {"EVER_ON_RECORD", LimitRule::kEverOnRecord, false},
                               {"USED_WITHIN", LimitRule::kUsedWithin, true},
                               {"RELEASED_WITHIN", LimitRule::kReleasedWithin, true},
                               {"MEASURE_RUNS", LimitRule::kMeasureRuns, false}};

absl::StatusOr<JobClass> ReadClass(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys, node.Keys({"code", "title"}, {}));
  JobClass job_class;
  AQ_ASSIGN_OR_RETURN(job_class.code, keys.at("code").Text());
  AQ_ASSIGN_OR_RETURN(YamlNode::Map title, keys.at("title").Keys({"zh", "en"}, {}));
  AQ_ASSIGN_OR_RETURN(job_class.title_zh, title.at("zh").Text());
  AQ_ASSIGN_OR_RETURN(job_class.title_en, title.at("en").Text());
  return job_class;
}

absl::StatusOr<JobLimit> ReadLimit(const YamlNode& node, const JobLimits& table) {
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys, node.Keys({"class", "from", "law", "when", "label"},
                                                    {"to", "years", "unverified"}));
  JobLimit limit;
  AQ_ASSIGN_OR_RETURN(limit.job_class, keys.at("class").Text());
  if (!table.HasClass(limit.job_class)) return keys.at("class").Wrong("is none of the classes");
  AQ_ASSIGN_OR_RETURN(limit.from, keys.at("from").Day());
  if (const auto it = keys.find("to"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(limit.to, it->second.Day());
    if (limit.to < limit.from) return it->second.Wrong("must not be before from");
  }
  AQ_ASSIGN_OR_RETURN(YamlNode::Map law, keys.at("law").Keys({"instrument", "article"}, {}));
  AQ_ASSIGN_OR_RETURN(const std::string instrument, law.at("instrument").Text());
  AQ_ASSIGN_OR_RETURN(const std::string article, law.at("article").Text());
  limit.law = absl::StrCat(instrument, " ", article);
  AQ_ASSIGN_OR_RETURN(YamlNode::Map label, keys.at("label").Keys({"zh", "en"}, {}));
  AQ_ASSIGN_OR_RETURN(limit.label_zh, label.at("zh").Text());
  AQ_ASSIGN_OR_RETURN(limit.label_en, label.at("en").Text());
  AQ_ASSIGN_OR_RETURN(const std::string when, keys.at("when").Text());
  const auto* const rule = std::find_if(std::begin(kRules), std::end(kRules),
                                        [&](const RuleName& each) { return each.name == when; });
  if (rule == std::end(kRules)) return keys.at("when").Wrong("is no rule");
  limit.rule = rule->rule;
  const auto years = keys.find("years");
  if ((years != keys.end()) != rule->in_years) {
    return node.Wrong(rule->in_years ? "missing key years" : "the rule takes no years");
  }
  if (rule->in_years) {
    AQ_ASSIGN_OR_RETURN(const std::int64_t number, years->second.Number());
    if (number < 1 || number > kLimitYearsMax) {
      return years->second.Wrong(absl::StrCat("must be from 1 to ", kLimitYearsMax));
    }
    limit.years = static_cast<int>(number);
  }
  if (const auto it = keys.find("unverified"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(limit.unverified, it->second.Flag());
  }
  return limit;
}

bool InForce(const JobLimit& limit, const CivilDate& on) {
  return limit.from <= on && (limit.to.empty() || on <= limit.to);
}

bool IsIsolation(const model::Stated<journal::v1::OrderFact>& order) {
  return order.fact.kind() == journal::v1::ORDER_KIND_COMPULSORY_ISOLATION;
}

// Which tests count, and when the person was last found to have used; empty: never, as far as is
// known.
bool Counts(const journal::v1::TestFact& test, int challenge_days, const CivilDate& on) {
  if (!test.positive()) return false;
  const CivilDate date = CivilDate::FromProto(test.date());
  return test.kind() != "ON_SITE" || (date.has_day() && date.AddDays(challenge_days) < on);
}

CivilDate LastUse(const model::Case& person, int challenge_days) {
  CivilDate last;
  const auto take = [&](const CivilDate& date) {
    if (!date.empty() && (last.empty() || last < date)) last = date;
  };
  for (const model::CaseEvent& event : person.events) {
    if (event.kind == "FOUND_TO_HAVE_USED") take(event.date);
  }
  for (const auto& test : person.tests) {
    if (Counts(test.fact, challenge_days, person.as_of)) {
      take(CivilDate::FromProto(test.fact.date()));
    }
  }
  // Rehabilitation is ordered after release, not after use.
  for (const auto& order : person.orders) {
    if (order.fact.kind() != journal::v1::ORDER_KIND_COMMUNITY_REHABILITATION) {
      take(CivilDate::FromProto(order.fact.decided_date()));
    }
  }
  return last;
}

CivilDate LastRelease(const model::Case& person) {
  CivilDate last;
  for (const auto& order : person.orders) {
    const CivilDate ended = CivilDate::FromProto(order.fact.ended_date());
    if (IsIsolation(order) && !ended.empty() && (last.empty() || last < ended)) last = ended;
  }
  if (last.empty() && person.phase == model::Phase::kCompulsoryIsolationDone) {
    last = person.phase_since;
  }
  return last;
}

// "date" is known and the years after it have not gone by on "on".
bool Within(const CivilDate& date, int years, const CivilDate& on) {
  return !date.empty() && on < date.LastDay().AddYears(years);
}

bool Holds(const JobLimit& limit, int challenge_days, const model::Case& person) {
  switch (limit.rule) {
    case LimitRule::kEverInIsolation:
      return std::any_of(person.orders.begin(), person.orders.end(), IsIsolation) ||
             person.phase == model::Phase::kCompulsoryIsolation ||
             person.phase == model::Phase::kCompulsoryIsolationDone;
    case LimitRule::kEverOnRecord:
      return !person.register_numbers.empty() || !person.orders.empty() ||
             !LastUse(person, challenge_days).empty();
    case LimitRule::kUsedWithin:
      return Within(LastUse(person, challenge_days), limit.years, person.as_of);
    case LimitRule::kReleasedWithin:
      return Within(LastRelease(person), limit.years, person.as_of);
    case LimitRule::kMeasureRuns:
      return person.phase == model::Phase::kCommunityDetox ||
             person.phase == model::Phase::kCompulsoryIsolation ||
             person.phase == model::Phase::kCommunityRehabilitation;
  }
  return false;
}

}  // namespace

bool JobLimits::HasClass(absl::string_view code) const {
  return std::any_of(classes.begin(), classes.end(),
                     [&](const JobClass& each) { return each.code == code; });
}

bool JobLimits::IsConditional(absl::string_view code, const CivilDate& on) const {
  return std::any_of(limits.begin(), limits.end(), [&](const JobLimit& each) {
    return each.job_class == code && InForce(each, on);
  });
}

absl::StatusOr<JobLimits> ParseJobLimits(const std::string& file, const std::string& content) {
  AQ_ASSIGN_OR_RETURN(const YamlNode node, YamlNode::Parse(file, content));
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys,
                      node.Keys({"table", "source", "challenge_days", "classes", "limits"}, {}));
  AQ_ASSIGN_OR_RETURN(const std::string table, keys.at("table").Text());
  if (table != "job_limits") return keys.at("table").Wrong("must be job_limits");
  AQ_RETURN_IF_ERROR(keys.at("source").Text().status());
  JobLimits limits;
  AQ_ASSIGN_OR_RETURN(const std::int64_t days, keys.at("challenge_days").Number());
  if (days < 0 || days > 366) return keys.at("challenge_days").Wrong("must be from 0 to 366");
  limits.challenge_days = static_cast<int>(days);
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> classes, keys.at("classes").Items(kLimitRowsMax));
  for (const YamlNode& item : classes) {
    AQ_ASSIGN_OR_RETURN(JobClass job_class, ReadClass(item));
    if (limits.HasClass(job_class.code)) return item.Wrong("the class came before");
    limits.classes.push_back(std::move(job_class));
  }
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> items, keys.at("limits").Items(kLimitRowsMax));
  for (const YamlNode& item : items) {
    AQ_ASSIGN_OR_RETURN(JobLimit limit, ReadLimit(item, limits));
    limits.limits.push_back(std::move(limit));
  }
  return limits;
}

absl::Status CheckPosts(const ProviderDirectory& directory, const JobLimits& limits) {
  for (const Provider& provider : directory.providers) {
    for (const Post& post : provider.posts) {
      if (limits.HasClass(post.job_class)) continue;
      return Error(
                 absl::StatusCode::kInvalidArgument, reason::kCatalogueInvalid,
                 absl::StrCat(post.place, ": ", post.job_class, " is no class of ", kJobLimitsFile))
          .Meta("place", post.place);
    }
  }
  return absl::OkStatus();
}

std::vector<const JobLimit*> LimitsOf(const JobLimits& limits, absl::string_view job_class,
                                      const model::Case& person) {
  std::vector<const JobLimit*> found;
  for (const JobLimit& limit : limits.limits) {
    if (limit.job_class == job_class && InForce(limit, person.as_of) &&
        Holds(limit, limits.challenge_days, person)) {
      found.push_back(&limit);
    }
  }
  return found;
}

}  // namespace anqiao::referral

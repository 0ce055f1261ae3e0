#include "hub/referral/provider.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/status_macros.h"
#include "hub/model/yaml_reader.h"
#include "hub/policy/profile.h"
#include "hub/referral/recipients.h"
#include "hub/referral/telling.h"

namespace anqiao::referral {
namespace {

using model::CivilDate;
using model::YamlNode;

constexpr std::size_t kProvidersMax = 512;
constexpr std::size_t kProviderListMax = 64;
constexpr std::size_t kIdBytesMax = 63;
constexpr int kPlacesMax = 100'000;
constexpr int kWithinDaysMax = 366;
constexpr int kMinutesOfDay = 24 * 60;
constexpr const char* kWeekdays[] = {"MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"};

// From Monday, 0.
std::size_t WeekdayOf(const CivilDate& day) {
  // 1970-01-01 was a Thursday.
  return static_cast<std::size_t>(((day.DayNumber() + 3) % 7 + 7) % 7);
}

absl::StatusOr<std::string> Id(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(std::string id, node.Text());
  const bool valid =
      id.size() <= kIdBytesMax && std::all_of(id.begin(), id.end(), [](char c) {
        const auto u = static_cast<unsigned char>(c);
        return absl::ascii_islower(u) || absl::ascii_isdigit(u) || c == '-' || c == '_';
      });
  if (!valid) return node.Wrong("must be at most 63 of a-z, 0-9, - and _");
  // It leaves with a request.
  if (Tells(id)) return node.Wrong("tells why people are known");
  return id;
}

absl::Status ReadTitle(const YamlNode& node, std::string* zh, std::string* en) {
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys, node.Keys({"zh", "en"}, {}));
  AQ_ASSIGN_OR_RETURN(*zh, keys.at("zh").Text());
  AQ_ASSIGN_OR_RETURN(*en, keys.at("en").Text());
  return absl::OkStatus();
}

absl::StatusOr<int> Count(const YamlNode& node, int least, int most) {
  AQ_ASSIGN_OR_RETURN(const std::int64_t number, node.Number());
  if (number < least || number > most) {
    return node.Wrong(absl::StrCat("must be from ", least, " to ", most));
  }
  return static_cast<int>(number);
}

absl::StatusOr<std::vector<std::string>> Texts(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> items, node.Items(kProviderListMax));
  std::vector<std::string> texts;
  for (const YamlNode& item : items) {
    AQ_ASSIGN_OR_RETURN(std::string text, item.Text());
    if (std::find(texts.begin(), texts.end(), text) != texts.end()) {
      return item.Wrong("came before");
    }
    texts.push_back(std::move(text));
  }
  return texts;
}

// "08:30", up to "24:00".
absl::StatusOr<int> Minute(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(const std::string text, node.Text());
  const std::string digits =
      absl::StrCat(text.substr(0, 2), text.substr(std::min<std::size_t>(3, text.size())));
  const bool written =
      text.size() == 5 && text[2] == ':' && std::all_of(digits.begin(), digits.end(), [](char c) {
        return absl::ascii_isdigit(static_cast<unsigned char>(c));
      });
  int number = 0;
  if (!written || !absl::SimpleAtoi(digits, &number) || number % 100 > 59 ||
      number / 100 * 60 + number % 100 > kMinutesOfDay) {
    return node.Wrong("must be a time such as \"08:30\"");
  }
  return number / 100 * 60 + number % 100;
}

absl::Status ReadDays(const YamlNode& node, OpenHours* hours) {
  if (!node.is_list()) {
    AQ_ASSIGN_OR_RETURN(const std::string text, node.Text());
    if (text == "WORKING_DAYS") {
      hours->days = OpenHours::Days::kWorkingDays;
    } else if (text == "EVERY_DAY") {
      hours->days = OpenHours::Days::kEveryDay;
    } else {
      return node.Wrong("must be WORKING_DAYS, EVERY_DAY or a list of MON to SUN");
    }
    return absl::OkStatus();
  }
  hours->days = OpenHours::Days::kWeekdays;
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> items, node.Items(std::size(kWeekdays)));
  for (const YamlNode& item : items) {
    AQ_ASSIGN_OR_RETURN(const std::string text, item.Text());
    const auto* const at = std::find(std::begin(kWeekdays), std::end(kWeekdays), text);
    if (at == std::end(kWeekdays)) return item.Wrong("must be one of MON to SUN");
    bool& open = hours->weekdays[static_cast<std::size_t>(at - std::begin(kWeekdays))];
    if (open) return item.Wrong("came before");
    open = true;
  }
  return absl::OkStatus();
}

absl::StatusOr<OpenHours> ReadHours(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys, node.Keys({"days", "from", "to"}, {}));
  OpenHours hours;
  AQ_RETURN_IF_ERROR(ReadDays(keys.at("days"), &hours));
  AQ_ASSIGN_OR_RETURN(hours.from_minute, Minute(keys.at("from")));
  AQ_ASSIGN_OR_RETURN(hours.to_minute, Minute(keys.at("to")));
  if (hours.to_minute <= hours.from_minute) return keys.at("to").Wrong("must be later than from");
  return hours;
}

absl::StatusOr<Closure> ReadClosure(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys, node.Keys({"from", "to", "why"}, {}));
  Closure closure;
  AQ_ASSIGN_OR_RETURN(closure.from, keys.at("from").Day());
  AQ_ASSIGN_OR_RETURN(closure.to, keys.at("to").Day());
  AQ_RETURN_IF_ERROR(keys.at("why").Text().status());
  if (closure.to < closure.from) return keys.at("to").Wrong("must not be before from");
  return closure;
}

absl::StatusOr<Post> ReadPost(const YamlNode& node, const Provider& provider) {
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys,
                      node.Keys({"id", "title", "service", "class", "count"}, {}));
  Post post;
  AQ_ASSIGN_OR_RETURN(post.id, Id(keys.at("id")));
  if (FindPost(provider, post.id) != nullptr) return keys.at("id").Wrong("came before");
  AQ_RETURN_IF_ERROR(ReadTitle(keys.at("title"), &post.title_zh, &post.title_en));
  AQ_ASSIGN_OR_RETURN(post.service, keys.at("service").Text());
  if (!Gives(provider, post.service)) {
    return keys.at("service").Wrong("must be one of the provider's services");
  }
  AQ_ASSIGN_OR_RETURN(post.job_class, keys.at("class").Text());
  post.place = keys.at("class").Place();
  AQ_ASSIGN_OR_RETURN(post.count, Count(keys.at("count"), 0, kPlacesMax));
  return post;
}

absl::Status ReadJurisdictions(const YamlNode& node, Provider* provider) {
  AQ_ASSIGN_OR_RETURN(provider->jurisdictions, Texts(node));
  const bool valid =
      std::all_of(provider->jurisdictions.begin(), provider->jurisdictions.end(),
                  [](const std::string& each) { return policy::IsDivisionPrefix(each); });
  return valid ? absl::OkStatus()
               : node.Wrong("each must be 2, 4, 6, 9 or 12 digits of a division code");
}

absl::Status ReadTimes(const YamlNode::Map& keys, Provider* provider) {
  if (const auto it = keys.find("from"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(provider->from, it->second.Day());
  }
  if (const auto it = keys.find("to"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(provider->to, it->second.Day());
    if (!provider->from.empty() && provider->to < provider->from) {
      return it->second.Wrong("must not be before from");
    }
  }
  if (const auto it = keys.find("hours"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> items, it->second.Items(kProviderListMax));
    for (const YamlNode& item : items) {
      AQ_ASSIGN_OR_RETURN(const OpenHours hours, ReadHours(item));
      provider->hours.push_back(hours);
    }
  }
  if (const auto it = keys.find("closed"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> items, it->second.Items(kProviderListMax));
    for (const YamlNode& item : items) {
      AQ_ASSIGN_OR_RETURN(const Closure closure, ReadClosure(item));
      provider->closures.push_back(closure);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Provider> ReadProvider(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys, node.Keys({"id", "title", "agency", "kind", "services"},
                                                    {"jurisdictions", "from", "to", "places",
                                                     "hours", "closed", "posts"}));
  Provider provider;
  AQ_ASSIGN_OR_RETURN(provider.id, Id(keys.at("id")));
  AQ_RETURN_IF_ERROR(ReadTitle(keys.at("title"), &provider.title_zh, &provider.title_en));
  AQ_ASSIGN_OR_RETURN(provider.agency, keys.at("agency").Text());
  AQ_ASSIGN_OR_RETURN(provider.kind, keys.at("kind").Text());
  if (!IsRecipientKind(provider.kind) || provider.kind == "police" ||
      provider.kind == "subdistrict_office") {
    return keys.at("kind").Wrong(
        "must be civil_affairs, employment, tax, employer, bank or school");
  }
  AQ_ASSIGN_OR_RETURN(provider.services, Texts(keys.at("services")));
  if (const auto it = keys.find("jurisdictions"); it != keys.end()) {
    AQ_RETURN_IF_ERROR(ReadJurisdictions(it->second, &provider));
  }
  AQ_RETURN_IF_ERROR(ReadTimes(keys, &provider));
  if (const auto it = keys.find("places"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(provider.places, Count(it->second, 0, kPlacesMax));
  }
  if (const auto it = keys.find("posts"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> items, it->second.Items(kProviderListMax));
    for (const YamlNode& item : items) {
      AQ_ASSIGN_OR_RETURN(Post post, ReadPost(item, provider));
      provider.posts.push_back(std::move(post));
    }
  }
  return provider;
}

bool IsOpenOn(const OpenHours& hours, const CivilDate& day,
              const model::WorkingCalendar& calendar) {
  const std::size_t weekday = WeekdayOf(day);
  switch (hours.days) {
    case OpenHours::Days::kEveryDay:
      return true;
    case OpenHours::Days::kWorkingDays:
      return calendar.IsWorkingDay(day);
    case OpenHours::Days::kWeekdays:
      return hours.weekdays[weekday] && (weekday >= 5 || calendar.IsWorkingDay(day));
  }
  return false;
}

std::string TimeText(int minute) {
  return absl::StrCat(absl::Dec(minute / 60, absl::kZeroPad2), ":",
                      absl::Dec(minute % 60, absl::kZeroPad2));
}

}  // namespace

const Provider* ProviderDirectory::Find(absl::string_view id) const {
  const auto found = std::find_if(providers.begin(), providers.end(),
                                  [&](const Provider& each) { return each.id == id; });
  return found == providers.end() ? nullptr : &*found;
}

absl::StatusOr<ProviderDirectory> ParseDirectory(const std::string& file,
                                                 const std::string& content) {
  AQ_ASSIGN_OR_RETURN(const YamlNode node, YamlNode::Parse(file, content));
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys,
                      node.Keys({"directory", "open_within_days", "providers"}, {}));
  ProviderDirectory directory;
  AQ_ASSIGN_OR_RETURN(directory.name, Id(keys.at("directory")));
  AQ_ASSIGN_OR_RETURN(directory.open_within_days,
                      Count(keys.at("open_within_days"), 1, kWithinDaysMax));
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> items, keys.at("providers").Items(kProvidersMax));
  std::set<std::string> ids;
  for (const YamlNode& item : items) {
    AQ_ASSIGN_OR_RETURN(Provider provider, ReadProvider(item));
    if (!ids.insert(provider.id).second) {
      return item.Wrong(absl::StrCat("the provider ", provider.id, " came before"));
    }
    directory.providers.push_back(std::move(provider));
  }
  directory.content = content;
  directory.hash = Hex(Sha256(content));
  return directory;
}

bool Gives(const Provider& provider, absl::string_view service) {
  return std::find(provider.services.begin(), provider.services.end(), service) !=
         provider.services.end();
}

const Post* FindPost(const Provider& provider, absl::string_view post) {
  const auto found = std::find_if(provider.posts.begin(), provider.posts.end(),
                                  [&](const Post& each) { return each.id == post; });
  return found == provider.posts.end() ? nullptr : &*found;
}

std::optional<int> Closeness(const Provider& provider, absl::string_view division) {
  if (provider.jurisdictions.empty()) return 0;
  std::optional<int> closest;
  for (const std::string& prefix : provider.jurisdictions) {
    if (!absl::StartsWith(division, prefix) && !absl::StartsWith(prefix, division)) continue;
    const int digits = static_cast<int>(std::min(prefix.size(), division.size()));
    closest = std::max(closest.value_or(0), digits);
  }
  return closest;
}

std::optional<absl::Time> NextOpening(const Provider& provider, absl::Time now, int within_days,
                                      const model::WorkingCalendar& calendar) {
  static const auto& always =
      *new std::vector<OpenHours>{OpenHours{.days = OpenHours::Days::kEveryDay}};
  const std::vector<OpenHours>& lines = provider.hours.empty() ? always : provider.hours;
  const CivilDate today = CivilDate::At(now);
  for (int ahead = 0; ahead <= within_days; ++ahead) {
    const CivilDate day = today.AddDays(ahead);
    const bool closed =
        std::any_of(provider.closures.begin(), provider.closures.end(),
                    [&](const Closure& each) { return each.from <= day && day <= each.to; });
    if (closed) continue;
    std::optional<absl::Time> first;
    for (const OpenHours& hours : lines) {
      if (!IsOpenOn(hours, day, calendar)) continue;
      const absl::Time begin = model::BeginningOf(day);
      if (now >= begin + absl::Minutes(hours.to_minute)) continue;
      const absl::Time from = std::max(now, begin + absl::Minutes(hours.from_minute));
      first = std::min(first.value_or(from), from);
    }
    if (first.has_value()) return first;
  }
  return std::nullopt;
}

std::string HoursText(const OpenHours& hours) {
  std::string days;
  switch (hours.days) {
    case OpenHours::Days::kWorkingDays:
      days = "WORKING_DAYS";
      break;
    case OpenHours::Days::kEveryDay:
      days = "EVERY_DAY";
      break;
    case OpenHours::Days::kWeekdays:
      for (std::size_t i = 0; i < std::size(kWeekdays); ++i) {
        if (hours.weekdays[i]) absl::StrAppend(&days, days.empty() ? "" : ",", kWeekdays[i]);
      }
  }
  return absl::StrCat(days, " ", TimeText(hours.from_minute), "-", TimeText(hours.to_minute));
}

}  // namespace anqiao::referral

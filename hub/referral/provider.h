// Who gives which service: the directory of providers, one YAML file that hub/doc/routing.md
// describes. A provider is reached through an agency, or is one.
//
// Pure; a directory is immutable after loading.

#ifndef ANQIAO_HUB_REFERRAL_PROVIDER_H_
#define ANQIAO_HUB_REFERRAL_PROVIDER_H_

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/model/civil_date.h"
#include "hub/model/working_calendar.h"

namespace anqiao::referral {

// Open posts of one kind.
struct Post {
  std::string id, title_zh, title_en;
  std::string service;    // by which it is filled
  std::string job_class;  // of job_limits.h
  int count = 0;          // open
  std::string place;      // of its class in the file: "file:line:column"
};

// When it is open; minutes of a day in China.
struct OpenHours {
  enum class Days { kWorkingDays, kEveryDay, kWeekdays };

  Days days = Days::kWorkingDays;
  // For kWeekdays, from Monday. One of Monday to Friday that the calendar has off is closed.
  std::array<bool, 7> weekdays = {};
  int from_minute = 0, to_minute = 24 * 60;
};

// Days on which it is closed whatever its hours say, both included.
struct Closure {
  model::CivilDate from, to;
};

struct Provider {
  std::string id, title_zh, title_en;
  std::string agency;  // through which it is reached
  std::string kind;    // one of recipients.h
  std::vector<std::string> services;
  std::vector<std::string> jurisdictions;  // division prefixes; empty: everywhere
  model::CivilDate from, to;               // on which it is asked; each may be empty
  std::optional<int> places;               // nullopt: no bound
  std::vector<OpenHours> hours;            // empty: always open
  std::vector<Closure> closures;
  std::vector<Post> posts;
  // An agency that the directory says nothing of for the service: its own provider.
  bool implied = false;
};

struct ProviderDirectory {
  std::string name;     // such as "example"
  std::string content;  // bytes of the file, for storing by hash
  std::string hash;     // SHA-256 of content, hexadecimal
  // A provider that does not open within so many days is not asked.
  int open_within_days = 14;
  std::vector<Provider> providers;  // those that come first are asked first

  // Null if there is none.
  const Provider* Find(absl::string_view id) const;
};

// INVALID_ARGUMENT (CATALOGUE_INVALID): an unknown, missing or repeated key, an id twice, a kind, a
// division or a time that is none, a bound that is passed; the message begins with
// file:line:column.
absl::StatusOr<ProviderDirectory> ParseDirectory(const std::string& file,
                                                 const std::string& content);

bool Gives(const Provider& provider, absl::string_view service);
const Post* FindPost(const Provider& provider, absl::string_view post);

// How closely the provider is responsible for whoever lives in "division": the digits of the
// prefix, 0 if it is for everywhere; nullopt: it is not. A division that is not known, or less
// closely than the prefix, excludes nobody.
std::optional<int> Closeness(const Provider& provider, absl::string_view division);

// When it is open next, from "now" on ("now" if it is open); nullopt: not within so many days.
std::optional<absl::Time> NextOpening(const Provider& provider, absl::Time now, int within_days,
                                      const model::WorkingCalendar& calendar);

// One line of its hours, such as "WORKING_DAYS 08:30-12:00".
std::string HoursText(const OpenHours& hours);

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_PROVIDER_H_

#include "hub/referral/calendar_file.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/status_macros.h"
#include "hub/model/yaml_reader.h"

namespace anqiao::referral {
namespace {

using model::CivilDate;
using model::WorkingCalendar;
using model::YamlNode;

constexpr std::size_t kCalendarYearsMax = 64;
constexpr std::size_t kPeriodsMax = 32;
constexpr std::size_t kCalendarDaysMax = 64;
constexpr std::size_t kTestsMax = 64;

bool IsWeekend(const CivilDate& date) { return !WorkingCalendar().IsWorkingDay(date); }

class Reader {
 public:
  absl::StatusOr<Calendar> Read(const YamlNode& file) {
    AQ_ASSIGN_OR_RETURN(YamlNode::Map keys,
                        file.Keys({"calendar", "from", "to", "years", "tests"}, {}));
    Calendar calendar;
    AQ_ASSIGN_OR_RETURN(calendar.name, keys.at("calendar").Text());
    AQ_ASSIGN_OR_RETURN(days_.from, keys.at("from").Day());
    AQ_ASSIGN_OR_RETURN(days_.to, keys.at("to").Day());
    if (days_.to < days_.from) return keys.at("to").Wrong("must not be before from");
    AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> years,
                        keys.at("years").Items(kCalendarYearsMax));
    for (const YamlNode& year : years) AQ_RETURN_IF_ERROR(ReadYear(year));
    for (int year = days_.from.year; year <= days_.to.year; ++year) {
      if (!years_.contains(year)) {
        return keys.at("years").Wrong(absl::StrCat("the year ", year, " is missing"));
      }
    }
    calendar.days = WorkingCalendar(days_);
    AQ_RETURN_IF_ERROR(Check(keys.at("tests"), calendar.days));
    return calendar;
  }

 private:
  absl::Status ReadYear(const YamlNode& node) {
    AQ_ASSIGN_OR_RETURN(YamlNode::Map keys,
                        node.Keys({"year", "source", "off", "working"}, {"unverified"}));
    AQ_ASSIGN_OR_RETURN(const std::int64_t year, keys.at("year").Number());
    if (year < days_.from.year || year > days_.to.year) {
      return keys.at("year").Wrong("must lie between from and to");
    }
    if (!years_.insert(static_cast<int>(year)).second) {
      return keys.at("year").Wrong("the year came before");
    }
    AQ_RETURN_IF_ERROR(keys.at("source").Text().status());
    if (const auto it = keys.find("unverified"); it != keys.end()) {
      AQ_ASSIGN_OR_RETURN(const bool unverified, it->second.Flag());
      if (unverified) days_.unverified.insert(static_cast<int>(year));
    }
    AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> periods, keys.at("off").Items(kPeriodsMax));
    for (const YamlNode& period : periods) AQ_RETURN_IF_ERROR(ReadPeriod(period, year));
    AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> working,
                        keys.at("working").Items(kCalendarDaysMax));
    for (const YamlNode& item : working) {
      AQ_ASSIGN_OR_RETURN(const CivilDate day, DayOf(item, year));
      if (!IsWeekend(day)) return item.Wrong("is no weekend day");
      if (named_.contains(day.DayNumber())) return item.Wrong("is a day off, or came before");
      named_.insert(day.DayNumber());
      days_.working.insert(day.DayNumber());
    }
    return absl::OkStatus();
  }

  absl::Status ReadPeriod(const YamlNode& node, std::int64_t year) {
    AQ_ASSIGN_OR_RETURN(YamlNode::Map keys, node.Keys({"name", "from", "to"}, {}));
    AQ_RETURN_IF_ERROR(keys.at("name").Text().status());
    AQ_ASSIGN_OR_RETURN(const CivilDate from, DayOf(keys.at("from"), year));
    AQ_ASSIGN_OR_RETURN(const CivilDate to, DayOf(keys.at("to"), year));
    if (to < from) return keys.at("to").Wrong("must not be before from");
    for (CivilDate day = from; day <= to; day = day.AddDays(1)) {
      if (!named_.insert(day.DayNumber()).second) {
        return node.Wrong(absl::StrCat(day.ToString(), " came before"));
      }
      if (!IsWeekend(day)) days_.off.insert(day.DayNumber());
    }
    return absl::OkStatus();
  }

  absl::StatusOr<CivilDate> DayOf(const YamlNode& node, std::int64_t year) const {
    AQ_ASSIGN_OR_RETURN(const CivilDate day, node.Day());
    if (day.year != year) return node.Wrong(absl::StrCat("must be a day of ", year));
    if (day < days_.from || days_.to < day) return node.Wrong("must lie between from and to");
    return day;
  }

  static absl::Status Check(const YamlNode& tests, const WorkingCalendar& days) {
    AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> items, tests.Items(kTestsMax));
    for (const YamlNode& item : items) {
      AQ_ASSIGN_OR_RETURN(YamlNode::Map keys,
                          item.Keys({"from", "working_days", "expect"}, {"beyond"}));
      AQ_ASSIGN_OR_RETURN(const CivilDate from, keys.at("from").Day());
      AQ_ASSIGN_OR_RETURN(const std::int64_t count, keys.at("working_days").Number());
      AQ_ASSIGN_OR_RETURN(const CivilDate expected, keys.at("expect").Day());
      bool beyond = false;
      if (const auto it = keys.find("beyond"); it != keys.end()) {
        AQ_ASSIGN_OR_RETURN(beyond, it->second.Flag());
      }
      if (count < 0 || count > 366) return keys.at("working_days").Wrong("must be from 0 to 366");
      const model::CountedDay found = days.AddWorkingDays(from, static_cast<int>(count));
      if (found.date != expected || found.beyond != beyond) {
        return item.Wrong(absl::StrCat("test failed: expected ", expected.ToString(), ", got ",
                                       found.date.ToString(), found.beyond ? " beyond" : ""));
      }
    }
    return absl::OkStatus();
  }

  WorkingCalendar::Days days_;
  std::set<int> years_;
  std::set<long> named_;  // days of holidays and make-up days
};

}  // namespace

absl::StatusOr<Calendar> ParseCalendar(const std::string& file, const std::string& content) {
  AQ_ASSIGN_OR_RETURN(const YamlNode node, YamlNode::Parse(file, content));
  AQ_ASSIGN_OR_RETURN(Calendar calendar, Reader().Read(node));
  calendar.content = content;
  calendar.hash = Hex(Sha256(content));
  return calendar;
}

}  // namespace anqiao::referral

#include "hub/referral/provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "hub/base/errors.h"
#include "hub/policy/catalogue.h"
#include "hub/referral/calendar_file.h"
#include "hub/referral/job_limits.h"
#include "tests/testing/forbidden_terms.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::referral {
namespace {

using model::CivilDate;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string ReadFile(const std::string& name) {
  std::ifstream in(absl::StrCat(ANQIAO_POLICIES "/", name), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

constexpr char kSmall[] = R"(directory: small
open_within_days: 10
providers:
  - id: counter
    title: {zh: 窗口, en: Counter}
    agency: employment
    kind: employment
    services: [skills, job]
    jurisdictions: ["421202003", "421221"]
    from: 2026-01-01
    to: 2026-12-31
    places: 2
    hours:
      - {days: WORKING_DAYS, from: "08:30", to: "12:00"}
      - {days: [SAT], from: "09:00", to: "11:00"}
    closed:
      - {from: 2026-09-28, to: 2026-09-29, why: 搬迁}
    posts:
      - {id: clerk, title: {zh: 文员, en: Clerk}, service: job, class: GENERAL, count: 1}
  - id: school
    title: {zh: 学校, en: School}
    agency: school
    kind: school
    services: [skills]
)";

TEST(ProviderTest, ReadsADirectory) {
  AQ_ASSERT_OK_AND_ASSIGN(const ProviderDirectory directory, ParseDirectory("d.yaml", kSmall));
  EXPECT_EQ(directory.name, "small");
  EXPECT_EQ(directory.open_within_days, 10);
  EXPECT_EQ(directory.content, kSmall);
  ASSERT_EQ(directory.providers.size(), 2U);
  const Provider& counter = directory.providers[0];
  EXPECT_EQ(counter.title_zh, "窗口");
  EXPECT_EQ(counter.agency, "employment");
  EXPECT_THAT(counter.services, ElementsAre("skills", "job"));
  EXPECT_EQ(counter.to, CivilDate::Of(2026, 12, 31));
  EXPECT_EQ(counter.places, 2);
  EXPECT_EQ(HoursText(counter.hours[0]), "WORKING_DAYS 08:30-12:00");
  EXPECT_EQ(HoursText(counter.hours[1]), "SAT 09:00-11:00");
  ASSERT_EQ(counter.posts.size(), 1U);
  EXPECT_EQ(counter.posts[0].count, 1);
  EXPECT_EQ(directory.Find("school"), &directory.providers[1]);
  EXPECT_EQ(directory.Find("nobody"), nullptr);
  EXPECT_FALSE(directory.providers[1].places.has_value());
  AQ_ASSERT_OK_AND_ASSIGN(const ProviderDirectory other,
                          ParseDirectory("d.yaml", std::string(kSmall) + "# more\n"));
  EXPECT_NE(other.hash, directory.hash);
}

struct Mistake {
  const char* from;
  const char* to;
  const char* said;
};

TEST(ProviderTest, SaysWhereAMistakeIs) {
  for (const Mistake& mistake : {
           Mistake{"open_within_days: 10", "open_within_days: 0", "d.yaml:2:19: must be from 1"},
           Mistake{"directory: small", "directories: small", "unknown key directories"},
           Mistake{"id: school", "id: counter", "the provider counter came before"},
           Mistake{"id: school", "id: School", "d.yaml:20:9: must be at most 63 of a-z"},
           Mistake{"id: school", "id: rehab-school", "tells why people are known"},
           Mistake{"kind: school", "kind: police", "must be civil_affairs, employment"},
           Mistake{"kind: school", "kind: club", "must be civil_affairs, employment"},
           Mistake{"kind: school", "kind: subdistrict_office", "must be civil_affairs, employment"},
           Mistake{"services: [skills]", "services: [skills, skills]", "came before"},
           Mistake{"\"421221\"", "\"42122\"", "digits of a division code"},
           Mistake{"to: 2026-12-31", "to: 2025-12-31", "must not be before from"},
           Mistake{"places: 2", "places: -1", "must be from 0 to"},
           Mistake{"\"08:30\"", "\"8:30\"", "must be a time such as"},
           Mistake{"\"12:00\"", "\"24:01\"", "must be a time such as"},
           Mistake{"\"12:00\"", "\"08:30\"", "must be later than from"},
           Mistake{"days: WORKING_DAYS", "days: WEEKENDS", "must be WORKING_DAYS, EVERY_DAY"},
           Mistake{"[SAT]", "[SAT, SAT]", "came before"},
           Mistake{"[SAT]", "[SUNDAY]", "must be one of MON to SUN"},
           Mistake{"to: 2026-09-29", "to: 2026-09-27", "must not be before from"},
           Mistake{"service: job", "service: course", "must be one of the provider's services"},
           Mistake{"count: 1", "counts: 1", "unknown key counts"},
           Mistake{"    agency: school\n", "", "missing key agency"},
       }) {
    const std::string text = absl::StrReplaceAll(kSmall, {{mistake.from, mistake.to}});
    ASSERT_NE(text, kSmall) << mistake.from;
    const absl::Status status = ParseDirectory("d.yaml", text).status();
    EXPECT_EQ(ReasonOf(status), reason::kCatalogueInvalid) << mistake.to;
    EXPECT_THAT(std::string(status.message()), HasSubstr(mistake.said));
  }
}

TEST(ProviderTest, IsResponsibleByPrefix) {
  Provider provider;
  EXPECT_EQ(Closeness(provider, "421202003010"), 0);
  EXPECT_EQ(Closeness(provider, ""), 0);
  provider.jurisdictions = {"4212", "421202003"};
  EXPECT_EQ(Closeness(provider, "421202003010"), 9);
  EXPECT_EQ(Closeness(provider, "421221001001"), 4);
  EXPECT_EQ(Closeness(provider, "430000"), std::nullopt);
  // Known less closely, or not at all: excludes nobody.
  EXPECT_EQ(Closeness(provider, "421202"), 6);
  EXPECT_EQ(Closeness(provider, ""), 0);
}

class OpeningTest : public ::testing::Test {
 protected:
  void SetUp() override {
    AQ_ASSERT_OK_AND_ASSIGN(calendar_, ParseCalendar("cn.yaml", ReadFile("calendars/cn.yaml")));
    AQ_ASSERT_OK_AND_ASSIGN(directory_, ParseDirectory("d.yaml", kSmall));
  }
  static absl::Time At(int month, int day, int hour, int minute = 0) {
    return model::BeginningOf(CivilDate::Of(2026, month, day)) + absl::Hours(hour) +
           absl::Minutes(minute);
  }
  std::optional<absl::Time> Opens(absl::Time now, int within = 10) const {
    return NextOpening(directory_.providers[0], now, within, calendar_.days);
  }

  Calendar calendar_;
  ProviderDirectory directory_;
};

TEST_F(OpeningTest, InItsHours) {
  EXPECT_EQ(Opens(At(9, 21, 9)), At(9, 21, 9));  // a Monday
  EXPECT_EQ(Opens(At(9, 21, 6)), At(9, 21, 8, 30));
  EXPECT_EQ(Opens(At(9, 21, 12)), At(9, 22, 8, 30));
  // The evening before a Saturday on which it is open for two hours.
  EXPECT_EQ(Opens(At(9, 18, 20)), At(9, 19, 9));
}

TEST_F(OpeningTest, HolidaysAndMakeUpDaysCount) {
  // From 1 to 7 October people are off; Saturday the 10th is a working day.
  Provider weekdays = directory_.providers[0];
  weekdays.hours = {OpenHours{.days = OpenHours::Days::kWorkingDays}};
  EXPECT_EQ(NextOpening(weekdays, At(10, 9, 24), 3, calendar_.days), At(10, 10, 0));
  EXPECT_EQ(NextOpening(weekdays, At(10, 1, 8), 20, calendar_.days), At(10, 8, 0));
  EXPECT_EQ(NextOpening(weekdays, At(10, 1, 8), 6, calendar_.days), std::nullopt);
}

TEST_F(OpeningTest, ClosuresCloseWhateverTheHours) {
  EXPECT_EQ(Opens(At(9, 28, 9)), At(9, 30, 8, 30));
  Provider always;
  EXPECT_EQ(NextOpening(always, At(9, 28, 3), 1, calendar_.days), At(9, 28, 3));
  always.closures = {{CivilDate::Of(2026, 9, 1), CivilDate::Of(2026, 10, 31)}};
  EXPECT_EQ(NextOpening(always, At(9, 28, 3), 14, calendar_.days), std::nullopt);
  EXPECT_EQ(NextOpening(always, At(9, 28, 3), 40, calendar_.days), At(11, 1, 0));
}

TEST(ProviderTest, TheExampleFitsTheCatalogueAndTellsNothing) {
  AQ_ASSERT_OK_AND_ASSIGN(const ProviderDirectory directory,
                          ParseDirectory("example.yaml", ReadFile("directory/example.yaml")));
  AQ_ASSERT_OK_AND_ASSIGN(const JobLimits limits,
                          ParseJobLimits(kJobLimitsFile, ReadFile(kJobLimitsFile)));
  AQ_EXPECT_OK(CheckPosts(directory, limits));
  AQ_ASSERT_OK_AND_ASSIGN(const auto catalogue, policy::Catalogue::Load(ANQIAO_POLICIES));
  std::set<std::string> services;
  for (const auto& policy : catalogue->policies()) services.insert(policy.service);
  for (const Provider& provider : directory.providers) {
    for (const std::string& service : provider.services) {
      EXPECT_EQ(services.count(service), 1U) << provider.id << " " << service;
    }
  }
  EXPECT_EQ(testing::FindForbidden(directory.content), "");
  EXPECT_GE(directory.providers.size(), 5U);
}

}  // namespace
}  // namespace anqiao::referral

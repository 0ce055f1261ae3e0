// Every line of the shipped table: whom it holds for, whom not, and from which day on.

#include "hub/referral/job_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "hub/base/errors.h"
#include "tests/hub/model/person_builder.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::referral {
namespace {

using model::Day;
using model::PersonBuilder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Shipped() {
  std::ifstream in(absl::StrCat(ANQIAO_POLICIES "/", kJobLimitsFile), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class JobLimitsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    AQ_ASSERT_OK_AND_ASSIGN(limits_, ParseJobLimits(kJobLimitsFile, Shipped()));
  }
  // Laws that keep the person from a job of the class on that day.
  std::vector<std::string> Laws(PersonBuilder person, absl::string_view job_class,
                                absl::string_view on) const {
    std::vector<std::string> laws;
    for (const JobLimit* limit :
         LimitsOf(limits_, job_class, model::FoldCase(person.document(), Day(on)))) {
      laws.push_back(limit->law);
    }
    return laws;
  }

  JobLimits limits_;
};

PersonBuilder OnRegister(absl::string_view seizure) {
  PersonBuilder person;
  person.Register(seizure);
  return person;
}

PersonBuilder InIsolation(absl::string_view decided, absl::string_view ended) {
  PersonBuilder person;
  person.Order(journal::v1::ORDER_KIND_COMPULSORY_ISOLATION,
               {.decided = decided, .ended = ended, .reason = journal::v1::ORDER_END_EXPIRED});
  return person;
}

TEST_F(JobLimitsTest, WhomThePoliceDoNotKnowMayHoldEveryJob) {
  for (const JobClass& job_class : limits_.classes) {
    EXPECT_THAT(Laws(PersonBuilder(), job_class.code, "2026-09-21"), IsEmpty()) << job_class.code;
  }
}

TEST_F(JobLimitsTest, AGeneralPostIsForEverybody) {
  EXPECT_THAT(Laws(InIsolation("2024-01-01", "2026-01-01"), "GENERAL", "2026-09-21"), IsEmpty());
  EXPECT_FALSE(limits_.IsConditional("GENERAL", Day("2026-09-21")));
}

TEST_F(JobLimitsTest, WhoeverWasInIsolationIsNoSecurityGuard) {
  EXPECT_THAT(Laws(InIsolation("2010-05-01", "2012-05-01"), "SECURITY_GUARD", "2026-09-21"),
              ElementsAre("保安服务管理条例 第十七条"));
  EXPECT_THAT(Laws(OnRegister("2025-05-01"), "SECURITY_GUARD", "2026-09-21"), IsEmpty());
  // Before the law nobody was kept from it.
  EXPECT_THAT(Laws(InIsolation("2009-01-01", "2009-06-01"), "SECURITY_GUARD", "2009-12-31"),
              IsEmpty());
  EXPECT_THAT(Laws(InIsolation("2009-01-01", "2009-06-01"), "SECURITY_GUARD", "2010-01-01"),
              ElementsAre("保安服务管理条例 第十七条"));
}

TEST_F(JobLimitsTest, NorWorksInAnEntertainmentVenue) {
  EXPECT_THAT(Laws(InIsolation("2010-05-01", "2012-05-01"), "ENTERTAINMENT_VENUE", "2026-09-21"),
              ElementsAre("娱乐场所管理条例 第五条"));
  EXPECT_THAT(Laws(OnRegister("2025-05-01"), "ENTERTAINMENT_VENUE", "2026-09-21"), IsEmpty());
}

TEST_F(JobLimitsTest, WhoeverUsedWithinThreeYearsDoesNotDrive) {
  const PersonBuilder person = OnRegister("2023-09-22");
  EXPECT_THAT(Laws(person, "DRIVER", "2026-09-21"),
              ElementsAre("机动车驾驶证申领和使用规定 第十五条"));
  EXPECT_THAT(Laws(person, "DRIVER", "2026-09-22"), IsEmpty());
  PersonBuilder tested;
  tested.Test("2026-09-01", true, "LABORATORY");
  EXPECT_THAT(Laws(tested, "DRIVER", "2026-09-21"),
              ElementsAre("机动车驾驶证申领和使用规定 第十五条"));
  PersonBuilder clean;
  clean.Test("2026-09-01", false, "LABORATORY");
  EXPECT_THAT(Laws(clean, "DRIVER", "2026-09-21"), IsEmpty());
}

TEST_F(JobLimitsTest, ATestOnSiteCountsOnceItCannotBeChallengedAnyMore) {
  PersonBuilder tested;
  tested.Test("2026-09-18", true, "ON_SITE");
  EXPECT_THAT(Laws(tested, "DRIVER", "2026-09-21"), IsEmpty());
  EXPECT_THAT(Laws(tested, "DRIVER", "2026-09-22"),
              ElementsAre("机动车驾驶证申领和使用规定 第十五条"));
}

TEST_F(JobLimitsTest, NorWhoeverWasReleasedWithinThreeYears) {
  const PersonBuilder person = InIsolation("2021-09-22", "2023-09-22");
  EXPECT_THAT(Laws(person, "DRIVER", "2026-09-21"),
              ElementsAre("机动车驾驶证申领和使用规定 第十五条"));
  EXPECT_THAT(Laws(person, "DRIVER", "2026-09-22"), IsEmpty());
}

TEST_F(JobLimitsTest, NorWhileAMeasureRuns) {
  PersonBuilder person;
  person.Order(journal::v1::ORDER_KIND_COMMUNITY_REHABILITATION,
               {.decided = "2025-01-10", .received = "2025-01-12", .reported = "2025-01-15"});
  EXPECT_THAT(Laws(person, "DRIVER", "2026-09-21"),
              ElementsAre("机动车驾驶证申领和使用规定 第七十九条"));
  // Three years from the report.
  EXPECT_THAT(Laws(person, "DRIVER", "2028-03-01"), IsEmpty());
}

TEST_F(JobLimitsTest, KeyPostsOfTransportNeedACleanRecord) {
  const std::map<std::string, std::pair<std::string, std::string>> classes = {
      {"PUBLIC_TRANSPORT_KEY_POST", {"城市公共交通条例 第三十一条", "2024-12-01"}},
      {"TAXI_DRIVER", {"出租汽车驾驶员从业资格管理规定 第十条", "2016-10-01"}},
      {"RIDE_HAILING_DRIVER", {"网络预约出租汽车经营服务管理暂行办法 第十四条", "2016-11-01"}},
      {"SCHOOL_BUS_DRIVER", {"校车安全管理条例 第二十三条", "2012-04-05"}}};
  const PersonBuilder person = OnRegister("2005-05-01");
  for (const auto& [job_class, law] : classes) {
    EXPECT_THAT(Laws(person, job_class, "2026-09-21"), ElementsAre(law.first)) << job_class;
    EXPECT_THAT(Laws(person, job_class, law.second), ElementsAre(law.first)) << job_class;
    EXPECT_THAT(Laws(person, job_class, Day(law.second).AddDays(-1).ToString()), IsEmpty())
        << job_class;
  }
}

TEST_F(JobLimitsTest, EveryClassButTheGeneralOneIsConditionalForEverybody) {
  for (const JobClass& job_class : limits_.classes) {
    EXPECT_EQ(limits_.IsConditional(job_class.code, Day("2026-09-21")), job_class.code != "GENERAL")
        << job_class.code;
  }
  EXPECT_FALSE(limits_.IsConditional("DRIVER", Day("2022-03-31")));
}

TEST_F(JobLimitsTest, APostOfAnUnknownClassIsRefused) {
  ProviderDirectory directory;
  Provider& provider = directory.providers.emplace_back();
  Post& post = provider.posts.emplace_back();
  post.job_class = "GENERAL";
  post.place = "d.yaml:8:9";
  AQ_EXPECT_OK(CheckPosts(directory, limits_));
  post.job_class = "SECURITY_GARD";
  const absl::Status status = CheckPosts(directory, limits_);
  EXPECT_EQ(ReasonOf(status), reason::kCatalogueInvalid);
  EXPECT_THAT(std::string(status.message()), HasSubstr("d.yaml:8:9: SECURITY_GARD is no class"));
}

struct Mistake {
  const char* from;
  const char* to;
  const char* said;
};

TEST_F(JobLimitsTest, SaysWhereAMistakeIs) {
  const std::string shipped = Shipped();
  for (const Mistake& mistake : {
           Mistake{"table: job_limits", "table: limits", "job_limits.yaml:3:8: must be job_limits"},
           Mistake{"challenge_days: 3", "challenge_days: -1", "must be from 0 to 366"},
           Mistake{"code: TAXI_DRIVER", "code: DRIVER", "the class came before"},
           Mistake{"class: TAXI_DRIVER", "class: TAXI", "is none of the classes"},
           Mistake{"when: MEASURE_RUNS", "when: MEASURE_RAN", "is no rule"},
           Mistake{"when: MEASURE_RUNS", "when: USED_WITHIN", "missing key years"},
           Mistake{"when: MEASURE_RUNS", "when: MEASURE_RUNS\n    years: 3", "takes no years"},
           Mistake{"years: 3", "years: 0", "must be from 1 to 50"},
           Mistake{"from: 2010-01-01", "from: 2010-01-01\n    to: 2009-01-01",
                   "must not be before from"},
           Mistake{"law: {instrument: 保安服务管理条例, article: 第十七条}",
                   "law: {instrument: 保安服务管理条例}", "missing key article"},
       }) {
    const std::string text = absl::StrReplaceAll(shipped, {{mistake.from, mistake.to}});
    ASSERT_NE(text, shipped) << mistake.from;
    const absl::Status status = ParseJobLimits("job_limits.yaml", text).status();
    EXPECT_EQ(ReasonOf(status), reason::kCatalogueInvalid) << mistake.to;
    EXPECT_THAT(std::string(status.message()), HasSubstr(mistake.said));
  }
}

}  // namespace
}  // namespace anqiao::referral

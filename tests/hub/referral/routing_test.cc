#include "hub/referral/routing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/hub/model/person_builder.h"

namespace anqiao::referral {
namespace {

using model::CivilDate;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kService[] = "skills";

class RoutingTest : public ::testing::Test {
 protected:
  RoutingTest() {
    limits_.classes = {{"GENERAL", "", ""}, {"GUARD", "", ""}};
    JobLimit& limit = limits_.limits.emplace_back();
    limit.job_class = "GUARD";
    limit.from = CivilDate::Of(2010, 1, 1);
    limit.rule = LimitRule::kEverInIsolation;
    limit.law = "law";
    query_.service = kService;
    query_.kind = "employment";
    query_.agencies = {{"employment", "employment"}, {"tax", "tax"}, {"school", "school"}};
    query_.division = "421202003010";
    query_.now = model::BeginningOf(CivilDate::Of(2026, 9, 21)) + absl::Hours(10);  // a Monday
    query_.calendar = &calendar_;
    query_.limits = &limits_;
    query_.held = [this](const Provider& provider, absl::string_view post) {
      return held_[absl::StrCat(provider.id, "/", post)];
    };
  }

  Provider& Add(const std::string& id) {
    Provider& provider = *providers_.emplace_back(std::make_unique<Provider>());
    provider.id = id;
    provider.agency = "employment";
    provider.kind = "employment";
    provider.services = {kService};
    return provider;
  }
  static void AddPost(Provider& provider, const std::string& id, const std::string& job_class,
                      int count = 1) {
    Post& post = provider.posts.emplace_back();
    post.id = id;
    post.service = kService;
    post.job_class = job_class;
    post.count = count;
  }
  Route Find() {
    std::vector<const Provider*> providers;
    for (const auto& provider : providers_) providers.push_back(provider.get());
    return FindRoute(providers, query_);
  }
  // "a NEAREST", or "- NOBODY"; then who was passed over.
  static std::vector<std::string> Words(const Route& route) {
    const auto place = [](const Provider* provider, const std::string& post) {
      return absl::StrCat(provider == nullptr ? "-" : provider->id, post.empty() ? "" : "/", post);
    };
    std::vector<std::string> words = {absl::StrCat(place(route.provider, route.post), " ",
                                                   std::string(TitleOf(route.code).name))};
    for (const RouteOption& option : route.others) {
      words.push_back(absl::StrCat(place(option.provider, option.post), " ",
                                   std::string(TitleOf(option.code).name)));
    }
    return words;
  }
  std::vector<std::string> Found() { return Words(Find()); }

  JobLimits limits_;
  model::WorkingCalendar calendar_;
  std::vector<std::unique_ptr<Provider>> providers_;
  std::map<std::string, int> held_;
  RouteQuery query_;
};

TEST_F(RoutingTest, EachThatIsPassedOverHasItsReason) {
  Add("other").services = {"loan"};
  Add("far-system").agency = "elsewhere";
  Add("tax-hall").agency = "tax";
  Add("future").from = CivilDate::Of(2026, 9, 22);
  Add("past").to = CivilDate::Of(2026, 9, 20);
  Add("asked");
  query_.tried = {"asked"};
  Add("north").jurisdictions = {"421221"};
  Add("holiday").closures = {{CivilDate::Of(2026, 9, 1), CivilDate::Of(2026, 12, 1)}};
  Add("full").places = 2;
  held_["full/"] = 2;
  Provider& jobs = Add("jobs");
  AddPost(jobs, "guard", "GUARD");
  AddPost(jobs, "taken", "GENERAL");
  held_["jobs/taken"] = 1;
  Add("good");
  Add("next");
  EXPECT_THAT(
      Found(),
      ElementsAre("good FIRST_LISTED", "other OTHER_SERVICE", "far-system NOT_CONNECTED",
                  "tax-hall NOT_RESPONSIBLE", "future NOT_IN_SERVICE", "past NOT_IN_SERVICE",
                  "asked TRIED", "north OTHER_AREA", "holiday CLOSED", "full NO_PLACE",
                  "jobs/guard CONDITIONAL", "jobs/taken NO_PLACE", "next RANKS_AFTER"));
}

TEST_F(RoutingTest, NobodyIsFoundWithReasons) {
  EXPECT_THAT(Found(), ElementsAre("- NOBODY"));
  Add("north").jurisdictions = {"421221"};
  EXPECT_THAT(Found(), ElementsAre("- NOBODY", "north OTHER_AREA"));
}

TEST_F(RoutingTest, TheOnlyOneThenTheNearestThenTheFirstToOpenThenTheFirstListed) {
  Add("city").jurisdictions = {"4212"};
  EXPECT_THAT(Found(), ElementsAre("city ONLY_ONE"));
  Add("street").jurisdictions = {"421202003"};
  EXPECT_THAT(Found(), ElementsAre("street NEAREST", "city RANKS_AFTER"));
  Add("open").jurisdictions = {"421202003"};
  providers_[1]->hours = {OpenHours{.from_minute = 14 * 60}};
  EXPECT_THAT(Found(), ElementsAre("open OPENS_FIRST", "city RANKS_AFTER", "street RANKS_AFTER"));
  providers_[1]->hours.clear();
  EXPECT_THAT(Found(), ElementsAre("street FIRST_LISTED", "city RANKS_AFTER", "open RANKS_AFTER"));
}

TEST_F(RoutingTest, TheSameQuestionGivesTheSameAnswer) {
  for (int i = 0; i < 40; ++i) Add(absl::StrCat("p", i)).places = i % 3;
  const std::vector<std::string> first = Found();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Found(), first);
}

TEST_F(RoutingTest, OneThatWasAskedIsFollowedByTheNext) {
  Add("a");
  Add("b");
  Add("c");
  std::vector<std::string> asked;
  while (asked.size() < 10) {
    const Route route = Find();
    if (route.provider == nullptr) break;
    asked.push_back(route.provider->id);
    query_.tried.insert(route.provider->id);
  }
  EXPECT_THAT(asked, ElementsAre("a", "b", "c"));
  EXPECT_THAT(Found(), ElementsAre("- NOBODY", "a TRIED", "b TRIED", "c TRIED"));
}

TEST_F(RoutingTest, OneThatWasAskedIsAskedAgainOnlyIfThatIsWantedAndNobodyElseWouldDo) {
  Add("a");
  Add("b").places = 0;
  query_.tried = {"a"};
  EXPECT_THAT(Found(), ElementsAre("- NOBODY", "a TRIED", "b NO_PLACE"));
  query_.ask_again = true;
  EXPECT_THAT(Found(), ElementsAre("a ASKED_AGAIN", "b NO_PLACE"));
  providers_[1]->places = 1;
  EXPECT_THAT(Found(), ElementsAre("b ONLY_ONE", "a TRIED"));
}

TEST_F(RoutingTest, ADivisionThatIsNotKnownExcludesNobodyAndIsSaid) {
  Add("street").jurisdictions = {"421202003"};
  EXPECT_FALSE(Find().division_unknown);
  query_.division = "";
  EXPECT_TRUE(Find().division_unknown);
  EXPECT_THAT(Found(), ElementsAre("street ONLY_ONE"));
  // Where nobody asks where people live, nothing is unknown.
  providers_[0]->jurisdictions.clear();
  EXPECT_FALSE(Find().division_unknown);
}

TEST_F(RoutingTest, WhomTheCaseworkerNamesIsChosenIfTheyGiveTheService) {
  Provider& north = Add("north");
  north.jurisdictions = {"421221"};
  north.places = 0;
  Add("good");
  query_.provider = "north";
  query_.tried = {"north"};
  EXPECT_THAT(Found(), ElementsAre("north NAMED"));
  north.to = CivilDate::Of(2026, 1, 1);
  EXPECT_THAT(Found(), ElementsAre("- NOBODY", "north NOT_IN_SERVICE"));
}

TEST_F(RoutingTest, OnlyWhatIsReachedThroughTheAgencyThatIsNamed) {
  Add("counter");
  Provider& school = Add("school-itself");
  school.agency = "school";
  query_.agency = "school";
  // A school is no public organ: what the directory says of it counts.
  EXPECT_THAT(Found(), ElementsAre("school-itself ONLY_ONE"));
  school.implied = true;
  EXPECT_THAT(Found(), ElementsAre("- NOBODY", "school-itself NOT_RESPONSIBLE"));
}

TEST_F(RoutingTest, AConditionalPostIsOnlyForWhomACaseworkerDecides) {
  Provider& jobs = Add("jobs");
  AddPost(jobs, "guard", "GUARD");
  EXPECT_THAT(Found(), ElementsAre("- NOBODY", "jobs/guard CONDITIONAL"));
  query_.provider = "jobs";
  EXPECT_THAT(Found(), ElementsAre("- NOBODY", "jobs/guard CONDITIONAL"));
  query_.post = "guard";
  EXPECT_THAT(Found(), ElementsAre("jobs/guard NAMED"));
  query_.provider = query_.post = "";
  AddPost(jobs, "cleaner", "GENERAL", 2);
  EXPECT_THAT(Found(), ElementsAre("jobs/cleaner ONLY_ONE", "jobs/guard CONDITIONAL"));
}

TEST_F(RoutingTest, TheLawIsShownToTheCaseworkerAndChangesNoRoute) {
  Provider& jobs = Add("jobs");
  AddPost(jobs, "guard", "GUARD");
  AddPost(jobs, "cleaner", "GENERAL");
  model::PersonBuilder builder;
  builder.Order(journal::v1::ORDER_KIND_COMPULSORY_ISOLATION,
                {.decided = "2020-01-01", .ended = "2022-01-01"});
  const model::Case limited = model::FoldCase(builder.document(), CivilDate::Of(2026, 9, 21));
  const Route before = Find();
  Route shown = Find();
  ShowLimits(limits_, limited, &shown);
  EXPECT_THAT(Words(shown), ElementsAre("jobs/cleaner ONLY_ONE", "jobs/guard LEGAL_LIMIT"));
  ASSERT_EQ(shown.others[0].limits.size(), 1U);
  EXPECT_EQ(shown.others[0].limits[0]->law, "law");
  // What is kept of it does not tell.
  EXPECT_EQ(ToExplanation(shown, "h").SerializeAsString(),
            ToExplanation(before, "h").SerializeAsString());
  Route free = Find();
  ShowLimits(limits_, model::Case(), &free);
  EXPECT_EQ(Words(free), Words(before));
  // One that a caseworker decides for stays decided, and says so.
  query_.provider = "jobs";
  query_.post = "guard";
  Route named = Find();
  ShowLimits(limits_, limited, &named);
  EXPECT_THAT(Words(named), ElementsAre("jobs/guard NAMED"));
  EXPECT_EQ(named.limits.size(), 1U);
}

TEST_F(RoutingTest, WhatIsKeptIsBoundedAndSaysNothingOfOtherServices) {
  for (int i = 0; i < 100; ++i) Add(absl::StrCat("p", i));
  Add("other").services = {"loan"};
  const journal::v1::RouteExplanation kept = ToExplanation(Find(), "hash");
  EXPECT_EQ(kept.code(), "FIRST_LISTED");
  EXPECT_EQ(kept.directory_hash(), "hash");
  EXPECT_EQ(kept.passed_over_size(), 64);
  EXPECT_EQ(kept.passed_over(0).provider(), "p1");
  EXPECT_EQ(kept.passed_over(0).code(), "RANKS_AFTER");
}

TEST(RouteCodesTest, EachHasItsWords) {
  for (std::size_t i = 0; i < RouteCodes().size(); ++i) {
    const RouteCodeTitle& title = RouteCodes()[i];
    EXPECT_EQ(static_cast<std::size_t>(title.code), i) << title.name;
    EXPECT_EQ(&TitleOf(title.code), &title);
    EXPECT_EQ(FindRouteCode(title.name), &title);
    EXPECT_NE(title.title_zh, "");
    EXPECT_NE(title.title_en, "");
  }
  EXPECT_EQ(RouteCodes().back().code, RouteCode::kLegalLimit);
  EXPECT_EQ(FindRouteCode("WHATEVER"), nullptr);
}

}  // namespace
}  // namespace anqiao::referral

#include "hub/model/case_story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/hub/model/person_builder.h"

namespace anqiao::model {
namespace {

namespace av1 = adapter::v1;
namespace jv1 = journal::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kDetox = jv1::ORDER_KIND_COMMUNITY_DETOX;
constexpr auto kIsolation = jv1::ORDER_KIND_COMPULSORY_ISOLATION;
constexpr auto kRehabilitation = jv1::ORDER_KIND_COMMUNITY_REHABILITATION;

std::vector<std::string> Kinds(const Case& folded) {
  std::vector<std::string> kinds;
  for (const CaseEvent& event : folded.events) kinds.push_back(event.kind);
  return kinds;
}

// The only deadline, as "RULE date" and "!" if it is overdue; empty if there is none.
std::string Deadlines(PersonBuilder& person, const char* as_of) {
  const Case folded = FoldCase(person.document(), Day(as_of));
  std::string out;
  for (const Deadline& deadline : folded.deadlines) {
    EXPECT_NE(deadline.law, "");
    absl::StrAppend(&out, deadline.rule, " ", deadline.date.ToString(),
                    deadline.overdue ? "!" : "");
  }
  return out;
}

// A person with one fact of every kind, all of which end in 2025.
PersonBuilder EveryFact() {
  PersonBuilder person;
  auto& relief = *person.Add(av1::RECORD_KIND_HOUSEHOLD_RELIEF, "civil_affairs")
                      .mutable_observation()
                      ->mutable_household_relief();
  relief.set_kind(jv1::RELIEF_KIND_URBAN_MINIMUM_LIVING);
  SetDay(relief.mutable_from_month(), "2024-01");
  SetDay(relief.mutable_to_month(), "2025-01");
  auto& unemployment = *person.Add(av1::RECORD_KIND_UNEMPLOYMENT, "employment")
                            .mutable_observation()
                            ->mutable_unemployment();
  SetDay(unemployment.mutable_registered_date(), "2024-02-01");
  SetDay(unemployment.mutable_ended_date(), "2025-02-01");
  SetDay(person.Add(av1::RECORD_KIND_CERTIFICATE, "employment")
             .mutable_observation()
             ->mutable_certificate()
             ->mutable_issued_date(),
         "2024-03-01");
  auto& difficulty = *person.Add(av1::RECORD_KIND_DIFFICULTY, "employment")
                          .mutable_observation()
                          ->mutable_difficulty();
  difficulty.set_category("AGE_4050");
  SetDay(difficulty.mutable_valid_from_date(), "2024-04-01");
  SetDay(difficulty.mutable_valid_to_date(), "2025-04-01");
  auto& training = *person.Add(av1::RECORD_KIND_TRAINING, "employment")
                        .mutable_observation()
                        ->mutable_training();
  training.set_course("电工");
  SetDay(training.mutable_completed_date(), "2024-05-01");
  auto& employment = *person.Add(av1::RECORD_KIND_EMPLOYMENT, "employment")
                          .mutable_observation()
                          ->mutable_employment();
  employment.set_employer_name("虚构公司");
  SetDay(employment.mutable_contract_start_date(), "2024-06-01");
  SetDay(employment.mutable_contract_end_date(), "2025-05-31");
  auto& business =
      *person.Add(av1::RECORD_KIND_BUSINESS, "tax").mutable_observation()->mutable_business();
  SetDay(business.mutable_registered_date(), "2024-07-01");
  SetDay(business.mutable_deregistered_date(), "2025-07-01");
  auto& tax_relief =
      *person.Add(av1::RECORD_KIND_TAX_RELIEF, "tax").mutable_observation()->mutable_tax_relief();
  tax_relief.set_policy("tax-relief-self-employed");
  SetDay(tax_relief.mutable_from_month(), "2024-08");
  SetDay(tax_relief.mutable_to_month(), "2025-08");
  return person;
}

TEST(EventsTest, EveryKindOfFactIsToldInTheOrderOfItsDates) {
  PersonBuilder person = EveryFact();
  const Case folded = FoldCase(person.document(), Day("2026-01-01"));
  EXPECT_THAT(
      Kinds(folded),
      ElementsAre("RELIEF_BEGAN", "REGISTERED_UNEMPLOYED", "CERTIFICATE_ISSUED",
                  "DIFFICULTY_RECOGNISED", "TRAINING_COMPLETED", "EMPLOYED", "BUSINESS_REGISTERED",
                  "TAX_RELIEF_BEGAN", "RELIEF_ENDED", "UNEMPLOYMENT_ENDED", "DIFFICULTY_LAPSED",
                  "EMPLOYMENT_ENDED", "BUSINESS_DEREGISTERED", "TAX_RELIEF_ENDED"));
  EXPECT_THAT(folded.standings, IsEmpty());
  for (const CaseEvent& event : folded.events) {
    EXPECT_NE(event.text_zh, "");
    EXPECT_NE(event.text_en, "");
    EXPECT_NE(event.agency, "");
  }
}

TEST(EventsTest, NothingLaterThanTheDateIsTold) {
  PersonBuilder person = EveryFact();
  const Case folded = FoldCase(person.document(), Day("2024-02-15"));
  EXPECT_THAT(Kinds(folded), ElementsAre("RELIEF_BEGAN", "REGISTERED_UNEMPLOYED"));
  EXPECT_THAT(folded.standings,
              ElementsAre(AllOf(HasSubstr("2024-01"), HasSubstr("urban minimum living")),
                          AllOf(HasSubstr("2024-02-01"), HasSubstr("unemployed"))));
}

TEST(StandingsTest, HoldThroughTheirLastDay) {
  PersonBuilder person = EveryFact();
  const auto has = [&](const char* as_of, const char* what) {
    const Case folded = FoldCase(person.document(), Day(as_of));
    for (const std::string& standing : folded.standings) {
      if (standing.find(what) != std::string::npos) return true;
    }
    return false;
  };
  EXPECT_TRUE(has("2025-01-31", "minimum living"));
  EXPECT_FALSE(has("2025-02-01", "minimum living"));
  EXPECT_TRUE(has("2025-01-31", "registered as unemployed"));
  EXPECT_FALSE(has("2025-02-01", "registered as unemployed"));
  EXPECT_TRUE(has("2025-04-01", "person in difficulty"));
  EXPECT_FALSE(has("2025-04-02", "person in difficulty"));
  EXPECT_TRUE(has("2025-05-31", "employed (虚构公司)"));
  EXPECT_FALSE(has("2025-06-01", "employed (虚构公司)"));
  EXPECT_TRUE(has("2025-06-30", "runs a business"));
  EXPECT_FALSE(has("2025-07-01", "runs a business"));
  EXPECT_TRUE(has("2025-08-31", "tax relief"));
  EXPECT_FALSE(has("2025-09-01", "tax relief"));
}

TEST(EventsTest, AnOrderIsToldFromItsDecisionToItsEnd) {
  PersonBuilder person;
  person.Register("2025-01-01");
  person.Order(kDetox, {.decided = "2025-01-02",
                        .received = "2025-01-03",
                        .reported = "2025-01-10",
                        .ended = "2025-06-01",
                        .reason = jv1::ORDER_END_TERMINATED});
  person.Test("2025-02-01", false, "ON_SITE");
  person.Test("2025-03-01", true, "LABORATORY");
  EXPECT_THAT(Kinds(FoldCase(person.document(), Day("2026-01-01"))),
              ElementsAre("FOUND_TO_HAVE_USED", "COMMUNITY_DETOX_ORDERED",
                          "COMMUNITY_DETOX_RECEIVED", "COMMUNITY_DETOX_REPORTED", "TEST_NEGATIVE",
                          "TEST_POSITIVE", "COMMUNITY_DETOX_ENDED"));
}

TEST(EventsTest, WhatTheHubComputesIsSaidToBeComputed) {
  PersonBuilder person;
  person.Order(kIsolation, {.decided = "2020-01-01"});
  const Case folded = FoldCase(person.document(), Day("2025-01-01"));
  EXPECT_THAT(Kinds(folded), ElementsAre("COMPULSORY_ISOLATION_ORDERED",
                                         "COMPULSORY_ISOLATION_EXPIRED", "CLEAN_THREE_YEARS"));
  for (std::size_t i = 1; i < folded.events.size(); ++i) {
    EXPECT_EQ(folded.events[i].agency, "");
    EXPECT_THAT(folded.events[i].text_en, HasSubstr("computed"));
  }
}

TEST(DeadlinesTest, ReportingIsDueFifteenDaysAfterReceipt) {
  for (const auto& [kind, rule] :
       {std::pair(kDetox, "REPORT_FOR_COMMUNITY_DETOX"),
        std::pair(kRehabilitation, "REPORT_FOR_COMMUNITY_REHABILITATION")}) {
    PersonBuilder person;
    person.Order(kind, {.decided = "2026-01-01", .received = "2026-01-10"});
    EXPECT_EQ(Deadlines(person, "2026-01-25"), absl::StrCat(rule, " 2026-01-25"));
    EXPECT_EQ(Deadlines(person, "2026-01-26"), absl::StrCat(rule, " 2026-01-25!"));
    // Missing it changes no phase.
    EXPECT_EQ(PartOf(FoldCase(person.document(), Day("2027-01-26")).phase),
              kind == kDetox ? CensusPart::kCommunityDetox : CensusPart::kCommunityRehabilitation);
    EXPECT_EQ(Deadlines(person, "2026-01-09"), "");
  }
}

TEST(DeadlinesTest, ARunningTermHasItsEnd) {
  PersonBuilder detox;
  detox.Order(kDetox, {.decided = "2025-01-01", .reported = "2025-01-05"});
  EXPECT_EQ(Deadlines(detox, "2025-06-01"), "COMMUNITY_DETOX_TERM_ENDS 2028-01-05");
  PersonBuilder isolation;
  isolation.Order(kIsolation, {.decided = "2025-01-01"});
  EXPECT_EQ(Deadlines(isolation, "2025-06-01"), "COMPULSORY_ISOLATION_TERM_ENDS 2027-01-01");
  EXPECT_EQ(Deadlines(isolation, "2027-01-01"), "");
}

TEST(DeadlinesTest, TheNoticeOfReleaseIsDueSevenDaysAfterTheTerm) {
  PersonBuilder person;
  person.Order(kDetox, {.decided = "2025-01-01", .reported = "2025-01-05", .term_months = 12});
  EXPECT_EQ(Deadlines(person, "2026-01-05"), "RELEASE_NOTICE_COMMUNITY_DETOX 2026-01-12");
  EXPECT_EQ(Deadlines(person, "2026-01-13"), "RELEASE_NOTICE_COMMUNITY_DETOX 2026-01-12!");
  SetDay(person.document()
             .mutable_records(0)
             ->mutable_observation()
             ->mutable_order()
             ->mutable_ended_date(),
         "2026-01-05");
  EXPECT_EQ(Deadlines(person, "2026-01-13"), "");
  PersonBuilder rehabilitation;
  rehabilitation.Order(kRehabilitation,
                       {.decided = "2025-01-01", .reported = "2025-01-05", .term_months = 12});
  EXPECT_EQ(Deadlines(rehabilitation, "2026-01-05"),
            "RELEASE_NOTICE_COMMUNITY_REHABILITATION 2026-01-12");
}

TEST(DeadlinesTest, ThoseOfAnEarlierOrderAndOfTheDeceasedAreOver) {
  PersonBuilder person;
  person.Order(kDetox, {.decided = "2025-01-01", .received = "2025-01-02"});
  person.Order(kIsolation, {.decided = "2025-03-01", .ended = "2025-09-01"});
  EXPECT_EQ(Deadlines(person, "2026-01-01"), "");
  PersonBuilder deceased;
  deceased.Register("2025-01-01").add_flags("DECEASED");
  deceased.Order(kDetox, {.decided = "2025-01-01", .received = "2025-01-02"});
  EXPECT_EQ(Deadlines(deceased, "2026-01-01"), "");
}

}  // namespace
}  // namespace anqiao::model

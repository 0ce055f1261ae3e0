#include "hub/model/case.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "tests/hub/model/person_builder.h"

namespace anqiao::model {
namespace {

namespace av1 = adapter::v1;
namespace jv1 = journal::v1;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kDetox = jv1::ORDER_KIND_COMMUNITY_DETOX;
constexpr auto kIsolation = jv1::ORDER_KIND_COMPULSORY_ISOLATION;
constexpr auto kRehabilitation = jv1::ORDER_KIND_COMMUNITY_REHABILITATION;

// --- Phases: every row of hub/doc/domain.md. ---

struct PhaseRow {
  const char* name;
  jv1::OrderKind kind;
  OrderDates dates;
  const char* as_of;
  Phase phase;
  const char* since;
};

void PrintTo(const PhaseRow& row, std::ostream* out) { *out << row.name; }

class PhaseTableTest : public ::testing::TestWithParam<PhaseRow> {};

TEST_P(PhaseTableTest, LatestOrderGivesThePhase) {
  const PhaseRow& row = GetParam();
  PersonBuilder person;
  person.Register("");
  person.Order(row.kind, row.dates);
  const Case folded = FoldCase(person.document(), Day(row.as_of));
  EXPECT_EQ(folded.phase, row.phase);
  EXPECT_EQ(folded.phase_since, Day(row.since));
}

INSTANTIATE_TEST_SUITE_P(
    Domain, PhaseTableTest,
    ::testing::Values(
        PhaseRow{"DetoxRefused",
                 kDetox,
                 {.decided = "2020-01-01",
                  .received = "2020-01-02",
                  .ended = "2020-02-01",
                  .reason = jv1::ORDER_END_REFUSED},
                 "2026-01-01",
                 Phase::kCommunityDetoxRefused,
                 "2020-02-01"},
        PhaseRow{"DetoxTerminated",
                 kDetox,
                 {.decided = "2025-01-01",
                  .reported = "2025-01-05",
                  .ended = "2025-06-01",
                  .reason = jv1::ORDER_END_TERMINATED},
                 "2026-01-01",
                 Phase::kCommunityDetoxTerminated,
                 "2025-06-01"},
        PhaseRow{"DetoxEndedOtherwise",
                 kDetox,
                 {.decided = "2025-01-01",
                  .reported = "2025-01-05",
                  .ended = "2025-06-01",
                  .reason = jv1::ORDER_END_CONVERTED},
                 "2026-01-01",
                 Phase::kCommunityDetoxDone,
                 "2025-06-01"},
        PhaseRow{"DetoxEndedWithoutReason",
                 kDetox,
                 {.decided = "2025-01-01", .reported = "2025-01-05", .ended = "2025-06-01"},
                 "2026-01-01",
                 Phase::kCommunityDetoxDone,
                 "2025-06-01"},
        PhaseRow{"DetoxShortTermOver",
                 kDetox,
                 {.decided = "2025-01-01", .reported = "2025-01-05", .term_months = 6},
                 "2025-07-05",
                 Phase::kCommunityDetoxDone,
                 "2025-07-05"},
        PhaseRow{"DetoxDayBeforeTermIsOver",
                 kDetox,
                 {.decided = "2025-01-01", .reported = "2025-01-05", .term_months = 6},
                 "2025-07-04",
                 Phase::kCommunityDetox,
                 "2025-01-05"},
        PhaseRow{"DetoxRunsUntilTheLawsTerm",
                 kDetox,
                 {.decided = "2023-01-01", .reported = "2023-01-05"},
                 "2026-01-04",
                 Phase::kCommunityDetox,
                 "2023-01-05"},
        PhaseRow{"DetoxThreeYearsFromReportingAreAlsoClean",
                 kDetox,
                 {.decided = "2023-01-01", .reported = "2023-01-05"},
                 "2026-01-05",
                 Phase::kCleanThreeYears,
                 "2026-01-05"},
        PhaseRow{"DetoxReceivedNotReported",
                 kDetox,
                 {.decided = "2025-01-01", .received = "2025-01-03"},
                 "2025-02-01",
                 Phase::kCommunityDetoxOrdered,
                 "2025-01-03"},
        PhaseRow{"DetoxDecidedOnly",
                 kDetox,
                 {.decided = "2025-01-01"},
                 "2035-01-01",
                 Phase::kCommunityDetoxOrdered,
                 "2025-01-01"},
        PhaseRow{"DetoxLaterDatesDoNotCountYet",
                 kDetox,
                 {.decided = "2025-01-01",
                  .received = "2025-01-03",
                  .reported = "2025-01-10",
                  .ended = "2025-05-01"},
                 "2025-01-02",
                 Phase::kCommunityDetoxOrdered,
                 "2025-01-01"},
        PhaseRow{"DetoxEndedLaterStillRuns",
                 kDetox,
                 {.decided = "2025-01-01", .reported = "2025-01-10", .ended = "2025-05-01"},
                 "2025-04-30",
                 Phase::kCommunityDetox,
                 "2025-01-10"},
        PhaseRow{"IsolationEnded",
                 kIsolation,
                 {.decided = "2024-01-01",
                  .ended = "2025-06-01",
                  .reason = jv1::ORDER_END_RELEASED_EARLY},
                 "2026-01-01",
                 Phase::kCompulsoryIsolationDone,
                 "2025-06-01"},
        PhaseRow{"IsolationTermOver",
                 kIsolation,
                 {.decided = "2024-01-01"},
                 "2026-01-01",
                 Phase::kCompulsoryIsolationDone,
                 "2026-01-01"},
        PhaseRow{"IsolationExtended",
                 kIsolation,
                 {.decided = "2024-01-01", .term_months = 36},
                 "2026-01-01",
                 Phase::kCompulsoryIsolation,
                 "2024-01-01"},
        PhaseRow{"IsolationRuns",
                 kIsolation,
                 {.decided = "2024-01-01"},
                 "2025-12-31",
                 Phase::kCompulsoryIsolation,
                 "2024-01-01"},
        PhaseRow{"IsolationDoneThreeYears",
                 kIsolation,
                 {.decided = "2020-01-01", .ended = "2022-01-01"},
                 "2025-01-01",
                 Phase::kCleanThreeYears,
                 "2025-01-01"},
        PhaseRow{"IsolationComputedEndStartsTheYears",
                 kIsolation,
                 {.decided = "2020-01-01"},
                 "2025-01-01",
                 Phase::kCleanThreeYears,
                 "2025-01-01"},
        PhaseRow{"RehabilitationRefused",
                 kRehabilitation,
                 {.decided = "2020-01-01", .ended = "2020-02-01", .reason = jv1::ORDER_END_REFUSED},
                 "2026-01-01",
                 Phase::kCommunityRehabilitationRefused,
                 "2020-02-01"},
        PhaseRow{"RehabilitationTerminatedIsDone",
                 kRehabilitation,
                 {.decided = "2025-01-01",
                  .reported = "2025-01-05",
                  .ended = "2025-06-01",
                  .reason = jv1::ORDER_END_TERMINATED},
                 "2026-01-01",
                 Phase::kCommunityRehabilitationDone,
                 "2025-06-01"},
        PhaseRow{"RehabilitationTermOver",
                 kRehabilitation,
                 {.decided = "2024-01-01", .reported = "2024-01-05", .term_months = 12},
                 "2026-01-01",
                 Phase::kCommunityRehabilitationDone,
                 "2025-01-05"},
        PhaseRow{"RehabilitationRuns",
                 kRehabilitation,
                 {.decided = "2024-01-01", .reported = "2024-01-05"},
                 "2026-01-01",
                 Phase::kCommunityRehabilitation,
                 "2024-01-05"},
        PhaseRow{"RehabilitationOrdered",
                 kRehabilitation,
                 {.decided = "2024-01-01", .received = "2024-01-05"},
                 "2030-01-01",
                 Phase::kCommunityRehabilitationOrdered,
                 "2024-01-05"}),
    [](const auto& info) { return info.param.name; });

TEST(PhaseTest, ControlStatusCountsWhereThereIsNoOrder) {
  const std::pair<const char*, Phase> rows[] = {
      {"VOLUNTARY", Phase::kVoluntary},
      {"COMMUNITY_DETOX", Phase::kCommunityDetox},
      {"COMPULSORY_ISOLATION", Phase::kCompulsoryIsolation},
      {"COMMUNITY_REHABILITATION", Phase::kCommunityRehabilitation},
      {"REGISTERED", Phase::kRegistered},
      {"IN_SOCIETY", Phase::kRegistered},
      {"CLEAN_THREE_YEARS", Phase::kRegistered},
      {"", Phase::kRegistered}};
  for (const auto& [status, phase] : rows) {
    PersonBuilder person;
    person.Register("2025-05-01", status);
    const Case folded = FoldCase(person.document(), Day("2026-01-01"));
    EXPECT_EQ(folded.phase, phase) << status;
    EXPECT_EQ(folded.phase_since, Day("2025-05-01")) << status;
  }
}

TEST(PhaseTest, NobodyOffTheRegisterHasAPhase) {
  PersonBuilder person;
  SetDay(person.Add(av1::RECORD_KIND_UNEMPLOYMENT, "employment")
             .mutable_observation()
             ->mutable_unemployment()
             ->mutable_registered_date(),
         "2025-01-01");
  const Case folded = FoldCase(person.document(), Day("2026-01-01"));
  EXPECT_FALSE(folded.registered);
  EXPECT_EQ(folded.phase, Phase::kNone);
  EXPECT_EQ(PartOf(folded.phase), CensusPart::kNone);
}

TEST(PhaseTest, LatestDecisionWinsAndLaterOnesWait) {
  PersonBuilder person;
  person.Order(kIsolation, {.decided = "2024-01-01", .ended = "2025-12-31"});
  person.Order(kRehabilitation,
               {.decided = "2026-01-02", .received = "2026-01-03", .reported = "2026-01-04"});
  EXPECT_EQ(FoldCase(person.document(), Day("2026-01-01")).phase, Phase::kCompulsoryIsolationDone);
  EXPECT_EQ(FoldCase(person.document(), Day("2026-01-02")).phase,
            Phase::kCommunityRehabilitationOrdered);
  EXPECT_EQ(FoldCase(person.document(), Day("2026-06-01")).phase, Phase::kCommunityRehabilitation);
  EXPECT_EQ(FoldCase(person.document(), Day("2023-01-01")).phase, Phase::kNone);
}

TEST(PhaseTest, OrdersOfOneDayGoByKindThenDocument) {
  PersonBuilder person;
  person.Order(kIsolation, {.decided = "2025-01-01", .document = "1"});
  person.Order(kDetox, {.decided = "2025-01-01", .document = "9"});
  EXPECT_EQ(FoldCase(person.document(), Day("2025-02-01")).phase, Phase::kCompulsoryIsolation);
}

// --- Three clean years. ---

TEST(CleanThreeYearsTest, CountFromTheSeizureWithoutAnOrder) {
  PersonBuilder person;
  person.Register("2022-03-01", "IN_SOCIETY");
  EXPECT_EQ(FoldCase(person.document(), Day("2025-02-28")).phase, Phase::kRegistered);
  const Case clean = FoldCase(person.document(), Day("2025-03-01"));
  EXPECT_EQ(clean.phase, Phase::kCleanThreeYears);
  EXPECT_EQ(clean.phase_since, Day("2025-03-01"));
}

TEST(CleanThreeYearsTest, ARelapseBeginsThemAgain) {
  for (const char* kind : {"LABORATORY", "RETEST", "HAIR"}) {
    PersonBuilder person;
    person.Register("2020-01-01");
    person.Test("2024-01-01", true, kind);
    EXPECT_EQ(FoldCase(person.document(), Day("2023-06-01")).phase, Phase::kCleanThreeYears);
    EXPECT_EQ(FoldCase(person.document(), Day("2026-12-31")).phase, Phase::kRegistered) << kind;
    EXPECT_EQ(FoldCase(person.document(), Day("2027-01-01")).phase_since, Day("2027-01-01"));
  }
}

TEST(CleanThreeYearsTest, AnOnSiteOrNegativeTestDecidesNothing) {
  PersonBuilder person;
  person.Register("2020-01-01");
  person.Test("2024-01-01", true, "ON_SITE");
  person.Test("2024-02-01", false, "LABORATORY");
  person.Test("2024-03-01", true, "");
  EXPECT_EQ(FoldCase(person.document(), Day("2026-01-01")).phase_since, Day("2023-01-01"));
}

TEST(CleanThreeYearsTest, ASeizureAfterTheOrderBeginsThemAgain) {
  PersonBuilder person;
  person.Register("2025-01-01");
  person.Order(kIsolation, {.decided = "2018-01-01", .ended = "2020-01-01"});
  const Case folded = FoldCase(person.document(), Day("2026-01-01"));
  EXPECT_EQ(folded.phase, Phase::kCompulsoryIsolationDone);
  EXPECT_EQ(FoldCase(person.document(), Day("2028-01-01")).phase, Phase::kCleanThreeYears);
}

TEST(CleanThreeYearsTest, NeverWithoutAnAnchor) {
  PersonBuilder person;
  person.Register("");
  person.Test("2015-01-01", true, "LABORATORY");
  EXPECT_EQ(FoldCase(person.document(), Day("2030-01-01")).phase, Phase::kRegistered);

  PersonBuilder never_reported;
  never_reported.Register("2015-01-01");
  never_reported.Order(
      kDetox,
      {.decided = "2015-02-01", .ended = "2016-01-01", .reason = jv1::ORDER_END_TERMINATED});
  EXPECT_EQ(FoldCase(never_reported.document(), Day("2030-01-01")).phase,
            Phase::kCommunityDetoxTerminated);
}

TEST(CleanThreeYearsTest, NotForThoseWhoRefusedOrAreUnderAMeasure) {
  for (const auto& [kind, phase] :
       {std::pair(kDetox, Phase::kCommunityDetoxRefused),
        std::pair(kRehabilitation, Phase::kCommunityRehabilitationRefused)}) {
    PersonBuilder person;
    person.Order(kind, {.decided = "2015-01-01",
                        .reported = "2015-01-05",
                        .ended = "2015-06-01",
                        .reason = jv1::ORDER_END_REFUSED});
    EXPECT_EQ(FoldCase(person.document(), Day("2030-01-01")).phase, phase);
  }
  PersonBuilder voluntary;
  voluntary.Register("2015-01-01", "VOLUNTARY");
  EXPECT_EQ(FoldCase(voluntary.document(), Day("2030-01-01")).phase, Phase::kVoluntary);
}

// --- Register, census, holders. ---

TEST(CensusPartTest, EveryPhaseIsInOnePart) {
  EXPECT_EQ(PartOf(Phase::kCommunityDetoxOrdered), CensusPart::kCommunityDetox);
  EXPECT_EQ(PartOf(Phase::kCommunityDetox), CensusPart::kCommunityDetox);
  EXPECT_EQ(PartOf(Phase::kCommunityRehabilitationOrdered), CensusPart::kCommunityRehabilitation);
  EXPECT_EQ(PartOf(Phase::kCommunityRehabilitation), CensusPart::kCommunityRehabilitation);
  EXPECT_EQ(PartOf(Phase::kCompulsoryIsolation), CensusPart::kCompulsoryIsolation);
  EXPECT_EQ(PartOf(Phase::kCleanThreeYears), CensusPart::kCleanThreeYears);
  for (const Phase phase :
       {Phase::kRegistered, Phase::kVoluntary, Phase::kCommunityDetoxRefused,
        Phase::kCommunityDetoxDone, Phase::kCompulsoryIsolationDone,
        Phase::kCommunityRehabilitationRefused, Phase::kCommunityRehabilitationDone,
        Phase::kCommunityDetoxTerminated}) {
    EXPECT_EQ(PartOf(phase), CensusPart::kInSociety);
  }
}

TEST(RegisterTest, NumbersAndFlagsAreSortedAndEndedEntriesDoNotCount) {
  PersonBuilder person;
  person.Register("2025-01-01", "", "R2").add_flags("LOST");
  person.Register("2024-01-01", "", "R1").add_flags("DECEASED");
  person.Register("2023-01-01", "", "R3").add_flags("ABROAD");
  person.document().mutable_records(2)->set_ended(true);
  const Case folded = FoldCase(person.document(), Day("2026-01-01"));
  EXPECT_THAT(folded.register_numbers, ElementsAre("R1", "R2"));
  EXPECT_THAT(folded.flags, ElementsAre("DECEASED", "LOST"));
  EXPECT_TRUE(folded.deceased);
  EXPECT_TRUE(folded.registered);
}

TEST(RegisterTest, WhoseRecordsHaveAllEndedIsKnownButNotRegistered) {
  PersonBuilder person;
  person.Register("2025-01-01");
  person.document().mutable_records(0)->set_ended(true);
  const Case folded = FoldCase(person.document(), Day("2026-01-01"));
  EXPECT_FALSE(folded.registered);
  EXPECT_TRUE(folded.known_to_police);
  EXPECT_EQ(folded.phase, Phase::kNone);
  EXPECT_THAT(folded.register_numbers, IsEmpty());
}

TEST(HoldersTest, EachKindTellsWhoKnowsThePerson) {
  for (int kind = av1::RecordKind_MIN; kind <= av1::RecordKind_MAX; ++kind) {
    PersonBuilder person;
    person.Add(static_cast<av1::RecordKind>(kind), "a").set_ended(true);
    const Case folded = FoldCase(person.document(), Day("2026-01-01"));
    EXPECT_EQ(folded.known_to_police,
              kind >= av1::RECORD_KIND_REGISTER && kind <= av1::RECORD_KIND_TEST);
    EXPECT_EQ(folded.known_to_civil_affairs, kind == av1::RECORD_KIND_HOUSEHOLD_RELIEF);
    EXPECT_EQ(folded.known_to_employment,
              kind >= av1::RECORD_KIND_UNEMPLOYMENT && kind <= av1::RECORD_KIND_EMPLOYMENT);
    EXPECT_EQ(folded.known_to_tax,
              kind == av1::RECORD_KIND_BUSINESS || kind == av1::RECORD_KIND_TAX_RELIEF);
  }
}

TEST(FactsTest, EndedAndLaterOnesAreLeftOut) {
  PersonBuilder person;
  const auto add = [&](const char* date) -> jv1::PersonRecord& {
    jv1::PersonRecord& record = person.Add(av1::RECORD_KIND_UNEMPLOYMENT, "employment");
    SetDay(record.mutable_observation()->mutable_unemployment()->mutable_registered_date(), date);
    return record;
  };
  add("2025-03-01");
  add("2025-01-01");
  add("2026-03-01");
  add("2025-02-01").set_ended(true);
  const Case folded = FoldCase(person.document(), Day("2026-01-01"));
  ASSERT_EQ(folded.unemployments.size(), 2U);
  EXPECT_EQ(CivilDate::FromProto(folded.unemployments[0].fact.registered_date()),
            Day("2025-01-01"));
  EXPECT_EQ(folded.unemployments[0].agency, "employment");
}

// --- Best values. ---

jv1::Subject& Subject(jv1::PersonRecord& record) {
  return *record.mutable_observation()->mutable_subject();
}

TEST(BestValuesTest, OtherAgenciesGoBeforeThePoliceAndOutwardNeverComesFromThem) {
  PersonBuilder person;
  jv1::Subject& police = Subject(person.Add(av1::RECORD_KIND_REGISTER, "police", 9));
  police.set_name("甲");
  police.set_id_number("421299198503150026");
  police.add_phones("+8619005550001");
  police.set_division_code("421202003010");
  jv1::Subject& employment = Subject(person.Add(av1::RECORD_KIND_UNEMPLOYMENT, "employment", 1));
  employment.set_name("乙");
  employment.set_division_code("421202");
  const Case folded = FoldCase(person.document(), Day("2026-01-01"));
  EXPECT_EQ(folded.name, "乙");
  EXPECT_EQ(folded.id_number, "421299198503150026");
  EXPECT_EQ(folded.sex, "2");
  EXPECT_THAT(folded.phones, ElementsAre("+8619005550001"));
  EXPECT_EQ(folded.outward.name, "乙");
  EXPECT_EQ(folded.outward.id_number, "");
  EXPECT_EQ(folded.outward.phone, "");
  // The finest form that any record gives of the same place.
  EXPECT_EQ(folded.division_code, "421202003010");
  EXPECT_EQ(folded.outward.division_code, "421202");
}

// What the police are told of is theirs alone.
TEST(BestValuesTest, NothingOfOtherAgenciesGoesToThePolice) {
  PersonBuilder person;
  jv1::Subject& police = Subject(person.Add(av1::RECORD_KIND_REGISTER, "police", 1));
  police.set_name("甲");
  jv1::PersonRecord& unemployed = person.Add(av1::RECORD_KIND_UNEMPLOYMENT, "employment", 9);
  Subject(unemployed).set_name("乙");
  Subject(unemployed).set_id_number("421299198503150026");
  Subject(unemployed).add_phones("+8619005550001");
  *unemployed.mutable_observation()->mutable_unemployment()->mutable_registered_date() =
      Day("2025-01-01").ToProto();
  const Case folded = FoldCaseOfPolice(person.document(), Day("2026-01-01"));
  EXPECT_EQ(folded.name, "甲");
  EXPECT_EQ(folded.id_number, "");
  EXPECT_TRUE(folded.phones.empty());
  EXPECT_TRUE(folded.unemployments.empty());
  EXPECT_TRUE(folded.known_to_police);
  EXPECT_FALSE(folded.known_to_employment);
}

TEST(BestValuesTest, NothingOfThePoliceGoesOutward) {
  for (const auto kind :
       {av1::RECORD_KIND_REGISTER, av1::RECORD_KIND_ORDER, av1::RECORD_KIND_TEST}) {
    PersonBuilder person;
    jv1::Subject& subject = Subject(person.Add(kind, "any"));
    subject.set_name("甲");
    subject.set_id_number("421299198503150026");
    subject.add_phones("+8619005550001");
    subject.set_division_code("421202003010");
    const Case folded = FoldCase(person.document(), Day("2026-01-01"));
    EXPECT_EQ(folded.name, "甲");
    EXPECT_EQ(folded.outward.name + folded.outward.id_number + folded.outward.phone +
                  folded.outward.division_code,
              "");
  }
}

TEST(BestValuesTest, TheGreatestSourceVersionWinsAndTiesGoByIdentity) {
  PersonBuilder person;
  Subject(person.Add(av1::RECORD_KIND_UNEMPLOYMENT, "employment", 1)).set_name("旧");
  Subject(person.Add(av1::RECORD_KIND_BUSINESS, "tax", 2)).set_name("税");
  Subject(person.Add(av1::RECORD_KIND_HOUSEHOLD_RELIEF, "civil_affairs", 2)).set_name("民");
  EXPECT_EQ(FoldCase(person.document(), Day("2026-01-01")).name, "民");
}

TEST(BestValuesTest, EndedRecordsCountOnlyWhereThereIsNothingElse) {
  PersonBuilder person;
  jv1::PersonRecord& ended = person.Add(av1::RECORD_KIND_UNEMPLOYMENT, "employment", 9);
  ended.set_ended(true);
  Subject(ended).set_name("旧");
  Subject(ended).add_phones("+8619005550002");
  Subject(person.Add(av1::RECORD_KIND_BUSINESS, "tax", 1)).set_name("新");
  const Case folded = FoldCase(person.document(), Day("2026-01-01"));
  EXPECT_EQ(folded.name, "新");
  EXPECT_THAT(folded.phones, ElementsAre("+8619005550002"));
}

TEST(BestValuesTest, ADayOfBirthGoesBeforeAYear) {
  PersonBuilder person;
  SetDay(Subject(person.Add(av1::RECORD_KIND_UNEMPLOYMENT, "employment", 9)).mutable_birth_date(),
         "1985");
  SetDay(Subject(person.Add(av1::RECORD_KIND_BUSINESS, "tax", 1)).mutable_birth_date(),
         "1985-03-15");
  EXPECT_EQ(FoldCase(person.document(), Day("2026-01-01")).birth_date, Day("1985-03-15"));
}

TEST(NeedsReviewTest, WhoMightBeSomebodyElseIsToBeLookedAt) {
  PersonBuilder person;
  person.Register("2025-01-01");
  EXPECT_FALSE(FoldCase(person.document(), Day("2026-01-01")).needs_review);
  jv1::PersonDocument document = person.document();
  document.add_reviews()->set_other("p2");
  EXPECT_TRUE(FoldCase(document, Day("2026-01-01")).needs_review);
}

// --- Order of the records. ---

std::string Print(const Case& c) {
  std::string out = absl::StrCat(c.name, c.id_number, c.sex, c.division_code, c.outward.name,
                                 static_cast<int>(c.phase), c.phase_since.ToString());
  for (const auto& phone : c.phones) absl::StrAppend(&out, phone);
  for (const auto& order : c.orders) absl::StrAppend(&out, order.fact.SerializeAsString());
  for (const auto& test : c.tests) absl::StrAppend(&out, test.fact.SerializeAsString());
  for (const auto& event : c.events) {
    absl::StrAppend(&out, event.date.ToString(), event.kind, event.text_zh, event.agency);
  }
  for (const auto& deadline : c.deadlines) absl::StrAppend(&out, deadline.rule);
  for (const auto& number : c.register_numbers) absl::StrAppend(&out, number);
  return out;
}

TEST(FoldOrderTest, TheOrderOfTheRecordsDoesNotMatter) {
  PersonBuilder person;
  person.Register("2018-01-01", "IN_SOCIETY", "R1");
  person.Register("2018-01-01", "VOLUNTARY", "R2");
  person.Register("2018-01", "COMMUNITY_DETOX", "R3");
  person.Order(kDetox, {.decided = "2018-02-01", .reported = "2018-02-03", .document = "1"});
  person.Order(kIsolation, {.decided = "2019-02-01", .document = "3"});
  person.Order(kIsolation, {.decided = "2019-02-01", .ended = "2020-02-01", .document = "3"});
  person.Test("2020-05-01", true, "HAIR");
  person.Test("2020-05-01", false, "HAIR");
  for (const char* agency : {"tax", "employment", "civil_affairs"}) {
    jv1::Subject& subject = Subject(person.Add(av1::RECORD_KIND_BUSINESS, agency, 5));
    subject.set_name(agency);
    subject.add_phones("+8619005550001");
    subject.add_phones(absl::StrCat("+861900555000", std::string(agency).size()));
  }
  std::mt19937 random(1);
  for (const char* as_of : {"2018-01-15", "2019-06-01", "2021-01-01", "2026-01-01"}) {
    const std::string expected = Print(FoldCase(person.document(), Day(as_of)));
    for (int round = 0; round < 100; ++round) {
      jv1::PersonDocument shuffled = person.document();
      for (int i = shuffled.records_size() - 1; i > 0; --i) {
        shuffled.mutable_records()->SwapElements(
            i, static_cast<int>(random() % static_cast<unsigned>(i + 1)));
      }
      ASSERT_EQ(Print(FoldCase(shuffled, Day(as_of))), expected);
    }
  }
}

}  // namespace
}  // namespace anqiao::model

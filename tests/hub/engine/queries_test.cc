#include "tests/hub/engine/engine_fixture.h"

namespace anqiao::engine {
namespace {

constexpr char kHere[] = "421202";
constexpr char kThere[] = "4213";

class QueriesTest : public EngineOverStores {};

TEST_P(QueriesTest, TheCensusCountsThoseWhoAreRegistered) {
  AddPerson(1);
  AddPerson(2);
  SubmitAndWait(Command("employment", "jobless",
                        absl::StrCat("J9|李桥|", IdNumber(9), "|2026-01-05|421202\n")));
  const auto census = engine_->GetCensus({}, "");
  ASSERT_TRUE(census.ok()) << census.status();
  EXPECT_EQ(census->people, 3);
  EXPECT_EQ(census->registered, 2);
  EXPECT_EQ(census->in_society, 2);
  EXPECT_EQ(census->as_of, engine_->Today());
  // One who is on no list any more stays a person.
  Submit("changes", "-P1\n");
  EXPECT_EQ(engine_->GetCensus({}, "")->registered, 1);
  EXPECT_EQ(engine_->GetCensus({}, "")->people, 3);
}

TEST_P(QueriesTest, NobodySeesBeyondTheirJurisdiction) {
  const std::string person = AddPerson();
  const ReferralDocument sent = SendOne(person);
  constexpr auto kNotFound = absl::StatusCode::kNotFound;
  AQ_EXPECT_OK(engine_->GetCase(person, {}, kHere).status());
  AQ_EXPECT_OK(engine_->GetReferral(sent.referral(), kHere).status());
  EXPECT_EQ(engine_->ListCases({}, "", 10, kHere)->items.size(), 1);
  EXPECT_EQ(engine_->ListReferrals({}, "", 10, kHere)->items.size(), 1);
  EXPECT_EQ(engine_->GetCensus({}, kHere)->people, 1);

  EXPECT_THAT(engine_->GetCase(person, {}, kThere).status(), testing::StatusIs(kNotFound));
  EXPECT_THAT(engine_->GetReferral(sent.referral(), kThere).status(), testing::StatusIs(kNotFound));
  EXPECT_THAT(engine_->ListDisclosures(person, "", 10, kThere).status(),
              testing::StatusIs(kNotFound));
  EXPECT_THAT(engine_->CreateReferral(User(), Draft(person), kThere).status(),
              testing::StatusIs(kNotFound));
  EXPECT_THAT(
      engine_
          ->MoveReferral(User(), Moving(sent, referral::Action::kCancel, "PERSON_WITHDREW"), kThere)
          .status(),
      testing::StatusIs(kNotFound));
  EXPECT_TRUE(engine_->ListCases({}, "", 10, kThere)->items.empty());
  EXPECT_TRUE(engine_->ListReferrals({}, "", 10, kThere)->items.empty());
  EXPECT_EQ(engine_->GetCensus({}, kThere)->people, 0);
}

TEST_P(QueriesTest, ThoseOfWhomNoDivisionIsKnownAreEverybodys) {
  Submit("changes", "A1|张安\n");
  EXPECT_EQ(engine_->ListCases({}, "", 10, kHere)->items.size(), 1);
  EXPECT_EQ(engine_->ListCases({}, "", 10, kThere)->items.size(), 1);
}

TEST_P(QueriesTest, PagesGoOnWhereTheLastEnded) {
  for (int i = 1; i <= 5; ++i) Submit("changes", absl::StrCat("A", i, "|张安\n"));
  std::vector<std::string> seen;
  std::string after;
  do {
    const auto page = engine_->ListCases({}, after, 2, "");
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_LE(page->items.size(), 2);
    for (const CaseView& view : page->items) seen.push_back(view.document.person());
    after = page->next_after;
  } while (!after.empty());
  EXPECT_EQ(seen.size(), 5);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST_P(QueriesTest, ListsAreFiltered) {
  const std::string first = AddPerson(1);
  const std::string second = AddPerson(2);
  SendOne(first);
  AQ_ASSERT_OK(engine_->CreateReferral(User(), Draft(second), "").status());
  const auto count = [&](const std::string& person, journal::v1::ReferralState state,
                         const std::string& agency) {
    ReferralFilter filter;
    filter.case_id = person;
    filter.state = state;
    filter.agency = agency;
    return engine_->ListReferrals(filter, "", 10, "")->items.size();
  };
  constexpr auto kAny = journal::v1::REFERRAL_STATE_UNSPECIFIED;
  EXPECT_EQ(count(first, kAny, ""), 1);
  EXPECT_EQ(count("", kAny, "police"), 0);
  EXPECT_EQ(count("", journal::v1::REFERRAL_STATE_DRAFT, ""), 1);
  EXPECT_EQ(count("", kAny, "employment"), 2);
  CaseFilter filter;
  filter.display_name = "李桥";
  EXPECT_TRUE(engine_->ListCases(filter, "", 10, "")->items.empty());
  filter.display_name = "张安";
  filter.registered_only = true;
  EXPECT_EQ(engine_->ListCases(filter, "", 10, "")->items.size(), 2);
}

TEST_P(QueriesTest, SaysWhatIsNotThere) {
  constexpr auto kNotFound = absl::StatusCode::kNotFound;
  EXPECT_THAT(engine_->GetCase("pnone", {}, "").status(), testing::StatusIs(kNotFound));
  EXPECT_THAT(engine_->GetReferral("rnone", "").status(), testing::StatusIs(kNotFound));
  EXPECT_THAT(engine_->GetQuarantine("ynone").status(), testing::StatusIs(kNotFound));
  EXPECT_THAT(engine_->ListDisclosures("pnone", "", 10, "").status(), testing::StatusIs(kNotFound));
  EXPECT_THAT(engine_->ReplayQuarantine(User(), "", "ynone", false).status(),
              testing::StatusIs(kNotFound));
}

TEST_P(QueriesTest, VerifyTellsADifferenceAndStopsWhenTold) {
  AddPerson();
  EXPECT_THAT(engine_->Verify([](store::Sequence, store::Sequence) { return false; }).status(),
              testing::StatusIs(absl::StatusCode::kCancelled));
  ExpectVerified();
  engine_->Shutdown();
  const std::unique_ptr<store::ProjectionBatch> batch = store_->NewBatch();
  batch->Put("cextra", "1");
  AQ_ASSERT_OK(store_->Apply(*batch, store_->applied_sequence()));
  const auto report = VerifyProjections(*store_, nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_FALSE(report->equal);
  ASSERT_EQ(report->differences.size(), 1);
  EXPECT_EQ(report->differences[0], "counts: 0 other, 0 missing, 1 too many");
}

INSTANTIATE_TEST_SUITE_P(Stores, QueriesTest, ::testing::Bool());

}  // namespace
}  // namespace anqiao::engine

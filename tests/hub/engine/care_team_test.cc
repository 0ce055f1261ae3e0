// Care teams: a membership is a disclosure, with its basis, from its first day to its last.

#include "hub/referral/care_team.h"

#include "hub/engine/referral_book.h"
#include "tests/hub/engine/care_fixture.h"

namespace anqiao::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using journal::v1::TeamMemberDocument;

class CareTeamTest : public CareFixture {
 protected:
  AddTeamMemberCommand Family(const std::string& person) {
    AddTeamMemberCommand command;
    command.request_id = absl::StrCat("member-", ++requests_);
    command.case_id = person;
    command.role = "FAMILY";
    command.display_name = "王小妹";
    command.basis = "STATUTORY_DUTY";
    return command;
  }
  AddTeamMemberCommand GridWorker(const std::string& person, const std::string& consent) {
    AddTeamMemberCommand command = Family(person);
    command.role = "GRID_WORKER";
    command.display_name = "陈网格";
    command.user = "chen.wg";
    command.basis = "CONSENT";
    command.consent = consent;
    return command;
  }
  CreateConsentCommand Terms(const std::string& person) {
    CreateConsentCommand command;
    command.request_id = absl::StrCat("consent-", ++requests_);
    command.case_id = person;
    command.purpose = "care-team:GRID_WORKER";
    command.recipient_name = "陈网格";
    command.fields = {"case.division", "case.name", "case.phone", "case.tasks"};
    command.expire_date = model::CivilDate::Of(2026, 12, 31);
    command.evidence = "档案 2026-18";
    return command;
  }
  std::string Consent(const CreateConsentCommand& command) {
    const auto consent = engine_->CreateConsent(User(), command, "");
    EXPECT_TRUE(consent.ok()) << consent.status();
    return consent.ok() ? consent->consent().consent() : "";
  }
  TeamMemberDocument Add(const AddTeamMemberCommand& command) {
    const auto member = engine_->AddTeamMember(User(), command, "");
    EXPECT_TRUE(member.ok()) << member.status();
    return member.ok() ? *member : TeamMemberDocument();
  }
  EndTeamMemberCommand Ending(const TeamMemberDocument& member) {
    return {.request_id = absl::StrCat("end-", ++requests_),
            .member = member.added().member(),
            .etag = TeamMemberEtag(member),
            .reason = "LEFT"};
  }
  std::vector<std::string> Missing(const std::string& person) {
    const auto team = engine_->ListTeamMembers(person, "", 100, "");
    EXPECT_TRUE(team.ok()) << team.status();
    return team.ok() ? team->missing_roles : std::vector<std::string>();
  }
  TeamMemberDocument Get(const TeamMemberDocument& member) {
    return *engine_->GetTeamMember(member.added().member(), "");
  }
};

TEST_P(CareTeamTest, AMembershipIsADisclosureFromItsFirstDayToItsLast) {
  const std::string person = AddOrdered();
  const store::Sequence before = engine_->Counts().synced;
  const TeamMemberDocument member = Add(Family(person));
  EXPECT_EQ(engine_->Counts().synced, before + 1);
  auto ledger = Ledger(person);
  ASSERT_EQ(ledger.size(), 1U);
  EXPECT_EQ(ledger[0].team_member(), member.added().member());
  const journal::v1::Disclosure& told = ledger[0].disclosure();
  EXPECT_EQ(told.recipient_name(), "王小妹");
  EXPECT_EQ(told.agency(), "");
  EXPECT_EQ(told.purpose(), "care-team:FAMILY");
  EXPECT_EQ(told.basis(), "STATUTORY_DUTY");
  EXPECT_EQ(told.basis_reference(), "戒毒条例 第十七条");
  EXPECT_THAT(told.fields(), ElementsAre("case.name", "case.tasks"));
  EXPECT_EQ(model::CivilDate::FromProto(told.valid_from_date()).ToString(), "2026-09-21");
  EXPECT_FALSE(told.has_valid_to_date());
  EXPECT_FALSE(told.view_hash().empty());

  GoTo(2026, 10, 20);
  const auto ended = engine_->EndTeamMember(User(), Ending(member), "");
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(engine_->Counts().synced, before + 2);
  EXPECT_EQ(ended->ended().reason(), "LEFT");
  EXPECT_EQ(ended->ended().disclosure(), told.disclosure());
  ledger = Ledger(person);
  ASSERT_EQ(ledger.size(), 1U);
  EXPECT_TRUE(ledger[0].has_end_time());
  EXPECT_EQ(model::CivilDate::FromProto(ledger[0].disclosure().valid_to_date()).ToString(),
            "2026-10-20");
  ExpectVerified();
  Restart();
  EXPECT_EQ(Get(member).ended().reason(), "LEFT");
  ExpectVerified();
}

TEST_P(CareTeamTest, ShowsWhichRequiredRolesNobodyHolds) {
  const std::string person = AddOrdered();
  EXPECT_THAT(Missing(person), ElementsAre("GOVERNANCE_MEMBER", "DEDICATED_WORKER", "GRID_WORKER",
                                           "PRECINCT_OFFICER", "FAMILY", "COMMUNITY_MEDIC"));
  const TeamMemberDocument family = Add(Family(person));
  AddTeamMemberCommand later = Family(person);
  later.role = "PRECINCT_OFFICER";
  later.display_name = "赵民警";
  later.from = model::CivilDate::Of(2026, 9, 25);
  later.until = model::CivilDate::Of(2026, 9, 30);
  Add(later);
  Add(GridWorker(person, Consent(Terms(person))));
  EXPECT_THAT(Missing(person), ElementsAre("GOVERNANCE_MEMBER", "DEDICATED_WORKER",
                                           "PRECINCT_OFFICER", "COMMUNITY_MEDIC"));
  GoTo(2026, 9, 30);
  EXPECT_THAT(Missing(person),
              ElementsAre("GOVERNANCE_MEMBER", "DEDICATED_WORKER", "COMMUNITY_MEDIC"));
  GoTo(2026, 10, 1);
  AQ_EXPECT_OK(engine_->EndTeamMember(User(), Ending(family), "").status());
  EXPECT_THAT(Missing(person), ElementsAre("GOVERNANCE_MEMBER", "DEDICATED_WORKER",
                                           "PRECINCT_OFFICER", "FAMILY", "COMMUNITY_MEDIC"));
  // Page by page, with what is missing on each.
  const auto first = engine_->ListTeamMembers(person, "", 2, "");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->members.items.size(), 2U);
  const auto second = engine_->ListTeamMembers(person, first->members.next_after, 2, "");
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->members.items.size(), 1U);
  EXPECT_EQ(second->members.next_after, "");
  EXPECT_EQ(second->missing_roles, first->missing_roles);
  // Whoever is under no order needs no team.
  EXPECT_THAT(Missing(AddOrdered(2, true, "Q")), IsEmpty());
}

TEST_P(CareTeamTest, JoinsOnlyOnABasisThatCarriesTheRole) {
  const std::string person = AddOrdered();
  const std::string free = AddOrdered(2, true, "Q");
  const std::string good = Consent(Terms(person));
  const auto terms = [&](const std::function<void(CreateConsentCommand*)>& change) {
    CreateConsentCommand command = Terms(person);
    change(&command);
    return Consent(command);
  };
  const std::string of_other = Consent(Terms(free));
  const std::string recipient = terms([](auto* c) { c->recipient_name = "别人"; });
  const std::string purpose = terms([](auto* c) { c->purpose = "care-team:BUILDING_HEAD"; });
  const std::string field = terms([](auto* c) { c->fields = {"case.name", "case.tasks"}; });
  const std::string withdrawn = terms([](auto*) {});
  AQ_ASSERT_OK(
      engine_->WithdrawConsent(User(), {.request_id = "w1", .consent = withdrawn}, "").status());
  const auto before = Everything();
  const auto why = [&](AddTeamMemberCommand command,
                       const std::function<void(AddTeamMemberCommand*)>& change) {
    change(&command);
    const absl::Status status = engine_->AddTeamMember(User(), command, "").status();
    EXPECT_EQ(Everything(), before) << status;
    return ReasonOf(status);
  };
  const auto statutory = [&](const std::function<void(AddTeamMemberCommand*)>& change) {
    return why(Family(person), change);
  };
  const auto with = [&](const std::string& consent) {
    return why(GridWorker(person, consent), [](auto*) {});
  };
  // The law names family, not the grid worker, and makes a team for an order only.
  EXPECT_EQ(statutory([](auto* c) { c->role = "GRID_WORKER"; }), reason::kConsentRequired);
  EXPECT_EQ(why(Family(free), [](auto*) {}), reason::kNoLegalBasis);
  EXPECT_EQ(statutory([](auto* c) { c->basis = "PUBLIC_INTEREST"; }), reason::kNoLegalBasis);
  EXPECT_EQ(statutory([&](auto* c) { c->consent = good; }), reason::kInvalidField);
  EXPECT_EQ(with(""), reason::kNoLegalBasis);
  EXPECT_EQ(with("cnone"), reason::kConsentNotFound);
  EXPECT_EQ(with(of_other), reason::kConsentNotFound);
  EXPECT_EQ(with(recipient), reason::kConsentInsufficient);
  EXPECT_EQ(with(purpose), reason::kConsentInsufficient);
  EXPECT_EQ(with(field), reason::kConsentInsufficient);
  EXPECT_EQ(with(withdrawn), reason::kConsentEnded);
  // And what is said wrongly.
  EXPECT_EQ(statutory([](auto* c) { c->role = "NEIGHBOUR"; }), reason::kInvalidField);
  EXPECT_EQ(statutory([](auto* c) { c->display_name.clear(); }), reason::kInvalidField);
  EXPECT_EQ(statutory([](auto* c) { c->display_name.assign(101, 'a'); }), reason::kInvalidField);
  EXPECT_EQ(statutory([](auto* c) { c->until = model::CivilDate::Of(2026, 9, 20); }),
            reason::kInvalidField);
  EXPECT_EQ(statutory([](auto* c) { c->from = model::CivilDate::Of(2026, 9, 0); }),
            reason::kInvalidField);
  EXPECT_EQ(statutory([](auto* c) { c->case_id = "pnone"; }), reason::kCaseNotFound);
  const TeamMemberDocument member = Add(GridWorker(person, good));
  EXPECT_EQ(member.added().disclosure().basis_reference(), "档案 2026-18");
  EXPECT_EQ(member.added().user(), "chen.wg");
  EXPECT_EQ(Ledger(person).back().disclosure().consent(), good);
  // A consent with the person serves whoever is under no order as well.
  AQ_EXPECT_OK(engine_->AddTeamMember(User(), GridWorker(free, of_other), "").status());
  ExpectVerified();
}

TEST_P(CareTeamTest, WithdrawingAConsentEndsWhatRestsOnItInTheSameEntry) {
  const std::string person = AddOrdered();
  const std::string consent = Consent(Terms(person));
  const TeamMemberDocument resting = Add(GridWorker(person, consent));
  const TeamMemberDocument other = Add(Family(person));
  const store::Sequence before = engine_->Counts().synced;
  const auto ended = engine_->WithdrawConsent(User(), {.request_id = "w1", .consent = consent}, "");
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(engine_->Counts().synced, before + 1);
  EXPECT_THAT(ended->ended_members(), ElementsAre(resting.added().member()));
  EXPECT_EQ(Get(resting).ended().reason(), "CONSENT_WITHDRAWN");
  EXPECT_FALSE(Get(other).has_ended());
  EXPECT_TRUE(Ledger(person)[0].has_end_time());
  EXPECT_FALSE(Ledger(person)[1].has_end_time());
  ExpectVerified();
  Restart();
  EXPECT_TRUE(Get(resting).has_ended());
  ExpectVerified();
}

TEST_P(CareTeamTest, AConsentThatRunsOutEndsTheMembership) {
  const std::string person = AddOrdered();
  CreateConsentCommand terms = Terms(person);
  terms.expire_date = model::CivilDate::Of(2026, 9, 30);
  const TeamMemberDocument member = Add(GridWorker(person, Consent(terms)));
  GoTo(2026, 9, 30);
  EXPECT_FALSE(Get(member).has_ended());
  GoTo(2026, 10, 1);
  EXPECT_EQ(Get(member).ended().reason(), "CONSENT_EXPIRED");
  ExpectVerified();
}

TEST_P(CareTeamTest, EndsOnceAndByTheEtagThatWasRead) {
  const std::string person = AddOrdered();
  const TeamMemberDocument member = Add(Family(person));
  // The same one in the same role is no second membership.
  EXPECT_EQ(ReasonOf(engine_->AddTeamMember(User(), Family(person), "").status()),
            reason::kStateNotAllowed);
  const auto why = [&](const std::function<void(EndTeamMemberCommand*)>& change) {
    EndTeamMemberCommand command = Ending(member);
    change(&command);
    return ReasonOf(engine_->EndTeamMember(User(), command, "").status());
  };
  EXPECT_EQ(why([](auto* c) { c->etag = "0123456789abcdef"; }), reason::kEtagMismatch);
  EXPECT_EQ(why([](auto* c) { c->reason = "TIRED"; }), reason::kInvalidField);
  EXPECT_EQ(why([](auto* c) { c->reason = "CONSENT_WITHDRAWN"; }), reason::kInvalidField);
  EXPECT_EQ(why([](auto* c) { c->member = "gnone"; }), reason::kTeamMemberNotFound);
  EXPECT_EQ(ReasonOf(engine_->GetTeamMember(member.added().member(), "330").status()),
            reason::kTeamMemberNotFound);
  EXPECT_EQ(ReasonOf(engine_->EndTeamMember(User(), Ending(member), "330").status()),
            reason::kTeamMemberNotFound);
  // A repeat answers as before, other content is a conflict.
  const EndTeamMemberCommand command = Ending(member);
  const auto ended = engine_->EndTeamMember(User(), command, "");
  ASSERT_TRUE(ended.ok()) << ended.status();
  const store::Sequence after = engine_->Counts().synced;
  AQ_EXPECT_OK(engine_->EndTeamMember(User(), command, "").status());
  EXPECT_EQ(engine_->Counts().synced, after);
  EndTeamMemberCommand other = command;
  other.reason = "REPLACED";
  EXPECT_EQ(ReasonOf(engine_->EndTeamMember(User(), other, "").status()),
            reason::kRequestIdConflict);
  EXPECT_EQ(ReasonOf(engine_->EndTeamMember(User(), Ending(*ended), "").status()),
            reason::kStateNotAllowed);
  // After the end they may join again.
  Add(Family(person));
  ExpectVerified();
}

TEST_P(CareTeamTest, NothingHasHappenedWhateverStepFails) {
  const std::string person = AddOrdered();
  const AddTeamMemberCommand command = GridWorker(person, Consent(Terms(person)));
  std::set<std::string> hit;
  const std::string* failing = nullptr;
  options_.test_hooks.at_gate = [&](absl::string_view step) -> absl::Status {
    hit.emplace(step);
    if (failing != nullptr && *failing == step) return absl::UnavailableError("injected");
    return absl::OkStatus();
  };
  Restart();
  const auto before = Everything();
  for (const std::string step : kTeamGateSteps) {
    SCOPED_TRACE(step);
    failing = &step;
    EXPECT_EQ(engine_->AddTeamMember(User(), command, "").status().code(),
              absl::StatusCode::kUnavailable);
    EXPECT_EQ(Everything(), before);
  }
  EXPECT_EQ(hit, std::set<std::string>(std::begin(kTeamGateSteps), std::end(kTeamGateSteps)));
  failing = nullptr;
  store_->FillDisk(1);
  EXPECT_EQ(engine_->AddTeamMember(User(), command, "").status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Everything(), before);
  EXPECT_THAT(Ledger(person), IsEmpty());
  AQ_EXPECT_OK(engine_->AddTeamMember(User(), command, "").status());
  ExpectVerified();
}

TEST_P(CareTeamTest, AConsentForTheTeamHasTermsOfItsOwn) {
  const std::string person = AddOrdered();
  const auto before = Everything();
  const auto why = [&](const std::function<void(CreateConsentCommand*)>& change) {
    CreateConsentCommand command = Terms(person);
    change(&command);
    const absl::Status status = engine_->CreateConsent(User(), command, "").status();
    EXPECT_EQ(Everything(), before);
    return ReasonOf(status);
  };
  EXPECT_EQ(why([](auto* c) { c->purpose = "care-team:NEIGHBOUR"; }), reason::kInvalidField);
  EXPECT_EQ(why([](auto* c) { c->agency = "workshop"; }), reason::kInvalidField);
  EXPECT_EQ(why([](auto* c) { c->recipient_name.clear(); }), reason::kInvalidField);
  EXPECT_EQ(why([](auto* c) { c->fields = {"beneficiary.name"}; }), reason::kInvalidField);
  EXPECT_EQ(why([](auto* c) {
              c->purpose = "referral:workshop";
              c->agency = "workshop";
              c->fields = {"phone"};
            }),
            reason::kInvalidField);
}

INSTANTIATE_TEST_SUITE_P(Stores, CareTeamTest, ::testing::Bool());

}  // namespace
}  // namespace anqiao::engine

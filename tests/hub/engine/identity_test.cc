// Who is who through the engine: merges and splits, what is attached to people, and what people
// say.

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "hub/engine/identity_tables.h"
#include "hub/engine/person.h"
#include "hub/engine/projection.h"
#include "hub/engine/values.h"
#include "hub/store/keys.h"
#include "tests/hub/engine/engine_fixture.h"
#include "tests/hub/engine/record_adapter.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class IdentityTest : public EngineFixture {
 protected:
  IdentityTest() {
    AgencyOptions& civil_affairs = options_.agencies.emplace_back();
    civil_affairs.id = "civil_affairs";
    civil_affairs.kind = "civil_affairs";
    for (AgencyOptions& agency : options_.agencies) {
      agency.adapter = &records_;
      agency.formats = {"register", "jobless", "relief"};
      agency.delivery_format.clear();
    }
  }
  void SetUp() override { Open(); }

  void HandIn(const std::string& agency, const std::string& format, const std::string& line) {
    const PayloadSummary summary = Summary(SubmitAndWait(Command(agency, format, line + "\n")));
    EXPECT_EQ(summary.accepted_count(), 1U) << line;
  }
  // Knows the number.
  void Jobless(const std::string& key = "J", const std::string& more = "") {
    HandIn("employment", "jobless",
           absl::StrCat(key, ";1=张安;3=", IdNumber(1), ";70=2026-01-05", more));
  }
  // Knows the phone.
  void Relief(const std::string& key = "C", const std::string& more = "") {
    HandIn("civil_affairs", "relief",
           absl::StrCat(key, ";1=张安;6=19001234567;50=H1;51=TEMPORARY;53=2026-02", more));
  }
  // Knows both.
  void Both(const std::string& key = "B", const std::string& more = "") {
    Jobless(key, absl::StrCat(";6=19001234567", more));
  }

  std::vector<CaseView> Cases() {
    const auto cases = engine_->ListCases({}, "", 1000, "");
    EXPECT_TRUE(cases.ok()) << cases.status();
    return cases.ok() ? cases->items : std::vector<CaseView>();
  }
  // The case with this key of a record.
  CaseView CaseOf(const std::string& key) {
    for (CaseView& view : Cases()) {
      for (const auto& record : view.document.records()) {
        if (record.record().key() == key) return view;
      }
    }
    ADD_FAILURE() << "nobody has a record " << key;
    return {};
  }
  static std::set<std::string> KeysOf(const CaseView& view) {
    std::set<std::string> keys;
    for (const auto& record : view.document.records()) keys.insert(record.record().key());
    return keys;
  }
  // Which records belong together.
  std::set<std::set<std::string>> Partition() {
    std::set<std::set<std::string>> partition;
    for (const CaseView& view : Cases()) partition.insert(KeysOf(view));
    return partition;
  }
  using Parts = std::set<std::set<std::string>>;

  std::string ReferralOf(const std::string& case_id) {
    const auto draft = engine_->CreateReferral(User(), Draft(case_id), "");
    EXPECT_TRUE(draft.ok()) << draft.status();
    return draft.ok() ? draft->referral() : "";
  }
  std::vector<std::string> ReferralsOf(const std::string& case_id) {
    const auto view = engine_->GetCase(case_id, {}, "");
    EXPECT_TRUE(view.ok()) << view.status();
    if (!view.ok()) return {};
    return {view->document.referrals().begin(), view->document.referrals().end()};
  }

  static std::uint64_t RecordIn(const CaseView& view, const std::string& key) {
    for (const auto& record : view.document.records()) {
      if (record.record().key() == key) return record.record_id();
    }
    ADD_FAILURE() << "no record " << key;
    return 0;
  }
  std::uint64_t RecordId(const std::string& key) { return RecordIn(CaseOf(key), key); }
  // With the etag of now.
  JudgeIdentityCommand::Decision Decide(const std::string& a, const std::string& b,
                                        identity::Verdict verdict) {
    JudgeIdentityCommand::Decision decision;
    decision.record = RecordId(a);
    decision.other_record = RecordId(b);
    decision.verdict = verdict;
    const auto pair = engine_->GetIdentityPair(decision.record, decision.other_record, "");
    EXPECT_TRUE(pair.ok()) << pair.status();
    if (pair.ok()) decision.etag = pair->etag;
    return decision;
  }
  absl::StatusOr<std::vector<IdentityPair>> Judge(
      std::vector<JudgeIdentityCommand::Decision> decisions) {
    JudgeIdentityCommand command;
    command.request_id = absl::StrCat("judge-", ++judgements_);
    command.reason = "SEEN_DOCUMENTS";
    command.decisions = std::move(decisions);
    return engine_->JudgeIdentity(User(), command, "");
  }

  int judgements_ = 0;
  RecordAdapter adapter_of_all_kinds_;
  adapter::AdapterSlot records_{&adapter_of_all_kinds_};
};

TEST_F(IdentityTest, ARecordThatKnowsBothMakesTwoPeopleOne) {
  Jobless();
  Relief();
  EXPECT_EQ(Partition(), (Parts{{"J"}, {"C"}}));
  EXPECT_EQ(engine_->GetCensus({}, "")->people, 2);
  Both();
  EXPECT_EQ(Partition(), (Parts{{"J", "C", "B"}}));
  EXPECT_EQ(engine_->GetCensus({}, "")->people, 1);
  ExpectVerified();
}

TEST_F(IdentityTest, TheOrderOfArrivalDoesNotMatter) {
  std::vector<int> order = {0, 1, 2, 3};
  do {
    engine_.reset();
    store_.reset();
    Open();
    for (const int step : order) {
      if (step == 0) Jobless();
      if (step == 1) Relief();
      if (step == 2) Both();
      if (step == 3) HandIn("police", "register", "P;1=李平;3=" + IdNumber(2) + ";20=G1");
    }
    EXPECT_EQ(Partition(), (Parts{{"J", "C", "B"}, {"P"}}));
    ExpectVerified();
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(IdentityTest, WhatIsAttachedToBothIsAttachedToTheOne) {
  Jobless();
  Relief();
  const std::string first = CaseOf("J").document.person(), second = CaseOf("C").document.person();
  const std::string of_first = ReferralOf(first), of_second = ReferralOf(second);
  Both();
  const CaseView merged = CaseOf("J");
  EXPECT_EQ(merged.document.person(), first) << "the earlier id survives";
  EXPECT_THAT(ReferralsOf(first), ElementsAre(of_first, of_second));
  AQ_ASSERT_OK_AND_ASSIGN(const CaseView by_former, engine_->GetCase(second, {}, ""));
  EXPECT_EQ(by_former.document.person(), first) << "the other id leads to the person";
  ReferralFilter filter;
  filter.case_id = first;
  const auto listed = engine_->ListReferrals(filter, "", 10, "");
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_THAT(listed->items, SizeIs(2));
  // What is drafted under the former id is the person's as well.
  const std::string later = ReferralOf(second);
  EXPECT_THAT(ReferralsOf(first), ElementsAre(of_first, of_second, later));
  ExpectVerified();
}

TEST_F(IdentityTest, UnmergingGivesEverythingBack) {
  Jobless();
  Relief();
  const std::string first = CaseOf("J").document.person(), second = CaseOf("C").document.person();
  const std::string of_first = ReferralOf(first), of_second = ReferralOf(second);
  const auto attached = [&](const std::string& id) {
    const auto view = engine_->GetCase(id, {}, "");
    journal::v1::PersonDocument document =
        view.ok() ? view->document : journal::v1::PersonDocument();
    document.clear_revision();
    return document.DebugString();
  };
  const std::string before_first = attached(first), before_second = attached(second);
  const std::string etag = CaseEtag(CaseOf("J").document);
  Both();
  ASSERT_EQ(Partition(), (Parts{{"J", "C", "B"}}));
  AQ_ASSERT_OK(Judge({Decide("B", "C", identity::Verdict::kNotSame)}).status());
  EXPECT_EQ(Partition(), (Parts{{"J", "B"}, {"C"}}));
  EXPECT_EQ(CaseOf("C").document.person(), second);
  EXPECT_EQ(attached(second), before_second);
  EXPECT_THAT(ReferralsOf(first), ElementsAre(of_first));
  AQ_ASSERT_OK_AND_ASSIGN(const IdentityExplanation why, engine_->ExplainIdentity(second, ""));
  ASSERT_THAT(why.refused, SizeIs(1));
  EXPECT_EQ(why.refused[0].refusal, identity::Refusal::kToldApart);
  EXPECT_NE(CaseEtag(CaseOf("J").document), etag) << "what was read before is not current";
  EXPECT_EQ(engine_->GetCensus({}, "")->people, 2);
  // Taken back it is one person again.
  AQ_ASSERT_OK(Judge({Decide("B", "C", identity::Verdict::kNone)}).status());
  EXPECT_EQ(Partition(), (Parts{{"J", "C", "B"}}));
  EXPECT_THAT(ReferralsOf(second), ElementsAre(of_first, of_second));
  ExpectVerified();
}

TEST_F(IdentityTest, ARecordThatSaysSomethingElseLeaves) {
  Jobless();
  Relief();
  const std::string second = CaseOf("C").document.person();
  Both();
  ASSERT_EQ(Partition(), (Parts{{"J", "C", "B"}}));
  HandIn("employment", "jobless", "B;1=李平;3=" + IdNumber(2) + ";70=2026-01-05");
  EXPECT_EQ(Partition(), (Parts{{"J"}, {"C"}, {"B"}}));
  EXPECT_EQ(CaseOf("C").document.person(), second);
  ExpectVerified();
}

TEST_F(IdentityTest, RecordsThatSayTheSameStayTogetherHoweverManyTheyAre) {
  std::set<std::string> keys = {"C", "B"};
  Relief();
  for (int i = 100; i < 170; ++i) {
    Jobless(absl::StrCat("J", i));
    keys.insert(absl::StrCat("J", i));
  }
  Both();
  EXPECT_EQ(Partition(), (Parts{keys})) << "more than a key may have";
  AQ_ASSERT_OK_AND_ASSIGN(const IdentityExplanation why,
                          engine_->ExplainIdentity(CaseOf("C").document.person(), ""));
  EXPECT_THAT(why.records, SizeIs(72));
  EXPECT_THAT(why.links, SizeIs(71));
  EXPECT_EQ(why.links[0].pair.record.record().key(), "J100");
  EXPECT_EQ(why.links[0].pair.other_record.record().key(), "J101");
  EXPECT_EQ(why.links[0].step, 1);
  EXPECT_GT(why.links[0].pair.weight, 0);
  // Two of them are told apart all the same.
  AQ_ASSERT_OK(Judge({Decide("J100", "J140", identity::Verdict::kNotSame)}).status());
  EXPECT_NE(CaseOf("J100").document.person(), CaseOf("J140").document.person());
  EXPECT_THAT(Partition(), SizeIs(2));
  ExpectVerified();
  AQ_ASSERT_OK(Judge({Decide("J100", "J140", identity::Verdict::kNone)}).status());
  EXPECT_EQ(Partition(), (Parts{keys}));
  // One that says something else leaves, the first too.
  HandIn("employment", "jobless", "J100;1=李平;3=" + IdNumber(2) + ";70=2026-01-05");
  keys.erase("J100");
  EXPECT_EQ(Partition(), (Parts{keys, {"J100"}}));
  ExpectVerified();
}

TEST_F(IdentityTest, AnAgencysOwnNumberJoinsItsRecordsAndNobodyElses) {
  HandIn("employment", "jobless", "J;1=张安;13=N1;70=2026-01-05");
  HandIn("employment", "jobless", "J2;1=张安;13=N1;5=1990-01-01;70=2026-01-05");
  HandIn("employment", "jobless", "J3;1=张安;13=N2;70=2026-01-05");
  HandIn("civil_affairs", "relief", "C;1=张安;13=N1;50=H1;51=TEMPORARY;53=2026-02");
  EXPECT_EQ(Partition(), (Parts{{"J", "J2"}, {"J3"}, {"C"}}));
  ExpectVerified();
}

TEST_F(IdentityTest, NotTheSameSurvivesRecordsThatWouldJoinThem) {
  Jobless();
  Relief();
  Both();
  AQ_ASSERT_OK(Judge({Decide("B", "C", identity::Verdict::kNotSame)}).status());
  ASSERT_EQ(Partition(), (Parts{{"J", "B"}, {"C"}}));
  Both("B2");
  Both("B3", ";7=西大街1号");
  for (const auto& part : Partition()) {
    EXPECT_FALSE(part.contains("B") && part.contains("C"));
  }
  Open();
  for (const auto& part : Partition()) {
    EXPECT_FALSE(part.contains("B") && part.contains("C")) << "after a restart";
  }
  ExpectVerified();
}

TEST_F(IdentityTest, DoubtIsListedAndDecided) {
  Jobless();
  // The number with another name: never linked by itself.
  HandIn("civil_affairs", "relief",
         "C;1=欧阳一;3=" + IdNumber(1) + ";50=H1;51=TEMPORARY;53=2026-02");
  AQ_ASSERT_OK_AND_ASSIGN(const auto reviews, engine_->ListIdentityReviews("", "", 10, ""));
  ASSERT_THAT(reviews.items, SizeIs(1));
  const IdentityPair& pair = reviews.items[0];
  EXPECT_EQ(pair.reason, "ID_ALONE");
  EXPECT_TRUE(CaseOf("J").folded.needs_review);
  EXPECT_TRUE(CaseOf("C").folded.needs_review);
  AQ_ASSERT_OK(Judge({Decide("J", "C", identity::Verdict::kSame)}).status());
  EXPECT_EQ(Partition(), (Parts{{"J", "C"}}));
  EXPECT_FALSE(CaseOf("J").folded.needs_review);
  AQ_ASSERT_OK_AND_ASSIGN(const auto none, engine_->ListIdentityReviews("", "", 10, ""));
  EXPECT_THAT(none.items, IsEmpty());
  EXPECT_EQ(CaseOf("C").document.records(0).link_rule(), "VERDICT");
  ExpectVerified();
}

TEST_F(IdentityTest, DecisionsHoldOnlyForWhatWasRead) {
  Jobless();
  HandIn("civil_affairs", "relief",
         "C;1=欧阳一;3=" + IdNumber(1) + ";50=H1;51=TEMPORARY;53=2026-02");
  HandIn("civil_affairs", "relief",
         "D;1=欧阳二;3=" + IdNumber(1) + ";50=H2;51=TEMPORARY;53=2026-02");
  const JudgeIdentityCommand::Decision early = Decide("J", "C", identity::Verdict::kSame);
  Jobless("J", ";7=西大街1号");
  const auto refused = Judge({Decide("J", "D", identity::Verdict::kNotSame), early});
  EXPECT_EQ(ReasonOf(refused.status()), reason::kEtagMismatch) << refused.status();
  EXPECT_EQ(Partition(), (Parts{{"J"}, {"C"}, {"D"}})) << "all or nothing";
  AQ_ASSERT_OK(Judge({Decide("J", "D", identity::Verdict::kNotSame),
                      Decide("J", "C", identity::Verdict::kSame)})
                   .status());
  EXPECT_EQ(Partition(), (Parts{{"J", "C"}, {"D"}}));
  ExpectVerified();
}

TEST_F(IdentityTest, ARepeatedRequestAnswersAsBefore) {
  Jobless();
  HandIn("civil_affairs", "relief",
         "C;1=欧阳一;3=" + IdNumber(1) + ";50=H1;51=TEMPORARY;53=2026-02");
  JudgeIdentityCommand command;
  command.request_id = "the-same";
  command.reason = "SEEN_DOCUMENTS";
  command.decisions = {Decide("J", "C", identity::Verdict::kSame)};
  AQ_ASSERT_OK(engine_->JudgeIdentity(User(), command, "").status());
  const auto synced = engine_->Counts().synced;
  AQ_ASSERT_OK(engine_->JudgeIdentity(User(), command, "").status());
  EXPECT_EQ(engine_->Counts().synced, synced);
  command.decisions[0].verdict = identity::Verdict::kNotSame;
  EXPECT_EQ(ReasonOf(engine_->JudgeIdentity(User(), command, "").status()),
            reason::kRequestIdConflict);
}

TEST_F(IdentityTest, JudgingRefusesWhatIsNoPair) {
  Jobless();
  Jobless("K");
  JudgeIdentityCommand::Decision decision = Decide("J", "K", identity::Verdict::kSame);
  EXPECT_EQ(ReasonOf(Judge({}).status()), reason::kInvalidField);
  EXPECT_EQ(ReasonOf(Judge({decision, decision}).status()), reason::kInvalidField);
  JudgeIdentityCommand::Decision turned = decision;
  std::swap(turned.record, turned.other_record);
  EXPECT_EQ(ReasonOf(Judge({decision, turned}).status()), reason::kInvalidField);
  turned.other_record = turned.record;
  EXPECT_EQ(ReasonOf(Judge({turned}).status()), reason::kInvalidField);
  decision.record = 999'999;
  EXPECT_EQ(ReasonOf(Judge({decision}).status()), reason::kRecordNotFound);
}

TEST_F(IdentityTest, ReasonsAreThoseOfTheDocument) {
  std::ifstream in(std::string(ANQIAO_DOCUMENTS) + "/codes.md", std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  for (const JudgeReason& one : kJudgeReasons) {
    EXPECT_THAT(text, ::testing::HasSubstr(
                          absl::StrCat("| `", one.code, "` | ", one.zh, " | ", one.en, " |\n")));
  }
  Jobless();
  Jobless("K");
  JudgeIdentityCommand command;
  command.request_id = "why";
  command.reason = "BECAUSE";
  command.decisions = {Decide("J", "K", identity::Verdict::kSame)};
  EXPECT_EQ(ReasonOf(engine_->JudgeIdentity(User(), command, "").status()), reason::kInvalidField);
}

TEST_F(IdentityTest, WhySaysHowRecordsCameTogether) {
  Jobless();
  Relief();
  Both();
  AQ_ASSERT_OK_AND_ASSIGN(const IdentityExplanation why,
                          engine_->ExplainIdentity(CaseOf("J").document.person(), ""));
  EXPECT_THAT(why.records, SizeIs(3));
  EXPECT_NE(why.model, "");
  std::multiset<std::size_t> steps;
  for (const auto& link : why.links) {
    if (link.step > 0) steps.insert(link.step);
    EXPECT_GT(link.pair.weight, 0);
    EXPECT_EQ(link.pair.reason, "");
  }
  EXPECT_THAT(steps, ElementsAre(1, 2));
  EXPECT_THAT(why.refused, IsEmpty());
  EXPECT_EQ(ReasonOf(engine_->ExplainIdentity("pnobody", "").status()), reason::kCaseNotFound);
}

// Without an engine: a history in which an id never named a person, since what kept the two apart
// was erased.
TEST(IdentityHistoryTest, WhatIsAttachedToAnIdIsOfWhoeverHasItsFirstRecord) {
  const std::unique_ptr<store::Store> store = store::NewMemoryStore();
  Projection projection(store.get(), ShippedIdentityModel());
  const auto observed = [](const std::string& key) {
    journal::v1::Entry entry;
    journal::v1::RecordObserved* observed = entry.mutable_record_observed();
    observed->mutable_record()->set_agency("employment");
    observed->mutable_record()->set_format("jobless");
    observed->mutable_record()->set_kind(adapter::v1::RECORD_KIND_UNEMPLOYMENT);
    observed->mutable_record()->set_key(key);
    observed->set_content_hash("hash of " + key);
    journal::v1::Subject* subject = observed->mutable_observation()->mutable_subject();
    subject->set_name("张安");
    subject->set_id_number(IdNumber(1));
    return entry;
  };
  AQ_ASSERT_OK(projection.Add(1, observed("A")));
  AQ_ASSERT_OK(projection.Add(2, observed("B")));
  AQ_ASSERT_OK(projection.Commit());
  const std::string first = PersonId(1), second = PersonId(2);
  AQ_ASSERT_OK_AND_ASSIGN(const auto by_second, ReadPerson(*store->NewSnapshot(), second));
  ASSERT_TRUE(by_second.has_value()) << "an id is of whoever has its first record";
  EXPECT_EQ(by_second->person(), first);

  journal::v1::Entry given;
  given.mutable_consent_given()->set_consent("c3");
  given.mutable_consent_given()->set_case_id(second);
  AQ_ASSERT_OK(projection.Add(3, given));
  journal::v1::Entry noted;
  noted.mutable_entitlement_noted()->set_person(second);
  journal::v1::NotedAnswer* answer = noted.mutable_entitlement_noted()->add_answers();
  answer->set_policy("training-help");
  answer->set_result(journal::v1::ENTITLEMENT_RESULT_ELIGIBLE);
  *answer->mutable_look_date() = model::CivilDate::Of(2026, 7, 1).ToProto();
  AQ_ASSERT_OK(projection.Add(4, noted));
  AQ_ASSERT_OK(projection.Commit());
  const auto snapshot = store->NewSnapshot();
  AQ_ASSERT_OK_AND_ASSIGN(const auto person, ReadPerson(*snapshot, first));
  ASSERT_TRUE(person.has_value());
  EXPECT_THAT(person->consents(), ElementsAre("c3"));
  EXPECT_THAT(person->former_ids(), ElementsAre(second));
  EXPECT_THAT(IdsOf(*person), ElementsAre(first, second));
  const store::KeyRange looks = store::FamilyRange(store::Family::kLook);
  AQ_ASSERT_OK(snapshot->Scan(looks.begin, looks.end, [](absl::string_view, absl::string_view) {
    ADD_FAILURE() << "who is nobody any more is looked at";
    return true;
  }));
  AQ_ASSERT_OK_AND_ASSIGN(const auto nobody, ReadPerson(*snapshot, PersonId(99)));
  EXPECT_FALSE(nobody.has_value());
}

TEST(IdentityHistoryTest, IdsAreReadBack) {
  for (const std::uint64_t sequence : {1ULL, 31ULL, 1'000'000ULL, (1ULL << 62) - 1}) {
    EXPECT_EQ(FirstRecordOf(PersonId(sequence)), sequence);
  }
  for (const std::string& other :
       {std::string(), std::string("p1"), NameOf('f', 7), PersonId(7) + "0",
        std::string("p000000000000u"), std::string("p0000000000001")}) {
    EXPECT_EQ(FirstRecordOf(other), identity::kNoRecord) << other;
  }
}

// A model that links by less, and one that links by nothing.
std::string ModelWith(const std::string& version, const std::string& link) {
  std::string content = ShippedIdentityModel().content;
  for (const auto& [key, value] : {std::pair("version", version), std::pair("link", link)}) {
    const std::size_t at = content.find(absl::StrCat("\n", key, ": "));
    EXPECT_NE(at, std::string::npos) << key;
    const std::size_t end = content.find('\n', at + 1);
    content.replace(at, end - at, absl::StrCat("\n", key, ": ", value));
  }
  return content;
}

TEST_F(IdentityTest, AnotherModelShowsFirstWhoWouldBeJoinedAndParted) {
  const testing::TempDir directory;
  options_.candidate_identity_model = directory.File("next.yaml");
  Open();
  Jobless();
  Relief();
  Both();
  HandIn("police", "register", "P;1=李平;3=" + IdNumber(2) + ";20=G1");
  const std::string first = CaseOf("J").document.person();
  const auto preview = [&](const std::string& content, std::vector<IdentityShift>* shifts) {
    std::ofstream(options_.candidate_identity_model) << content;
    return engine_->PreviewIdentityModel(
        "", [](store::Sequence, store::Sequence) { return true; },
        [&](const IdentityShift& shift) {
          shifts->push_back(shift);
          return true;
        });
  };
  std::vector<IdentityShift> shifts;
  EXPECT_EQ(ReasonOf(preview("version: 1", &shifts).status()), reason::kIdentityModelInvalid);
  // The same again changes nothing.
  AQ_ASSERT_OK_AND_ASSIGN(const IdentityPreview same,
                          preview(ShippedIdentityModel().content, &shifts));
  EXPECT_THAT(shifts, IsEmpty());
  EXPECT_EQ(same.people, 2u);
  EXPECT_EQ(same.candidate_people, 2u);
  const std::string shy = ModelWith("shy", "100");
  AQ_ASSERT_OK_AND_ASSIGN(const IdentityPreview parted, preview(shy, &shifts));
  EXPECT_EQ(parted.candidate, "shy");
  EXPECT_EQ(parted.parted, 1u);
  EXPECT_EQ(parted.joined, 0u);
  EXPECT_EQ(parted.candidate_people, 4u);
  ASSERT_THAT(shifts, SizeIs(1));
  EXPECT_EQ(shifts[0].kind, IdentityShift::Kind::kParted);
  ASSERT_THAT(shifts[0].parts, SizeIs(3));
  EXPECT_EQ(shifts[0].parts[0].person, first);
  EXPECT_EQ(Partition(), (Parts{{"J", "C", "B"}, {"P"}})) << "nothing is changed";
  // Put in force, it holds from the next start on, for everything, and is what verify computes by.
  AQ_ASSERT_OK_AND_ASSIGN(const auto model, ParseIdentityModel("shy.yaml", shy));
  options_.identity_model = model.get();
  Open();
  EXPECT_EQ(Partition(), (Parts{{"J"}, {"C"}, {"B"}, {"P"}}));
  AQ_ASSERT_OK_AND_ASSIGN(const IdentityExplanation why, engine_->ExplainIdentity(first, ""));
  EXPECT_EQ(why.model, "shy");
  ExpectVerified();
  // What it would be to go back.
  shifts.clear();
  AQ_ASSERT_OK_AND_ASSIGN(const IdentityPreview joined,
                          preview(ShippedIdentityModel().content, &shifts));
  EXPECT_EQ(joined.joined, 1u);
  ASSERT_THAT(shifts, SizeIs(1));
  EXPECT_EQ(shifts[0].kind, IdentityShift::Kind::kJoined);
  EXPECT_THAT(shifts[0].parts, SizeIs(3));
  const auto stopped = engine_->PreviewIdentityModel(
      "", [](store::Sequence, store::Sequence) { return true; },
      [](const IdentityShift&) { return false; });
  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kCancelled);
  options_.identity_model = nullptr;
  options_.candidate_identity_model.clear();
  Open();
  EXPECT_EQ(Partition(), (Parts{{"J", "C", "B"}, {"P"}}));
  EXPECT_EQ(ReasonOf(engine_->PreviewIdentityModel("", nullptr, nullptr).status()),
            reason::kConfigurationInvalid);
}

// Each answer is computed again by the model that was in force.
TEST_F(IdentityTest, TheJournalSaysWhichModelWasInForce) {
  Jobless();
  const store::Sequence before = store_->synced_sequence();
  AQ_ASSERT_OK_AND_ASSIGN(const auto shy, ParseIdentityModel("shy", ModelWith("shy", "100")));
  options_.identity_model = shy.get();
  Open();
  Relief();
  AQ_ASSERT_OK_AND_ASSIGN(const auto then, ModelBefore(*store_, before + 1));
  EXPECT_EQ(then->hash, ShippedIdentityModel().hash);
  AQ_ASSERT_OK_AND_ASSIGN(const auto now, ModelBefore(*store_, store_->synced_sequence() + 1));
  EXPECT_EQ(now->hash, shy->hash);
  AQ_ASSERT_OK_AND_ASSIGN(const auto live, ModelOf(*store_, *store_->NewSnapshot()));
  EXPECT_EQ(live->hash, shy->hash);
  Open();
}

TEST(IdentityModelTest, RefusesWhatRecordsDoNotSay) {
  std::string content = ShippedIdentityModel().content;
  const std::size_t at = content.find("kind: national_id");
  ASSERT_NE(at, std::string::npos);
  content.replace(at, 17, "kind: identifier");
  const absl::Status status = ParseIdentityModel("m.yaml", content).status();
  EXPECT_EQ(ReasonOf(status), reason::kIdentityModelInvalid) << status;
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("have no identifier"));
}

TEST_F(IdentityTest, JurisdictionHidesPairs) {
  Jobless("J", ";8=421202003010");
  HandIn("civil_affairs", "relief",
         "C;1=欧阳一;3=" + IdNumber(1) + ";8=110101001001;50=H1;51=TEMPORARY;53=2026-02");
  AQ_ASSERT_OK_AND_ASSIGN(const auto all, engine_->ListIdentityReviews("", "", 10, ""));
  EXPECT_THAT(all.items, SizeIs(1));
  AQ_ASSERT_OK_AND_ASSIGN(const auto some, engine_->ListIdentityReviews("", "", 10, "4212"));
  EXPECT_THAT(some.items, IsEmpty());
  JudgeIdentityCommand command;
  command.request_id = "elsewhere";
  command.reason = "SEEN_DOCUMENTS";
  command.decisions = {Decide("J", "C", identity::Verdict::kSame)};
  EXPECT_EQ(ReasonOf(engine_->JudgeIdentity(User(), command, "4212").status()),
            reason::kRecordNotFound);
}

TEST_F(IdentityTest, ReviewsComePageByPage) {
  Jobless();
  for (const std::string key : {"C", "D", "E"}) {
    HandIn("civil_affairs", "relief",
           key + ";1=欧阳" + key + ";3=" + IdNumber(1) + ";50=H;51=TEMPORARY;53=2026-02");
  }
  std::set<std::string> seen;
  std::string after;
  AQ_ASSERT_OK_AND_ASSIGN(const auto all, engine_->ListIdentityReviews("", "", 100, ""));
  do {
    AQ_ASSERT_OK_AND_ASSIGN(const auto page, engine_->ListIdentityReviews("", after, 1, ""));
    for (const IdentityPair& pair : page.items) {
      EXPECT_TRUE(seen.insert(absl::StrCat(pair.person, "~", pair.other)).second);
    }
    after = page.next_after;
  } while (!after.empty());
  EXPECT_EQ(seen.size(), all.items.size());
  EXPECT_GE(seen.size(), 3u);
}

}  // namespace
}  // namespace anqiao::engine

// The entitlement watch: what is looked at, proposed, noted and reminded of, and what a crash, an
// erasure or another catalogue makes of it.

#include "hub/engine/watch.h"

#include <filesystem>

#include "hub/engine/recompute.h"
#include "hub/store/cipher.h"
#include "hub/store/key_ring.h"
#include "hub/store/sealed_store.h"
#include "tests/hub/engine/watch_fixture.h"

namespace anqiao::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

using Asked = std::vector<std::string>;

class WatchTest : public WatchFixture {
 protected:
  void SetUp() override {
    OpenWith(SmallFiles());
    // Whoever comes is not among those whom the beginning has looked at.
    Settle();
  }
  // Somebody on the register who was unemployed for long enough.
  void AddEntitled(int number) {
    Register(number);
    State(absl::StrCat("J", number), number, "2026-01-05");
    Settle();
  }
  // Sends a draft, which its agency has no place for.
  void Refuse(const ReferralDocument& draft) {
    const auto sent = engine_->SendReferral(User(), Sending(draft), "");
    ASSERT_TRUE(sent.ok()) << sent.status();
    exchange::v1::AnswerReferralRequest request =
        Answer(*sent, exchange::v1::ANSWER_ACTION_DECLINE, OutwardEtag(*sent));
    request.mutable_answer()->set_reason("NO_CAPACITY");
    AQ_ASSERT_OK(engine_->AnswerReferral(draft.draft().agency(), request).status());
  }
  int CountEntries(journal::v1::Entry::ChangeCase kind) {
    int count = 0;
    AQ_EXPECT_OK(store_->ReadJournal(1, [&](store::Sequence, absl::string_view bytes) {
      journal::v1::Entry entry;
      EXPECT_TRUE(entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
      count += entry.change_case() == kind ? 1 : 0;
      return true;
    }));
    return count;
  }
};

TEST_F(WatchTest, WhoeverIsEntitledIsProposedOnce) {
  AddEntitled(1);
  const std::vector<ReferralDocument> drafted = Drafted(1);
  ASSERT_THAT(drafted, SizeIs(1));
  EXPECT_EQ(drafted[0].state(), journal::v1::REFERRAL_STATE_DRAFT);
  EXPECT_EQ(drafted[0].draft().agency(), "employment");
  EXPECT_EQ(drafted[0].draft().entitlement().result(), journal::v1::ENTITLEMENT_RESULT_ELIGIBLE);
  // As every draft it warns after a week.
  ASSERT_THAT(drafted[0].deadlines(), SizeIs(1));
  EXPECT_EQ(drafted[0].deadlines(0).kind(), journal::v1::DEADLINE_KIND_WARN);
  const std::vector<NoticeView> notices = Notices();
  ASSERT_THAT(notices, SizeIs(1));
  EXPECT_EQ(notices[0].case_id, CaseOf(1));
  EXPECT_EQ(notices[0].notice.notice().referral(), drafted[0].referral());
  EXPECT_EQ(notices[0].notice.catalogue_hash(), watched_->hash());
  EXPECT_EQ(Noted(1, kPolicy).result(), journal::v1::ENTITLEMENT_RESULT_ELIGIBLE);
  // What changes nothing gives no entry and no draft.
  const int entries = CountEntries(journal::v1::Entry::kEntitlementNoted);
  State("J1", 1, "2026-01-04");
  State("J11", 1, "2025-12-04");
  Settle();
  EXPECT_THAT(Drafted(1), SizeIs(1));
  EXPECT_EQ(CountEntries(journal::v1::Entry::kEntitlementNoted), entries);
  ExpectVerified();
}

TEST_F(WatchTest, OnlyWhatACommitTouchedIsLookedAt) {
  AddEntitled(1);
  EXPECT_THAT(watched_->TakeAsked(), ElementsAre(Asked{kRelief, kPolicy}));
  State("J1", 1, "2026-01-06");
  Settle();
  EXPECT_THAT(watched_->TakeAsked(), ElementsAre(Asked{kPolicy}));
  State("H1", 1, "2026-02-01");
  Settle();
  EXPECT_THAT(watched_->TakeAsked(), ElementsAre(Asked{kRelief}));
  EXPECT_THAT(Drafted(1, kRelief), SizeIs(1));
  // Nothing that the police say is asked for.
  Submit("changes", absl::StrCat("P1|张安|", IdNumber(1), "|2026-05-01|421202003010\n"));
  Settle();
  EXPECT_THAT(watched_->TakeAsked(), IsEmpty());
}

TEST_F(WatchTest, WhoeverIsTouchedTenTimesIsLookedAtOnce) {
  AddEntitled(1);
  watched_->TakeAsked();
  std::string payload;
  for (int i = 0; i < 10; ++i) {
    absl::StrAppend(&payload, "J", 10 + i, "|张安|", IdNumber(1), "|2026-02-0", 1 + i % 9,
                    "|421202\n");
  }
  EXPECT_EQ(Summary(SubmitAndWait(Command("employment", "jobless", payload))).accepted_count(),
            10u);
  Settle();
  EXPECT_THAT(watched_->TakeAsked(), ElementsAre(Asked{kPolicy}));
}

TEST_F(WatchTest, OnlyWhoIsWatchedIsLookedAt) {
  // Unemployed and nothing else.
  State("J1", 1, "2026-01-05");
  // Only the police know them.
  Register(2);
  Settle();
  EXPECT_THAT(watched_->TakeAsked(), IsEmpty());
  EXPECT_THAT(Notices(), IsEmpty());
  // Civil affairs know of hardship: the person need not be on the register.
  State("H1", 1, "2026-03-01");
  Settle();
  EXPECT_THAT(Drafted(1), SizeIs(1));
  EXPECT_THAT(Drafted(1, kRelief), SizeIs(1));
  // Nobody is watched any more who has left both: what was noted goes, what was drafted stays.
  SubmitAndWait(Command("employment", "jobless", "-H1\n"));
  Settle();
  EXPECT_THAT(Notes(1).answers(), IsEmpty());
  EXPECT_THAT(Drafted(1), SizeIs(1));
  ExpectVerified();
}

TEST_F(WatchTest, WhoeverComesOnTheRegisterLaterIsLookedAtThen) {
  State("J1", 1, "2026-01-05");
  Settle();
  EXPECT_THAT(Drafted(1), IsEmpty());
  Register(1);
  Settle();
  EXPECT_THAT(Drafted(1), SizeIs(1));
}

TEST_F(WatchTest, WhoeverHasItAlreadyIsNotProposed) {
  Register(1);
  State("R1", 1, "2026-01-05");
  State("H1", 1, "2026-01-05");
  Settle();
  EXPECT_EQ(Noted(1, kRelief).result(), journal::v1::ENTITLEMENT_RESULT_ELIGIBLE);
  EXPECT_THAT(Drafted(1, kRelief), IsEmpty());
  // The relief is taken back: it is proposed.
  SubmitAndWait(Command("employment", "jobless", "-R1\n"));
  Settle();
  EXPECT_THAT(Drafted(1, kRelief), SizeIs(1));
}

TEST_F(WatchTest, NobodyGivesItNothingIsProposed) {
  options_.agencies[1].services = {"help"};
  Reopen();
  AddEntitled(1);
  EXPECT_EQ(Noted(1, kPolicy).result(), journal::v1::ENTITLEMENT_RESULT_ELIGIBLE);
  EXPECT_THAT(Drafted(1), IsEmpty());
  EXPECT_THAT(Notices(), IsEmpty());
}

TEST_F(WatchTest, ACaseworkersOwnReferralIsEnough) {
  options_.entitlement_watch = false;
  Reopen();
  Register(1);
  State("J1", 1, "2026-01-05");
  const auto own = engine_->CreateReferral(User(), Draft(CaseOf(1)), "");
  ASSERT_TRUE(own.ok()) << own.status();
  options_.entitlement_watch = true;
  Reopen();
  Settle();
  EXPECT_EQ(Noted(1, kPolicy).result(), journal::v1::ENTITLEMENT_RESULT_ELIGIBLE);
  EXPECT_THAT(Drafted(1), IsEmpty());
}

TEST_F(WatchTest, WhatWasRefusedIsParked) {
  AddEntitled(1);
  Cancel(Drafted(1)[0], "PERSON_NOT_READY");
  Settle();
  EXPECT_THAT(Drafted(1), SizeIs(1));
  // Also when a fact changes meanwhile.
  State("J1", 1, "2026-01-07");
  Settle();
  EXPECT_THAT(Drafted(1), SizeIs(1));
  GoTo(2026, 11, 19);
  EXPECT_THAT(Drafted(1), SizeIs(1));
  GoTo(2026, 11, 20);  // 60 days
  EXPECT_THAT(Drafted(1), SizeIs(2));
  GoTo(2026, 11, 21);
  EXPECT_THAT(Drafted(1), SizeIs(2));
  ExpectVerified();
}

TEST_F(WatchTest, WhatWaitsForAFactWaits) {
  AddEntitled(1);
  Cancel(Drafted(1)[0], "CIRCUMSTANCES_CHANGED");
  Settle();
  EXPECT_THAT(Drafted(1), SizeIs(1));
  // Time alone is no fact, nor is one that the policy does not ask for.
  GoTo(2027, 3, 1);
  State("H1", 1, "2026-03-01");
  Settle();
  EXPECT_THAT(Drafted(1), SizeIs(1));
  State("J1", 1, "2026-02-01");
  Settle();
  EXPECT_THAT(Drafted(1), SizeIs(2));
}

TEST_F(WatchTest, WhatAnotherCanGiveIsProposedToThem) {
  AgencyOptions second = options_.agencies[1];
  second.id = "second";
  options_.agencies.push_back(second);
  Reopen();
  AddEntitled(1);
  Refuse(Drafted(1)[0]);
  Settle();
  ASSERT_THAT(Drafted(1), SizeIs(2));
  EXPECT_EQ(Drafted(1)[1].draft().agency(), "second");
  EXPECT_EQ(Drafted(1)[1].draft().replaces(), Drafted(1)[0].referral());
  // Nobody is left.
  Refuse(Drafted(1)[1]);
  Settle();
  EXPECT_THAT(Drafted(1), SizeIs(2));
}

TEST_F(WatchTest, NothingIsLostByARestart) {
  AddEntitled(1);
  // Now somebody is there, and it is kept that everybody was looked at.
  Reopen();
  Settle();
  options_.entitlement_watch = false;
  Reopen();
  Register(2);
  State("J2", 2, "2026-01-05");
  Cancel(Drafted(1)[0], "SENT_ELSEWHERE");
  options_.entitlement_watch = true;
  watched_->TakeAsked();
  Reopen();
  Settle();
  // The journal told who was touched meanwhile; the rest is not looked at again.
  EXPECT_THAT(Drafted(2), SizeIs(1));
  EXPECT_THAT(watched_->TakeAsked(), UnorderedElementsAre(Asked{kPolicy}, Asked{kRelief, kPolicy}));
  ExpectVerified();
}

TEST_F(WatchTest, AHubThatWasNeverWatchedIsLookedAtFromItsBeginning) {
  options_.entitlement_watch = false;
  Reopen();
  for (int i = 1; i <= 5; ++i) {
    Register(i);
    State(absl::StrCat("J", i), i, "2026-01-05");
  }
  options_.entitlement_watch = true;
  Reopen();
  Settle();
  for (int i = 1; i <= 5; ++i) EXPECT_THAT(Drafted(i), SizeIs(1)) << i;
  ExpectVerified();
  // Once: whoever is looked at again after a restart gives nothing new.
  const store::Sequence entries = engine_->Counts().synced;
  Reopen();
  Settle();
  EXPECT_EQ(engine_->Counts().synced, entries);
}

TEST_F(WatchTest, NotesAndDraftsAreOneGroup) {
  Register(1);
  Settle();
  State("J1", 1, "2026-01-05");
  // The group of the watch does not reach the disk: neither a note nor a draft is there.
  store_->FillDisk(1);
  const absl::Status first = engine_->AwaitWatched(absl::Milliseconds(200));
  const bool noted = Noted(1, kPolicy).result() != journal::v1::ENTITLEMENT_RESULT_UNSPECIFIED;
  EXPECT_EQ(noted, !Drafted(1).empty());
  EXPECT_EQ(noted, first.ok());
  clock_.Advance(absl::Seconds(2));
  Settle();
  EXPECT_THAT(Drafted(1), SizeIs(1));
  EXPECT_EQ(Noted(1, kPolicy).result(), journal::v1::ENTITLEMENT_RESULT_ELIGIBLE);
  ExpectVerified();
}

TEST_F(WatchTest, WhatIsComputedAnewEvaluatesNothing) {
  AddEntitled(1);
  AddEntitled(2);
  const std::string before = engine_->Verify(nullptr)->live_hash;
  watched_->TakeAsked();
  AQ_ASSERT_OK(engine_->Rebuild(nullptr));
  EXPECT_THAT(watched_->TakeAsked(), IsEmpty());
  EXPECT_EQ(engine_->Verify(nullptr)->live_hash, before);
  // And goes on.
  State("H1", 1, "2026-03-01");
  Settle();
  EXPECT_THAT(Drafted(1, kRelief), SizeIs(1));
  ExpectVerified();
}

TEST_F(WatchTest, AnotherCatalogueHasEverybodyLookedAt) {
  Register(1);
  State("J1", 1, "2026-06-05");  // three months
  Settle();
  EXPECT_EQ(Noted(1, kPolicy).result(), journal::v1::ENTITLEMENT_RESULT_ELIGIBLE_FROM);
  EXPECT_THAT(Drafted(1), IsEmpty());
  auto files = SmallFiles();
  files["training-help.yaml"] = absl::StrReplaceAll(kTrainingFile, {{"value: 6", "value: 3"}});
  OpenWith(files);
  Settle();
  EXPECT_THAT(Drafted(1), SizeIs(1));
  // A policy that is no longer proposed is no longer noted.
  files["tables/entitlement-watch.yaml"] =
      absl::StrReplaceAll(kWatchFile, {{"      - {policy: training-help}\n", ""}});
  OpenWith(files);
  Settle();
  EXPECT_THAT(Notes(1).answers(), IsEmpty());
  ExpectVerified();
}

TEST_F(WatchTest, NotedAnswersComeOutTheSameYearsLater) {
  AddEntitled(1);
  const store::Sequence entry = Notices()[0].notice.sequence();
  auto files = SmallFiles();
  files["training-help.yaml"] = absl::StrReplaceAll(
      kTrainingFile, {{"value: 6", "value: 60"}, {"_months: 6", "_months: 60"}});
  OpenWith(files);
  State("J1", 1, "2026-09-01");
  GoTo(2029, 1, 1);
  AQ_ASSERT_OK_AND_ASSIGN(const auto again, RecomputeNotes(*store_, entry, nullptr));
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].stored.policy(), kPolicy);
  EXPECT_TRUE(again[0].equal) << again[0].recomputed.DebugString();
  EXPECT_THAT(RecomputeNotes(*store_, 1, nullptr), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(WatchTest, NoticesComePageByPage) {
  for (int i = 1; i <= 3; ++i) {
    AddEntitled(i);
    State(absl::StrCat("H", i), i, "2026-03-01");
  }
  Settle();
  const std::vector<NoticeView> all = Notices();
  ASSERT_THAT(all, SizeIs(6));
  std::vector<store::Sequence> paged;
  std::string after;
  do {
    const auto page = engine_->ListNotices({}, after, 1, "");
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_THAT(page->items, SizeIs(1));
    paged.push_back(page->items[0].notice.sequence());
    after = page->next_after;
  } while (!after.empty());
  ASSERT_THAT(paged, SizeIs(6));
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(paged[i], all[i].notice.sequence());
  // A page that is cut short goes on after any of its notices.
  AQ_ASSERT_OK_AND_ASSIGN(const auto whole, engine_->ListNotices({}, "", 10, ""));
  ASSERT_THAT(whole.places, SizeIs(6));
  AQ_ASSERT_OK_AND_ASSIGN(const auto rest, engine_->ListNotices({}, whole.places[2], 10, ""));
  ASSERT_THAT(rest.items, SizeIs(3));
  EXPECT_EQ(rest.items[0].case_id, all[3].case_id);
  EXPECT_EQ(rest.items[0].notice.sequence(), all[3].notice.sequence());
  EXPECT_THAT(Notices({.case_id = CaseOf(2), .policy = kRelief}), SizeIs(1));
  EXPECT_THAT(Notices({.kind = journal::v1::ENTITLEMENT_NOTICE_KIND_REMINDER}), IsEmpty());
  EXPECT_THAT(engine_->ListNotices({}, "", 10, "11")->items, IsEmpty());
  EXPECT_THAT(engine_->ListNotices({.case_id = "nobody"}, "", 10, ""),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(WatchTest, ErasingTakesTheNotesAlong) {
  engine_.reset();
  auto suite = store::CipherSuite::Make("aes-256-gcm-sha256");
  ASSERT_TRUE(suite.ok());
  auto ring = store::KeyRing::InMemory(**suite);
  ASSERT_TRUE(ring.ok());
  auto sealed =
      store::OpenSealedStore(store::NewMemoryStore(), *std::move(suite), *std::move(ring), {});
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  store_ = std::make_unique<FlakyStore>(*std::move(sealed));
  OpenWith(SmallFiles());
  AddEntitled(1);
  AddEntitled(2);
  const std::string one = CaseOf(1);
  const store::Sequence entry = Notices({.case_id = one})[0].notice.sequence();
  AQ_ASSERT_OK(engine_
                   ->ErasePerson(User("li", "supervisor"),
                                 {.request_id = "erase",
                                  .case_id = one,
                                  .reason = "PURPOSE_FULFILLED",
                                  .basis_reference = "个人信息保护法 第四十七条"},
                                 "")
                   .status());
  EXPECT_THAT(store_->NewSnapshot()->Get(store::NotesKey(one)),
              StatusIs(absl::StatusCode::kNotFound));
  AQ_ASSERT_OK_AND_ASSIGN(const std::string bytes, store_->GetEntry(entry));
  journal::v1::Entry erased;
  ASSERT_TRUE(erased.ParseFromString(bytes));
  EXPECT_TRUE(erased.erased());
  ASSERT_THAT(Notices(), SizeIs(1));
  // Whoever was due is not looked for.
  GoTo(2027, 12, 5);
  EXPECT_THAT(Reminders(), ElementsAre("training-help 2028-01-01"));
  ExpectVerified();
}

TEST_F(WatchTest, ACandidateIsComparedWithoutChangingAnything) {
  EXPECT_THAT(engine_->CompareCatalogue({}, "", 10, ""),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  testing::TempDir candidate;
  const auto write = [&](const std::map<std::string, std::string>& files) {
    for (const auto& [name, bytes] : files) {
      const std::string path = candidate.File(name);
      std::filesystem::create_directories(std::filesystem::path(path).parent_path());
      std::ofstream(path, std::ios::binary) << bytes;
    }
  };
  auto files = SmallFiles();
  files["training-help.yaml"] = absl::StrReplaceAll(kTrainingFile, {{"value: 6", "value: 3"}});
  files["relief-help.yaml"] = absl::StrReplaceAll(
      kReliefFile, {{"fact: minimum_living", "fact: rural_minimum_living"},
                    {"facts: {minimum_living", "facts: {rural_minimum_living"}});
  write(files);
  options_.candidate_catalogue = candidate.path();
  Reopen();
  Register(1);
  State("J1", 1, "2026-06-05");
  State("H2", 2, "2026-03-01");
  Settle();
  const store::Sequence before = engine_->Counts().synced;
  AQ_ASSERT_OK_AND_ASSIGN(const CatalogueComparison first,
                          engine_->CompareCatalogue({}, "", 1, ""));
  EXPECT_EQ(first.cases, 1);
  EXPECT_EQ(first.catalogue_hash, watched_->hash());
  ASSERT_THAT(first.changes, SizeIs(1));
  EXPECT_EQ(first.changes[0].kind, CatalogueComparison::Kind::kGain);
  EXPECT_EQ(first.changes[0].policy, kPolicy);
  AQ_ASSERT_OK_AND_ASSIGN(const CatalogueComparison second,
                          engine_->CompareCatalogue({}, first.next_after, 1, ""));
  ASSERT_THAT(second.changes, SizeIs(1));
  EXPECT_EQ(second.changes[0].kind, CatalogueComparison::Kind::kLoss);
  EXPECT_EQ(second.changes[0].policy, kRelief);
  EXPECT_EQ(second.next_after, "");
  EXPECT_EQ(engine_->Counts().synced, before);
  // A page ends before it grows over the bound on bytes, but has one case.
  options_.page_bytes_max = 1;
  Reopen();
  AQ_ASSERT_OK_AND_ASSIGN(const CatalogueComparison cut,
                          engine_->CompareCatalogue({}, "", 1000, ""));
  EXPECT_EQ(cut.cases, 1);
  EXPECT_THAT(cut.changes, SizeIs(1));
  EXPECT_EQ(cut.next_after, first.next_after);
  AQ_ASSERT_OK_AND_ASSIGN(const CatalogueComparison rest,
                          engine_->CompareCatalogue({}, cut.next_after, 1000, ""));
  EXPECT_EQ(rest.cases, 1);
  EXPECT_THAT(rest.changes, SizeIs(1));
  EXPECT_EQ(rest.next_after, "");
  options_.page_bytes_max = kPageBytesMax;
  Reopen();
  AQ_ASSERT_OK_AND_ASSIGN(const CatalogueComparison whole,
                          engine_->CompareCatalogue({}, "", 1000, ""));
  EXPECT_EQ(whole.cases, 2);
  EXPECT_THAT(whole.changes, SizeIs(2));
  EXPECT_EQ(whole.next_after, "");
  // Another candidate than that of the page before; then one with a mistake.
  files["training-help.yaml"] = absl::StrReplaceAll(kTrainingFile, {{"value: 6", "value: 4"}});
  write(files);
  EXPECT_THAT(engine_->CompareCatalogue({}, first.next_after, 1, ""),
              StatusIs(absl::StatusCode::kAborted));
  write({{"training-help.yaml", "id: training-help\nwrong: 1\n"}});
  EXPECT_THAT(engine_->CompareCatalogue({}, "", 1, ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("training-help.yaml:")));
}

}  // namespace
}  // namespace anqiao::engine

// Erasing, purging, computing anew, proofs and timers, over a store that seals.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/store/audit_log.h"
#include "hub/store/cipher.h"
#include "hub/store/key_ring.h"
#include "hub/store/keys.h"
#include "hub/store/log_trees.h"
#include "hub/store/sealed_store.h"
#include "tests/hub/engine/engine_fixture.h"
#include "tests/hub/engine/order_records.h"

namespace anqiao::engine {
namespace {

using testing::StatusIs;

// A store whose keys cannot be destroyed for a while.
class DelayingStore : public FlakyStore {
 public:
  using FlakyStore::FlakyStore;
  bool delaying = false;
  absl::Status DestroyKeys(const std::vector<store::KeyId>& keys) override {
    if (delaying) return absl::UnavailableError("not now");
    return FlakyStore::DestroyKeys(keys);
  }
};

class CustodyTest : public EngineFixture {
 protected:
  void SetUp() override {
    auto suite = store::CipherSuite::Make("aes-256-gcm-sha256");
    ASSERT_TRUE(suite.ok());
    auto ring = store::KeyRing::InMemory(**suite);
    ASSERT_TRUE(ring.ok());
    auto sealed =
        store::OpenSealedStore(store::NewMemoryStore(), *std::move(suite), *std::move(ring), {});
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    auto delaying = std::make_unique<DelayingStore>(*std::move(sealed));
    delaying_ = delaying.get();
    store_ = std::move(delaying);
    Open();
  }

  ErasePersonCommand Erasing(const std::string& person) {
    return {.request_id = absl::StrCat("erase-", ++requests_),
            .case_id = person,
            .reason = "PURPOSE_FULFILLED",
            .basis_reference = "个人信息保护法 第四十七条"};
  }
  static std::vector<exchange::v1::Disposition> Dispositions(
      const std::vector<SubmitResponse>& responses) {
    std::vector<exchange::v1::Disposition> all;
    for (const SubmitResponse& response : responses) {
      for (const auto& record : response.records()) all.push_back(record.disposition());
    }
    return all;
  }
  std::vector<std::string> People() {
    std::vector<std::string> ids;
    const auto cases = engine_->ListCases({}, "", 1000, "");
    if (!cases.ok()) return ids;
    for (const CaseView& view : cases->items) ids.push_back(view.document.person());
    return ids;
  }

  DelayingStore* delaying_ = nullptr;
};

// The live rows come in the order of hidden keys, those that are compared with them in that of
// plain ones.
TEST_F(CustodyTest, VerifyTellsHowManyRowsOfWhichFamilyDiffer) {
  for (int i = 1; i <= 20; ++i) AddPerson(i);
  ExpectVerified();
  engine_->Shutdown();
  std::vector<std::string> blocks, records;
  const auto snapshot = store_->NewSnapshot();
  AQ_ASSERT_OK(snapshot->Scan("", "", [&](absl::string_view key, absl::string_view) {
    if (key[0] == static_cast<char>(store::Family::kBlock)) blocks.emplace_back(key);
    if (key[0] == static_cast<char>(store::Family::kRecord)) records.emplace_back(key);
    return true;
  }));
  ASSERT_GE(blocks.size(), 20u);
  ASSERT_GE(records.size(), 20u);
  const std::unique_ptr<store::ProjectionBatch> batch = store_->NewBatch();
  for (int i : {3, 8, 11}) batch->Put(blocks[static_cast<std::size_t>(i)], "other");
  for (int i : {5, 13}) batch->Delete(blocks[static_cast<std::size_t>(i)]);
  batch->Put(store::BlockKey(1), "");
  batch->Delete(records[7]);
  AQ_ASSERT_OK(store_->Apply(*batch, store_->applied_sequence()));
  AQ_ASSERT_OK_AND_ASSIGN(const VerifyReport report, VerifyProjections(*store_, nullptr));
  EXPECT_FALSE(report.equal);
  EXPECT_THAT(report.differences,
              ::testing::ElementsAre("blocks: 3 other, 2 missing, 1 too many",
                                     "records: 0 other, 1 missing, 0 too many"));
}

TEST_F(CustodyTest, AnErasedPersonIsGoneAndEverybodyElseStays) {
  const std::string one = AddPerson(1), other = AddPerson(2);
  const ReferralDocument referral = SendOne(one);
  SendOne(other);
  ASSERT_EQ(Employment().pending_deliveries, 2);
  AQ_ASSERT_OK_AND_ASSIGN(const ErasureResult erased,
                          engine_->ErasePerson(User("li", "supervisor"), Erasing(one), ""));
  EXPECT_EQ(erased.records, 2);
  EXPECT_EQ(erased.referrals, 1);
  // Two records, a referral, and each id that the person was known by: first the police's alone.
  EXPECT_EQ(erased.keys, 5);
  EXPECT_THAT(engine_->GetCase(one, {}, ""), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(engine_->GetReferral(referral.referral(), ""), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(People(), ::testing::ElementsAre(other));
  EXPECT_EQ(Employment().pending_deliveries, 1);
  EXPECT_EQ(LiveRecords(), 1);
  EXPECT_EQ(engine_->ListReferrals({}, "", 10, "")->items.size(), 1u);
  ExpectVerified();
  // The same after a start.
  Open();
  EXPECT_THAT(People(), ::testing::ElementsAre(other));
  ExpectVerified();
  EXPECT_NE(NextOf(Receive()).name(), "");
}

TEST_F(CustodyTest, WhatAnErasedPersonConsentedToGoesWithThem) {
  const std::string one = AddPerson(1), other = AddPerson(2);
  const auto consent_of = [&](const std::string& person) {
    CreateConsentCommand command{.request_id = absl::StrCat("consent-", ++requests_),
                                 .case_id = person,
                                 .agency = "employment",
                                 .purpose = "referral:skills",
                                 .evidence = "档案 2026-17",
                                 .fields = {"beneficiary.name", "beneficiary.id_number", "course"},
                                 .expire_date = model::CivilDate::Of(2026, 12, 31)};
    const auto consent = engine_->CreateConsent(User(), command, "");
    EXPECT_TRUE(consent.ok()) << consent.status();
    return consent.ok() ? consent->consent().consent() : "";
  };
  const std::string first = consent_of(one), second = consent_of(one), kept = consent_of(other);
  ASSERT_EQ(engine_->ListConsents(one, "", 10, "")->items.size(), 2U);
  AQ_ASSERT_OK(engine_->ErasePerson(User("li", "supervisor"), Erasing(one), "").status());
  const auto expect_gone = [&] {
    EXPECT_EQ(ReasonOf(engine_->GetConsent(first, "").status()), reason::kConsentNotFound);
    EXPECT_EQ(ReasonOf(engine_->GetConsent(second, "").status()), reason::kConsentNotFound);
    EXPECT_EQ(ReasonOf(engine_->ListConsents(one, "", 10, "").status()), reason::kCaseNotFound);
    EXPECT_EQ(
        ReasonOf(engine_->WithdrawConsent(User(), {.request_id = "withdraw", .consent = first}, "")
                     .status()),
        reason::kConsentNotFound);
    EXPECT_EQ(engine_->ListConsents(other, "", 10, "")->items.size(), 1U);
    // Nothing of them is stored, nor that something comes due.
    const auto snapshot = store_->NewSnapshot();
    std::vector<std::string> keys;
    for (const store::Family family : {store::Family::kConsent, store::Family::kDue}) {
      const store::KeyRange range = store::FamilyRange(family);
      AQ_EXPECT_OK(
          snapshot->Scan(range.begin, range.end, [&](absl::string_view key, absl::string_view) {
            keys.emplace_back(key);
            return true;
          }));
    }
    ASSERT_EQ(keys.size(), 2U);
    EXPECT_EQ(keys[0], store::ConsentKey(kept));
    EXPECT_THAT(keys[1], ::testing::HasSubstr(kept));
  };
  expect_gone();
  ExpectVerified();
  AQ_ASSERT_OK(engine_->Rebuild(nullptr));
  expect_gone();
  Open();
  expect_gone();
  ExpectVerified();
}

TEST_F(CustodyTest, APlaceThatAnErasedPersonHeldIsFree) {
  const referral::ProviderDirectory directory =
      referral::ParseDirectory("test.yaml", R"(directory: test
open_within_days: 30
providers:
  - {id: school, title: {zh: 校, en: School}, agency: employment, kind: school, services: [skills], places: 1}
)")
          .value();
  options_.directory = &directory;
  Open();
  const auto held = [&] { return engine_->ListProviders("", "", 10)->items.at(0).held; };
  const std::string one = AddPerson(1), other = AddPerson(2);
  EXPECT_EQ(SendOne(one).draft().provider(), "school");
  EXPECT_EQ(held(), 1);
  EXPECT_EQ(ReasonOf(engine_->CreateReferral(User(), Draft(other), "").status()),
            reason::kNoProvider);
  AQ_ASSERT_OK(engine_->ErasePerson(User("li", "supervisor"), Erasing(one), "").status());
  EXPECT_EQ(held(), 0);
  ExpectVerified();
  EXPECT_EQ(SendOne(other).draft().provider(), "school");
  EXPECT_EQ(held(), 1);
  ExpectVerified();
  AQ_ASSERT_OK(engine_->Rebuild(nullptr));
  EXPECT_EQ(held(), 1);
  engine_.reset();
}

// The team and what was sent by law go with them, under keys of their own as everything else.
TEST_F(CustodyTest, TheCareTeamAndTheDispatchesOfAnErasedPersonGoWithThem) {
  testing::FakeAdapter orders("fedcba9876543210", MakeOrder);
  adapter::AdapterSlot slot(&orders);
  options_.agencies[0].adapter = &slot;
  Open();
  Submit("changes", absl::StrCat("O1|张安|", IdNumber(1), "||421202003010\n"));
  const std::string person = People().at(0);
  AQ_ASSERT_OK_AND_ASSIGN(const journal::v1::TeamMemberDocument member,
                          engine_->AddTeamMember(User(),
                                                 {.request_id = "member",
                                                  .case_id = person,
                                                  .role = "FAMILY",
                                                  .display_name = "王小妹",
                                                  .from = {},
                                                  .until = {},
                                                  .basis = "STATUTORY_DUTY"},
                                                 ""));
  AQ_ASSERT_OK_AND_ASSIGN(const journal::v1::DispatchDocument dispatch,
                          engine_->SendDispatch(User(),
                                                {.request_id = "report",
                                                 .case_id = person,
                                                 .agency = "police",
                                                 .kind = journal::v1::DISPATCH_KIND_REPORT,
                                                 .report_code = "REFUSED",
                                                 .event_date = engine_->Today(),
                                                 .legal_basis = "REPORT_DUTY",
                                                 .document_number = "虚构报〔2026〕3号"},
                                                ""));
  ASSERT_EQ(engine_->ListAgencies()->at(0).pending_deliveries, 1);
  AQ_ASSERT_OK_AND_ASSIGN(const ErasureResult erased,
                          engine_->ErasePerson(User("li", "supervisor"), Erasing(person), ""));
  EXPECT_EQ(erased.keys, 4);  // a record, a membership, a dispatch, the person's own
  EXPECT_EQ(ReasonOf(engine_->GetTeamMember(member.added().member(), "").status()),
            reason::kTeamMemberNotFound);
  EXPECT_EQ(ReasonOf(engine_->GetDispatch(dispatch.sent().dispatch(), "").status()),
            reason::kDispatchNotFound);
  EXPECT_EQ(engine_->ListAgencies()->at(0).pending_deliveries, 0);
  ExpectVerified();
  // A repeat of what was erased says so.
  EXPECT_EQ(ReasonOf(engine_
                         ->AddTeamMember(User(),
                                         {.request_id = "member",
                                          .case_id = person,
                                          .role = "FAMILY",
                                          .display_name = "王小妹",
                                          .from = {},
                                          .until = {},
                                          .basis = "STATUTORY_DUTY"},
                                         "")
                         .status()),
            reason::kErased);
  Open();
  ExpectVerified();
  engine_.reset();
}

TEST_F(CustodyTest, ARepeatAnswersErasedForTheirRowsAndAsBeforeForTheOthers) {
  const std::string payload = absl::StrCat("P1|张安|", IdNumber(1), "||421202003010\nP2|李平|",
                                           IdNumber(2), "||421202003010\n");
  const auto first = Submit("changes", payload, "request");
  const auto again = Submit("changes", payload, "request");
  EXPECT_EQ(Dispositions(again), Dispositions(first));
  EXPECT_EQ(again[0].records(0).record_key(), "P1");
  EXPECT_EQ(again[0].records(0).log_position(), first[0].records(0).log_position());
  std::string person;
  for (const std::string& id : People()) {
    if (engine_->GetCase(id, {}, "")->folded.id_number == IdNumber(1)) person = id;
  }
  AQ_ASSERT_OK(engine_->ErasePerson(User("li", "supervisor"), Erasing(person), ""));
  const auto erased = Submit("changes", payload, "request");
  EXPECT_THAT(Dispositions(erased), ::testing::ElementsAre(exchange::v1::DISPOSITION_ERASED,
                                                           exchange::v1::DISPOSITION_ACCEPTED));
  EXPECT_EQ(erased[0].records(0).record_key(), "");
  EXPECT_EQ(erased[0].records(1).record_key(), "P2");
  EXPECT_EQ(Summary(erased).erased_count(), 1u);
  // Sent again under another request, they are somebody new.
  EXPECT_THAT(Dispositions(Submit("changes", payload, "later")),
              ::testing::ElementsAre(exchange::v1::DISPOSITION_ACCEPTED,
                                     exchange::v1::DISPOSITION_UNCHANGED));
  EXPECT_EQ(People().size(), 2u);
  EXPECT_THAT(People(), ::testing::Not(::testing::Contains(person)));
  ExpectVerified();
}

TEST_F(CustodyTest, CommandsOnWhatWasErasedAnswerErased) {
  const std::string person = AddPerson(1);
  const CreateReferralCommand draft = Draft(person);
  AQ_ASSERT_OK(engine_->CreateReferral(User(), draft, ""));
  const ErasePersonCommand erasing = Erasing(person);
  AQ_ASSERT_OK(engine_->ErasePerson(User("li", "supervisor"), erasing, ""));
  const auto repeated = engine_->CreateReferral(User(), draft, "");
  EXPECT_THAT(repeated, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(ReasonOf(repeated.status()), reason::kErased);
  // The erasure itself answers as before, and with other content it is a conflict.
  AQ_ASSERT_OK_AND_ASSIGN(const ErasureResult again,
                          engine_->ErasePerson(User("li", "supervisor"), erasing, ""));
  EXPECT_EQ(again.sequence, 0u);
  EXPECT_EQ(again.records, 2);
  ErasePersonCommand conflict = erasing;
  conflict.reason = "OTHER";
  EXPECT_THAT(engine_->ErasePerson(User("li", "supervisor"), conflict, ""),
              StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(CustodyTest, AnErasureThatACrashCutShortIsFinishedAtTheNextStart) {
  const std::string one = AddPerson(1), other = AddPerson(2);
  delaying_->delaying = true;
  EXPECT_THAT(engine_->ErasePerson(User("li", "supervisor"), Erasing(one), ""),
              StatusIs(absl::StatusCode::kUnavailable));
  delaying_->delaying = false;
  Open();
  EXPECT_THAT(People(), ::testing::ElementsAre(other));
  EXPECT_GT(delaying_->destroyed_through(), 0u);
  EXPECT_GE(delaying_->projections_born(), delaying_->destroyed_through());
  ExpectVerified();
}

TEST_F(CustodyTest, ErasingAsksForWhatTheLawAsks) {
  const std::string person = AddPerson(1);
  ErasePersonCommand command = Erasing(person);
  command.reason.clear();
  EXPECT_THAT(engine_->ErasePerson(User(), command, ""),
              StatusIs(absl::StatusCode::kInvalidArgument));
  command = Erasing(person);
  command.basis_reference.clear();
  EXPECT_THAT(engine_->ErasePerson(User(), command, ""),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(engine_->ErasePerson(User(), Erasing("nobody"), ""),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(engine_->ErasePerson(User(), Erasing(person), "999999"),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(People().size(), 1u);
}

TEST_F(CustodyTest, WithoutSealingNothingCanBeErased) {
  store_ = std::make_unique<FlakyStore>(store::NewMemoryStore());
  Open();
  const std::string person = AddPerson(1);
  EXPECT_THAT(engine_->ErasePerson(User(), Erasing(person), ""),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(engine_->Purge(User(), {.request_id = "",
                                      .retention_class = journal::v1::RETENTION_CLASS_PAYLOADS,
                                      .before = clock_.Now()}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(CustodyTest, BytesInQuarantineThatCannotBeCutGoWithThePerson) {
  const std::string person = AddPerson(1);
  // The same person with a row that cannot be read beside it.
  Submit("changes", absl::StrCat("P1|张安|", IdNumber(1), "|2026-02-03|421202003010\nBAD\n"));
  ASSERT_EQ(engine_->ListQuarantine("", "", 10)->items.size(), 1u);
  AQ_ASSERT_OK_AND_ASSIGN(const ErasureResult erased,
                          engine_->ErasePerson(User("li", "supervisor"), Erasing(person), ""));
  EXPECT_EQ(erased.payloads, 1);
  EXPECT_EQ(engine_->ListQuarantine("", "", 10)->items.size(), 0u);
  ExpectVerified();
}

TEST_F(CustodyTest, ErasedRowsAreNotInACorrectionFileAndTheOthersAreFound) {
  const std::string head = "HEADER\n";
  const std::string rows[] = {absl::StrCat("J1|张安|", IdNumber(1), "|2026-01-05|421202\n"),
                              absl::StrCat("J2|李平|", IdNumber(2), "|2026-01-05|421202\n"),
                              "J3|王宁|?|2026-01-05|421202\n"};
  // An adapter that says where records begin, so that each has its part of the bytes.
  testing::FakeAdapter adapter("located", [&](adapter::v1::Record* record) {
    std::size_t offset = head.size();
    for (std::uint64_t row = 2; row < record->row(); ++row) offset += rows[row - 2].size();
    record->set_byte_offset(offset);
  });
  adapter::AdapterSlot slot(&adapter);
  options_.agencies[1].adapter = &slot;
  Open();
  SubmitAndWait(Command("employment", "jobless", head + rows[0] + rows[1] + rows[2], "mine"));
  const std::string expected = "J3|王宁|?|2026-01-05|421202|第4行 ";
  const auto whole = engine_->GetCorrections("employment", "mine", "zh");
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_THAT(whole->bytes, ::testing::StartsWith(expected));
  for (const std::string& person : People()) {
    if (engine_->GetCase(person, {}, "")->folded.id_number == IdNumber(1)) {
      AQ_ASSERT_OK(engine_->ErasePerson(User("li", "supervisor"), Erasing(person), ""));
    }
  }
  const auto cut = engine_->GetCorrections("employment", "mine", "zh");
  ASSERT_TRUE(cut.ok()) << cut.status();
  EXPECT_EQ(cut->bytes, whole->bytes);
  clock_.Advance(absl::Hours(1));
  AQ_ASSERT_OK(engine_->Purge(User("ops", "operator"),
                              {.request_id = "purge",
                               .retention_class = journal::v1::RETENTION_CLASS_PAYLOADS,
                               .before = engine_->Now()}));
  EXPECT_EQ(ReasonOf(engine_->GetCorrections("employment", "mine", "zh").status()),
            reason::kPayloadNotKept);
  engine_.reset();
}

TEST_F(CustodyTest, ProjectionsAreComputedAnewWhileOthersWork) {
  for (int i = 1; i <= 5; ++i) AddPerson(i);
  const auto before = People();
  store::Sequence seen = 0;
  AQ_ASSERT_OK(engine_->Rebuild([&](store::Sequence done, store::Sequence total) {
    seen = done;
    EXPECT_LE(done, total);
    return true;
  }));
  EXPECT_GT(seen, 0u);
  EXPECT_EQ(People(), before);
  EXPECT_THAT(engine_->Rebuild([](store::Sequence, store::Sequence) { return false; }),
              StatusIs(absl::StatusCode::kCancelled));
  AddPerson(6);
  EXPECT_EQ(People().size(), 6u);
  ExpectVerified();
}

TEST_F(CustodyTest, PurgingRemovesWhatIsOldAndLeavesTheRest) {
  Submit("changes", "P1|旧|1|||\nBAD\n");
  clock_.Advance(absl::Hours(24 * 40));
  const absl::Time border = clock_.Now();
  clock_.Advance(absl::Hours(1));
  Submit("changes", "P2|新|2|||\nBAD\n");
  ASSERT_EQ(engine_->ListQuarantine("", "", 10)->items.size(), 2u);
  const PurgeCommand command{.request_id = "purge",
                             .retention_class = journal::v1::RETENTION_CLASS_PAYLOADS,
                             .before = border};
  AQ_ASSERT_OK_AND_ASSIGN(const PurgeResult purged, engine_->Purge(User("ops"), command));
  EXPECT_EQ(purged.purged.payloads_size(), 1);
  AQ_ASSERT_OK_AND_ASSIGN(const auto left, engine_->ListQuarantine("", "", 10));
  ASSERT_EQ(left.items.size(), 1u);
  EXPECT_THAT(store_->GetBlob(purged.purged.payloads(0)), StatusIs(absl::StatusCode::kNotFound));
  ExpectVerified();
  exchange::v1::InclusionProof inclusion;
  AQ_ASSERT_OK_AND_ASSIGN(const LogHead head, engine_->CertifyEntry(purged.sequence, &inclusion));
  AQ_EXPECT_OK(store::VerifyHead(head.head, head.public_key));
  AQ_EXPECT_OK(store::VerifyLeaf(inclusion, head.head));
  // Access of this month stays, of a month that is over goes.
  engine_->RecordAccess(User(), "/method", "cases/p1", true, "");
  AddPerson(3);
  clock_.Advance(absl::Hours(24 * 40));
  AQ_ASSERT_OK_AND_ASSIGN(
      const PurgeResult access,
      engine_->Purge(User("ops"), {.request_id = "",
                                   .retention_class = journal::v1::RETENTION_CLASS_ACCESS_LOG,
                                   .before = clock_.Now()}));
  EXPECT_EQ(access.purged.keys_size(), 1);
  ExpectVerified();
  // The key of the running month is never destroyed, however late the border.
  engine_->RecordAccess(User(), "/method", "cases/p1", true, "");
  AddPerson(4);
  clock_.Advance(absl::Seconds(1));
  AQ_ASSERT_OK_AND_ASSIGN(
      const PurgeResult none,
      engine_->Purge(User("ops"), {.request_id = "",
                                   .retention_class = journal::v1::RETENTION_CLASS_ACCESS_LOG,
                                   .before = clock_.Now()}));
  EXPECT_EQ(none.purged.keys_size(), 0);
  engine_->RecordAccess(User(), "/method", "cases/p1", true, "");
  AddPerson(5);
  EXPECT_THAT(engine_->Purge(User("ops"), {.request_id = "",
                                           .retention_class = journal::v1::RETENTION_CLASS_PAYLOADS,
                                           .before = clock_.Now() + absl::Hours(1)}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CustodyTest, AnAgencyCanCheckItsOwnRecord) {
  AddPerson(1);
  AQ_ASSERT_OK_AND_ASSIGN(const auto proof, engine_->ProveRecord("police", "changes", "P1"));
  AQ_ASSERT_OK_AND_ASSIGN(const LogHead head, engine_->GetLogHead("agencies/police", 0));
  AQ_EXPECT_OK(store::VerifyRecordProof(proof, head.public_key));
  journal::v1::Observation observation;
  ASSERT_TRUE(observation.ParseFromString(proof.content()));
  EXPECT_EQ(observation.subject().id_number(), IdNumber(1));
  EXPECT_THAT(engine_->ProveRecord("police", "changes", "P9"),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(engine_->ProveRecord("employment", "changes", "P1"),
              StatusIs(absl::StatusCode::kNotFound));
  AddPerson(2);
  AQ_ASSERT_OK_AND_ASSIGN(const LogHead later,
                          engine_->GetLogHead("agencies/police", head.head.size()));
  AQ_EXPECT_OK(store::VerifyGrowth(*later.growth, head.head, later.head));
  EXPECT_THAT(engine_->GetLogHead("agencies/none", 0), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(engine_->GetLogHead("hub", 1'000'000), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CustodyTest, ReceiptsTellThePlaceInTheAgencysOwnLog) {
  const auto first = Submit("changes", "P1|张安|||421202003010\nP2|李平|||421202003010\n");
  EXPECT_EQ(first[0].records(0).log_position(), 1u);
  EXPECT_EQ(first[0].records(1).log_position(), 2u);
  // The closing entry is the third.
  const auto second = Submit("changes", "P3|王和|||421202003010\nP1|张安|||421202003010\n");
  EXPECT_EQ(second[0].records(0).log_position(), 4u);
  EXPECT_EQ(second[0].records(1).log_position(), 0u);
  AQ_ASSERT_OK_AND_ASSIGN(const auto proof, engine_->ProveRecord("police", "changes", "P3"));
  EXPECT_EQ(proof.inclusion().index() + 1, 4u);
}

TEST_F(CustodyTest, TheLogsAreAnchoredWhenTheTimerIsDue) {
  options_.anchor_interval = absl::Hours(1);
  Open();
  AddPerson(1);
  const auto anchored = [&] {
    int count = 0;
    EXPECT_TRUE(
        store_
            ->ReadJournal(1,
                          [&](store::Sequence sequence, absl::string_view bytes) {
                            journal::v1::Entry entry;
                            EXPECT_TRUE(
                                entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
                            if (!entry.has_logs_anchored()) return true;
                            ++count;
                            EXPECT_TRUE(store_->GetBlob(absl::StrCat("head/", sequence)).ok());
                            return true;
                          })
            .ok());
    return count;
  };
  while (anchored() < 1) absl::SleepFor(absl::Milliseconds(20));
  clock_.Advance(absl::Hours(24 * 3650));
  while (anchored() < 2) absl::SleepFor(absl::Milliseconds(20));
  clock_.Advance(-absl::Hours(2 * 24 * 3650));
  while (anchored() < 3) absl::SleepFor(absl::Milliseconds(20));
  ExpectVerified();
}

}  // namespace
}  // namespace anqiao::engine

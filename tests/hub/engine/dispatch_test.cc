// Reports to the police and transfers of files: on a recorded basis only, whole or not at all.

#include "hub/engine/referral_book.h"
#include "hub/engine/values.h"
#include "tests/hub/engine/care_fixture.h"

namespace anqiao::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using journal::v1::DispatchDocument;
using model::CivilDate;

class DispatchTest : public CareFixture {
 protected:
  SendDispatchCommand Report(const std::string& person) {
    SendDispatchCommand command;
    command.request_id = absl::StrCat("dispatch-", ++requests_);
    command.case_id = person;
    command.agency = "police";
    command.kind = journal::v1::DISPATCH_KIND_REPORT;
    command.report_code = "REFUSED";
    command.event_date = CivilDate::Of(2026, 9, 20);
    command.legal_basis = "REPORT_DUTY";
    command.document_number = "虚构报〔2026〕3号";
    return command;
  }
  SendDispatchCommand Transfer(const std::string& person) {
    SendDispatchCommand command = Report(person);
    command.agency = "north_street";
    command.kind = journal::v1::DISPATCH_KIND_TRANSFER;
    command.report_code.clear();
    command.event_date = CivilDate::Of(2026, 9, 14);
    command.legal_basis = "CHANGE_OF_PLACE";
    command.document_number = "虚构移〔2026〕5号";
    return command;
  }
  DispatchDocument Send(const SendDispatchCommand& command) {
    const auto sent = engine_->SendDispatch(User(), command, "");
    EXPECT_TRUE(sent.ok()) << sent.status();
    return sent.ok() ? *sent : DispatchDocument();
  }
};

std::string Text(const type::v1::CivilDate& date) { return CivilDate::FromProto(date).ToString(); }

TEST_P(DispatchTest, AReportLeavesAsOneEntryWithTheOrderAndNothingMore) {
  const std::string person = AddOrdered();
  const store::Sequence before = engine_->Counts().synced;
  const DispatchDocument sent = Send(Report(person));
  EXPECT_EQ(engine_->Counts().synced, before + 1);
  const auto delivered = TakeAll("police");
  ASSERT_EQ(delivered.size(), 1U);
  EXPECT_EQ(delivered[0].name(), absl::StrCat("deliveries/", sent.sent().delivery().delivery()));
  EXPECT_EQ(delivered[0].referral(), "");
  EXPECT_EQ(delivered[0].etag(), "");
  EXPECT_EQ(delivered[0].native(), "");
  ASSERT_TRUE(delivered[0].has_report());
  const exchange::v1::DutyReport& report = delivered[0].report();
  EXPECT_EQ(report.code(), "R01");
  EXPECT_EQ(Text(report.event_date()), "2026-09-20");
  EXPECT_EQ(report.legal_basis(), "REPORT_DUTY");
  EXPECT_EQ(report.document_number(), "虚构报〔2026〕3号");
  EXPECT_EQ(report.subject().name(), "张安");
  EXPECT_EQ(report.subject().id_number(), IdNumber(1));
  EXPECT_EQ(report.file_number(), "O1");
  EXPECT_EQ(report.order().kind(), "M1");
  EXPECT_EQ(report.order().document_number(), "虚构决〔2026〕7号");
  EXPECT_EQ(Text(report.order().decided_date()), "2026-05-06");
  // Whoever is told nothing hears nothing.
  EXPECT_THAT(TakeAll(), IsEmpty());
  EXPECT_THAT(TakeAll("north_street"), IsEmpty());

  const auto ledger = Ledger(person);
  ASSERT_EQ(ledger.size(), 1U);
  const journal::v1::Disclosure& told = ledger[0].disclosure();
  EXPECT_EQ(ledger[0].dispatch(), sent.sent().dispatch());
  EXPECT_EQ(told.agency(), "police");
  EXPECT_EQ(told.purpose(), "report:REFUSED");
  EXPECT_EQ(told.basis(), "REPORT_DUTY");
  EXPECT_EQ(told.basis_reference(), "戒毒条例 第二十一条 虚构报〔2026〕3号");
  EXPECT_EQ(told.view(), "DutyReport");
  EXPECT_THAT(told.fields(),
              ElementsAre("code", "document_number", "event_date", "file_number", "legal_basis",
                          "order.decided_date", "order.document_number", "order.kind",
                          "order.received_date", "order.reported_date", "subject.id_number",
                          "subject.name"));
  // Acknowledged as everything else that is delivered.
  EXPECT_TRUE(ledger[0].has_acknowledge_time());
  EXPECT_TRUE(ledger[0].has_handed_over());
  const auto now = engine_->GetDispatch(sent.sent().dispatch(), "");
  ASSERT_TRUE(now.ok()) << now.status();
  EXPECT_TRUE(now->has_acknowledge_time());
  EXPECT_EQ(now->sent().delivery().envelope(), "");
  ExpectVerified();
  Restart();
  EXPECT_EQ(engine_->ListDispatches(person, "", 10, "")->items.size(), 1U);
  EXPECT_THAT(TakeAll("police"), IsEmpty());
  ExpectVerified();
}

// The rule of the views the other way round: what civil affairs, employment and tax state changes
// no byte of what the police are told.
TEST_P(DispatchTest, ThePoliceLearnNothingThatAnotherAgencyStated) {
  const auto told = [&](int number, bool known) {
    const std::string person = AddOrdered(number, known);
    if (known) {
      SubmitAndWait(Command(
          "employment", "jobless",
          absl::StrCat("H", number, "|张安一|", IdNumber(number), "|2026-02-01|421202003012\n")));
    }
    Send(Report(person));
    const auto delivered = TakeAll("police");
    EXPECT_EQ(delivered.size(), 1U);
    exchange::v1::DutyReport report = delivered.at(0).report();
    EXPECT_EQ(report.subject().id_number(), IdNumber(number));
    EXPECT_EQ(report.file_number(), absl::StrCat("O", number));
    report.mutable_subject()->clear_id_number();
    report.clear_file_number();
    return Canonical(report);
  };
  EXPECT_EQ(told(1, true), told(2, false));
}

TEST_P(DispatchTest, AFileLeavesForTheOfficeWithItsOrdersAndTheDayForReporting) {
  const std::string person = AddOrdered();
  Send(Transfer(person));
  const auto delivered = TakeAll("north_street");
  ASSERT_EQ(delivered.size(), 1U);
  ASSERT_TRUE(delivered[0].has_transfer());
  const exchange::v1::FileTransfer& transfer = delivered[0].transfer();
  EXPECT_EQ(transfer.legal_basis(), "CHANGE_OF_PLACE");
  EXPECT_EQ(transfer.document_number(), "虚构移〔2026〕5号");
  EXPECT_EQ(transfer.subject().name(), "张安");
  EXPECT_EQ(transfer.subject().id_number(), IdNumber(1));
  ASSERT_EQ(transfer.orders_size(), 1);
  EXPECT_EQ(transfer.orders(0).document_number(), "虚构决〔2026〕7号");
  EXPECT_EQ(Text(transfer.orders(0).reported_date()), "2026-05-20");
  EXPECT_EQ(transfer.phase(), "S04");
  EXPECT_EQ(Text(transfer.phase_since_date()), "2026-05-20");
  EXPECT_EQ(Text(transfer.move_date()), "2026-09-14");
  EXPECT_EQ(Text(transfer.report_due_date()), "2026-09-29");
  // Of the unemployment and the division that employment states there is nothing.
  EXPECT_THAT(transfer.DebugString(), Not(HasSubstr("421202\"")));
  EXPECT_THAT(TakeAll("police"), IsEmpty());
  EXPECT_THAT(TakeAll(), IsEmpty());
  EXPECT_EQ(Ledger(person).at(0).disclosure().purpose(), "transfer");
  EXPECT_EQ(Ledger(person).at(0).disclosure().view(), "FileTransfer");
  ExpectVerified();
}

TEST_P(DispatchTest, NothingLeavesWithoutABasisAnOrderAndTheRightRecipient) {
  const std::string person = AddOrdered();
  const std::string ended = AddOrdered(2, true, "Q");
  const std::string of_police = AddOrdered(3, false);
  const std::string registered = AddPerson(4);
  const auto before = Everything();
  const auto why = [&](SendDispatchCommand command,
                       const std::function<void(SendDispatchCommand*)>& change) {
    change(&command);
    const absl::Status status = engine_->SendDispatch(User(), command, "").status();
    EXPECT_EQ(Everything(), before) << status;
    return ReasonOf(status);
  };
  const auto report = [&](const std::function<void(SendDispatchCommand*)>& change) {
    return why(Report(person), change);
  };
  const auto transfer = [&](const std::function<void(SendDispatchCommand*)>& change) {
    return why(Transfer(person), change);
  };
  const auto nothing = [](auto*) {};
  // 治安管理处罚法 第一百三十六条: no basis or no document, nothing leaves.
  EXPECT_EQ(report([](auto* c) { c->legal_basis = ""; }), reason::kNoLegalBasis);
  EXPECT_EQ(report([](auto* c) { c->legal_basis = "STATUTORY_DUTY"; }), reason::kNoLegalBasis);
  EXPECT_EQ(report([](auto* c) { c->legal_basis = "CHANGE_OF_PLACE"; }), reason::kNoLegalBasis);
  EXPECT_EQ(report([](auto* c) { c->document_number = ""; }), reason::kNoLegalBasis);
  EXPECT_EQ(report([](auto* c) { c->document_number = "电话通知"; }), reason::kNoLegalBasis);
  EXPECT_EQ(report([](auto* c) { c->document_number = "1\n2"; }), reason::kNoLegalBasis);
  EXPECT_EQ(report([](auto* c) { c->document_number.assign(101, '1'); }), reason::kNoLegalBasis);
  EXPECT_EQ(transfer([](auto* c) { c->legal_basis = "REPORT_DUTY"; }), reason::kNoLegalBasis);
  EXPECT_EQ(transfer([](auto* c) { c->document_number = ""; }), reason::kNoLegalBasis);
  // The duty to report is not for an absence alone.
  EXPECT_EQ(report([](auto* c) { c->report_code = "LEFT_WITHOUT_REPORT"; }), reason::kNoLegalBasis);
  // Who is told.
  EXPECT_EQ(report([](auto* c) { c->agency = "employment"; }), reason::kRecipientNotAllowed);
  EXPECT_EQ(report([](auto* c) { c->agency = "north_street"; }), reason::kRecipientNotAllowed);
  EXPECT_EQ(transfer([](auto* c) { c->agency = "police"; }), reason::kRecipientNotAllowed);
  EXPECT_EQ(report([](auto* c) { c->agency = "nobody"; }), reason::kAgencyNotFound);
  // Of whom.
  EXPECT_EQ(why(Report(ended), nothing), reason::kNoOrder);
  EXPECT_EQ(why(Report(registered), nothing), reason::kNoOrder);
  EXPECT_EQ(why(Transfer(ended), nothing), reason::kNoOrder);
  EXPECT_EQ(report([](auto* c) { c->case_id = "pnone"; }), reason::kCaseNotFound);
  EXPECT_EQ(ReasonOf(engine_->SendDispatch(User(), Report(person), "330").status()),
            reason::kCaseNotFound);
  // What is said wrongly.
  EXPECT_EQ(report([](auto* c) { c->report_code = "RUMOUR"; }), reason::kInvalidField);
  EXPECT_EQ(report([](auto* c) { c->event_date = CivilDate::Of(2026, 9, 22); }),
            reason::kInvalidField);
  EXPECT_EQ(report([](auto* c) { c->event_date = CivilDate::Of(2026, 5, 5); }),
            reason::kInvalidField);
  EXPECT_EQ(report([](auto* c) { c->event_date = {}; }), reason::kInvalidField);
  EXPECT_EQ(transfer([](auto* c) { c->event_date = CivilDate::Of(2026, 5, 5); }),
            reason::kInvalidField);
  EXPECT_EQ(report([](auto* c) { c->etag = "0123456789abcdef"; }), reason::kEtagMismatch);
  EXPECT_THAT(TakeAll("police"), IsEmpty());
  EXPECT_THAT(TakeAll("north_street"), IsEmpty());
  // A file moves though only the police know the person.
  Send(Transfer(of_police));
  EXPECT_NE(TakeAll("north_street").at(0).transfer().subject().name(), "");
  // What the police ask for, by their letter.
  SendDispatchCommand asked = Report(of_police);
  asked.report_code = "LEFT_WITHOUT_REPORT";
  asked.legal_basis = "CASE_HANDLING";
  asked.etag = CaseEtag(engine_->GetCase(of_police, engine_->Today(), "")->document);
  Send(asked);
  EXPECT_EQ(TakeAll("police").at(0).report().code(), "R04");
}

TEST_P(DispatchTest, ARepeatAnswersAsBefore) {
  const std::string person = AddOrdered();
  const SendDispatchCommand command = Report(person);
  const DispatchDocument sent = Send(command);
  EXPECT_EQ(Send(command).sent().dispatch(), sent.sent().dispatch());
  SendDispatchCommand other = command;
  other.report_code = "RELAPSE";
  EXPECT_EQ(ReasonOf(engine_->SendDispatch(User(), other, "").status()),
            reason::kRequestIdConflict);
  EXPECT_EQ(TakeAll("police").size(), 1U);
  EXPECT_EQ(ReasonOf(engine_->GetDispatch(sent.sent().dispatch(), "330").status()),
            reason::kDispatchNotFound);
  EXPECT_EQ(ReasonOf(engine_->GetDispatch("snone", "").status()), reason::kDispatchNotFound);
  Send(Report(person));
  Send(Report(person));
  const auto first = engine_->ListDispatches(person, "", 2, "");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->items.size(), 2U);
  EXPECT_EQ(engine_->ListDispatches(person, first->next_after, 2, "")->items.size(), 1U);
}

// A refused one holds nobody up, and is set aside and sent again as every delivery is.
TEST_P(DispatchTest, IsRefusedSetAsideAndSentAgain) {
  const std::string person = AddOrdered();
  const DispatchDocument sent = Send(Report(person));
  const DispatchDocument next = Send(Report(person));
  const std::string id = sent.sent().delivery().delivery();
  {
    const auto stream = engine_->OpenReceive("police", 1, absl::Seconds(60));
    ASSERT_TRUE(stream.ok()) << stream.status();
    int refused = 0;
    std::set<std::string> taken;
    while (refused < 3) {
      const exchange::v1::Delivery delivery = NextOf(**stream);
      ASSERT_FALSE(delivery.name().empty());
      taken.insert(delivery.name());
      if (delivery.name() == "deliveries/" + id) {
        AQ_ASSERT_OK((*stream)->Nack(delivery.name(), "TRY_LATER"));
        ++refused;
      } else {
        AQ_ASSERT_OK((*stream)->Ack(delivery.name()));
      }
      clock_.Advance(absl::Seconds(1));
    }
    EXPECT_THAT(taken,
                ElementsAre("deliveries/" + std::min(id, next.sent().delivery().delivery()),
                            "deliveries/" + std::max(id, next.sent().delivery().delivery())));
  }
  const auto dead = engine_->ListDeliveries({.agency = "police", .dead = true}, "", 10);
  ASSERT_TRUE(dead.ok()) << dead.status();
  ASSERT_EQ(dead->items.size(), 1U);
  EXPECT_EQ(dead->items[0].dispatch(), sent.sent().dispatch());
  EXPECT_EQ(dead->items[0].referral(), "");
  AQ_ASSERT_OK(
      engine_->MendDelivery(User("li", "operator"), {.request_id = "m1", .delivery = id}).status());
  EXPECT_EQ(TakeAll("police").size(), 1U);
  ExpectVerified();
}

TEST_P(DispatchTest, AtTheGateNothingHasHappenedWhateverStepFails) {
  const std::string person = AddOrdered();
  const SendDispatchCommand commands[] = {Report(person), Transfer(person)};
  std::set<std::string> hit;
  const std::string* failing = nullptr;
  options_.test_hooks.at_gate = [&](absl::string_view step) -> absl::Status {
    hit.emplace(step);
    if (failing != nullptr && *failing == step) return absl::UnavailableError("injected");
    return absl::OkStatus();
  };
  Restart();
  const auto before = Everything();
  for (const SendDispatchCommand& command : commands) {
    for (const std::string step : kDispatchGateSteps) {
      SCOPED_TRACE(step);
      failing = &step;
      EXPECT_EQ(engine_->SendDispatch(User(), command, "").status().code(),
                absl::StatusCode::kUnavailable);
      EXPECT_EQ(Everything(), before);
    }
    failing = nullptr;
    // Nor if the entry cannot be written.
    store_->FillDisk(1);
    EXPECT_EQ(engine_->SendDispatch(User(), command, "").status().code(),
              absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(Everything(), before);
    EXPECT_THAT(TakeAll(command.agency), IsEmpty());
  }
  EXPECT_EQ(hit,
            std::set<std::string>(std::begin(kDispatchGateSteps), std::end(kDispatchGateSteps)));
  EXPECT_THAT(Ledger(person), IsEmpty());
  // The request ids are not used up.
  for (const SendDispatchCommand& command : commands) {
    Send(command);
    EXPECT_EQ(TakeAll(command.agency).size(), 1U);
  }
  ExpectVerified();
}

INSTANTIATE_TEST_SUITE_P(Stores, DispatchTest, ::testing::Bool());

}  // namespace
}  // namespace anqiao::engine

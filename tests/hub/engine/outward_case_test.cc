#include "hub/engine/outward_case.h"

#include <cstring>

#include "tests/hub/engine/engine_fixture.h"
#include "tests/hub/engine/record_adapter.h"

namespace anqiao::engine {
namespace {

class OutwardCaseTest : public EngineFixture {
 protected:
  OutwardCaseTest() {
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
  // The number's birth date is 1990-01-01.
  void Jobless(const std::string& more) {
    HandIn("employment", "jobless",
           absl::StrCat("J;1=张安;3=", IdNumber(1), ";70=2026-01-05", more));
  }
  void Relief(const std::string& more) {
    HandIn("civil_affairs", "relief", "C;1=张安;50=H1;51=TEMPORARY;53=2026-02" + more);
  }
  void Register(const std::string& id_number, const std::string& more) {
    HandIn("police", "register", absl::StrCat("P;1=张安;3=", id_number, ";20=G1", more));
  }

  CaseView CaseOf(const std::string& agency) {
    const auto cases = engine_->ListCases({}, "", 1000, "");
    EXPECT_TRUE(cases.ok()) << cases.status();
    if (!cases.ok()) return {};
    for (const CaseView& view : cases->items) {
      for (const auto& record : view.document.records()) {
        if (record.record().agency() == agency) return view;
      }
    }
    ADD_FAILURE() << "nobody has a record of " << agency;
    return {};
  }
  // What employment is told of the person whom it has a record of.
  exchange::v1::TrainingView Told() {
    const ReferralDocument sent = SendOne(CaseOf("employment").document.person());
    const exchange::v1::Delivery delivery = NextOf(Receive());
    EXPECT_EQ(sent.state(), journal::v1::REFERRAL_STATE_SENT);
    return delivery.request().training();
  }

  RecordAdapter adapter_of_all_kinds_;
  adapter::AdapterSlot records_{&adapter_of_all_kinds_};
};

TEST_F(OutwardCaseTest, WhatOnlyThePoliceJoinIsNotTold) {
  Jobless("");
  Register(IdNumber(1), ";6=19001234567");
  Relief(";6=19001234567");
  const CaseView joined = CaseOf("employment");
  ASSERT_EQ(joined.document.records_size(), 3) << "the case that the sub-district sees";
  EXPECT_EQ(joined.folded.outward.phone, "+8619001234567");
  const exchange::v1::TrainingView view = Told();
  EXPECT_EQ(view.beneficiary().name(), "张安");
  EXPECT_EQ(view.phone(), "");
}

TEST_F(OutwardCaseTest, WhatTheOthersJoinIsToldThoughAPoliceRecordKeepsItApart) {
  // It is nearer to the police's record, whose number is another than employment's.
  Register(IdNumber(2), ";7=西大街1号");
  Relief(";5=1990-01-01;7=西大街1号;6=19001234567");
  Jobless(";7=西大街2号");
  ASSERT_EQ(CaseOf("employment").document.records_size(), 1);
  EXPECT_EQ(Told().phone(), "+8619001234567");
}

TEST_F(OutwardCaseTest, IsTheSameWithoutAPoliceRecord) {
  Relief(";5=1990-01-01;7=西大街1号;6=19001234567");
  Jobless(";7=西大街2号");
  ASSERT_EQ(CaseOf("employment").document.records_size(), 2);
  EXPECT_EQ(Told().phone(), "+8619001234567");
}

// Of records that say the same one was judged beside a record of the police, so that within the hub
// there are more of them than a key of this model may have: those outside are told as if it had not
// been.
TEST_F(OutwardCaseTest, WhatWasSaidOfAPoliceRecordIsNotTold) {
  std::string content = ShippedIdentityModel().content;
  for (std::size_t at = 0; (at = content.find("records_max: ", at)) != std::string::npos; ++at) {
    const std::size_t number = at + std::strlen("records_max: ");
    content.replace(number, content.find_first_not_of("0123456789", number) - number, "2");
  }
  AQ_ASSERT_OK_AND_ASSIGN(const auto model, ParseIdentityModel("two.yaml", content));
  options_.identity_model = model.get();
  Open();
  Register(IdNumber(2), "");
  Relief(";3=" + IdNumber(1) + ";6=19001234567");
  for (int i = 100; i < 104; ++i) {
    HandIn("employment", "jobless",
           absl::StrCat("J", i, ";1=张安;3=", IdNumber(1), ";70=2026-01-05"));
  }
  const auto told = [&] {
    const CaseView view = CaseOf("civil_affairs");
    const auto outward = OutwardCase(*store_->NewSnapshot(), model->model, view.document,
                                     "civil_affairs", view.folded.as_of);
    EXPECT_TRUE(outward.ok()) << outward.status();
    return outward.ok() ? outward->unemployments.size() : 0;
  };
  EXPECT_EQ(told(), 4U);
  std::map<std::string, std::uint64_t> ids;
  for (const char* agency : {"police", "employment"}) {
    const CaseView view = CaseOf(agency);
    for (const auto& record : view.document.records()) {
      ids[record.record().key()] = record.record_id();
    }
  }
  AQ_ASSERT_OK_AND_ASSIGN(const IdentityPair pair,
                          engine_->GetIdentityPair(ids.at("P"), ids.at("J102"), ""));
  JudgeIdentityCommand command{
      .request_id = "judge", .reason = "SEEN_DOCUMENTS", .decisions = {{}}};
  command.decisions[0] = {ids.at("P"), ids.at("J102"), identity::Verdict::kSame, pair.etag};
  AQ_ASSERT_OK(engine_->JudgeIdentity(User(), command, "").status());
  EXPECT_EQ(CaseOf("civil_affairs").document.records_size(), 1) << "the key is silent in the hub";
  EXPECT_EQ(told(), 4U);
  engine_.reset();
}

TEST_F(OutwardCaseTest, SaysNothingOfWhomOnlyThePoliceKnow) {
  Register(IdNumber(1), ";6=19001234567;8=421202003010");
  const CaseView view = CaseOf("police");
  AQ_ASSERT_OK_AND_ASSIGN(const model::Case outward,
                          OutwardCase(*store_->NewSnapshot(), ShippedIdentityModel().model,
                                      view.document, "employment", view.folded.as_of));
  EXPECT_EQ(outward.person, view.document.person());
  EXPECT_EQ(outward.outward.name, "");
  EXPECT_FALSE(outward.known_to_police);
  const auto draft = engine_->CreateReferral(User(), Draft(view.document.person()), "");
  ASSERT_TRUE(draft.ok()) << draft.status();
  EXPECT_EQ(ReasonOf(engine_->SendReferral(User(), Sending(*draft), "").status()),
            reason::kNoOutwardIdentity);
}

}  // namespace
}  // namespace anqiao::engine

// The engine's fixture with the shipped times and calendar, and three services: one that the
// employment agency gives, one to a job, and one of an employer.

#ifndef ANQIAO_TESTS_HUB_ENGINE_TIMETABLE_FIXTURE_H_
#define ANQIAO_TESTS_HUB_ENGINE_TIMETABLE_FIXTURE_H_

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "hub/model/working_calendar.h"
#include "tests/hub/engine/engine_fixture.h"

namespace anqiao::engine {

inline constexpr char kJob[] = "job";
inline constexpr char kWorkshop[] = "workshop-place";

class ThreePolicies : public OnePolicy {
 public:
  ThreePolicies() {
    for (const auto& [id, service, provider] :
         {std::tuple{kPolicy, "skills", "employment"},
          std::tuple{kJob, "employment-assistance", "employment"},
          std::tuple{kWorkshop, "workshop", "employer"}}) {
      policy::PolicySummary& policy = all_.emplace_back();
      policy.id = id;
      policy.service = service;
      policy.service_title = "服务";
      policy.provider = provider;
      policy.view = "training";
    }
  }
  const std::vector<policy::PolicySummary>& policies() const override { return all_; }
  const policy::PolicySummary* Find(absl::string_view id) const override {
    for (const policy::PolicySummary& policy : all_) {
      if (id == policy.id) return &policy;
    }
    return nullptr;
  }
  policy::PolicySummary& Change(absl::string_view id) {
    return const_cast<policy::PolicySummary&>(*Find(id));
  }

 private:
  std::vector<policy::PolicySummary> all_;
};

class TimetableFixture : public EngineOverStores {
 protected:
  TimetableFixture() {
    timetable_.rules =
        referral::ParseDeadlineRules(referral::kDeadlinesFile, ReadFile(referral::kDeadlinesFile))
            .value();
    timetable_.calendar = referral::ParseCalendar("cn.yaml", ReadFile("calendars/cn.yaml")).value();
    options_.timetable = &timetable_;
    options_.agencies[1].services = {"skills", "employment-assistance"};
    options_.agencies[1].adapter = &relief_slot_;
    AgencyOptions& workshop = options_.agencies.emplace_back();
    workshop.id = "workshop";
    workshop.kind = "employer";
    workshop.adapter = &slot_;
    workshop.services = {"workshop"};
    clock_.Set(On(2026, 9, 21));
  }

  void SetUp() override { Restart(); }
  void Restart() {
    stream_.reset();
    engine_.reset();
    if (store_ == nullptr || GetParam()) {
      store_.reset();
      std::unique_ptr<store::Store> store = store::NewMemoryStore();
      if (GetParam()) {
        AQ_ASSERT_OK_AND_ASSIGN(store, store::OpenRocksStore({.directory = directory_.path()}));
      }
      store_ = std::make_unique<FlakyStore>(std::move(store));
    }
    AQ_ASSERT_OK_AND_ASSIGN(engine_, Engine::Open(options_, store_.get(), &clock_, &policies_));
  }

  static std::string ReadFile(const std::string& name) {
    std::ifstream in(absl::StrCat(ANQIAO_POLICIES "/", name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  // Ten in the morning of a day in China.
  static absl::Time On(int year, int month, int day) {
    return model::BeginningOf(model::CivilDate::Of(year, month, day)) + absl::Hours(10);
  }
  void GoTo(int year, int month, int day) {
    clock_.Set(On(year, month, day));
    AQ_ASSERT_OK(engine_->FireTimers());
  }

  ReferralDocument Get(const ReferralDocument& referral) {
    return *engine_->GetReferral(referral.referral(), "");
  }
  absl::StatusOr<ReferralDocument> Move(const ReferralDocument& referral, referral::Action action,
                                        const std::string& reason_text = "",
                                        const std::string& role = "caseworker") {
    return engine_->MoveReferral(User("chen", role), Moving(Get(referral), action, reason_text),
                                 "");
  }
  ReferralDocument SendOf(const std::string& person, const std::string& policy) {
    CreateReferralCommand command = Draft(person);
    command.policy = policy;
    const auto draft = engine_->CreateReferral(User(), command, "");
    EXPECT_TRUE(draft.ok()) << draft.status();
    const auto sent = engine_->SendReferral(User(), Sending(*draft), "");
    EXPECT_TRUE(sent.ok()) << sent.status();
    return sent.ok() ? *sent : ReferralDocument();
  }
  // Takes everything that waits for "agency" and acknowledges it.
  std::vector<exchange::v1::Delivery> TakeAll(const std::string& agency = "employment") {
    std::vector<exchange::v1::Delivery> taken;
    const auto stream = engine_->OpenReceive(agency, 100, absl::Seconds(60));
    EXPECT_TRUE(stream.ok()) << stream.status();
    while (true) {
      const exchange::v1::Delivery delivery = NextOf(**stream, absl::Milliseconds(50));
      if (delivery.name().empty()) return taken;
      AQ_EXPECT_OK((*stream)->Ack(delivery.name()));
      taken.push_back(delivery);
    }
  }
  // By the latest etag.
  absl::StatusOr<exchange::v1::AnswerReferralResponse> AnswerWith(
      const ReferralDocument& referral, exchange::v1::AnswerAction action,
      const std::string& reason_text = "",
      const std::function<void(exchange::v1::ReferralAnswer*)>& change = nullptr) {
    exchange::v1::AnswerReferralRequest request =
        Answer(referral, action, OutwardEtag(Get(referral)));
    request.mutable_answer()->set_reason(reason_text);
    if (change) change(request.mutable_answer());
    return engine_->AnswerReferral(referral.draft().agency(), request);
  }
  void Answered(const ReferralDocument& referral, exchange::v1::AnswerAction action,
                const std::string& reason_text = "",
                const std::function<void(exchange::v1::ReferralAnswer*)>& change = nullptr) {
    const auto answered = AnswerWith(referral, action, reason_text, change);
    ASSERT_TRUE(answered.ok()) << answered.status();
  }
  void Outcome(const ReferralDocument& referral, exchange::v1::OutcomeCode code,
               const std::string& reason_text = "") {
    Answered(referral, exchange::v1::ANSWER_ACTION_REPORT_OUTCOME, "",
             [&](exchange::v1::ReferralAnswer* answer) {
               answer->mutable_outcome()->set_code(code);
               answer->mutable_outcome()->set_reason(reason_text);
               *answer->mutable_outcome()->mutable_date() =
                   model::CivilDate::At(clock_.Now()).ToProto();
             });
  }
  // Escalations that nobody has settled, by kind.
  std::vector<std::string> OpenKinds(const ReferralDocument& referral) {
    std::vector<std::string> kinds;
    const ReferralDocument now = Get(referral);
    for (const journal::v1::Escalation& escalation : now.escalations()) {
      if (escalation.settled()) continue;
      kinds.push_back(journal::v1::EscalationKind_Name(escalation.kind())
                          .substr(std::string("ESCALATION_KIND_").size()));
    }
    return kinds;
  }
  std::vector<std::string> NeedAction() {
    std::vector<std::string> ids;
    ReferralFilter filter;
    filter.needs_action = true;
    const auto page = engine_->ListReferrals(filter, "", 100, "");
    for (const ReferralDocument& referral : page->items) ids.push_back(referral.referral());
    return ids;
  }

  // A jobless record whose key begins with "H" is one of a household on minimum living relief.
  static void MakeRelief(adapter::v1::Record* record) {
    if (record->key().empty() || record->key()[0] != 'H') return;
    record->set_kind(adapter::v1::RECORD_KIND_HOUSEHOLD_RELIEF);
    for (int i = record->values_size() - 1; i >= 0; --i) {
      if (record->values(i).field() == adapter::v1::FIELD_UNEMPLOYED_SINCE) {
        record->mutable_values()->DeleteSubrange(i, 1);
      }
    }
    const auto add = [&](adapter::v1::Field field, const std::string& text) {
      adapter::v1::FieldValue* value = record->add_values();
      value->set_field(field);
      value->set_value(text);
      value->set_column(9);
    };
    add(adapter::v1::FIELD_HOUSEHOLD_KEY, record->key());
    add(adapter::v1::FIELD_RELIEF_KIND, "URBAN_MINIMUM_LIVING");
    add(adapter::v1::FIELD_RELIEF_FROM_MONTH, "2026-01");
  }

  referral::Timetable timetable_;
  ThreePolicies policies_;
  testing::FakeAdapter relief_adapter_{"0123456789abcdef", MakeRelief};
  adapter::AdapterSlot relief_slot_{&relief_adapter_};
};

}  // namespace anqiao::engine

#endif  // ANQIAO_TESTS_HUB_ENGINE_TIMETABLE_FIXTURE_H_

// The engine's fixture with the entitlement watch on: a small catalogue whose rules a test can read
// at a glance, or the shipped one, and agencies that state everything that it asks for.

#ifndef ANQIAO_TESTS_HUB_ENGINE_WATCH_FIXTURE_H_
#define ANQIAO_TESTS_HUB_ENGINE_WATCH_FIXTURE_H_

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/synchronization/mutex.h"
#include "hub/engine/values.h"
#include "hub/model/working_calendar.h"
#include "hub/store/keys.h"
#include "tests/hub/engine/engine_fixture.h"

namespace anqiao::engine {

inline constexpr char kRelief[] = "relief-help";

// Long registered as unemployed, up to the end of 2027.
inline constexpr char kTrainingFile[] = R"(id: training-help
title: {zh: 培训, en: Training}
authority: 某部门
law: {instrument: 某法, article: 第一条}
service: {code: skills, title: 职业技能培训}
provider: employment
view: application
effective: {from: 2020-01-01, to: 2027-12-31}
evidence: [证明]
conditions:
  id: long_enough
  fact: unemployed_months
  op: at_least
  value: 6
  law: {instrument: 某法, article: 第二条}
  label: {zh: 够久, en: Long enough}
tests:
  - {name: long enough, as_of: 2026-01-01, facts: {unemployed_months: 6}, expect: ELIGIBLE}
)";

// On minimum living relief; whoever has a tax relief that runs has this already.
inline constexpr char kReliefFile[] = R"(id: relief-help
title: {zh: 帮扶, en: Help}
authority: 某部门
law: {instrument: 某法, article: 第一条}
service: {code: help, title: 帮扶}
provider: employment
view: application
effective: {from: 2020-01-01}
evidence: [证明]
received: has_it
conditions:
  any:
    - id: relieved
      fact: minimum_living
      op: equals
      value: true
      law: {instrument: 某法, article: 第二条}
      label: {zh: 低保, en: On relief}
    - id: has_it
      fact: self_employed_relief_running
      op: equals
      value: true
      law: {instrument: 某法, article: 第二条}
      label: {zh: 已享受, en: Has it}
tests:
  - {name: relieved, as_of: 2026-01-01, facts: {minimum_living: true}, expect: ELIGIBLE}
)";

inline constexpr char kWatchFile[] = R"(table: entitlement-watch
rows:
  - from: 2020-01-01
    source: s
    watched: [REGISTERED, HARDSHIP]
    remind_days: 30
    propose:
      - {policy: training-help}
      - {policy: relief-help}
)";

// Remembers which policies were decided, person by person.
class AskedCatalogue : public policy::Catalogue {
 public:
  explicit AskedCatalogue(std::unique_ptr<policy::Catalogue> catalogue)
      : catalogue_(std::move(catalogue)) {}

  const std::string& content() const override { return catalogue_->content(); }
  const std::string& hash() const override { return catalogue_->hash(); }
  const std::string& jurisdiction() const override { return catalogue_->jurisdiction(); }
  const std::vector<policy::PolicySummary>& policies() const override {
    return catalogue_->policies();
  }
  const policy::PolicySummary* Find(absl::string_view id) const override {
    return catalogue_->Find(id);
  }
  const policy::EntitlementWatchTable* entitlement_watch() const override {
    return catalogue_->entitlement_watch();
  }
  absl::StatusOr<journal::v1::EntitlementAnswer> Evaluate(
      absl::string_view policy, const model::Case& person) const override {
    return catalogue_->Evaluate(policy, person);
  }
  std::vector<policy::Decision> DecideAll(const model::Case& person) const override {
    return catalogue_->DecideAll(person);
  }
  std::vector<policy::WatchedDecision> DecideWatched(const std::vector<absl::string_view>& policies,
                                                     const model::Case& person) const override {
    if (!policies.empty()) {
      absl::MutexLock lock(&mu_);
      asked_.emplace_back(policies.begin(), policies.end());
    }
    return catalogue_->DecideWatched(policies, person);
  }

  std::vector<std::vector<std::string>> TakeAsked() const {
    absl::MutexLock lock(&mu_);
    return std::exchange(asked_, {});
  }

 private:
  const std::unique_ptr<policy::Catalogue> catalogue_;
  mutable absl::Mutex mu_;
  mutable std::vector<std::vector<std::string>> asked_ ABSL_GUARDED_BY(mu_);
};

class WatchFixture : public EngineFixture {
 protected:
  WatchFixture() {
    timetable_.rules =
        referral::ParseDeadlineRules(referral::kDeadlinesFile, ReadFile(referral::kDeadlinesFile))
            .value();
    timetable_.calendar = referral::ParseCalendar("cn.yaml", ReadFile("calendars/cn.yaml")).value();
    options_.timetable = &timetable_;
    options_.entitlement_watch = true;
    AgencyOptions& employment = options_.agencies[1];
    employment.services = {"skills", "help", "employment-assistance"};
    employment.adapter = &stating_slot_;
    AgencyOptions& tax = options_.agencies.emplace_back();
    tax.id = "tax";
    tax.kind = "tax";
    tax.adapter = &stating_slot_;
    tax.formats = {"jobless"};
    tax.services = {"tax-relief-employer"};
    clock_.Set(On(2026, 9, 21));
  }

  static std::string ReadFile(const std::string& name) {
    std::ifstream in(absl::StrCat(ANQIAO_POLICIES "/", name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  static std::map<std::string, std::string> SmallFiles() {
    return {{"training-help.yaml", kTrainingFile},
            {"relief-help.yaml", kReliefFile},
            {"tables/entitlement-watch.yaml", kWatchFile},
            {"tables/retirement.yaml", ReadFile("tables/retirement.yaml")}};
  }
  // Opens the engine, or closes it and opens it again.
  void OpenWith(const std::map<std::string, std::string>& files) {
    AQ_ASSERT_OK_AND_ASSIGN(auto parsed, policy::Catalogue::Parse(files));
    OpenWith(std::move(parsed));
  }
  void OpenWith(std::unique_ptr<policy::Catalogue> catalogue) {
    engine_.reset();
    watched_ = std::make_unique<AskedCatalogue>(std::move(catalogue));
    if (store_ == nullptr) store_ = std::make_unique<FlakyStore>(store::NewMemoryStore());
    AQ_ASSERT_OK_AND_ASSIGN(engine_, Engine::Open(options_, store_.get(), &clock_, watched_.get()));
  }
  void Reopen() {
    engine_.reset();
    AQ_ASSERT_OK_AND_ASSIGN(engine_, Engine::Open(options_, store_.get(), &clock_, watched_.get()));
  }
  void TearDown() override {
    EngineFixture::TearDown();
    watched_.reset();
  }

  // Ten in the morning of a day in China.
  static absl::Time On(int year, int month, int day) {
    return model::BeginningOf(model::CivilDate::Of(year, month, day)) + absl::Hours(10);
  }
  void Settle() { AQ_ASSERT_OK(engine_->AwaitWatched(absl::Seconds(30))); }
  void GoTo(absl::Time time) {
    clock_.Set(time);
    AQ_ASSERT_OK(engine_->FireTimers());
    Settle();
  }
  void GoTo(int year, int month, int day) { GoTo(On(year, month, day)); }

  // What an agency states of the person of that number: the key's first letter says what.
  void State(const std::string& key, int number, const std::string& date,
             const std::string& agency = "employment") {
    const auto summary = Summary(SubmitAndWait(Command(
        agency, "jobless", absl::StrCat(key, "|张安|", IdNumber(number), "|", date, "|421202\n"))));
    EXPECT_EQ(summary.accepted_count(), 1u) << key << " " << summary.DebugString();
  }
  void Register(int number) {
    Submit("changes", absl::StrCat("P", number, "|张安|", IdNumber(number), "||421202003010\n"));
  }
  // J: registered as unemployed since; H: on minimum living relief since; C: a certificate for
  // employers, issued; W: hired and insured since; R: a tax relief runs since; T: one of 2024.
  static adapter::v1::RecordKind KindOf(char letter) {
    switch (letter) {
      case 'H':
        return adapter::v1::RECORD_KIND_HOUSEHOLD_RELIEF;
      case 'C':
        return adapter::v1::RECORD_KIND_CERTIFICATE;
      case 'W':
        return adapter::v1::RECORD_KIND_EMPLOYMENT;
      default:
        return adapter::v1::RECORD_KIND_TAX_RELIEF;
    }
  }
  static void StateByKey(adapter::v1::Record* record) {
    if (record->key().empty() || record->key()[0] == 'J') return;
    record->set_kind(KindOf(record->key()[0]));
    if (record->removed()) return;
    std::string date;
    for (int i = record->values_size() - 1; i >= 0; --i) {
      if (record->values(i).field() != adapter::v1::FIELD_UNEMPLOYED_SINCE) continue;
      date = record->values(i).value();
      record->mutable_values()->DeleteSubrange(i, 1);
    }
    const auto add = [&](adapter::v1::Field field, const std::string& text) {
      adapter::v1::FieldValue* value = record->add_values();
      value->set_field(field);
      value->set_value(text);
      value->set_column(9);
    };
    switch (record->key()[0]) {
      case 'H':
        add(adapter::v1::FIELD_HOUSEHOLD_KEY, record->key());
        add(adapter::v1::FIELD_RELIEF_KIND, "URBAN_MINIMUM_LIVING");
        add(adapter::v1::FIELD_RELIEF_FROM_MONTH, date.substr(0, 7));
        break;
      case 'C':
        add(adapter::v1::FIELD_CERTIFICATE_NUMBER, "4212990026000001");
        add(adapter::v1::FIELD_CERTIFICATE_ANNOTATION, "EMPLOYER");
        add(adapter::v1::FIELD_ISSUED_DATE, date);
        break;
      case 'W':
        add(adapter::v1::FIELD_CONTRACT_START_DATE, date);
        add(adapter::v1::FIELD_SOCIAL_INSURANCE_FROM_MONTH, date.substr(0, 7));
        break;
      case 'T':
        add(adapter::v1::FIELD_RELIEF_POLICY, "tax-relief-self-employed");
        add(adapter::v1::FIELD_RELIEF_FROM_MONTH, "2024-01");
        add(adapter::v1::FIELD_RELIEF_TO_MONTH, "2024-12");
        break;
      default:
        add(adapter::v1::FIELD_RELIEF_POLICY, "tax-relief-self-employed");
        add(adapter::v1::FIELD_RELIEF_FROM_MONTH, date.substr(0, 7));
    }
  }

  std::string CaseOf(int number) {
    const auto cases = engine_->ListCases({}, "", 1000, "");
    if (!cases.ok()) return "";
    for (const CaseView& view : cases->items) {
      if (view.folded.id_number == IdNumber(number)) return view.document.person();
    }
    return "";
  }
  // What is noted of the person.
  journal::v1::EntitlementNotes Notes(int number) {
    const auto stored = ReadDocument<journal::v1::EntitlementNotes>(
        *store_->NewSnapshot(), store::NotesKey(CaseOf(number)));
    EXPECT_TRUE(stored.ok()) << stored.status();
    return stored.ok() ? stored->value_or(journal::v1::EntitlementNotes())
                       : journal::v1::EntitlementNotes();
  }
  // An empty answer if nothing is noted.
  journal::v1::NotedAnswer Noted(int number, const std::string& policy) {
    const journal::v1::EntitlementNotes notes = Notes(number);
    for (const auto& one : notes.answers()) {
      if (one.answer().policy() == policy) return one.answer();
    }
    return {};
  }
  // Referrals for the policy that the hub drafted.
  std::vector<ReferralDocument> Drafted(int number, const std::string& policy = kPolicy) {
    std::vector<ReferralDocument> drafted;
    ReferralFilter filter;
    filter.case_id = CaseOf(number);
    const auto page = engine_->ListReferrals(filter, "", 1000, "");
    EXPECT_TRUE(page.ok()) << page.status();
    for (const ReferralDocument& referral : page->items) {
      if (referral.draft().policy() == policy &&
          referral.history(0).principal().kind() == journal::v1::PRINCIPAL_KIND_HUB) {
        drafted.push_back(referral);
      }
    }
    return drafted;
  }
  std::vector<NoticeView> Notices(const NoticeFilter& filter = {}) {
    const auto page = engine_->ListNotices(filter, "", 1000, "");
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? page->items : std::vector<NoticeView>();
  }
  std::vector<std::string> Reminders() {
    std::vector<std::string> lapses;
    NoticeFilter filter;
    filter.kind = journal::v1::ENTITLEMENT_NOTICE_KIND_REMINDER;
    for (const NoticeView& view : Notices(filter)) {
      lapses.push_back(
          absl::StrCat(view.notice.notice().policy(), " ",
                       model::CivilDate::FromProto(view.notice.notice().lapse_date()).ToString()));
    }
    return lapses;
  }
  void Cancel(const ReferralDocument& referral, const std::string& why) {
    const auto now = engine_->GetReferral(referral.referral(), "");
    ASSERT_TRUE(now.ok()) << now.status();
    const auto cancelled =
        engine_->MoveReferral(User(), Moving(*now, referral::Action::kCancel, why), "");
    ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  }

  referral::Timetable timetable_;
  testing::FakeAdapter stating_adapter_{"0123456789abcdef", StateByKey};
  adapter::AdapterSlot stating_slot_{&stating_adapter_};
  std::unique_ptr<AskedCatalogue> watched_;
};

}  // namespace anqiao::engine

#endif  // ANQIAO_TESTS_HUB_ENGINE_WATCH_FIXTURE_H_

#include "hub/model/case_story.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hub/model/periods.h"

namespace anqiao::model {
namespace {

namespace jv1 = journal::v1;

// The same thing in both languages.
struct Words {
  absl::string_view zh, en;
};

struct OrderWords {
  absl::string_view stem;  // of event kinds and deadline rules
  Words measure;
  PeriodRule term;
};

const OrderWords& WordsOf(jv1::OrderKind kind) {
  static constexpr OrderWords kDetox = {
      "COMMUNITY_DETOX", {"社区戒毒", "community detoxification"}, PeriodRule::kDetoxTerm};
  static constexpr OrderWords kIsolation = {
      "COMPULSORY_ISOLATION", {"强制隔离戒毒", "compulsory isolation"}, PeriodRule::kIsolationTerm};
  static constexpr OrderWords kRehabilitation = {"COMMUNITY_REHABILITATION",
                                                 {"社区康复", "community rehabilitation"},
                                                 PeriodRule::kRehabilitationTerm};
  switch (kind) {
    case jv1::ORDER_KIND_COMMUNITY_DETOX:
      return kDetox;
    case jv1::ORDER_KIND_COMPULSORY_ISOLATION:
      return kIsolation;
    default:
      return kRehabilitation;
  }
}

Words WordsOf(jv1::OrderEnd reason) {
  switch (reason) {
    case jv1::ORDER_END_EXPIRED:
      return {"期满", "its term ran out"};
    case jv1::ORDER_END_RELEASED_EARLY:
      return {"提前解除", "released early"};
    case jv1::ORDER_END_CONVERTED:
      return {"变更措施", "changed into another measure"};
    case jv1::ORDER_END_TERMINATED:
      return {"终止", "terminated"};
    case jv1::ORDER_END_REFUSED:
      return {"拒绝接受", "refused"};
    default:
      return {"原因未说明", "no reason given"};
  }
}

Words WordsOf(jv1::ReliefKind kind) {
  switch (kind) {
    case jv1::RELIEF_KIND_URBAN_MINIMUM_LIVING:
      return {"城市最低生活保障", "urban minimum living relief"};
    case jv1::RELIEF_KIND_RURAL_MINIMUM_LIVING:
      return {"农村最低生活保障", "rural minimum living relief"};
    case jv1::RELIEF_KIND_DESTITUTE:
      return {"特困供养", "relief for the destitute"};
    default:
      return {"临时救助", "temporary relief"};
  }
}

Words TestWords(const std::string& kind) {
  if (kind == "ON_SITE") return {"现场检测", "on-site test"};
  if (kind == "LABORATORY") return {"实验室检测", "laboratory test"};
  if (kind == "RETEST") return {"复检", "retest"};
  if (kind == "HAIR") return {"毛发检测", "hair test"};
  return {"检测", "test"};
}

Words DifficultyWords(const std::string& category) {
  static constexpr std::pair<absl::string_view, Words> kCategories[] = {
      {"AGE_4050", {"大龄", "age"}},
      {"DISABLED", {"残疾", "disability"}},
      {"MINIMUM_LIVING", {"低保", "minimum living relief"}},
      {"ZERO_EMPLOYMENT_HOUSEHOLD", {"零就业家庭", "zero-employment household"}},
      {"LOST_LAND", {"失地", "lost land"}},
      {"LONG_TERM_UNEMPLOYED", {"长期失业", "long-term unemployment"}}};
  for (const auto& [name, words] : kCategories) {
    if (name == category) return words;
  }
  return {"其他", "other"};
}

Words ReliefPolicyWords(const std::string& policy) {
  if (policy == "tax-relief-employer") return {"招用就业税收优惠", "tax relief for employers"};
  return {"自主创业税收优惠", "tax relief for the self-employed"};
}

// " (x)" in the brackets of the language; nothing if there is no x.
std::string Bracketed(absl::string_view text) {
  return text.empty() ? "" : absl::StrCat(" (", text, ")");
}
std::string BracketedZh(absl::string_view text) {
  return text.empty() ? "" : absl::StrCat("（", text, "）");
}

// Collects events that are not later than the as-of date.
class Teller {
 public:
  explicit Teller(Case& folded) : folded_(folded) {}

  // A fact of "agency"; an absent or later date tells nothing.
  void Event(const type::v1::CivilDate& date, absl::string_view kind, std::string zh,
             std::string en, const std::string& agency) {
    Event(KnownBy(date, folded_.as_of), kind, std::move(zh), std::move(en), agency);
  }
  void Event(const CivilDate& date, absl::string_view kind, std::string zh, std::string en,
             const std::string& agency) {
    if (date.empty()) return;
    folded_.events.push_back({date, std::string(kind), std::move(zh), std::move(en), agency});
  }

  // The end of something whose last day or month is "last": told once it is over.
  void Ending(const type::v1::CivilDate& last, absl::string_view kind, std::string zh,
              std::string en, const std::string& agency) {
    if (!IsOver(last)) return;
    Event(CivilDate::FromProto(last), kind, std::move(zh), std::move(en), agency);
  }

  void Standing(const Words& what, const type::v1::CivilDate& since, absl::string_view detail) {
    const std::string date = CivilDate::FromProto(since).ToString();
    folded_.standings.push_back(absl::StrCat(what.zh, BracketedZh(detail), "，自", date, "起 / ",
                                             what.en, Bracketed(detail), " since ", date));
  }

  // True if "last", the last day or month of something, lies before the as-of date.
  bool IsOver(const type::v1::CivilDate& last) const {
    return last.year() != 0 && CivilDate::FromProto(last).LastDay() < folded_.as_of;
  }
  // True if "end", the day from which something is no longer so, is not later than the as-of date.
  bool HasEnded(const type::v1::CivilDate& end) const {
    return !KnownBy(end, folded_.as_of).empty();
  }

 private:
  Case& folded_;
};

void TellOrder(const Stated<jv1::OrderFact>& stated, const CivilDate& as_of, Teller& teller) {
  const jv1::OrderFact& order = stated.fact;
  const OrderWords& words = WordsOf(order.kind());
  const auto kind = [&](absl::string_view what) { return absl::StrCat(words.stem, "_", what); };
  teller.Event(order.decided_date(), kind("ORDERED"),
               absl::StrCat("决定", words.measure.zh, BracketedZh(order.document_number())),
               absl::StrCat(words.measure.en, " ordered", Bracketed(order.document_number())),
               stated.agency);
  teller.Event(order.received_date(), kind("RECEIVED"),
               absl::StrCat("收到", words.measure.zh, "决定书"),
               absl::StrCat("order of ", words.measure.en, " received"), stated.agency);
  teller.Event(order.reported_date(), kind("REPORTED"), absl::StrCat(words.measure.zh, "报到"),
               absl::StrCat("reported for ", words.measure.en), stated.agency);
  const CivilDate ended = KnownBy(order.ended_date(), as_of);
  if (!ended.empty()) {
    const Words reason = WordsOf(order.end_reason());
    teller.Event(ended, kind("ENDED"), absl::StrCat(words.measure.zh, "结束：", reason.zh),
                 absl::StrCat(words.measure.en, " ended: ", reason.en), stated.agency);
    return;
  }
  const CivilDate expired = OrderTermEnd(order, as_of);
  if (!expired.empty() && expired <= as_of) {
    teller.Event(expired, kind("EXPIRED"), absl::StrCat(words.measure.zh, "期限届满（推算）"),
                 absl::StrCat("term of ", words.measure.en, " ran out (computed)"), "");
  }
}

void TellTest(const Stated<jv1::TestFact>& stated, Teller& teller) {
  const Words words = TestWords(stated.fact.kind());
  const bool positive = stated.fact.positive();
  teller.Event(stated.fact.date(), positive ? "TEST_POSITIVE" : "TEST_NEGATIVE",
               absl::StrCat(words.zh, positive ? "：阳性" : "：阴性"),
               absl::StrCat(words.en, positive ? ": positive" : ": negative"), stated.agency);
}

void TellRelief(const Stated<jv1::HouseholdReliefFact>& stated, Teller& teller) {
  const jv1::HouseholdReliefFact& fact = stated.fact;
  const Words words = WordsOf(fact.kind());
  teller.Event(fact.from_month(), "RELIEF_BEGAN", absl::StrCat("开始享受", words.zh),
               absl::StrCat(words.en, " began"), stated.agency);
  teller.Ending(fact.to_month(), "RELIEF_ENDED", absl::StrCat(words.zh, "终止"),
                absl::StrCat(words.en, " ended"), stated.agency);
  if (!teller.IsOver(fact.to_month())) teller.Standing(words, fact.from_month(), "");
}

void TellUnemployment(const Stated<jv1::UnemploymentFact>& stated, Teller& teller) {
  const jv1::UnemploymentFact& fact = stated.fact;
  teller.Event(fact.registered_date(), "REGISTERED_UNEMPLOYED", "办理失业登记",
               "registered as unemployed", stated.agency);
  teller.Event(fact.ended_date(), "UNEMPLOYMENT_ENDED", "失业登记终止",
               "registration as unemployed ended", stated.agency);
  if (!teller.HasEnded(fact.ended_date())) {
    teller.Standing({"登记失业", "registered as unemployed"}, fact.registered_date(), "");
  }
}

void TellDifficulty(const Stated<jv1::DifficultyFact>& stated, Teller& teller) {
  const jv1::DifficultyFact& fact = stated.fact;
  const Words words = DifficultyWords(fact.category());
  teller.Event(fact.valid_from_date(), "DIFFICULTY_RECOGNISED",
               absl::StrCat("认定为就业困难人员", BracketedZh(words.zh)),
               absl::StrCat("recognised as a person in difficulty", Bracketed(words.en)),
               stated.agency);
  teller.Ending(fact.valid_to_date(), "DIFFICULTY_LAPSED", "就业困难人员认定到期",
                "recognition as a person in difficulty lapsed", stated.agency);
  if (!teller.IsOver(fact.valid_to_date())) {
    teller.Standing({"就业困难人员", "person in difficulty"}, fact.valid_from_date(), "");
  }
}

void TellEmployment(const Stated<jv1::EmploymentFact>& stated, Teller& teller) {
  const jv1::EmploymentFact& fact = stated.fact;
  teller.Event(fact.contract_start_date(), "EMPLOYED",
               absl::StrCat("就业", BracketedZh(fact.employer_name())),
               absl::StrCat("employed", Bracketed(fact.employer_name())), stated.agency);
  teller.Ending(fact.contract_end_date(), "EMPLOYMENT_ENDED",
                absl::StrCat("劳动合同终止", BracketedZh(fact.employer_name())),
                absl::StrCat("contract ended", Bracketed(fact.employer_name())), stated.agency);
  if (!teller.IsOver(fact.contract_end_date())) {
    teller.Standing({"在职", "employed"}, fact.contract_start_date(), fact.employer_name());
  }
}

void TellBusiness(const Stated<jv1::BusinessFact>& stated, Teller& teller) {
  const jv1::BusinessFact& fact = stated.fact;
  teller.Event(fact.registered_date(), "BUSINESS_REGISTERED",
               absl::StrCat("登记个体经营", BracketedZh(fact.name())),
               absl::StrCat("business registered", Bracketed(fact.name())), stated.agency);
  teller.Event(fact.deregistered_date(), "BUSINESS_DEREGISTERED",
               absl::StrCat("注销个体经营", BracketedZh(fact.name())),
               absl::StrCat("business deregistered", Bracketed(fact.name())), stated.agency);
  if (!teller.HasEnded(fact.deregistered_date())) {
    teller.Standing({"个体经营", "runs a business"}, fact.registered_date(), fact.name());
  }
}

void TellTaxRelief(const Stated<jv1::TaxReliefFact>& stated, Teller& teller) {
  const jv1::TaxReliefFact& fact = stated.fact;
  const Words words = ReliefPolicyWords(fact.policy());
  teller.Event(fact.from_month(), "TAX_RELIEF_BEGAN", absl::StrCat("开始享受", words.zh),
               absl::StrCat(words.en, " began"), stated.agency);
  teller.Ending(fact.to_month(), "TAX_RELIEF_ENDED", absl::StrCat(words.zh, "期满"),
                absl::StrCat(words.en, " ended"), stated.agency);
  if (!teller.IsOver(fact.to_month())) teller.Standing(words, fact.from_month(), "");
}

void TellFacts(Case& folded, Teller& teller) {
  for (const auto& stated : folded.orders) TellOrder(stated, folded.as_of, teller);
  for (const auto& stated : folded.tests) TellTest(stated, teller);
  for (const auto& stated : folded.household_reliefs) TellRelief(stated, teller);
  for (const auto& stated : folded.unemployments) TellUnemployment(stated, teller);
  for (const auto& stated : folded.certificates) {
    teller.Event(stated.fact.issued_date(), "CERTIFICATE_ISSUED", "核发就业创业证",
                 "employment and entrepreneurship certificate issued", stated.agency);
  }
  for (const auto& stated : folded.difficulties) TellDifficulty(stated, teller);
  for (const auto& stated : folded.trainings) {
    teller.Event(stated.fact.completed_date(), "TRAINING_COMPLETED",
                 absl::StrCat("完成培训", BracketedZh(stated.fact.course())),
                 absl::StrCat("training completed", Bracketed(stated.fact.course())),
                 stated.agency);
  }
  for (const auto& stated : folded.employments) TellEmployment(stated, teller);
  for (const auto& stated : folded.businesses) TellBusiness(stated, teller);
  for (const auto& stated : folded.tax_reliefs) TellTaxRelief(stated, teller);
  if (folded.phase == Phase::kCleanThreeYears) {
    teller.Event(folded.phase_since, "CLEAN_THREE_YEARS", "戒断三年未复吸（推算）",
                 "three years without relapse (computed)", "");
  }
}

// Deadlines of the latest order; earlier ones were overtaken by it.
void TellDeadlines(Case& folded) {
  if (folded.orders.empty() || folded.deceased) return;
  const jv1::OrderFact& order = folded.orders.back().fact;
  const CivilDate& as_of = folded.as_of;
  if (!KnownBy(order.ended_date(), as_of).empty()) return;
  const OrderWords& words = WordsOf(order.kind());
  const bool isolation = order.kind() == jv1::ORDER_KIND_COMPULSORY_ISOLATION;
  const bool detox = order.kind() == jv1::ORDER_KIND_COMMUNITY_DETOX;
  const auto add = [&](std::string rule, const CivilDate& date, const Period& period) {
    folded.deadlines.push_back({std::move(rule), date, date < as_of, period.law});
  };
  const CivilDate expires = OrderTermEnd(order, as_of);
  const CivilDate received = KnownBy(order.received_date(), as_of);
  if (!isolation && expires.empty()) {
    if (received.empty()) return;
    const Period& period = PeriodOn(
        detox ? PeriodRule::kReportForDetox : PeriodRule::kReportForRehabilitation, received);
    add(absl::StrCat("REPORT_FOR_", words.stem), period.After(received), period);
  } else if (as_of < expires) {
    add(absl::StrCat(words.stem, "_TERM_ENDS"), expires, PeriodOn(words.term, as_of));
  } else if (!isolation && folded.phase != Phase::kCleanThreeYears) {
    const Period& period =
        PeriodOn(detox ? PeriodRule::kDetoxReleaseNotice : PeriodRule::kRehabilitationReleaseNotice,
                 expires);
    add(absl::StrCat("RELEASE_NOTICE_", words.stem), period.After(expires), period);
  }
}

}  // namespace

CivilDate KnownBy(const type::v1::CivilDate& date, const CivilDate& as_of) {
  const CivilDate known = CivilDate::FromProto(date);
  return known <= as_of ? known : CivilDate{};
}

CivilDate OrderTermEnd(const journal::v1::OrderFact& order, const CivilDate& as_of) {
  const CivilDate start = order.kind() == jv1::ORDER_KIND_COMPULSORY_ISOLATION
                              ? CivilDate::FromProto(order.decided_date())
                              : KnownBy(order.reported_date(), as_of);
  if (order.term_months() > 0) return start.AddMonths(order.term_months());
  return PeriodOn(WordsOf(order.kind()).term, start).After(start);
}

void TellStory(Case& folded) {
  Teller teller(folded);
  TellFacts(folded, teller);
  TellDeadlines(folded);
  std::stable_sort(
      folded.events.begin(), folded.events.end(), [](const CaseEvent& a, const CaseEvent& b) {
        if (a.date < b.date || b.date < a.date) return a.date < b.date;
        return std::tie(a.kind, a.agency, a.text_en) < std::tie(b.kind, b.agency, b.text_en);
      });
}

}  // namespace anqiao::model

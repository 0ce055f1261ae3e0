#include "hub/policy/touched.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "hub/model/yaml_reader.h"
#include "hub/policy/catalogue.h"
#include "hub/policy/facts.h"
#include "tests/hub/model/person_builder.h"
#include "tests/hub/policy/policy_files.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

using adapter::v1::RecordKind;
using journal::v1::Observation;
using journal::v1::PersonDocument;
using model::Day;
using model::SetDay;

RetirementTable Table() {
  const YamlNode file = YamlNode::Parse("retirement.yaml", RetirementFile()).value();
  return RetirementTable::Read(file).value();
}

// Records with something in them that facts are derived from.
const std::map<RecordKind, std::function<void(Observation*)>>& Contents() {
  static const auto& contents =
      *new std::map<
          RecordKind,
          std::function<void(Observation*)>>{{adapter::v1::RECORD_KIND_REGISTER,
                                              [](Observation* o) {
                                                o->mutable_register_()->set_register_number("R1");
                                              }},
                                             {adapter::v1::RECORD_KIND_ORDER,
                                              [](Observation* o) {
                                                o->mutable_order()->set_kind(
                                                    journal::v1::ORDER_KIND_COMMUNITY_DETOX);
                                                SetDay(o->mutable_order()->mutable_decided_date(),
                                                       "2025-03-01");
                                              }},
                                             {adapter::v1::RECORD_KIND_TEST,
                                              [](Observation* o) {
                                                SetDay(o->mutable_test()->mutable_date(),
                                                       "2026-01-01");
                                              }},
                                             {adapter::v1::RECORD_KIND_HOUSEHOLD_RELIEF,
                                              [](Observation* o) {
                                                o->mutable_household_relief()->set_kind(
                                                    journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING);
                                                o->mutable_household_relief()->set_zero_employment(
                                                    true);
                                                SetDay(o->mutable_household_relief()
                                                           ->mutable_from_month(),
                                                       "2025-01");
                                              }},
                                             {adapter::v1::RECORD_KIND_UNEMPLOYMENT,
                                              [](Observation* o) {
                                                o->mutable_unemployment()->add_person_categories(
                                                    "POVERTY_RELIEVED");
                                                SetDay(o->mutable_unemployment()
                                                           ->mutable_registered_date(),
                                                       "2025-06-01");
                                              }},
                                             {adapter::v1::RECORD_KIND_CERTIFICATE,
                                              [](Observation* o) {
                                                o->mutable_certificate()->add_annotations(
                                                    "EMPLOYER");
                                              }},
                                             {adapter::v1::RECORD_KIND_DIFFICULTY,
                                              [](Observation* o) {
                                                o->mutable_difficulty()->set_category("DISABLED");
                                                SetDay(o->mutable_difficulty()
                                                           ->mutable_valid_from_date(),
                                                       "2025-01-01");
                                              }},
                                             {adapter::v1::RECORD_KIND_TRAINING,
                                              [](Observation* o) {
                                                o->mutable_training()->set_qualification_number(
                                                    "Q1");
                                                SetDay(
                                                    o->mutable_training()->mutable_completed_date(),
                                                    "2026-02-01");
                                              }},
                                             {adapter::v1::RECORD_KIND_EMPLOYMENT,
                                              [](Observation* o) {
                                                o->mutable_employment()->set_form("PUBLIC_WELFARE");
                                                SetDay(o->mutable_employment()
                                                           ->mutable_contract_start_date(),
                                                       "2025-05-01");
                                                SetDay(o->mutable_employment()
                                                           ->mutable_social_insurance_from_month(),
                                                       "2025-05");
                                              }},
                                             {adapter::v1::RECORD_KIND_BUSINESS,
                                              [](Observation* o) {
                                                SetDay(o->mutable_business()
                                                           ->mutable_registered_date(),
                                                       "2025-04-01");
                                              }},
                                             {adapter::v1::RECORD_KIND_TAX_RELIEF,
                                              [](Observation* o) {
                                                o->mutable_tax_relief()->set_policy(
                                                    "tax-relief-employer");
                                                SetDay(
                                                    o->mutable_tax_relief()->mutable_from_month(),
                                                    "2025-07");
                                              }}};
  return contents;
}

// Somebody with a record of each of "kinds".
PersonDocument Person(const std::vector<RecordKind>& kinds, const std::string& birth = "1980-01-02",
                      const std::string& sex = "1") {
  model::PersonBuilder person;
  for (const RecordKind kind : kinds) {
    Observation* const observation = person.Add(kind, "a").mutable_observation();
    Contents().at(kind)(observation);
    SetDay(observation->mutable_subject()->mutable_birth_date(), birth);
    observation->mutable_subject()->set_sex(sex);
  }
  return person.document();
}

std::vector<std::string> Facts(const PersonDocument& person) {
  const model::CivilDate on = Day("2026-03-15");
  const FactSet facts = DeriveFacts(model::FoldCase(person, on), on, Table());
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    texts.push_back(std::string(StateName(facts[i].state)) + " " + ValueText(facts[i]) + " " +
                    facts[i].date.ToString() + " " + facts[i].until.ToString());
  }
  return texts;
}

void ExpectTouched(const PersonDocument& before, const PersonDocument& after, unsigned touches,
                   const std::string& what) {
  const std::vector<std::string> was = Facts(before), is = Facts(after);
  for (std::size_t i = 0; i < was.size(); ++i) {
    if (was[i] == is[i]) continue;
    EXPECT_NE(TouchesOf(FactKinds()[i]) & touches, 0u)
        << what << " changed " << FactKinds()[i].name << " from " << was[i] << " to " << is[i];
  }
}

TEST(TouchedTest, ARecordChangesOnlyFactsThatItTouches) {
  for (const auto& [kind, content] : Contents()) {
    std::vector<RecordKind> others;
    for (const auto& [other, ignored] : Contents()) {
      if (other != kind) others.push_back(other);
    }
    const std::string what = adapter::v1::RecordKind_Name(kind);
    // The first of its agency, and one more.
    std::vector<RecordKind> with = others;
    with.push_back(kind);
    ExpectTouched(Person(others), Person(with), TouchedByRecord(kind), what);
    ExpectTouched(Person({}), Person({kind}), TouchedByRecord(kind) | kTouchesSubject, what);
  }
}

TEST(TouchedTest, WhoThePersonIsChangesOnlyFactsOfTheSubject) {
  std::vector<RecordKind> all;
  for (const auto& [kind, ignored] : Contents()) all.push_back(kind);
  ExpectTouched(Person(all), Person(all, "1966-01-02"), kTouchesSubject, "birth date");
  ExpectTouched(Person(all), Person(all, "1980-01-02", "2"), kTouchesSubject, "sex");
}

TEST(TouchedTest, ThePoliceTouchNoFact) {
  for (const RecordKind kind : {adapter::v1::RECORD_KIND_REGISTER, adapter::v1::RECORD_KIND_ORDER,
                                adapter::v1::RECORD_KIND_TEST}) {
    EXPECT_EQ(TouchedByRecord(kind) & kTouchesEverything, 0u);
  }
}

TEST(TouchedTest, APolicyIsTouchedByWhatItAsksFor) {
  const auto catalogue = Catalogue::Load(ANQIAO_POLICIES).value();
  EXPECT_EQ(catalogue->Find("tax-relief-employer")->touches, kTouchesEmployment | kTouchesTax);
  EXPECT_EQ(catalogue->Find("minimum-living")->touches, kTouchesCivilAffairs);
  EXPECT_EQ(catalogue->Find("employment-assistance")->touches,
            kTouchesCivilAffairs | kTouchesEmployment | kTouchesSubject);
  // Only the person can say.
  EXPECT_EQ(catalogue->Find("temporary-relief")->touches, 0u);
}

}  // namespace
}  // namespace anqiao::policy

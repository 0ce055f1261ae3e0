#include "hub/identity/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace anqiao::identity {
namespace {

namespace jv1 = journal::v1;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kId[] = "421299198503150026";
constexpr char kOtherId[] = "421299197711039918";

struct Who {
  std::string name = "张三", id = "", number = "", phone = "", address = "", division = "",
              former = "", sex = "";
  bool birth = false;
};

jv1::Subject SubjectOf(const Who& who) {
  jv1::Subject subject;
  subject.set_name(who.name);
  subject.set_id_number(who.id);
  subject.set_agency_number(who.number);
  if (!who.phone.empty()) subject.add_phones(who.phone);
  if (!who.former.empty()) subject.add_former_names(who.former);
  subject.set_address(who.address);
  subject.set_division_code(who.division);
  subject.set_sex(who.sex);
  if (who.birth) {
    subject.mutable_birth_date()->set_year(1985);
    subject.mutable_birth_date()->set_month(3);
    subject.mutable_birth_date()->set_day(15);
  }
  return subject;
}

jv1::PersonDocument PersonOf(const std::string& id, const std::vector<Who>& records) {
  jv1::PersonDocument person;
  person.set_person(id);
  for (const Who& who : records) {
    *person.add_records()->mutable_observation()->mutable_subject() = SubjectOf(who);
  }
  return person;
}

Decision ResolveAmong(const Who& who, const std::vector<jv1::PersonDocument>& people) {
  std::vector<Candidate> candidates;
  for (const jv1::PersonDocument& person : people) candidates.push_back({&person});
  return Resolve(SubjectOf(who), candidates);
}

TEST(ResolveTest, NobodyKnownIsSomebodyNew) {
  const Decision decision = ResolveAmong({.id = kId}, {});
  EXPECT_EQ(decision.person, "");
  EXPECT_EQ(decision.rule, "NEW");
  EXPECT_EQ(decision.review, "");
}

TEST(ResolveTest, TheAgencysOwnNumberWithAnAgreeingName) {
  const Decision decision =
      ResolveAmong({.number = "employment/7"}, {PersonOf("p1", {{.number = "employment/7"}})});
  EXPECT_EQ(decision.person, "p1");
  EXPECT_EQ(decision.rule, "AGENCY_NUMBER");
  EXPECT_EQ(decision.review, "");
}

TEST(ResolveTest, TheAgencysOwnNumberWithAnotherNameIsDoubtful) {
  const Decision decision = ResolveAmong({.name = "李四", .number = "employment/7"},
                                         {PersonOf("p1", {{.number = "employment/7"}})});
  EXPECT_EQ(decision.rule, "NEW");
  EXPECT_EQ(decision.review, "AGENCY_NUMBER_OTHER_NAME");
  EXPECT_THAT(decision.review_candidates, ElementsAre("p1"));
}

TEST(ResolveTest, TheIdentityNumberWithAnAgreeingName) {
  const Decision decision = ResolveAmong({.id = kId}, {PersonOf("p1", {{.id = kId}})});
  EXPECT_EQ(decision.person, "p1");
  EXPECT_EQ(decision.rule, "ID_NUMBER");
}

TEST(ResolveTest, AFormerNameAgrees) {
  EXPECT_EQ(
      ResolveAmong({.name = "张山", .id = kId}, {PersonOf("p1", {{.id = kId, .former = "张山"}})})
          .rule,
      "ID_NUMBER");
  EXPECT_EQ(
      ResolveAmong({.name = "张山", .id = kId, .former = "张三"}, {PersonOf("p1", {{.id = kId}})})
          .rule,
      "ID_NUMBER");
}

TEST(ResolveTest, ACharacterThatCouldNotBeWrittenAgrees) {
  EXPECT_EQ(ResolveAmong({.name = "张?", .id = kId}, {PersonOf("p1", {{.id = kId}})}).rule,
            "ID_NUMBER");
  EXPECT_EQ(ResolveAmong({.name = "??", .id = kId}, {PersonOf("p1", {{.id = kId}})}).rule, "NEW");
}

TEST(ResolveTest, TheIdentityNumberAloneNeverLinks) {
  const Decision decision =
      ResolveAmong({.name = "李四", .id = kId}, {PersonOf("p1", {{.id = kId}})});
  EXPECT_EQ(decision.person, "");
  EXPECT_EQ(decision.rule, "NEW");
  EXPECT_EQ(decision.review, "ID_NUMBER_OTHER_NAME");
  EXPECT_THAT(decision.review_candidates, ElementsAre("p1"));
}

TEST(ResolveTest, NameAndBirthDateNeedOneMoreAgreement) {
  const Who plain = {.birth = true};
  const Decision alone = ResolveAmong(plain, {PersonOf("p1", {plain})});
  EXPECT_EQ(alone.rule, "NEW");
  EXPECT_EQ(alone.review, "NAME_BIRTH_ALONE");
  EXPECT_THAT(alone.review_candidates, ElementsAre("p1"));
  for (const Who& who :
       {Who{.phone = "+8619005550001", .birth = true}, Who{.address = "虚构路1号", .birth = true},
        Who{.division = "421202003", .birth = true},
        Who{.division = "421202003010", .birth = true}}) {
    const Decision decision = ResolveAmong(who, {PersonOf("p1", {who})});
    EXPECT_EQ(decision.person, "p1");
    EXPECT_EQ(decision.rule, "NAME_BIRTH");
    EXPECT_EQ(decision.review, "");
  }
}

TEST(ResolveTest, ACountyInCommonIsNotEnough) {
  const Who who = {.division = "421202", .birth = true};
  EXPECT_EQ(ResolveAmong(who, {PersonOf("p1", {who})}).review, "NAME_BIRTH_ALONE");
}

TEST(ResolveTest, AnotherSexIsNotTheSamePerson) {
  EXPECT_EQ(ResolveAmong({.phone = "+8619005550001", .sex = "1", .birth = true},
                         {PersonOf("p1", {{.phone = "+8619005550001", .sex = "2", .birth = true}})})
                .rule,
            "NEW");
}

TEST(ResolveTest, AnIncompleteBirthDateIsNone) {
  jv1::Subject subject = SubjectOf({.phone = "+8619005550001", .birth = true});
  subject.mutable_birth_date()->set_day(0);
  const jv1::PersonDocument person = PersonOf("p1", {{.phone = "+8619005550001", .birth = true}});
  EXPECT_EQ(Resolve(subject, {{&person}}).rule, "NEW");
}

TEST(ResolveTest, TwoValidIdentityNumbersNeverLink) {
  const Decision by_number =
      ResolveAmong({.id = kId, .number = "employment/7"},
                   {PersonOf("p1", {{.id = kOtherId, .number = "employment/7"}})});
  EXPECT_EQ(by_number.rule, "NEW");
  EXPECT_EQ(by_number.review, "CONFLICTING_ID_NUMBERS");
  const Decision by_name = ResolveAmong(
      {.id = kId, .phone = "+8619005550001", .birth = true},
      {PersonOf("p1", {{.id = kOtherId}, {.phone = "+8619005550001", .birth = true}})});
  EXPECT_EQ(by_name.rule, "NEW");
  EXPECT_EQ(by_name.review, "CONFLICTING_ID_NUMBERS");
  const Decision namesake =
      ResolveAmong({.id = kId, .birth = true}, {PersonOf("p1", {{.id = kOtherId, .birth = true}})});
  EXPECT_EQ(namesake.review, "") << "other numbers tell namesakes apart";
}

TEST(ResolveTest, AgreementMayComeFromDifferentRecordsOfThePerson) {
  const Decision decision =
      ResolveAmong({.phone = "+8619005550001", .birth = true},
                   {PersonOf("p1", {{.birth = true}, {.phone = "+8619005550001"}})});
  EXPECT_EQ(decision.rule, "NAME_BIRTH");
}

TEST(ResolveTest, OfSeveralTheSmallestIdAndAReview) {
  std::vector<jv1::PersonDocument> people = {
      PersonOf("p3", {{.id = kId}}), PersonOf("p1", {{.name = "李四", .id = kId}}),
      PersonOf("p2", {{.id = kId}}), PersonOf("p0", {{.birth = true}})};
  std::sort(people.begin(), people.end(),
            [](const auto& a, const auto& b) { return a.person() < b.person(); });
  do {
    const Decision decision = ResolveAmong({.id = kId, .birth = true}, people);
    EXPECT_EQ(decision.person, "p2");
    EXPECT_EQ(decision.rule, "ID_NUMBER");
    EXPECT_EQ(decision.review, "SEVERAL_CANDIDATES");
    EXPECT_THAT(decision.review_candidates, ElementsAre("p3"));
  } while (std::next_permutation(people.begin(), people.end(), [](const auto& a, const auto& b) {
    return a.person() < b.person();
  }));
}

TEST(ResolveTest, TheStrongerRuleGoesFirst) {
  const Decision decision =
      ResolveAmong({.id = kId, .number = "employment/7"},
                   {PersonOf("p1", {{.id = kId}}), PersonOf("p2", {{.number = "employment/7"}})});
  EXPECT_EQ(decision.person, "p2");
  EXPECT_EQ(decision.rule, "AGENCY_NUMBER");
  EXPECT_EQ(decision.review, "SEVERAL_CANDIDATES");
  EXPECT_THAT(decision.review_candidates, ElementsAre("p1"));
}

TEST(BlockingKeysTest, SharedExactlyWhereARuleCouldApply) {
  const auto share = [](const Who& a, const Who& b) {
    const std::vector<std::string> left = BlockingKeys(SubjectOf(a));
    const std::vector<std::string> right = BlockingKeys(SubjectOf(b));
    return std::any_of(left.begin(), left.end(), [&](const std::string& key) {
      return std::find(right.begin(), right.end(), key) != right.end();
    });
  };
  EXPECT_TRUE(share({.name = "甲", .id = kId}, {.name = "乙", .id = kId}));
  EXPECT_TRUE(share({.number = "a/1"}, {.number = "a/1"}));
  EXPECT_FALSE(share({.number = "a/1"}, {.number = "b/1"}));
  EXPECT_TRUE(share({.birth = true}, {.birth = true}));
  EXPECT_TRUE(share({.name = "甲", .birth = true}, {.name = "乙", .former = "甲", .birth = true}));
  EXPECT_FALSE(share({.birth = false}, {.birth = true}));
  EXPECT_FALSE(share({.id = kId}, {.number = kId}));
}

TEST(BlockingKeysTest, AreBoundedHashesOfSixteenBytes) {
  jv1::Subject subject = SubjectOf({.id = kId, .number = "a/1", .birth = true});
  for (int i = 0; i < 20; ++i) subject.add_former_names("名" + std::to_string(i));
  const std::vector<std::string> keys = BlockingKeys(subject);
  EXPECT_EQ(keys.size(), 8U);
  for (const std::string& key : keys) EXPECT_EQ(key.size(), 16U);
  EXPECT_THAT(BlockingKeys(SubjectOf({.name = "张三"})), IsEmpty());
  EXPECT_THAT(BlockingKeys(SubjectOf({.name = "张?", .birth = true})), IsEmpty());
}

}  // namespace
}  // namespace anqiao::identity

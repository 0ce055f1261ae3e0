#include "hub/identity/attributes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hub/identity/model_file.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::identity {
namespace {

using enum AttributeKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Spelling {
  AttributeKind kind;
  const char* written;
  const char* text;
  const char* date_order = "";
};
class SpellingTest : public ::testing::TestWithParam<Spelling> {};

TEST_P(SpellingTest, IsBroughtToOneForm) {
  const Spelling& spelling = GetParam();
  const Value value = NormalizeValue({"a", spelling.kind, spelling.date_order}, spelling.written);
  EXPECT_EQ(value.text, spelling.text);
  // What is normal stays as it is.
  if (value.valid && spelling.kind != kPhone && spelling.kind != kAddress) {
    EXPECT_EQ(NormalizeValue({"a", spelling.kind}, value.text).text, spelling.text);
  }
}

INSTANTIATE_TEST_SUITE_P(Names, SpellingTest,
                         ::testing::Values(Spelling{kName, "王 秀英", "王秀英"},
                                           Spelling{kName, "王　秀英　", "王秀英"},
                                           Spelling{kName, "張偉", "张伟"},
                                           Spelling{kName, "阿依古丽•买买提", "阿依古丽·买买提"},
                                           Spelling{kName, "John  SMITH ", "john smith"},
                                           Spelling{kGivenName, " Élodie", "élodie"},
                                           Spelling{kName, "无", ""}, Spelling{kName, "N/A", ""},
                                           Spelling{kName, "???", ""}, Spelling{kName, "　无", ""},
                                           Spelling{kName, "   ", ""}));
INSTANTIATE_TEST_SUITE_P(Dates, SpellingTest,
                         ::testing::Values(Spelling{kBirthDate, "19850315", "19850315"},
                                           Spelling{kBirthDate, "1985-03-15", "19850315"},
                                           Spelling{kBirthDate, "1985/3/5", "19850305"},
                                           Spelling{kBirthDate, "1985.03.15", "19850315"},
                                           Spelling{kBirthDate, "1985年3月15日", "19850315"},
                                           Spelling{kBirthDate, "1985-03-15 00:00:00", "19850315"},
                                           Spelling{kBirthDate, "15.3.1985", "19850315"},
                                           Spelling{kBirthDate, "03/15/1985", "19850315", "MDY"},
                                           Spelling{kBirthDate, "15031985", "19850315", "DMY"},
                                           Spelling{kBirthDate, "1985-03", "198503"},
                                           Spelling{kBirthDate, "1985年3月", "198503"},
                                           Spelling{kBirthDate, "19851399", "19851399"},
                                           Spelling{kBirthDate, "1985-03-15", "19850315", "DMY"},
                                           Spelling{kBirthDate, "19850315", "19850315", "DMY"},
                                           Spelling{kBirthDate, "unknown", ""}));
INSTANTIATE_TEST_SUITE_P(
    Numbers, SpellingTest,
    ::testing::Values(Spelling{kNationalId, "421299198503150026", "421299198503150026"},
                      Spelling{kNationalId, "421299850315002", "421299198503150026"},
                      Spelling{kNationalId, "'４２１２９９ 19850315 0026", "421299198503150026"},
                      Spelling{kNationalId, "11010519491231002x", "11010519491231002X"},
                      Spelling{kNationalId, "421299198503150027", "421299198503150027"},
                      Spelling{kNationalId, "4212991985", "4212991985"},
                      Spelling{kNationalId, "4.21E+17", ""}, Spelling{kNationalId, "123", ""},
                      Spelling{kNationalId, "4212**********0026", ""},
                      Spelling{kNationalId, "******************", ""},
                      Spelling{kNationalId, "222222222222222222", ""}, Spelling{kPhone, "0", ""},
                      Spelling{kPhone, "19000010001", "+8619000010001"},
                      Spelling{kPhone, "+86 190-0001-0001", "+8619000010001"},
                      Spelling{kPhone, "1900001000", "1900001000"},
                      Spelling{kDivision, "421202", "421202"}, Spelling{kSex, "男", "1"},
                      Spelling{kSex, "F", "2"}, Spelling{kSex, "0", ""}, Spelling{kSex, "9", ""}));
INSTANTIATE_TEST_SUITE_P(
    IssuedNumbers, SpellingTest,
    ::testing::Values(Spelling{kIssuedNumber, "police/R-17", "police/r-17"},
                      Spelling{kIssuedNumber, "Police/ Ｒ-１７ ", "Police/r-17"},
                      Spelling{kIssuedNumber, "police/R/17", "police/r/17"},
                      Spelling{kIssuedNumber, "R-17", ""}, Spelling{kIssuedNumber, "N/A", ""},
                      Spelling{kIssuedNumber, "/R-17", ""}, Spelling{kIssuedNumber, "police/", ""},
                      Spelling{kIssuedNumber, "police1/ 无", ""},
                      Spelling{kIssuedNumber, "police1/ N/A", ""},
                      Spelling{kIssuedNumber, "", ""}));
INSTANTIATE_TEST_SUITE_P(
    Addresses, SpellingTest,
    ::testing::Values(Spelling{kAddress, "花园大道112号19栋501室", "花园大道|112|19|501"},
                      Spelling{kAddress, "花园大道112号19号楼501", "花园大道|112|19|501"},
                      Spelling{kAddress, "花园大道１１２号19-501", "花园大道|112|19|501"},
                      Spelling{kAddress, "云漪市青岚区花园大道112号", "花园大道|112"},
                      Spelling{kAddress, "青岚区阳光小区3栋", "阳光小区|3"},
                      Spelling{kAddress, "24 Main  Street", "24 main street"},
                      Spelling{kOther, " Kellerberrin", "kellerberrin"}));

TEST(NormalizeValueTest, ReadsANameInAllItsWays) {
  const Value value = NormalizeValue({"name", kName}, "覃勇");
  EXPECT_THAT(value.readings, ElementsAre("qinyong", "tanyong"));
  EXPECT_THAT(value.surname_readings, ElementsAre("qin", "tan"));
  EXPECT_THAT(NormalizeValue({"name", kName}, "John").readings, IsEmpty());
}

TEST(NormalizeValueTest, KnowsWhatIsValid) {
  EXPECT_TRUE(NormalizeValue({"id", kNationalId}, "421299198503150026").valid);
  EXPECT_FALSE(NormalizeValue({"id", kNationalId}, "421299198503150027").valid);
  EXPECT_TRUE(NormalizeValue({"born", kBirthDate}, "1984-02-29").valid);
  EXPECT_FALSE(NormalizeValue({"born", kBirthDate}, "1985-02-29").valid);
}

TEST(NormalizeValueTest, TakesSeveralPhonesAndFormerNames) {
  const Value phones = NormalizeValue({"phone", kPhone}, "19000010001/19000020002");
  EXPECT_EQ(phones.text, "+8619000010001");
  EXPECT_THAT(phones.further, ElementsAre("+8619000020002"));
  const Value names = NormalizeValues({"name", kName}, "王雅婷", {"", "王秀英", "王雅婷"});
  EXPECT_EQ(names.text, "王雅婷");
  EXPECT_THAT(names.further, ElementsAre("王秀英"));
  EXPECT_EQ(NormalizeValues({"name", kName}, "", {"王秀英"}).text, "王秀英");
  EXPECT_EQ(
      NormalizeValues({"name", kName}, "王", std::vector<std::string>(50, "李")).further.size(),
      kFurtherValuesMax);
}

TEST(NormalizeValueTest, IsBounded) {
  EXPECT_LE(NormalizeValue({"other", kOther}, std::string(100'000, 'a')).text.size(),
            kValueBytesMax);
}

TEST(MakeProfileTest, LeavesGenericValuesOutAndReadsTheBirthDateOutOfTheNumber) {
  const Schema schema = {{"born", kBirthDate}, {"id", kNationalId}, {"phone", kPhone}};
  const auto profile = [&](const char* born, const char* id, const char* phone) {
    return MakeProfile(schema, ShippedStopList(),
                       {NormalizeValue(schema[0], born), NormalizeValue(schema[1], id),
                        NormalizeValue(schema[2], phone)});
  };
  EXPECT_EQ(profile("", "421299198503150026", "")[0].text, "19850315");
  EXPECT_EQ(profile("19850316", "421299198503150026", "")[0].text, "19850316");
  EXPECT_EQ(profile("1900-01-01", "421299198503150026", "")[0].text, "19850315");
  EXPECT_EQ(profile("", "", "13800000000")[2].text, "");
  EXPECT_EQ(profile("", "", "13800000000/19000010001")[2].text, "+8619000010001");
  EXPECT_EQ(profile("", "", "19000010001/13800000000")[2].further.size(), 0U);
}

TEST(PackProfileTest, GivesBackWhatWasPacked) {
  const Profile profile = {NormalizeValues({"name", kName}, "覃勇", {"覃伟"}), Value(),
                           NormalizeValue({"id", kNationalId}, "421299198503150026")};
  const Profile back = UnpackProfile(PackProfile(profile), profile.size());
  ASSERT_EQ(back.size(), profile.size());
  for (std::size_t i = 0; i < profile.size(); ++i) {
    EXPECT_EQ(back[i].text, profile[i].text);
    EXPECT_EQ(back[i].further, profile[i].further);
    EXPECT_EQ(back[i].readings, profile[i].readings);
    EXPECT_EQ(back[i].surname_readings, profile[i].surname_readings);
    EXPECT_EQ(back[i].valid, profile[i].valid);
  }
  // Over another profile, nothing of which is left.
  Profile used = {NormalizeValue({"name", kName}, "单立人"),
                  NormalizeValues({"phone", kPhone}, "19000010001", {"19000020002"}),
                  NormalizeValue({"other", kOther}, std::string(1000, 'x'))};
  const std::string packed_used = PackProfile(used);
  EXPECT_EQ(UnpackProfile(packed_used, used.size())[2].text, used[2].text);
  UnpackProfile(PackProfile(profile), used);
  EXPECT_EQ(PackProfile(used), PackProfile(profile));
  EXPECT_TRUE(used[1].empty() && used[1].further.empty() && !used[1].valid);
  UnpackProfile(packed_used, used);
  EXPECT_EQ(PackProfile(used), packed_used);
  // Cut short it gives less, and reads nothing beyond.
  const std::string packed = PackProfile(profile);
  for (std::size_t size = 0; size < packed.size(); ++size) {
    EXPECT_EQ(UnpackProfile(packed.substr(0, size), profile.size()).size(), profile.size());
  }
}

TEST(CheckSchemaTest, SaysWhatIsWrong) {
  EXPECT_TRUE(CheckSchema({{"a", kAddress}, {"b", kAddress}, {"n", kName}}).ok());
  EXPECT_THAT(std::string(CheckSchema({}).message()), HasSubstr("1 to 16 attributes"));
  EXPECT_THAT(std::string(CheckSchema(Schema(17, {"a", kOther})).message()), HasSubstr("not 17"));
  EXPECT_THAT(std::string(CheckSchema({{"a", kOther}, {"a", kOther}}).message()),
              HasSubstr("\"a\" occurs twice"));
  EXPECT_THAT(std::string(CheckSchema({{"a", kName}, {"b", kName}}).message()),
              HasSubstr("two attributes are of kind name"));
  EXPECT_THAT(std::string(CheckSchema({{"a", kIssuedNumber}, {"b", kIssuedNumber}}).message()),
              HasSubstr("two attributes are of kind issued_number"));
  EXPECT_THAT(std::string(CheckSchema({{"a", kBirthDate, "YYM"}}).message()),
              HasSubstr("not an order of Y, M and D"));
}

TEST(AttributeKindTest, NamesGoBothWays) {
  for (const char* name :
       {"name", "given_name", "surname", "birth_date", "national_id", "identifier", "issued_number",
        "phone", "address", "division", "sex", "other"}) {
    ASSERT_TRUE(ParseAttributeKind(name).has_value()) << name;
    EXPECT_EQ(AttributeKindName(*ParseAttributeKind(name)), name);
  }
  EXPECT_FALSE(ParseAttributeKind("nome").has_value());
}

TEST(BirthDateWithinTest, AlsoOfANumberWithAWrongCheckDigit) {
  EXPECT_EQ(BirthDateWithin(NormalizeValue({"id", kNationalId}, "421299198503150027")), "19850315");
  EXPECT_EQ(BirthDateWithin(NormalizeValue({"id", kNationalId}, "421299198513150027")), "");
  EXPECT_EQ(BirthDateWithin(Value()), "");
}

}  // namespace
}  // namespace anqiao::identity

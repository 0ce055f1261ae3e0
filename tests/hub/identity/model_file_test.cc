#include "hub/identity/model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "absl/strings/str_replace.h"
#include "hub/identity/linkage.h"
#include "hub/identity/shipped.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::identity {
namespace {

using ::testing::HasSubstr;

TEST(ShippedModelTest, IsWholeAndKnowsChineseRegisters) {
  const Model& model = ShippedModel();
  EXPECT_EQ(model.version, "zh-2");
  ASSERT_EQ(model.schema.size(), 8U);
  EXPECT_EQ(model.attributes.size(), 8U);
  for (std::size_t i = 0; i < model.schema.size(); ++i) {
    double m = 0, u = 0;
    for (const Level level : LevelsOf(model.schema[i].kind)) {
      m += model.attributes[i].m[static_cast<std::size_t>(level)];
      u += model.attributes[i].u[static_cast<std::size_t>(level)];
    }
    EXPECT_NEAR(m, 1, 0.001) << model.schema[i].name;
    EXPECT_NEAR(u, 1, 0.001) << model.schema[i].name;
  }
}

// What --train would take: so the model can be learned again.
TEST(ShippedModelTest, HasTheRecipesOfItsSchema) {
  Model model = ShippedModel();
  const std::string text = FormatModel(model, "");
  model.recipes = DefaultRecipes(model.schema);
  EXPECT_EQ(FormatModel(model, ""), text);
}

// What was decided with an older model can be decided again.
TEST(ShippedModelTest, TheFirstOneStillLoads) {
  std::ifstream in(ANQIAO_IDENTITY_MODELS "/zh-1.yaml");
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_EQ(PublicHash(text.str()), 12111831175909640440U);  // never changed
  AQ_ASSERT_OK_AND_ASSIGN(const Model model, ParseModel("zh-1.yaml", text.str()));
  EXPECT_EQ(model.version, "zh-1");
  EXPECT_EQ(model.schema.size(), 7U);
  EXPECT_EQ(model.prior, -14751);
}

TEST(ShippedStopListTest, HasThePhoneThatEverybodyWrites) {
  EXPECT_TRUE(ShippedStopList().at(AttributeKind::kPhone).contains("+8613800000000"));
}

TEST(FormatModelTest, ReadsBackTheSame) {
  const Model& model = ShippedModel();
  const std::string text = FormatModel(model, "a source");
  AQ_ASSERT_OK_AND_ASSIGN(const Model back, ParseModel("m.yaml", text));
  EXPECT_EQ(FormatModel(back, "a source"), text);
  EXPECT_EQ(back.prior, model.prior);
}

TEST(FormatModelTest, HoldsNoWholeValues) {
  Model model = ShippedModel();
  model.attributes[0].frequencies.values["王秀英"] = 0.01;
  EXPECT_THAT(FormatModel(model, ""), ::testing::Not(HasSubstr("王秀英")));
}

TEST(FormatModelTest, KeepsWhatSeveralHaveAndNothingThatNamesOne) {
  Model model = ShippedModel();
  model.attributes[0].surnames.values["罕见"] = 1.0 / static_cast<double>(model.records);
  EXPECT_THAT(FormatModel(model, ""), ::testing::Not(HasSubstr("罕见")));
}

TEST(FormatModelTest, AnyTitleCanBeTheNameOfAnAttribute) {
  for (const char* name : {"birth.date", "phone #1", "a: b", "null", "~", "\"quoted\"",
                           "back\\slash", "tab\there", "出生日期"}) {
    Model model = ShippedModel();
    model.schema[0].name = name;
    const absl::StatusOr<Model> back = ParseModel("m.yaml", FormatModel(model, name));
    ASSERT_TRUE(back.ok()) << name << ": " << back.status();
    EXPECT_EQ(back->schema[0].name, name);
  }
}

TEST(SizedForTest, ALargerRegisterMakesACoincidenceLikelier) {
  const Model small = SizedFor(ShippedModel(), 10'000);
  const Model large = SizedFor(ShippedModel(), 80'000);
  EXPECT_NEAR((small.prior - large.prior) / double{kBit}, 3, 0.01);
  EXPECT_EQ(SizedFor(ShippedModel(), 1).prior, SizedFor(ShippedModel(), 1'000).prior);
}

TEST(SizedForTest, AnAgencysNumberSaysAsMuchMoreAsThereAreMoreRecords) {
  const auto exact = [](const Model& model) {
    return model.attributes.back().u[static_cast<std::size_t>(Level::kExact)];
  };
  const Model small = SizedFor(ShippedModel(), 10'000);
  const Model large = SizedFor(small, 80'000);
  EXPECT_NEAR(exact(small) / exact(large), 8, 1e-9);
  EXPECT_NEAR(exact(SizedFor(large, ShippedModel().records)) / exact(ShippedModel()), 1, 1e-9);
  EXPECT_EQ(exact(SizedFor(small, 1)), exact(SizedFor(small, 1'000)));
  AQ_ASSERT_OK_AND_ASSIGN(const Model back, ParseModel("m.yaml", FormatModel(large, "")));
  EXPECT_NEAR(exact(back) / exact(large), 1, 0.001);
}

struct WrongFile {
  const char* name;
  std::pair<const char*, const char*> change;  // in the shipped model
  const char* message;
};
class WrongFileTest : public ::testing::TestWithParam<WrongFile> {};

TEST_P(WrongFileTest, IsToldWhatAndWhere) {
  const auto& [from, to] = GetParam().change;
  std::string text = kShippedModel;
  const std::size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, std::string(from).size(), to);
  const absl::StatusOr<Model> model = ParseModel("m.yaml", text);
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(model.status().message()), HasSubstr("m.yaml:"));
  EXPECT_THAT(std::string(model.status().message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongFileTest,
    ::testing::Values(
        WrongFile{"UnknownKey", {"review:", "reveiw:"}, "unknown key reveiw"},
        WrongFile{"UnknownKind", {"kind: sex", "kind: gender"}, "unknown kind gender"},
        WrongFile{
            "UnknownLevel", {"SAME_READING", "SAME_SOUND"}, "kind name has no level SAME_SOUND"},
        WrongFile{"OfAnotherKind",
                  {"UNKNOWN_CHARACTER", "OTHER_COLUMN"},
                  "kind name has no level OTHER_COLUMN"},
        WrongFile{
            "ZeroProbability", {"EXACT: {m: 0.9", "EXACT: {m: 0.0, u: 0.1} #"}, "probability"},
        WrongFile{"SumsDiffer", {"EXACT: {m: 0.9", "EXACT: {m: 0.1"}, "must add up to 1"},
        WrongFile{"ReviewOverLink", {"review: 2", "review: 9"}, "review is not under link"},
        WrongFile{"NoSuchAttribute", {"[national_id.from_7]", "[id.value]"}, "no attribute id"},
        WrongFile{"NoSuchPart", {"[national_id.from_7]", "[national_id.all]"}, "unknown part all"},
        WrongFile{"IssuedNumbersAreSameOrNot",
                  {"kind: phone", "kind: issued_number"},
                  "kind issued_number has no level ONE_EDIT"},
        WrongFile{"TwoIssuedNumbers",
                  {"kind: sex", "kind: issued_number"},
                  "two attributes are of kind issued_number"},
        WrongFile{"TooManyRecords", {"records_max: 50", "records_max: 5000"}, "expected 2 to 1000"},
        WrongFile{"TwoNames", {"kind: sex", "kind: name"}, "levels"},
        WrongFile{"NoOthers", {"others_per_record: 1", "others_per_record: -1"}, "over 0"}),
    [](const auto& info) { return info.param.name; });

TEST(ParseStopListTest, RefusesWhatSaysNothingAnyway) {
  EXPECT_THAT(
      std::string(ParseStopList("s.yaml", "version: \"1\"\nsource: s\nvalues:\n  name: [\"无\"]\n")
                      .status()
                      .message()),
      HasSubstr("s.yaml:4:10: says nothing as a name"));
}

}  // namespace
}  // namespace anqiao::identity

#include "hub/policy/retirement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/model/yaml_reader.h"
#include "tests/hub/policy/policy_files.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

using model::CivilDate;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::StatusIs;

constexpr char kFile[] = "retirement.yaml";

absl::StatusOr<RetirementTable> Read(const std::string& text) {
  absl::StatusOr<YamlNode> node = YamlNode::Parse(kFile, text);
  if (!node.ok()) return node.status();
  return RetirementTable::Read(*node);
}

TEST(RetirementTest, DelaysByAMonthForEachFourOrTwoMonthsOfLaterBirth) {
  AQ_ASSERT_OK_AND_ASSIGN(const RetirementTable table, Read(RetirementFile()));
  struct Vector {
    const char *sex, *born, *retires;
  };
  // 全国人民代表大会常务委员会关于实施渐进式延迟法定退休年龄的决定, its own tables.
  const Vector vectors[] = {
      {"1", "1964-12-31", "2024-12-31"}, {"1", "1965-01-01", "2025-02-01"},
      {"1", "1965-04-30", "2025-05-30"}, {"1", "1965-05-01", "2025-07-01"},
      {"1", "1970-01-15", "2031-05-15"}, {"1", "1976-08-31", "2039-07-31"},
      {"1", "1976-09-01", "2039-09-01"}, {"1", "1990-03-07", "2053-03-07"},
      {"2", "1974-12-31", "2024-12-31"}, {"2", "1975-01-01", "2025-02-01"},
      {"2", "1975-02-28", "2025-03-28"}, {"2", "1975-03-01", "2025-05-01"},
      {"2", "1984-11-01", "2039-11-01"}, {"2", "1995-06-30", "2050-06-30"},
  };
  for (const Vector& vector : vectors) {
    EXPECT_EQ(
        table.ForSex(vector.sex).RetirementOf(CivilDate::Parse(vector.born).value()).ToString(),
        vector.retires)
        << vector.sex << " " << vector.born;
  }
}

TEST(RetirementTest, AWrongVectorStopsTheLoad) {
  const std::string file =
      Changed(RetirementFile(), "years: 61, months: 4", "years: 61, months: 5");
  EXPECT_THAT(Read(file),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith(PlaceOf(kFile, file, "{row: man_60, born: 1970-01"))));
  EXPECT_THAT(Read(file), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("test failed")));
  EXPECT_EQ(ReasonOf(Read(file).status()), reason::kCatalogueInvalid);
}

TEST(RetirementTest, AMistakeIsNamedWithItsPlace) {
  struct Mistake {
    const char *from, *to, *marker, *message;
  };
  const Mistake mistakes[] = {
      {"table: retirement", "table: pension", "pension", "the only table is retirement"},
      {"unverified: true", "checked: true", "checked", "unknown key checked"},
      {"base_years: 60", "base_years: 39", "39", "must be from 40 to 80"},
      {"first_birth_month: 1965-01", "first_birth_month: 1965", "1965,", "expected a month"},
      {"default_for_sex: \"1\"", "default_for_sex: \"9\"", "\"9\"", "must be 1 or 2"},
      {"default_for_sex: \"1\"", "default_for_sex: \"2\"", "- {id: man_60",
       "expected one row with default_for_sex 1"},
      {"id: woman_55", "id: woman_50", "{id: woman_50, base_years: 55",
       "a row with this id came before"},
      {"{row: woman_55", "{row: nobody", "nobody", "there is no such row"},
  };
  for (const Mistake& mistake : mistakes) {
    const std::string file = Changed(RetirementFile(), mistake.from, mistake.to);
    EXPECT_THAT(Read(file), StatusIs(absl::StatusCode::kInvalidArgument,
                                     StartsWith(PlaceOf(kFile, file, mistake.marker))))
        << mistake.to;
    EXPECT_THAT(Read(file),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(mistake.message)));
  }
}

}  // namespace
}  // namespace anqiao::policy

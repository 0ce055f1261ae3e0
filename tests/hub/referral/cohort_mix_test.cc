#include "hub/referral/cohort_mix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "hub/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::referral {
namespace {

using model::CivilDate;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Shipped() {
  std::ifstream in(absl::StrCat(ANQIAO_POLICIES "/", kMixFile), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

constexpr Cohorts kAll{.known = 400, .others = 400};

class CohortMixTest : public ::testing::Test {
 protected:
  void SetUp() override { AQ_ASSERT_OK_AND_ASSIGN(table_, ParseMixTable(kMixFile, Shipped())); }
  const MixRule& Rule() const { return table_.rules.back(); }

  // Of one channel whose months are these.
  std::vector<MixLine> Lines(const std::vector<Cohorts>& months) const {
    MixInput input{
        .year = 2026, .months = static_cast<int>(months.size()), .all = kAll, .channels = {}};
    auto& counts = input.channels[{"employment", "skills"}];
    std::copy(months.begin(), months.end(), counts.begin());
    const auto lines = MixLines(table_, input);
    EXPECT_TRUE(lines.ok()) << lines.status();
    return lines.value_or(std::vector<MixLine>());
  }
  // "6+7" where both are shown, "8" where their sum is, "?" otherwise; of a year with the month
  // that it counts to.
  static std::vector<std::string> Shown(const std::vector<MixLine>& lines) {
    std::vector<std::string> shown;
    for (const MixLine& line : lines) {
      if (line.agency.empty()) continue;
      std::string text = line.cohorts.has_value()
                             ? absl::StrCat(line.cohorts->known, "+", line.cohorts->others)
                         : line.people.has_value() ? absl::StrCat(*line.people)
                                                   : "?";
      if (line.month == 0) absl::StrAppend(&text, " to ", line.counted_months);
      shown.push_back(text);
    }
    return shown;
  }

  MixTable table_;
};

TEST_F(CohortMixTest, EvidenceIsTheLogarithmOfTheLikelihoodRatio) {
  EXPECT_THAT(EvidenceBits({.known = 10, .others = 10}, kAll), DoubleNear(0, 1e-9));
  EXPECT_THAT(EvidenceBits({.known = 2000, .others = 1000}, kAll), DoubleNear(1, 1e-3));
  EXPECT_THAT(EvidenceBits({.known = 1000, .others = 2000}, kAll), DoubleNear(-1, 1e-3));
  // Nobody without a record tells much, and not without end.
  EXPECT_THAT(EvidenceBits({.known = 12, .others = 0}, kAll), DoubleNear(4.64, 0.01));
  EXPECT_THAT(EvidenceBits({}, {}), DoubleNear(0, 1e-9));
}

TEST_F(CohortMixTest, IsJudgedByWhatItTells) {
  EXPECT_EQ(Judge({.known = 6, .others = 6}, kAll, Rule()), Mixing::kMixed);
  EXPECT_EQ(Judge({.known = 15, .others = 5}, kAll, Rule()), Mixing::kMixed);
  EXPECT_EQ(Judge({.known = 16, .others = 4}, kAll, Rule()), Mixing::kOneSided);
  EXPECT_EQ(Judge({.known = 12, .others = 0}, kAll, Rule()), Mixing::kOneSided);
  // Against the share among all: where most have a record, most of those asked for may.
  EXPECT_EQ(Judge({.known = 40, .others = 10}, {.known = 800, .others = 200}, Rule()),
            Mixing::kMixed);
  EXPECT_EQ(Judge({.known = 20, .others = 20}, {.known = 10, .others = 990}, Rule()),
            Mixing::kOneSided);
  // Hardship alone tells of no record, which is no harm, but nobody with one could be among them.
  EXPECT_EQ(Judge({.known = 0, .others = 30}, kAll, Rule()), Mixing::kThin);
  EXPECT_EQ(Judge({.known = 9, .others = 0}, kAll, Rule()), Mixing::kThin);
}

TEST_F(CohortMixTest, SmallCellsAreSuppressed) {
  EXPECT_THAT(Shown(Lines({{6, 7}})), ElementsAre("6+7 to 1", "6+7"));
  EXPECT_THAT(Shown(Lines({{4, 7}})), ElementsAre("? to 0", "11"));
  EXPECT_THAT(Shown(Lines({{7, 0}})), ElementsAre("? to 0", "7"));
  EXPECT_THAT(Shown(Lines({{2, 2}})), ElementsAre("? to 0", "?"));
  EXPECT_THAT(Lines({{0, 0}}), IsEmpty());
  const std::vector<MixLine> lines = Lines({{4, 30}});
  for (const MixLine& line : lines) EXPECT_FALSE(line.evidence_bits.has_value());
  // The share among all would follow from the counts and what they tell.
  MixInput input{.year = 2026, .months = 1, .all = {.known = 3, .others = 90}, .channels = {}};
  input.channels[{"tax", "relief"}][0] = {.known = 5, .others = 5};
  AQ_ASSERT_OK_AND_ASSIGN(const auto few, MixLines(table_, input));
  EXPECT_TRUE(few.back().cohorts.has_value());
  EXPECT_FALSE(few.back().evidence_bits.has_value());
}

TEST_F(CohortMixTest, SubtractingMonthsFromTheYearTellsNoSmallCell) {
  // The second month would be what the year has beside the first.
  EXPECT_THAT(Shown(Lines({{6, 7}, {3, 5}})), ElementsAre("6+7 to 1", "6+7", "8"));
  EXPECT_THAT(Shown(Lines({{6, 7}, {3, 5}, {9, 9}})), ElementsAre("6+7 to 1", "6+7", "8", "9+9"));
  // Two that are left out together are enough people.
  EXPECT_THAT(Shown(Lines({{6, 7}, {3, 5}, {9, 9}, {2, 7}})),
              ElementsAre("20+28 to 4", "6+7", "8", "9+9", "9"));
  EXPECT_THAT(Shown(Lines({{3, 5}, {1, 7}})), ElementsAre("? to 0", "8", "8"));
  // One that shows no people at all would follow as well.
  EXPECT_THAT(Shown(Lines({{9, 4}, {0, 1}})), ElementsAre("? to 0", "13", "?"));
  EXPECT_THAT(Shown(Lines({{9, 4}, {0, 1}, {1, 0}})), ElementsAre("? to 0", "13", "?", "?"));
  EXPECT_THAT(Shown(Lines({{9, 4}, {0, 3}, {1, 1}})), ElementsAre("10+8 to 3", "13", "?", "?"));
  // Months without anybody hold nothing up.
  EXPECT_THAT(Shown(Lines({{0, 0}, {6, 7}, {0, 0}})), ElementsAre("6+7 to 3", "6+7"));
}

// Whatever comes, and whenever it is asked for: what two answers differ by, less what is shown of
// the months between them, is nothing or no small cell.
TEST_F(CohortMixTest, NorDoesSubtractingAnAnswerFromALaterOne) {
  std::mt19937 random(7);
  for (int run = 0; run < 2000; ++run) {
    std::vector<Cohorts> months, seen;
    Cohorts before;
    int counted_before = 0;
    for (int month = 1; month <= 12; ++month) {
      months.push_back(
          {static_cast<std::int64_t>(random() % 9), static_cast<std::int64_t>(random() % 9)});
      const std::vector<MixLine> lines = Lines(months);
      if (lines.empty()) continue;
      const MixLine& year = lines[1];
      ASSERT_EQ(year.month, 0);
      if (!year.cohorts.has_value()) continue;
      Cohorts left = *year.cohorts;
      left.known -= before.known;
      left.others -= before.others;
      int hidden = 0;
      std::int64_t small = 0;
      for (const MixLine& line : lines) {
        if (line.month <= counted_before || line.month > year.counted_months) continue;
        if (line.cohorts.has_value()) {
          left.known -= line.cohorts->known;
          left.others -= line.cohorts->others;
        } else {
          ++hidden;
          const Cohorts& month_of = months[static_cast<std::size_t>(line.month - 1)];
          if (!line.people.has_value()) small += month_of.total();
        }
      }
      ASSERT_TRUE(left == Cohorts() || left.AreBoth(Rule().cell_min));
      ASSERT_NE(hidden, 1);
      ASSERT_TRUE(small == 0 || small >= Rule().cell_min);
      before = *year.cohorts;
      counted_before = year.counted_months;
    }
  }
}

TEST_F(CohortMixTest, TheLineForAllIsTheSumOfWhatTheYearsShow) {
  MixInput input{.year = 2026, .months = 2, .all = kAll, .channels = {}};
  input.channels[{"employment", "skills"}] = {{{6, 7}, {3, 5}}};
  input.channels[{"tax", "relief"}] = {{{8, 9}, {0, 0}}};
  input.channels[{"bank", "loan"}] = {{{20, 0}, {20, 0}}};
  AQ_ASSERT_OK_AND_ASSIGN(const auto lines, MixLines(table_, input));
  ASSERT_EQ(lines.size(), 9U);
  EXPECT_EQ(lines[0].agency, "");
  EXPECT_EQ(lines[0].cohorts, (Cohorts{.known = 14, .others = 16}));
  // All that is over is judged: 57 with and 21 without.
  EXPECT_EQ(lines[0].mixing, Mixing::kMixed);
  EXPECT_EQ(lines[1].agency, "bank");
  EXPECT_EQ(lines[1].mixing, Mixing::kOneSided);
  EXPECT_FALSE(lines[1].cohorts.has_value());
  EXPECT_EQ(lines[2].month, 1);
  EXPECT_EQ(lines[2].people, 20);
}

TEST_F(CohortMixTest, MonthsThatAreNotOverDoNotCount) {
  MixInput input{.year = 2026, .months = 1, .all = kAll, .channels = {}};
  input.channels[{"employment", "skills"}] = {{{6, 7}, {9, 9}}};
  AQ_ASSERT_OK_AND_ASSIGN(const auto lines, MixLines(table_, input));
  EXPECT_THAT(Shown(lines), ElementsAre("6+7 to 1", "6+7"));
  input.months = 0;
  AQ_ASSERT_OK_AND_ASSIGN(const auto none, MixLines(table_, input));
  EXPECT_THAT(none, IsEmpty());
}

TEST_F(CohortMixTest, ADayWithoutARuleIsAnError) {
  EXPECT_EQ(table_.On(CivilDate::Of(2024, 12, 31)), nullptr);
  ASSERT_NE(table_.On(CivilDate::Of(2030, 1, 1)), nullptr);
  MixInput input{.year = 2024, .months = 12, .all = kAll, .channels = {}};
  input.channels[{"employment", "skills"}][0] = {.known = 6, .others = 7};
  EXPECT_EQ(ReasonOf(MixLines(table_, input).status()), reason::kConfigurationInvalid);
}

struct Mistake {
  const char* from;
  const char* to;
  const char* said;
};

TEST_F(CohortMixTest, SaysWhereAMistakeIs) {
  const std::string shipped = Shipped();
  for (const Mistake& mistake : {
           Mistake{"table: cohort-mix", "table: mix", "cohort-mix.yaml:5:8: must be cohort-mix"},
           Mistake{"cell_min: 5", "cell_min: 1", "must be from 2 to 1000"},
           Mistake{"evidence_millibits_max: 1661", "evidence_millibits_max: 0", "must be from 1"},
           Mistake{"    cell_min: 5\n", "", "missing key cell_min"},
           Mistake{"rows:\n",
                   "rows:\n  - {from: 2020-01-01, to: 2024-12-30, source: s, cell_min: 5, "
                   "evidence_millibits_max: 1}\n",
                   "must begin the day after the row before ends"},
       }) {
    const std::string text = absl::StrReplaceAll(shipped, {{mistake.from, mistake.to}});
    ASSERT_NE(text, shipped) << mistake.from;
    const absl::Status status = ParseMixTable("cohort-mix.yaml", text).status();
    EXPECT_EQ(ReasonOf(status), reason::kCatalogueInvalid) << mistake.to;
    EXPECT_THAT(std::string(status.message()), HasSubstr(mistake.said));
  }
}

}  // namespace
}  // namespace anqiao::referral

#include "hub/ctl/arguments.h"

#include <gmock/gmock.h>

#include "anqiao/exchange/v1/exchange.pb.h"
#include "anqiao/hub/v1/cases.pb.h"
#include "hub/ctl/failure.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::ctl {
namespace {

using ::anqiao::testing::IsOkAndHolds;
using ::anqiao::testing::StatusIs;
using ::testing::HasSubstr;

TEST(ParseDateTest, TakesDaysMonthsAndYears) {
  AQ_ASSERT_OK_AND_ASSIGN(const type::v1::CivilDate day, ParseDate("--as-of", "2024-02-29"));
  EXPECT_EQ(day.year(), 2024);
  EXPECT_EQ(day.month(), 2);
  EXPECT_EQ(day.day(), 29);
  AQ_ASSERT_OK_AND_ASSIGN(const type::v1::CivilDate month, ParseDate("--as-of", "2024-02"));
  EXPECT_EQ(month.month(), 2);
  EXPECT_EQ(month.day(), 0);
  AQ_ASSERT_OK_AND_ASSIGN(const type::v1::CivilDate none, ParseDate("--as-of", ""));
  EXPECT_EQ(none.year(), 0);
}

TEST(ParseDateTest, RefusesWhatIsNoDateAndNamesTheOption) {
  for (const char* text : {"2023-02-29", "2024-13-01", "2024-00-01", "2024-1-1", "20240101",
                           "2024-01-01-01", "tomorrow", "0000-01-01", "-024-01-01", "2024-01-"}) {
    EXPECT_THAT(ParseDate("--as-of", text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--as-of must be a date")))
        << text;
  }
}

TEST(ParseDateTest, AMistakeIsAUsageError) {
  EXPECT_EQ(ExitCodeOf(ParseDate("--as-of", "x").status()), kExitUsage);
}

TEST(ParseTimeTest, TakesRfc3339AndNothingElse) {
  EXPECT_THAT(ParseTime("--extract-time", "2026-03-15T08:00:00+08:00"),
              IsOkAndHolds(absl::FromUnixSeconds(1773532800)));
  EXPECT_THAT(ParseTime("--extract-time", "2026-03-15"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseTime("--extract-time", "infinite-future"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ParseYuanTest, TakesAtMostTwoDecimals) {
  EXPECT_THAT(ParseYuan("--amount-yuan", "24000"), IsOkAndHolds(2'400'000));
  EXPECT_THAT(ParseYuan("--amount-yuan", "0.5"), IsOkAndHolds(50));
  EXPECT_THAT(ParseYuan("--amount-yuan", "7.05"), IsOkAndHolds(705));
  for (const char* text : {"", "-1", "1.234", "1.", ".5", "1e3", "99999999999999999999"}) {
    EXPECT_THAT(ParseYuan("--amount-yuan", text), StatusIs(absl::StatusCode::kInvalidArgument))
        << text;
  }
}

TEST(ResourceNameTest, AddsTheCollectionOnlyIfItIsMissing) {
  EXPECT_EQ(ResourceName("cases", "01ab"), "cases/01ab");
  EXPECT_EQ(ResourceName("cases", "cases/01ab"), "cases/01ab");
  EXPECT_EQ(ResourceName("cases", ""), "");
}

TEST(ParseDetailsTest, SplitsAtTheFirstEqualsSign) {
  google::protobuf::Map<std::string, std::string> details;
  AQ_ASSERT_OK(ParseDetails("--detail", {"course=a=b"}, details));
  EXPECT_EQ(details.at("course"), "a=b");
  EXPECT_THAT(ParseDetails("--detail", {"course"}, details),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("key=value")));
  EXPECT_THAT(ParseDetails("--detail", {"=b"}, details),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(RequestIdTest, MakesOneOrChecksTheGivenOne) {
  AQ_ASSERT_OK_AND_ASSIGN(const std::string made, RequestIdOrNew(""));
  EXPECT_THAT(RequestIdOrNew(made), IsOkAndHolds(made));
  EXPECT_THAT(RequestIdOrNew("7"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ParseEnumTest, TakesNamesWithAndWithoutPrefixInAnyCase) {
  for (const char* text :
       {"COMMUNITY_DETOX", "community_detox", "community-detox", "PHASE_COMMUNITY_DETOX"}) {
    EXPECT_THAT(ParseEnum<hub::v1::Phase>("--phase", text),
                IsOkAndHolds(hub::v1::PHASE_COMMUNITY_DETOX));
  }
}

TEST(ParseEnumTest, AnUnknownNameIsAnsweredWithTheKnownOnes) {
  EXPECT_THAT(ParseEnum<exchange::v1::AnswerAction>("ACTION", "agree"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ACCEPT, DECLINE")));
  EXPECT_THAT(ParseEnum<hub::v1::Phase>("--phase", "UNSPECIFIED"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(EnumTextTest, DropsThePrefixAndShowsUnknownNumbers) {
  EXPECT_EQ(EnumText(hub::v1::PHASE_COMMUNITY_DETOX), "COMMUNITY_DETOX");
  EXPECT_EQ(EnumText(hub::v1::PHASE_UNSPECIFIED), "-");
  EXPECT_EQ(EnumText(static_cast<hub::v1::Phase>(99)), "99");
}

}  // namespace
}  // namespace anqiao::ctl

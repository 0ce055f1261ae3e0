#include "hub/store/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "tests/testing/status_matchers.h"

namespace anqiao::store {
namespace {

using ::anqiao::testing::IsOkAndHolds;
using ::anqiao::testing::StatusIs;

// Short texts over few letters, so that prefixes of one another and equal ones are common.
std::string RandomText(std::mt19937_64& random) {
  static const std::string kLetters = std::string("ab\x01\xff/") + "吸";
  std::string text;
  for (std::uint64_t left = random() % 5; left > 0; --left) {
    text.push_back(kLetters[random() % kLetters.size()]);
  }
  return text;
}

std::uint64_t RandomNumber(std::mt19937_64& random) {
  return random() % 2 == 0 ? random() % 300 : random();
}

journal::v1::RecordRef RandomRecord(std::mt19937_64& random) {
  journal::v1::RecordRef record;
  record.set_agency(RandomText(random));
  record.set_format(RandomText(random));
  record.set_kind(static_cast<std::int32_t>(random() % 300));
  record.set_key(RandomText(random));
  return record;
}

auto Parts(const journal::v1::RecordRef& r) {
  return std::make_tuple(r.agency(), r.format(), r.kind(), r.key());
}

TEST(KeysTest, RecordKeysComeBackAndSortAsTheirParts) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const journal::v1::RecordRef a = RandomRecord(random);
    const journal::v1::RecordRef b = RandomRecord(random);
    AQ_ASSERT_OK_AND_ASSIGN(const journal::v1::RecordRef back, DecodeRecordKey(RecordKey(a)));
    ASSERT_EQ(Parts(back), Parts(a));
    ASSERT_EQ(RecordKey(a) < RecordKey(b), Parts(a) < Parts(b));
  }
}

TEST(KeysTest, DueKeysComeBackAndSortByTheirInstants) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t at = RandomNumber(random) >> 1;
    const std::string key = DueKey(at, RandomText(random), RandomNumber(random));
    const std::uint64_t other = RandomNumber(random) >> 1;
    AQ_ASSERT_OK_AND_ASSIGN(const DueParts back, DecodeDueKey(key));
    ASSERT_EQ(back.micros, at);
    ASSERT_EQ(DueKey(back.micros, back.subject, back.kind), key);
    const KeyRange range = DueRange(other);
    ASSERT_EQ(range.begin <= key && key < range.end, at <= other);
  }
  EXPECT_THAT(DecodeDueKey(PersonKey("p")), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(KeysTest, LookKeysComeBackAndSortByTheirDays) {
  std::mt19937_64 random(8);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t day = RandomNumber(random) >> 1;
    const std::string key = LookKey(day, RandomText(random));
    const std::uint64_t other = RandomNumber(random) >> 1;
    AQ_ASSERT_OK_AND_ASSIGN(const LookParts back, DecodeLookKey(key));
    ASSERT_EQ(back.day, day);
    ASSERT_EQ(LookKey(back.day, back.person), key);
    const KeyRange range = LookRange(other);
    ASSERT_EQ(range.begin <= key && key < range.end, day <= other);
  }
  EXPECT_THAT(DecodeLookKey(PersonKey("p")), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(KeysTest, AskedKeysComeBackAndLieInTheirYear) {
  std::mt19937_64 random(9);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t year = random() % 4, other = random() % 4;
    const std::string key =
        AskedKey(year, RandomText(random), RandomText(random), RandomText(random));
    AQ_ASSERT_OK_AND_ASSIGN(const AskedParts back, DecodeAskedKey(key));
    ASSERT_EQ(back.year, year);
    ASSERT_EQ(AskedKey(back.year, back.agency, back.service, back.person), key);
    const KeyRange range = AskedRange(other);
    ASSERT_EQ(range.begin <= key && key < range.end, year == other);
  }
  EXPECT_THAT(DecodeAskedKey(PersonKey("p")), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(KeysTest, PendingKeysComeBackAndSortAsTheirParts) {
  std::mt19937_64 random(2);
  const auto make = [&random] {
    return std::make_tuple(RandomText(random), RandomNumber(random), RandomText(random));
  };
  for (int i = 0; i < 20000; ++i) {
    const auto a = make();
    const auto b = make();
    const std::string key = std::apply(PendingKey, a);
    AQ_ASSERT_OK_AND_ASSIGN(const PendingParts back, DecodePendingKey(key));
    ASSERT_EQ(std::make_tuple(back.agency, back.sequence, back.delivery), a);
    ASSERT_EQ(key < std::apply(PendingKey, b), a < b);
  }
}

TEST(KeysTest, OnePartKeysComeBackAndSortAsTheirText) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 5000; ++i) {
    const std::string a = RandomText(random);
    const std::string b = RandomText(random);
    EXPECT_THAT(DecodeOnePart(Family::kPerson, PersonKey(a)), IsOkAndHolds(a));
    ASSERT_EQ(PersonKey(a) < PersonKey(b), a < b);
    ASSERT_EQ(RequestKey(a) < RequestKey(b), a < b);
    ASSERT_EQ(PseudonymKey(a, b) < PseudonymKey(b, a), std::tie(a, b) < std::tie(b, a));
  }
}

TEST(KeysTest, DisclosureKeysSortBySequence) {
  EXPECT_LT(DisclosureKey("p", 255), DisclosureKey("p", 256));
  EXPECT_LT(DisclosureKey("p", 1), DisclosureKey("p", std::numeric_limits<std::uint64_t>::max()));
}

TEST(KeysTest, HidesWhatIsPersonalAndKeepsTheRest) {
  const auto hash = [](absl::string_view key) { return "#" + std::to_string(key.size()); };
  journal::v1::RecordRef record;
  record.set_agency("police");
  record.set_format("roster");
  record.set_kind(3);
  record.set_key("personal");
  const std::string key = RecordKey(record);
  const std::string hidden = HideKey(key, hash);
  EXPECT_TRUE(IsHidden(key));
  EXPECT_EQ(hidden.find("personal"), std::string::npos);
  const KeyRange range = RecordRange("police", "roster");
  EXPECT_LE(range.begin, hidden);
  EXPECT_LT(hidden, range.end);
  // A blocking key is a hash already.
  for (const std::string& open :
       {PersonKey("p1"), MetaKey("m"), PendingKey("tax", 1, "d"), BlockKey(1), NodeKey(1)}) {
    EXPECT_FALSE(IsHidden(open));
    EXPECT_EQ(HideKey(open, hash), open);
  }
}

TEST(KeysTest, FamiliesDoNotMeet) {
  const std::vector<std::string> keys = {
      MetaKey("x"),          RecordKey({}),         PersonKey("x"),
      BlockKey(1),           RequestKey("x"),       ReferralKey("x"),
      PseudonymKey("x", ""), DeliveryKey("x"),      PendingKey("x", 1, ""),
      QuarantineKey("x"),    DisclosureKey("x", 1), CountKey("x"),
      DeadKey("x", 1, ""),   ConsentKey("x"),       DueKey(1, "x", 1),
      NotesKey("x"),         LookKey(1, "x"),       AskedKey(1, "x", "", ""),
      TeamMemberKey("x"),    DispatchKey("x"),      NodeKey(1),
      ReviewKey("x", "y"),   RegroupedKey(1, "x")};
  const std::vector<Family> families = {
      Family::kMeta,    Family::kRecord,     Family::kPerson,     Family::kBlock,
      Family::kRequest, Family::kReferral,   Family::kPseudonym,  Family::kDelivery,
      Family::kPending, Family::kQuarantine, Family::kDisclosure, Family::kCount,
      Family::kDead,    Family::kConsent,    Family::kDue,        Family::kNotes,
      Family::kLook,    Family::kAsked,      Family::kTeamMember, Family::kDispatch,
      Family::kNode,    Family::kReview,     Family::kRegrouped};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (std::size_t j = 0; j < families.size(); ++j) {
      const KeyRange range = FamilyRange(families[j]);
      EXPECT_EQ(range.begin <= keys[i] && keys[i] < range.end, i == j) << i << " " << j;
    }
  }
}

TEST(KeysTest, RangesHoldTheirPartAndNotOneThatStartsWithIt) {
  journal::v1::RecordRef record;
  record.set_agency("tax");
  record.set_format("a");
  record.set_key("1");
  const KeyRange records = RecordRange("tax", "a");
  EXPECT_LE(records.begin, RecordKey(record));
  EXPECT_LT(RecordKey(record), records.end);
  record.set_format("ab");
  EXPECT_GE(RecordKey(record), records.end);

  const KeyRange pending = PendingRange("tax");
  EXPECT_LT(PendingKey("tax", std::numeric_limits<std::uint64_t>::max(), "d"), pending.end);
  EXPECT_GE(PendingKey("tax2", 0, "d"), pending.end);
  const KeyRange disclosures = DisclosureRange("p");
  EXPECT_LT(DisclosureKey("p", std::numeric_limits<std::uint64_t>::max()), disclosures.end);
  EXPECT_GE(DisclosureKey("p2", 0), disclosures.end);
}

TEST(KeysTest, ReviewKeysRoundTripAndGoOnAfterOne) {
  AQ_ASSERT_OK_AND_ASSIGN(const ReviewParts parts, DecodeReviewKey(ReviewKey("p1", "p2")));
  EXPECT_EQ(parts.person, "p1");
  EXPECT_EQ(parts.other, "p2");
  EXPECT_THAT(DecodeReviewKey(PersonKey("p1")), StatusIs(absl::StatusCode::kDataLoss));
  const KeyRange all = ReviewRange("", "");
  EXPECT_LE(all.begin, ReviewKey("p1", "p2"));
  const KeyRange rest = ReviewRange("p1", "p2");
  EXPECT_LT(ReviewKey("p1", "p2"), rest.begin);
  EXPECT_LE(rest.begin, ReviewKey("p1", "p3"));
  EXPECT_LT(ReviewKey("p9", "p9"), rest.end);
}

TEST(KeysTest, DisclosureKeysRoundTrip) {
  AQ_ASSERT_OK_AND_ASSIGN(const DisclosureParts parts,
                          DecodeDisclosureKey(DisclosureKey("p1", 258)));
  EXPECT_EQ(parts.person, "p1");
  EXPECT_EQ(parts.sequence, 258u);
  EXPECT_THAT(DecodeDisclosureKey(DisclosureKey("p1", 1) + "x"),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(KeysTest, RegroupedKeysRoundTripAndSortByEntry) {
  AQ_ASSERT_OK_AND_ASSIGN(const RegroupedParts parts, DecodeRegroupedKey(RegroupedKey(258, "p1")));
  EXPECT_EQ(parts.sequence, 258u);
  EXPECT_EQ(parts.person, "p1");
  const KeyRange range = RegroupedRange(2, 258);
  EXPECT_LT(RegroupedKey(1, "p9"), range.begin);
  EXPECT_LE(range.begin, RegroupedKey(2, ""));
  EXPECT_LT(RegroupedKey(258, "p9"), range.end);
  EXPECT_LE(range.end, RegroupedKey(259, ""));
}

TEST(KeysTest, PagesOfABlockingKeyLieBesideEachOther) {
  EXPECT_LT(BlockKey(7), BlockKey(7, 1));
  EXPECT_LT(BlockKey(7, 1000), BlockKey(8));
}

TEST(KeysTest, AfterRangeLeavesOutWhatWasSeen) {
  const KeyRange range = AfterRange(Family::kPerson, "b");
  EXPECT_LT(PersonKey("b"), range.begin);
  EXPECT_LE(range.begin, PersonKey("b\x01"));
  EXPECT_LT(PersonKey("zz"), range.end);
  EXPECT_EQ(AfterRange(Family::kPerson, "").begin, FamilyRange(Family::kPerson).begin);
}

TEST(KeysTest, RefusesWhatIsNotAKeyOfTheFamily) {
  const std::string record = RecordKey({});
  for (std::size_t size = 0; size < record.size(); ++size) {
    EXPECT_THAT(DecodeRecordKey(record.substr(0, size)), StatusIs(absl::StatusCode::kDataLoss));
  }
  EXPECT_THAT(DecodeRecordKey(record + "x"), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodePendingKey(record), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodePendingKey(PendingKey("a", 1, "d") + "x"),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeOnePart(Family::kPerson, CountKey("x")), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeOnePart(Family::kPerson, "px"), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(KeysTest, RefusesAKindThatIsOutOfRange) {
  std::string key = RecordKey({});
  key[3] = '\x01';
  EXPECT_THAT(DecodeRecordKey(key), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace anqiao::store

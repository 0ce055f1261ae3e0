#include "hub/store/key_ring_format.h"

#include <gtest/gtest.h>

#include "hub/base/errors.h"
#include "hub/store/checksum.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::store {
namespace {

using ::anqiao::testing::IsOk;
using ::anqiao::testing::StatusIs;

const std::string kRing(kRingIdBytes, 'r');

RingHeader Header() {
  return {.generation = 9,
          .suite = 'A',
          .ring_id = kRing,
          .master_id = "0123456789abcdef",
          .reserved_through = 8192,
          .synced_through = 4096,
          .erased_through = 77,
          .named = {{"digest", std::string(40, 'w')}, {"log-signing", std::string(48, 'x')}}};
}

std::string Resealed(std::string bytes) {
  const absl::string_view magic("AQRING1\0", 8);
  return Seal(magic, bytes.substr(0, bytes.size() - 4));
}

TEST(KeyRingFormatTest, HeaderIsReadAsWritten) {
  const RingHeader header = Header();
  AQ_ASSERT_OK_AND_ASSIGN(const RingHeader read, DecodeHeader(EncodeHeader(header) + "more"));
  EXPECT_EQ(read.generation, header.generation);
  EXPECT_EQ(read.suite, header.suite);
  EXPECT_EQ(read.ring_id, header.ring_id);
  EXPECT_EQ(read.master_id, header.master_id);
  EXPECT_EQ(read.reserved_through, header.reserved_through);
  EXPECT_EQ(read.synced_through, header.synced_through);
  EXPECT_EQ(read.erased_through, header.erased_through);
  EXPECT_EQ(read.named, header.named);
}

TEST(KeyRingFormatTest, LargestHeaderFits) {
  RingHeader header = Header();
  header.master_id = std::string(kMasterIdMax, 'm');
  header.named.assign(kNamedKeysMax,
                      {std::string(kKeyNameMax, 'n'), std::string(CipherSuite::kWrappedMax, 'w')});
  EXPECT_LE(EncodeHeader(header).size(), kHeaderBytes);
  AQ_EXPECT_OK(DecodeHeader(EncodeHeader(header)));
}

TEST(KeyRingFormatTest, DamagedHeaderIsNoticed) {
  const std::string whole = EncodeHeader(Header());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string bytes = whole;
    bytes[i] ^= 1;
    EXPECT_THAT(DecodeHeader(bytes), StatusIs(absl::StatusCode::kDataLoss)) << i;
    EXPECT_THAT(DecodeHeader(whole.substr(0, i)), StatusIs(absl::StatusCode::kDataLoss)) << i;
  }
}

TEST(KeyRingFormatTest, ImpossibleNumbersAreNoticed) {
  RingHeader header = Header();
  header.synced_through = header.reserved_through + 1;
  EXPECT_THAT(DecodeHeader(EncodeHeader(header)), StatusIs(absl::StatusCode::kDataLoss));
  header = Header();
  header.reserved_through = header.synced_through + kPoolMax + 1;
  EXPECT_THAT(DecodeHeader(EncodeHeader(header)), StatusIs(absl::StatusCode::kDataLoss));
  header = Header();
  header.reserved_through = header.synced_through = kKeyIdMax + 1;
  EXPECT_THAT(DecodeHeader(EncodeHeader(header)), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(KeyRingFormatTest, AnotherVersionIsRefused) {
  std::string bytes = EncodeHeader(Header());
  bytes[15] = 2;
  const auto header = DecodeHeader(Resealed(bytes));
  EXPECT_THAT(header, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ReasonOf(header.status()), reason::kFormatVersionUnknown);
}

TEST(KeyRingFormatTest, SlotIsReadAsWritten) {
  const Slot live = {.state = SlotState::kLive, .wrapped = std::string(40, 'w')};
  const std::string bytes = EncodeSlot(kRing, 7, live);
  EXPECT_EQ(bytes.size(), kSlotBytes);
  AQ_ASSERT_OK_AND_ASSIGN(const Slot read, DecodeSlot(kRing, 7, bytes));
  EXPECT_EQ(read.state, SlotState::kLive);
  EXPECT_EQ(read.wrapped, live.wrapped);
  AQ_ASSERT_OK_AND_ASSIGN(
      const Slot destroyed,
      DecodeSlot(kRing, 7, EncodeSlot(kRing, 7, {.state = SlotState::kDestroyed, .wrapped = {}})));
  EXPECT_EQ(destroyed.state, SlotState::kDestroyed);
  AQ_ASSERT_OK_AND_ASSIGN(const Slot none, DecodeSlot(kRing, 7, std::string(kSlotBytes, '\0')));
  EXPECT_EQ(none.state, SlotState::kVoid);
}

TEST(KeyRingFormatTest, SlotOfAnotherPlaceOrRingIsNoticed) {
  const std::string bytes =
      EncodeSlot(kRing, 7, {.state = SlotState::kLive, .wrapped = std::string(48, 'w')});
  EXPECT_THAT(DecodeSlot(kRing, 8, bytes), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeSlot(std::string(kRingIdBytes, 's'), 7, bytes),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeSlot(kRing, 7, bytes.substr(1)), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(KeyRingFormatTest, LiveSlotHasAKeyAndADestroyedOneNone) {
  for (const Slot& wrong : {Slot{.state = SlotState::kLive, .wrapped = ""},
                            Slot{.state = SlotState::kDestroyed, .wrapped = "w"}}) {
    EXPECT_THAT(DecodeSlot(kRing, 7, EncodeSlot(kRing, 7, wrong)),
                StatusIs(absl::StatusCode::kDataLoss));
  }
}

}  // namespace
}  // namespace anqiao::store

// An agency that is away for 30 days: what it misses waits outside of memory, comes in order and
// once in effect when it is back, and the others do not notice.
//
// AQ_AWAY_DELIVERIES says how many deliveries wait (100,000 are what is promised); fewer otherwise,
// so that sanitizers get through. The store's buffers and caches are small, so that they are full
// soon and what grows with the deliveries would be seen.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/store/rocks_store_internal.h"
#include "tests/hub/engine/engine_fixture.h"

namespace anqiao::engine {
namespace {

using exchange::v1::Delivery;

constexpr int kDays = 30;
constexpr int kPeople = 400;
constexpr int kDeliveriesPerReferral = 3;  // request, cancellation, closure
constexpr int kOthersPerDay = 4;
constexpr std::size_t kWindow = 1024;
constexpr char kBureau[] = "bureau";

int DeliveriesWanted() {
  const char* const text = std::getenv("AQ_AWAY_DELIVERIES");
  return text == nullptr ? 3'000 : std::atoi(text);
}

// Half a kilobyte kept of each of 100,000 deliveries would be 33 MB from the tenth day to the last.
constexpr long kGrowthKibMax = 8 * 1024;

// Resident memory in KiB; 0 if the system does not tell.
long ResidentKib() {
  std::ifstream file("/proc/self/statm");
  long pages = 0, resident = 0;
  file >> pages >> resident;
  return resident * 4;
}

extern "C" int mallctl(const char*, void*, std::size_t*, void*, std::size_t) __attribute__((weak));

// KiB that the program has allocated and not freed; 0 if the allocator does not tell.
long AllocatedKib() {
  if (mallctl == nullptr) return 0;
  std::uint64_t epoch = 1;
  std::size_t size = sizeof(epoch), bytes = 0;
  mallctl("epoch", &epoch, &size, &epoch, size);
  size = sizeof(bytes);
  if (mallctl("stats.allocated", &bytes, &size, nullptr, 0) != 0) return 0;
  return static_cast<long>(bytes / 1024);
}

double Percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

// What an agency's system makes of what comes: each name has an effect once.
class Recipient {
 public:
  void Take(const Delivery& delivery) {
    if (!names_.insert(delivery.name()).second) {
      ++repeats_;
      return;
    }
    int& stage = stages_[delivery.referral()];
    const int comes = delivery.has_request() ? 0 : delivery.has_cancellation() ? 1 : 2;
    if (comes != stage) ++out_of_order_;
    ++stage;
  }
  std::size_t effects() const { return names_.size(); }
  int repeats() const { return repeats_; }
  int out_of_order() const { return out_of_order_; }
  // Referrals of which everything came.
  std::size_t complete() const {
    return static_cast<std::size_t>(
        std::count_if(stages_.begin(), stages_.end(),
                      [](const auto& one) { return one.second == kDeliveriesPerReferral; }));
  }

 private:
  std::set<std::string> names_;
  std::map<std::string, int> stages_;
  int repeats_ = 0, out_of_order_ = 0;
};

class AwayTest : public EngineFixture {
 protected:
  void SetUp() override {
    AgencyOptions& bureau = options_.agencies.emplace_back();
    bureau.id = kBureau;
    bureau.kind = "employment";
    bureau.adapter = &slot_;
    bureau.formats = {"jobless"};
    bureau.services = {"skills"};
    options_.delivery_window_max = kWindow;
    Open(true);
    AddPeople();
    OpenBureau();
  }
  absl::StatusOr<std::unique_ptr<store::Store>> OpenOnDisk(const std::string& directory) override {
    return store::OpenRocksStoreOn(rocksdb::Env::Default(), {.directory = directory},
                                   {.write_buffer_bytes = std::size_t{1} << 20,
                                    .projection_cache_bytes = std::size_t{1} << 20,
                                    .journal_cache_bytes = std::size_t{1} << 20});
  }
  void TearDown() override {
    bureau_.reset();
    EngineFixture::TearDown();
  }
  void OpenBureau() {
    auto opened = engine_->OpenReceive(kBureau, 10, absl::Seconds(60));
    ASSERT_TRUE(opened.ok()) << opened.status();
    bureau_ = *std::move(opened);
  }
  void AddPeople() {
    std::string rows;
    for (int i = 0; i < kPeople; ++i) {
      absl::StrAppend(&rows, "J", i, "|张安|", IdNumber(i), "|2026-01-05|421202\n");
    }
    SubmitAndWait(Command("employment", "jobless", rows));
    const auto cases = engine_->ListCases({}, "", 1000, "");
    ASSERT_TRUE(cases.ok()) << cases.status();
    for (const CaseView& view : cases->items) people_.push_back(view.document.person());
    ASSERT_EQ(people_.size(), static_cast<std::size_t>(kPeople));
  }
  ReferralDocument SendTo(const std::string& agency) {
    CreateReferralCommand draft =
        Draft(people_[static_cast<std::size_t>(next_++) % people_.size()]);
    draft.agency = agency;
    const auto drafted = engine_->CreateReferral(User(), draft, "");
    EXPECT_TRUE(drafted.ok()) << drafted.status();
    const auto sent = engine_->SendReferral(User(), Sending(*drafted), "");
    EXPECT_TRUE(sent.ok()) << sent.status();
    return *sent;
  }
  // Three deliveries for the agency that is away.
  void SendAndWithdraw() {
    const ReferralDocument sent = SendTo("employment");
    const auto cancelled = engine_->MoveReferral(
        User(), Moving(sent, referral::Action::kCancel, "PERSON_WITHDREW"), "");
    ASSERT_TRUE(cancelled.ok()) << cancelled.status();
    AQ_ASSERT_OK(engine_
                     ->MoveReferral(User("li", "supervisor"),
                                    Moving(*cancelled, referral::Action::kVoid, "ENTERED_IN_ERROR"),
                                    "")
                     .status());
  }
  // A referral to the agency that is there, until it has it; milliseconds.
  double ServeTheOther() {
    const absl::Duration begin = clock_.SteadyNow();
    const ReferralDocument sent = SendTo(kBureau);
    const Delivery delivery = NextOf(*bureau_);
    EXPECT_EQ(delivery.referral(), absl::StrCat("referrals/", sent.draft().pseudonym()));
    AQ_EXPECT_OK(bureau_->Ack(delivery.name()));
    return absl::ToDoubleMilliseconds(clock_.SteadyNow() - begin);
  }
  void NotePlaces() { places_ = std::max(places_, engine_->Counts().delivery_places); }

  // Takes up to "count" deliveries; some of the last are not acknowledged.
  void CatchUp(Recipient& recipient, int count, int unanswered) {
    auto stream = engine_->OpenReceive("employment", 64, absl::Seconds(60));
    ASSERT_TRUE(stream.ok()) << stream.status();
    for (int i = 0; i < count; ++i) {
      const Delivery delivery = NextOf(**stream);
      if (delivery.name().empty()) return;
      recipient.Take(delivery);
      if (i >= count - unanswered) continue;
      AQ_ASSERT_OK((*stream)->Ack(delivery.name()));
    }
  }
  std::map<std::string, int> StatesOf(const std::string& agency) {
    std::map<std::string, int> states;
    std::string after;
    ReferralFilter filter;
    filter.agency = agency;
    do {
      const auto page = engine_->ListReferrals(filter, after, 1000, "");
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const ReferralDocument& referral : page->items) {
        EXPECT_TRUE(referral.has_delivered_time());
        EXPECT_EQ(referral.dead_delivery_count(), 0);
        ++states[journal::v1::ReferralState_Name(referral.state())];
      }
      after = page->next_after;
    } while (!after.empty());
    return states;
  }

  std::vector<std::string> people_;
  std::unique_ptr<DeliveryStream> bureau_;
  int next_ = 0;
  std::int64_t places_ = 0;
};

TEST_F(AwayTest, WhatItMissesWaitsAndComesInOrderWithoutDisturbingOthers) {
  const int referrals = std::max(kDays, DeliveriesWanted() / kDeliveriesPerReferral);
  const absl::Time start = clock_.Now();
  std::vector<long> resident, allocated;
  std::vector<double> before, meanwhile;
  int queued = 0;
  for (int day = 0; day < kDays; ++day) {
    for (; queued < referrals * (day + 1) / kDays; ++queued) {
      SendAndWithdraw();
      NotePlaces();
    }
    for (int i = 0; i < kOthersPerDay; ++i) before.push_back(ServeTheOther());
    clock_.Advance(absl::Hours(24));
    resident.push_back(ResidentKib());
    allocated.push_back(AllocatedKib());
    // The hub is updated meanwhile.
    if (day == kDays / 2) {
      bureau_.reset();
      Open(true);
      OpenBureau();
    }
  }
  const int waiting = referrals * kDeliveriesPerReferral;
  EXPECT_EQ(Employment().pending_deliveries, waiting);
  EXPECT_LE(places_, static_cast<std::int64_t>(kWindow));
  EXPECT_FALSE(Employment().receiving);
  // What waited longest had been there since the first day.
  EXPECT_EQ(Employment().away_since, start);
  std::printf("away: %d deliveries wait; at most %ld places in memory\n", waiting,
              static_cast<long>(places_));
  std::printf("away: resident after 10, 20, 30 days: %ld, %ld, %ld KiB\n", resident[9],
              resident[19], resident[29]);
  const auto most_of_ten_days = [&](int first) {
    return *std::max_element(allocated.begin() + first, allocated.begin() + first + 10);
  };
  const long earlier = most_of_ten_days(0), later = most_of_ten_days(20);
  std::printf("away: allocated at most %ld KiB in the first ten days, %ld in the last\n", earlier,
              later);
  EXPECT_LE(later - earlier, kGrowthKibMax);

  Recipient recipient;
  std::atomic<bool> done = false;
  const absl::Duration begin = clock_.SteadyNow();
  std::thread agency([&] {
    // Connections that break off leave something without an answer.
    CatchUp(recipient, waiting / 3, 20);
    CatchUp(recipient, waiting / 3, 20);
    CatchUp(recipient, waiting - 2 * (waiting / 3) + 40, 0);
    done = true;
  });
  do {
    meanwhile.push_back(ServeTheOther());
    NotePlaces();
  } while (!done);
  agency.join();
  const double seconds = absl::ToDoubleSeconds(clock_.SteadyNow() - begin);
  EXPECT_EQ(recipient.effects(), static_cast<std::size_t>(waiting));
  EXPECT_EQ(recipient.complete(), static_cast<std::size_t>(referrals));
  EXPECT_EQ(recipient.out_of_order(), 0);
  EXPECT_EQ(recipient.repeats(), 40);
  // Both agencies' windows.
  EXPECT_LE(places_, static_cast<std::int64_t>(2 * kWindow));
  EXPECT_EQ(Employment().pending_deliveries, 0);
  EXPECT_EQ(Employment().dead_deliveries, 0);
  EXPECT_THAT(StatesOf("employment"),
              ::testing::ElementsAre(std::pair("REFERRAL_STATE_VOID", referrals)));
  EXPECT_EQ(StatesOf(kBureau)["REFERRAL_STATE_SENT"],
            static_cast<int>(before.size() + meanwhile.size()));
  ExpectVerified();
  std::printf("away: caught up in %.1f s; %d came again; at most %ld places in memory\n", seconds,
              recipient.repeats(), static_cast<long>(places_));
  std::printf(
      "away: the other agency's referral, from draft to ack: p50 %.2f ms, p99 %.2f ms before; "
      "p50 %.2f ms, p99 %.2f ms while it caught up (%zu of them)\n",
      Percentile(before, 0.5), Percentile(before, 0.99), Percentile(meanwhile, 0.5),
      Percentile(meanwhile, 0.99), meanwhile.size());
}

}  // namespace
}  // namespace anqiao::engine

#include "hub/engine/writer.h"

#include <atomic>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "tests/hub/engine/engine_fixture.h"

namespace anqiao::engine {
namespace {

constexpr auto kFull = absl::StatusCode::kResourceExhausted;
constexpr auto kLost = absl::StatusCode::kDataLoss;

// Answers of payloads that nobody waits for one by one.
class Answers {
 public:
  std::function<void(std::vector<SubmitResponse>)> Expect(const std::string& id) {
    absl::MutexLock lock(&mu_);
    ++open_;
    return [this, id](std::vector<SubmitResponse> responses) {
      absl::MutexLock lock(&mu_);
      --open_;
      summaries_[id] = responses.back().summary();
      changed_.SignalAll();
    };
  }
  std::map<std::string, PayloadSummary> Wait() {
    absl::MutexLock lock(&mu_);
    while (open_ > 0) changed_.Wait(&mu_);
    return summaries_;
  }

 private:
  absl::Mutex mu_;
  absl::CondVar changed_;
  int open_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<std::string, PayloadSummary> summaries_ ABSL_GUARDED_BY(mu_);
};

class WriterTest : public EngineOverStores {
 protected:
  // Until everything that was queued is in a group: the writer takes an access, which it gets here,
  // only after all that came before it.
  void AwaitBuilt() {
    while (engine_->Counts().queued > 0) absl::SleepFor(absl::Milliseconds(1));
    engine_->RecordAccess(User(), "GetCase", "cases/p1", true, "");
    while (engine_->Counts().queued > 0) absl::SleepFor(absl::Milliseconds(1));
  }
  std::int64_t AccessesInJournal() {
    std::int64_t count = 0;
    AQ_EXPECT_OK(store_->ReadJournal(1, [&](store::Sequence, absl::string_view bytes) {
      journal::v1::Entry entry;
      EXPECT_TRUE(entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
      if (entry.has_access_recorded()) ++count;
      return true;
    }));
    return count;
  }
};

TEST_P(WriterTest, AcknowledgesNothingWhenTheDiskIsFullAndGoesOnWhenItIsNot) {
  Submit("changes", "A1|张安\n", "before");
  const auto before = Everything();
  store_->FillDisk(1);
  const PayloadSummary refused = Summary(Submit("changes", "A1|李桥\nA2|王平\n", "one"));
  EXPECT_EQ(CodeOf(refused), kFull);
  EXPECT_EQ(refused.accepted_count(), 0);
  EXPECT_EQ(Everything(), before);
  const PayloadSummary taken = Summary(Submit("changes", "A1|李桥\nA2|王平\n", "one"));
  EXPECT_EQ(taken.accepted_count(), 2);
  EXPECT_FALSE(taken.repeated());
  EXPECT_EQ(LiveRecords(), 2);
  ExpectVerified();
}

TEST_P(WriterTest, NobodyInALostGroupIsAcknowledgedAndNothingOfItIsRemembered) {
  store_->Hold();
  Answers answers;
  const auto submit = [&](const std::string& payload, const std::string& id) {
    EXPECT_TRUE(
        engine_->Submit(Command("police", "changes", payload, id), answers.Expect(id), nullptr));
  };
  // The first is on its way to the disk; the others make the next group.
  submit("A1|张安\n", "first");
  store_->AwaitAppend();
  submit("A2|李桥\n", "second");
  submit("A2|李桥\n", "third");
  submit("A2|李桥\n", "second");
  store_->FillDisk(2);
  store_->Release();
  for (const auto& [id, summary] : answers.Wait()) EXPECT_EQ(CodeOf(summary), kFull) << id;
  EXPECT_EQ(LiveRecords(), 0);
  const PayloadSummary third = Summary(Submit("changes", "A2|李桥\n", "third"));
  EXPECT_EQ(third.accepted_count(), 1);
  EXPECT_FALSE(third.repeated());
  EXPECT_FALSE(Summary(Submit("changes", "A2|李桥\n", "second")).repeated());
  ExpectVerified();
}

TEST_P(WriterTest, WhatIsBuiltOnALostGroupIsLostWithItAndOnlyThat) {
  options_.inline_group_entries_max = 0;
  Restart();
  const store::Sequence before = engine_->Counts().synced;
  store_->Hold();
  Answers answers;
  const auto submit = [&](const std::string& payload, const std::string& id) {
    EXPECT_TRUE(
        engine_->Submit(Command("police", "changes", payload, id), answers.Expect(id), nullptr));
  };
  submit("A1|张安\n", "first");
  store_->AwaitAppend();
  // Built while the first is with the committer, and on what it says.
  submit("A1|李桥\n", "second");
  submit("A2|李桥\n", "third");
  AwaitBuilt();
  store_->FillDisk(1);
  store_->Release();
  for (const auto& [id, summary] : answers.Wait()) EXPECT_EQ(CodeOf(summary), kFull) << id;
  EXPECT_EQ(engine_->Counts().synced, before);
  // The disk has room: nothing is remembered but the access.
  EXPECT_EQ(Summary(Submit("changes", "A1|王平\n", "second")).accepted_count(), 1);
  EXPECT_EQ(LiveRecords(), 1);
  EXPECT_EQ(AccessesInJournal(), 1);
  ExpectVerified();
}

TEST_P(WriterTest, WhatComesDuringASyncIsOneGroup) {
  options_.inline_group_entries_max = 0;
  options_.agencies[0].pending_payloads_max = 100;
  Restart();
  store_->Hold();
  Answers answers;
  for (int i = 0; i < 21; ++i) {
    const std::string id = absl::StrCat("r", i);
    EXPECT_TRUE(engine_->Submit(Command("police", "changes", absl::StrCat("A", i, "|张安\n"), id),
                                answers.Expect(id), nullptr));
    if (i == 0) store_->AwaitAppend();
  }
  AwaitBuilt();
  store_->Release();
  EXPECT_EQ(answers.Wait().size(), 21);
  const GroupCounts groups = engine_->Counts().groups;
  // The access of AwaitBuilt may be in a group of its own.
  EXPECT_LE(groups.groups, 3);
  EXPECT_GE(groups.largest, 40);
  EXPECT_EQ(LiveRecords(), 21);
}

TEST_P(WriterTest, AGroupWaitsForMoreIfItIsToldTo) {
  options_.group_wait = absl::Seconds(1);
  options_.agencies[0].pending_payloads_max = 100;
  Restart();
  Answers answers;
  for (int i = 0; i < 20; ++i) {
    const std::string id = absl::StrCat("r", i);
    EXPECT_TRUE(engine_->Submit(Command("police", "changes", absl::StrCat("A", i, "|张安\n"), id),
                                answers.Expect(id), nullptr));
  }
  EXPECT_EQ(answers.Wait().size(), 20);
  EXPECT_LT(engine_->Counts().groups.groups, 20);
  EXPECT_EQ(LiveRecords(), 20);
}

TEST_P(WriterTest, ReadersWaitForASequence) {
  Submit("changes", "A1|张安\n");
  const store::Sequence end = engine_->Counts().synced;
  AQ_EXPECT_OK(engine_->AwaitProjected(end, absl::Seconds(10)));
  EXPECT_THAT(engine_->AwaitProjected(end + 1, absl::Seconds(10)),
              testing::StatusIs(absl::StatusCode::kFailedPrecondition));
  store_->FillProjections(1'000'000);
  Submit("changes", "A2|张安\n");
  EXPECT_FALSE(engine_->AwaitProjected(end + 1, absl::Milliseconds(1)).ok());
  store_->FillProjections(0);
  while (!engine_->AwaitProjected(end + 1, absl::Seconds(10)).ok()) {
  }
  EXPECT_GE(engine_->Counts().projected, end + 1);
}

TEST_P(WriterTest, CommandsAndAcksFailWithTheDiskAndWorkAfterwards) {
  const std::string person = AddPerson();
  const CreateReferralCommand draft = Draft(person);
  store_->FillDisk(1);
  EXPECT_THAT(engine_->CreateReferral(User(), draft, "").status(), testing::StatusIs(kFull));
  AQ_EXPECT_OK(engine_->CreateReferral(User(), draft, "").status());
  SendOne(person);
  DeliveryStream& stream = Receive();
  const std::string delivery = NextOf(stream).name();
  store_->FillDisk(2);
  EXPECT_THAT(stream.Ack(delivery), testing::StatusIs(kFull));
  EXPECT_THAT(stream.Nack(delivery, "SYSTEM_DOWN"), testing::StatusIs(kFull));
  EXPECT_EQ(Employment().pending_deliveries, 1);
  AQ_EXPECT_OK(stream.Ack(delivery));
  EXPECT_EQ(Employment().pending_deliveries, 0);
  ExpectVerified();
}

TEST_P(WriterTest, NothingIsAcknowledgedAfterALostSync) {
  Submit("changes", "A1|张安\n");
  const auto before = Everything();
  store_->LoseDisk();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(CodeOf(Summary(Submit("changes", "A2|李桥\n", "one"))), kLost);
  }
  EXPECT_THAT(engine_->CreateReferral(User(), Draft("p"), "").status(),
              testing::StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(Everything(), before);
}

TEST_P(WriterTest, AccessesWaitForTheDiskToHaveRoom) {
  store_->FillDisk(1);
  engine_->RecordAccess(User(), "GetCase", "cases/p1", true, "");
  // Until that group has failed, and one has not.
  while (CodeOf(Summary(Submit("changes", "A1|张安\n"))) == kFull) {
  }
  Submit("changes", "A2|张安\n");
  EXPECT_EQ(AccessesInJournal(), 1);
  ExpectVerified();
}

TEST_P(WriterTest, ProjectionsGoOnWhenTheirDiskHasRoomAgain) {
  store_->FillProjections(3);
  EXPECT_EQ(Summary(Submit("changes", "A1|张安\n")).accepted_count(), 1);
  while (LiveRecords() != 1) absl::SleepFor(absl::Milliseconds(20));
  EXPECT_EQ(Summary(Submit("changes", "A2|李桥\n")).accepted_count(), 1);
  EXPECT_EQ(LiveRecords(), 2);
  ExpectVerified();
}

TEST_P(WriterTest, ReadsGoOnWhileThereIsNoRoomForTheProjections) {
  Submit("changes", "A1|张安\n");
  EXPECT_EQ(LiveRecords(), 1);
  store_->FillProjections(1'000'000);
  EXPECT_EQ(Summary(Submit("changes", "A2|李桥\n")).accepted_count(), 1);
  const auto cases = engine_->ListCases({}, "", 10, "");
  ASSERT_TRUE(cases.ok());
  EXPECT_EQ(cases->items.size(), 1);
  store_->FillProjections(0);
  while (LiveRecords() != 2) absl::SleepFor(absl::Milliseconds(20));
  ExpectVerified();
}

TEST_P(WriterTest, IntakeIsBoundedAndSaysWhenThereIsRoom) {
  options_.agencies[0].pending_payloads_max = 2;
  Restart();
  store_->Hold();
  Answers answers;
  const auto submit = [&](const std::string& agency, const std::string& id,
                          std::function<void()> when_ready) {
    return engine_->Submit(Command(agency, agency == "police" ? "changes" : "jobless",
                                   "A" + id + "|张安||2026-01-05\n", id),
                           answers.Expect(id), std::move(when_ready));
  };
  EXPECT_TRUE(submit("police", "1", nullptr));
  EXPECT_TRUE(submit("police", "2", nullptr));
  // Another agency has room of its own.
  EXPECT_TRUE(submit("employment", "3", nullptr));
  absl::Notification ready;
  EXPECT_FALSE(
      engine_->Submit(Command("police", "changes", "A4|张安\n"), nullptr, [&] { ready.Notify(); }));
  EXPECT_FALSE(ready.HasBeenNotified());
  store_->Release();
  ready.WaitForNotification();
  EXPECT_EQ(answers.Wait().size(), 3);
  EXPECT_EQ(Summary(Submit("changes", "A4|张安\n")).accepted_count(), 1);
}

TEST_P(WriterTest, IntakeIsBoundedInBytesToo) {
  options_.intake_bytes_max = 20;
  Restart();
  store_->Hold();
  Answers answers;
  // One alone is always taken.
  EXPECT_TRUE(engine_->Submit(Command("police", "changes", std::string(30, 'A') + "|张安\n"),
                              answers.Expect("1"), nullptr));
  absl::Notification ready;
  EXPECT_FALSE(engine_->Submit(Command("employment", "jobless", "J1|张安||2026-01-05\n"), nullptr,
                               [&] { ready.Notify(); }));
  store_->Release();
  ready.WaitForNotification();
  answers.Wait();
}

TEST_P(WriterTest, WhoeverWaitsForRoomHearsOfItAtTheEndToo) {
  options_.agencies[0].pending_payloads_max = 1;
  Restart();
  store_->Hold();
  Answers answers;
  EXPECT_TRUE(
      engine_->Submit(Command("police", "changes", "A1|张安\n"), answers.Expect("1"), nullptr));
  absl::Notification refused;
  std::vector<SubmitResponse> late;
  EXPECT_FALSE(engine_->Submit(Command("police", "changes", "A2|张安\n"), nullptr, [&] {
    EXPECT_TRUE(engine_->Submit(
        Command("police", "changes", "A2|张安\n"),
        [&](std::vector<SubmitResponse> responses) {
          late = std::move(responses);
          refused.Notify();
        },
        nullptr));
  }));
  std::thread stopper([&] { engine_->Shutdown(); });
  absl::SleepFor(absl::Milliseconds(20));
  store_->Release();
  stopper.join();
  refused.WaitForNotification();
  EXPECT_EQ(answers.Wait().at("1").accepted_count(), 1);
  EXPECT_EQ(CodeOf(Summary(late)), absl::StatusCode::kUnavailable);
}

TEST_P(WriterTest, ShuttingDownUnderLoadLosesNothingThatWasAcknowledged) {
  Answers answers;
  std::atomic<bool> started = false;
  std::vector<std::thread> clients;
  for (int client = 0; client < 3; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; i < 2000; ++i) {
        const std::string id = absl::StrCat(client, "-", i);
        const PayloadSummary summary =
            Summary(SubmitAndWait(Command("police", "changes", "K" + id + "|张安\n", id)));
        answers.Expect(id)({[&] {
          SubmitResponse response;
          *response.mutable_summary() = summary;
          return response;
        }()});
        started = started || i == 20;
        if (CodeOf(summary) == absl::StatusCode::kUnavailable) return;
        EXPECT_EQ(summary.accepted_count(), 1);
      }
    });
  }
  while (!started) absl::SleepFor(absl::Milliseconds(1));
  engine_->Shutdown();
  for (std::thread& client : clients) client.join();
  Restart();
  std::int64_t accepted = 0;
  for (const auto& [id, summary] : answers.Wait()) {
    if (CodeOf(summary) != absl::StatusCode::kOk) continue;
    ++accepted;
    EXPECT_TRUE(Summary(Submit("changes", "K" + id + "|张安\n", id)).repeated()) << id;
  }
  EXPECT_GE(accepted, 20);
  EXPECT_EQ(LiveRecords(), accepted);
  ExpectVerified();
}

TEST_P(WriterTest, AfterTheEndEverythingIsUnavailable) {
  const std::string person = AddPerson();
  SendOne(person);
  const std::string delivery = NextOf(Receive()).name();
  engine_->Shutdown();
  engine_->Shutdown();
  constexpr auto kUnavailable = absl::StatusCode::kUnavailable;
  EXPECT_EQ(CodeOf(Summary(Submit("changes", "A1|张安\n"))), kUnavailable);
  EXPECT_THAT(engine_->CreateReferral(User(), Draft(person), "").status(),
              testing::StatusIs(kUnavailable));
  EXPECT_THAT(stream_->Ack(delivery), testing::StatusIs(kUnavailable));
  engine_->RecordAccess(User(), "GetCase", "cases/p1", true, "");
}

TEST_P(WriterTest, ManyAtOnceGiveTheSameAsOneAfterTheOther) {
  const std::string person = AddPerson(50);
  std::vector<std::thread> clients;
  for (int client = 0; client < 3; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; i < 30; ++i) {
        // The first two of each round are of the same people.
        const std::string number = absl::StrCat("A", client % 2, "-", i);
        const auto responses = SubmitAndWait(Command(
            "police", "changes", absl::StrCat(number, "|张安\nB", client, "-", i, "|李桥\n")));
        EXPECT_EQ(Summary(responses).accepted_count() + Summary(responses).unchanged_count(), 2);
        AQ_EXPECT_OK(engine_->ListCases({}, "", 10, "").status());
        engine_->RecordAccess(User(), "ListCases", number, i % 2 == 0, "");
      }
    });
  }
  clients.emplace_back([&] {
    DeliveryStream& stream = Receive();
    for (int i = 0; i < 5; ++i) {
      SendOne(person);
      AQ_EXPECT_OK(stream.Ack(NextOf(stream).name()));
    }
  });
  clients.emplace_back([&] {
    for (int i = 0; i < 3; ++i) ExpectVerified();
  });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(LiveRecords(), 60 + 90 + 1);
  EXPECT_EQ(Employment().pending_deliveries, 0);
  ExpectVerified();
}

INSTANTIATE_TEST_SUITE_P(Stores, WriterTest, ::testing::Bool());

}  // namespace
}  // namespace anqiao::engine

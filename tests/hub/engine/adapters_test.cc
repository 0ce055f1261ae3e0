#include "hub/engine/adapters.h"

#include <fstream>
#include <iterator>
#include <thread>

#include "hub/store/keys.h"
#include "tests/hub/engine/engine_fixture.h"

namespace anqiao::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;
using State = adapter::AdapterSlot::State;
using testing::FakeAdapter;
using testing::StatusIs;

// A "library" is a file whose text names a behaviour:
//   id N       a build "N" that decodes as the first
//   fixes N    a build "N" that corrects the identity numbers that end in "?"
//   renames N  a build "N" that calls everybody 李安
//   drops N    a build "N" that gives no name
class EngineAdaptersTest : public EngineFixture {
 protected:
  EngineAdaptersTest() {
    slots_.push_back(MakeSlot());
    slots_.push_back(MakeSlot());
    options_.agencies[0].adapter = slots_[0].get();
    options_.agencies[1].adapter = slots_[1].get();
  }

  std::unique_ptr<adapter::AdapterSlot> MakeSlot() {
    return std::make_unique<adapter::AdapterSlot>(
        std::make_shared<FakeAdapter>(),
        adapter::AdapterSlot::Options{.library = Library("id 0123456789abcdef", "configured"),
                                      .samples = "",
                                      .copies_directory = directory_.File("copies"),
                                      .loader = LoadFake});
  }
  static absl::StatusOr<std::unique_ptr<adapter::Adapter>> LoadFake(const std::string& library,
                                                                    const std::string&) {
    std::ifstream file(library);
    std::string kind, id;
    file >> kind >> id;
    std::function<void(adapter::v1::Record*)> change;
    if (kind == "broken") {
      return Error(absl::StatusCode::kFailedPrecondition, reason::kAdapterUnusable, "sample fails");
    }
    if (kind != "id") {
      change = [kind](adapter::v1::Record* record) {
        auto& values = *record->mutable_values();
        for (int i = values.size() - 1; i >= 0; --i) {
          auto& value = values[i];
          if (kind == "fixes" && value.field() == adapter::v1::FIELD_ID_NUMBER &&
              value.value() == "?") {
            value.set_value(IdNumber(1));
          }
          if (value.field() != adapter::v1::FIELD_PERSON_NAME) continue;
          if (kind == "renames") value.set_value("李安");
          if (kind == "drops") values.DeleteSubrange(i, 1);
        }
      };
    }
    return std::unique_ptr<adapter::Adapter>(std::make_unique<FakeAdapter>(id, std::move(change)));
  }
  std::string Library(const std::string& text, const std::string& name = "next") {
    const std::string path = directory_.File(name + ".so");
    std::ofstream(path, std::ios::trunc) << text;
    return path;
  }
  // Loads and promotes.
  void Swap(const std::string& text) {
    AQ_ASSERT_OK(engine_->LoadAdapter("police", Library(text), ""));
    AQ_ASSERT_OK(engine_->ReloadAdapter(User("ops", "operator"), "police", ""));
  }
  // Builds in the order in which the journal says that they came into use.
  std::vector<std::string> Activated(const std::string& principal) {
    std::vector<std::string> builds;
    const absl::Status read = store_->ReadJournal(1, [&](store::Sequence, absl::string_view bytes) {
      journal::v1::Entry entry;
      EXPECT_TRUE(entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
      if (entry.has_activated() && entry.principal().name() == principal) {
        builds.push_back(entry.activated().hash());
      }
      return true;
    });
    EXPECT_TRUE(read.ok()) << read;
    return builds;
  }
  // The builds that decoded records, in order.
  std::vector<std::string> Decoders() {
    std::vector<std::string> builds;
    const absl::Status read = store_->ReadJournal(1, [&](store::Sequence, absl::string_view bytes) {
      journal::v1::Entry entry;
      EXPECT_TRUE(entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
      if (entry.has_record_observed()) builds.push_back(entry.record_observed().adapter_build());
      return true;
    });
    EXPECT_TRUE(read.ok()) << read;
    return builds;
  }

  absl::StatusOr<ShadowReport> Shadow(const std::string& library, int payloads = 100,
                                      bool with_values = false) {
    ShadowCommand command;
    command.agency = "police";
    command.library = library;
    command.payloads = payloads;
    command.with_values = with_values;
    return engine_->ShadowAdapter(command);
  }

  std::string Row(int number, const std::string& name = "张安") {
    return absl::StrCat("P", number, "|", name, "|", IdNumber(number), "||421202003010\n");
  }

  std::vector<std::unique_ptr<adapter::AdapterSlot>> slots_;
};

TEST_F(EngineAdaptersTest, ABuildComesIntoUseWithAnEntryOfTheOperators) {
  Open();
  Submit("changes", Row(1));
  Swap("id second");
  EXPECT_EQ(engine_->GetAdapter("police")->slot.current.adapter->build_id(), "second");
  Submit("changes", Row(2));
  EXPECT_THAT(Decoders(), ElementsAre("0123456789abcdef", "second"));
  EXPECT_THAT(Activated("ops"), ElementsAre("second"));
  EXPECT_EQ(engine_->GetAdapter("police")->slot.counts.payloads, 2);
  ExpectVerified();
}

TEST_F(EngineAdaptersTest, AnAgencyWithoutAnAdapterWaitsForItsFirst) {
  slots_[0] = std::make_unique<adapter::AdapterSlot>(
      nullptr, adapter::AdapterSlot::Options{.library = "",
                                             .samples = "",
                                             .copies_directory = directory_.File("copies"),
                                             .loader = LoadFake});
  options_.agencies[0].adapter = slots_[0].get();
  Open();
  EXPECT_EQ(engine_->GetAdapter("police")->slot.state, State::kAbsent);
  EXPECT_EQ(CodeOf(Summary(Submit("changes", Row(1)))), absl::StatusCode::kUnavailable);
  EXPECT_THAT(engine_->ReloadAdapter(User("ops", "operator"), "police", ""),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("names none")));
  EXPECT_THAT(Shadow(Library("id first")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no adapter yet")));
  Swap("id first");
  Submit("changes", Row(1));
  EXPECT_THAT(Decoders(), ElementsAre("first"));
  EXPECT_THAT(Activated("ops"), ElementsAre("first"));
  ExpectVerified();
}

TEST_F(EngineAdaptersTest, WithoutACandidateTheConfiguredLibraryIsLoadedAgain) {
  Open();
  Library("id third", "configured");
  AQ_ASSERT_OK(engine_->ReloadAdapter(User("ops", "operator"), "police", ""));
  EXPECT_EQ(engine_->GetAdapter("police")->slot.current.adapter->build_id(), "third");
  // The same again is nothing new.
  AQ_ASSERT_OK(engine_->ReloadAdapter(User("ops", "operator"), "police", ""));
  EXPECT_THAT(Activated("ops"), ElementsAre("third"));
}

TEST_F(EngineAdaptersTest, ARepeatOfAReloadDoesNotGoBack) {
  Open();
  AQ_ASSERT_OK(engine_->LoadAdapter("police", Library("id second"), ""));
  EXPECT_THAT(engine_->ReloadAdapter(User(), "police", "third"),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("second would be promoted")));
  AQ_ASSERT_OK(engine_->ReloadAdapter(User(), "police", "second"));
  AQ_ASSERT_OK(engine_->ReloadAdapter(User(), "police", "second"));
  EXPECT_EQ(engine_->GetAdapter("police")->slot.current.adapter->build_id(), "second");
}

TEST_F(EngineAdaptersTest, RefusesWhatCannotServeTheAgency) {
  Open();
  EXPECT_THAT(engine_->LoadAdapter("police", Library("broken x"), ""),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("sample fails")));
  EXPECT_THAT(engine_->LoadAdapter("nobody", Library("id x"), ""),
              StatusIs(absl::StatusCode::kNotFound));
  for (const auto& call :
       {engine_->GetAdapter("nobody"), engine_->ReloadAdapter(User(), "nobody", ""),
        engine_->SwitchAdapter(User(), "nobody", true, "")}) {
    EXPECT_EQ(ReasonOf(call.status()), reason::kAgencyNotFound);
  }
  EXPECT_FALSE(engine_->GetAdapter("police")->slot.candidate.has_value());
}

TEST_F(EngineAdaptersTest, NothingIsLostOrTakenTwiceWhileBuildsAreSwapped) {
  Open();
  std::thread swapping([&] {
    for (int i = 0; i < 20; ++i) Swap(absl::StrCat("id build", i));
  });
  int accepted = 0;
  for (int i = 0; i < 200; ++i) {
    accepted += static_cast<int>(Summary(Submit("changes", Row(i % 800))).accepted_count());
  }
  swapping.join();
  EXPECT_EQ(accepted, 200);
  EXPECT_EQ(LiveRecords(), 200);
  EXPECT_EQ(Activated("ops").size(), 20U);
  ExpectVerified();
}

TEST_F(EngineAdaptersTest, ADisabledAdapterTakesNothingAndRemembersNothing) {
  Open(true);
  AQ_ASSERT_OK(engine_->SwitchAdapter(User("ops", "operator"), "police", false, "MAPPING_WRONG"));
  const store::Sequence before = engine_->Counts().synced;
  const auto refused = Summary(Submit("changes", Row(1), "one"));
  EXPECT_EQ(CodeOf(refused), absl::StatusCode::kUnavailable);
  EXPECT_EQ(engine_->Counts().synced, before);
  // Others go on.
  EXPECT_EQ(Summary(SubmitAndWait(Command("employment", "jobless",
                                          "J1|张安|" + IdNumber(1) + "|2026-01-05|421202\n")))
                .accepted_count(),
            1U);
  Open(true);
  EXPECT_EQ(engine_->GetAdapter("police")->slot.state, State::kDisabled);
  EXPECT_EQ(engine_->GetAdapter("police")->slot.reason, "MAPPING_WRONG");
  EXPECT_EQ(CodeOf(Summary(Submit("changes", Row(1), "one"))), absl::StatusCode::kUnavailable);
  AQ_ASSERT_OK(engine_->SwitchAdapter(User("ops", "operator"), "police", true, ""));
  EXPECT_EQ(Summary(Submit("changes", Row(1), "one")).accepted_count(), 1U);
  EXPECT_TRUE(Summary(Submit("changes", Row(1), "one")).repeated());
  EXPECT_THAT(Activated("ops"), ElementsAre("off:MAPPING_WRONG", "on"));
  ExpectVerified();
}

TEST_F(EngineAdaptersTest, NothingIsEncodedOrReplayedWhileItIsDisabled) {
  Open();
  const std::string person = AddPerson();
  const auto draft = engine_->CreateReferral(User(), Draft(person), "");
  ASSERT_TRUE(draft.ok());
  Submit("changes", "BAD\n");
  const auto quarantine = engine_->ListQuarantine("police", "", 10);
  ASSERT_TRUE(quarantine.ok());
  for (const char* agency : {"police", "employment"}) {
    AQ_ASSERT_OK(engine_->SwitchAdapter(User(), agency, false, ""));
  }
  const auto sent = engine_->SendReferral(User(), Sending(*draft), "");
  EXPECT_EQ(ReasonOf(sent.status()), reason::kAdapterDisabled);
  const auto replayed =
      engine_->ReplayQuarantine(User(), "replay", quarantine->items[0].payload(), false);
  EXPECT_EQ(ReasonOf(replayed.status()), reason::kAdapterDisabled);
  AQ_ASSERT_OK(engine_->SwitchAdapter(User(), "employment", true, ""));
  AQ_EXPECT_OK(engine_->SendReferral(User(), Sending(*draft), ""));
}

TEST_F(EngineAdaptersTest, AMendedBuildTakesUpWhatWasHeld) {
  Open();
  EXPECT_EQ(Summary(Submit("changes", "P1|张安|?||421202003010\n")).held_count(), 1U);
  const std::string payload = engine_->ListQuarantine("police", "", 10)->items[0].payload();
  EXPECT_EQ(engine_->ReplayQuarantine(User(), "r1", payload, false)->held, 1);
  Swap("fixes mended");
  const auto replayed = engine_->ReplayQuarantine(User(), "r2", payload, false);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_EQ(replayed->accepted, 1);
  EXPECT_THAT(Decoders(), ElementsAre("mended"));
  EXPECT_THAT(engine_->ListQuarantine("police", "", 10)->items, IsEmpty());
  ExpectVerified();
}

TEST_F(EngineAdaptersTest, AShadowRunTellsWhatWouldBeDecodedOtherwiseAndChangesNothing) {
  Open();
  // One row is held, so that the bytes of all three are kept.
  Submit("changes", Row(1) + Row(2) + "P3|王安|?||421202003010\n");
  const auto before = Everything();
  AQ_ASSERT_OK_AND_ASSIGN(ShadowReport report, Shadow(Library("renames other")));
  EXPECT_EQ(report.payloads, 1);
  EXPECT_EQ(report.same, 1);  // held by both
  EXPECT_EQ(report.changed, 2);
  ASSERT_EQ(report.records.size(), 2U);
  EXPECT_EQ(report.records[0].row, 1U);
  bool named = false;
  for (const ShadowReport::Field& field : report.records[0].fields) {
    named = named || field.path == "subject.name";
    EXPECT_EQ(field.current + field.shadow, "");
  }
  EXPECT_TRUE(named) << report.records[0].fields[0].path;
  ASSERT_EQ(report.cases.size(), 2U);
  EXPECT_THAT(report.cases[0].aspects, ::testing::Contains("IDENTITY"));
  EXPECT_EQ(Everything(), before);
  EXPECT_EQ(engine_->GetAdapter("police")->slot.current.adapter->build_id(), "0123456789abcdef");

  AQ_ASSERT_OK_AND_ASSIGN(report, Shadow(Library("renames other"), 100, true));
  EXPECT_THAT(report.records[0].fields[0].current, HasSubstr("name"));

  AQ_ASSERT_OK_AND_ASSIGN(report, Shadow(Library("fixes other")));
  EXPECT_EQ(report.added, 1);
  EXPECT_EQ(report.same, 2);
  EXPECT_THAT(report.cases, IsEmpty());
  AQ_ASSERT_OK_AND_ASSIGN(report, Shadow(Library("id other")));
  EXPECT_EQ(report.same, 3);
  EXPECT_THAT(report.records, IsEmpty());
  EXPECT_THAT(Shadow(""),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no library was named")));
}

TEST_F(EngineAdaptersTest, AShadowRunTakesTheLatestPayloadsOfItsAgency) {
  Open();
  for (int i = 0; i < 5; ++i) Submit("changes", Row(i) + "BAD\n", absl::StrCat("r", i));
  SubmitAndWait(Command("employment", "jobless", "BAD\n"));
  AQ_ASSERT_OK_AND_ASSIGN(const ShadowReport report, Shadow(Library("renames other"), 2));
  EXPECT_EQ(report.payloads, 2);
  EXPECT_EQ(report.changed, 2);
  EXPECT_EQ(report.cases.size(), 2U);
}

TEST_F(EngineAdaptersTest, CorrectionsAreTheAgencysOwn) {
  Open();
  Submit("changes", Row(1) + "BAD\n", "mine");
  AQ_ASSERT_OK_AND_ASSIGN(const CorrectionFile file,
                          engine_->GetCorrections("police", "mine", "en"));
  EXPECT_EQ(file.name, "changes.corrections.csv");
  EXPECT_THAT(file.bytes, HasSubstr("2,2,column,ROW_CUT_OFF,cannot be used"));
  EXPECT_THAT(file.bytes, Not(HasSubstr(IdNumber(1))));
  for (const auto& other : {engine_->GetCorrections("employment", "mine", "en"),
                            engine_->GetCorrections("police", "none", "en"),
                            engine_->ExportCorrections("y00none", "zh")}) {
    EXPECT_THAT(other, StatusIs(absl::StatusCode::kNotFound));
    EXPECT_EQ(ReasonOf(other.status()), reason::kPayloadNotKept);
  }
  EXPECT_THAT(engine_->GetCorrections("police", "mine", "fr"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  const std::string payload = engine_->ListQuarantine("police", "", 10)->items[0].payload();
  AQ_ASSERT_OK_AND_ASSIGN(const CorrectionFile same, engine_->ExportCorrections(payload, "en"));
  EXPECT_EQ(same.bytes, file.bytes);
  // What was taken up whole has nothing to correct.
  Submit("changes", Row(2), "good");
  EXPECT_EQ(ReasonOf(engine_->GetCorrections("police", "good", "zh").status()),
            reason::kPayloadNotKept);
}

TEST_F(EngineAdaptersTest, APayloadThatIsHeldWholeTellsWhy) {
  Open();
  Submit("changes", Row(1) + "BROKEN\n", "mine");
  AQ_ASSERT_OK_AND_ASSIGN(const CorrectionFile file,
                          engine_->GetCorrections("police", "mine", "zh"));
  EXPECT_THAT(file.bytes, HasSubstr("PAYLOAD_UNDECODABLE,文件不符合约定格式"));
}

}  // namespace
}  // namespace anqiao::engine

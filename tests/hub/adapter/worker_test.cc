// Workers and their sandbox, with an adapter that does all it must not.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/adapter/launcher.h"
#include "hub/adapter/worker_adapter.h"
#include "hub/base/clock.h"
#include "hub/base/errors.h"
#include "hub/base/log.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::adapter {
namespace {

using ::anqiao::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kDirectory[] = ANQIAO_FAULTY_DIRECTORY;

std::string Hostile(const std::string& name) {
  return absl::StrCat(kDirectory, "/libhostile_", name, ".so");
}

struct Heard {
  absl::Status status;
  std::vector<std::string> keys;
  std::vector<v1::Record> records;
  std::vector<Diagnostic> diagnostics;
};

class WorkerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!Launcher::Supported()) return;
    // The hub's own, which no worker may see.
    setenv("ANQIAO_TEST_SECRET", "secret", 1);
    absl::StatusOr<std::unique_ptr<Launcher>> started = Launcher::Start();
    AQ_ASSERT_OK(started.status());
    launcher_ = started->release();
  }
  static void TearDownTestSuite() {
    delete launcher_;
    launcher_ = nullptr;
  }

  void SetUp() override {
    if (!Launcher::Supported()) {
      GTEST_SKIP() << "a sanitizer's shadow memory does not fit into a worker's limits";
    }
    log_file_ = std::fopen(directory_.File("log").c_str(), "w+");
    log_ = std::make_unique<Log>(&clock_, log_file_);
  }
  void TearDown() override {
    if (log_file_ != nullptr) std::fclose(log_file_);
  }

  WorkerAdapterOptions Options(const std::string& library) {
    return {.launcher = launcher_,
            .library_path = library,
            .samples_directory = "",
            .limits = {.memory_bytes_max = 64 << 20,
                       .hang = absl::Milliseconds(1500),
                       .deadline = absl::Seconds(20)},
            .agency = "police",
            .log = log_.get()};
  }
  std::unique_ptr<WorkerAdapter> Load() {
    absl::StatusOr<std::unique_ptr<WorkerAdapter>> adapter =
        LoadInWorkers(Options(Hostile("NONE")));
    AQ_EXPECT_OK(adapter.status());
    return adapter.ok() ? *std::move(adapter) : nullptr;
  }
  static Heard Decode(Adapter& adapter, const std::string& payload,
                      const std::string& format = "rows", std::size_t records_max = 1'000'000) {
    Heard heard;
    absl::StatusOr<std::unique_ptr<AdapterInstance>> instance = adapter.Open();
    AQ_EXPECT_OK(instance.status());
    heard.status = (*instance)->Decode(
        format, payload, "",
        {[&heard](v1::Record record) {
           heard.keys.push_back(record.key());
           heard.records.push_back(std::move(record));
         },
         [&heard](Diagnostic diagnostic) { heard.diagnostics.push_back(std::move(diagnostic)); },
         records_max});
    return heard;
  }
  std::string LogText() {
    std::fflush(log_file_);
    std::ifstream in(directory_.File("log"));
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  static Launcher* launcher_;
  testing::TempDir directory_;
  SystemClock clock_;
  std::FILE* log_file_ = nullptr;
  std::unique_ptr<Log> log_;
};

Launcher* WorkerTest::launcher_ = nullptr;

struct Deed {
  const char* line;
  const char* reason;
  const char* what;  // part of the message
};

class DeedTest : public WorkerTest, public ::testing::WithParamInterface<Deed> {};

// Only the record that it is about is refused, for what it was; the next payload works.
TEST_P(DeedTest, CostsItsRecordAndIsReportedForWhatItWas) {
  const Deed& deed = GetParam();
  const std::unique_ptr<WorkerAdapter> adapter = Load();
  ASSERT_NE(adapter, nullptr);
  const std::string payload = absl::StrCat("what\nok:1\nok:2\n", deed.line, "\nok:3\n");
  const Heard heard = Decode(*adapter, payload);
  AQ_EXPECT_OK(heard.status);
  EXPECT_THAT(heard.keys, ElementsAre("1", "2", "3"));
  ASSERT_EQ(heard.diagnostics.size(), 1U);
  const Diagnostic& diagnostic = heard.diagnostics[0];
  EXPECT_THAT(diagnostic.reason, ::testing::StartsWith(deed.reason));
  EXPECT_THAT(diagnostic.message, HasSubstr(deed.what));
  EXPECT_EQ(diagnostic.severity, Diagnostic::Severity::kRecord);
  EXPECT_EQ(diagnostic.row, 4U);
  EXPECT_EQ(diagnostic.column, 1U);
  EXPECT_EQ(diagnostic.byte_offset, 15U);
  ASSERT_EQ(heard.records.size(), 3U);
  EXPECT_EQ(heard.records[2].row(), 5U);
  EXPECT_EQ(heard.records[2].byte_offset(), payload.size() - 5);
  EXPECT_TRUE(adapter->suspect());
  EXPECT_EQ(adapter->Counts().refused_records, 1);
  EXPECT_THAT(LogText(), HasSubstr(absl::StrCat("\"reason\":\"", deed.reason)));

  const Heard next = Decode(*adapter, "what\nok:4\n");
  AQ_EXPECT_OK(next.status);
  EXPECT_THAT(next.keys, ElementsAre("4"));
}

INSTANTIATE_TEST_SUITE_P(
    Hostile, DeedTest,
    ::testing::Values(
        Deed{"read_file", reason::kAdapterForbiddenCall, "called openat"},
        Deed{"write_file", reason::kAdapterForbiddenCall, "called openat"},
        Deed{"remove_file", reason::kAdapterForbiddenCall, "called unlink"},
        Deed{"look_at_file", reason::kAdapterForbiddenCall, "called access"},
        Deed{"socket", reason::kAdapterForbiddenCall, "called socket"},
        Deed{"hub_memory", reason::kAdapterForbiddenCall, "called openat"},
        Deed{"hub_environment", reason::kAdapterForbiddenCall, "called openat"},
        Deed{"vm_read", reason::kAdapterForbiddenCall, "called process_vm_readv"},
        Deed{"fork", reason::kAdapterForbiddenCall, "called clone"},
        Deed{"exec", reason::kAdapterForbiddenCall, "called execve"},
        Deed{"ptrace", reason::kAdapterForbiddenCall, "called ptrace"},
        Deed{"kill_parent", reason::kAdapterForbiddenCall, "called kill"},
        Deed{"kill_self", reason::kAdapterForbiddenCall, "called tgkill"},
        Deed{"timer", reason::kAdapterForbiddenCall, "called setitimer"},
        Deed{"mmap_exec", reason::kAdapterForbiddenCall, "called mmap"},
        Deed{"mprotect_exec", reason::kAdapterForbiddenCall, "called mprotect"},
        Deed{"fill_new", reason::kAdapterOutOfMemory, "67108864 bytes"},
        Deed{"fill_malloc", reason::kAdapterOutOfMemory, "67108864 bytes"},
        Deed{"spin", reason::kAdapterHung, "did not move on for 1.5s"},
        Deed{"sleep", reason::kAdapterHung, "did not move on for 1.5s"},
        Deed{"segfault", reason::kAdapterCrashed, "signal 11"},
        Deed{"thread_segfault", reason::kAdapterCrashed, "signal 11"},
        Deed{"overflow", reason::kAdapterCrashed, "signal 11"},
        Deed{"nonsense_field", reason::kAdapterCrashed, "signal 11"},
        Deed{"abort", reason::kAdapterCrashed, "signal 6"},
        Deed{"throw_in_thread", reason::kAdapterCrashed, "signal 6"},
        Deed{"exit", reason::kAdapterCrashed, "ended its process with code 3"},
        Deed{"raise", reason::kAdapterCrashed, "signal 10"},
        Deed{"fatal", reason::kAdapterCrashed, "gave up"},
        Deed{"long_record", reason::kAdapterMisbehaved, "a record of 100000 bytes"},
        Deed{"nonsense_length", reason::kAdapterMisbehaved, "a record of 18446744073709551615"},
        Deed{"malformed_record", reason::kAdapterMisbehaved, "emitted a malformed record"},
        Deed{"malformed_diagnostic", reason::kAdapterMisbehaved, "gave a malformed diagnostic"},
        Deed{"flood", reason::kAdapterFlooded, "more than 10000 records from one row"},
        Deed{"longjmp", "ADAPTER_", ""},
        Deed{"close_all", reason::kAdapterMisbehaved, "closed its connection"},
        Deed{"garbage", reason::kAdapterMisbehaved, "broke the worker's protocol"},
        Deed{"forge_end", reason::kAdapterMisbehaved, "answered another call"},
        Deed{"emit_in_thread", reason::kAdapterMisbehaved, "called back from another thread"}),
    [](const auto& info) { return std::string(info.param.line); });

TEST_F(WorkerTest, WhatDoesNoHarmIsNoFault) {
  const std::unique_ptr<WorkerAdapter> adapter = Load();
  const Heard heard = Decode(*adapter, "what\nenvironment\nnew_signal_handler\nprint\nlog\nok:1\n");
  AQ_EXPECT_OK(heard.status);
  EXPECT_THAT(heard.keys, ElementsAre("none", "refused", "1"));
  EXPECT_THAT(heard.diagnostics, IsEmpty());
  EXPECT_EQ(adapter->Counts().printed_bytes, 19);
  const std::string log = LogText();
  EXPECT_THAT(log,
              HasSubstr("\"event\":\"adapter_printed\",\"agency\":\"police\",\"bytes\":\"19\""));
  EXPECT_THAT(log, HasSubstr("name *** ****************** of 12 rows"));
  EXPECT_THAT(log, Not(HasSubstr("999999999999999999")));
}

TEST_F(WorkerTest, CallbackAfterTheCallIsSeenAndBlamesNoPayload) {
  const std::unique_ptr<WorkerAdapter> adapter = Load();
  EXPECT_THAT(Decode(*adapter, "what\nemit_later\nok:1\n").keys, ElementsAre("1"));
  // Workers are lent in turn: each of the two is asked until one has seen the late callback.
  const auto misbehaved = [&] {
    return adapter->Counts().faults[static_cast<std::size_t>(Fault::Kind::kMisbehaved)];
  };
  int calls = 0;
  for (; misbehaved() == 0 && calls < 100'000; ++calls) {
    EXPECT_THAT(Decode(*adapter, "what\nok:2\n").keys, ElementsAre("2"));
  }
  EXPECT_EQ(misbehaved(), 1) << calls;
}

// An end that an adapter wrote while nobody asked anything must not be taken for the next call's:
// that payload's records would be missing without a word.
TEST_F(WorkerTest, EndThatWasForgedBetweenCallsEndsNone) {
  const std::unique_ptr<WorkerAdapter> adapter = Load();
  const auto misbehaved = [&] {
    return adapter->Counts().faults[static_cast<std::size_t>(Fault::Kind::kMisbehaved)];
  };
  // One that comes just behind a true end is found out as too much, so it may take several.
  for (int round = 1; round <= 50 && !absl::StrContains(LogText(), "answered another call");
       ++round) {
    Decode(*adapter, "what\nforge_later\nok:1\n");
    for (int calls = 0; misbehaved() < round && calls < 1'000'000; ++calls) {
      ASSERT_THAT(Decode(*adapter, "what\nok:2\n").keys, ElementsAre("2")) << calls;
    }
  }
  EXPECT_THAT(LogText(), HasSubstr("answered another call"));
  EXPECT_EQ(adapter->Counts().refused_records, 0);
}

TEST_F(WorkerTest, FormatThatDoesNotSplitLosesThePayload) {
  const std::unique_ptr<WorkerAdapter> adapter = Load();
  const Heard heard = Decode(*adapter, "what\nok:1\nsegfault\nok:2\n", "whole");
  EXPECT_THAT(heard.status,
              StatusIs(absl::StatusCode::kInternal,
                       HasSubstr("signal 11 (Segmentation fault) at row 3, column 1, byte 10")));
  EXPECT_EQ(ReasonOf(heard.status), reason::kAdapterCrashed);
  EXPECT_THAT(heard.keys, IsEmpty());
  ASSERT_EQ(heard.diagnostics.size(), 1U);
  EXPECT_EQ(heard.diagnostics[0].severity, Diagnostic::Severity::kPayload);
  EXPECT_EQ(heard.diagnostics[0].row, 3U);
  EXPECT_THAT(Decode(*adapter, "what\nok:3\n", "whole").keys, ElementsAre("3"));
}

TEST_F(WorkerTest, CursorThatNeverMovesMakesAHangOfALongCall) {
  const std::unique_ptr<WorkerAdapter> adapter = Load();
  const Heard heard = Decode(*adapter, "what\nok:1\nspin\n", "still");
  EXPECT_EQ(ReasonOf(heard.status), reason::kAdapterHung);
}

TEST_F(WorkerTest, ManyGuiltyRecordsAreTakenOutOneByOne) {
  const std::unique_ptr<WorkerAdapter> adapter = Load();
  std::string payload = "what\n";
  std::vector<std::string> keys;
  for (int i = 0; i < 100; ++i) {
    absl::StrAppend(&payload, "segfault\n\"ok:multi\nline\"\nok:", i, "\n");
  }
  const Heard heard = Decode(*adapter, payload);
  AQ_EXPECT_OK(heard.status);
  EXPECT_EQ(heard.keys.size(), 100U);
  ASSERT_EQ(heard.diagnostics.size(), 100U);
  EXPECT_EQ(heard.diagnostics[99].reason, reason::kAdapterCrashed);
}

TEST_F(WorkerTest, TooManyGuiltyRecordsLoseThePayload) {
  WorkerAdapterOptions options = Options(Hostile("NONE"));
  options.row_faults_max = 2;
  AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WorkerAdapter> adapter, LoadInWorkers(options));
  EXPECT_THAT(Decode(*adapter, "what\nabort\nabort\nok:1\n").keys, ElementsAre("1"));
  const Heard heard = Decode(*adapter, "what\nabort\nabort\nabort\nok:1\n");
  EXPECT_EQ(ReasonOf(heard.status), reason::kAdapterCrashed);
  EXPECT_THAT(heard.keys, IsEmpty());
}

TEST_F(WorkerTest, RefusalAfterAGuiltyRecordStands) {
  const std::unique_ptr<WorkerAdapter> adapter = Load();
  const Heard heard = Decode(*adapter, "what\nok:1\nabort\nrefuse\n");
  EXPECT_THAT(heard.status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ReasonOf(heard.status), reason::kPayloadUndecodable);
}

TEST_F(WorkerTest, LargePayloadsGoThroughSharedMemory) {
  const std::unique_ptr<WorkerAdapter> adapter = Load();
  std::string payload = "what\n";
  for (int i = 0; i < 200'000; ++i) absl::StrAppend(&payload, "ok:", i, "\n");
  const Heard heard = Decode(*adapter, payload);
  AQ_EXPECT_OK(heard.status);
  ASSERT_EQ(heard.keys.size(), 200'000U);
  EXPECT_EQ(heard.keys.back(), "199999");
  // Of more than the caller takes it is told one.
  EXPECT_EQ(Decode(*adapter, payload, "rows", 10).keys.size(), 11U);
}

std::vector<pid_t> Children(pid_t of) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream in(entry.path() / "stat");
    std::string pid, name, state;
    pid_t parent = 0;
    if (in >> pid >> name >> state >> parent && parent == of) children.push_back(std::stoi(pid));
  }
  return children;
}

std::vector<pid_t> Workers(const Launcher& launcher) {
  std::vector<pid_t> workers;
  for (const pid_t pid : Children(launcher.keeper())) {
    for (const pid_t worker : Children(pid)) workers.push_back(worker);
  }
  return workers;
}

TEST_F(WorkerTest, WorkersKilledFromOutsideBlameNobody) {
  const std::unique_ptr<WorkerAdapter> adapter = Load();
  for (int i = 0; i < 5; ++i) {
    for (const pid_t pid : Workers(*launcher_)) {
      kill(pid, i % 2 == 0 ? SIGKILL : SIGTERM);
    }
    const Heard heard = Decode(*adapter, "what\nok:1\n");
    AQ_EXPECT_OK(heard.status);
    EXPECT_THAT(heard.keys, ElementsAre("1"));
    EXPECT_THAT(heard.diagnostics, IsEmpty());
  }
  EXPECT_FALSE(adapter->suspect());
  EXPECT_EQ(adapter->Counts().refused_payloads, 0);
}

TEST_F(WorkerTest, LauncherThatWasKilledIsReplaced) {
  const std::unique_ptr<WorkerAdapter> adapter = Load();
  pid_t last = 0;
  for (int i = 0; i < 20; ++i) {
    std::vector<pid_t> launchers;
    // Its place is empty for a moment after it was killed.
    for (int tries = 0; tries < 2'000 && (launchers.empty() || launchers[0] == last); ++tries) {
      launchers = Children(launcher_->keeper());
    }
    ASSERT_EQ(launchers.size(), 1U);
    ASSERT_NE(launchers[0], last);
    last = launchers[0];
    kill(last, SIGKILL);
    const Heard heard = Decode(*adapter, "what\nok:1\n");
    AQ_EXPECT_OK(heard.status);
    EXPECT_THAT(heard.keys, ElementsAre("1"));
    EXPECT_THAT(heard.diagnostics, IsEmpty());
  }
  EXPECT_FALSE(adapter->suspect());
}

TEST_F(WorkerTest, EncodesAndReportsFaults) {
  const std::unique_ptr<WorkerAdapter> adapter = Load();
  AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<AdapterInstance> instance, adapter->Open());
  const auto encode = [&](const std::string& key) {
    std::vector<v1::Record> records(2);
    records[0].set_key("first");
    records[1].set_key(key);
    return instance->Encode("whole", records);
  };
  AQ_ASSERT_OK_AND_ASSIGN(const std::string bytes, encode("second"));
  EXPECT_EQ(bytes, "first\nsecond\n");
  EXPECT_EQ(ReasonOf(encode("segfault").status()), reason::kAdapterCrashed);
  EXPECT_EQ(ReasonOf(encode("spin").status()), reason::kAdapterHung);
  EXPECT_EQ(ReasonOf(encode("emit").status()), reason::kAdapterMisbehaved);
  EXPECT_THAT(encode("refuse"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(instance->Encode("none", {}), StatusIs(absl::StatusCode::kUnimplemented));
  AQ_EXPECT_OK(encode("third").status());
}

TEST_F(WorkerTest, SaysWhatHappenedWhileAnAdapterWasLoaded) {
  const std::pair<const char*, const char*> cases[] = {
      {"ABORT", "came to grief while it was loaded: ADAPTER_CRASHED: was ended by signal 6"},
      {"FORK", "came to grief while it was loaded: ADAPTER_FORBIDDEN_CALL: called clone"},
      {"HANG", "came to grief while it was loaded: ADAPTER_HUNG: did not move on"},
      {"RANDOM_MANIFEST", "its manifest is not the same in two workers"},
      {"MISSING", "there is no such file"}};
  for (const auto& [name, message] : cases) {
    const auto adapter = LoadInWorkers(Options(Hostile(name)));
    EXPECT_THAT(adapter, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(message)));
    EXPECT_THAT(std::string(adapter.status().message()), HasSubstr(Hostile(name)));
    EXPECT_EQ(ReasonOf(adapter.status()), reason::kAdapterUnusable);
  }
  const std::pair<const char*, const char*> faulty[] = {
      {"NO_SYMBOL", "has no symbol anqiao_adapter_v1"},
      {"NEWER", "needs ABI version 1.1, this hub has 1.0"},
      {"GARBLED_MANIFEST", "manifest cannot be parsed"}};
  for (const auto& [name, message] : faulty) {
    EXPECT_THAT(LoadInWorkers(Options(absl::StrCat(kDirectory, "/libfaulty_", name, ".so"))),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(message)));
  }
}

TEST_F(WorkerTest, FilesBesideTheAdapterAreOutOfReachWhileItIsLoaded) {
  // It aborts if it can open any.
  AQ_EXPECT_OK(LoadInWorkers(Options(Hostile("READ"))).status());
}

TEST_F(WorkerTest, LibraryForAnotherMachineIsNamed) {
  std::ifstream in(Hostile("NONE"), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  ASSERT_GT(bytes.size(), 20U);
  bytes[18] = '\xB7';  // e_machine
  bytes[19] = '\0';
  std::ofstream(directory_.File("arm.so"), std::ios::binary) << bytes;
  EXPECT_THAT(LoadInWorkers(Options(directory_.File("arm.so"))),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("it is for aarch64 of 64 bits, this hub runs on")));
}

TEST_F(WorkerTest, LibraryReplacedOnDiskIsNotTakenUnseen) {
  const std::string path = directory_.File("adapter.so");
  std::filesystem::copy_file(Hostile("NONE"), path);
  AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WorkerAdapter> adapter,
                          LoadInWorkers(Options(path)));
  std::filesystem::rename(path, path + ".old");
  std::filesystem::copy_file(Hostile("READ"), path);
  for (const pid_t pid : Workers(*launcher_)) kill(pid, SIGKILL);
  const Heard heard = Decode(*adapter, "what\nok:1\n");
  EXPECT_THAT(heard.status,
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("the file is build")));
  EXPECT_EQ(ReasonOf(heard.status), reason::kAdapterUnusable);
}

TEST_F(WorkerTest, SamplesRunInWorkers) {
  for (const char* name : {"police", "civil_affairs", "employment", "tax"}) {
    WorkerAdapterOptions options =
        Options(absl::StrCat(ANQIAO_PLUGINS_DIRECTORY, "/libanqiao_", name, ".so"));
    options.limits = {};
    options.samples_directory = absl::StrCat(ANQIAO_SAMPLES_ROOT, "/", name, "/samples");
    AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WorkerAdapter> adapter, LoadInWorkers(options));
    EXPECT_EQ(adapter->manifest().name(), name);
    EXPECT_EQ(adapter->Counts().started, 2);
    EXPECT_EQ(adapter->Counts().printed_bytes, 0);
  }
}

TEST_F(WorkerTest, LauncherIsNotForkedFromAProcessWithThreads) {
  std::atomic<bool> done{false};
  std::thread other([&done] {
    while (!done) sched_yield();
  });
  EXPECT_THAT(Launcher::Start(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("has 2 threads")));
  done = true;
  other.join();
}

TEST_F(WorkerTest, WorkersEndWithTheirAdapter) {
  ASSERT_FALSE(Load() == nullptr);
  for (int i = 0; i < 100'000 && !Workers(*launcher_).empty(); ++i) sched_yield();
  EXPECT_THAT(Workers(*launcher_), IsEmpty());
}

}  // namespace
}  // namespace anqiao::adapter

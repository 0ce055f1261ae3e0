#include "hub/adapter/adapter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "hub/adapter/samples.h"
#include "hub/base/errors.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::adapter {
namespace {

using ::anqiao::testing::StatusIs;
using ::testing::HasSubstr;

std::string Plugin(const std::string& name) {
  return ANQIAO_PLUGINS_DIRECTORY "/libanqiao_" + name + ".so";
}
std::string Faulty(const std::string& fault) {
  return ANQIAO_FAULTY_DIRECTORY "/libfaulty_" + fault + ".so";
}
std::string Samples(const std::string& name) { return ANQIAO_SAMPLES_ROOT "/" + name + "/samples"; }

void Write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

struct Heard {
  absl::Status status;
  std::vector<Diagnostic> diagnostics;
};

Heard DecodeFaulty(AdapterInstance& instance, const std::string& payload) {
  Heard heard;
  heard.status = instance.Decode(
      "records", payload, "",
      {[](v1::Record) {},
       [&heard](Diagnostic diagnostic) { heard.diagnostics.push_back(std::move(diagnostic)); }});
  return heard;
}

TEST(AdapterLoadTest, LoadsEveryAdapterSideBySideAndRunsItsSamples) {
  std::vector<std::unique_ptr<Adapter>> adapters;
  for (const char* name : {"police", "civil_affairs", "employment", "tax"}) {
    AQ_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Adapter> adapter,
                            Adapter::Load(Plugin(name), Samples(name)));
    EXPECT_EQ(adapter->manifest().name(), name);
    EXPECT_EQ(adapter->build_id().size(), 16U);
    adapters.push_back(std::move(adapter));
  }
  EXPECT_EQ(adapters[0]->FindFormat("roster")->mode(), v1::MODE_SNAPSHOT);
  EXPECT_EQ(adapters[0]->FindFormat("reliefs"), nullptr);
  EXPECT_NE(adapters[0]->build_id(), adapters[1]->build_id());
}

TEST(AdapterLoadTest, SaysWhatIsWrongWithALibrary) {
  const testing::TempDir directory;
  Write(directory.File("text.so"), "not a library");
  const std::pair<std::string, std::string> cases[] = {
      {directory.File("missing.so"), "no such file"},
      {directory.File("text.so"), "cannot be loaded"},
      {Faulty("NO_SYMBOL"), "has no symbol anqiao_adapter_v1"},
      {Faulty("NEWER"), "needs ABI version 1.1, this hub has 1.0"},
      {Faulty("SHORT_STRUCT"), "has 16 bytes, expected at least"},
      {Faulty("GARBLED_MANIFEST"), "manifest cannot be parsed"},
      {Faulty("FORMAT_TWICE"), "format same twice"},
      {Faulty("NO_MODE"), "format records has no mode"}};
  for (const auto& [path, message] : cases) {
    const auto adapter = Adapter::Load(path, "");
    EXPECT_THAT(adapter, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(message)))
        << path;
    EXPECT_THAT(std::string(adapter.status().message()), HasSubstr(path));
    EXPECT_EQ(ReasonOf(adapter.status()), reason::kAdapterUnusable);
  }
}

TEST(AdapterLoadTest, SaysThatASampleWasNotAcceptedYet) {
  const testing::TempDir directory;
  Write(directory.File("first.in"), "");
  Write(directory.File("first.expected"), "format: roster\n---\n");
  EXPECT_THAT(Adapter::Load(Plugin("police"), directory.path()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("sample first has no expectation yet: \"anqiaoctl adapter test")));
}

TEST(AdapterLoadTest, RefusesAnAdapterWhoseSampleDiffers) {
  const testing::TempDir directory;
  EXPECT_THAT(Adapter::Load(Plugin("police"), directory.path()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("found 0")));
  Write(directory.File("empty.in"), "");
  Write(directory.File("empty.expected"), "format: roster\n---\nstatus OK\n");
  EXPECT_THAT(Adapter::Load(Plugin("police"), directory.path()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("sample empty differs in line 1 of what is expected: expected "
                                 "\"status OK\", found \"payload refused PAYLOAD_EMPTY")));
  Write(directory.File("empty.expected"), "something else\n");
  EXPECT_THAT(Adapter::Load(Plugin("police"), directory.path()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("expected \"format: \"")));
}

class MisbehavingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    AQ_ASSERT_OK_AND_ASSIGN(adapter_, Adapter::Load(Faulty("NONE"), ""));
    AQ_ASSERT_OK_AND_ASSIGN(instance_, adapter_->Open());
  }
  std::unique_ptr<Adapter> adapter_;
  std::unique_ptr<AdapterInstance> instance_;
};

TEST_F(MisbehavingTest, MalformedRecordsAndDiagnosticsAreInternal) {
  for (const char* payload : {"malformed", "large", "short"}) {
    const Heard heard = DecodeFaulty(*instance_, payload);
    EXPECT_THAT(heard.status, StatusIs(absl::StatusCode::kInternal)) << payload;
    ASSERT_EQ(heard.diagnostics.size(), 1U);
    EXPECT_EQ(heard.diagnostics[0].reason, reason::kInternal);
    EXPECT_EQ(heard.diagnostics[0].row, 7U);
  }
}

TEST_F(MisbehavingTest, WhatItSaysIsBoundedAndCleaned) {
  const Heard heard = DecodeFaulty(*instance_, "one");
  AQ_EXPECT_OK(heard.status);
  ASSERT_EQ(heard.diagnostics.size(), 1U);
  EXPECT_EQ(heard.diagnostics[0].reason, reason::kValueInvalid);
  EXPECT_EQ(heard.diagnostics[0].message, "bad??" + std::string(495, 'x'));
}

TEST_F(MisbehavingTest, TooManyDiagnosticsRefuseThePayload) {
  const Heard heard = DecodeFaulty(*instance_, "many");
  EXPECT_THAT(heard.status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(heard.diagnostics.size(), 10001U);
}

TEST_F(MisbehavingTest, RefusalWithoutAReasonGetsOne) {
  const Heard heard = DecodeFaulty(*instance_, "reject");
  EXPECT_THAT(heard.status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ReasonOf(heard.status), reason::kPayloadUndecodable);
}

TEST_F(MisbehavingTest, InstanceThatGaveUpIsNotAskedAgain) {
  EXPECT_THAT(DecodeFaulty(*instance_, "fatal").status, StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(DecodeFaulty(*instance_, "one").status, StatusIs(absl::StatusCode::kInternal));
  AQ_ASSERT_OK_AND_ASSIGN(instance_, adapter_->Open());
  AQ_EXPECT_OK(DecodeFaulty(*instance_, "one").status);
}

}  // namespace
}  // namespace anqiao::adapter

#include "hub/adapter/worker_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace anqiao::adapter {
namespace {

constexpr std::uint64_t kCall = 0xFEDCBA9876543210U;

struct Heard {
  std::vector<v1::Record> records;
  std::vector<Diagnostic> diagnostics;
  DecodeSink sink{[this](v1::Record record) { records.push_back(std::move(record)); },
                  [this](Diagnostic diagnostic) { diagnostics.push_back(std::move(diagnostic)); }};
};

std::string Body() {
  FrameWriter writer(FrameKind::kEntries, kCall);
  v1::Record record;
  record.set_key("a");
  writer.Entry(EntryKind::kRecord, {3, 1, 100});
  writer.Text(record.SerializeAsString());
  writer.Entry(EntryKind::kDiagnostic, {4, 0, 200});
  writer.Diagnostic({AQ_RECORD, "VALUE_INVALID", 201, 4, 2, "field", "message"});
  std::size_t size = 0;
  const absl::string_view bytes = writer.Finish();
  const absl::StatusOr<Frame> frame = NextFrame(bytes, &size);
  EXPECT_EQ(size, bytes.size());
  EXPECT_EQ(frame->call, kCall);
  EXPECT_EQ(frame->body, writer.fields());
  return std::string(frame->body);
}

TEST(WorkerProtocolTest, EntriesComeBackAsTheyWereWritten) {
  Heard heard;
  Call call(&heard.sink);
  Position at;
  std::uint64_t here = 0;
  AQ_EXPECT_OK(ReadEntries(Body(), call, at, here));
  ASSERT_EQ(heard.records.size(), 1U);
  EXPECT_EQ(heard.records[0].key(), "a");
  ASSERT_EQ(heard.diagnostics.size(), 1U);
  EXPECT_EQ(heard.diagnostics[0].row, 4U);
  EXPECT_EQ(heard.diagnostics[0].column, 2U);
  EXPECT_EQ(heard.diagnostics[0].byte_offset, 201U);
  EXPECT_EQ(heard.diagnostics[0].field, "field");
  EXPECT_EQ(at.row, 4U);
  EXPECT_EQ(here, 1U);
}

TEST(WorkerProtocolTest, FramesThatAreSentTogetherComeBackOneByOne) {
  FrameWriter writer(FrameKind::kEntries, 1);
  writer.Text("first");
  writer.Next(FrameKind::kFinished, 2);
  writer.Number(300);
  EXPECT_EQ(writer.fields(), "\xAC\x02");
  absl::string_view bytes = writer.Finish();
  std::size_t size = 0;
  AQ_ASSERT_OK_AND_ASSIGN(const Frame first, NextFrame(bytes, &size));
  EXPECT_EQ(first.kind, FrameKind::kEntries);
  EXPECT_EQ(first.call, 1U);
  EXPECT_EQ(FrameReader(first.body).Text(), "first");
  bytes.remove_prefix(size);
  AQ_ASSERT_OK_AND_ASSIGN(const Frame second, NextFrame(bytes, &size));
  EXPECT_EQ(second.kind, FrameKind::kFinished);
  EXPECT_EQ(second.call, 2U);
  EXPECT_EQ(FrameReader(second.body).Number(), 300U);
  EXPECT_EQ(size, bytes.size());
}

TEST(WorkerProtocolTest, NothingThatIsCutOffIsTaken) {
  const std::string body = Body();
  int whole = 0;
  for (std::size_t size = 0; size < body.size(); ++size) {
    Heard heard;
    Call call(&heard.sink);
    Position at;
    std::uint64_t here = 0;
    if (ReadEntries(body.substr(0, size), call, at, here).ok()) ++whole;
  }
  EXPECT_EQ(whole, 2);  // nothing, and the first entry
}

TEST(WorkerProtocolTest, EveryChangedByteIsAnErrorOrAnotherEntry) {
  const std::string body = Body();
  for (std::size_t i = 0; i < body.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = body;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      Heard heard;
      Call call(&heard.sink);
      Position at;
      std::uint64_t here = 0;
      ReadEntries(changed, call, at, here).IgnoreError();
      EXPECT_LE(heard.records.size() + heard.diagnostics.size(), 4U);
    }
  }
}

TEST(WorkerProtocolTest, LengthsAreCheckedBeforeTheyAreBelieved) {
  std::size_t size = 0;
  AQ_EXPECT_OK(NextFrame("\x05", &size).status());
  EXPECT_EQ(size, 0U);
  EXPECT_FALSE(NextFrame(absl::string_view("\0\0\0\0\x12", 5), &size).ok());
  // One byte less than kind and call have.
  EXPECT_FALSE(NextFrame(absl::string_view("\x08\0\0\0\x14\0\0\0\0\0\0\0", 12), &size).ok());
  AQ_EXPECT_OK(NextFrame(absl::string_view("\x09\0\0\0\x14\0\0\0\0\0\0\0\0", 13), &size).status());
  EXPECT_EQ(size, 13U);
  EXPECT_FALSE(NextFrame(absl::string_view("\xFF\xFF\xFF\x7F\x12", 5), &size).ok());
  FrameReader longer(
      absl::string_view("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"
                        "abc",
                        13));
  EXPECT_EQ(longer.Text(), "");
  EXPECT_FALSE(longer.ok());
  const std::string ones(20, '\xFF');
  FrameReader endless(ones);
  EXPECT_EQ(endless.Number(), 0U);
  EXPECT_FALSE(endless.ok());
  FrameReader wide(absl::string_view("\xFF\xFF\xFF\xFF\x7F", 5));
  EXPECT_EQ(wide.Number32(), 0U);
  EXPECT_FALSE(wide.ok());
}

}  // namespace
}  // namespace anqiao::adapter

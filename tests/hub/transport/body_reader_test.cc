#include "hub/transport/body_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::transport {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

// What a peer sends, at most "step" bytes at a time.
class Text : public httplib::Stream {
 public:
  explicit Text(std::string text, std::size_t step = 7) : text_(std::move(text)), step_(step) {}
  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, std::size_t size) override {
    const std::size_t got = text_.copy(to, std::min(size, step_), at_);
    at_ += got;
    return static_cast<ssize_t>(got);
  }
  ssize_t write(const char*, std::size_t) override { return -1; }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  int socket() const override { return -1; }
  std::string rest() const { return text_.substr(at_); }

 private:
  const std::string text_;
  const std::size_t step_;
  std::size_t at_ = 0;
};

absl::StatusOr<std::string> Read(Text& stream, const Framing& framing) {
  std::string body;
  const absl::Status status = ReadBody(stream, framing, [&](absl::string_view piece) {
    absl::StrAppend(&body, piece);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return body;
}

absl::StatusOr<std::string> ReadChunks(const std::string& text) {
  Text stream(text);
  return Read(stream, {.chunked = true});
}

TEST(BodyReaderTest, ReadsAsManyBytesAsSaid) {
  Text stream("0123456789abcdef and what comes after");
  EXPECT_EQ(*Read(stream, {.length = 16}), "0123456789abcdef");
  EXPECT_EQ(stream.rest(), " and what comes after");
  Text none("x");
  EXPECT_EQ(*Read(none, {.length = 0}), "");
}

TEST(BodyReaderTest, ABodyThatEndsEarlyIsNoBody) {
  Text stream("0123456789");
  EXPECT_THAT(Read(stream, {.length = 11}), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(BodyReaderTest, PutsChunksTogether) {
  EXPECT_EQ(*ReadChunks("5\r\nhello\r\nA ;name=value\r\n, the hub!\r\n0\r\n\r\n"),
            "hello, the hub!");
  EXPECT_EQ(*ReadChunks("0\r\nTrailer: x\r\n\r\n"), "");
}

TEST(BodyReaderTest, ChunksThatAreNotAsTheySayAreNoBody) {
  for (const char* text :
       {"5\r\nhello", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n", "5\r\nhello, longer\r\n0\r\n\r\n",
        "6\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "fffffffffffffffff\r\nx", "5 5\r\nhello",
        "ffffffffff\r\nhello"}) {
    EXPECT_THAT(ReadChunks(text), StatusIs(absl::StatusCode::kDataLoss)) << text;
  }
  EXPECT_THAT(ReadChunks(std::string(300, '1')), StatusIs(absl::StatusCode::kDataLoss));
  std::string trailers = "0\r\n";
  for (int i = 0; i < 20; ++i) trailers += "a: b\r\n";
  EXPECT_THAT(ReadChunks(trailers + "\r\n"), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(BodyReaderTest, StopsWhenItsTakerHasEnough) {
  Text stream(std::string(100, 'x'), 10);
  std::size_t taken = 0;
  const absl::Status status = ReadBody(stream, {.length = 100}, [&](absl::string_view piece) {
    taken += piece.size();
    return taken > 30 ? absl::ResourceExhaustedError("enough") : absl::OkStatus();
  });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(taken, 40U);
}

TEST(FramingTest, IsOneLengthOrChunks) {
  EXPECT_EQ(FramingOf({{"content-length", "12"}})->length, 12U);
  EXPECT_TRUE(FramingOf({{"Transfer-Encoding", "Chunked"}})->chunked);
  EXPECT_TRUE(FramingOf({{"Content-Length", "1"}, {"Content-Encoding", "identity"}}).ok());
  const httplib::Headers wrong[] = {{},
                                    {{"Content-Length", ""}},
                                    {{"Content-Length", "-1"}},
                                    {{"Content-Length", "+1"}},
                                    {{"Content-Length", "1 "}},
                                    {{"Content-Length", "0x10"}},
                                    {{"Content-Length", "99999999999999999999"}},
                                    {{"Content-Length", "1"}, {"Content-Length", "2"}},
                                    {{"Content-Length", "1"}, {"Transfer-Encoding", "chunked"}},
                                    {{"Transfer-Encoding", "gzip, chunked"}},
                                    {{"Transfer-Encoding", "identity"}},
                                    {{"Content-Length", "1"}, {"Content-Encoding", "gzip"}}};
  for (const httplib::Headers& headers : wrong) {
    EXPECT_THAT(FramingOf(headers), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace anqiao::transport

#include "plugins/sdk/zip.h"

#include <gtest/gtest.h>

#include <string>

namespace anqiao::sdk {
namespace {

constexpr char kUndecodable[] = "PAYLOAD_UNDECODABLE";

std::string ArchiveOf(std::initializer_list<std::pair<const char*, std::string>> entries) {
  ZipWriter writer;
  for (const auto& [name, content] : entries) writer.Add(name, content);
  std::string bytes;
  EXPECT_TRUE(writer.Finish(bytes));
  return bytes;
}

// The reason of the fault with which opening or reading "a" ends; empty: none.
std::string ReasonOf(const std::string& bytes, std::string* content = nullptr) {
  ZipReader reader;
  if (const Fault fault = reader.Open(bytes); !fault.ok()) return std::string(fault.reason);
  const ZipReader::Entry* entry = reader.Find("a");
  if (entry == nullptr) return "not there";
  std::string out;
  const Fault fault = reader.Read(*entry, out);
  if (content != nullptr) *content = out;
  return std::string(fault.reason);
}

std::size_t DirectoryOf(const std::string& bytes) { return bytes.find("PK\1\2"); }

TEST(ZipTest, ReadsWhatItWrites) {
  const std::string text(100000, 'x');
  const std::string bytes = ArchiveOf({{"b", ""}, {"a", text}});
  EXPECT_LT(bytes.size(), 1000U);
  std::string content;
  EXPECT_EQ(ReasonOf(bytes, &content), "");
  EXPECT_EQ(content, text);
  EXPECT_EQ(ArchiveOf({{"b", ""}, {"a", text}}), bytes);
  // A comment behind the end is taken.
  std::string commented = bytes + "note";
  commented[bytes.size() - 2] = 4;
  EXPECT_EQ(ReasonOf(commented), "");
}

TEST(ZipTest, CutAnywhereIsTruncatedOrNone) {
  const std::string bytes = ArchiveOf({{"a", "content"}});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(ReasonOf(bytes.substr(0, size)), size < 4 ? kUndecodable : "PAYLOAD_TRUNCATED")
        << size;
  }
  EXPECT_EQ(ReasonOf("a,b\n1,2\n"), kUndecodable);
}

TEST(ZipTest, DamageIsNoticed) {
  const std::string bytes = ArchiveOf({{"a", "some content that is long enough to deflate"}});
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(~damaged[i]);
    std::string content;
    if (ReasonOf(damaged, &content).empty()) {
      EXPECT_EQ(content, "some content that is long enough to deflate") << i;
    }
  }
}

TEST(ZipTest, BombsAreRefusedBeforeTheyAreInflated) {
  // Deflate makes about a thousandth of zeros.
  EXPECT_EQ(ReasonOf(ArchiveOf({{"a", std::string(2 << 20, '\0')}})), kUndecodable);
  EXPECT_EQ(ReasonOf(ArchiveOf({{"a", std::string(1 << 20, '\0')}})), "");
  // A directory that claims less than there is, and one that claims more.
  std::string bytes = ArchiveOf({{"a", std::string(1 << 20, '\0')}});
  bytes[DirectoryOf(bytes) + 24 + 2] = 1;
  EXPECT_EQ(ReasonOf(bytes), kUndecodable);
  bytes[DirectoryOf(bytes) + 24 + 3] = 127;
  EXPECT_EQ(ReasonOf(bytes), kUndecodable);
  ZipWriter many;
  for (int i = 0; i < 1001; ++i) many.Add(std::to_string(i), "");
  bytes.clear();
  ASSERT_TRUE(many.Finish(bytes));
  EXPECT_EQ(ReasonOf(bytes), kUndecodable);
}

TEST(ZipTest, TotalOfAllReadsIsBounded) {
  std::string noise;
  for (std::uint32_t i = 0, x = 1; i < (9U << 20); ++i, x = x * 1664525 + 1013904223) {
    noise.push_back(static_cast<char>('a' + (x >> 28)));
  }
  const std::string bytes = ArchiveOf({{"a", noise}});
  ZipReader reader;
  ASSERT_TRUE(reader.Open(bytes).ok());
  std::string content;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(reader.Read(*reader.Find("a"), content).ok());
  EXPECT_EQ(reader.Read(*reader.Find("a"), content).reason, kUndecodable);
}

TEST(ZipTest, WhatIsNotTakenIsRefused) {
  const std::string bytes = ArchiveOf({{"a", "content"}});
  std::string encrypted = bytes;
  encrypted[DirectoryOf(bytes) + 8] = 1;
  EXPECT_EQ(ReasonOf(encrypted), kUndecodable);
  std::string method = bytes;
  method[DirectoryOf(bytes) + 10] = 12;
  EXPECT_EQ(ReasonOf(method), kUndecodable);
  EXPECT_EQ(ReasonOf(ArchiveOf({{"a", "1"}, {"a", "2"}})), kUndecodable);
}

}  // namespace
}  // namespace anqiao::sdk

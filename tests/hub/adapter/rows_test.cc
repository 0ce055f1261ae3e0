#include "hub/adapter/rows.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace anqiao::adapter {
namespace {

v1::Splits Csv(std::uint32_t header_rows = 1) {
  v1::Splits splits;
  splits.set_delimiter(",");
  splits.set_quoted(true);
  splits.set_header_rows(header_rows);
  return splits;
}

TEST(RowsTest, FindsWhereARowEnds) {
  const struct {
    const char* payload;
    std::size_t end;
  } cases[] = {{"a,b\nc", 4},
               {"a,b\r\nc", 5},
               {"a,b", 3},
               {"a,\"b\nc\"\nd", 8},
               {"\"b\n\"\"c\",x\nd", 10},
               {"a\"b\nc\"\nd", 4},        // a quote within a value opens nothing
               {"\"a\"b\nc", 5},           // text after a closing quote: its first line
               {"x,\"a\nb\"c\nd", 5},      // likewise
               {"\"never closed\nd", 15},  // to the payload's end
               {"\n", 1}};
  const v1::Splits splits = Csv(0);
  for (const auto& [payload, end] : cases) {
    EXPECT_EQ(Rows(splits, payload).EndOfRow(0), end) << payload;
  }
  const std::string endless = "\"" + std::string(70'000, '\n');
  EXPECT_EQ(Rows(splits, endless).EndOfRow(0), 2U);
  v1::Splits plain = splits;
  plain.set_quoted(false);
  EXPECT_EQ(Rows(plain, "\"a\nb\"\n").EndOfRow(0), 3U);
}

TEST(RowsTest, TrailBytesAreNoDelimiters) {
  v1::Splits splits = Csv(0);
  splits.set_delimiter("|");
  const std::string payload = "\x81|\"a\nb\n";  // the bar belongs to the character before it
  EXPECT_EQ(Rows(splits, payload).EndOfRow(0), 7U);
  splits.set_double_byte(true);
  EXPECT_EQ(Rows(splits, payload).EndOfRow(0), 5U);
}

TEST(RowsTest, PartsKeepNumbersAndPlaces) {
  const std::string payload = "title\nh1,h2\na,1\n\"b\nb\",2\nc,3\nd,4";
  const v1::Splits splits = Csv(2);
  const Rows rows(splits, payload);
  EXPECT_EQ(rows.records().row, 2U);
  EXPECT_EQ(rows.records().byte_offset, 12U);
  EXPECT_EQ(*rows.Part(rows.records(), 16), "title\nh1,h2\na,1\n");
  // Rows 3 and 4, of three lines, are two blank ones.
  const std::string part = *rows.Part({4, 24}, payload.size());
  EXPECT_EQ(part, "title\nh1,h2\n     \n     \nc,3\nd,4");
  EXPECT_EQ(part.size(), payload.size());
  EXPECT_EQ(rows.Part({100, 24}, payload.size()), std::nullopt);
  EXPECT_EQ(rows.Part({2, 24}, payload.size()), std::nullopt);
}

TEST(RowsTest, AnyNumberOfRowsFitsWhereTheyWere) {
  for (std::size_t bytes = 1; bytes < 40; ++bytes) {
    const std::string payload = "h\n" + std::string(bytes - 1, 'x') + "\nend\n";
    const v1::Splits splits = Csv();
    const Rows rows(splits, payload);
    for (std::uint64_t count = 1; count <= bytes; ++count) {
      const std::string part = *rows.Part({1 + count, 2 + bytes}, payload.size());
      ASSERT_EQ(part.size(), payload.size());
      EXPECT_EQ(part[1 + bytes], '\n');
      EXPECT_EQ(std::count(part.begin() + 2, part.begin() + 2 + static_cast<long>(bytes), '\n'),
                static_cast<long>(count));
    }
  }
}

TEST(RowsTest, ByteOrderMarkBelongsToTheFirstRow) {
  const std::string payload = "\xEF\xBB\xBF\"h\nh\"\na\n";
  const v1::Splits splits = Csv();
  EXPECT_EQ(Rows(splits, payload).records().byte_offset, 9U);
}

TEST(RowsTest, CursorsAreNotBelieved) {
  const std::string payload = "h\na\nb\nc\n";
  const v1::Splits splits = Csv();
  const Rows rows(splits, payload);
  EXPECT_TRUE(rows.CanBegin(2, 2, rows.records()));
  EXPECT_TRUE(rows.CanBegin(3, 4, rows.records()));
  EXPECT_TRUE(rows.CanBegin(4, 6, {3, 6}));
  EXPECT_FALSE(rows.CanBegin(0, 0, rows.records()));  // no row
  EXPECT_FALSE(rows.CanBegin(1, 0, rows.records()));  // a header
  EXPECT_FALSE(rows.CanBegin(3, 5, rows.records()));  // within a row
  EXPECT_FALSE(rows.CanBegin(3, 2, rows.records()));  // the first row, with another number
  EXPECT_FALSE(rows.CanBegin(2, 4, rows.records()));  // the second, with the first's
  EXPECT_FALSE(rows.CanBegin(9, 4, rows.records()));  // more rows than bytes
  EXPECT_FALSE(rows.CanBegin(5, 8, rows.records()));  // at the end
  EXPECT_FALSE(rows.CanBegin(3, 4, {3, 6}));          // was done
  EXPECT_FALSE(rows.CanBegin(4, 1ULL << 63, rows.records()));
}

}  // namespace
}  // namespace anqiao::adapter

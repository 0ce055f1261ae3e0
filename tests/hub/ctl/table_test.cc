#include "hub/ctl/table.h"

#include <gmock/gmock.h>

#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"

namespace anqiao::ctl {
namespace {

std::string Printed(const Table& table) {
  std::ostringstream out;
  table.Print(out);
  return out.str();
}

TEST(DisplayWidthTest, CountsWideCharactersAsTwoColumns) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("社区戒毒"), 8);
  EXPECT_EQ(DisplayWidth("ＡＢ"), 4);
  EXPECT_EQ(DisplayWidth("社a区"), 5);
  EXPECT_EQ(DisplayWidth(""), 0);
}

TEST(DisplayWidthTest, CombiningMarksTakeNoColumn) { EXPECT_EQ(DisplayWidth("e\u0301"), 1); }

TEST(DisplayWidthTest, CharactersOfTheSupplementaryPlanesAreWide) {
  EXPECT_EQ(DisplayWidth("\U00020000"), 2);
}

TEST(PrintableTest, ControlAndFormatCharactersBecomeBlanks) {
  EXPECT_EQ(Printable("a\x1b[31mb"), "a [31mb");
  EXPECT_EQ(Printable("a\nb\tc"), "a b c");
  EXPECT_EQ(Printable("a\u202eb"), "a b");
  EXPECT_EQ(Printable("a\u2028b"), "a b");
}

TEST(PrintableTest, InvalidBytesBecomeReplacementCharacters) {
  EXPECT_EQ(Printable("a\xff"
                      "b"),
            "a\uFFFDb");
}

TEST(TableTest, ColumnsAlignWhateverTheScript) {
  Table table({{"PART 部分"}, {"COUNT", Table::Align::kRight}, {"LAST"}});
  table.AddRow({"强制戒毒", "43", "x"});
  table.AddRow({"in society", "118", "y"});
  EXPECT_EQ(Printed(table),
            "PART 部分   COUNT  LAST\n"
            "强制戒毒       43  x\n"
            "in society    118  y\n");
}

TEST(TableTest, LinesHaveNoBlanksAtTheirEnds) {
  Table table({{"A"}, {"LONG TITLE"}});
  table.AddRow({"1", ""});
  EXPECT_EQ(Printed(table), "A  LONG TITLE\n1\n");
}

TEST(TableTest, ACellWithALineBreakStaysOnItsLine) {
  Table table({{"A"}});
  table.AddRow({"one\ntwo"});
  EXPECT_EQ(Printed(table), "A\none two\n");
}

TEST(TableTest, MissingCellsAreBlankAndExtraOnesDropped) {
  Table table({{"A"}, {"B"}});
  table.AddRow({"1"});
  table.AddRow({"1", "2", "3"});
  EXPECT_EQ(Printed(table), "A  B\n1\n1  2\n");
}

}  // namespace
}  // namespace anqiao::ctl

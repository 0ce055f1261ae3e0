// Tables for a terminal whose cells may hold wide characters.
//
//   Table table({{"CASE 案件"}, {"COUNT 人数", Table::Align::kRight}});
//   table.AddRow({"强制戒毒", "43"});
//   table.Print(std::cout);

#ifndef ANQIAO_HUB_CTL_TABLE_H_
#define ANQIAO_HUB_CTL_TABLE_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace anqiao::ctl {

// Columns that "text" takes on a terminal: 2 for wide and fullwidth characters, 0 for combining
// ones.
int DisplayWidth(absl::string_view text);

// "text" as valid UTF-8 on one line and without anything that a terminal would act on: control and
// format characters become a blank, invalid bytes U+FFFD.
std::string Printable(absl::string_view text);

class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns);

  // Missing cells are blank, extra ones are dropped. Cells are made printable.
  void AddRow(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  // The titles and the rows, two blanks between columns, none at the end of a line.
  void Print(std::ostream& out) const;

 private:
  void PrintRow(std::ostream& out, const std::vector<std::string>& cells) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<int> widths_;
};

}  // namespace anqiao::ctl

#endif  // ANQIAO_HUB_CTL_TABLE_H_

#include "hub/adapter/scaffold/infer.h"

#include <algorithm>
#include <functional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace anqiao::scaffold {
namespace {

using Test = std::function<bool(absl::string_view)>;

bool AllDigits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

bool LooksLikeSex(absl::string_view text) { return text == "男" || text == "女"; }

bool LooksLikeCreditCode(absl::string_view text) {
  return text.size() == 18 && AllDigits(text.substr(0, 8)) && !LooksLikeIdNumber(text) &&
         std::all_of(text.begin(), text.end(), absl::ascii_isalnum);
}

bool LooksLikeYuan(absl::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  return AllDigits(text.substr(0, point)) &&
         (point == text.size() || (text.size() - point <= 3 && AllDigits(text.substr(point + 1))));
}

// An amount with separators or a unit, such as ￥1,234.50元.
bool LooksLikeMoney(absl::string_view text) {
  const std::string plain = absl::StrReplaceAll(
      text, {{",", ""}, {"，", ""}, {"￥", ""}, {"¥", ""}, {"万元", ""}, {"元", ""}, {" ", ""}});
  return LooksLikeYuan(plain);
}

// What a spreadsheet makes of a date whose column has no date's format: 45000 is 2023-03-15.
bool LooksLikeDayNumber(absl::string_view text) { return AllDigits(text) && text.size() == 5; }

// Values of a column that are not blank, and how many pass a test.
struct Counted {
  std::size_t filled = 0;
  std::size_t passed = 0;

  bool most() const { return filled > 0 && passed * 5 >= filled * 4; }
};

Counted Count(const SampleTable& table, std::size_t column, const Test& test) {
  Counted counted;
  for (const std::vector<std::string>& row : table.rows) {
    if (row[column].empty()) continue;
    ++counted.filled;
    if (test(row[column])) ++counted.passed;
  }
  return counted;
}

bool MayRepeat(absl::string_view field) {
  return field == "PHONE" || field == "FORMER_NAME" || field == "STATUS_FLAG" ||
         field == "CERTIFICATE_ANNOTATION";
}

// A field by the values alone; empty: none.
std::string FieldByValues(const SampleTable& table, std::size_t column) {
  if (Count(table, column, LooksLikeIdNumber).most()) return "ID_NUMBER";
  if (Count(table, column, LooksLikePhone).most()) return "PHONE";
  if (Count(table, column, LooksLikeSex).most()) return "SEX";
  if (Count(table, column, LooksLikeCreditCode).most()) return "EMPLOYER_CODE";
  return "";
}

// What else can be said of a column without a field.
std::string NotPlaced(const SampleTable& table, std::size_t column) {
  if (Count(table, column, [](absl::string_view) { return false; }).filled == 0) {
    return "not placed; blank in the sample";
  }
  if (Count(table, column, LooksLikeDate).most()) return "not placed; its values are dates";
  if (Count(table, column, AllDigits).most()) return "not placed; its values are whole numbers";
  return "not placed";
}

void CheckValues(const SampleTable& table, PlannedColumn& column) {
  const std::size_t index = column.index;
  Test test;
  std::string what;
  if (column.converter == "date" && Count(table, index, LooksLikeDayNumber).passed > 0) {
    column.day_number = true;
    test = [](absl::string_view text) { return LooksLikeDate(text) || LooksLikeDayNumber(text); };
    what = "dates in a spelling that is known";
  } else if (column.converter == "date" || column.converter == "month") {
    test = LooksLikeDate;
    what = "dates in a spelling that is known";
  } else if (column.converter == "yuan") {
    const Counted plain = Count(table, index, LooksLikeYuan);
    if (plain.passed < plain.filled) column.converter = "money";
    test = LooksLikeMoney;
    what = "amounts in a spelling that is known";
  } else if (column.converter == "count") {
    test = AllDigits;
    what = "whole numbers";
  } else if (column.converter == "codes") {
    test = [&column](absl::string_view text) {
      const std::vector<std::string> parts = column.field == "CERTIFICATE_ANNOTATION"
                                                 ? absl::StrSplit(text, "、")
                                                 : std::vector<std::string>{std::string(text)};
      return std::all_of(parts.begin(), parts.end(), [&](const std::string& part) {
        return std::any_of(column.codes.begin(), column.codes.end(),
                           [&](const auto& code) { return code.first == part; });
      });
    };
    what = "in the table above; add them";
  } else {
    return;
  }
  const Counted counted = Count(table, index, test);
  if (counted.passed == counted.filled) return;
  column.lenient = true;
  column.note = absl::StrCat("DECIDE: ", counted.filled - counted.passed, " of ", counted.filled,
                             " values of the sample are not ", what,
                             ". Lenient leaves such a value out and keeps the record");
}

const KnownKind& ChooseKind(const AliasTable& aliases, const std::set<std::string>& fields,
                            std::string* note) {
  const KnownKind* best = &aliases.kinds().front();
  double best_score = 0;
  std::vector<std::string> best_missing;
  for (const KnownKind& kind : aliases.kinds()) {
    std::vector<std::string> missing;
    double score = 0;
    for (const std::string& need : kind.needs) {
      if (fields.count(need) != 0) {
        score += 1.0 / static_cast<double>(kind.needs.size());
      } else {
        missing.push_back("FIELD_" + need);
      }
    }
    if (score > 0) {
      for (const std::string& field : kind.takes) score += fields.count(field) != 0 ? 0.1 : 0;
    }
    if (missing.empty() && score > 0) score += 10;
    if (score > best_score) {
      best_score = score;
      best = &kind;
      best_missing = missing;
    }
  }
  if (best_score == 0) {
    *note =
        "DECIDE: no column says what kind of statement a row is; the hub refuses records that "
        "lack what their kind needs";
  } else if (!best_missing.empty()) {
    *note = absl::StrCat("DECIDE: the likeliest kind, but the hub needs ",
                         absl::StrJoin(best_missing, ", "), ", which no column was found for");
  }
  return *best;
}

std::string HeaderOf(const Plan& plan, absl::string_view field) {
  for (const PlannedColumn& column : plan.columns) {
    if (column.field == field) return column.header;
  }
  return "";
}

// True if the column is filled in each row of the sample, and no value comes twice.
bool IsUnique(const SampleTable& table, absl::string_view header) {
  const auto at = std::find(table.headers.begin(), table.headers.end(), header);
  const auto index = static_cast<std::size_t>(at - table.headers.begin());
  std::set<std::string> seen;
  for (const std::vector<std::string>& row : table.rows) {
    if (row[index].empty() || !seen.insert(row[index]).second) return false;
  }
  return !table.rows.empty();
}

void ChooseKey(const SampleTable& table, const KnownKind& kind, Plan& plan) {
  for (const std::string& field : kind.key) {
    std::string header = HeaderOf(plan, field);
    if (header.empty() && (field == "AGENCY_PERSON_NUMBER" || field == "REGISTER_NUMBER")) {
      header = HeaderOf(plan, "ID_NUMBER");
      plan.key_note =
          "DECIDE: the agency's own number of the person would be better than the identity "
          "number, which may be blank or wrong";
    }
    if (!header.empty()) plan.key.push_back(header);
  }
  if (plan.key.size() == kind.key.size()) return;
  plan.key.clear();
  for (const PlannedColumn& column : plan.columns) {
    const bool unfit = column.header == "序号" || column.header == "行号" ||
                       column.field == "PERSON_NAME" || column.field == "FORMER_NAME";
    if (plan.key.empty() && !unfit && IsUnique(table, column.header)) {
      plan.key.push_back(column.header);
    }
  }
  plan.key_note = plan.key.empty()
                      ? "DECIDE: no column is filled and different in every row of the sample"
                      : "DECIDE: different in every row of the sample, but is it the agency's own "
                        "number that stays the same from file to file?";
  if (plan.key.empty()) plan.key.push_back(plan.columns.front().header);
}

// Of a header of two rows; empty: none.
std::string GroupOf(absl::string_view header) {
  const std::size_t dot = header.find('.');
  return std::string(header.substr(0, dot == absl::string_view::npos ? 0 : dot));
}

const KnownField* FindByName(const AliasTable& aliases, absl::string_view header) {
  const KnownField* known = aliases.Find(header);
  if (known != nullptr || GroupOf(header).empty()) return known;
  return aliases.Find(header.substr(header.find('.') + 1));
}

std::string GroupOfPerson(const Plan& plan, const AliasTable& aliases) {
  for (const PlannedColumn& column : plan.columns) {
    const KnownField* known = FindByName(aliases, column.header);
    if (known != nullptr && known->name == "ID_NUMBER") return GroupOf(column.header);
  }
  return "";
}

// Gives the column its field, if it has one.
void Place(const SampleTable& table, const AliasTable& aliases, std::set<std::string>& fields,
           PlannedColumn& column) {
  const KnownField* known = FindByName(aliases, column.header);
  if (known == nullptr) {
    const auto found = aliases.fields().find(FieldByValues(table, column.index));
    if (found != aliases.fields().end() && fields.count(found->first) == 0) {
      known = &found->second;
      column.note = "DECIDE: placed by its values, not by its name";
    }
  }
  if (known == nullptr) {
    column.note = NotPlaced(table, column.index);
  } else if (!MayRepeat(known->name) && fields.count(known->name) != 0) {
    column.note = absl::StrCat("DECIDE: another column states FIELD_", known->name, " already");
  } else {
    column.field = known->name;
    column.converter = known->converter;
    column.codes = known->codes;
    fields.insert(known->name);
  }
}

}  // namespace

bool LooksLikeIdNumber(absl::string_view text) {
  return text.size() == 18 && AllDigits(text.substr(0, 17)) &&
         (text.substr(6, 2) == "19" || text.substr(6, 2) == "20") &&
         (absl::ascii_isdigit(text[17]) || text[17] == 'X' || text[17] == 'x');
}

bool LooksLikePhone(absl::string_view text) {
  return text.size() == 11 && AllDigits(text) && text[0] == '1' && text[1] >= '3';
}

bool LooksLikeDate(absl::string_view text) {
  if (AllDigits(text)) {
    return (text.size() == 8 || text.size() == 6) && (text[0] == '1' || text[0] == '2');
  }
  std::string plain =
      absl::StrReplaceAll(text, {{"年", "-"}, {"月", "-"}, {"日", ""}, {"/", "-"}, {".", "-"}});
  if (!plain.empty() && plain.back() == '-') plain.pop_back();
  const std::vector<std::string> parts = absl::StrSplit(plain, '-');
  if (parts.size() < 2 || parts.size() > 3 || parts[0].size() != 4) return false;
  return std::all_of(parts.begin(), parts.end(), AllDigits) && parts[1].size() <= 2 &&
         parts.back().size() <= 2;
}

Plan MakePlan(const SampleTable& table, const AliasTable& aliases) {
  Plan plan;
  for (std::size_t i = 0; i < table.headers.size(); ++i) {
    if (table.headers[i].empty()) continue;
    PlannedColumn& column = plan.columns.emplace_back();
    column.index = i;
    column.header = table.headers[i];
  }
  std::set<std::string> fields;
  // Of two columns with the same field the one beside the identity number is the person's.
  const std::string group = GroupOfPerson(plan, aliases);
  for (const bool first : {true, false}) {
    for (PlannedColumn& column : plan.columns) {
      if ((GroupOf(column.header) == group) == first) Place(table, aliases, fields, column);
    }
  }
  const KnownKind& kind = ChooseKind(aliases, fields, &plan.kind_note);
  plan.kind = kind.name;
  for (PlannedColumn& column : plan.columns) {
    if (!column.field.empty() && !aliases.Takes(kind, column.field)) {
      column.note =
          absl::StrCat("FIELD_", column.field, ", which records of this kind do not take");
      column.field.clear();
    }
    if (column.field.empty()) continue;
    CheckValues(table, column);
    column.required =
        std::find(kind.needs.begin(), kind.needs.end(), column.field) != kind.needs.end();
    if (column.required) column.lenient = false;
  }
  if (table.widths_found) {
    plan.columns_note =
        "DECIDE: the fields have no names in the sample, and their widths were found in it: "
        "compare "
        "them with the agency's description";
  } else if (table.rows.empty()) {
    plan.columns_note = "DECIDE: the sample has no rows, so names were all there was to go by";
  }
  ChooseKey(table, kind, plan);
  for (PlannedColumn& column : plan.columns) {
    if (std::find(plan.key.begin(), plan.key.end(), column.header) != plan.key.end()) {
      column.required = true;
      column.lenient = false;
    }
  }
  return plan;
}

}  // namespace anqiao::scaffold

#include "hub/model/divisions.h"

#include <algorithm>
#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/model/divisions_data.h"
#include "hub/model/names.h"

namespace anqiao::model {
namespace {

constexpr std::size_t kDivisionBytesMax = 200;
constexpr std::size_t kCountyDigits = 6;
constexpr std::size_t kStreetDigits = 9;
constexpr std::size_t kCommunityDigits = 12;

// Codes from before the county was given its present one in 1998 (python-stdnum, loc.dat): 咸宁市
// 1983 to 1998, 咸宁县 until 1983.
struct Successor {
  absl::string_view abolished, present;
};
constexpr Successor kSuccessors[] = {{"422301", "421202"}, {"422321", "421202"}};

const DivisionRow* Find(absl::string_view code) {
  const DivisionRow* end = kDivisionRows + kDivisionRowCount;
  const DivisionRow* row = std::lower_bound(
      kDivisionRows, end, code,
      [](const DivisionRow& a, absl::string_view b) { return absl::string_view(a.code) < b; });
  return row != end && row->code == code ? row : nullptr;
}

// True if some row lies one level below "code".
bool HasRowsBelow(absl::string_view code, std::size_t digits) {
  return std::any_of(kDivisionRows, kDivisionRows + kDivisionRowCount, [&](const DivisionRow& row) {
    const absl::string_view other = row.code;
    return other.size() == digits && absl::StartsWith(other, code);
  });
}

bool IsCode(absl::string_view text) {
  return (text.size() == kCountyDigits || text.size() == kStreetDigits ||
          text.size() == kCommunityDigits) &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return absl::ascii_isdigit(c); });
}

std::string ProvinceOf(absl::string_view code) { return absl::StrCat(code.substr(0, 2), "0000"); }

bool IsMadeUp(absl::string_view code) {
  return code[4] == '9' && code[5] >= '1' && Find(ProvinceOf(code)) != nullptr;
}

// The code without the zeros that stand for "all of it".
absl::string_view OwnLevel(absl::string_view code) {
  if (code.size() == kCommunityDigits && absl::EndsWith(code, "000")) code.remove_suffix(3);
  if (code.size() == kStreetDigits && absl::EndsWith(code, "000")) code.remove_suffix(3);
  return code;
}

// True if the county is known, or of a province of which no counties are.
bool KnowsCounty(absl::string_view county) {
  if (Find(county) != nullptr) return true;
  return Find(ProvinceOf(county)) != nullptr &&
         !std::any_of(kDivisionRows, kDivisionRows + kDivisionRowCount,
                      [&](const DivisionRow& row) {
                        return absl::StartsWith(row.code, county.substr(0, 2)) &&
                               absl::string_view(row.code) != ProvinceOf(county);
                      });
}

std::optional<std::string> ResolveCode(absl::string_view text) {
  std::string code(OwnLevel(text));
  for (const Successor& successor : kSuccessors) {
    if (absl::StartsWith(code, successor.abolished)) return std::string(successor.present);
  }
  if (IsMadeUp(code)) return code;
  const absl::string_view view = code;
  if (!KnowsCounty(view.substr(0, kCountyDigits))) return std::nullopt;
  for (const auto& [above, own] :
       {std::pair(kCountyDigits, kStreetDigits), std::pair(kStreetDigits, kCommunityDigits)}) {
    if (code.size() < own) break;
    if (Find(view.substr(0, own)) == nullptr && HasRowsBelow(view.substr(0, above), own)) {
      return std::nullopt;
    }
  }
  return code;
}

// The codes of the divisions from the province down to "code", those that are known.
std::vector<const DivisionRow*> PathOf(absl::string_view code) {
  std::vector<const DivisionRow*> path;
  const auto add = [&](const std::string& key) {
    const DivisionRow* row = Find(key);
    if (row != nullptr && (path.empty() || path.back() != row)) path.push_back(row);
  };
  add(ProvinceOf(code));
  add(absl::StrCat(code.substr(0, 4), "00"));
  add(std::string(code.substr(0, kCountyDigits)));
  if (code.size() >= kStreetDigits) add(std::string(code.substr(0, kStreetDigits)));
  if (code.size() >= kCommunityDigits) add(std::string(code));
  return path;
}

// Every name and path of names, to its code; empty if several divisions have it.
using NameIndex = std::unordered_map<std::string, std::string>;

NameIndex BuildNameIndex() {
  NameIndex index;
  for (std::size_t i = 0; i < kDivisionRowCount; ++i) {
    std::string name;
    const std::vector<const DivisionRow*> path = PathOf(kDivisionRows[i].code);
    for (auto row = path.rbegin(); row != path.rend(); ++row) {
      name.insert(0, (*row)->name);
      const auto [entry, inserted] = index.emplace(name, kDivisionRows[i].code);
      if (!inserted) entry->second.clear();
    }
  }
  return index;
}

std::optional<std::string> ResolveName(std::string name) {
  static const NameIndex& index = *new NameIndex(BuildNameIndex());
  for (absl::string_view suffix : {"居民委员会", "村民委员会", "居委会", "村委会"}) {
    if (absl::EndsWith(name, suffix)) name.resize(name.size() - suffix.size());
  }
  const auto found = index.find(name);
  if (found == index.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

}  // namespace

std::optional<std::string> ResolveDivision(absl::string_view text) {
  if (text.size() > kDivisionBytesMax) return std::nullopt;
  std::string clean = NormalizeText(text);
  if (IsCode(clean)) return ResolveCode(clean);
  return ResolveName(std::move(clean));
}

std::string DivisionTitle(absl::string_view code) {
  if (!IsCode(code)) return "";
  if (IsMadeUp(code)) return "made-up division";
  std::string title;
  for (const DivisionRow* row : PathOf(code)) {
    // A street or community is told by its county; a county and above by its province.
    const bool above_county = absl::string_view(row->code).size() == kCountyDigits &&
                              absl::string_view(row->code) != code.substr(0, kCountyDigits);
    if (above_county && code.size() > kCountyDigits && Find(code.substr(0, kCountyDigits)))
      continue;
    absl::StrAppend(&title, row->name);
  }
  return title;
}

}  // namespace anqiao::model

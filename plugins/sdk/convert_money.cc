#include "plugins/sdk/convert_money.h"

#include <cstddef>
#include <cstdint>

#include "plugins/sdk/text.h"

namespace anqiao::sdk {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool AllDigits(std::string_view text) {
  for (const char c : text) {
    if (!IsDigit(c)) return false;
  }
  return !text.empty();
}

// Decimals of the unit down to the fen.
std::size_t DecimalsOf(MoneyUnit unit) {
  switch (unit) {
    case MoneyUnit::kYuan:
      return 2;
    case MoneyUnit::kTenThousandYuan:
      return 6;
    case MoneyUnit::kFen:
      return 0;
  }
  return 0;
}

// "whole" may be grouped in threes: "1,234,567".
bool Ungroup(std::string_view whole, std::string& digits) {
  if (whole.find(',') == std::string_view::npos) {
    digits = whole;
    return AllDigits(whole);
  }
  for (bool first = true;; first = false) {
    const std::size_t comma = whole.find(',');
    const std::string_view group = whole.substr(0, comma);
    if (!AllDigits(group) || group.size() > 3 || (!first && group.size() != 3)) return false;
    digits += group;
    if (comma == std::string_view::npos) return true;
    whole.remove_prefix(comma + 1);
  }
}

// "digits" units and "decimals" of one, shifted to fen. False: too large.
bool ToFen(std::string_view digits, std::string_view decimals, std::size_t shift,
           std::size_t fen_digits_max, std::string& out) {
  std::string fen(digits);
  fen += decimals;
  fen.append(shift - decimals.size(), '0');
  fen.erase(0, fen.find_first_not_of('0'));
  if (fen.size() > fen_digits_max) return false;
  out = fen.empty() ? "0" : fen;
  return true;
}

bool TakeSuffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

}  // namespace

Fault ConvertYuan(std::string_view text, std::string& out) {
  constexpr char kExpected[] = "expected yuan with at most two decimals, such as 1234.50";
  constexpr std::size_t kYuanDigitsMax = 12;
  const std::size_t point = text.find('.');
  const bool has_point = point != std::string_view::npos;
  const std::string_view yuan = text.substr(0, point);
  const std::string_view decimals = has_point ? text.substr(point + 1) : std::string_view();
  if (!AllDigits(yuan) || yuan.size() > kYuanDigitsMax || decimals.size() > 2 ||
      (has_point && !AllDigits(decimals)) || !ToFen(yuan, decimals, 2, kYuanDigitsMax + 2, out)) {
    return {kValueInvalid, kExpected};
  }
  return {};
}

Fault ConvertMoney(std::string_view text, MoneyUnit unit, std::string& out) {
  constexpr std::size_t kFenDigitsMax = 12;
  constexpr char kExpected[] =
      "expected an amount such as 1234.50, 1,234.50元, 0.5万元 or 123450分, without parts of a fen";
  const std::string folded = FoldWidth(text);
  std::string_view rest = Trim(folded);
  for (const std::string_view sign : {"\xC2\xA5", "\xEF\xBF\xA5"}) {  // U+00A5, U+FFE5
    if (rest.starts_with(sign)) {
      rest = Trim(rest.substr(sign.size()));
      break;
    }
  }
  if (TakeSuffix(rest, "万元") || TakeSuffix(rest, "万")) {
    unit = MoneyUnit::kTenThousandYuan;
  } else if (TakeSuffix(rest, "元")) {
    unit = MoneyUnit::kYuan;
  } else if (TakeSuffix(rest, "分")) {
    unit = MoneyUnit::kFen;
  }
  rest = Trim(rest);
  const std::size_t point = rest.find('.');
  std::string_view decimals;
  if (point != std::string_view::npos) {
    decimals = rest.substr(point + 1);
    if (!AllDigits(decimals)) return {kValueInvalid, kExpected};
    rest = rest.substr(0, point);
    // What is behind the fen must be nothing.
    while (decimals.size() > DecimalsOf(unit) && decimals.back() == '0') decimals.remove_suffix(1);
  }
  std::string digits;
  if (decimals.size() > DecimalsOf(unit) || !Ungroup(rest, digits) ||
      !ToFen(digits, decimals, DecimalsOf(unit), kFenDigitsMax, out)) {
    return {kValueInvalid, kExpected};
  }
  return {};
}

Fault UnconvertMoney(std::string_view fen, MoneyUnit unit, std::string& out) {
  constexpr std::size_t kFenDigitsMax = 14;
  if (!AllDigits(fen) || fen.size() > kFenDigitsMax || (fen.size() > 1 && fen.front() == '0')) {
    return {kValueInvalid, "expected whole fen"};
  }
  const std::size_t decimals = DecimalsOf(unit);
  out.assign(fen.size() <= decimals ? decimals + 1 - fen.size() : 0, '0');
  out += fen;
  if (decimals == 0) return {};
  out.insert(out.size() - decimals, 1, '.');
  if (unit == MoneyUnit::kTenThousandYuan) {
    while (out.back() == '0') out.pop_back();
    if (out.back() == '.') out.pop_back();
  }
  return {};
}

}  // namespace anqiao::sdk

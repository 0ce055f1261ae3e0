#include "plugins/sdk/convert_date.h"

#include <chrono>
#include <cstddef>

namespace anqiao::sdk {
namespace {

constexpr char kDateExpected[] =
    "expected a date such as 20260315, 2026-03-15, 2026/3/15, 2026.03.15 or 2026年3月15日";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes up to "digits_max" digits from the front of "text"; false if there is none.
bool TakeNumber(std::string_view& text, std::size_t digits_max, int& out) {
  std::size_t length = 0;
  out = 0;
  while (length < text.size() && length < digits_max && IsDigit(text[length])) {
    out = out * 10 + (text[length] - '0');
    ++length;
  }
  text.remove_prefix(length);
  return length > 0;
}

bool Take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

struct Parts {
  int year = 0;
  int month = 0;
  int day = 0;
  bool has_day = false;
};

bool ParseCompact(std::string_view text, Parts& parts) {
  if (text.size() != 8 && text.size() != 6) return false;
  std::string_view rest = text;
  if (!TakeNumber(rest, 4, parts.year) || rest.size() + 4 != text.size()) return false;
  if (!TakeNumber(rest, 2, parts.month) || rest.size() + 6 != text.size()) return false;
  if (rest.empty()) return true;
  parts.has_day = true;
  return TakeNumber(rest, 2, parts.day) && rest.empty();
}

bool ParseSeparated(std::string_view text, Parts& parts) {
  std::string_view rest = text;
  if (!TakeNumber(rest, 4, parts.year) || rest.size() + 4 != text.size() || rest.empty()) {
    return false;
  }
  const bool chinese = rest.starts_with("年");
  const std::string_view after_year = chinese ? std::string_view("年") : rest.substr(0, 1);
  if (!chinese && after_year != "-" && after_year != "/" && after_year != ".") return false;
  Take(rest, after_year);
  if (!TakeNumber(rest, 2, parts.month)) return false;
  if (chinese ? Take(rest, "月") && rest.empty() : rest.empty()) return true;
  if (!chinese && !Take(rest, after_year)) return false;
  parts.has_day = true;
  if (!TakeNumber(rest, 2, parts.day)) return false;
  if (chinese && !Take(rest, "日")) return false;
  return rest.empty();
}

int DaysIn(int year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// "number" in "digits" digits.
void AppendDigits(int number, std::size_t digits, std::string& out) {
  const std::size_t begin = out.size();
  out.append(digits, '0');
  for (std::size_t i = digits; i > 0; --i, number /= 10) {
    out[begin + i - 1] = static_cast<char>('0' + number % 10);
  }
}

std::string Format(int year, int month, int day) {
  std::string out;
  AppendDigits(year, 4, out);
  out += '-';
  AppendDigits(month, 2, out);
  if (day == 0) return out;
  out += '-';
  AppendDigits(day, 2, out);
  return out;
}

}  // namespace

Fault ConvertDate(std::string_view text, std::string& out) {
  Parts parts;
  if (!ParseCompact(text, parts) && !ParseSeparated(text, parts = {})) {
    return {kValueInvalid, kDateExpected};
  }
  if (parts.year == 0 || parts.month < 1 || parts.month > 12 ||
      (parts.has_day && (parts.day < 1 || parts.day > DaysIn(parts.year, parts.month)))) {
    return {"DATE_IMPOSSIBLE", "there is no such day"};
  }
  out = Format(parts.year, parts.month, parts.has_day ? parts.day : 0);
  return {};
}

Fault ConvertDayNumber(std::int64_t number, std::string& out) {
  constexpr std::int64_t kLeapDayThatWasNone = 60;
  constexpr std::int64_t kLast = 2958465;  // 9999-12-31
  if (number < 1 || number == kLeapDayThatWasNone || number > kLast) {
    return {"DATE_IMPOSSIBLE", "there is no such day"};
  }
  using std::chrono::sys_days;
  using std::chrono::year;
  const sys_days before = sys_days(year(1899) / 12 / (number < kLeapDayThatWasNone ? 31 : 30));
  const std::chrono::year_month_day date(before + std::chrono::days(number));
  out = Format(static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
               static_cast<int>(static_cast<unsigned>(date.day())));
  return {};
}

Fault ConvertDayNumber(std::string_view text, std::string& out) {
  int number = 0;
  std::string_view rest = text;
  if (text.size() != 5 || !TakeNumber(rest, 5, number) || !rest.empty()) {
    return {kValueInvalid, kDateExpected};
  }
  return ConvertDayNumber(std::int64_t{number}, out);
}

std::string CompactDate(std::string_view date) {
  std::string out;
  for (const char c : date) {
    if (c != '-') out.push_back(c);
  }
  return out;
}

}  // namespace anqiao::sdk

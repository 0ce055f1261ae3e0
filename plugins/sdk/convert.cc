#include "plugins/sdk/convert.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>

namespace anqiao::sdk {
namespace {

constexpr std::string_view kValueInvalid = "VALUE_INVALID";
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

Fault ConvertCode(const Column& column, std::string_view text, Converted& out) {
  for (const Code& code : column.codes) {
    if (code.native != text) continue;
    if (!code.value.empty()) out.values.emplace_back(column.field, code.value);
    if (code.also != v1::FIELD_UNSPECIFIED) out.values.emplace_back(code.also, code.also_value);
    return {};
  }
  std::string message = "not in the code table; expected one of ";
  constexpr std::size_t kNamed = 12;
  for (std::size_t i = 0; i < column.codes.size() && i < kNamed; ++i) {
    if (i > 0) message += ", ";
    message += column.codes[i].native;
  }
  if (column.codes.size() > kNamed) message += " and others";
  return {kValueInvalid, std::move(message)};
}

Fault ConvertCount(std::string_view text, std::string& out) {
  if (text.empty() || text.size() > 9) {
    return {kValueInvalid, "expected a whole number of at most nine digits"};
  }
  for (const char c : text) {
    if (!IsDigit(c)) return {kValueInvalid, "expected a whole number of at most nine digits"};
  }
  while (text.size() > 1 && text.front() == '0') text.remove_prefix(1);
  out = text;
  return {};
}

Fault CheckText(std::string_view text) {
  for (const char c : text) {
    if ((c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
      return {kValueInvalid, "holds a control character"};
    }
  }
  return {};
}

// One value, already split and trimmed.
Fault ConvertOne(const Column& column, std::string_view text, Converted& out) {
  std::string value;
  Fault fault;
  switch (column.converter) {
    case Converter::kText:
      fault = CheckText(text);
      value = text;
      break;
    case Converter::kCodes:
      return ConvertCode(column, text, out);
    case Converter::kDate:
      fault = ConvertDate(text, value);
      break;
    case Converter::kMonth:
      fault = ConvertDate(text, value);
      if (value.size() > 7) value.resize(7);
      break;
    case Converter::kYuan:
      fault = ConvertYuan(text, value);
      break;
    case Converter::kCount:
      fault = ConvertCount(text, value);
      break;
    case Converter::kValidity:
      if (text != "0" && text != "1") return {kValueInvalid, "expected 1 or 0"};
      out.removed = text == "0";
      return {};
  }
  if (!fault.ok()) return fault;
  if (column.also != v1::FIELD_UNSPECIFIED) out.values.emplace_back(column.also, value);
  if (column.field != v1::FIELD_UNSPECIFIED) {
    out.values.emplace_back(column.field, std::move(value));
  }
  return {};
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
  char buffer[40];
  const int length =
      parts.has_day ? std::snprintf(buffer, sizeof buffer, "%04d-%02d-%02d", parts.year,
                                    parts.month, parts.day)
                    : std::snprintf(buffer, sizeof buffer, "%04d-%02d", parts.year, parts.month);
  out.assign(buffer, static_cast<std::size_t>(length));
  return {};
}

Fault ConvertYuan(std::string_view text, std::string& out) {
  constexpr char kExpected[] = "expected yuan with at most two decimals, such as 1234.50";
  const std::size_t point = text.find('.');
  const std::string_view yuan = text.substr(0, point);
  const std::string_view decimals =
      point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if (yuan.empty() || yuan.size() > 12 || decimals.size() > 2 ||
      (point != std::string_view::npos && decimals.empty())) {
    return {kValueInvalid, kExpected};
  }
  std::int64_t fen = 0;
  for (const std::string_view part : {yuan, decimals}) {
    for (const char c : part) {
      if (!IsDigit(c)) return {kValueInvalid, kExpected};
      fen = fen * 10 + (c - '0');
    }
  }
  for (std::size_t i = decimals.size(); i < 2; ++i) fen *= 10;
  out = std::to_string(fen);
  return {};
}

Fault Convert(const Column& column, std::string_view text, Converted& out) {
  if (column.separator.empty()) return ConvertOne(column, text, out);
  while (true) {
    const std::size_t end = text.find(column.separator);
    if (const std::string_view part = Trim(text.substr(0, end)); !part.empty()) {
      if (Fault fault = ConvertOne(column, part, out); !fault.ok()) return fault;
    }
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + column.separator.size());
  }
}

Fault Unconvert(const Column& column, std::string_view value, std::string& out) {
  switch (column.converter) {
    case Converter::kText:
      if (value.find_first_of("\t\r\n") != std::string_view::npos) {
        return {kValueInvalid, "holds a control character"};
      }
      out = value;
      return CheckText(value);
    case Converter::kCodes:
      for (const Code& code : column.codes) {
        if (code.value == value) {
          out = code.native;
          return {};
        }
      }
      return {kValueInvalid, "not in the code table"};
    case Converter::kDate:
    case Converter::kMonth: {
      std::string date;
      if (Fault fault = ConvertDate(value, date); !fault.ok()) return fault;
      out = date.substr(0, 4) + date.substr(5, 2);
      if (column.converter == Converter::kDate) out += date.size() > 7 ? date.substr(8, 2) : "01";
      return {};
    }
    case Converter::kYuan: {
      if (value.empty() || value.size() > 14 ||
          value.find_first_not_of("0123456789") != std::string_view::npos) {
        return {kValueInvalid, "expected whole fen"};
      }
      out.assign(value.size() < 3 ? 3 - value.size() : 0, '0');
      out += value;
      out = out.substr(0, out.size() - 2) + '.' + out.substr(out.size() - 2);
      return {};
    }
    case Converter::kCount:
      return ConvertCount(value, out);
    case Converter::kValidity:
      return {kValueInvalid, "a removed record cannot be encoded"};
  }
  return {};
}

}  // namespace anqiao::sdk

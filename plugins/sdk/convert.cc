#include "plugins/sdk/convert.h"

#include <algorithm>
#include <cstddef>

#include "plugins/sdk/convert_date.h"
#include "plugins/sdk/convert_identifier.h"
#include "plugins/sdk/convert_money.h"
#include "plugins/sdk/text.h"

namespace anqiao::sdk {
namespace {

constexpr std::size_t kDayNumberDigits = 5;
constexpr std::size_t kMonthBytes = 7;  // YYYY-MM

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

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
  if (HoldsControlCharacter(text)) return {kValueInvalid, "holds a control character"};
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
    case Converter::kMonth:
      fault = ConvertDate(text, value);
      if (!fault.ok() && column.day_number && text.size() == kDayNumberDigits) {
        fault = ConvertDayNumber(text, value);
      }
      if (column.converter == Converter::kMonth) value.resize(std::min(value.size(), kMonthBytes));
      break;
    case Converter::kYuan:
      fault = ConvertYuan(text, value);
      break;
    case Converter::kMoney:
      fault = ConvertMoney(text, column.unit, value);
      break;
    case Converter::kCount:
      fault = ConvertCount(text, value);
      break;
    case Converter::kCitizenId:
      fault = ConvertCitizenId(text, value);
      break;
    case Converter::kCreditCode:
      fault = ConvertCreditCode(text, value);
      break;
    case Converter::kDivision:
      fault = ConvertDivision(text, value);
      break;
    case Converter::kPhone:
      fault = ConvertPhone(text, value);
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

namespace {

Fault UnconvertDate(const Column& column, std::string_view value, DateStyle style,
                    std::string& out) {
  std::string date;
  if (Fault fault = ConvertDate(value, date); !fault.ok()) return fault;
  if (date != value) return {kValueInvalid, "expected YYYY-MM-DD or YYYY-MM"};
  const bool has_day = date.size() > kMonthBytes;
  if (column.converter == Converter::kMonth && has_day) {
    return {kValueInvalid, "has a day, the agency's column holds months"};
  }
  if (column.first_day && !has_day) date += "-01";
  out = style == DateStyle::kCompact ? CompactDate(date) : date;
  return {};
}

// What stands there as it is, if reading it again gives the same.
Fault UnconvertSame(const Column& column, std::string_view value, std::string& out) {
  Converted again;
  if (Fault fault = ConvertOne(column, value, again); !fault.ok()) {
    if (!column.as_written || !CheckText(value).ok()) return fault;
    out = value;
    return {};
  }
  if (again.values.empty() || again.values.back().second != value) {
    return {kValueInvalid, "is not in the form that reading it would give"};
  }
  out = value;
  return {};
}

}  // namespace

Fault Unconvert(const Column& column, std::string_view value, DateStyle style, std::string& out) {
  if (Trim(value).size() != value.size()) {
    return {kValueInvalid, "begins or ends with a blank, which would be lost"};
  }
  switch (column.converter) {
    case Converter::kText:
    case Converter::kCount:
    case Converter::kCitizenId:
    case Converter::kCreditCode:
    case Converter::kDivision:
    case Converter::kPhone:
      return UnconvertSame(column, value, out);
    case Converter::kCodes:
      for (const Code& code : column.codes) {
        if (code.value == value) {
          out = code.native;
          return {};
        }
      }
      return {kValueInvalid, "not in the code table"};
    case Converter::kDate:
    case Converter::kMonth:
      return UnconvertDate(column, value, style, out);
    case Converter::kYuan:
      return UnconvertMoney(value, MoneyUnit::kYuan, out);
    case Converter::kMoney:
      return UnconvertMoney(value, column.unit, out);
    case Converter::kValidity:
      return {kValueInvalid, "a flag of validity has no value"};
  }
  return {};
}

}  // namespace anqiao::sdk

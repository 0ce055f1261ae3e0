#include "tests/bench/bench_payloads.h"

#include <array>
#include <cstdio>

namespace anqiao::bench {
namespace {

// GB18030 bytes, so that making payloads costs nothing: 王李张刘陈 and 明芳伟娜强敏静丽.
constexpr std::array<const char*, 5> kSurnames = {"\xcd\xf5", "\xc0\xee", "\xd5\xc5", "\xc1\xf5",
                                                  "\xb3\xc2"};
constexpr std::array<const char*, 8> kGiven = {"\xc3\xf7", "\xb7\xbc", "\xce\xb0", "\xc4\xc8",
                                               "\xc7\xbf", "\xc3\xf4", "\xbe\xb2", "\xc0\xf6"};
// The same in UTF-8.
constexpr std::array<const char*, 5> kSurnamesUtf8 = {"王", "李", "张", "刘", "陈"};
constexpr std::array<const char*, 8> kGivenUtf8 = {"明", "芳", "伟", "娜", "强", "敏", "静", "丽"};
constexpr std::uint64_t kTestsAPerson = 5;
constexpr char kNegative[] = "\xd2\xf5\xd0\xd4";         // 阴性
constexpr char kOnSite[] = "\xcf\xd6\xb3\xa1";           // 现场
constexpr char kStation[] = "\xd3\xc0\xb0\xb2\xcb\xf9";  // 永安所

// GB 11643 over the made-up counties 421291 to 421299.
std::string IdNumber(std::uint64_t person) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "4212%02d%04d%02d%02d%03d",
                91 + static_cast<int>(person % 9), 1960 + static_cast<int>(person / 9 % 45),
                1 + static_cast<int>(person / 405 % 12), 1 + static_cast<int>(person / 4860 % 28),
                static_cast<int>(person / 136080 % 1000));
  constexpr std::array<int, 17> kWeights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (int i = 0; i < 17; ++i) sum += (digits[i] - '0') * kWeights[i];
  std::string id(digits, 17);
  id.push_back("10X98765432"[sum % 11]);
  return id;
}

}  // namespace

std::string TestsPayload(std::uint64_t first, int count, int salt) {
  std::string out = "xdrybh|xm|sfzh|njrq|njdd|njjg|jcfs|djdwdm|djdwmc|czsj\n";
  out.reserve(out.size() + static_cast<std::size_t>(count) * 110);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t row = first + static_cast<std::uint64_t>(i);
    const std::uint64_t person = row / kTestsAPerson;
    const int test = static_cast<int>(row % kTestsAPerson);
    char number[48];
    std::snprintf(number, sizeof number, "421299%09llu", static_cast<unsigned long long>(person));
    out += number;
    out += '|';
    out += kSurnames[person % kSurnames.size()];
    out += kGiven[person / 5 % kGiven.size()];
    out += kGiven[person / 40 % kGiven.size()];
    out += '|';
    out += IdNumber(person);
    std::snprintf(number, sizeof number, "|%04d%02d%02d|", 2015 + salt % 10, 1 + test,
                  1 + salt / 10 % 28);
    out += number;
    out += kStation;
    out += '|';
    out += kNegative;
    out += '|';
    out += kOnSite;
    out += "|421299000000|";
    out += kStation;
    out += "|20260601080000\n";
  }
  return out;
}

std::string UnemploymentRows(std::uint64_t first, int count, int every) {
  std::string out;
  const std::uint64_t end = (first + static_cast<std::uint64_t>(count)) / kTestsAPerson;
  for (std::uint64_t person = first / kTestsAPerson; person < end; ++person) {
    if (person % static_cast<std::uint64_t>(every) != 0) continue;
    char number[48];
    std::snprintf(number, sizeof number, "E%09llu", static_cast<unsigned long long>(person));
    out += "<row><aac001>";
    out += number;
    out += "</aac001><aac002>" + IdNumber(person) + "</aac002><aac003>";
    out += kSurnamesUtf8[person % kSurnamesUtf8.size()];
    out += kGivenUtf8[person / 5 % kGivenUtf8.size()];
    out += kGivenUtf8[person / 40 % kGivenUtf8.size()];
    out += "</aac003><aae043>2026-01-10</aae043><aae100>1</aae100></row>\n";
  }
  return out;
}

std::string UnemploymentPayload(const std::string& rows) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<dataset name=\"失业登记信息\">\n" + rows +
         "</dataset>\n";
}

}  // namespace anqiao::bench

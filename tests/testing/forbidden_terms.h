// Words that nothing outbound may hold (domain.md R2): they would tell why the sub-district knows a
// person. Found as they are and as somebody's system may have written them: in UTF-8, GB18030,
// UTF-16, and any of these in hexadecimal or base 64.

#ifndef ANQIAO_TESTS_TESTING_FORBIDDEN_TERMS_H_
#define ANQIAO_TESTS_TESTING_FORBIDDEN_TERMS_H_

#include <iconv.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace anqiao::testing {

inline const std::vector<std::string>& ForbiddenTerms() {
  static const auto& terms = *new std::vector<std::string>{
      "毒",       "吸毒",  "戒毒",     "禁毒",     "涉毒",      "尿检",  "管控",   "社戒",
      "社区康复", "矫正",  "强戒",     "强制隔离", "海洛因",    "冰毒",  "美沙酮", "阿片",
      "成瘾",     "查获",  "复吸",     "公安",     "派出所",    "drug",  "detox",  "addict",
      "narcotic", "rehab", "heroin",   "opioid",   "methadone", "urine", "police", "relapse",
      "jiedu",    "xidu",  "niaojian", "sobriety"};
  return terms;
}

// "text", which is UTF-8, in another encoding; empty if that has no way to write it.
inline std::string Encoded(const std::string& text, const char* to, const char* from = "UTF-8") {
  iconv_t converter = iconv_open(to, from);
  if (converter == reinterpret_cast<iconv_t>(-1)) return "";
  std::string in = text;
  std::string out(text.size() * 4 + 16, '\0');
  char* in_at = in.data();
  char* out_at = out.data();
  std::size_t in_left = in.size();
  std::size_t out_left = out.size();
  const std::size_t failed = iconv(converter, &in_at, &in_left, &out_at, &out_left);
  iconv_close(converter);
  if (failed == static_cast<std::size_t>(-1)) return "";
  out.resize(out.size() - out_left);
  return out;
}

// What of base 64 is the same whatever stands beside "bytes", for each of the three places that
// they can begin at.
inline std::vector<std::string> InBase64(const std::string& bytes) {
  std::vector<std::string> forms;
  for (std::size_t before = 0; before < 3; ++before) {
    const std::string encoded = absl::Base64Escape(std::string(before, '\0') + bytes);
    const std::size_t first = (before * 8 + 5) / 6;
    const std::size_t last = (before + bytes.size()) * 8 / 6;
    forms.push_back(encoded.substr(first, last - first));
  }
  return forms;
}

// Byte sequences to look for, each with what it is. Sequences of less than four bytes say nothing
// and are left out, but for the terms as they are.
inline const std::vector<std::pair<std::string, std::string>>& ForbiddenBytes() {
  static const auto& all = *[] {
    auto* found = new std::vector<std::pair<std::string, std::string>>;
    for (const std::string& term : ForbiddenTerms()) {
      found->emplace_back(term, term);
      for (const char* encoding : {"UTF-8", "GB18030", "UTF-16LE", "UTF-16BE"}) {
        const std::string bytes = Encoded(term, encoding);
        if (bytes.size() < 4) continue;
        found->emplace_back(bytes, absl::StrCat(term, " in ", encoding));
        const std::string hex = absl::BytesToHexString(bytes);
        found->emplace_back(hex, absl::StrCat(term, " in ", encoding, ", hexadecimal"));
        found->emplace_back(absl::AsciiStrToUpper(hex),
                            absl::StrCat(term, " in ", encoding, ", hexadecimal"));
        for (std::string& form : InBase64(bytes)) {
          if (form.size() < 5) continue;
          found->emplace_back(std::move(form), absl::StrCat(term, " in ", encoding, ", base 64"));
        }
      }
    }
    return found;
  }();
  return all;
}

// The first forbidden term in "bytes" and how it is written; empty if there is none. Latin terms
// are found in any case. "native" bytes are also read as GB18030 and as UTF-16.
inline std::string FindForbidden(absl::string_view bytes, bool native = false) {
  const std::string lower = absl::AsciiStrToLower(bytes);
  for (const auto& [sequence, what] : ForbiddenBytes()) {
    if (absl::StrContains(bytes, sequence) || absl::StrContains(lower, sequence)) return what;
  }
  if (!native) return "";
  for (const char* encoding : {"GB18030", "UTF-16LE", "UTF-16BE"}) {
    const std::string text = absl::AsciiStrToLower(Encoded(std::string(bytes), "UTF-8", encoding));
    for (const std::string& term : ForbiddenTerms()) {
      if (absl::StrContains(text, term)) return absl::StrCat(term, " read as ", encoding);
    }
  }
  return "";
}

}  // namespace anqiao::testing

#endif  // ANQIAO_TESTS_TESTING_FORBIDDEN_TERMS_H_

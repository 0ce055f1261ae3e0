// Files of a small catalogue, to be changed by a test.

#ifndef ANQIAO_TESTS_HUB_POLICY_POLICY_FILES_H_
#define ANQIAO_TESTS_HUB_POLICY_POLICY_FILES_H_

#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace anqiao::policy {

inline std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline std::string RetirementFile() { return ReadFile(ANQIAO_POLICIES "/tables/retirement.yaml"); }

inline constexpr char kPolicyFile[] = R"(id: p
title: {zh: 标题, en: Title}
authority: 某部门
law: {instrument: 某法, article: 第一条}
service: {code: p, title: 服务}
provider: employment
view: training
effective: {from: 2020-01-01, to: 2029-12-31}
evidence:
  - 证明
parameters:
  months_min:
    - {from: 2020-01-01, to: 2024-12-31, value: 6, source: s}
    - {from: 2025-01-01, to: 2029-12-31, value: 12, source: s}
  base_fen:
    - {from: 2020-01-01, to: 2029-12-31, value: 100000, source: s}
  factor:
    - {from: 2020-01-01, to: 2029-12-31, value: 1250, source: s, unverified: true}
amount: {base: base_fen, factor: factor, months: 18}
conditions:
  all:
    - id: long_enough
      fact: unemployed_months
      op: at_least
      parameter: months_min
      category: LONG
      law: {instrument: 某法, article: 第二条}
      label: {zh: 够久, en: Long enough}
    - not:
        id: employed
        fact: employed
        op: equals
        value: true
        law: {instrument: 某法, article: 第一条}
        label: {zh: 有工作, en: Has work}
tests:
  - name: long enough
    as_of: 2026-01-01
    facts: {unemployed_months: 12, employed: false}
    expect: ELIGIBLE
    category: LONG
  - name: before it is in force
    as_of: 2019-12-31
    facts: {unemployed_months: 6, employed: false}
    expect: ELIGIBLE_FROM
    from: 2020-01-01
)";

inline std::map<std::string, std::string> FilesWith(const std::string& policy) {
  return {{"p.yaml", policy}, {"tables/retirement.yaml", RetirementFile()}};
}

// "text" with the one place of "from" changed.
inline std::string Changed(std::string text, absl::string_view from, absl::string_view to) {
  const std::size_t at = text.find(std::string(from));
  return at == std::string::npos ? "" : text.replace(at, from.size(), std::string(to));
}

// "file:line:column" of the first "marker" in "text".
inline std::string PlaceOf(absl::string_view file, const std::string& text,
                           absl::string_view marker) {
  const std::size_t at = text.find(std::string(marker));
  if (at == std::string::npos) return "no such place";
  int line = 1;
  int column = 1;
  for (std::size_t i = 0; i < at; ++i) {
    ++column;
    if (text[i] != '\n') continue;
    ++line;
    column = 1;
  }
  return absl::StrCat(file, ":", line, ":", column, ": ");
}

}  // namespace anqiao::policy

#endif  // ANQIAO_TESTS_HUB_POLICY_POLICY_FILES_H_

#include "hub/referral/telling.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace anqiao::referral {
namespace {

constexpr absl::string_view kTelling[] = {
    "毒",     "尿检",     "管控",   "矫正",   "社区康复", "社戒",      "吸食",
    "海洛因", "冰毒",     "美沙酮", "阿片",   "成瘾",     "drug",      "detox",
    "addict", "narcotic", "rehab",  "heroin", "opioid",   "methadone", "sober"};

}  // namespace

bool Tells(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(text);
  return std::any_of(std::begin(kTelling), std::end(kTelling),
                     [&](absl::string_view word) { return absl::StrContains(lower, word); });
}

}  // namespace anqiao::referral

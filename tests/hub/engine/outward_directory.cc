#include "tests/hub/engine/outward_directory.h"

#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"

namespace anqiao::engine {
namespace {

constexpr char kDirectory[] = R"(directory: outward
open_within_days: 14
providers:
  - {id: school-c, title: {zh: 丙, en: C}, agency: employment, kind: school, services: [training-subsidy]}
  - {id: school-a, title: {zh: 甲, en: A}, agency: employment, kind: school, services: [training-subsidy], jurisdictions: ["421202003"], places: 2}
  - id: school-b
    title: {zh: 乙, en: B}
    agency: school
    kind: school
    services: [training-subsidy]
    jurisdictions: ["421202"]
    hours: [{days: WORKING_DAYS, from: "09:00", to: "17:00"}]
  - {id: hall, title: {zh: 大厅, en: Hall}, agency: employment, kind: employment, services: [employment-assistance]}
  - id: works
    title: {zh: 工厂, en: Works}
    agency: employment
    kind: employer
    services: [employment-assistance]
    jurisdictions: ["421202003"]
    posts:
      - {id: driver, title: {zh: 司机, en: Driver}, service: employment-assistance, class: DRIVER, count: 9}
      - {id: guard, title: {zh: 保安, en: Guard}, service: employment-assistance, class: SECURITY_GUARD, count: 9}
      - {id: cleaner, title: {zh: 保洁, en: Cleaner}, service: employment-assistance, class: GENERAL, count: 1}
)";

}  // namespace

const referral::ProviderDirectory& TheDirectory() {
  static const auto& directory = *new referral::ProviderDirectory(
      referral::ParseDirectory("outward.yaml", kDirectory).value());
  return directory;
}

const referral::JobLimits& TheJobLimits() {
  static const auto& limits = *[] {
    std::ifstream in(absl::StrCat(ANQIAO_POLICIES "/", referral::kJobLimitsFile), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    return new referral::JobLimits(referral::ParseJobLimits("job_limits.yaml", text).value());
  }();
  return limits;
}

}  // namespace anqiao::engine

#include "hub/referral/field_titles.h"

#include <algorithm>

namespace anqiao::referral {

const std::vector<FieldTitle>& FieldTitles() {
  static const auto& titles = *new std::vector<FieldTitle>{
      {"amount_max_fen", "最高金额", "highest amount"},
      {"beneficiary.id_number", "公民身份号码", "identity number"},
      {"beneficiary.name", "姓名", "name"},
      {"business_code", "个体工商户统一社会信用代码", "code of the business"},
      {"category", "人员类别", "category"},
      {"certificate_number", "证书编号", "number of the certificate"},
      {"contract_start_date", "劳动合同起始日期", "first day of the contract"},
      {"course", "培训课程", "course"},
      {"division_code", "居住地行政区划", "division of residence"},
      {"employer_code", "用人单位统一社会信用代码", "code of the employer"},
      {"employer_name", "用人单位名称", "name of the employer"},
      {"phone", "联系电话", "phone number"},
      {"registration_month", "登记月份", "month of registration"},
      {"social_insurance_start_month", "社会保险起缴月份", "first month of social insurance"},
      {"unemployment_registration_date", "失业登记日期", "date of registration as unemployed"},
  };
  return titles;
}

const FieldTitle* FindFieldTitle(absl::string_view field) {
  const auto found = std::find_if(FieldTitles().begin(), FieldTitles().end(),
                                  [&](const FieldTitle& title) { return title.field == field; });
  return found == FieldTitles().end() ? nullptr : &*found;
}

}  // namespace anqiao::referral

#include "hub/referral/field_titles.h"

#include <algorithm>

#include "absl/strings/strip.h"
#include "hub/referral/care_team.h"
#include "hub/referral/dispatch_codes.h"
#include "hub/referral/recipients.h"

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

const std::vector<FieldTitle>& TeamFieldTitles() {
  static const auto& titles = *new std::vector<FieldTitle>{
      {"case.deadlines", "期限", "deadlines"},
      {"case.division", "居住地行政区划", "division of residence"},
      {"case.id_number", "公民身份号码", "identity number"},
      {"case.name", "姓名", "name"},
      {"case.orders", "决定文书", "orders"},
      {"case.phase", "所处阶段", "phase"},
      {"case.phone", "联系电话", "phone number"},
      {"case.referrals", "帮扶转介", "referrals to help"},
      {"case.tasks", "帮教任务", "tasks"},
      {"case.tests", "检测结果", "results of tests"},
  };
  return titles;
}

const std::vector<FieldTitle>& DispatchFieldTitles() {
  static const auto& titles = *new std::vector<FieldTitle>{
      {"code", "报告事项代码", "code of what is reported"},
      {"document_number", "依据文书号", "number of the document that it rests on"},
      {"event_date", "发生日期", "day on which it happened"},
      {"file_number", "登记编号", "number on the register"},
      {"legal_basis", "法律依据代码", "code of the legal basis"},
      {"move_date", "变更执行地日期", "day on which the place changed"},
      {"order.decided_date", "决定日期", "day of the order"},
      {"order.document_number", "决定书文号", "number of the order"},
      {"order.kind", "决定种类", "kind of the order"},
      {"order.received_date", "收到决定日期", "day on which the order was received"},
      {"order.reported_date", "报到日期", "day of reporting"},
      {"phase", "所处阶段", "phase"},
      {"phase_since_date", "阶段起始日期", "first day of the phase"},
      {"report_due_date", "新执行地报到期限", "last day for reporting at the new place"},
      {"subject.id_number", "公民身份号码", "identity number"},
      {"subject.name", "姓名", "name"},
  };
  return titles;
}

const FieldTitle* FindFieldTitle(const std::vector<FieldTitle>& titles, absl::string_view field) {
  const auto found = std::find_if(titles.begin(), titles.end(),
                                  [&](const FieldTitle& title) { return title.field == field; });
  return found == titles.end() ? nullptr : &*found;
}

const FieldTitle* FindFieldTitle(absl::string_view field) {
  for (const auto* titles : {&FieldTitles(), &TeamFieldTitles(), &DispatchFieldTitles()}) {
    if (const FieldTitle* title = FindFieldTitle(*titles, field); title != nullptr) return title;
  }
  return nullptr;
}

LedgerTitle PurposeTitle(absl::string_view purpose) {
  if (purpose == kTransferPurpose) {
    return {"移送执行档案", "transfer of the file"};
  }
  if (absl::ConsumePrefix(&purpose, kReportPurpose)) {
    const ReportKind* kind = FindReportKind(purpose);
    return kind == nullptr ? LedgerTitle() : LedgerTitle{kind->zh, kind->en};
  }
  if (absl::ConsumePrefix(&purpose, kCareTeamPurpose)) {
    for (const CareRole& role : CareRoles()) {
      if (role.code == purpose) return {role.zh, role.en};
    }
  }
  return {};
}

LedgerTitle BasisTitle(absl::string_view basis) {
  if (basis == kStatutoryDuty) return {"履行法定职责", "statutory duty"};
  if (basis == kConsent) return {"本人单独同意", "separate consent"};
  for (const DispatchBasis& one : DispatchBases()) {
    if (one.code == basis) return {one.zh, one.en};
  }
  return {};
}

}  // namespace anqiao::referral

#include "hub/referral/reasons.h"

#include <algorithm>

#include "absl/strings/strip.h"

namespace anqiao::referral {

using namespace journal::v1;  // NOLINT(google-build-using-namespace): the names of one enum.

const std::vector<ReasonCode>& ReasonCodes() {
  static const auto& codes = *new std::vector<ReasonCode>{
      {"NOT_ELIGIBLE", Action::kDecline, "person", FOLLOW_UP_UNTIL_FACT_CHANGES, "不符合条件",
       "Not eligible"},
      {"PERSON_NOT_READY", Action::kDecline, "person", FOLLOW_UP_PARK, "本人暂未准备好",
       "The person is not ready"},
      {"PERSON_DECLINED", Action::kDecline, "person", FOLLOW_UP_PARK, "本人不愿意",
       "The person does not want it", true},
      {"PERSON_HAS_CAUSE", Action::kDecline, "person", FOLLOW_UP_TALK, "本人有正当理由不接受",
       "The person has good cause not to take it"},
      {"ALREADY_SERVED", Action::kDecline, "person", FOLLOW_UP_UNTIL_FACT_CHANGES, "已享受该服务",
       "Already has the service"},
      {"NO_CAPACITY", Action::kDecline, "recipient", FOLLOW_UP_NEXT_PROVIDER, "暂无名额",
       "No capacity"},
      {"NO_VACANCY", Action::kDecline, "recipient", FOLLOW_UP_NEXT_PROVIDER, "暂无岗位",
       "No vacancy"},
      {"NOT_RESPONSIBLE", Action::kDecline, "recipient", FOLLOW_UP_NEXT_PROVIDER,
       "不属于本单位职责", "Not responsible"},
      {"DUPLICATE", Action::kDecline, "requester", FOLLOW_UP_UNSPECIFIED, "重复申请",
       "A duplicate"},
      {"IDENTITY_UNCLEAR", Action::kRequestInformation, "requester", FOLLOW_UP_SUPPLY,
       "身份信息不清", "Identity is unclear"},
      {"DOCUMENT_MISSING", Action::kRequestInformation, "requester", FOLLOW_UP_SUPPLY, "缺少材料",
       "A document is missing"},
      {"CERTIFICATE_MISSING", Action::kRequestInformation, "person", FOLLOW_UP_SUPPLY, "缺少证书",
       "A certificate is missing"},
      {"CONTACT_MISSING", Action::kRequestInformation, "requester", FOLLOW_UP_SUPPLY,
       "缺少联系方式", "No way to reach the person"},
      {"APPOINTMENT_MADE", Action::kReportProgress, "recipient", FOLLOW_UP_UNSPECIFIED,
       "已约定时间", "An appointment was made"},
      {"DOCUMENTS_RECEIVED", Action::kReportProgress, "recipient", FOLLOW_UP_UNSPECIFIED,
       "已收到材料", "Documents were received"},
      {"UNDER_REVIEW", Action::kReportProgress, "recipient", FOLLOW_UP_UNSPECIFIED, "审核中",
       "Under review"},
      {"COURSE_BEGUN", Action::kReportProgress, "recipient", FOLLOW_UP_UNSPECIFIED, "已开课",
       "The course has begun"},
      {"SEARCHING", Action::kReportProgress, "recipient", FOLLOW_UP_UNSPECIFIED, "正在匹配岗位",
       "A suitable place is being looked for"},
      {"WAITING_FOR_PERSON", Action::kHold, "person", FOLLOW_UP_TALK, "等待本人",
       "Waits for the person"},
      {"WAITING_FOR_PLACE", Action::kHold, "recipient", FOLLOW_UP_WAIT, "等待名额",
       "Waits for a place"},
      {"WAITING_FOR_DECISION", Action::kHold, "recipient", FOLLOW_UP_WAIT, "等待审批",
       "Waits for a decision"},
      {"CONDITIONS_NOT_MET", Action::kReportOutcome, "person", FOLLOW_UP_UNTIL_FACT_CHANGES,
       "条件未满足", "Conditions are not met"},
      {"QUOTA_USED", Action::kReportOutcome, "recipient", FOLLOW_UP_NEXT_PROVIDER, "额度已用完",
       "The quota is used up"},
      {"PERSON_ABSENT", Action::kReportOutcome, "person", FOLLOW_UP_TALK, "本人未到场",
       "The person was absent"},
      {"PERSON_DECLINED", Action::kReportOutcome, "person", FOLLOW_UP_PARK, "本人不愿意",
       "The person does not want it", true},
      {"PERSON_HAS_CAUSE", Action::kReportOutcome, "person", FOLLOW_UP_TALK, "本人有正当理由不接受",
       "The person has good cause not to take it"},
      {"PERSON_WITHDREW", Action::kFail, "person", FOLLOW_UP_PARK, "本人退出",
       "The person withdrew"},
      {"PERSON_NOT_REACHED", Action::kFail, "person", FOLLOW_UP_TALK, "无法联系本人",
       "The person was not reached"},
      {"SERVICE_ENDED", Action::kFail, "recipient", FOLLOW_UP_NEXT_PROVIDER, "服务终止",
       "The service ended"},
      {"PERSON_WITHDREW", Action::kCancel, "person", FOLLOW_UP_PARK, "本人撤回",
       "The person withdrew"},
      {"PERSON_NOT_READY", Action::kCancel, "person", FOLLOW_UP_PARK, "本人暂未准备好",
       "The person is not ready"},
      {"CIRCUMSTANCES_CHANGED", Action::kCancel, "person", FOLLOW_UP_UNTIL_FACT_CHANGES, "情况变化",
       "Circumstances changed"},
      {"SENT_ELSEWHERE", Action::kCancel, "requester", FOLLOW_UP_NEXT_PROVIDER, "改由其他单位办理",
       "Sent elsewhere"},
      {"ENTERED_IN_ERROR", Action::kVoid, "requester", FOLLOW_UP_CORRECT, "录入错误",
       "Entered in error"},
      {"WRONG_PERSON", Action::kVoid, "requester", FOLLOW_UP_CORRECT, "人员有误", "Wrong person"},
      {"NO_ANSWER", Action::kExpire, "recipient", FOLLOW_UP_NEXT_PROVIDER, "逾期未答复",
       "No answer in time"},
      {"NOT_SUPPLIED", Action::kExpire, "requester", FOLLOW_UP_CORRECT, "逾期未补充",
       "What was missing was not supplied in time"},
      {"CONSENT_WITHDRAWN", Action::kRevoke, "person", FOLLOW_UP_TALK, "本人撤回同意",
       "The person withdrew the consent"},
      {"CONSENT_EXPIRED", Action::kRevoke, "hub", FOLLOW_UP_TALK, "同意已到期",
       "The consent ran out"},
      {"STILL_THERE", Action::kRecordCheck, "person", FOLLOW_UP_UNSPECIFIED, "仍在岗",
       "Still there"},
      {"MOVED_ON", Action::kRecordCheck, "person", FOLLOW_UP_UNSPECIFIED, "已换岗",
       "Elsewhere at work by now"},
      {"NO_LONGER_THERE", Action::kRecordCheck, "person", FOLLOW_UP_TALK, "已离岗",
       "No longer at work"},
      {"PERSON_NOT_REACHED", Action::kRecordCheck, "person", FOLLOW_UP_TALK, "无法联系本人",
       "The person was not reached"},
  };
  return codes;
}

const ReasonCode* FindReason(Action action, absl::string_view code) {
  const auto found =
      std::find_if(ReasonCodes().begin(), ReasonCodes().end(),
                   [&](const ReasonCode& one) { return one.action == action && one.code == code; });
  return found == ReasonCodes().end() ? nullptr : &*found;
}

absl::string_view FollowUpName(FollowUp follows) {
  if (follows == FOLLOW_UP_UNSPECIFIED) return "";
  return absl::StripPrefix(FollowUp_Name(follows), "FOLLOW_UP_");
}

}  // namespace anqiao::referral

// The codes of what goes to other public organs by law: what is reported, on which basis, and what
// the organ reads in their place (hub/doc/dispatches.md). What leaves tells nothing to whoever has
// not got the table. Pure.

#ifndef ANQIAO_HUB_REFERRAL_DISPATCH_CODES_H_
#define ANQIAO_HUB_REFERRAL_DISPATCH_CODES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "anqiao/journal/v1/record.pb.h"
#include "hub/model/case.h"
#include "hub/model/civil_date.h"

namespace anqiao::referral {

// The ledger's purposes.
inline constexpr char kReportPurpose[] = "report:";  // and the code of what is reported
inline constexpr char kTransferPurpose[] = "transfer";

// A legal basis (治安管理处罚法 第一百三十六条: without one nothing leaves).
struct DispatchBasis {
  absl::string_view code;  // UPPER_SNAKE
  absl::string_view law;   // and article
  model::CivilDate from;   // in force
  journal::v1::DispatchKind kind;
  absl::string_view zh, en;
};
const std::vector<DispatchBasis>& DispatchBases();
// Null if there is none in force on "day".
const DispatchBasis* FindDispatchBasis(absl::string_view code, const model::CivilDate& day);

// What is reported to the police.
struct ReportKind {
  absl::string_view code;     // UPPER_SNAKE
  absl::string_view outward;  // what the recipient reads
  // The duty to report is for it too (戒毒条例 第二十一条); else only what the police ask for.
  bool duty;
  absl::string_view law, zh, en;
};
const std::vector<ReportKind>& ReportKinds();
// Null if there is none.
const ReportKind* FindReportKind(absl::string_view code);
// "basis" carries a report of "report".
bool Carries(const DispatchBasis& basis, const ReportKind& report);

// What the recipient reads in place of a kind of order and of a phase.
std::string OutwardOrderKind(journal::v1::OrderKind kind);
std::string OutwardPhase(model::Phase phase);

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_DISPATCH_CODES_H_

// How answers are shown: JSON, dates, times, amounts, and lists of named values.

#ifndef ANQIAO_HUB_CTL_PRINTING_H_
#define ANQIAO_HUB_CTL_PRINTING_H_

#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "anqiao/hub/v1/cases.pb.h"
#include "anqiao/type/v1/civil_date.pb.h"

namespace anqiao::ctl {

// Canonical protobuf JSON; on several lines if "pretty".
absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message, bool pretty);
absl::Status PrintJson(std::ostream& out, const google::protobuf::Message& message);

// "2026-03-15" with the precision that is known; "-" if absent.
std::string DateText(const type::v1::CivilDate& date);
// UTC to the second; "-" if zero.
std::string TimeText(const google::protobuf::Timestamp& time);
// Fen as yuan with two decimals; "-" if zero.
std::string YuanText(std::int64_t fen);
// "社区戒毒执行中 COMMUNITY_DETOX".
std::string PhaseText(hub::v1::Phase phase);
// "是 yes" or "否 no".
std::string YesNo(bool value);
// "text", or "-" if it is empty.
std::string OrDash(const std::string& text);

// One line a pair, the names in a column of their own.
void PrintPairs(std::ostream& out, const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace anqiao::ctl

#endif  // ANQIAO_HUB_CTL_PRINTING_H_

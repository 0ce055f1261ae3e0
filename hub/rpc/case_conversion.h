// Cases, entitlements and policies as hub.v1 shows them.

#ifndef ANQIAO_HUB_RPC_CASE_CONVERSION_H_
#define ANQIAO_HUB_RPC_CASE_CONVERSION_H_

#include <string>

#include "absl/strings/string_view.h"
#include "anqiao/hub/v1/cases.pb.h"
#include "anqiao/hub/v1/eligibility.pb.h"
#include "anqiao/journal/v1/entitlement.pb.h"
#include "hub/engine/engine.h"
#include "hub/policy/catalogue.h"

namespace anqiao::rpc {

// The first and last four characters with as many asterisks between as there are others; asterisks
// only if there are not more than eight.
std::string MaskIdNumber(absl::string_view id_number);

// A kind of record in lower_snake_case, such as "unemployment".
std::string KindName(int kind);

hub::v1::Case ToProto(const engine::CaseView& view);
hub::v1::Census ToProto(const engine::CensusCounts& counts);
hub::v1::Entitlement ToProto(const std::string& case_id,
                             const journal::v1::EntitlementAnswer& answer);
hub::v1::Policy ToProto(const policy::PolicySummary& policy);
hub::v1::EntitlementNotice ToProto(const engine::NoticeView& view);
hub::v1::CaseComparison ToProto(const engine::CatalogueComparison::Change& change);

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_CASE_CONVERSION_H_

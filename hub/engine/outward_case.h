// Who a person is to those outside: their case as it would be had the police handed in nothing.
//
// Leaving the police's records out of a case is not enough: such a record may be all that joins two
// agencies' records, or what keeps them apart. So who is who is decided anew among the other
// agencies' records alone (hub/doc/referrals.md). Nothing is written here; any thread.

#ifndef ANQIAO_HUB_ENGINE_OUTWARD_CASE_H_
#define ANQIAO_HUB_ENGINE_OUTWARD_CASE_H_

#include <string>

#include "absl/status/statusor.h"
#include "anqiao/journal/v1/state.pb.h"
#include "hub/identity/model.h"
#include "hub/model/case.h"
#include "hub/model/civil_date.h"
#include "hub/store/store.h"

namespace anqiao::engine {

// "person" as an agency may know them. If without the police's records they were several, the one
// in whom the recipient has a record, else the first by the records' order. Without a record of
// another agency the case says nothing. "model" is the one that the projections were computed by.
absl::StatusOr<model::Case> OutwardCase(const store::Snapshot& snapshot,
                                        const identity::Model& model,
                                        const journal::v1::PersonDocument& person,
                                        const std::string& recipient,
                                        const model::CivilDate& as_of);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_OUTWARD_CASE_H_

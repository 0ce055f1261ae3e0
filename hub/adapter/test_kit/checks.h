// The checks, each in a file with its like. An error is the system's; what is wrong with the
// adapter is in the result.

#ifndef ANQIAO_HUB_ADAPTER_TEST_KIT_CHECKS_H_
#define ANQIAO_HUB_ADAPTER_TEST_KIT_CHECKS_H_

#include "absl/status/statusor.h"
#include "hub/adapter/test_kit/subject.h"

namespace anqiao::test_kit {

// It can be loaded, has a manifest, opens and closes. Fills in the subject's manifest.
absl::StatusOr<CheckResult> CheckLoad(Subject& subject);
// It makes of each sample what the sample says, and there is one of each format that it decodes.
// Fills in the subject's samples.
absl::StatusOr<CheckResult> CheckSamples(Subject& subject);
// What it decodes and encodes it decodes again to the same records.
absl::StatusOr<CheckResult> CheckRoundTrip(Subject& subject);
// What it makes of an input does not depend on what came before, in this or another instance.
absl::StatusOr<CheckResult> CheckState(Subject& subject);
// Two processes that differ in addresses, fresh memory, environment, time zone and folder give
// equal bytes.
absl::StatusOr<CheckResult> CheckDeterminism(Subject& subject);
// It reads no member of a host that does not have it, and takes a later host for what it knows.
absl::StatusOr<CheckResult> CheckSkew(Subject& subject);
// It reads nothing beyond the payload's end and writes nothing into it, however it is cut off.
absl::StatusOr<CheckResult> CheckBounds(Subject& subject);
// Damaged payloads and records neither crash nor hang it, and make it break no promise.
absl::StatusOr<CheckResult> CheckFuzz(Subject& subject);
// Its memory does not grow from call to call, nor from instance to instance.
absl::StatusOr<CheckResult> CheckLeak(Subject& subject);

}  // namespace anqiao::test_kit

#endif  // ANQIAO_HUB_ADAPTER_TEST_KIT_CHECKS_H_

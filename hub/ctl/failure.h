// What goes wrong, as anqiaoctl tells it: rich errors of the hub, mistakes on the command line, and
// the exit codes that scripts rely on.

#ifndef ANQIAO_HUB_CTL_FAILURE_H_
#define ANQIAO_HUB_CTL_FAILURE_H_

#include <grpcpp/support/status.h>

#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/rpc/status.pb.h"

namespace anqiao::ctl {

// Exit codes of anqiaoctl.
enum ExitCode : int {
  kExitOk = 0,
  kExitError = 1,
  kExitUsage = 2,
  kExitHeld = 3,       // something was held, rejected or refused
  kExitDifferent = 4,  // the projections or an answer differ from the journal
  kExitFailed = 5,     // an adapter or a policy failed a check
};

// A mistake on the command line.
absl::Status UsageError(absl::string_view message);

// The outcome of a call, its google.rpc.Status kept as a payload.
absl::Status FromRpc(const grpc::Status& status);

// "status" as google.rpc.Status; without details if the hub sent none.
google::rpc::Status ToProto(const absl::Status& status);

// What to do about "status", in one line; empty if there is no advice.
std::string HintFor(const absl::Status& status);

// Prints "status" with reason, fields, preconditions and hint; as JSON if "json".
void ReportFailure(std::ostream& err, const absl::Status& status, bool json);

ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace anqiao::ctl

#endif  // ANQIAO_HUB_CTL_FAILURE_H_

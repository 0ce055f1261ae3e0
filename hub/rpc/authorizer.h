// Who may call what: one table, default deny, a rule for every method.
//
//   AQ_RETURN_IF_ERROR(Authorizer::CheckComplete(DefaultRules(), services));  // at start
//   AQ_ASSIGN_OR_RETURN(Caller caller, gate.Admit(context, "/anqiao.hub.v1.CaseService/GetCase"));
//
// Jurisdiction is enforced below the handlers: it goes down with every call of the engine.

#ifndef ANQIAO_HUB_RPC_AUTHORIZER_H_
#define ANQIAO_HUB_RPC_AUTHORIZER_H_

#include <grpcpp/server_context.h>

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "hub/engine/engine.h"
#include "hub/rpc/authenticator.h"

namespace anqiao::rpc {

// Who: any of these bits.
enum Who : unsigned {
  kAgency = 1,
  kCaseworker = 2,
  kSupervisor = 4,
  kOperator = 8,
  kAuditor = 16,
  kStaff = kCaseworker | kSupervisor,
  kAnyUser = kStaff | kOperator | kAuditor,
  kAnyone = kAgency | kAnyUser,
};

// One line of the table.
struct Rule {
  const char* method;  // "/package.Service/Method"
  unsigned who;
  // Allowed calls are recorded too, with the resource they named.
  bool recorded = false;
};

const std::vector<Rule>& DefaultRules();

// Thread-safe.
class Authorizer {
 public:
  explicit Authorizer(const std::vector<Rule>& rules);

  // FAILED_PRECONDITION (CONFIGURATION_INVALID): a method of "services" without a rule, a rule
  // without a method, or two rules for one.
  static absl::Status CheckComplete(
      const std::vector<Rule>& rules,
      const std::vector<const google::protobuf::ServiceDescriptor*>& services);

  // PERMISSION_DENIED: the table does not let "caller" call "method".
  absl::Status Authorize(const Caller& caller, absl::string_view method) const;
  bool IsRecorded(absl::string_view method) const;

 private:
  absl::flat_hash_map<std::string, Rule> rules_;
};

// What every handler goes through first: authenticates, authorizes, records. Thread-safe.
class Gate {
 public:
  // "engine" and "authorizer" outlive the gate.
  Gate(engine::Engine* engine, const Authorizer* authorizer, bool insecure)
      : engine_(*engine), authorizer_(*authorizer), authenticator_(insecure) {}

  // UNAUTHENTICATED or PERMISSION_DENIED, recorded (AGENCY_NOT_FOUND is the reason for an agency
  // that is not registered).
  absl::StatusOr<Caller> Admit(const grpc::ServerContextBase& context,
                               absl::string_view method) const;
  // The same of a caller who came another way than by gRPC, for what "method" does.
  absl::StatusOr<Caller> Admit(absl::StatusOr<Caller> caller, absl::string_view method) const;

  // Records that "caller" read "resource", if the method's rule says so.
  void RecordRead(const Caller& caller, absl::string_view method,
                  const std::string& resource) const;

 private:
  engine::Engine& engine_;
  const Authorizer& authorizer_;
  const Authenticator authenticator_;
};

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_AUTHORIZER_H_

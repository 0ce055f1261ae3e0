// What the details of an RPC's error say, for comparing.

#ifndef ANQIAO_TESTS_HUB_RPC_FAULT_H_
#define ANQIAO_TESTS_HUB_RPC_FAULT_H_

#include <grpcpp/support/status.h>

#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace anqiao::rpc {

// "REASON field", as the details of "status" say; "OK" if it is.
inline std::string Fault(const grpc::Status& status) {
  if (status.ok()) return "OK";
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad;
  details.ParseFromString(status.error_details());
  std::string out = "no details";
  for (const auto& detail : details.details()) {
    if (detail.UnpackTo(&info)) out = info.reason();
    if (detail.UnpackTo(&bad)) out += " " + bad.field_violations(0).field();
  }
  return out;
}

}  // namespace anqiao::rpc

#endif  // ANQIAO_TESTS_HUB_RPC_FAULT_H_

// What every transport does with a payload: hand it to the engine, wait for the durable answer,
// judge and print it.

#ifndef ANQIAO_HUB_TRANSPORT_SUBMISSION_H_
#define ANQIAO_HUB_TRANSPORT_SUBMISSION_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "google/rpc/status.pb.h"
#include "hub/engine/engine.h"

namespace anqiao::transport {

using Responses = std::vector<exchange::v1::SubmitResponse>;

// What the engine answers; the last has the summary. RESOURCE_EXHAUSTED (OVERLOADED): it took
// nothing for as long as "patience". UNAVAILABLE (SHUTTING_DOWN): "stopping" said so before it took
// it.
absl::StatusOr<Responses> SubmitAndWait(engine::Engine& engine,
                                        const engine::SubmitCommand& command,
                                        absl::Duration patience,
                                        const std::function<bool()>& stopping);

// The reason in "status"; empty if there is none.
std::string ReasonIn(const google::rpc::Status& status);

// The same payload may be taken later. What was recorded as unusable is answered so for ever.
bool IsPassing(const google::rpc::Status& status);

// A file name that a format may say something in: UTF-8 without control characters.
bool IsPlainText(absl::string_view text);

// The responses as a JSON array.
absl::StatusOr<std::string> ReceiptText(const Responses& responses);

// What became of payloads, as metrics tell it.
struct PayloadCounts {
  std::int64_t taken = 0;     // rows of it may be held
  std::int64_t repeated = 0;  // answered as before
  std::int64_t refused = 0;   // nothing of it can ever be used
  std::int64_t failed = 0;    // not decided: comes again

  void Add(const exchange::v1::PayloadSummary& summary);
};

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_SUBMISSION_H_

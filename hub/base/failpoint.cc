#include "hub/base/failpoint.h"

namespace anqiao {

std::atomic<Failpoint::Handler> Failpoint::handler_{nullptr};

const std::vector<const char*>& AllFailpoints() {
  using namespace failpoint;  // NOLINT(google-build-using-namespace): its names are the list.
  static const auto* const all = new std::vector<const char*>{
      kCaughtUp,    kActivated,  kBeforeAppend,  kAfterAppend,  kBetweenAnswers, kAfterAnswers,
      kBeforeApply, kAfterApply, kBeforeCommand, kAfterCommand, kBeforeAck,      kAfterAck};
  return *all;
}

void SetFailpointHandlerForTest(Failpoint::Handler handler) { Failpoint::handler_.store(handler); }

}  // namespace anqiao

// The directory of every world: its routes hang by where people live, by places that run out, and
// by posts that the law keeps from some.

#ifndef ANQIAO_TESTS_HUB_ENGINE_OUTWARD_DIRECTORY_H_
#define ANQIAO_TESTS_HUB_ENGINE_OUTWARD_DIRECTORY_H_

#include "hub/referral/job_limits.h"
#include "hub/referral/provider.h"

namespace anqiao::engine {

const referral::ProviderDirectory& TheDirectory();
// The shipped ones.
const referral::JobLimits& TheJobLimits();

}  // namespace anqiao::engine

#endif  // ANQIAO_TESTS_HUB_ENGINE_OUTWARD_DIRECTORY_H_

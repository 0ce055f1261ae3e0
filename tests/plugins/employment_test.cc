#include "tests/plugins/adapter_contract.h"

namespace anqiao::testing {
AQ_ADAPTER_CONTRACT(Employment, "employment");
}  // namespace anqiao::testing

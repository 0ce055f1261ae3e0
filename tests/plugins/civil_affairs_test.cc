#include "tests/plugins/adapter_contract.h"

namespace anqiao::testing {
AQ_ADAPTER_CONTRACT(CivilAffairs, "civil_affairs");
}  // namespace anqiao::testing

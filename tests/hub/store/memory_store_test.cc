#include "tests/hub/store/store_contract.h"

namespace anqiao::store {
namespace {

INSTANTIATE_TEST_SUITE_P(MemoryStore, StoreContract,
                         ::testing::Values([](const std::string&) { return NewMemoryStore(); }));

}  // namespace
}  // namespace anqiao::store

// A payload and what it is handed over as.

#ifndef ANQIAO_HUB_ADAPTER_TEST_KIT_INPUT_H_
#define ANQIAO_HUB_ADAPTER_TEST_KIT_INPUT_H_

#include <string>

namespace anqiao::test_kit {

struct Input {
  std::string name;
  std::string format;
  std::string file_name;
  std::string payload;
};

}  // namespace anqiao::test_kit

#endif  // ANQIAO_HUB_ADAPTER_TEST_KIT_INPUT_H_

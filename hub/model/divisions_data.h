// The division codes that the hub knows, in ascending order as text.

#ifndef ANQIAO_HUB_MODEL_DIVISIONS_DATA_H_
#define ANQIAO_HUB_MODEL_DIVISIONS_DATA_H_

#include <cstddef>

namespace anqiao::model {

struct DivisionRow {
  const char* code;  // 6 digits down to counties, 9 for streets, 12 for communities
  const char* name;
};

// NOLINTBEGIN(readability-identifier-naming): constants, though not constexpr.
extern const DivisionRow kDivisionRows[];
extern const std::size_t kDivisionRowCount;
// NOLINTEND(readability-identifier-naming)

}  // namespace anqiao::model

#endif  // ANQIAO_HUB_MODEL_DIVISIONS_DATA_H_

// IsOk(), IsOkAndHolds(m), StatusIs(code[, message matcher]) for absl::Status and absl::StatusOr.

#ifndef ANQIAO_TESTS_TESTING_STATUS_MATCHERS_H_
#define ANQIAO_TESTS_TESTING_STATUS_MATCHERS_H_

#include <gmock/gmock.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace anqiao::testing {

inline const absl::Status& GetStatus(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& GetStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

MATCHER(IsOk, "is OK") {
  const absl::Status& status = GetStatus(arg);
  *result_listener << status;
  return status.ok();
}

MATCHER_P(StatusIs, code, "") {
  const absl::Status& status = GetStatus(arg);
  *result_listener << status;
  return status.code() == code;
}

MATCHER_P2(StatusIs, code, message_matcher, "") {
  const absl::Status& status = GetStatus(arg);
  *result_listener << status;
  return status.code() == code &&
         ::testing::ExplainMatchResult(message_matcher, std::string(status.message()),
                                       result_listener);
}

MATCHER_P(IsOkAndHolds, value_matcher, "") {
  if (!arg.ok()) {
    *result_listener << arg.status();
    return false;
  }
  return ::testing::ExplainMatchResult(value_matcher, *arg, result_listener);
}

}  // namespace anqiao::testing

#define AQ_ASSERT_OK(expr) ASSERT_THAT((expr), ::anqiao::testing::IsOk())
#define AQ_EXPECT_OK(expr) EXPECT_THAT((expr), ::anqiao::testing::IsOk())
#define AQ_ASSERT_OK_AND_ASSIGN(lhs, expr) \
  AQ_ASSERT_OK_AND_ASSIGN_(AQ_TEST_CONCAT_(aq_tmp_, __LINE__), lhs, expr)
#define AQ_TEST_CONCAT_INNER_(a, b) a##b
#define AQ_TEST_CONCAT_(a, b) AQ_TEST_CONCAT_INNER_(a, b)
#define AQ_ASSERT_OK_AND_ASSIGN_(tmp, lhs, expr) \
  auto tmp = (expr);                             \
  ASSERT_TRUE(tmp.ok()) << tmp.status();         \
  lhs = std::move(tmp).value()

#endif  // ANQIAO_TESTS_TESTING_STATUS_MATCHERS_H_

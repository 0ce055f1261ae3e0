// Early returns for absl::Status and absl::StatusOr.
//
//   AQ_RETURN_IF_ERROR(journal.Sync());
//   AQ_ASSIGN_OR_RETURN(std::string value, store.Get(key));

#ifndef ANQIAO_HUB_BASE_STATUS_MACROS_H_
#define ANQIAO_HUB_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define AQ_RETURN_IF_ERROR(expr)                                \
  do {                                                          \
    if (::absl::Status aq_status_ = (expr); !aq_status_.ok()) { \
      return aq_status_;                                        \
    }                                                           \
  } while (false)

#define AQ_CONCAT_INNER_(a, b) a##b
#define AQ_CONCAT_(a, b) AQ_CONCAT_INNER_(a, b)

#define AQ_ASSIGN_OR_RETURN(lhs, expr) \
  AQ_ASSIGN_OR_RETURN_(AQ_CONCAT_(aq_statusor_, __LINE__), lhs, expr)

#define AQ_ASSIGN_OR_RETURN_(tmp, lhs, expr) \
  auto tmp = (expr);                         \
  if (!tmp.ok()) return tmp.status();        \
  lhs = std::move(tmp).value()

#endif  // ANQIAO_HUB_BASE_STATUS_MACROS_H_

#pragma once
// Matchers for Status and Result in tests (Debian 12's abseil has none).
#include <ostream>
#include <string>

#include <gmock/gmock.h>

#include "pkg/base/status.h"

namespace gantry {

inline const Status& status_of(const Status& status) {
  return status;
}
template <class T>
const Status& status_of(const Result<T>& result) {
  return result.status();
}

namespace testing {

// EXPECT_THAT(status_or_result, IsOk())
MATCHER(IsOk, "is OK") {
  if (status_of(arg).ok()) return true;
  *result_listener << status_of(arg).ToString();
  return false;
}
// EXPECT_THAT(x, Fails(ErrorClass::locked, HasSubstr("backup")))
MATCHER_P2(Fails, error, message, "fails with that class and message") {
  if (status_of(arg).ok()) {
    *result_listener << "which is OK";
    return false;
  }
  *result_listener << to_string(error_class(status_of(arg))) << ": " << message_of(status_of(arg));
  return error_class(status_of(arg)) == error &&
         ::testing::ExplainMatchResult(message, message_of(status_of(arg)), result_listener);
}
MATCHER_P(Fails, error, "fails with that class") {
  if (status_of(arg).ok()) {
    *result_listener << "which is OK";
    return false;
  }
  *result_listener << to_string(error_class(status_of(arg))) << ": " << message_of(status_of(arg));
  return error_class(status_of(arg)) == error;
}
MATCHER_P(IsOkAndHolds, inner, "is OK and holds") {
  if (!arg.ok()) {
    *result_listener << arg.status().ToString();
    return false;
  }
  return ::testing::ExplainMatchResult(inner, *arg, result_listener);
}

}  // namespace testing
}  // namespace gantry

#include "pkg/apiserver/warning.h"

#include <gtest/gtest.h>

namespace gantry::apiserver {
namespace {

TEST(Warning, IsQuotedAndStandsAfterOthers) {
  http::Response response;
  add_warning(response, R"(unknown field "spec.x\y")");
  EXPECT_EQ(response.headers["Warning"], R"(299 - "unknown field \"spec.x\\y\"")");
  add_warning(response, "two\r\nX-Header: none");
  EXPECT_EQ(response.headers["Warning"],
            R"(299 - "unknown field \"spec.x\\y\"", 299 - "two  X-Header: none")");
}

}  // namespace
}  // namespace gantry::apiserver

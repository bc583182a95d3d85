#include "pkg/cel/selector.h"

#include <gtest/gtest.h>

#include "pkg/base/testing.h"

namespace gantry::cel {
namespace {
TEST(Selector, Compiles) {
  EXPECT_THAT(Selector::compile("node.online"), testing::IsOk());
}
}  // namespace
}  // namespace gantry::cel

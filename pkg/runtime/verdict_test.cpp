#include "pkg/runtime/verdict.h"

#include <gtest/gtest.h>

namespace gantry::runtime {
namespace {

using namespace std::chrono_literals;

Verdict judge_class(ErrorClass error, bool exists = true) {
  return judge(make_error(error, "x"), exists);
}

TEST(Verdict, FollowsTheTableOfTheContract) {
  EXPECT_EQ(judge(settled(), true).next, Next::resync);
  EXPECT_EQ(judge(recheck(3s), true).next, Next::after);
  EXPECT_EQ(judge(recheck(3s), true).delay, 3s);
  EXPECT_EQ(judge_class(ErrorClass::not_found, false).next, Next::never);
  EXPECT_EQ(judge_class(ErrorClass::not_found, true).next, Next::backoff) << "something else";
  EXPECT_EQ(judge_class(ErrorClass::conflict).next, Next::at_once);
  EXPECT_EQ(judge_class(ErrorClass::cancelled).next, Next::never);
  for (const auto busy :
       {ErrorClass::transport, ErrorClass::timeout, ErrorClass::locked, ErrorClass::task_failed,
        ErrorClass::remote, ErrorClass::overload, ErrorClass::already_exists}) {
    EXPECT_EQ(judge_class(busy).next, Next::backoff) << to_string(busy);
    EXPECT_FALSE(judge_class(busy).is_bug) << to_string(busy);
  }
  for (const auto person : {ErrorClass::invalid, ErrorClass::unsupported, ErrorClass::permission,
                            ErrorClass::auth, ErrorClass::held, ErrorClass::tls}) {
    EXPECT_EQ(judge_class(person).next, Next::resync) << to_string(person);
  }
  for (const auto bug : {ErrorClass::internal, ErrorClass::schema}) {
    EXPECT_EQ(judge_class(bug).next, Next::backoff) << to_string(bug);
    EXPECT_TRUE(judge_class(bug).is_bug) << to_string(bug);
  }
}

TEST(Verdict, OnlyGoodNewsMakesFailuresForgotten) {
  EXPECT_TRUE(judge(settled(), true).forget_failures);
  EXPECT_TRUE(judge(recheck(1s), true).forget_failures);
  EXPECT_FALSE(judge_class(ErrorClass::conflict).forget_failures);
  EXPECT_FALSE(judge_class(ErrorClass::held).forget_failures);
}

}  // namespace
}  // namespace gantry::runtime

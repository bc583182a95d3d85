#include "pkg/runtime/work_queue.h"

#include <gtest/gtest.h>

namespace gantry::runtime {
namespace {

using namespace std::chrono_literals;

const Request kFirst{"default", "a"};
const Request kSecond{"default", "b"};
Time at(int seconds) {
  return Time(std::chrono::seconds(seconds));
}

TEST(WorkQueue, GivesEachRequestOnceInOrderOfItsTime) {
  WorkQueue queue;
  queue.add(kSecond, at(2));
  queue.add(kFirst, at(1));
  queue.add(kFirst, at(5));  // later than what it already has
  EXPECT_EQ(queue.waiting(), 2u);
  EXPECT_EQ(queue.take(at(0)), std::nullopt);
  EXPECT_EQ(queue.next_due(), at(1));
  EXPECT_EQ(queue.take(at(3)), kFirst);
  EXPECT_EQ(queue.take(at(3)), kSecond);
  EXPECT_EQ(queue.take(at(9)), std::nullopt);
  EXPECT_EQ(queue.in_work(), 2u);
}

TEST(WorkQueue, AnEarlierTimeWins) {
  WorkQueue queue;
  queue.add(kFirst, at(60));
  queue.add(kFirst, at(1));
  EXPECT_EQ(queue.next_due(), at(1));
  EXPECT_EQ(queue.take(at(1)), kFirst);
  queue.done(kFirst);
  EXPECT_EQ(queue.take(at(100)), std::nullopt);
}

TEST(WorkQueue, NeverGivesOutWhatIsInWorkButKeepsWhatWasAddedMeanwhile) {
  WorkQueue queue;
  queue.add(kFirst, at(0));
  ASSERT_EQ(queue.take(at(0)), kFirst);
  queue.add(kFirst, at(0));
  EXPECT_EQ(queue.take(at(10)), std::nullopt);
  EXPECT_EQ(queue.next_due(), std::nullopt);
  queue.done(kFirst);
  EXPECT_EQ(queue.next_due(), at(0));
  EXPECT_EQ(queue.take(at(10)), kFirst);
}

TEST(WorkQueue, EqualTimesComeInOrderOfArrival) {
  WorkQueue queue;
  queue.add(kSecond, at(1));
  queue.add(kFirst, at(1));
  EXPECT_EQ(queue.take(at(1)), kSecond);
  EXPECT_EQ(queue.take(at(1)), kFirst);
}

TEST(WorkQueue, ClearLeavesWorkUnderWayAlone) {
  WorkQueue queue;
  queue.add(kFirst, at(0));
  queue.add(kSecond, at(0));
  ASSERT_EQ(queue.take(at(0)), kFirst);
  queue.clear();
  EXPECT_EQ(queue.take(at(9)), std::nullopt);
  queue.done(kFirst);
  EXPECT_EQ(queue.in_work(), 0u);
}

}  // namespace
}  // namespace gantry::runtime

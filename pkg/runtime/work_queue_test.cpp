#include "pkg/runtime/work_queue.h"

#include <gtest/gtest.h>

namespace gantry::runtime {
namespace {

using namespace std::chrono_literals;

const Request kA{"default", "a"};
const Request kB{"default", "b"};
Time at(int seconds) {
  return Time(std::chrono::seconds(seconds));
}

TEST(WorkQueue, GivesEachRequestOnceInOrderOfItsTime) {
  WorkQueue queue;
  queue.add(kB, at(2));
  queue.add(kA, at(1));
  queue.add(kA, at(5));  // later than what it already has
  EXPECT_EQ(queue.waiting(), 2u);
  EXPECT_EQ(queue.take(at(0)), std::nullopt);
  EXPECT_EQ(queue.next_due(), at(1));
  EXPECT_EQ(queue.take(at(3)), kA);
  EXPECT_EQ(queue.take(at(3)), kB);
  EXPECT_EQ(queue.take(at(9)), std::nullopt);
  EXPECT_EQ(queue.in_work(), 2u);
}

TEST(WorkQueue, AnEarlierTimeWins) {
  WorkQueue queue;
  queue.add(kA, at(60));
  queue.add(kA, at(1));
  EXPECT_EQ(queue.next_due(), at(1));
  EXPECT_EQ(queue.take(at(1)), kA);
  queue.done(kA);
  EXPECT_EQ(queue.take(at(100)), std::nullopt);
}

TEST(WorkQueue, NeverGivesOutWhatIsInWorkButKeepsWhatWasAddedMeanwhile) {
  WorkQueue queue;
  queue.add(kA, at(0));
  ASSERT_EQ(queue.take(at(0)), kA);
  queue.add(kA, at(0));
  EXPECT_EQ(queue.take(at(10)), std::nullopt);
  EXPECT_EQ(queue.next_due(), std::nullopt);
  queue.done(kA);
  EXPECT_EQ(queue.next_due(), at(0));
  EXPECT_EQ(queue.take(at(10)), kA);
}

TEST(WorkQueue, EqualTimesComeInOrderOfArrival) {
  WorkQueue queue;
  queue.add(kB, at(1));
  queue.add(kA, at(1));
  EXPECT_EQ(queue.take(at(1)), kB);
  EXPECT_EQ(queue.take(at(1)), kA);
}

TEST(WorkQueue, ClearLeavesWorkUnderWayAlone) {
  WorkQueue queue;
  queue.add(kA, at(0));
  queue.add(kB, at(0));
  ASSERT_EQ(queue.take(at(0)), kA);
  queue.clear();
  EXPECT_EQ(queue.take(at(9)), std::nullopt);
  queue.done(kA);
  EXPECT_EQ(queue.in_work(), 0u);
}

}  // namespace
}  // namespace gantry::runtime

#include "pkg/runtime/backoff.h"

#include <gtest/gtest.h>

namespace gantry::runtime {
namespace {

using namespace std::chrono_literals;

const Request kA{"default", "a"};
const Status kBusy = make_error(ErrorClass::transport, "no answer");

TEST(Backoff, DoublesUpToItsCapWithJitterBelow) {
  SeededRandom random(7);
  Backoff backoff(random, {.first = 1s, .most = 5min});
  Duration whole = 1s;
  for (int i = 0; i < 40; ++i) {
    const auto delay = backoff.next(kA, kBusy);
    EXPECT_GE(delay, whole / 2) << i;
    EXPECT_LE(delay, whole) << i;
    whole = std::min<Duration>(whole * 2, 5min);
  }
  EXPECT_EQ(backoff.failures(kA), 40);
}

TEST(Backoff, BeginsAgainAfterASuccess) {
  SeededRandom random(7);
  Backoff backoff(random, {.first = 1s, .most = 5min});
  for (int i = 0; i < 5; ++i) (void)backoff.next(kA, kBusy);
  backoff.forget(kA);
  EXPECT_LE(backoff.next(kA, kBusy), 1s);
}

TEST(Backoff, IsNeverEarlierThanTheOtherSideAskedFor) {
  SeededRandom random(7);
  Backoff backoff(random, {.first = 1s, .most = 5min});
  EXPECT_EQ(backoff.next(kA, with_retry_after(kBusy, 30s)), 30s);
}

}  // namespace
}  // namespace gantry::runtime

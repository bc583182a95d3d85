#include "pkg/pve/latency.h"

#include "pkg/base/testing.h"

namespace gantry::pve {
namespace {

using namespace std::chrono_literals;

const Time kNow{1000s};

TEST(Latencies, IsWhatNineteenOfTwentyKeep) {
  Latencies latencies;
  for (int i = 0; i < 19; ++i) latencies.add(kNow, 100ms);
  EXPECT_EQ(latencies.p95(kNow), std::nullopt);
  latencies.add(kNow, 9s);
  EXPECT_EQ(latencies.p95(kNow), 9s);
  for (int i = 0; i < 20; ++i) latencies.add(kNow, 100ms);
  EXPECT_EQ(latencies.p95(kNow), 100ms);
}

TEST(Latencies, ForgetsAfterFiveMinutesAndKeepsTheNewestOfMany) {
  Latencies latencies;
  for (int i = 0; i < 30; ++i) latencies.add(kNow, 9s);
  EXPECT_EQ(latencies.p95(kNow + 5min), 9s);
  EXPECT_EQ(latencies.p95(kNow + 6min), std::nullopt);
  for (int i = 0; i < 500; ++i) latencies.add(kNow + 1s, 1s);
  EXPECT_EQ(latencies.p95(kNow + 1s), 1s);
}

}  // namespace
}  // namespace gantry::pve

#include "pkg/apiserver/fairness/fair_queue.h"

#include "pkg/async/group.h"
#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/metrics/prometheus/registry.h"

namespace gantry::apiserver {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using namespace std::chrono_literals;

class FairQueueTest : public ::testing::Test {
 protected:
  FairQueueTest() {
    limits_.in_flight = 4;
    limits_.in_flight_per_user = 3;
    limits_.waiting_per_user = 10;
    limits_.watches_per_user = 2;
    queue_ = std::make_unique<FairQueue>(clock_, metrics_, limits_);
  }
  // A request that takes a second.
  void request(async::Group& group, const std::string& user) {
    group.spawn(user, [this, user]() -> Async<Status> {
      auto place = co_await queue_->enter(user);
      if (!place.ok()) {
        ++refused_[user];
        co_return Status();
      }
      GANTRY_CO_TRY(co_await clock_.sleep_for(1s));
      done_.push_back(user);
      co_return Status();
    });
  }
  template <class T>
  T run(Async<T> operation) {
    return loop_.block_on(clock_, std::move(operation));
  }

  async::Loop loop_;
  async::SimulatedClock clock_{from_unix_seconds(1'800'000'000)};
  metrics::prometheus::Registry metrics_;
  FairLimits limits_;
  std::unique_ptr<FairQueue> queue_;
  std::vector<std::string> done_;
  std::map<std::string, int> refused_;
};

TEST_F(FairQueueTest, AQuietUserIsServedWhileANoisyOneWaits) {
  async::Group group(loop_.executor());
  for (int i = 0; i < 13; ++i) request(group, "noisy");
  request(group, "quiet");
  EXPECT_THAT(run(group.join()), IsOk());
  const auto quiet = std::ranges::find(done_, "quiet") - done_.begin();
  EXPECT_LT(quiet, 4) << "one place is kept free for others";
  EXPECT_EQ(done_.size(), 14U);
  EXPECT_EQ(queue_->in_flight(), 0U);
  EXPECT_EQ(queue_->waiting(), 0U);
}

TEST_F(FairQueueTest, UsersTakeTurns) {
  async::Group group(loop_.executor());
  for (const auto* user : {"a", "b", "c"})
    for (int i = 0; i < 8; ++i) request(group, user);
  EXPECT_THAT(run(group.join()), IsOk());
  std::map<std::string, int> early;
  for (size_t i = 0; i < 12; ++i) ++early[done_[i]];
  for (const auto* user : {"a", "b", "c"}) EXPECT_GE(early[user], 2) << user;
}

TEST_F(FairQueueTest, WhoSendsTooMuchIsToldToComeBack) {
  async::Group group(loop_.executor());
  for (int i = 0; i < 20; ++i) request(group, "noisy");
  request(group, "quiet");
  EXPECT_THAT(run(group.join()), IsOk());
  EXPECT_EQ(refused_["noisy"], 20 - 3 - 10);
  EXPECT_EQ(refused_["quiet"], 0);
}

TEST_F(FairQueueTest, NobodyWaitsForEver) {
  limits_.wait_max = 500ms;
  queue_ = std::make_unique<FairQueue>(clock_, metrics_, limits_);
  async::Group group(loop_.executor());
  for (int i = 0; i < 5; ++i) request(group, "noisy");
  EXPECT_THAT(run(group.join()), IsOk());
  EXPECT_EQ(refused_["noisy"], 2);
  EXPECT_EQ(queue_->waiting(), 0U);
  EXPECT_EQ(queue_->in_flight(), 0U);
}

TEST_F(FairQueueTest, WatchesAreCountedApart) {
  const auto first = queue_->enter_watch("a");
  auto second = queue_->enter_watch("a");
  const auto third = queue_->enter_watch("a");
  EXPECT_THAT(third, Fails(ErrorClass::overload));
  EXPECT_TRUE(retry_after(third.status()).has_value());
  EXPECT_THAT(queue_->enter_watch("b"), IsOk());
  EXPECT_EQ(queue_->in_flight(), 0U);
  second = make_error(ErrorClass::cancelled, "closed");
  EXPECT_THAT(queue_->enter_watch("a"), IsOk());
}

}  // namespace
}  // namespace gantry::apiserver

#include "controllers/proxmoxcluster/watched_channel.h"

#include <gmock/gmock.h>

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"

namespace gantry::controllers::proxmoxcluster {
namespace {

using namespace std::chrono_literals;

class Scripted final : public guest::Channel {
 public:
  Status next;
  Async<Result<guest::Exit>> exec(guest::Target, guest::Command, guest::OutputSink) override {
    if (!next.ok()) co_return next;
    co_return guest::Exit();
  }
  Async<Status> push(guest::Target, guest::File) override { co_return next; }
  Async<Status> unlock(guest::Target, Upid) override { co_return next; }
};

class WatchedChannelTest : public ::testing::Test {
 protected:
  void push_to(const char* node, Status outcome) {
    script_.next = std::move(outcome);
    (void)loop_.block_on(channel_.push({NodeName(node), VmId(100)}, guest::File()));
  }
  static Status refused() {
    return with_code(make_error(ErrorClass::transport, "connection refused"), "CON-012");
  }

  async::SimulatedClock clock_{from_unix_seconds(1'800'000'000)};
  async::Loop loop_;
  std::unique_ptr<Scripted> owned_ = std::make_unique<Scripted>();
  Scripted& script_ = *owned_;
  WatchedChannel channel_{std::move(owned_), clock_};
};

TEST_F(WatchedChannelTest, RemembersTheNodesToWhichThereIsNoWayUntilTheyAnswer) {
  push_to("pve1", refused());
  const auto first = clock_.now();
  clock_.advance(1min);
  push_to("pve1", refused());
  push_to("pve2", Status());
  const auto& sight = channel_.sight();
  ASSERT_EQ(sight.troubles.size(), 1u);
  const auto& trouble = sight.troubles.at(NodeName("pve1"));
  EXPECT_EQ(trouble.since, first);
  EXPECT_EQ(trouble.last, first + 1min);
  EXPECT_TRUE(sight.answered);
  // Whoever says no has been reached.
  push_to("pve1", make_error(ErrorClass::permission, "container 100 does not carry our mark"));
  EXPECT_TRUE(sight.troubles.empty());
}

TEST_F(WatchedChannelTest, AFailureInsideAndACancelledCallSayNothingOfTheWay) {
  push_to("pve1", make_error(ErrorClass::cancelled, "cancelled"));
  EXPECT_FALSE(channel_.sight().answered);
  push_to("pve1", make_error(ErrorClass::timeout, "killed after 60 s"));
  EXPECT_TRUE(channel_.sight().troubles.empty());
}

}  // namespace
}  // namespace gantry::controllers::proxmoxcluster

#include "pkg/lab/faults.h"

#include <gmock/gmock.h>

#include "pkg/base/testing.h"
#include "pkg/lab/testing.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;
using gantry::testing::Fails;
using gantry::testing::IsOk;
using lab::testing::kId;
using lab::testing::kNode;
using lab::testing::small_container;
using lab::testing::World;

struct RootWorld : World {
  RootWorld() { client = lab.client(lab.root_token().id); }
  std::unique_ptr<pve::Client> client;
};

TEST(RequestFaults, ALostRequestHasNoEffectALostAnswerHas) {
  RootWorld world;
  for (const auto fault : {RequestFault::lose_request, RequestFault::lose_answer}) {
    world.lab.faults().next_request(fault, "POST", "/lxc");
    const auto lost = world.run(world.client->create_guest(kNode, kId, small_container()));
    EXPECT_THAT(lost, Fails(ErrorClass::transport));
    EXPECT_TRUE(http::may_have_been_sent(lost.status()));
    EXPECT_EQ(world.lab.find_guest(kId).has_value(), fault == RequestFault::lose_answer);
  }
}

TEST(RequestFaults, A596IsExecutedLaterAllTheSame) {
  RootWorld world;
  world.lab.faults().next_request(RequestFault::error_596, "POST", "/lxc");
  const auto begun = world.clock.now();
  EXPECT_THAT(world.run(world.client->create_guest(kNode, kId, small_container())),
              Fails(ErrorClass::timeout));
  EXPECT_EQ(world.clock.now() - begun, 30s);
  EXPECT_FALSE(world.lab.find_guest(kId).has_value());
  world.pass(2min);
  EXPECT_TRUE(world.lab.find_guest(kId).has_value());
}

TEST(RequestFaults, ARequestMayBeExecutedTwiceAndTheSecondAnswerIsHeard) {
  RootWorld world;
  world.lab.faults().next_request(RequestFault::duplicate, "POST", "/lxc");
  EXPECT_THAT(world.run(world.client->create_guest(kNode, kId, small_container())),
              Fails(ErrorClass::already_exists));
  EXPECT_TRUE(world.lab.find_guest(kId).has_value());
}

TEST(RequestFaults, APartialInventoryIsAnsweredWithoutAWord) {
  RootWorld world;
  for (int i = 0; i < 40; ++i) {
    GuestRecord record;
    record.vmid = VmId(200 + i);
    record.node = kNode;
    ASSERT_THAT(world.lab.put_guest(record), IsOk());
  }
  world.lab.faults().next_request(RequestFault::partial_inventory, "GET", "/cluster/resources");
  EXPECT_LT(world.run(world.client->resources())->guests.size(), 40u);
  EXPECT_EQ(world.run(world.client->resources())->guests.size(), 40u);
}

TEST(RequestFaults, ChancesRepeatFromTheSeed) {
  const auto draw = [](uint64_t seed) {
    SeededRandom random(seed);
    Faults faults;
    faults.request_chances[RequestFault::delay] = 0.3;
    std::string drawn;
    for (int i = 0; i < 64; ++i) {
      drawn += faults.draw_request(random, "GET", "/").has_value() ? 'x' : '.';
    }
    return drawn;
  };
  EXPECT_EQ(draw(7), draw(7));
  EXPECT_NE(draw(7), draw(8));
}

TEST(TaskFaults, EachEndsAsItShould) {
  RootWorld world;
  auto& faults = world.lab.faults();
  faults.next_task(TaskFault::warn, "vzcreate");
  EXPECT_EQ(world.outcome(*world.client, world.client->create_guest(kNode, kId, small_container())),
            "WARNINGS: 1");
  faults.next_task(TaskFault::fail, "vzstart");
  EXPECT_EQ(world.outcome(*world.client, world.client->start_guest(kNode, kId)),
            "lab: this task was told to fail");
  faults.next_task(TaskFault::slow, "vzstart");
  EXPECT_EQ(world.outcome(*world.client, world.client->start_guest(kNode, kId)), "OK");
  faults.next_task(TaskFault::kill, "vzcreate");
  EXPECT_EQ(
      world.outcome(*world.client, world.client->create_guest(kNode, VmId(101), small_container())),
      "unexpected status");
  EXPECT_EQ(world.lab.find_guest(VmId(101))->config.at("lock"), "create");
}

}  // namespace
}  // namespace gantry::lab

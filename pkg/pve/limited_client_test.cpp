#include "pkg/pve/limited_client.h"

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/http/http.h"
#include "pkg/pve/client_fake.h"

namespace gantry::pve {
namespace {

using namespace std::chrono_literals;
using testing::Fails;
using ::testing::HasSubstr;
using testing::IsOk;

const NodeName kNode("pve1");

Upid task_number(int number) {
  return Upid(absl::StrFormat("UPID:pve1:%08X:0003C769:6B00BA76:vzstart:100:root@pam:", number));
}

struct LimitedWorld {
  async::Loop loop;
  async::SimulatedClock clock{Time{1000s}};
  ClientFake client;
  ClientLimits limits;

  // Starts a guest; the task's number is what the fake answers with.
  Status start(LimitedClient& limited, int number) {
    client.next_task = task_number(number);
    auto& task = client.task_answer[client.next_task];
    task.upid = client.next_task;
    task.running = true;
    return loop.block_on(clock, limited.start_guest(kNode, VmId(100))).status();
  }
};

TEST(LimitedClient, SpreadsRequestsAtTheRate) {
  LimitedWorld world;
  world.limits.requests_per_second = 10;
  world.limits.burst = 5;
  LimitedClient limited(world.client, world.clock, world.limits);
  for (int i = 0; i < 5; ++i)
    EXPECT_THAT(world.loop.block_on(world.clock, limited.version()), IsOk());
  EXPECT_EQ(world.clock.now(), Time{1000s});
  for (int i = 0; i < 20; ++i)
    EXPECT_THAT(world.loop.block_on(world.clock, limited.version()), IsOk());
  EXPECT_NEAR(std::chrono::duration<double>(world.clock.now() - Time{1000s}).count(), 2.0, 0.01);
}

TEST(LimitedClient, RefusesMoreTasksThanTheNodeMayHave) {
  LimitedWorld world;
  world.limits.tasks_per_node = 2;
  LimitedClient limited(world.client, world.clock, world.limits);
  EXPECT_THAT(world.start(limited, 1), IsOk());
  EXPECT_THAT(world.start(limited, 2), IsOk());
  const auto refused = world.start(limited, 3);
  EXPECT_THAT(refused, Fails(ErrorClass::overload, HasSubstr("the limit is 2")));
  EXPECT_TRUE(retry_after(refused).has_value());
  EXPECT_EQ(world.client.writes.size(), 2u);
}

TEST(LimitedClient, AnEndedOrForgottenTaskGivesItsPlaceBack) {
  LimitedWorld world;
  world.limits.tasks_per_node = 2;
  LimitedClient limited(world.client, world.clock, world.limits);
  EXPECT_THAT(world.start(limited, 1), IsOk());
  EXPECT_THAT(world.start(limited, 2), IsOk());
  world.client.task_answer[task_number(1)].running = false;
  EXPECT_THAT(world.start(limited, 3), IsOk());
  world.client.task_answer.erase(task_number(2));
  EXPECT_THAT(world.start(limited, 4), IsOk());
  EXPECT_EQ(limited.tasks_on(kNode), 2u);
}

// What was started before a restart takes its place too.
TEST(LimitedClient, CountsWorkOfOursThatItHasNotStarted) {
  LimitedWorld world;
  world.limits.tasks_per_node = 2;
  world.limits.user = "gantry@pve!daemon";
  LimitedClient limited(world.client, world.clock, world.limits);
  const auto runs = [&](int number, const std::string& user, const std::string& type) {
    Task task;
    task.upid = task_number(number);
    task.node = kNode;
    task.id = "100";
    task.user = user;
    task.type = type;
    task.running = true;
    world.client.running_answer[kNode].push_back(task);
    world.client.task_answer[task.upid] = task;
  };
  runs(1, "gantry@pve!daemon", "vzcreate");
  runs(2, "gantry@pve!daemon", "vncproxy");
  runs(3, "alice@pve", "vzstart");
  for (int scan = 0; scan < 2; ++scan) {
    EXPECT_THAT(world.loop.block_on(world.clock, limited.running_tasks(kNode)), IsOk());
    EXPECT_EQ(limited.tasks_on(kNode), 1u);
  }
  EXPECT_THAT(world.start(limited, 4), IsOk());
  EXPECT_THAT(world.start(limited, 5), Fails(ErrorClass::overload));
  world.client.task_answer[task_number(1)].running = false;
  EXPECT_THAT(world.start(limited, 6), IsOk());
}

TEST(LimitedClient, AsksAgainWhetherItMayWriteBeforeItDoes) {
  LimitedWorld world;
  LimitedClient limited(world.client, world.clock, world.limits);
  limited.ask_before_writes(
      [] { return make_error(ErrorClass::held, "NotLeading: the lease was lost meanwhile"); });
  EXPECT_THAT(world.start(limited, 1), Fails(ErrorClass::held));
  EXPECT_TRUE(world.client.writes.empty());
  EXPECT_EQ(limited.tasks_on(kNode), 0u);
}

// What its reads have proven must not grow old in the queue; they wait for it instead.
TEST(LimitedClient, SendsAWriteAtOnceAndLetsTheNextReadWaitForIt) {
  LimitedWorld world;
  world.limits.requests_per_second = 1;
  world.limits.burst = 1;
  LimitedClient limited(world.client, world.clock, world.limits);
  EXPECT_THAT(world.loop.block_on(world.clock, limited.version()), IsOk());
  const auto proven_at = world.clock.now();
  EXPECT_THAT(world.start(limited, 1), IsOk());
  EXPECT_THAT(world.start(limited, 2), IsOk());
  EXPECT_EQ(world.clock.now(), proven_at);
  EXPECT_THAT(world.loop.block_on(world.clock, limited.version()), IsOk());
  EXPECT_NEAR(std::chrono::duration<double>(world.clock.now() - proven_at).count(), 3.0, 0.01);
}

TEST(LimitedClient, RefusesATaskWhenTheLookForAPlaceTookTooLong) {
  LimitedWorld world;
  world.limits.requests_per_second = 0.1;
  world.limits.burst = 1;
  world.limits.tasks_per_node = 1;
  LimitedClient limited(world.client, world.clock, world.limits);
  EXPECT_THAT(world.start(limited, 1), IsOk());
  world.client.task_answer[task_number(1)].running = false;
  EXPECT_THAT(world.start(limited, 2), Fails(ErrorClass::overload, HasSubstr("have ended took")));
  EXPECT_EQ(limited.tasks_on(kNode), 0u);
  EXPECT_THAT(world.start(limited, 3), IsOk());
}

TEST(LimitedClient, AFailedCallKeepsNoPlace) {
  LimitedWorld world;
  world.limits.tasks_per_node = 1;
  LimitedClient limited(world.client, world.clock, world.limits);
  world.client.errors["start"] = make_error(ErrorClass::remote, "500");
  EXPECT_THAT(world.start(limited, 1), Fails(ErrorClass::remote));
  EXPECT_EQ(limited.tasks_on(kNode), 0u);
}

// A world in which the only call so far was executed, but its answer was lost.
struct LostAnswer : LimitedWorld {
  LimitedClient limited;

  LostAnswer() : limited(client, clock, with_one_place(limits)) {
    client.errors["start"] = http::mark_sent(make_error(ErrorClass::transport, "reset by peer"));
    EXPECT_THAT(start(limited, 1), Fails(ErrorClass::transport));
    client.errors.erase("start");
  }
  static ClientLimits with_one_place(ClientLimits limits) {
    limits.tasks_per_node = 1;
    return limits;
  }
  void see(int number, bool running) {
    Task task;
    task.upid = task_number(number);
    task.node = kNode;
    task.id = "100";
    task.running = running;
    client.running_answer[kNode] = {task};
    EXPECT_THAT(loop.block_on(clock, limited.tasks(kNode, VmId(100))), IsOk());
  }
};

TEST(LimitedClient, ACallWhoseAnswerWasLostKeepsItsPlace) {
  LostAnswer world;
  EXPECT_EQ(world.limited.tasks_on(kNode), 1u);
  EXPECT_THAT(world.start(world.limited, 2), Fails(ErrorClass::overload));
  world.clock.advance(2min);
  EXPECT_THAT(world.start(world.limited, 3), IsOk());
}

TEST(LimitedClient, TheTaskOfALostAnswerTakesItsPlaceOver) {
  LostAnswer world;
  world.see(1, true);
  EXPECT_EQ(world.limited.tasks_on(kNode), 1u);
  world.clock.advance(2min);  // it runs on: seen, it is not forgotten so soon
  EXPECT_THAT(world.start(world.limited, 2), Fails(ErrorClass::overload));
  world.see(1, false);
  EXPECT_THAT(world.start(world.limited, 3), IsOk());
}

TEST(LimitedClient, ACallThatWasNeverSentKeepsNoPlace) {
  LimitedWorld world;
  world.limits.tasks_per_node = 1;
  LimitedClient limited(world.client, world.clock, world.limits);
  world.client.errors["start"] = make_error(ErrorClass::transport, "connection refused");
  EXPECT_THAT(world.start(limited, 1), Fails(ErrorClass::transport));
  EXPECT_EQ(limited.tasks_on(kNode), 0u);
}

TEST(LimitedClient, ATaskNobodySawEndingGivesItsPlaceBackInTheEnd) {
  LimitedWorld world;
  world.limits.tasks_per_node = 1;
  LimitedClient limited(world.client, world.clock, world.limits);
  EXPECT_THAT(world.start(limited, 1), IsOk());
  world.client.errors["task"] = make_error(ErrorClass::transport, "away");
  EXPECT_THAT(world.start(limited, 2), Fails(ErrorClass::overload));
  world.clock.advance(3h);
  EXPECT_THAT(world.start(limited, 3), IsOk());
}

// Each call once, by what it was, without the names in it and the wait for its turn.
TEST(LimitedClient, TellsOfEachCallWhatItWasAndHowItEnded) {
  LimitedWorld world;
  world.limits.requests_per_second = 1;
  world.limits.burst = 1;
  LimitedClient limited(world.client, world.clock, world.limits);
  std::vector<std::string> heard;
  limited.on_call([&heard](const EndedCall& call) {
    EXPECT_EQ(call.took, 0s);
    heard.push_back(absl::StrFormat(
        "%s %s %s", std::string(call.operation.method), std::string(call.operation.path),
        call.status.ok() ? "Ok" : std::string(to_string(error_class(call.status)))));
  });
  EXPECT_THAT(world.loop.block_on(world.clock, limited.version()), IsOk());
  EXPECT_THAT(world.start(limited, 1), IsOk());
  limited.ask_before_writes([] { return make_error(ErrorClass::held, "not now"); });
  EXPECT_THAT(world.start(limited, 2), Fails(ErrorClass::held));
  EXPECT_THAT(heard, ::testing::ElementsAre("GET /version Ok",
                                            "POST /nodes/{node}/lxc/{vmid}/status/start Ok"));
  EXPECT_EQ(limited.read_p95(), std::nullopt);
}

}  // namespace
}  // namespace gantry::pve

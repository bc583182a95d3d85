#include "pkg/inventory/reflector.h"

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/pve/client_fake.h"

namespace gantry::inventory {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::Fails;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::SizeIs;

const NodeName kPve1("pve1");
const Uid kUid("00000000-0000-4000-8000-000000000001");
const std::string kUpid = "UPID:pve1:00000895:0003C769:6B00BA76:vzcreate:100:gantry@pve!daemon:";

struct OwnedFake final : OwnedGuests {
  std::vector<OwnedGuest> guests;
  Status error;
  Async<Result<std::vector<OwnedGuest>>> list() override {
    if (!error.ok()) co_return error;
    co_return guests;
  }
  std::set<Uid> ever;
  Async<Result<bool>> knows(Uid uid) override { co_return ever.contains(uid); }
};

struct World {
  async::Loop loop;
  async::SimulatedClock clock{Time{1000s}};
  SeededRandom random{7};
  pve::ClientFake pve;
  OwnedFake owned;
  ReflectorOptions options;
  std::unique_ptr<Reflector> reflector;
  std::vector<Time> cycles;

  World() {
    pve.status_answer.name = "home";
    pve.status_answer.quorate = true;
    pve.status_answer.members.push_back({kPve1, true, true, ""});
    pve::NodeRow node;
    node.name = kPve1;
    node.status = "online";
    pve.resources_answer.nodes.push_back(node);
    pve.bridges_answer[kPve1] = {"vmbr0"};
    pve.on_call = [this](const std::string& name) {
      if (name == "cluster_status") cycles.push_back(clock.now());
    };
    add(100);
    reflector = std::make_unique<Reflector>(pve, clock, random, owned, options);
  }
  void add(int64_t vmid) {
    pve::GuestRow row;
    row.vmid = VmId(vmid);
    row.node = kPve1;
    row.status = "running";
    pve.resources_answer.guests.push_back(row);
  }
  void own(int64_t vmid) {
    OwnedGuest guest;
    guest.vmid = VmId(vmid);
    guest.uid = Uid("uid-" + std::to_string(vmid));
    owned.guests.push_back(guest);
  }
  void cycle_after(Duration delay) {
    clock.advance(delay);
    EXPECT_THAT(loop.block_on(clock, reflector->cycle()), IsOk());
  }
  // Runs the reflector for that long in virtual time; `meanwhile` runs beside it.
  void run_for(Duration duration, std::function<Async<Status>()> meanwhile = nullptr) {
    async::Group group(loop.executor());
    group.spawn("reflector", [this] { return reflector->run(); });
    if (meanwhile) group.spawn("test", meanwhile);
    auto wait = [&]() -> Async<Status> { co_return co_await clock.sleep_for(duration); };
    EXPECT_THAT(loop.block_on(clock, wait()), IsOk());
    group.cancel();
    (void)loop.block_on(clock, group.join());
  }
};

TEST(Reflector, AnotherClusterThanBeforeTheStartIsHeld) {
  World world;
  world.options.identity = ClusterIdentity{"office", {NodeName("old1")}};
  world.reflector =
      std::make_unique<Reflector>(world.pve, world.clock, world.random, world.owned, world.options);
  world.cycle_after(1s);
  const auto& problem = world.reflector->current()->problem;
  EXPECT_THAT(problem, Fails(ErrorClass::held, HasSubstr("'home' with pve1, it was 'office' with "
                                                         "old1")));
  EXPECT_EQ(catalogue_code(problem), "CON-009");
}

TEST(Reflector, HasObservedNothingAtFirst) {
  World world;
  ASSERT_NE(world.reflector->current(), nullptr);
  EXPECT_EQ(world.reflector->current()->cycle, 0u);
  EXPECT_FALSE(world.reflector->current()->trustworthy());
  EXPECT_EQ(world.reflector->last_good(), nullptr);
  EXPECT_EQ(world.reflector->sight(VmId(100)).presence, Presence::unknown);
}

TEST(Reflector, PublishesATrustworthyPicture) {
  World world;
  world.cycle_after(0s);
  const auto snapshot = world.reflector->current();
  EXPECT_TRUE(snapshot->trustworthy());
  EXPECT_THAT(snapshot->problem, IsOk());
  EXPECT_EQ(snapshot->cycle, 1u);
  EXPECT_EQ(snapshot->observed_at, Time{1000s});
  EXPECT_EQ(snapshot->version->major, 9);
  EXPECT_THAT(snapshot->bridges.at(kPve1), ElementsAre("vmbr0"));
  EXPECT_EQ(world.reflector->last_good(), snapshot);
  const auto sighting = world.reflector->sight(VmId(100));
  EXPECT_EQ(sighting.presence, Presence::present);
  EXPECT_EQ(sighting.guest->status, "running");
}

TEST(Reflector, ACycleCostsAFewCalls) {
  World world;
  world.cycle_after(0s);
  world.pve.calls.clear();
  world.cycle_after(5s);
  EXPECT_THAT(world.pve.calls,
              ElementsAre("cluster_status", "permissions", "resources", "running_tasks"));
}

TEST(Reflector, ProvesAbsenceInTwoCycles) {
  World world;
  world.cycle_after(0s);
  world.pve.resources_answer.guests.clear();
  world.cycle_after(5s);
  auto sighting = world.reflector->sight(VmId(100));
  EXPECT_EQ(sighting.presence, Presence::unknown);
  EXPECT_EQ(sighting.guest->vmid, VmId(100));  // last known, with its age
  EXPECT_EQ(sighting.seen_at, Time{1000s});
  world.cycle_after(10s);
  EXPECT_EQ(world.reflector->sight(VmId(100)).presence, Presence::unknown);
  world.cycle_after(10s);
  EXPECT_EQ(world.reflector->sight(VmId(100)).presence, Presence::absent);
}

TEST(Reflector, ATimeOfDayThatIsSetForwardProvesNoAbsence) {
  World world;
  world.cycle_after(0s);
  world.pve.resources_answer.guests.clear();
  world.cycle_after(5s);
  world.clock.jump(1h);
  world.cycle_after(5s);
  EXPECT_EQ(world.reflector->sight(VmId(100)).presence, Presence::unknown);
}

TEST(Reflector, AnEmptyListWithoutPrivilegesProvesNothing) {
  World world;
  world.options.needs = privilege_needs("gantry", false);
  world.reflector =
      std::make_unique<Reflector>(world.pve, world.clock, world.random, world.owned, world.options);
  world.pve.resources_answer.guests.clear();
  for (int i = 0; i < 10; ++i) world.cycle_after(10s);
  const auto sighting = world.reflector->sight(VmId(100));
  EXPECT_EQ(sighting.presence, Presence::unknown);
  EXPECT_THAT(sighting.reason, HasSubstr("the token lacks"));
  EXPECT_EQ(world.reflector->last_good(), nullptr);
  EXPECT_EQ(catalogue_code(world.reflector->current()->problem), "CON-004");
  EXPECT_THAT(world.reflector->current()->missing_privileges, SizeIs(5));
}

TEST(Reflector, AFleetThatIsGoneAtOnceProvesNothing) {
  World world;
  for (int64_t id = 101; id < 110; ++id) world.add(id);
  for (int64_t id = 100; id < 110; ++id) world.own(id);
  world.cycle_after(0s);
  EXPECT_FALSE(world.reflector->vanish_guard().tripped);
  world.pve.resources_answer.guests.clear();
  for (int i = 0; i < 10; ++i) world.cycle_after(10s);
  EXPECT_EQ(world.reflector->sight(VmId(100)).presence, Presence::unknown);
  EXPECT_TRUE(world.reflector->vanish_guard().tripped);
  EXPECT_EQ(world.reflector->vanish_guard().vanished, 10u);
  for (auto& guest : world.owned.guests) guest.leaving = true;
  world.cycle_after(10s);
  EXPECT_FALSE(world.reflector->vanish_guard().tripped);
}

TEST(Reflector, FailedCreatesAreNotMissed) {
  World world;
  for (int64_t id = 200; id < 210; ++id) world.own(id);
  world.cycle_after(0s);
  world.cycle_after(20s);
  EXPECT_FALSE(world.reflector->vanish_guard().tripped);
  EXPECT_EQ(world.reflector->sight(VmId(200)).presence, Presence::absent);
}

TEST(Reflector, ARunningCreateKeepsTheGuestUnknown) {
  World world;
  world.pve.resources_answer.guests.clear();
  pve::Task task;
  task.upid = Upid(kUpid);
  task.id = "100";
  task.running = true;
  world.pve.running_answer[kPve1] = {task};
  for (int i = 0; i < 10; ++i) world.cycle_after(10s);
  EXPECT_EQ(world.reflector->sight(VmId(100)).presence, Presence::unknown);
  EXPECT_EQ(world.reflector->sight(VmId(101)).presence, Presence::absent);
  world.pve.running_answer.clear();
  world.cycle_after(10s);
  EXPECT_EQ(world.reflector->sight(VmId(100)).presence, Presence::unknown);
  world.cycle_after(20s);
  EXPECT_EQ(world.reflector->sight(VmId(100)).presence, Presence::absent);
}

TEST(Reflector, ACreateOnANodeThatIsOfflineMayStillRun) {
  World world;
  world.pve.resources_answer.guests.clear();
  world.own(100);
  world.owned.guests[0].create_task =
      Upid("UPID:pve2:00000895:0003C769:6B00BA76:vzcreate:100:gantry@pve!daemon:");
  world.cycle_after(0s);
  world.cycle_after(30s);
  EXPECT_THAT(world.reflector->sight(VmId(100)).reason, HasSubstr("pve2, which was not asked"));
}

TEST(Reflector, KeepsTheLastGoodPictureWhileTheClusterIsAway) {
  World world;
  world.cycle_after(0s);
  world.pve.errors["cluster_status"] =
      with_code(make_error(ErrorClass::transport, "connection refused"), "CON-001");
  world.pve.calls.clear();
  world.cycle_after(5s);
  EXPECT_THAT(world.pve.calls, ElementsAre("cluster_status"));
  EXPECT_FALSE(world.reflector->current()->trustworthy());
  EXPECT_THAT(world.reflector->current()->problem,
              Fails(ErrorClass::transport, HasSubstr("connection refused")));
  EXPECT_EQ(catalogue_code(world.reflector->current()->problem), "CON-001");
  EXPECT_EQ(world.reflector->last_good()->cycle, 1u);
  EXPECT_EQ(world.reflector->sight(VmId(100)).presence, Presence::unknown);
  EXPECT_TRUE(world.reflector->sight(VmId(100)).guest.has_value());
  world.pve.errors.clear();
  world.cycle_after(5s);
  EXPECT_TRUE(world.reflector->current()->trustworthy());
  EXPECT_EQ(world.reflector->sight(VmId(100)).presence, Presence::present);
}

TEST(Reflector, TwoCyclesInARowWithoutAnAnswerAreAnOutage) {
  World world;
  world.cycle_after(0s);
  world.pve.errors["cluster_status"] = make_error(ErrorClass::transport, "refused");
  world.cycle_after(5s);
  EXPECT_FALSE(world.reflector->current()->out_of_reach());
  world.cycle_after(5s);
  EXPECT_TRUE(world.reflector->current()->out_of_reach());
  // One that answers something is within reach, whatever else is wrong.
  world.pve.errors = {{"resources", make_error(ErrorClass::transport, "refused")}};
  for (int i = 0; i < 3; ++i) world.cycle_after(5s);
  EXPECT_FALSE(world.reflector->current()->out_of_reach());
  world.pve.errors.clear();
  world.cycle_after(5s);
  EXPECT_FALSE(world.reflector->current()->out_of_reach());
}

TEST(Reflector, ATokenWithoutSysAuditLearnsWhatItLacks) {
  World world;
  world.options.needs = privilege_needs("gantry", false);
  world.reflector =
      std::make_unique<Reflector>(world.pve, world.clock, world.random, world.owned, world.options);
  world.pve.errors["cluster_status"] = make_error(ErrorClass::permission, "(/, Sys.Audit)");
  world.cycle_after(0s);
  const auto snapshot = world.reflector->current();
  EXPECT_THAT(snapshot->problem, Fails(ErrorClass::permission));
  EXPECT_FALSE(snapshot->quorate);
  EXPECT_TRUE(snapshot->missing_privileges.contains("/: Sys.Audit"));
  EXPECT_TRUE(snapshot->guests.contains(VmId(100)));
}

TEST(Reflector, EveryFailingCallMakesTheCycleIncomplete) {
  for (const char* call :
       {"cluster_status", "permissions", "resources", "running_tasks", "version"}) {
    World world;
    world.pve.errors[call] = make_error(ErrorClass::remote, "500");
    world.cycle_after(0s);
    EXPECT_FALSE(world.reflector->current()->trustworthy()) << call;
    EXPECT_THAT(world.reflector->current()->problem, Fails(ErrorClass::remote)) << call;
  }
}

TEST(Reflector, TheOwnedGuestsAreRememberedWhileTheStoreIsAway) {
  World world;
  world.owned.error = make_error(ErrorClass::transport, "database gone");
  world.cycle_after(0s);
  EXPECT_FALSE(world.reflector->current()->trustworthy());
  world.owned.error = Status();
  world.cycle_after(5s);
  EXPECT_TRUE(world.reflector->current()->trustworthy());
  world.owned.error = make_error(ErrorClass::transport, "database gone");
  world.cycle_after(5s);
  EXPECT_TRUE(world.reflector->current()->trustworthy());
}

TEST(Reflector, AnotherClusterIsNotBelieved) {
  World world;
  world.cycle_after(0s);
  world.pve.status_answer.name = "office";
  world.cycle_after(5s);
  EXPECT_EQ(catalogue_code(world.reflector->current()->problem), "CON-009");
}

TEST(Reflector, RunsEveryFiveSecondsWithJitter) {
  World world;
  world.run_for(60s);
  EXPECT_GE(world.cycles.size(), 11u);
  EXPECT_LE(world.cycles.size(), 14u);
}

TEST(Reflector, BacksOffWhileTheClusterIsAwayAndIsBackAtOnce) {
  World world;
  world.pve.errors["cluster_status"] = make_error(ErrorClass::transport, "refused");
  world.run_for(10min);
  EXPECT_LE(world.cycles.size(), 16u);
  EXPECT_GE(world.cycles.size(), 10u);
  world.pve.errors.clear();
  world.cycles.clear();
  world.run_for(60s);
  EXPECT_GE(world.cycles.size(), 10u);
}

TEST(Reflector, APokeBringsTheNextCycleSoon) {
  World world;
  Time waited{};
  world.run_for(4s, [&]() -> Async<Status> {
    GANTRY_CO_TRY(co_await world.clock.sleep_for(1s));
    world.reflector->poke();
    GANTRY_CO_TRY(co_await world.reflector->wait_for_next());
    waited = world.clock.now();
    co_return Status();
  });
  EXPECT_EQ(waited, Time{1001s});
  EXPECT_THAT(world.cycles, SizeIs(2));
}

TEST(Reflector, PokingAllTheTimeDoesNotFloodProxmox) {
  World world;
  world.run_for(10s, [&]() -> Async<Status> {
    while (true) {
      world.reflector->poke();
      GANTRY_CO_TRY(co_await world.clock.sleep_for(10ms));
    }
  });
  EXPECT_LE(world.cycles.size(), 21u);
}

TEST(Reflector, OldSnapshotsAreDropped) {
  World world;
  world.cycle_after(0s);
  const std::weak_ptr<const Snapshot> first = world.reflector->current();
  world.cycle_after(5s);
  EXPECT_TRUE(first.expired());
}

}  // namespace
}  // namespace gantry::inventory

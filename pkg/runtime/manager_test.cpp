#include "pkg/runtime/manager.h"

#include "pkg/base/testing.h"
#include "pkg/runtime/testing.h"

namespace gantry::runtime {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::Fails;
using ::testing::HasSubstr;
using testing::IsOk;

class CountingReconciler final : public Reconciler {
 public:
  int calls = 0;
  Async<Result<Outcome>> reconcile(Request) override {
    ++calls;
    co_return recheck(1s);
  }
};

ManagerOptions options(std::string holder) {
  ManagerOptions options;
  options.holder = std::move(holder);
  return options;
}

// One process of two that share a database.
struct Daemon {
  explicit Daemon(TestWorld& world, std::string holder)
      : database(world.disk),
        controller("thing", "things", reconciler, world.environment()),
        manager(world.environment(), database.leases(), options(std::move(holder))) {
    EXPECT_THAT(manager.add(controller), IsOk());
  }
  store::memory::Database database;
  CountingReconciler reconciler;
  Controller controller;
  Manager manager;
};

TEST(Manager, RefusesASecondOwnerOfAKind) {
  TestWorld world;
  Daemon daemon(world, "one");
  Controller other("other", "things", daemon.reconciler, world.environment());
  EXPECT_THAT(daemon.manager.add(other), Fails(ErrorClass::invalid, HasSubstr("thing and other")));
}

TEST(Manager, OnlyTheLeaderRunsControllersAndTheNextTakesOver) {
  TestWorld world;
  world.put("things", "", "a");
  Daemon one(world, "one"), two(world, "two");
  world.start([&] { return one.manager.run(); });
  world.run_for(1s);
  world.start([&] { return two.manager.run(); });
  world.run_for(1min);
  EXPECT_GT(one.reconciler.calls, 50);
  EXPECT_EQ(two.reconciler.calls, 0);
  EXPECT_TRUE(one.manager.leadership().held());
  EXPECT_FALSE(two.manager.leadership().held());

  one.manager.stop();
  world.run_for(10s);
  const int calls = one.reconciler.calls;
  EXPECT_EQ(world.running(), 1u);
  EXPECT_GT(two.reconciler.calls, 0);
  world.run_for(1min);
  EXPECT_EQ(one.reconciler.calls, calls);
  world.finish();
}

// A database that no longer answers: a lease is had, and never given back.
class SilentLeases final : public store::Leases {
 public:
  explicit SilentLeases(store::Leases& leases) : leases_(leases) {}
  Async<Result<store::LeaseState>> acquire(std::string name, std::string holder,
                                           Duration ttl) override {
    return leases_.acquire(std::move(name), std::move(holder), ttl);
  }
  Async<Status> release(std::string, std::string) override {
    ++releases;
    co_return co_await never_.wait();
  }
  void fence(std::string name, int64_t epoch) override { leases_.fence(std::move(name), epoch); }
  int releases = 0;

 private:
  store::Leases& leases_;
  async::Event never_;
};

TEST(Manager, EndsThoughTheDatabaseDoesNotAnswer) {
  TestWorld world;
  store::memory::Database database(world.disk);
  SilentLeases leases(database.leases());
  Manager manager(world.environment(), leases, options("one"));
  world.start([&] { return manager.run(); });
  world.run_for(30s);
  ASSERT_TRUE(manager.leadership().held());
  manager.stop();
  world.run_for(2s);
  EXPECT_EQ(leases.releases, 1);
  EXPECT_EQ(world.running(), 0u);
  world.finish();
}

TEST(Manager, StopsControllersBeforeALeaseItCannotRenewRunsOut) {
  TestWorld world;
  world.put("things", "", "a");
  Daemon daemon(world, "one");
  world.start([&] { return daemon.manager.run(); });
  world.run_for(30s);
  ASSERT_TRUE(daemon.manager.leadership().held());

  world.disk.down = true;
  world.run_for(15s);
  EXPECT_FALSE(daemon.manager.leadership().held());
  const int calls = daemon.reconciler.calls;
  world.run_for(1min);
  EXPECT_EQ(daemon.reconciler.calls, calls);

  world.disk.down = false;
  world.run_for(1min);
  EXPECT_GT(daemon.reconciler.calls, calls);
  EXPECT_TRUE(daemon.manager.leadership().held());
  world.finish();
}

TEST(Manager, WithoutTheLeaseTheApiStillWrites) {
  TestWorld world;
  Daemon one(world, "one"), two(world, "two");
  world.start([&] { return one.manager.run(); });
  world.run_for(30s);
  world.disk.down = true;
  world.run_for(20s);
  world.disk.down = false;
  world.start([&] { return two.manager.run(); });
  world.run_for(1ms);
  ASSERT_TRUE(two.manager.leadership().held());
  store::Write write;
  write.key = {"things", "", "b"};
  const auto written = world.loop.block_on(world.clock, one.database.backend().commit({write}));
  ASSERT_THAT(written, IsOk());
  EXPECT_THAT(written->front(), IsOk());
  world.finish();
}

TEST(Manager, ATimeOfDayThatIsSetBackDoesNotLengthenTheLease) {
  TestWorld world;
  Daemon daemon(world, "one");
  world.start([&] { return daemon.manager.run(); });
  world.run_for(30s);
  world.clock.jump(-1h);
  world.disk.down = true;
  world.run_for(15s);
  EXPECT_FALSE(daemon.manager.leadership().held());
  world.finish();
}

TEST(Manager, StopsServicesInReverseOrderAfterTheControllers) {
  TestWorld world;
  world.put("things", "", "a");
  Daemon daemon(world, "one");
  std::vector<std::string> ended;
  for (const char* name : {"store", "server"}) {
    daemon.manager.add_service(name, [&world, &ended, name]() -> Async<Status> {
      const auto slept = co_await world.clock.sleep_for(1000h);
      ended.emplace_back(name);
      co_return slept;
    });
  }
  world.start([&] { return daemon.manager.run(); });
  world.run_for(10s);
  daemon.manager.stop();
  world.run_for(10s);
  EXPECT_EQ(world.running(), 0u);
  EXPECT_THAT(ended, ElementsAre("server", "store"));
  world.finish();
}

TEST(Manager, LetsAServiceThatIsAskedToEndFinishWhatItHasBegun) {
  TestWorld world;
  Daemon daemon(world, "one");
  async::Event asked;
  std::vector<Status> finished;
  for (const char* name : {"api", "metrics"}) {
    daemon.manager.add_service(
        name,
        [&]() -> Async<Status> {
          (void)co_await asked.wait();
          finished.push_back(co_await world.clock.sleep_for(3s));
          co_return Status();
        },
        [&] { asked.set(); });
  }
  Status ended = make_error(ErrorClass::internal, "still running");
  world.start([&]() -> Async<Status> {
    ended = co_await daemon.manager.run();
    co_return Status();
  });
  world.run_for(10s);
  daemon.manager.stop();
  world.run_for(4s);  // one after the other they would take six
  EXPECT_EQ(world.running(), 0u);
  EXPECT_THAT(finished, ElementsAre(IsOk(), IsOk()));
  EXPECT_THAT(ended, IsOk());
  world.finish();
}

TEST(Manager, AServiceThatEndsTakesTheDaemonDown) {
  TestWorld world;
  Daemon daemon(world, "one");
  daemon.manager.add_service("server", [&world]() -> Async<Status> {
    (void)co_await world.clock.sleep_for(5s);
    co_return make_error(ErrorClass::transport, "port taken");
  });
  Status ended;
  world.start([&]() -> Async<Status> {
    ended = co_await daemon.manager.run();
    co_return Status();
  });
  world.run_for(20s);
  EXPECT_THAT(ended, Fails(ErrorClass::transport, HasSubstr("server: port taken")));
  world.finish();
}

}  // namespace
}  // namespace gantry::runtime

#include "pkg/runtime/controller.h"

#include <algorithm>
#include <deque>

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/runtime/testing.h"

namespace gantry::runtime {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

// Answers what the test says, and notes when it was asked.
class ScriptedReconciler final : public Reconciler {
 public:
  explicit ScriptedReconciler(async::Clock& clock) : clock_(clock) {}
  std::map<std::string, std::deque<Result<Outcome>>> answers;  // then settled
  std::vector<std::pair<std::string, Duration>> calls;
  Duration takes{};
  size_t running = 0, running_max = 0;

  Async<Result<Outcome>> reconcile(Request request) override {
    calls.emplace_back(request.name, clock_.now().time_since_epoch());
    running_max = std::max(running_max, ++running);
    if (takes > 0s) (void)co_await clock_.sleep_for(takes);
    --running;
    auto& mine = answers[request.name];
    if (mine.empty()) co_return settled();
    auto answer = mine.front();
    mine.pop_front();
    co_return answer;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& call : calls) names.push_back(call.first);
    return names;
  }

 private:
  async::Clock& clock_;
};

struct World : TestWorld {
  ScriptedReconciler reconciler{clock};
  Controller controller{"thing", "things", reconciler, environment()};
};

TEST(Controller, LooksAtEverythingThereIsAndAtWhatChanges) {
  World world;
  world.put("things", "default", "a");
  world.start([&] { return world.controller.run(); });
  world.run_for(1s);
  EXPECT_THAT(world.reconciler.names(), ElementsAre("a"));
  world.put("things", "default", "b");
  world.run_for(1s);
  EXPECT_THAT(world.reconciler.names(), ElementsAre("a", "b"));
  world.finish();
}

TEST(Controller, AStatusWriteIsItsOwnEcho) {
  World world;
  world.put("things", "default", "a");
  world.start([&] { return world.controller.run(); });
  world.run_for(1s);
  world.set("things", "default", "a", "status", 7);
  world.run_for(1s);
  EXPECT_EQ(world.reconciler.calls.size(), 1u);
  world.set("things", "default", "a", "spec", 7);
  world.run_for(1s);
  EXPECT_EQ(world.reconciler.calls.size(), 2u);
  world.finish();
}

TEST(Controller, RechecksWhenAskedAndResyncsOtherwise) {
  World world;
  world.controller.with_resync(10min);
  world.reconciler.answers["a"] = {recheck(30s)};
  world.put("things", "default", "a");
  world.start([&] { return world.controller.run(); });
  world.run_for(25s);
  EXPECT_EQ(world.reconciler.calls.size(), 1u);
  world.run_for(10s);
  EXPECT_EQ(world.reconciler.calls.size(), 2u);
  world.run_for(7min);
  EXPECT_EQ(world.reconciler.calls.size(), 2u);
  world.run_for(4min);
  EXPECT_EQ(world.reconciler.calls.size(), 3u);
  world.finish();
}

TEST(Controller, GoesOnWhenTheTimeOfDayIsSetBack) {
  World world;
  world.reconciler.answers["a"] = {recheck(30s)};
  world.put("things", "default", "a");
  world.start([&] { return world.controller.run(); });
  world.run_for(5s);
  world.clock.jump(-1h);
  world.run_for(30s);
  EXPECT_EQ(world.reconciler.calls.size(), 2u);
  world.finish();
}

TEST(Controller, BacksOffFromAWorldThatIsBusyButNotFromAVersionConflict) {
  World world;
  const auto busy = make_error(ErrorClass::transport, "no answer");
  const auto conflict = make_error(ErrorClass::conflict, "modified");
  world.reconciler.answers["busy"] = {busy, busy, busy, busy, busy, busy};
  world.reconciler.answers["conflict"] = {conflict, conflict, conflict};
  world.put("things", "default", "busy");
  world.put("things", "default", "conflict");
  world.start([&] { return world.controller.run(); });
  world.run_for(3s);
  int conflicts = 0, retries = 0;
  for (const auto& name : world.reconciler.names()) ++(name == "busy" ? retries : conflicts);
  EXPECT_EQ(conflicts, 4);
  EXPECT_GE(retries, 3);
  EXPECT_LE(retries, 5);
  world.finish();
}

TEST(Controller, ForgetsWhatIsGone) {
  World world;
  world.put("things", "default", "a");
  world.reconciler.answers["a"] = {not_found("%s", "a")};
  world.start([&] { return world.controller.run(); });
  world.run_for(1h);
  EXPECT_GE(world.reconciler.calls.size(), 2u) << "it is there: something else was not found";
  world.reconciler.answers["b"] = {not_found("%s", "b")};
  world.controller.enqueue({"default", "b"});
  world.run_for(1h);
  EXPECT_EQ(std::ranges::count(world.reconciler.names(), "b"), 1);
  world.finish();
}

TEST(Controller, NeverRunsMoreThanItsConcurrencyNorOneObjectTwice) {
  World world;
  world.controller.with_concurrency(2);
  world.reconciler.takes = 10s;
  for (const char* name : {"a", "b", "c"}) world.put("things", "default", name);
  world.start([&] { return world.controller.run(); });
  world.run_for(1s);
  world.controller.enqueue({"default", "a"});
  world.run_for(5s);
  EXPECT_EQ(world.reconciler.calls.size(), 2u);
  world.run_for(1min);
  EXPECT_EQ(world.reconciler.running_max, 2u);
  EXPECT_THAT(world.reconciler.names(), UnorderedElementsAre("a", "b", "c", "a"));
  world.finish();
}

TEST(Controller, LetsReconcilesUnderWayEndWhenItStops) {
  World world;
  world.reconciler.takes = 10s;
  world.put("things", "default", "a");
  world.put("things", "default", "b");
  world.start([&] { return world.controller.run(); });
  world.run_for(1s);
  world.controller.stop();
  world.run_for(20s);
  EXPECT_EQ(world.reconciler.calls.size(), 1u);
  EXPECT_EQ(world.reconciler.running, 0u);
  EXPECT_EQ(world.running(), 0u);
  world.finish();
}

class ThrowingReconciler final : public Reconciler {
 public:
  int calls = 0;
  Async<Result<Outcome>> reconcile(Request) override {
    co_await async::yield();
    if (++calls == 1) throw std::runtime_error("boom");
    co_return settled();
  }
};

TEST(Controller, SurvivesAReconcilerThatThrows) {
  TestWorld world;
  ThrowingReconciler reconciler;
  Controller controller("thing", "things", reconciler, world.environment());
  world.put("things", "default", "a");
  world.start([&] { return controller.run(); });
  world.run_for(10s);
  EXPECT_EQ(reconciler.calls, 2);
  world.finish();
}

TEST(Controller, MapsOtherKindsToItsOwnObjects) {
  World world;
  world.controller.watches("parts", to_owner("Thing"));
  world.start([&] { return world.controller.run(); });
  Json part = Json::object();
  Json owner = Json::object();
  owner.set("kind", "Thing");
  owner.set("name", "a");
  part.member("metadata").member("ownerReferences").push_back(owner);
  world.put("parts", "default", "p", part);
  world.run_for(1s);
  EXPECT_THAT(world.reconciler.names(), ElementsAre("a"));
  world.finish();
}

}  // namespace
}  // namespace gantry::runtime

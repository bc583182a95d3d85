#include "pkg/runtime/events.h"

#include "pkg/base/testing.h"
#include "pkg/runtime/testing.h"

namespace gantry::runtime {
namespace {

using namespace std::chrono_literals;

const Subject kSubject{"gantry.dev/v1alpha1", "Machine", "default", "web", Uid("u1")};
Happening happening(std::string message) {
  return {EventType::warning, "Locked", std::move(message), "CT-011"};
}

struct EventWorld : TestWorld {
  EventRecorder recorder{store, clock, instruments, "gantryd", {.burst = 3}};
  EventWorld() {
    start([this] { return recorder.run(); });
  }
  std::vector<store::ObjectPtr> events() { return store.list("events", "").items; }
};

TEST(EventRecorder, WritesWhatHappenedOnceAndCountsTheRest) {
  EventWorld world;
  world.recorder.record(kSubject, happening("locked"));
  world.run_for(1s);
  for (int i = 0; i < 4; ++i) world.recorder.record(kSubject, happening("locked"));
  world.run_for(1s);
  ASSERT_EQ(world.events().size(), 1u);
  const auto& event = world.events()[0]->value;
  EXPECT_EQ(event.integer_or("count", 0), 5);
  EXPECT_EQ(event.string_or("type", ""), "Warning");
  EXPECT_EQ(event.string_or("reason", ""), "Locked");
  EXPECT_EQ(event.find_path({"involvedObject", "uid"})->as_string(), "u1");
  EXPECT_EQ(event.find_path({"metadata", "annotations", "gantry.dev/code"})->as_string(), "CT-011");
  world.finish();
}

TEST(EventRecorder, CutsShortAnObjectThatHasTooMuchToSay) {
  EventWorld world;
  for (int i = 0; i < 10; ++i) world.recorder.record(kSubject, happening(std::to_string(i)));
  world.run_for(1s);
  EXPECT_EQ(world.events().size(), 3u);
  world.run_for(10s);
  world.recorder.record(kSubject, happening("later"));
  world.run_for(1s);
  EXPECT_EQ(world.events().size(), 4u);
  world.finish();
}

TEST(EventRecorder, WaitsForAStoreThatIsGone) {
  EventWorld world;
  world.disk.down = true;
  world.recorder.record(kSubject, happening("locked"));
  world.run_for(1min);
  EXPECT_EQ(world.recorder.queued(), 1u);
  world.disk.down = false;
  world.run_for(1min);
  EXPECT_EQ(world.events().size(), 1u);
  EXPECT_EQ(world.recorder.queued(), 0u);
  world.finish();
}

TEST(EventRecorder, RemovesWhatNobodyAsksForAnyMore) {
  EventWorld world;
  world.recorder.record(kSubject, happening("locked"));
  world.run_for(1min);
  ASSERT_EQ(world.events().size(), 1u);
  world.run_for(25h);
  EXPECT_EQ(world.events().size(), 0u);
  world.finish();
}

// Those of events.k8s.io have no lastTimestamp.
TEST(EventRecorder, KeepsNewerReportersEventsAsLong) {
  EventWorld world;
  Json event;
  event.set("eventTime", to_rfc3339_micro(world.clock.now()));
  world.put("events", "default", "theirs", std::move(event));
  world.run_for(23h);
  EXPECT_EQ(world.events().size(), 1u);
  world.run_for(2h);
  EXPECT_EQ(world.events().size(), 0u);
  world.finish();
}

}  // namespace
}  // namespace gantry::runtime

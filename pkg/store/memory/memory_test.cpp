#include "pkg/store/memory/memory.h"

#include "pkg/base/testing.h"
#include "pkg/store/conformance/world.h"

namespace gantry::store::memory {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;

class MemoryWorld final : public conformance::World {
 public:
  store::Database& first() override { return first_; }
  store::Database& second() override { return second_; }
  async::Clock& clock() override { return clock_; }
  async::SimulatedClock* simulated() override { return &clock_; }
  void trim_feed(int64_t revision) override { disk_.trim_feed(revision); }

  Disk& disk() { return disk_; }

 private:
  async::SimulatedClock clock_{from_unix_seconds(1'795'000'000)};
  Disk disk_{clock_};
  Database first_{disk_};
  Database second_{disk_};
};

const bool registered =
    conformance::register_tests("Memory", [] { return std::make_unique<MemoryWorld>(); });

Write put(const char* name) {
  Write write;
  write.key = Key{"apps", "default", name};
  write.text = "{}";
  return write;
}

TEST(Disk, FailsBeforeOrAfterTheEffect) {
  ASSERT_TRUE(registered);
  MemoryWorld world;
  auto& backend = world.first().backend();
  world.disk().fail_next(Fault::fail);
  EXPECT_THAT(world.run(backend.commit({put("a")})), Fails(ErrorClass::transport));
  EXPECT_EQ(world.disk().image.revision, 0);
  world.disk().fail_next(Fault::lose_answer);
  EXPECT_THAT(world.run(backend.commit({put("a")})), Fails(ErrorClass::transport));
  EXPECT_EQ(world.disk().image.revision, 1);
  world.disk().down = true;
  EXPECT_THAT(world.run(backend.load()), Fails(ErrorClass::transport));
}

TEST(Disk, TakesItsTime) {
  MemoryWorld world;
  world.disk().latency = std::chrono::seconds(2);
  const auto began = world.clock().now();
  EXPECT_THAT(world.run(world.first().backend().load()), IsOk());
  EXPECT_EQ(world.clock().now() - began, std::chrono::seconds(2));
}

TEST(Disk, GoesBackToABackup) {
  MemoryWorld world;
  auto& backend = world.first().backend();
  EXPECT_THAT(world.run(backend.commit({put("a")})), IsOk());
  const auto backup = world.disk().snapshot();
  EXPECT_THAT(world.run(backend.commit({put("b")})), IsOk());
  world.disk().restore(backup);
  const auto loaded = world.run(backend.load());
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->revision, 1);
  EXPECT_EQ(loaded->objects.size(), 1U);
}

}  // namespace
}  // namespace gantry::store::memory

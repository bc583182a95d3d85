#include "pkg/base/testing.h"
#include "pkg/store/conformance/tests.h"

namespace gantry::store::conformance {
namespace {

using namespace std::chrono_literals;
using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::HasSubstr;

Result<LeaseState> acquire(World& world, Database& database, const char* holder,
                           Duration ttl = 1h) {
  return world.run(database.leases().acquire("gantryd", holder, ttl));
}

int64_t epoch(const Result<LeaseState>& lease) {
  return lease.ok() ? lease->epoch : -1;
}

Status write(World& world, Database& database, const char* name) {
  Write one;
  one.key = Key{"apps.gantry.dev", "default", name};
  one.uid = Uid(name);
  one.text = "{}";
  return world.run(database.backend().commit({one})).status();
}

void belongs_to_one_holder_at_a_time(World& world) {
  const auto mine = acquire(world, world.first(), "one");
  ASSERT_THAT(mine, IsOk());
  EXPECT_EQ(mine->name, "gantryd");
  EXPECT_EQ(mine->holder, "one");
  EXPECT_EQ(mine->epoch, 1);
  EXPECT_THAT(acquire(world, world.second(), "two"), Fails(ErrorClass::held, HasSubstr("one")));
  const auto renewed = acquire(world, world.first(), "one");
  EXPECT_EQ(epoch(renewed), 1);
  EXPECT_GE(renewed->renewed_at, mine->renewed_at);
}

void changes_hands_when_it_expires(World& world) {
  EXPECT_EQ(epoch(acquire(world, world.first(), "one", 50ms)), 1);
  world.pass(80ms);
  EXPECT_EQ(epoch(acquire(world, world.second(), "two")), 2);
  EXPECT_THAT(acquire(world, world.first(), "one"), Fails(ErrorClass::held, HasSubstr("two")));
}

void stays_with_a_holder_who_is_late_but_alone(World& world) {
  EXPECT_EQ(epoch(acquire(world, world.first(), "one", 20ms)), 1);
  world.pass(40ms);
  EXPECT_EQ(epoch(acquire(world, world.first(), "one")), 1);
}

void changes_hands_at_once_when_released(World& world) {
  EXPECT_EQ(epoch(acquire(world, world.first(), "one")), 1);
  EXPECT_THAT(world.run(world.second().leases().release("gantryd", "two")), IsOk());
  EXPECT_THAT(acquire(world, world.second(), "two"), Fails(ErrorClass::held));
  EXPECT_THAT(world.run(world.first().leases().release("gantryd", "one")), IsOk());
  EXPECT_EQ(epoch(acquire(world, world.second(), "two")), 2);
}

void lets_an_older_epoch_never_write_again(World& world) {
  auto& old = world.first();
  old.leases().fence("gantryd", epoch(acquire(world, old, "one", 50ms)));
  EXPECT_THAT(write(world, old, "a"), IsOk());
  world.pass(80ms);
  // Expired, but nobody else has it yet.
  EXPECT_THAT(write(world, old, "b"), IsOk());
  EXPECT_EQ(epoch(acquire(world, world.second(), "two")), 2);
  EXPECT_THAT(write(world, old, "c"), Fails(ErrorClass::held, HasSubstr("two")));
  EXPECT_THAT(
      world.run(old.guests().reserve(ClusterName("lab"), Uid("u"), "o", {100, 110}, {}, 1h)),
      Fails(ErrorClass::held));
  EXPECT_THAT(write(world, world.second(), "d"), IsOk());
  const auto loaded = world.run(old.backend().load());
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->objects.size(), 3U);
  old.leases().fence("", 0);
  EXPECT_THAT(write(world, old, "e"), IsOk());
}

}  // namespace

const std::vector<ContractTest>& leases_tests() {
  static const std::vector<ContractTest> tests{
      {"BelongsToOneHolderAtATime", belongs_to_one_holder_at_a_time},
      {"ChangesHandsWhenItExpires", changes_hands_when_it_expires},
      {"StaysWithAHolderWhoIsLateButAlone", stays_with_a_holder_who_is_late_but_alone},
      {"ChangesHandsAtOnceWhenReleased", changes_hands_at_once_when_released},
      {"LetsAnOlderEpochNeverWriteAgain", lets_an_older_epoch_never_write_again},
  };
  return tests;
}

}  // namespace gantry::store::conformance

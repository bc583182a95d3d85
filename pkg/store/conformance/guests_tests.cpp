#include "pkg/base/testing.h"
#include "pkg/store/conformance/tests.h"

namespace gantry::store::conformance {
namespace {

using namespace std::chrono_literals;
using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::HasSubstr;

const ClusterName kCluster("lab");
const VmidRange kRange{100, 102};
const Upid kTask("UPID:pve1:1:2:3:vzcreate:100:gantry@pve!t:");

struct Desk {
  World& world;
  Guests& guests;
  explicit Desk(World& w) : world(w), guests(w.first().guests()) {}

  Result<GuestRow> reserve(const char* uid, std::vector<VmId> taken = {},
                           Duration quarantine = 1h) {
    return world.run(guests.reserve(kCluster, Uid(uid), std::string("default/") + uid, kRange,
                                    std::move(taken), quarantine));
  }
  int64_t vmid(const char* uid, std::vector<VmId> taken = {}, Duration quarantine = 1h) {
    const auto row = reserve(uid, std::move(taken), quarantine);
    EXPECT_THAT(row, IsOk());
    return row.ok() ? row->vmid.get() : 0;
  }
  Status release(int64_t id, const char* uid) {
    return world.run(guests.release(kCluster, VmId(id), Uid(uid)));
  }
  GuestRow live(const char* uid) {
    const auto row = world.run(guests.find_by_uid(kCluster, Uid(uid)));
    EXPECT_THAT(row, IsOk());
    EXPECT_TRUE(row.ok() && row->has_value());
    return row.ok() && *row ? **row : GuestRow{};
  }
};

void reserves_the_lowest_free_id_once(World& world) {
  Desk desk(world);
  EXPECT_EQ(desk.vmid("a"), 100);
  EXPECT_EQ(desk.vmid("a"), 100);
  EXPECT_EQ(desk.vmid("b", {VmId(101)}), 102);
  const auto row = desk.live("a");
  EXPECT_EQ(row.owner, "default/a");
  EXPECT_EQ(row.epoch, 1);
  EXPECT_FALSE(row.create_task.has_value());
  EXPECT_FALSE(row.released_at.has_value());
  const auto other =
      world.run(desk.guests.reserve(ClusterName("other"), Uid("a"), "default/a", kRange, {}, 1h));
  ASSERT_THAT(other, IsOk());
  EXPECT_EQ(other->vmid, VmId(100));
}

void says_how_the_range_is_used_up(World& world) {
  Desk desk(world);
  desk.vmid("a");
  desk.vmid("b");
  EXPECT_THAT(desk.release(101, "b"), IsOk());
  EXPECT_THAT(desk.reserve("c", {VmId(102)}),
              Fails(ErrorClass::overload, HasSubstr("1 reserved by us, 1 in quarantine, 1 seen")));
}

void keeps_a_released_id_in_quarantine(World& world) {
  Desk desk(world);
  desk.vmid("a");
  EXPECT_THAT(desk.release(100, "a"), IsOk());
  EXPECT_THAT(desk.release(100, "a"), IsOk());
  EXPECT_EQ(desk.vmid("b"), 101);
  world.pass(20ms);
  EXPECT_EQ(desk.vmid("c", {}, 10ms), 100);
}

void counts_containers_in_the_epoch(World& world) {
  Desk desk(world);
  desk.vmid("a");
  EXPECT_THAT(desk.release(100, "a"), IsOk());
  const auto again = desk.reserve("a");
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->vmid, VmId(101));
  EXPECT_EQ(again->epoch, 2);
}

void notes_one_create_task(World& world) {
  Desk desk(world);
  desk.vmid("a");
  auto note = [&](const char* uid, const Upid& task) {
    return world.run(desk.guests.set_create_task(kCluster, VmId(100), Uid(uid), task));
  };
  EXPECT_THAT(note("a", kTask), IsOk());
  EXPECT_THAT(note("a", kTask), IsOk());
  EXPECT_EQ(desk.live("a").create_task, kTask);
  EXPECT_THAT(note("a", Upid("UPID:other")), Fails(ErrorClass::conflict));
  EXPECT_THAT(note("b", kTask), Fails(ErrorClass::not_found));
  EXPECT_THAT(world.run(desk.guests.clear_create_task(kCluster, VmId(100), Uid("a"))), IsOk());
  EXPECT_FALSE(desk.live("a").create_task.has_value());
  EXPECT_EQ(desk.live("a").epoch, 2);
  EXPECT_THAT(world.run(desk.guests.clear_create_task(kCluster, VmId(101), Uid("a"))),
              Fails(ErrorClass::not_found));
}

void renumbers_into_a_new_epoch(World& world) {
  Desk desk(world);
  desk.vmid("a");
  EXPECT_THAT(world.run(desk.guests.set_create_task(kCluster, VmId(100), Uid("a"), kTask)), IsOk());
  const auto row = world.run(desk.guests.renumber(kCluster, Uid("a"), kRange, {}, 1h));
  ASSERT_THAT(row, IsOk());
  EXPECT_EQ(row->vmid, VmId(101));
  EXPECT_EQ(row->epoch, 2);
  EXPECT_EQ(row->owner, "default/a");
  EXPECT_FALSE(row->create_task.has_value());
  EXPECT_EQ(desk.live("a").vmid, VmId(101));
  EXPECT_EQ(desk.vmid("b"), 102);
  EXPECT_THAT(world.run(desk.guests.renumber(kCluster, Uid("x"), kRange, {}, 1h)),
              Fails(ErrorClass::not_found));
  EXPECT_THAT(world.run(desk.guests.renumber(kCluster, Uid("a"), kRange, {}, 1h)),
              Fails(ErrorClass::overload));
  EXPECT_EQ(desk.live("a").vmid, VmId(101));
}

void adopts_what_nobody_has(World& world) {
  Desk desk(world);
  auto adopt = [&](int64_t id, const char* uid) {
    return world.run(
        desk.guests.adopt(kCluster, VmId(id), Uid(uid), std::string("default/") + uid));
  };
  EXPECT_THAT(adopt(777, "a"), IsOk());
  EXPECT_THAT(adopt(777, "a"), IsOk());
  EXPECT_THAT(adopt(777, "b"), Fails(ErrorClass::already_exists, HasSubstr("default/a")));
  EXPECT_THAT(adopt(778, "a"), Fails(ErrorClass::already_exists, HasSubstr("777")));
  EXPECT_EQ(desk.vmid("a"), 777);
}

void finds_and_lists_live_rows_only(World& world) {
  Desk desk(world);
  desk.vmid("a");
  desk.vmid("b");
  desk.vmid("c");
  EXPECT_THAT(desk.release(100, "a"), IsOk());
  const auto by_vmid = world.run(desk.guests.find_by_vmid(kCluster, VmId(101)));
  ASSERT_THAT(by_vmid, IsOk());
  ASSERT_TRUE(by_vmid->has_value());
  EXPECT_EQ((*by_vmid)->uid, Uid("b"));
  const auto gone = world.run(desk.guests.find_by_vmid(kCluster, VmId(100)));
  ASSERT_THAT(gone, IsOk());
  EXPECT_FALSE(gone->has_value());
  const auto rows = world.run(world.second().guests().list(kCluster));
  ASSERT_THAT(rows, IsOk());
  std::vector<int64_t> ids;
  for (const auto& row : *rows) ids.push_back(row.vmid.get());
  EXPECT_THAT(ids, ::testing::ElementsAre(101, 102));
}

void knows_every_uid_it_ever_had(World& world) {
  Desk desk(world);
  const auto knows = [&](const char* uid) {
    const auto known = world.run(world.second().guests().knows(Uid(uid)));
    EXPECT_THAT(known, IsOk());
    return known.ok() && *known;
  };
  EXPECT_FALSE(knows("a"));
  desk.vmid("a");
  EXPECT_TRUE(knows("a"));
  EXPECT_THAT(desk.release(100, "a"), IsOk());
  EXPECT_TRUE(knows("a"));
  EXPECT_FALSE(knows("b"));
}

void gives_concurrent_reservations_different_ids(World& world) {
  Desk desk(world);
  async::Group group(world.loop().executor());
  std::vector<int64_t> ids;
  for (int i = 0; i < 8; ++i) {
    auto& guests = (i % 2 == 0 ? world.first() : world.second()).guests();
    group.spawn("reserve", [&, i]() -> Async<Status> {
      const Uid uid("m" + std::to_string(i));
      const VmidRange range{100, 110};
      const auto row = co_await guests.reserve(kCluster, uid, std::string("default/m"), range,
                                               std::vector<VmId>(), Duration(1h));
      if (row.ok()) ids.push_back(row->vmid.get());
      co_return row.status();
    });
  }
  EXPECT_THAT(world.run(group.join()), IsOk());
  std::ranges::sort(ids);
  EXPECT_THAT(ids, ::testing::ElementsAre(100, 101, 102, 103, 104, 105, 106, 107));
}

}  // namespace

const std::vector<ContractTest>& guests_tests() {
  static const std::vector<ContractTest> tests{
      {"ReservesTheLowestFreeIdOnce", reserves_the_lowest_free_id_once},
      {"SaysHowTheRangeIsUsedUp", says_how_the_range_is_used_up},
      {"KeepsAReleasedIdInQuarantine", keeps_a_released_id_in_quarantine},
      {"CountsContainersInTheEpoch", counts_containers_in_the_epoch},
      {"NotesOneCreateTask", notes_one_create_task},
      {"RenumbersIntoANewEpoch", renumbers_into_a_new_epoch},
      {"AdoptsWhatNobodyHas", adopts_what_nobody_has},
      {"FindsAndListsLiveRowsOnly", finds_and_lists_live_rows_only},
      {"KnowsEveryUidItEverHad", knows_every_uid_it_ever_had},
      {"GivesConcurrentReservationsDifferentIds", gives_concurrent_reservations_different_ids},
  };
  return tests;
}

}  // namespace gantry::store::conformance

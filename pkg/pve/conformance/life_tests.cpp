#include <algorithm>

#include "pkg/pve/conformance/tests.h"
#include "pkg/pve/mark.h"
#include "pkg/pve/property_string.h"
#include "pkg/pve/upid.h"

namespace gantry::pve::conformance {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;

std::optional<GuestRow> row_of(World& world, VmId vmid) {
  // pvestatd tells the cluster every 10 s.
  world.pass(15s);
  const auto resources = world.run(world.client().resources());
  EXPECT_THAT(resources, IsOk());
  if (!resources.ok()) return std::nullopt;
  for (const auto& row : resources->guests)
    if (row.vmid == vmid) return row;
  return std::nullopt;
}

void a_life_from_create_to_destroy(World& world) {
  auto& client = world.client();
  const auto node = world.node();
  const Mark mark{"home-1", Uid("00000000-0000-4000-8000-000000000001"), 1};
  const auto vmid = make_guest(world, to_description_line(mark));
  EXPECT_EQ(find_mark(config_of(world, vmid).find("description").value_or("")), mark);
  EXPECT_FALSE(is_running(world, vmid));

  EXPECT_THAT(finish(world, world.run(client.start_guest(node, vmid))), IsOk());
  EXPECT_TRUE(is_running(world, vmid));
  const auto row = row_of(world, vmid);
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->status, "running");
  EXPECT_EQ(row->node, node);
  EXPECT_EQ(row->type, GuestType::lxc);

  EXPECT_THAT(finish(world, world.run(client.shutdown_guest(node, vmid, 60s))), IsOk());
  EXPECT_FALSE(is_running(world, vmid));
  EXPECT_THAT(finish(world, world.run(client.destroy_guest(node, vmid, DestroyOptions{}))), IsOk());
  EXPECT_THAT(world.run(client.guest_config(node, vmid)), IsMissing());
  EXPECT_THAT(world.run(client.is_vmid_free(vmid)), IsOkAndHolds(true));
  EXPECT_FALSE(row_of(world, vmid).has_value());
}

void a_config_change_is_seen_at_once(World& world) {
  auto& client = world.client();
  const auto vmid = make_guest(world);
  const auto before = config_of(world, vmid);
  EXPECT_THAT(world.run(client.configure_guest(
                  world.node(), vmid,
                  {{"memory", "384"}, {"cores", "2"}, {"tags", "web;b;a"}, {"description", "x"}},
                  {}, before.digest)),
              IsOk());
  auto after = config_of(world, vmid);
  EXPECT_EQ(after.find("memory"), "384");
  EXPECT_EQ(after.find("cores"), "2");
  EXPECT_EQ(after.find("tags"), "a;b;web");  // sorted by Proxmox
  EXPECT_NE(after.digest, before.digest);
  EXPECT_THAT(world.run(client.configure_guest(world.node(), vmid, {}, {"cores"}, "")), IsOk());
  EXPECT_EQ(config_of(world, vmid).find("cores"), std::nullopt);
}

void a_disk_grows(World& world) {
  const auto vmid = make_guest(world);
  EXPECT_THAT(
      finish(world, world.run(world.client().resize_guest(world.node(), vmid, "rootfs", "2G"))),
      IsOk());
  const auto rootfs =
      PropertyString::parse(config_of(world, vmid).find("rootfs").value_or(""), "volume");
  ASSERT_THAT(rootfs, IsOk());
  EXPECT_TRUE(same_value(rootfs->get("size").value_or(""), "2G"));
}

std::string volume_at(World& world, VmId vmid, const std::string& key) {
  const auto mount = PropertyString::parse(config_of(world, vmid).find(key).value_or(""), "volume");
  return mount.ok() ? mount->get("volume").value_or("") : "";
}

void a_volume_changes_its_owner(World& world) {
  auto& client = world.client();
  const auto from = make_guest(world);
  const auto to = make_guest(world);
  const auto mount = world.storage().get() + ":1,mp=/srv/data";
  EXPECT_THAT(world.run(client.configure_guest(world.node(), from, {{"mp0", mount}}, {}, "")),
              IsOk());
  const auto before = volume_at(world, from, "mp0");
  EXPECT_NE(before, "");
  const VolumeGift gift{
      from, to, "mp0", "mp1", config_of(world, from).digest, config_of(world, to).digest};
  EXPECT_THAT(finish(world, world.run(client.give_volume(world.node(), gift))), IsOk());
  EXPECT_EQ(config_of(world, from).find("mp0"), std::nullopt);
  const auto after = volume_at(world, to, "mp1");
  EXPECT_NE(after, before);
  EXPECT_NE(after.find(std::to_string(to.get())), std::string::npos);
  // The same call once more, as when it is executed twice.
  EXPECT_THAT(finish(world, world.run(client.give_volume(world.node(), gift))),
              ::testing::Not(IsOk()));
  EXPECT_EQ(volume_at(world, to, "mp1"), after);
}

void force_destroys_a_running_guest(World& world) {
  auto& client = world.client();
  const auto vmid = make_guest(world);
  EXPECT_THAT(finish(world, world.run(client.start_guest(world.node(), vmid))), IsOk());
  DestroyOptions options;
  options.force = true;
  EXPECT_THAT(finish(world, world.run(client.destroy_guest(world.node(), vmid, options))), IsOk());
  EXPECT_THAT(world.run(client.guest_config(world.node(), vmid)), IsMissing());
}

void destroying_leaves_no_volume(World& world) {
  auto& client = world.client();
  const auto vmid = make_guest(world);
  const auto count = [&] {
    const auto volumes = world.run(client.volumes(world.node(), world.storage(), "rootdir"));
    EXPECT_THAT(volumes, IsOk());
    return volumes.ok() ? std::ranges::count(*volumes, std::optional(vmid), &Volume::vmid) : -1;
  };
  EXPECT_EQ(count(), 1);
  EXPECT_THAT(finish(world, world.run(client.destroy_guest(world.node(), vmid, DestroyOptions{}))),
              IsOk());
  EXPECT_EQ(count(), 0);
}

void a_clone_is_a_guest_of_its_own(World& world) {
  auto& client = world.client();
  const auto source = make_guest(world, "the source");
  const auto vmid = world.new_vmid();
  auto parameters = world.small_container();
  Parameters clone{{"full", "1"}, {"description", "the copy"}, {"hostname", "copy"}};
  if (parameters.contains("pool")) clone["pool"] = parameters["pool"];
  clone["storage"] = world.storage().get();
  EXPECT_THAT(finish(world, world.run(client.clone_guest(world.node(), source, vmid, clone))),
              IsOk());
  EXPECT_EQ(config_of(world, vmid).find("hostname"), "copy");
  EXPECT_THAT(config_of(world, vmid).find("description").value_or(""),
              ::testing::StartsWith("the copy"));
  EXPECT_THAT(config_of(world, source).find("description").value_or(""),
              ::testing::StartsWith("the source"));
}

void a_running_task_is_listed(World& world) {
  auto& client = world.client();
  const auto vmid = world.new_vmid();
  const auto created = world.run(client.create_guest(world.node(), vmid, world.small_container()));
  ASSERT_THAT(created, IsOk());
  EXPECT_THAT(world.run(client.is_vmid_free(vmid)), IsOkAndHolds(false));
  const auto running = world.run(client.running_tasks(world.node()));
  ASSERT_THAT(running, IsOk());
  ASSERT_EQ(running->size(), 1u);
  EXPECT_EQ((*running)[0].upid, *created);
  EXPECT_EQ(guest_of((*running)[0]), vmid);
  EXPECT_TRUE((*running)[0].running);
  EXPECT_THAT(finish(world, created), IsOk());
  EXPECT_THAT(world.run(client.running_tasks(world.node())), IsOkAndHolds(IsEmpty()));

  EXPECT_THAT(finish(world, world.run(client.start_guest(world.node(), vmid))), IsOk());
  const auto all = world.run(client.tasks(world.node(), vmid));
  ASSERT_THAT(all, IsOk());
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[0].type, "vzstart");  // newest first
  EXPECT_EQ((*all)[1].upid, *created);
  EXPECT_TRUE((*all)[1].succeeded());
  const auto log = world.run(client.task_log(*created, 50));
  ASSERT_THAT(log, IsOk());
  EXPECT_FALSE(log->empty());
  const auto tail = world.run(client.task_log(*created, 1));
  ASSERT_THAT(tail, IsOk());
  ASSERT_EQ(tail->size(), 1u);
  EXPECT_EQ(tail->back(), log->back());
}

void what_cannot_be_applied_live_is_pending(World& world) {
  auto& client = world.client();
  const auto vmid = make_guest(world);
  EXPECT_THAT(world.run(client.guest_interfaces(world.node(), vmid)), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(finish(world, world.run(client.start_guest(world.node(), vmid))), IsOk());
  EXPECT_THAT(
      world.run(client.configure_guest(world.node(), vmid, {{"features", "nesting=1"}}, {}, "")),
      IsOk());
  const auto pending = world.run(client.guest_pending(world.node(), vmid));
  ASSERT_THAT(pending, IsOk());
  const auto features = std::ranges::find(*pending, "features", &PendingChange::key);
  ASSERT_NE(features, pending->end());
  EXPECT_EQ(features->pending, "nesting=1");
  EXPECT_EQ(config_of(world, vmid).find("features"), "nesting=1");  // the pending view
}

// A folder of raw images cannot; where a storage can, it is there under its name.
void a_snapshot_is_there_where_the_storage_can(World& world) {
  auto& client = world.client();
  const auto vmid = make_guest(world);
  const auto can = world.run(client.has_feature(world.node(), vmid, "snapshot"));
  ASSERT_THAT(can, IsOk());
  EXPECT_THAT(world.run(client.snapshots(world.node(), vmid)), IsOkAndHolds(IsEmpty()));
  const auto taken =
      finish(world, world.run(client.take_snapshot(world.node(), vmid, "gantry-one", "before")));
  EXPECT_EQ(taken.ok(), *can);
  const auto all = world.run(client.snapshots(world.node(), vmid));
  ASSERT_THAT(all, IsOk());
  ASSERT_EQ(all->size(), *can ? 1u : 0u);
  if (!*can) return;
  EXPECT_EQ((*all)[0].name, "gantry-one");
  EXPECT_EQ((*all)[0].state, "");
  EXPECT_TRUE((*all)[0].created.has_value());
  EXPECT_THAT(finish(world, world.run(client.delete_snapshot(world.node(), vmid, "gantry-one"))),
              IsOk());
  EXPECT_THAT(world.run(client.snapshots(world.node(), vmid)), IsOkAndHolds(IsEmpty()));
}

void says_what_it_is(World& world) {
  auto& client = world.client();
  const auto version = world.run(client.version());
  ASSERT_THAT(version, IsOk());
  EXPECT_GE(version->major, 8);
  const auto status = world.run(client.cluster_status());
  ASSERT_THAT(status, IsOk());
  EXPECT_TRUE(status->quorate);
  EXPECT_NE(std::ranges::find(status->members, world.node(), &ClusterMember::name),
            status->members.end());
  const auto storages = world.run(client.storages(world.node()));
  ASSERT_THAT(storages, IsOk());
  const auto storage = std::ranges::find(*storages, world.storage(), &StorageRow::id);
  ASSERT_NE(storage, storages->end());
  EXPECT_EQ(storage->node, world.node());
  EXPECT_TRUE(storage->active);
  EXPECT_TRUE(storage->available.has_value());
  const auto bridges = world.run(client.bridges(world.node()));
  ASSERT_THAT(bridges, IsOk());
  EXPECT_FALSE(bridges->empty());
  const auto resources = world.run(client.resources());
  ASSERT_THAT(resources, IsOk());
  EXPECT_THAT(resources->undecodable, IsEmpty());
  EXPECT_FALSE(resources->nodes.empty());
}

}  // namespace

const std::vector<ContractTest>& life_tests() {
  static const std::vector<ContractTest> tests{
      {"ALifeFromCreateToDestroy", a_life_from_create_to_destroy},
      {"AConfigChangeIsSeenAtOnce", a_config_change_is_seen_at_once},
      {"ADiskGrows", a_disk_grows},
      {"AVolumeChangesItsOwner", a_volume_changes_its_owner},
      {"ForceDestroysARunningGuest", force_destroys_a_running_guest},
      {"DestroyingLeavesNoVolume", destroying_leaves_no_volume},
      {"ACloneIsAGuestOfItsOwn", a_clone_is_a_guest_of_its_own},
      {"ARunningTaskIsListed", a_running_task_is_listed},
      {"WhatCannotBeAppliedLiveIsPending", what_cannot_be_applied_live_is_pending},
      {"ASnapshotIsThereWhereTheStorageCan", a_snapshot_is_there_where_the_storage_can},
      {"SaysWhatItIs", says_what_it_is},
  };
  return tests;
}

}  // namespace gantry::pve::conformance

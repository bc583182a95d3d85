// The life of a container through the in-process door, with every trap that a real server has.
#include <gmock/gmock.h>

#include "pkg/base/testing.h"
#include "pkg/lab/testing.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;
using gantry::testing::Fails;
using gantry::testing::IsOk;
using gantry::testing::IsOkAndHolds;
using lab::testing::kNode;
using lab::testing::small_container;
using lab::testing::World;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const VmId kOurs(20071);

// As the least-privilege token, in whose pool everything lives.
struct LimitedWorld : World {
  explicit LimitedWorld(Options options = single_node()) : World(std::move(options)) {
    client = lab.client(lab.set_up_least_privilege("gantry").id);
    root = lab.client(lab.root_token().id);
  }
  pve::Parameters parameters(const std::string& description = "gantry:v1 uid=1") {
    auto all = small_container();
    all["pool"] = "gantry";
    all["description"] = description;
    return all;
  }
  void make(VmId vmid = kOurs) {
    ASSERT_EQ(outcome(*client, client->create_guest(kNode, vmid, parameters())), "OK");
  }
  std::unique_ptr<pve::Client> client, root;
};

TEST(Lifecycle, AContainerIsMadeStartedStoppedAndDestroyed) {
  LimitedWorld world;
  auto& client = *world.client;
  world.make();
  EXPECT_EQ(world.outcome(client, client.start_guest(kNode, kOurs)), "OK");
  EXPECT_TRUE(world.run(client.guest_status(kNode, kOurs))->running);
  world.pass(5s);
  const auto interfaces = world.run(client.guest_interfaces(kNode, kOurs));
  ASSERT_THAT(interfaces, IsOk());
  ASSERT_EQ(interfaces->size(), 2u);
  EXPECT_THAT((*interfaces)[1].addresses, Not(IsEmpty()));
  EXPECT_EQ(world.outcome(client, client.stop_guest(kNode, kOurs)), "OK");
  EXPECT_THAT(world.run(client.guest_interfaces(kNode, kOurs)), IsOkAndHolds(IsEmpty()));
  EXPECT_EQ(world.outcome(client, client.destroy_guest(kNode, kOurs, {})), "OK");
  EXPECT_THAT(world.lab.guests(), IsEmpty());
  EXPECT_THAT(world.lab.volumes(), IsEmpty());
  EXPECT_EQ(world.backend.container_count(), 0u);
}

TEST(Lifecycle, TheConfigComesBackInProxmoxsOwnForm) {
  LimitedWorld world;
  world.make();
  const auto config = world.run(world.client->guest_config(kNode, kOurs));
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->values.at("description"), "gantry:v1 uid=1\n");
  EXPECT_EQ(config->values.at("rootfs"), "local:20071/vm-20071-disk-0.raw,size=4G");
  EXPECT_THAT(
      config->values.at("net0"),
      ::testing::MatchesRegex("name=eth0,bridge=vmbr0,hwaddr=BC:24:11:..:..:..,ip=dhcp,type=veth"));
  EXPECT_EQ(config->values.at("ostype"), "debian");
  EXPECT_EQ(config->values.at("swap"), "512");
  EXPECT_EQ(config->digest.size(), 40u);
  EXPECT_FALSE(config->values.contains("lock"));
}

TEST(Create, IsInvisibleToAPoolTokenUntilItsEnd) {
  LimitedWorld world;
  const auto upid = world.run(world.client->create_guest(kNode, kOurs, world.parameters()));
  ASSERT_THAT(upid, IsOk());
  world.pass(1s);
  EXPECT_THAT(world.run(world.client->guest_config(kNode, kOurs)),
              Fails(ErrorClass::permission, HasSubstr("(/vms/20071, VM.Audit)")));
  EXPECT_THAT(world.run(world.client->resources())->guests, IsEmpty());
  EXPECT_THAT(world.run(world.client->is_vmid_free(kOurs)), IsOkAndHolds(false));
  EXPECT_TRUE(world.run(world.client->task(*upid))->running);
  const auto seen_by_root = world.run(world.root->guest_config(kNode, kOurs));
  EXPECT_EQ(seen_by_root->values, (std::map<std::string, std::string>{{"lock", "create"}}));
  EXPECT_EQ(seen_by_root->digest, "a7e9f8c42935261b36fcd1d7d6cd8cd41648da49");
  EXPECT_EQ(world.wait(*world.client, *upid).exit_status, "OK");
  EXPECT_THAT(world.run(world.client->guest_config(kNode, kOurs)), IsOk());
}

TEST(Create, TheLockGoesBeforeTheTaskEnds) {
  LimitedWorld world;
  const auto upid = world.run(world.client->create_guest(kNode, kOurs, world.parameters()));
  bool seen_without_lock = false;
  while (world.run(world.client->task(*upid))->running) {
    world.pass(50ms);
    const auto guest = world.lab.find_guest(kOurs);
    const bool half = !guest->config.contains("lock") && !guest->config.contains("hostname");
    seen_without_lock = seen_without_lock || half;
  }
  EXPECT_TRUE(seen_without_lock);
}

TEST(Create, AFailureLeavesNothing) {
  LimitedWorld world;
  auto parameters = world.parameters();
  parameters["ostemplate"] = "local:vztmpl/nope.tar.xz";
  EXPECT_EQ(world.outcome(*world.client, world.client->create_guest(kNode, kOurs, parameters)),
            "unable to create CT 20071 - volume 'local:vztmpl/nope.tar.xz' does not exist");
  EXPECT_THAT(world.lab.guests(), IsEmpty());
  EXPECT_THAT(world.lab.volumes(), IsEmpty());
}

TEST(Create, AFullStorageFailsInTheTask) {
  LimitedWorld world;
  world.lab.fill_storage(StorageId("local"), int64_t{250} << 30);
  EXPECT_THAT(
      world.outcome(*world.client, world.client->create_guest(kNode, kOurs, world.parameters())),
      HasSubstr("No space left on device"));
  EXPECT_THAT(world.lab.guests(), IsEmpty());
}

TEST(Create, AKilledWorkerLeavesALockAndAnOrphanDisk) {
  LimitedWorld world;
  const auto upid = world.run(world.client->create_guest(kNode, kOurs, world.parameters()));
  world.pass(1s);
  ASSERT_TRUE(world.lab.kill_task(*upid));
  const auto task = world.run(world.client->task(*upid));
  EXPECT_FALSE(task->running);
  EXPECT_EQ(task->exit_status, "unexpected status");
  world.pass(10s);
  EXPECT_EQ(world.lab.find_guest(kOurs)->config.at("lock"), "create");
  EXPECT_EQ(world.lab.volumes().size(), 1u);
  EXPECT_THAT(world.run(world.client->destroy_guest(kNode, kOurs, {true, true})),
              Fails(ErrorClass::permission, HasSubstr("VM.Allocate")));
  EXPECT_THAT(world.run(world.root->destroy_guest(kNode, kOurs, {true, true})),
              Fails(ErrorClass::locked, HasSubstr("CT is locked (create)")));
  EXPECT_EQ(world.outcome(*world.root, world.root->start_guest(kNode, kOurs)),
            "CT is locked (create)");
}

TEST(Create, AnUnfinishedOneIsRemovedOnlyForItsOwnEndedTask) {
  LimitedWorld world;
  const auto upid = world.run(world.client->create_guest(kNode, kOurs, world.parameters()));
  world.pass(1s);
  auto& channel = world.lab.channel();
  EXPECT_THAT(world.run(channel.unlock({kNode, kOurs}, *upid)), Fails(ErrorClass::locked));
  ASSERT_TRUE(world.lab.kill_task(*upid));
  EXPECT_THAT(world.run(channel.unlock({kNode, kOurs}, Upid(""))), Fails(ErrorClass::permission));
  EXPECT_THAT(world.run(channel.unlock({kNode, kOurs}, Upid("UPID:other"))),
              Fails(ErrorClass::permission));
  EXPECT_THAT(world.run(channel.unlock({kNode, kOurs}, *upid)), IsOk());
  EXPECT_THAT(world.lab.guests(), IsEmpty());
  EXPECT_THAT(world.lab.volumes(), IsEmpty());
}

TEST(Create, TagsAreRefusedWhereTheRightsComeFromThePool) {
  LimitedWorld world;
  auto parameters = world.parameters();
  parameters["tags"] = "gantry";
  EXPECT_THAT(world.run(world.client->create_guest(kNode, kOurs, parameters)),
              Fails(ErrorClass::permission, HasSubstr("(/vms/20071, VM.Config.Options)")));
  world.make();
  EXPECT_THAT(world.run(world.client->configure_guest(kNode, kOurs, {{"tags", "B;a,a"}}, {}, "")),
              IsOk());
  EXPECT_EQ(world.lab.find_guest(kOurs)->config.at("tags"), "a;b");
}

TEST(Create, ATakenIdIsToldEvenWhenItsGuestIsInvisible) {
  LimitedWorld world;
  GuestRecord foreign;
  foreign.vmid = VmId(100);
  foreign.node = kNode;
  ASSERT_THAT(world.lab.put_guest(foreign), IsOk());
  EXPECT_THAT(world.run(world.client->create_guest(kNode, VmId(100), world.parameters())),
              Fails(ErrorClass::already_exists, HasSubstr("CT 100 already exists on node 'pve1'")));
}

TEST(Create, StartFailsApartFromTheCreate) {
  LimitedWorld world;
  auto parameters = small_container();
  parameters["net0"] = "name=eth0,bridge=vmbr77";
  parameters["start"] = "1";
  EXPECT_EQ(world.outcome(*world.root, world.root->create_guest(kNode, kOurs, parameters)), "OK");
  world.pass(5s);
  EXPECT_FALSE(world.lab.find_guest(kOurs)->running);
  const auto tasks = world.run(world.root->tasks(kNode, kOurs));
  ASSERT_EQ(tasks->size(), 2u);
  EXPECT_EQ(tasks->front().exit_status, "bridge 'vmbr77' does not exist");
}

TEST(Create, PrivilegedIsTheDefaultOfVersion8Only) {
  for (const auto version : {PveVersion::v8_4, PveVersion::v9_2}) {
    auto options = single_node();
    options.version = version;
    LimitedWorld world(options);
    auto parameters = small_container();
    parameters.erase("unprivileged");
    ASSERT_EQ(world.outcome(*world.root, world.root->create_guest(kNode, kOurs, parameters)), "OK");
    EXPECT_EQ(world.lab.find_guest(kOurs)->config.contains("unprivileged"),
              version == PveVersion::v9_2);
  }
}

TEST(Power, AMissingContainerStartsToNothingAndStopsAsNotRunning) {
  LimitedWorld world;
  EXPECT_EQ(world.outcome(*world.root, world.root->start_guest(kNode, VmId(999))),
            "Configuration file 'nodes/pve1/lxc/999.conf' does not exist");
  EXPECT_THAT(world.run(world.root->stop_guest(kNode, VmId(999))),
              Fails(ErrorClass::conflict, HasSubstr("CT 999 not running")));
}

TEST(Power, AShutdownThatIsIgnoredFailsUnlessForced) {
  LimitedWorld world;
  world.make();
  ASSERT_EQ(world.outcome(*world.client, world.client->start_guest(kNode, kOurs)), "OK");
  world.backend.set_ignores_shutdown(kOurs, true);
  EXPECT_EQ(world.outcome(*world.client, world.client->shutdown_guest(kNode, kOurs, 3s)),
            "container did not stop");
  EXPECT_TRUE(world.run(world.client->guest_status(kNode, kOurs))->running);
}

TEST(Destroy, NeedsForceWhenRunningAndNeverOverridesProtection) {
  LimitedWorld world;
  world.make();
  auto& client = *world.client;
  ASSERT_EQ(world.outcome(client, client.start_guest(kNode, kOurs)), "OK");
  EXPECT_THAT(world.run(client.destroy_guest(kNode, kOurs, {})),
              Fails(ErrorClass::conflict, HasSubstr("container is running")));
  ASSERT_THAT(world.run(client.configure_guest(kNode, kOurs, {{"protection", "1"}}, {}, "")),
              IsOk());
  EXPECT_THAT(world.run(client.destroy_guest(kNode, kOurs, {true, true})), ::testing::Not(IsOk()));
  ASSERT_THAT(world.run(client.configure_guest(kNode, kOurs, {}, {"protection"}, "")), IsOk());
  EXPECT_EQ(world.outcome(client, client.destroy_guest(kNode, kOurs, {true, true})), "OK");
}

TEST(Destroy, LeavesUnreferencedDisksUnlessAsked) {
  LimitedWorld world;
  world.make();
  ASSERT_THAT(world.lab.edit_config(kOurs, "rootfs", ""), IsOk());
  EXPECT_EQ(world.outcome(*world.client, world.client->destroy_guest(kNode, kOurs, {})), "OK");
  EXPECT_EQ(world.lab.volumes().size(), 1u);
}

TEST(Config, ChangesOfARunningContainerThatCannotBeHotPluggedWait) {
  LimitedWorld world;
  world.make();
  auto& client = *world.client;
  ASSERT_EQ(world.outcome(client, client.start_guest(kNode, kOurs)), "OK");
  ASSERT_THAT(world.run(client.configure_guest(
                  kNode, kOurs, {{"features", "nesting=1"}, {"cores", "2"}}, {}, "")),
              IsOk());
  const auto pending = world.run(client.guest_pending(kNode, kOurs));
  ASSERT_EQ(pending->size(), 1u);
  EXPECT_EQ(pending->front().key, "features");
  EXPECT_EQ(world.lab.find_guest(kOurs)->config.at("cores"), "2");
  EXPECT_FALSE(world.lab.find_guest(kOurs)->config.contains("features"));
  EXPECT_EQ(world.run(client.guest_config(kNode, kOurs))->values.at("features"), "nesting=1");
  ASSERT_EQ(world.outcome(client, client.stop_guest(kNode, kOurs)), "OK");
  EXPECT_EQ(world.lab.find_guest(kOurs)->config.at("features"), "nesting=1");
}

TEST(Config, AStaleDigestIsAConflict) {
  LimitedWorld world;
  world.make();
  const auto before = world.run(world.client->guest_config(kNode, kOurs))->digest;
  ASSERT_THAT(world.lab.edit_config(kOurs, "memory", "300"), IsOk());
  EXPECT_THAT(world.run(world.client->configure_guest(kNode, kOurs, {{"cores", "1"}}, {}, before)),
              Fails(ErrorClass::conflict));
}

TEST(Config, APutDuringACreateWaitsTenSecondsForTheFileLock) {
  LimitedWorld world;
  world.backend.options().timing.create = 60s;
  const auto upid = world.run(world.root->create_guest(kNode, kOurs, small_container()));
  ASSERT_THAT(upid, IsOk());
  world.pass(1s);
  const auto begun = world.clock.now();
  EXPECT_THAT(world.run(world.root->configure_guest(kNode, kOurs, {{"memory", "777"}}, {}, "")),
              Fails(ErrorClass::locked, HasSubstr("can't lock file")));
  EXPECT_EQ(world.clock.now() - begun, 10s);
}

TEST(Config, FeatureFlagsBeyondNestingAreForTheUserRootOnly) {
  LimitedWorld world;
  world.make();
  EXPECT_THAT(
      world.run(world.root->configure_guest(kNode, kOurs, {{"features", "keyctl=1"}}, {}, "")),
      Fails(ErrorClass::permission, HasSubstr("only allowed for root@pam")));
  ASSERT_THAT(world.lab.edit_config(kOurs, "features", "keyctl=1,nesting=1"), IsOk());
  EXPECT_THAT(world.run(world.client->configure_guest(
                  kNode, kOurs, {{"features", "nesting=1,keyctl=1"}}, {}, "")),
              IsOk());
}

TEST(Clone, CarriesTagsDescriptionAndFeaturesWithAHardwareAddressOfItsOwn) {
  LimitedWorld world;
  world.make();
  ASSERT_THAT(world.lab.edit_config(kOurs, "tags", "golden"), IsOk());
  ASSERT_THAT(world.lab.edit_config(kOurs, "features", "keyctl=1,nesting=1"), IsOk());
  const VmId copy(20080);
  EXPECT_EQ(
      world.outcome(*world.client, world.client->clone_guest(kNode, kOurs, copy,
                                                             {{"full", "1"}, {"pool", "gantry"}})),
      "OK");
  const auto original = world.lab.find_guest(kOurs)->config;
  const auto made = world.lab.find_guest(copy)->config;
  EXPECT_EQ(made.at("tags"), "golden");
  EXPECT_EQ(made.at("description"), original.at("description"));
  EXPECT_EQ(made.at("features"), original.at("features"));
  EXPECT_NE(made.at("net0"), original.at("net0"));
  EXPECT_EQ(made.at("rootfs"), "local:20080/vm-20080-disk-0.raw,size=4G");
  EXPECT_THAT(world.run(world.client->clone_guest(kNode, kOurs, VmId(20081), {})),
              Fails(ErrorClass::permission));
}

TEST(Clone, LosesWhatOnlyRootMaySetOrIsRefusedWhereAServerDoesSo) {
  LimitedWorld world;
  world.make();
  ASSERT_THAT(world.lab.edit_config(kOurs, "features", "keyctl=1,nesting=1"), IsOk());
  const VmId copy(20080), another(20081);
  const pve::Parameters full{{"full", "1"}, {"pool", "gantry"}};
  world.lab.faults().clone_flags = CloneFlags::lost;
  EXPECT_EQ(world.outcome(*world.client, world.client->clone_guest(kNode, kOurs, copy, full)),
            "OK");
  EXPECT_EQ(world.lab.find_guest(copy)->config.at("features"), "nesting=1");
  world.lab.faults().clone_flags = CloneFlags::refused;
  EXPECT_THAT(world.run(world.client->clone_guest(kNode, kOurs, another, full)),
              Fails(ErrorClass::permission, HasSubstr("only allowed for root@pam")));
  EXPECT_FALSE(world.lab.find_guest(another).has_value());
}

TEST(Resize, GrowsAndNeverShrinks) {
  LimitedWorld world;
  world.make();
  auto& client = *world.client;
  EXPECT_EQ(world.outcome(client, client.resize_guest(kNode, kOurs, "rootfs", "8G")), "OK");
  EXPECT_THAT(world.lab.find_guest(kOurs)->config.at("rootfs"), HasSubstr("size=8G"));
  EXPECT_THAT(world.run(client.resize_guest(kNode, kOurs, "rootfs", "8G")), ::testing::Not(IsOk()));
  EXPECT_THAT(world.run(client.resize_guest(kNode, kOurs, "rootfs", "4G")), ::testing::Not(IsOk()));
}

TEST(Resources, AreTenSecondsBehindAndBeginWithUnknown) {
  LimitedWorld world;
  world.make();
  const auto first = world.run(world.client->resources());
  ASSERT_EQ(first->guests.size(), 1u);
  EXPECT_EQ(first->guests[0].status, "unknown");
  EXPECT_FALSE(first->guests[0].name.has_value());
  world.pass(10s);
  EXPECT_EQ(world.run(world.client->resources())->guests[0].status, "stopped");
  ASSERT_EQ(world.outcome(*world.client, world.client->start_guest(kNode, kOurs)), "OK");
  EXPECT_EQ(world.run(world.client->resources())->guests[0].status, "stopped");
  EXPECT_TRUE(world.run(world.client->guest_status(kNode, kOurs))->running);
  world.pass(10s);
  EXPECT_EQ(world.run(world.client->resources())->guests[0].status, "running");
}

TEST(Resources, LeaveOutGuestsInSilenceWhenThePrivilegeGoes) {
  LimitedWorld world;
  world.make();
  world.lab.set_privilege_masked("gantry@pve", "VM.Audit", true);
  const auto resources = world.run(world.client->resources());
  ASSERT_THAT(resources, IsOk());
  EXPECT_THAT(resources->guests, IsEmpty());
  EXPECT_FALSE(world.run(world.client->permissions())->at("/pool/gantry").contains("VM.Audit"));
}

TEST(Cluster, AGuestThatMovedIsMissingOnItsOldNode) {
  LimitedWorld world(cluster_of(3));
  world.make();
  ASSERT_THAT(world.lab.migrate_guest(kOurs, NodeName("pve2")), IsOk());
  EXPECT_THAT(world.run(world.client->guest_config(kNode, kOurs)),
              Fails(ErrorClass::not_found, HasSubstr("does not exist")));
  EXPECT_THAT(world.run(world.client->guest_config(NodeName("pve2"), kOurs)), IsOk());
  EXPECT_EQ(world.lab.volumes().front().node, NodeName("pve2"));
}

TEST(Cluster, ANodeThatIsDownDoesNotAnswerAndItsGuestsAreUnknown) {
  LimitedWorld world(cluster_of(2));
  world.make();
  world.pass(10s);
  ASSERT_THAT(world.run(world.lab.set_node_online(kNode, false)), IsOk());
  EXPECT_THAT(world.run(world.client->version()), Fails(ErrorClass::transport));
  const auto other = world.lab.client("gantry@pve!daemon", NodeName("pve2"));
  EXPECT_THAT(world.run(other->guest_config(kNode, kOurs)), Fails(ErrorClass::transport));
  EXPECT_EQ(world.run(other->resources())->guests.at(0).status, "unknown");
  const auto status = world.run(other->cluster_status());
  EXPECT_FALSE(status->members[0].online);
}

TEST(Cluster, WithoutQuorumNothingIsWritten) {
  LimitedWorld world(cluster_of(3));
  world.make();
  world.lab.set_quorate(false);
  EXPECT_FALSE(world.run(world.client->cluster_status())->quorate);
  EXPECT_THAT(world.run(world.client->create_guest(kNode, VmId(20090), world.parameters())),
              ::testing::Not(IsOk()));
  EXPECT_THAT(world.run(world.client->configure_guest(kNode, kOurs, {{"cores", "1"}}, {}, "")),
              ::testing::Not(IsOk()));
}

}  // namespace
}  // namespace gantry::lab

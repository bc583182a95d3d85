// Snapshots, clones, templates, backups and moved disks.
#include <gmock/gmock.h>

#include "pkg/base/testing.h"
#include "pkg/lab/testing_http.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;
using gantry::testing::IsOk;
using lab::testing::kId;
using lab::testing::kNode;
using lab::testing::small_container;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const VmId kCopy(101);

Options with_zfs() {
  auto options = single_node();
  StorageOptions zfs;
  zfs.id = StorageId("tank");
  zfs.type = "zfspool";
  zfs.content = {"rootdir", "images"};
  zfs.total = int64_t{100} << 30;
  auto thin = zfs;
  thin.id = StorageId("thin");
  thin.type = "lvmthin";
  options.storages.push_back(std::move(zfs));
  options.storages.push_back(std::move(thin));
  return options;
}

struct CopiesTest : ::testing::Test {
  void make(const std::string& storage, pve::Parameters more = {}) {
    auto parameters = small_container();
    parameters["rootfs"] = storage + ":4";
    parameters["description"] = "gantry:v1 uid=1";
    parameters.merge(more);
    ASSERT_EQ(world.outcome(*root, root->create_guest(kNode, kId, parameters)), "OK");
  }
  std::string post(const std::string& path, pve::Parameters parameters = {}) {
    return world.exit_of("POST", "/nodes/pve1/lxc/100" + path, parameters);
  }
  GuestRecord guest(VmId vmid = kId) { return *world.lab.find_guest(vmid); }
  std::string back_up() {
    EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/vzdump", {{"vmid", "100"}, {"compress", "zstd"}}),
              "OK");
    const auto rows =
        world.call("GET", "/nodes/pve1/storage/local/content", {{"content", "backup"}});
    EXPECT_EQ(rows.data.size(), 1u);
    return rows.data.as_array().at(0).string_or("volid", "");
  }

  lab::testing::HttpWorld world{with_zfs()};
  std::unique_ptr<pve::Client> root = world.lab.client(world.lab.root_token().id);
};

TEST_F(CopiesTest, ASnapshotBringsConfigAndFilesBack) {
  make("tank");
  ASSERT_EQ(post("/status/start"), "OK");
  world.backend.inside(kId)->files["/data"] = {"before", 0644, "root", "root"};
  ASSERT_EQ(post("/snapshot", {{"snapname", "s1"}, {"description", "good"}}), "OK");
  EXPECT_EQ(post("/snapshot", {{"snapname", "s1"}}), "snapshot name 's1' already used");
  EXPECT_EQ(post("/snapshot", {{"snapname", "current"}}),
            "500 unable to use snapshot name 'current' (reserved name)");
  world.backend.inside(kId)->files["/data"] = {"after", 0644, "root", "root"};
  ASSERT_THAT(world.run(root->configure_guest(kNode, kId, {{"memory", "777"}}, {}, "")), IsOk());
  auto rows = world.call("GET", "/nodes/pve1/lxc/100/snapshot").data;
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows.as_array()[0].string_or("description", ""), "good\n");
  EXPECT_EQ(rows.as_array()[1].string_or("parent", ""), "s1");
  EXPECT_EQ(
      world.call("GET", "/nodes/pve1/lxc/100/snapshot/s1/config").data.integer_or("memory", 0),
      256);
  EXPECT_EQ(world.call("GET", "/nodes/pve1/lxc/100/config", {{"snapshot", "s1"}})
                .data.integer_or("memory", 0),
            256);
  ASSERT_EQ(post("/snapshot/s1/rollback"), "OK");
  EXPECT_FALSE(guest().running);
  EXPECT_EQ(guest().config.at("memory"), "256");
  EXPECT_EQ(world.backend.inside(kId)->files.at("/data").content, "before");
  EXPECT_EQ(world.exit_of("DELETE", "/nodes/pve1/lxc/100/snapshot/s1"), "OK");
  EXPECT_EQ(post("/snapshot/s1/rollback"), "snapshot 's1' does not exist");
  EXPECT_FALSE(guest().config.contains("parent"));
}

TEST_F(CopiesTest, AKilledSnapshotLeavesItsLock) {
  make("thin");
  const auto begun = world.call("POST", "/nodes/pve1/lxc/100/snapshot", {{"snapname", "s1"}});
  world.pass(1s);
  ASSERT_TRUE(world.lab.kill_task(Upid(begun.data.as_string())));
  EXPECT_EQ(post("/status/start"), "CT is locked (snapshot)");
  (void)world.lab.set_lock(kId, "");
  const auto rows = world.call("GET", "/nodes/pve1/lxc/100/snapshot").data;
  EXPECT_EQ(rows.as_array()[0].string_or("snapstate", ""), "prepare");
  EXPECT_EQ(post("/snapshot/s1/rollback"),
            "unable to rollback to incomplete snapshot (snapstate = prepare)");
  EXPECT_EQ(world.exit_of("DELETE", "/nodes/pve1/lxc/100/snapshot/s1"), "OK");
}

// The notes are those of now, and with them the mark; ZFS goes back to the newest only.
TEST_F(CopiesTest, ARollbackKeepsTheNotesAndWhatCameSinceAsUnused) {
  make("tank");
  ASSERT_EQ(post("/snapshot", {{"snapname", "s1"}, {"description", "first"}}), "OK");
  ASSERT_THAT(world.run(root->configure_guest(
                  kNode, kId, {{"description", "changed"}, {"mp0", "tank:1,mp=/data"}}, {}, "")),
              IsOk());
  ASSERT_EQ(post("/snapshot", {{"snapname", "s2"}}), "OK");
  EXPECT_EQ(post("/snapshot/s1/rollback"),
            "can't rollback, 's1' is not most recent snapshot on 'tank:subvol-100-disk-1'");
  EXPECT_EQ(world.exit_of("DELETE", "/nodes/pve1/lxc/100/snapshot/s2"), "OK");
  ASSERT_EQ(post("/snapshot/s1/rollback"), "OK");
  EXPECT_EQ(guest().config.at("description"), "changed");
  EXPECT_FALSE(guest().config.contains("mp0"));
  EXPECT_EQ(guest().config.at("unused0"), "tank:subvol-100-disk-1");
}

TEST_F(CopiesTest, ATemplateIsClonedByLinksWhereItsStorageCan) {
  make("tank");
  EXPECT_EQ(world.call("POST", "/nodes/pve1/lxc/100/template").text, "200");
  world.pass(10s);
  EXPECT_EQ(guest().config.at("rootfs"), "tank:basevol-100-disk-0,size=4G");
  EXPECT_EQ(post("/status/start"), "you can't start a CT if it's a template");
  EXPECT_EQ(post("/clone", {{"newid", "101"}, {"storage", "local"}}),
            "500 parameter 'storage' not allowed for linked clones");
  EXPECT_EQ(post("/clone", {{"newid", "101"}}), "OK");
  EXPECT_EQ(guest(kCopy).config.at("rootfs"), "tank:basevol-100-disk-0/subvol-101-disk-0,size=4G");
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/lxc/101/status/start"), "OK");
  EXPECT_EQ(post("/clone", {{"newid", "102"}, {"full", "1"}, {"storage", "local"}}), "OK");
  EXPECT_EQ(guest(VmId(102)).config.at("rootfs"), "local:102/vm-102-disk-0.raw,size=4G");
  EXPECT_FALSE(guest(VmId(102)).config.contains("template"));
}

TEST_F(CopiesTest, ATemplateOnAFolderHasNoLinkedClones) {
  make("local");
  EXPECT_EQ(world.call("POST", "/nodes/pve1/lxc/100/template").text, "200");
  world.pass(10s);
  EXPECT_EQ(post("/clone", {{"newid", "101"}}),
            "500 Linked clone feature for 'local:100/base-100-disk-0.raw' is not available");
}

TEST_F(CopiesTest, WhileACloneRunsItsSourceIsLockedAndTheCopyHasTheConfigAlready) {
  make("local");
  const auto begun =
      world.call("POST", "/nodes/pve1/lxc/100/clone", {{"newid", "101"}, {"hostname", "copy"}});
  world.pass(1s);
  EXPECT_EQ(guest().config.at("lock"), "disk");
  EXPECT_EQ(guest(kCopy).config.at("lock"), "create");
  EXPECT_EQ(guest(kCopy).config.at("description"), "gantry:v1 uid=1");
  EXPECT_EQ(post("/clone", {{"newid", "102"}}), "500 CT is locked (disk)");
  EXPECT_EQ(world.wait(*root, Upid(begun.data.as_string())).exit_status, "OK");
  EXPECT_FALSE(guest().config.contains("lock"));
  EXPECT_FALSE(guest(kCopy).config.contains("lock"));
}

TEST_F(CopiesTest, ASnapshotOfARunningContainerCanBeCloned) {
  make("tank");
  ASSERT_EQ(post("/status/start"), "OK");
  ASSERT_EQ(post("/snapshot", {{"snapname", "s1"}}), "OK");
  EXPECT_EQ(post("/clone", {{"newid", "101"}}),
            "500 Full clone of a running container is only possible from a snapshot");
  EXPECT_EQ(post("/clone", {{"newid", "101"}, {"snapname", "nope"}}),
            "500 snapshot 'nope' does not exist");
  EXPECT_EQ(post("/clone", {{"newid", "101"}, {"snapname", "s1"}}), "OK");
  EXPECT_FALSE(guest(kCopy).config.contains("snaptime"));
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/lxc/101/status/start"), "OK");
}

TEST_F(CopiesTest, ABackupComesBackWithMarkTagsAndEmptyMountPoints) {
  make("local",
       {{"tags", "gantry"}, {"mp0", "local:1,mp=/data"}, {"mp1", "local:1,mp=/b,backup=1"}});
  const auto volid = back_up();
  EXPECT_THAT(world.last_log(),
              Contains("INFO: excluding volume mount point mp0 ('/data') from backup (disabled)"));
  EXPECT_THAT(world.last_log(), Contains("INFO: including mount point mp1 ('/b') in backup"));
  const pve::Parameters restore{{"vmid", "101"}, {"ostemplate", volid}, {"restore", "1"}};
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/lxc", restore), "OK");
  EXPECT_EQ(guest(kCopy).config.at("description"), "gantry:v1 uid=1");
  EXPECT_EQ(guest(kCopy).config.at("tags"), "gantry");
  EXPECT_EQ(guest(kCopy).config.at("net0"), guest().config.at("net0"));
  EXPECT_EQ(guest(kCopy).config.at("mp0"), "local:101/vm-101-disk-1.raw,mp=/data,size=1G");
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/lxc", restore),
            "500 CT 101 already exists on node 'pve1'");
  auto forced = restore;
  forced["force"] = "1";
  forced["unique"] = "1";
  forced["memory"] = "999";
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/lxc", forced), "OK");
  EXPECT_EQ(guest(kCopy).config.at("memory"), "999");
  EXPECT_NE(guest(kCopy).config.at("net0"), guest().config.at("net0"));
  EXPECT_THAT(world.lab.volumes(), SizeIs(6));  // nothing of the replaced one is left
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/lxc/101/status/start"), "OK");
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/lxc", forced),
            "500 can't overwrite running container");
}

TEST_F(CopiesTest, AFailedRestoreLeavesWhatWasThere) {
  make("local");
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/lxc",
                          {{"vmid", "100"},
                           {"ostemplate", "local:backup/vzdump-lxc-9-2026_01_01-00_00_00.tar.zst"},
                           {"restore", "1"},
                           {"force", "1"}}),
            "unable to restore CT 100 - volume "
            "'local:backup/vzdump-lxc-9-2026_01_01-00_00_00.tar.zst' does not exist");
  EXPECT_FALSE(guest().config.contains("lock"));
  EXPECT_EQ(post("/status/start"), "OK");
}

TEST_F(CopiesTest, ACancelledBackupLeavesItsLock) {
  make("local");
  const auto begun = world.call("POST", "/nodes/pve1/vzdump", {{"vmid", "100"}});
  world.pass(1s);
  const auto upid = begun.data.as_string();
  EXPECT_EQ(world.call("DELETE", "/nodes/pve1/tasks/" + upid).text, "200");
  world.pass(1s);
  EXPECT_EQ(guest().config.at("lock"), "backup");
  EXPECT_EQ(post("/status/start"), "CT is locked (backup)");
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/vzdump", {{"vmid", "100"}}), "job errors");
  EXPECT_THAT(world.last_log(), Contains("ERROR: Backup of VM 100 failed - CT is locked (backup)"));
}

TEST_F(CopiesTest, ABackupInStopModeStartsTheContainerAgain) {
  make("local");
  ASSERT_EQ(post("/status/start"), "OK");
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/vzdump", {{"vmid", "100"}, {"mode", "stop"}}), "OK");
  EXPECT_TRUE(guest().running);
  EXPECT_THAT(world.last_log(), Contains("INFO: restarting vm"));
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/vzdump", {{"vmid", "100"}, {"storage", "tank"}}),
            "can't use storage 'tank' for backups - wrong content type");
}

TEST_F(CopiesTest, AFullStorageFailsEveryCopyAndLeavesNothing) {
  make("local");
  const auto backup = back_up();
  world.lab.fill_storage(StorageId("local"), int64_t{1} << 50);
  world.lab.fill_storage(StorageId("tank"), int64_t{1} << 50);
  EXPECT_THAT(post("/clone", {{"newid", "101"}, {"full", "1"}}),
              ::testing::AllOf(::testing::StartsWith("clone failed: command 'rsync "),
                               ::testing::EndsWith("failed: exit code 11")));
  EXPECT_THAT(world.last_log(), Contains(HasSubstr("No space left on device")));
  EXPECT_FALSE(guest().config.contains("lock"));
  EXPECT_THAT(post("/move_volume", {{"volume", "rootfs"}, {"storage", "tank"}}),
              HasSubstr("failed: exit code 11"));
  EXPECT_FALSE(guest().config.contains("lock"));
  EXPECT_THAT(world.exit_of("POST", "/nodes/pve1/lxc",
                            {{"vmid", "102"}, {"ostemplate", backup}, {"restore", "1"}}),
              HasSubstr("No space left on device"));
  world.pass(1s);
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/vzdump", {{"vmid", "100"}, {"compress", "zstd"}}),
            "job errors");
  EXPECT_FALSE(guest().config.contains("lock"));
  EXPECT_EQ(world.lab.guest_count(), 1u);
  EXPECT_THAT(world.lab.volumes(), SizeIs(1));
}

TEST_F(CopiesTest, AProtectedBackupIsNotRemoved) {
  make("local");
  const auto path = "/nodes/pve1/storage/local/content/" + back_up();
  EXPECT_EQ(world.call("PUT", path, {{"protected", "1"}, {"notes", "keep"}}).text, "200");
  EXPECT_THAT(world.exit_of("DELETE", path), HasSubstr("cannot remove protected archive"));
  EXPECT_EQ(world.call("GET", path).data.string_or("notes", ""), "keep");
  EXPECT_EQ(world.call("PUT", path, {{"protected", "0"}}).text, "200");
  EXPECT_EQ(world.exit_of("DELETE", path), "OK");
  EXPECT_EQ(
      world.call("GET", "/nodes/pve1/storage/local/content", {{"content", "backup"}}).data.size(),
      0u);
}

TEST_F(CopiesTest, ARemovedMountPointStaysUnusedUntilItIsRemovedAgain) {
  make("local", {{"mp0", "local:1,mp=/data"}});
  const auto put = [&](pve::Parameters parameters) {
    return world.call("PUT", "/nodes/pve1/lxc/100/config", parameters).text;
  };
  EXPECT_EQ(put({{"protection", "1"}}), "200");
  EXPECT_EQ(put({{"delete", "mp0"}}),
            "500 can't remove CT 100 drive 'mp0' - protection mode enabled");
  EXPECT_EQ(put({{"delete", "protection"}}), "200");
  ASSERT_EQ(post("/status/start"), "OK");
  EXPECT_EQ(put({{"delete", "mp0"}}), "200");
  EXPECT_TRUE(guest().config.contains("mp0"));
  ASSERT_EQ(post("/status/reboot"), "OK");
  EXPECT_EQ(guest().config.at("unused0"), "local:100/vm-100-disk-1.raw");
  EXPECT_THAT(world.lab.volumes(), SizeIs(2));
  EXPECT_EQ(put({{"mp1", "local:100/vm-100-disk-1.raw,mp=/data"}}), "200");
  EXPECT_FALSE(guest().config.contains("unused0")) << "it is mounted again";
  EXPECT_EQ(put({{"delete", "mp1"}}), "200");
  ASSERT_EQ(post("/status/reboot"), "OK");
  EXPECT_EQ(put({{"delete", "unused0"}}), "200");
  EXPECT_THAT(world.lab.volumes(), SizeIs(1));
}

TEST_F(CopiesTest, AMovedDiskStaysUnusedUnlessItIsToGo) {
  make("local");
  EXPECT_EQ(post("/move_volume", {{"volume", "rootfs"}, {"storage", "tank"}}), "OK");
  EXPECT_EQ(guest().config.at("rootfs"), "tank:subvol-100-disk-0,size=4G");
  EXPECT_EQ(guest().config.at("unused0"), "local:100/vm-100-disk-0.raw");
  ASSERT_EQ(post("/status/start"), "OK");
  EXPECT_EQ(post("/move_volume", {{"volume", "rootfs"}, {"storage", "local"}}),
            "500 cannot move volumes of a running container");
  ASSERT_EQ(post("/status/stop"), "OK");
  EXPECT_EQ(post("/move_volume", {{"volume", "rootfs"}, {"storage", "local"}, {"delete", "1"}}),
            "OK");
  EXPECT_THAT(world.lab.volumes(), SizeIs(2));
  EXPECT_EQ(world.exit_of("DELETE", "/nodes/pve1/lxc/100"), "OK");
  EXPECT_THAT(world.lab.volumes(), SizeIs(0));
}

// Unverified: as in PVE/API2/LXC.pm.
TEST_F(CopiesTest, AVolumeGoesToAnotherContainerWithWhatIsInIt) {
  make("local", {{"mp0", "local:1,mp=/data,backup=1"}});
  auto parameters = small_container();
  ASSERT_EQ(world.outcome(*root, root->create_guest(kNode, kCopy, parameters)), "OK");
  world.backend.inside(kId)->files["/data/page"].content = "kept";
  ASSERT_EQ(post("/status/start"), "OK");
  const auto give = [&](pve::Parameters more = {}) {
    pve::Parameters all{{"volume", "mp0"}, {"target-vmid", "101"}};
    more.merge(all);
    return post("/move_volume", more);
  };
  EXPECT_EQ(give(),
            "500 Cannot move in-use volume while the source CT is running - detach or "
            "shutdown first");
  ASSERT_EQ(post("/status/stop"), "OK");
  EXPECT_EQ(give({{"volume", "mp3"}}), "500 volume 'mp3' for container '100' does not exist");
  EXPECT_EQ(give({{"target-volume", "rootfs"}}),
            "500 Target volume key 'rootfs' is already in use for container '101'");
  EXPECT_THAT(give({{"target-vmid", "100"}}), ::testing::StartsWith("400"));
  EXPECT_THAT(give({{"storage", "tank"}}), ::testing::StartsWith("400"));
  EXPECT_EQ(give({{"target-vmid", "109"}}),
            "500 Configuration file 'nodes/pve1/lxc/109.conf' does not exist");
  EXPECT_EQ(give({{"target-digest", std::string(40, '0')}}),
            "500 Container 101: detected modified configuration - file changed by other user? Try "
            "again.");
  EXPECT_EQ(give({{"target-volume", "mp2"}}), "OK");
  EXPECT_FALSE(guest().config.contains("mp0"));
  EXPECT_EQ(guest(kCopy).config.at("mp2"), "local:101/vm-101-disk-1.raw,mp=/data,backup=1,size=1G");
  EXPECT_EQ(world.backend.inside(kCopy)->files.at("/data/page").content, "kept");
  EXPECT_FALSE(world.backend.inside(kId)->files.contains("/data/page"));
  // What its first owner takes along is no longer its.
  EXPECT_EQ(world.exit_of("DELETE", "/nodes/pve1/lxc/100"), "OK");
  EXPECT_THAT(world.lab.volumes(), SizeIs(2));
}

TEST_F(CopiesTest, AVolumeThatASnapshotHoldsStaysWhereItIs) {
  make("thin", {{"mp0", "thin:1,mp=/data"}});
  ASSERT_EQ(world.outcome(*root, root->create_guest(kNode, kCopy, small_container())), "OK");
  ASSERT_EQ(post("/snapshot", {{"snapname", "before"}}), "OK");
  EXPECT_EQ(post("/move_volume", {{"volume", "mp0"}, {"target-vmid", "101"}}),
            "500 Cannot move volume used by a snapshot to another container");
  ASSERT_EQ(world.exit_of("DELETE", "/nodes/pve1/lxc/100/snapshot/before"), "OK");
  EXPECT_EQ(post("/move_volume", {{"volume", "mp0"}, {"target-vmid", "101"}}), "OK");
  EXPECT_EQ(guest(kCopy).config.at("mp0"), "thin:vm-101-disk-0,mp=/data,size=1G");
}

}  // namespace
}  // namespace gantry::lab

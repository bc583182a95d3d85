// Snapshots: the data of a container is kept aside before another revision goes out.
#include "pkg/schema/json.h"
#include "tests/sim/objects.h"
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

WorldOptions on(const std::string& tank) {
  WorldOptions options;
  options.nodes = 1;
  options.tank = tank;
  options.cluster = [](api::v1alpha1::ProxmoxClusterSpec& spec) {
    spec.command_channel.emplace();
    spec.command_channel->ssh.secret_ref = spec.credentials.secret_ref;
  };
  return options;
}

class SnapshotStory : public Story {
 protected:
  SnapshotStory() : SnapshotStory("lvmthin") {}
  explicit SnapshotStory(const std::string& tank) : Story(on(tank)) {}

  static std::function<void(Json&)> with_page(const std::string& page) {
    return [page](Json& spec) {
      auto& files = spec.member("workload").member("service").member("files");
      files.as_array().front().set("content", page);
    };
  }
  void start(int replicas = 1, const std::string& storage = "tank") {
    world.create_app("web", replicas, "page 1\n", [&](Json& spec) {
      spec.set("volumes", schema::parse_yaml("[{name: data, path: /srv/data, size: 1Gi, "
                                             "storageSelector: 'storage.name == \"" +
                                             storage + "\"'}]")
                              ->front()
                              .value);
      spec.member("update").set("bakeSeconds", 5);
      spec.member("health").set("startupSeconds", 20);
    });
    ASSERT_TRUE(wait_until([&] { return runs("page 1\n", replicas); }));
  }
  void update(const std::string& page) { world.edit_app("web", with_page(page)); }
  std::string page(int ordinal = 0) {
    const auto vmid = world.vmid_of("web-" + std::to_string(ordinal));
    const auto* system = vmid.has_value() ? world.backend.inside(*vmid) : nullptr;
    if (system == nullptr || !system->files.contains(kPagePath)) return "";
    return system->files.at(kPagePath).content;
  }
  // Every container has it, and the App is Ready.
  bool runs(const std::string& wanted, int replicas = 1) {
    for (int ordinal = 0; ordinal < replicas; ++ordinal)
      if (page(ordinal) != wanted) return false;
    return condition("Ready", "status") == "True";
  }
  VmId vmid(int ordinal = 0) { return *world.vmid_of("web-" + std::to_string(ordinal)); }
  // Names of the snapshots that Proxmox has of it, oldest first.
  std::vector<std::string> snapshots(VmId vmid) {
    std::vector<std::string> names;
    world.perform([&]() -> Async<Status> {
      const auto client = world.root();
      const NodeName node("pve1");
      const auto all = co_await client->snapshots(node, vmid);
      if (all.ok())
        for (const auto& each : *all) names.push_back(each.name);
      co_return all.status();
    });
    return names;
  }
  Json app() {
    const auto apps = world.objects("apps.gantry.dev");
    return apps.empty() ? Json::object() : apps.front();
  }
  std::string condition(const std::string& type, const std::string& field) {
    const auto object = app();
    const auto* conditions = object.find_path({"status", "conditions"});
    if (conditions == nullptr) return "";
    for (const auto& each : conditions->as_array())
      if (each.string_or("type", "") == type) return each.string_or(field, "");
    return "";
  }
  // What the App tells of the data that its `revision`-th revision has left.
  std::vector<Json> records(size_t revision) {
    const auto object = app();
    const auto* revisions = object.find_path({"status", "revisions"});
    if (revisions == nullptr || revisions->size() < revision) return {};
    const auto* all = revisions->as_array()[revision - 1].find("snapshots");
    return all == nullptr ? std::vector<Json>() : all->as_array();
  }
  void person_takes(const std::string& name) {
    const auto path = "/nodes/pve1/lxc/" + std::to_string(vmid().get()) + "/snapshot";
    world.by_root("POST", path, {{"snapname", name}});
    world.run_for(10s);
  }
};

TEST_F(SnapshotStory, IsTakenBeforeAnotherRevisionGoesOut) {
  start();
  const auto ready = reason("web-0", "Ready");
  update("page 2\n");
  ASSERT_TRUE(wait_until([&] { return !snapshots(vmid()).empty(); }));
  EXPECT_EQ(page(), "page 1\n");
  EXPECT_EQ(reason("web-0", "Ready"), ready);
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
  const auto taken = snapshots(vmid());
  ASSERT_THAT(taken, ElementsAre(StartsWith("gantry-r1-")));
  ASSERT_THAT(records(1), SizeIs(1));
  EXPECT_EQ(records(1)[0].string_or("name", ""), taken[0]);
  EXPECT_EQ(records(1)[0].string_or("machine", ""), "web-0");
  EXPECT_NE(records(1)[0].string_or("createdAt", ""), "");
}

TEST_F(SnapshotStory, EachContainerHasItsOwnWhenItsTurnComes) {
  start(2);
  update("page 2\n");
  ASSERT_TRUE(wait_until([&] { return page(0) == "page 2\n" || page(1) == "page 2\n"; }));
  EXPECT_EQ(snapshots(vmid(0)).size() + snapshots(vmid(1)).size(), 1u);
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n", 2); }));
  EXPECT_THAT(snapshots(vmid(0)), SizeIs(1));
  EXPECT_THAT(snapshots(vmid(1)), SizeIs(1));
  EXPECT_THAT(records(1), SizeIs(2));
}

TEST_F(SnapshotStory, OfAllAtOnceBeforeARecreate) {
  start(2);
  world.edit_app("web", [](Json& spec) {
    with_page("page 2\n")(spec);
    spec.member("update").set("strategy", "Recreate");
  });
  ASSERT_TRUE(wait_until([&] { return page(0) == "page 2\n" || page(1) == "page 2\n"; }));
  EXPECT_THAT(snapshots(vmid(0)), SizeIs(1));
  EXPECT_THAT(snapshots(vmid(1)), SizeIs(1));
}

// A folder of raw images cannot: that is an answer, and the update goes out.
TEST_F(SnapshotStory, AStorageThatCannotIsTold) {
  start(1, "local");
  update("page 2\n");
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
  EXPECT_EQ(count_written("POST", "/snapshot"), 0u);
  ASSERT_THAT(records(1), SizeIs(1));
  EXPECT_FALSE(records(1)[0].find("name"));
  EXPECT_EQ(records(1)[0].string_or("message", ""), "one of the storages local, tank cannot");
}

TEST_F(SnapshotStory, WhoWantsNoneGetsNone) {
  start();
  world.edit_app("web", [](Json& spec) {
    with_page("page 2\n")(spec);
    spec.member("update").set("snapshot", "Never");
  });
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
  EXPECT_EQ(count_written("POST", "/snapshot"), 0u);
}

// The worker dies and leaves `lock: snapshot`: what runs goes on, a person is asked, and once the
// lock is off it is made anew.
TEST_F(SnapshotStory, ThatDiesHoldsTheUpdateAndSaysSo) {
  start();
  world.lab->faults().next_task(lab::TaskFault::kill, "vzsnapshot");
  update("page 2\n");
  ASSERT_TRUE(wait_until([&] { return setting(vmid(), "lock") == "snapshot"; }));
  world.run_for(9min);
  EXPECT_EQ(condition("Stalled", "status"), "False");
  ASSERT_TRUE(wait_until([&] { return condition("Stalled", "status") == "True"; }));
  EXPECT_THAT(condition("Ready", "message"), HasSubstr("its data is kept aside first"));
  ASSERT_TRUE(wait_until([&] { return reason("web-0", "Stalled") == "True StaleLock"; }));
  EXPECT_EQ(page(), "page 1\n");
  EXPECT_EQ(count_written("POST", "/snapshot"), 1u);
  (void)world.lab->set_lock(vmid(), "");
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
  EXPECT_THAT(snapshots(vmid()), ElementsAre(StartsWith("gantry-r1-")));
}

TEST_F(SnapshotStory, ThatFailsIsTakenAgain) {
  start();
  world.lab->faults().next_task(lab::TaskFault::fail, "vzsnapshot", 2);
  update("page 2\n");
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
  EXPECT_EQ(count_written("POST", "/snapshot"), 3u);
  EXPECT_THAT(snapshots(vmid()), SizeIs(1));
}

TEST_F(SnapshotStory, ALostAnswerMakesNoSecondOne) {
  start();
  world.lab->faults().next_request(lab::RequestFault::lose_answer, "POST", "/snapshot");
  update("page 2\n");
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
  EXPECT_EQ(count_written("POST", "/snapshot"), 1u);
  EXPECT_THAT(snapshots(vmid()), SizeIs(1));
}

TEST_F(SnapshotStory, KillsAnywhereMakeNoSecondOneAndLoseNone) {
  start();
  update("page 2\n");
  for (uint64_t kill = 0; kill < 30; ++kill) {
    if (kill % 4 == 0) world.kill_at_next_write("POST", "/snapshot");
    world.host(0).kill_after(29 * kill + 20);
    world.run_for(2s);
    world.host(0).spare();
    world.spare_daemons();
    if (!world.daemon_runs()) world.start_daemon();
  }
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
  EXPECT_THAT(snapshots(vmid()), ElementsAre(StartsWith("gantry-r1-")));
  ASSERT_THAT(records(1), SizeIs(1));
  EXPECT_EQ(records(1)[0].string_or("name", ""), snapshots(vmid())[0]);
}

// Three are kept; what a person has made stays, whatever it is called.
TEST_F(SnapshotStory, TheOldestGoAndAPersonsStay) {
  start();
  person_takes("before-my-change");
  person_takes("gantry-mine");
  for (int number = 2; number <= 6; ++number) {
    const auto wanted = "page " + std::to_string(number) + "\n";
    update(wanted);
    ASSERT_TRUE(wait_until([&] { return runs(wanted); }));
  }
  ASSERT_TRUE(wait_until([&] { return snapshots(vmid()).size() == 5; }));
  EXPECT_THAT(snapshots(vmid()),
              ElementsAre("before-my-change", "gantry-mine", StartsWith("gantry-r3-"),
                          StartsWith("gantry-r4-"), StartsWith("gantry-r5-")));
  EXPECT_EQ(records(1)[0].string_or("message", ""), "kept no more");
  EXPECT_EQ(records(5)[0].string_or("message", ""), "");
  world.run_for(10min);
  EXPECT_THAT(snapshots(vmid()), SizeIs(5));
}

TEST_F(SnapshotStory, OneThatAPersonRemovedIsNotTakenAgain) {
  start();
  update("page 2\n");
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
  const auto path =
      "/nodes/pve1/lxc/" + std::to_string(vmid().get()) + "/snapshot/" + snapshots(vmid())[0];
  world.by_root("DELETE", path);
  world.run_for(10min);
  EXPECT_THAT(snapshots(vmid()), IsEmpty());
  EXPECT_NE(records(1)[0].string_or("message", ""), "");
}

// They go with their container.
TEST_F(SnapshotStory, AContainerWithSnapshotsGoesAsAnyOther) {
  start();
  update("page 2\n");
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
  world.edit_app("web", [](Json& spec) { spec.member("deletion").set("volumes", "Delete"); });
  world.delete_app("web");
  EXPECT_TRUE(wait_until([&] { return world.objects("apps.gantry.dev").empty(); }));
  EXPECT_THAT(world.leaks(), IsEmpty());
}

}  // namespace
}  // namespace gantry::sim

// Volumes: made once, grown, mounted again, and never replaced by an empty one.
#include "pkg/schema/json.h"
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

using ::testing::HasSubstr;

class VolumeStory : public Story {
 protected:
  static std::function<void(Json&)> with_data(const std::string& size = "8Gi",
                                              const std::string& on_deletion = "Retain") {
    return [size, on_deletion](Json& spec) {
      spec.set("volumes", schema::parse_yaml("[{name: data, path: /srv/data, size: " + size +
                                             ", storageSelector: 'storage.name == \"local\"'}]")
                              ->front()
                              .value);
      spec.member("deletion").set("volumes", on_deletion);
    };
  }
  bool runs() {
    const auto vmid = world.vmid_of("web-0");
    const auto guest = vmid.has_value() ? world.lab->find_guest(*vmid) : std::nullopt;
    return guest.has_value() && guest->running;
  }
  void expect_left(VmId vmid) {
    const auto guest = world.lab->find_guest(vmid);
    ASSERT_TRUE(guest.has_value());
    EXPECT_FALSE(guest->running);
    EXPECT_THAT(setting(vmid, "mp0"), HasSubstr("mp=/srv/data"));
  }
  VmId start() {
    world.create_app("web", 1, "page", with_data());
    EXPECT_TRUE(wait_until([&] { return runs(); }));
    return *world.vmid_of("web-0");
  }
};

TEST_F(VolumeStory, IsThereBeforeTheContainerStarts) {
  const auto vmid = start();
  EXPECT_THAT(setting(vmid, "mp0"), HasSubstr("mp=/srv/data,backup=1,size=8G"));
  EXPECT_EQ(count_written("PUT", "/config"), 1u + 1u);  // the tags, then the volume
}

// Killed at each of its writes, and wherever else: one volume, and never two.
TEST_F(VolumeStory, IsMadeOnceWhateverIsKilled) {
  world.create_app("web", 1, "page", with_data());
  for (uint64_t kill = 0; kill < 30; ++kill) {
    if (kill % 3 == 0) world.kill_at_next_write("PUT", "/config");
    world.host(0).kill_after(41 * kill + 30);
    world.run_for(2s);
    world.host(0).spare();
    world.spare_daemons();
    if (!world.daemon_runs()) world.start_daemon();
  }
  EXPECT_TRUE(wait_until([&] { return runs(); }));
  const auto vmid = *world.vmid_of("web-0");
  EXPECT_NE(setting(vmid, "mp0"), "");
  EXPECT_EQ(setting(vmid, "mp1"), "");
  EXPECT_EQ(setting(vmid, "unused0"), "");
}

TEST_F(VolumeStory, GrowsWhileItIsUsed) {
  const auto vmid = start();
  world.run_for(1min);
  world.edit_app("web", with_data("12Gi"));
  EXPECT_TRUE(
      wait_until([&] { return setting(vmid, "mp0").find("size=12G") != std::string::npos; }));
  EXPECT_TRUE(runs());
}

TEST_F(VolumeStory, ThatAPersonDetachedIsMountedAgain) {
  const auto vmid = start();
  world.run_for(1min);
  const auto before = setting(vmid, "mp0");
  const auto volid = before.substr(0, before.find(','));
  (void)world.lab->edit_config(vmid, "mp0", "");
  (void)world.lab->edit_config(vmid, "unused0", volid);
  EXPECT_TRUE(wait_until([&] { return setting(vmid, "mp0").starts_with(volid); }));
}

TEST_F(VolumeStory, ThatIsGoneIsNotReplacedByAnEmptyOne) {
  const auto vmid = start();
  world.run_for(1min);
  (void)world.lab->edit_config(vmid, "mp0", "");
  EXPECT_TRUE(wait_until([&] { return reason("web-0", "Held") == "True VolumeMissing"; }));
  world.run_for(30min);
  EXPECT_EQ(setting(vmid, "mp0"), "");
}

TEST_F(VolumeStory, AContainerGoneWithItsDataIsNotMadeAnewEmpty) {
  const auto vmid = start();
  world.run_for(1min);
  by_root([vmid](lab::Lab& lab) { return lab.destroy_guest(vmid); });
  EXPECT_TRUE(wait_until([&] { return reason("web-0", "Held") == "True VolumesLost"; }));
  EXPECT_THAT(message("web-0", "Held"), HasSubstr("delete the Machine to begin with empty ones"));
  world.run_for(30min);
  EXPECT_EQ(world.lab->guest_count(), 0u);
}

TEST_F(VolumeStory, OutlivesItsApp) {
  const auto vmid = start();
  world.run_for(1min);
  world.delete_app("web");
  EXPECT_TRUE(wait_until([&] { return world.objects("apps.gantry.dev").empty(); }));
  expect_left(vmid);
  EXPECT_TRUE(world.objects("machines.gantry.dev").empty());
}

TEST_F(VolumeStory, GoesWithItsAppWhenThatIsAskedFor) {
  start();
  world.run_for(1min);
  world.edit_app("web", with_data("8Gi", "Delete"));
  world.delete_app("web");
  EXPECT_TRUE(wait_until([&] { return world.objects("apps.gantry.dev").empty(); }));
  EXPECT_EQ(world.lab->guest_count(), 0u);
  EXPECT_THAT(world.leaks(), IsEmpty());
}

// Argo CD deletes so: the garbage collector is faster than the App's own controller.
TEST_F(VolumeStory, OutlivesItsAppThatIsDeletedInTheForeground) {
  const auto vmid = start();
  world.run_for(1min);
  world.delete_app("web", store::Dependents::foreground);
  EXPECT_TRUE(wait_until([&] { return world.objects("apps.gantry.dev").empty(); }));
  expect_left(vmid);
}

TEST_F(VolumeStory, OutlivesItsAppThatIsTornOut) {
  const auto vmid = start();
  world.run_for(1min);
  world.kill_daemon();
  world.delete_app("web");
  world.strip_app("web");
  world.start_daemon();
  EXPECT_TRUE(wait_until([&] { return world.objects("machines.gantry.dev").empty(); }));
  expect_left(vmid);
}

TEST_F(VolumeStory, OutlivesItsMachineAndTheNextBeginsWithAnEmptyOne) {
  const auto vmid = start();
  world.run_for(1min);
  world.delete_machine("web-0");
  EXPECT_TRUE(wait_until([&] { return runs() && world.vmid_of("web-0") != vmid; }));
  expect_left(vmid);
}

// A start whose answer was lost ends between the look at the container and the look at its tasks:
// what is left does not run.
TEST_F(VolumeStory, IsLeftStoppedHoweverAStartAndTheDeletionMeet) {
  world.create_app("web", 1, "page", with_data("1Gi"));
  ASSERT_TRUE(wait_until([&] { return runs(); }));
  auto& faults = world.lab->faults();
  for (int round = 0; round < 20; ++round) {
    const auto vmid = *world.vmid_of("web-0");
    faults.latency_min = 200ms;
    faults.latency_max = 2s;
    faults.slow_max = 20s;
    faults.next_task(lab::TaskFault::slow, "vzstart");
    faults.next_request(lab::RequestFault::lose_answer, "POST", "/status/start");
    const auto started = count_written("POST", "/status/start");
    world.perform([&] { return world.lab->stop_guest(vmid); });
    ASSERT_TRUE(wait_until([&] { return count_written("POST", "/status/start") > started; }));
    world.delete_machine("web-0");
    ASSERT_TRUE(wait_until([&] { return world.vmid_of("web-0") != vmid; }));
    faults.clear();
    ASSERT_TRUE(wait_until([&] { return runs() && world.vmid_of("web-0") != vmid; }));
    expect_left(vmid);
  }
}

TEST_F(VolumeStory, GoesInTheForegroundToo) {
  start();
  world.run_for(1min);
  world.edit_app("web", with_data("8Gi", "Delete"));
  world.run_for(1min);
  world.delete_app("web", store::Dependents::foreground);
  EXPECT_TRUE(wait_until([&] { return world.objects("apps.gantry.dev").empty(); }));
  EXPECT_EQ(world.lab->guest_count(), 0u);
}

}  // namespace
}  // namespace gantry::sim

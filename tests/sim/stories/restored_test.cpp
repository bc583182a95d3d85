// Yesterday's database is restored: what was made since is in the cluster, and not in it.
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

using ::testing::HasSubstr;

class Restored : public Story {
 protected:
  std::string cluster_reason() {
    const auto cluster = world.objects("proxmoxclusters.gantry.dev").front();
    for (const auto& condition : cluster.find_path({"status", "conditions"})->as_array()) {
      if (condition.string_or("type", "") == "Ready") return condition.string_or("reason", "");
    }
    return "absent";
  }
  // A time in which nothing is written.
  void expect_fenced(Duration duration) {
    world.run_for(20s);
    const auto writes = world.writes();
    const auto guests = world.lab->guest_count();
    world.run_for(duration);
    EXPECT_EQ(world.writes(), writes);
    EXPECT_EQ(world.lab->guest_count(), guests);
    EXPECT_EQ(cluster_reason(), "DatabaseRestored");
  }
};

TEST_F(Restored, TheDaemonFencesItselfInsteadOfActingOnNewerGuests) {
  ready("kept");
  ready("gone");
  const auto yesterday = world.disk.snapshot();
  world.delete_machine("gone");
  world.run_for(3min);
  ready("new");
  const auto today = world.disk.snapshot();
  world.kill_daemon();
  world.restore_database(yesterday);
  world.start_daemon();
  // By that database "gone" is wanted, and the next id is free.
  world.create_machine("another");
  expect_fenced(30min);
  EXPECT_EQ(reason("gone", "Ready"), "Unknown Unknown");
  EXPECT_THAT(message("gone", "Ready"), HasSubstr("made after this database was saved"));
  EXPECT_THAT(message("another", "Held"), HasSubstr("DatabaseRestored"));
  // The right one comes back.
  world.kill_daemon();
  world.restore_database(today);
  world.start_daemon();
  world.run_for(5min);
  world.see_what_users_have();
  EXPECT_EQ(cluster_reason(), "Observed");
  EXPECT_EQ(world.lab->guest_count(), 2u);
}

TEST_F(Restored, UnderARunningDaemonItIsTheSame) {
  ready("kept");
  const auto yesterday = world.disk.snapshot();
  ready("new");
  world.restore_database(yesterday);
  world.delete_machine("kept");
  expect_fenced(20min);
}

// Its numbers go on where the older one's have got to meanwhile; what they stand for does not.
TEST_F(Restored, TheRightOneIsNoticedWhenItComesBackUnderARunningDaemon) {
  const auto vmid = ready("kept");
  const auto yesterday = world.disk.snapshot();
  ready("new");
  world.run_for(30min);
  const auto today = world.disk.snapshot();
  world.restore_database(yesterday);
  world.run_for(10s);
  world.delete_machine("kept");
  expect_fenced(5min);
  ASSERT_LT(world.disk.image.revision, today.revision);
  world.restore_database(today);
  world.run_for(10min);
  EXPECT_TRUE(world.lab->find_guest(vmid)->running);
  EXPECT_EQ(cluster_reason(), "Observed");
  EXPECT_EQ(reason("kept", "Ready"), "True Running");
  EXPECT_EQ(world.lab->guest_count(), 2u);
}

// A destroy that was under way takes the witness away; the database is no younger for that.
TEST_F(Restored, AWitnessThatGoesTakesNothingBack) {
  ready("kept");
  ready("gone");
  const auto yesterday = world.disk.snapshot();
  world.delete_machine("gone");
  world.run_for(3min);
  const auto newer = ready("new");
  world.kill_daemon();
  world.restore_database(yesterday);
  world.start_daemon();
  expect_fenced(1min);
  by_root([newer](lab::Lab& lab) { return lab.destroy_guest(newer); });
  expect_fenced(20min);
  EXPECT_EQ(world.lab->guest_count(), 1u) << "what was deleted is not made again";
}

TEST_F(Restored, WhoTakesTheMarkOffGivesTheNewerOnesUp) {
  ready("kept");
  const auto yesterday = world.disk.snapshot();
  const auto newer = ready("new");
  world.kill_daemon();
  world.restore_database(yesterday);
  world.start_daemon();
  expect_fenced(5min);
  (void)world.lab->edit_config(newer, "description", "Anna's now");
  (void)world.lab->edit_config(newer, "tags", "");
  world.create_machine("another");
  world.run_for(5min);
  EXPECT_EQ(cluster_reason(), "Observed");
  EXPECT_NE(world.vmid_of("another"), newer);
  EXPECT_EQ(reason("another", "Ready"), "True Running");
}

TEST_F(Restored, AContainerThatWasMadeAgainSinceIsNotTouched) {
  const auto vmid = ready("web");
  ready("db");
  const auto yesterday = world.disk.snapshot();
  by_root([vmid](lab::Lab& lab) { return lab.destroy_guest(vmid); });
  world.run_for(3min);
  ASSERT_THAT(world.unmet(), IsEmpty());
  world.kill_daemon();
  world.restore_database(yesterday);
  world.start_daemon();
  world.delete_machine("web");
  const auto writes = world.writes();
  world.run_for(10min);
  EXPECT_EQ(world.writes(), writes);
  EXPECT_TRUE(world.lab->find_guest(vmid)->running);
  EXPECT_EQ(reason("web", "Held"), "True DatabaseRestored");
}

}  // namespace
}  // namespace gantry::sim

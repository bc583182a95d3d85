// A person's container becomes ours; nothing else is ever made in its place.
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

using lab::RequestFault;
using ::testing::StartsWith;

class Adoption : public Story {
 protected:
  static constexpr int kId = 300;
  static constexpr const char* kReads = "/lxc/300/";

  // A person has made a container in our pool, and a Machine is to take it over.
  void make_by_hand() {
    world.by_root("POST", "/nodes/pve1/lxc",
                  {{"vmid", "300"},
                   {"ostemplate", "local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst"},
                   {"rootfs", "local:8"},
                   {"unprivileged", "1"},
                   {"pool", "gantry"}});
    world.run_for(1min);
    world.create_machine("web", [](Json& spec) { spec.member("adoption").set("vmid", kId); });
    ASSERT_TRUE(wait_until([this] { return reason("web", "Held") == "True AdoptionUnproven"; }));
  }
  // The line that he is asked for stands in its notes, and its row has just been written.
  void hand_over() {
    make_by_hand();
    const auto text = message("web", "Held");
    (void)world.lab->edit_config(VmId(kId), "description", text.substr(text.find("gantry:v1")));
    ASSERT_TRUE(wait_until([this] { return !world.disk.image.guests.empty(); }));
  }
  size_t creates() { return count_written("POST", "/lxc"); }
};

TEST_F(Adoption, TakesItOverAsItIs) {
  hand_over();
  world.run_for(5min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_EQ(world.vmid_of("web"), VmId(kId));
  EXPECT_TRUE(world.lab->find_guest(VmId(kId))->running);
  EXPECT_EQ(creates(), 0u);
}

TEST_F(Adoption, OfWhatCannotBeReadForAWhileMakesNoOtherInItsPlace) {
  hand_over();
  world.lab->faults().next_request(RequestFault::error_500, "GET", kReads, 100000);
  world.run_for(10min);
  EXPECT_THAT(reason("web", "Ready"), StartsWith("Unknown"));
  world.lab->faults().clear();
  world.run_for(2min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_EQ(world.vmid_of("web"), VmId(kId));
  EXPECT_EQ(creates(), 0u);
}

TEST_F(Adoption, OfWhatCannotBeReadIsNotGivenUpWithItsMachine) {
  hand_over();
  world.lab->faults().next_request(RequestFault::error_500, "GET", kReads, 100000);
  world.delete_machine("web");
  world.run_for(10min);
  EXPECT_TRUE(world.machine("web").has_value());
  world.lab->faults().clear();
  world.run_for(3min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_THAT(world.leaks(), IsEmpty());
}

TEST_F(Adoption, OfWhatIsDestroyedLaterIsHeld) {
  hand_over();
  world.run_for(5min);
  by_root([](lab::Lab& lab) { return lab.destroy_guest(VmId(kId)); });
  world.run_for(10min);
  EXPECT_EQ(reason("web", "Held"), "True AdoptedGone");
  EXPECT_EQ(creates(), 0u);
  world.delete_machine("web");
  world.run_for(2min);
  EXPECT_FALSE(world.machine("web").has_value());
  EXPECT_THAT(world.leaks(), IsEmpty());
}

}  // namespace
}  // namespace gantry::sim

// Identity is our row plus a mark.
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

TEST_F(Story, AGuestWithoutEitherMarkIsHeldWhateverTheUserAsks) {
  const auto vmid = ready("web");
  (void)world.lab->edit_config(vmid, "description", "mine now");
  (void)world.lab->edit_config(vmid, "tags", "mine");
  const auto writes = world.writes();
  world.run_for(5min);
  EXPECT_EQ(reason("web", "Held"), "True OwnershipUnproven");
  world.delete_machine("web");
  world.run_for(30min);
  EXPECT_EQ(world.writes(), writes);
  EXPECT_TRUE(world.lab->find_guest(vmid).has_value());
}

TEST_F(Story, ACopyThatCarriesOurMarkIsAStrangersAndStaysWhenTheOriginalGoes) {
  const auto vmid = ready("web");
  world.copy_guest(vmid, VmId(20033));
  world.run_for(5min);
  world.delete_machine("web");
  world.run_for(5min);
  EXPECT_FALSE(world.lab->find_guest(vmid).has_value());
  EXPECT_TRUE(world.lab->find_guest(VmId(20033)).has_value());
}

TEST_F(Story, ADescriptionThatIsEditedAwayIsMendedWhileTheTagIsThere) {
  const auto vmid = ready("web");
  const auto mark = setting(vmid, "description");
  (void)world.lab->edit_config(vmid, "description", "the shop; ask Anna");
  world.run_for(1min);
  EXPECT_NE(setting(vmid, "description").find(mark.substr(0, mark.find(' '))), std::string::npos);
  EXPECT_NE(setting(vmid, "description").find("the shop; ask Anna"), std::string::npos);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_EQ(count_written("POST", "/lxc"), 1u);
}

TEST_F(Story, ACopyOntoAnIdThatWeHaveReservedIsNotOurs) {
  const auto vmid = ready("web");
  // "db" has an id and no place: its create has not been called.
  for (const char* storage : {"local", "nfs"}) {
    world.lab->fill_storage(StorageId(storage), int64_t{249} << 30);
  }
  world.run_for(30s);
  world.create_machine("db");
  world.run_for(30s);
  ASSERT_EQ(world.vmid_of("db"), VmId(20001));
  world.copy_guest(vmid, VmId(20001));
  for (const char* storage : {"local", "nfs"}) {
    world.lab->fill_storage(StorageId(storage), 0);
  }
  world.run_for(5min);
  EXPECT_EQ(world.vmid_of("db"), VmId(20002));
  EXPECT_THAT(world.unmet(), IsEmpty());
}

}  // namespace
}  // namespace gantry::sim

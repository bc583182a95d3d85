// A fixed address is one container's. Here objects reach the database without the API server's
// judgement, as those do that were written before their class was.
#include "pkg/schema/json.h"
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

class Addresses : public Story {
 protected:
  static void fix(Json& spec) {
    spec.set("networks", schema::parse_yaml("[{bridge: vmbr0, ip: 10.0.0.5/24}]")->front().value);
  }
  std::string app_says(const std::string& name, const std::string& field) const {
    for (const auto& app : world.objects("apps.gantry.dev")) {
      if (app.find_path({"metadata", "name"})->as_string() != name) continue;
      for (const auto& each : app.find_path({"status", "conditions"})->as_array())
        if (each.string_or("type", "") == "Ready") return each.string_or(field, "");
    }
    return "absent";
  }
  bool runs(const std::string& machine) { return reason(machine, "Ready") == "True Running"; }
};

TEST_F(Addresses, OfTwoAppsWithOneTheSecondWaitsUntilTheFirstIsGone) {
  world.create_app("web", 1, "page", fix);
  ASSERT_TRUE(wait_until([this] { return runs("web-0"); })) << message("web-0", "Ready");
  EXPECT_THAT(setting(*world.vmid_of("web-0"), "net0"), HasSubstr("ip=10.0.0.5/24"));
  world.create_app("wiki", 1, "page", fix);
  world.run_for(3min);
  EXPECT_EQ(reason("wiki-0", "NetworkReady"), "False AddressConflict");
  EXPECT_EQ(reason("wiki-0", "Held"), "True AddressConflict");
  EXPECT_EQ(message("wiki-0", "Held"),
            "address 10.0.0.5 on vmbr0 of ProxmoxCluster home is held by App default/web");
  EXPECT_EQ(app_says("wiki", "code"), "DNS-008");
  EXPECT_EQ(count_written("POST", "/lxc"), 1u) << "nothing is made that could not be started";
  world.delete_app("web");
  ASSERT_TRUE(wait_until([this] { return runs("wiki-0"); })) << message("wiki-0", "Ready");
  EXPECT_EQ(reason("wiki-0", "NetworkReady"), "absent");
  EXPECT_FALSE(world.vmid_of("web-0").has_value()) << "as long as it was there it was held";
}

TEST_F(Addresses, AClassThatGetsOneGivesItToOneContainer) {
  ready("a");
  ready("b");
  world.edit_class(fix);
  world.run_for(3min);
  // Which of them was first is nobody's business; the other goes on with what it has.
  const auto one = setting(*world.vmid_of("a"), "net0");
  const auto two = setting(*world.vmid_of("b"), "net0");
  const bool first = one.find("ip=10.0.0.5/24") != std::string::npos;
  EXPECT_THAT(first ? two : one, HasSubstr("ip=dhcp"));
  EXPECT_THAT(first ? one : two, HasSubstr("ip=10.0.0.5/24"));
  const std::string other = first ? "b" : "a";
  EXPECT_EQ(reason(other, "Ready"), "True Running");
  EXPECT_EQ(reason(other, "NetworkReady"), "False AddressConflict");
  EXPECT_EQ(reason(other, "Drifted"), "True NotReverted");
}

TEST_F(Addresses, OfOneAppsTwoContainersOneHasIt) {
  world.create_app("web", 2, "page", fix);
  ASSERT_TRUE(wait_until([this] { return runs("web-0") || runs("web-1"); }));
  world.run_for(3min);
  EXPECT_NE(runs("web-0"), runs("web-1"));
  const std::string other = runs("web-0") ? "web-1" : "web-0";
  EXPECT_THAT(message(other, "Held"), AnyOf(HasSubstr("held by Machine default/web-0"),
                                            HasSubstr("held by Machine default/web-1")));
}

// A card that is up has a link-local address: nobody is reached by it.
TEST_F(Addresses, WithoutADhcpServerItSaysSoAndGoesOnWhenThereIsOne) {
  world.backend.options().dhcp = false;
  world.create_machine("web");
  world.run_for(1min);
  EXPECT_EQ(reason("web", "Ready"), "False WaitingForAddress");
  world.run_for(4min);
  EXPECT_EQ(reason("web", "Stalled"), "True NoAddress");
  EXPECT_EQ(reason("web", "NetworkReady"), "False NoAddress");
  EXPECT_THAT(message("web", "Ready"), HasSubstr("no DHCP server has answered on vmbr0"));
  world.backend.options().dhcp = true;
  ASSERT_TRUE(wait_until([this] { return runs("web"); })) << message("web", "Ready");
  EXPECT_EQ(reason("web", "NetworkReady"), "absent");
}

}  // namespace
}  // namespace gantry::sim

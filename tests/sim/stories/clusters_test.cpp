// More than one ProxmoxCluster.
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

WorldOptions two_clusters() {
  WorldOptions options;
  options.away = true;
  options.cluster = [](api::v1alpha1::ProxmoxClusterSpec& spec) {
    spec.command_channel.emplace();
    spec.command_channel->ssh.secret_ref = spec.credentials.secret_ref;
  };
  return options;
}

class TwoClusters : public Story {
 protected:
  TwoClusters() : Story(two_clusters()) {}
  bool is_ready(const std::string& app) {
    for (const auto& object : world.objects("apps.gantry.dev")) {
      if (object.find("metadata")->string_or("name", "") != app) continue;
      const auto* conditions = object.find_path({"status", "conditions"});
      if (conditions == nullptr) return false;
      for (const auto& each : conditions->as_array())
        if (each.string_or("type", "") == "Ready") return each.string_or("status", "") == "True";
    }
    return false;
  }
};

// The container stays; what is done inside is done inside it, and not where its id is in the other
// cluster.
TEST_F(TwoClusters, AnAppThatIsGivenAClassOfTheOtherIsLookedAfterWhereItIs) {
  world.create_app("site", 1, "page");
  ASSERT_TRUE(wait_until([&] { return is_ready("site"); }));
  const auto vmid = *world.vmid_of("site-0");
  world.edit_app("site", [](Json& spec) { spec.set("machineClassName", "far"); });
  world.run_for(1min);
  auto& units = world.backend.inside(vmid)->units;
  const auto unit =
      std::ranges::find_if(units, [](const auto& each) { return each.second.active; });
  ASSERT_NE(unit, units.end());
  unit->second.active = false;
  ASSERT_TRUE(wait_until([&] { return !is_ready("site"); }));
  EXPECT_TRUE(wait_until([&] { return is_ready("site"); }));
  EXPECT_TRUE(unit->second.active);
  EXPECT_EQ(world.vmid_of("site-0"), vmid);
  EXPECT_EQ(world.lab->guest_count(), 1);
}

}  // namespace
}  // namespace gantry::sim

// What people are told carries the code of the failure catalogue, on the object that they look at,
// and goes when they have done what it says.
#include "pkg/schema/json.h"
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class Codes : public Story {
 protected:
  explicit Codes(WorldOptions options = WorldOptions()) : Story(std::move(options)) {}
  static std::string condition(const Json& object, const std::string& type) {
    const auto* conditions = object.find_path({"status", "conditions"});
    if (conditions == nullptr) return "absent";
    for (const auto& one : conditions->as_array()) {
      if (one.string_or("type", "") != type) continue;
      return one.string_or("status", "") + " " + one.string_or("code", "") + " " +
             one.string_or("reason", "");
    }
    return "absent";
  }
  // "False CEL-002 UnknownName"
  std::string class_says(const std::string& type) const {
    return condition(world.objects("machineclasses.gantry.dev").front(), type);
  }
  std::string cluster_says(const std::string& type) const {
    return condition(world.objects("proxmoxclusters.gantry.dev").front(), type);
  }
  std::string app_says(const std::string& type) const {
    return condition(world.objects("apps.gantry.dev").front(), type);
  }
  std::string machine_says(const std::string& name, const std::string& type) const {
    const auto object = world.machine(name);
    return object.has_value() ? condition(*object, type) : "no object";
  }
  // "CEL-004 Ambiguous: …", of all objects.
  std::vector<std::string> events() const {
    std::vector<std::string> events;
    for (const auto& event : world.objects("events")) {
      const auto* code = event.find_path({"metadata", "annotations", "gantry.dev/code"});
      events.push_back((code == nullptr ? "" : code->as_string()) + " " +
                       event.string_or("reason", "") + ": " + event.string_or("message", ""));
    }
    return events;
  }
};

TEST_F(Codes, AMisspelledStorageIsToldWithWhatIsMeant) {
  world.edit_class([](Json& spec) {
    spec.member("rootDisk").set("storageSelector", "storage.name == \"Local\"");
  });
  world.create_machine("web");
  world.run_for(1min);
  EXPECT_EQ(class_says("SelectorResolved"), "False CEL-002 UnknownName");
  EXPECT_EQ(machine_says("web", "Stalled"), "True CEL-002 UnknownName");
  EXPECT_THAT(message("web", "Stalled"), HasSubstr("'Local' not found, did you mean 'local'?"));
  EXPECT_EQ(count_written("POST", "/lxc"), 0u);
  world.edit_class([](Json& spec) {
    spec.member("rootDisk").set("storageSelector", "storage.name == \"local\"");
  });
  EXPECT_TRUE(wait_until([this] { return world.unmet().empty(); }));
  EXPECT_EQ(class_says("SelectorResolved"), "True  Resolved");
}

// What a person looks at is the App; that its Machine is Stalled helps nobody.
TEST_F(Codes, AnAppWhoseClassIsMissingSaysSoAndGoesOnWhenItComes) {
  world.create_app("web", 1, "page", [](Json& spec) { spec.set("machineClassName", "large"); });
  world.run_for(1min);
  EXPECT_EQ(app_says("Ready"), "False MC-002 ReferenceNotFound");
  world.edit_app("web", [](Json& spec) { spec.set("machineClassName", "small"); });
  EXPECT_TRUE(wait_until([this] { return machine_says("web-0", "Ready") == "True  Running"; }));
  EXPECT_EQ(app_says("Ready"), "False  Progressing");
}

TEST_F(Codes, AClassThatIsUsedUpSaysSoAndGoesOnWhenOneGoes) {
  world.edit_class([](Json& spec) { spec.member("placement").set("maxPerNode", 1); });
  ready("a");
  ready("b");
  world.create_machine("c");
  world.run_for(1min);
  EXPECT_EQ(machine_says("c", "Stalled"), "True MC-004 ClassQuotaExceeded");
  EXPECT_EQ(class_says("CapacityAvailable"), "False MC-004 ClassQuotaExceeded");
  world.delete_machine("a");
  EXPECT_TRUE(wait_until([this] { return world.unmet().empty(); }));
}

TEST_F(Codes, ATemplateThatIsPinnedIsNeverReplacedByANewerOne) {
  world.edit_class(
      [](Json& spec) { spec.member("os").set("template", "debian-12-standard_12.2-1"); });
  world.create_machine("web");
  world.run_for(2min);
  EXPECT_EQ(class_says("TemplatesReady"), "False TPL-005 TemplateNotOffered");
  EXPECT_EQ(machine_says("web", "Stalled"), "True TPL-005 TemplateNotOffered");
  EXPECT_THAT(message("web", "Stalled"),
              HasSubstr("candidates: debian-12-standard_12.12-1_amd64.tar.zst"));
  EXPECT_EQ(count_written("POST", "/lxc"), 0u);
  world.edit_class([](Json& spec) { spec.member("os").set("template", "debian-12-standard"); });
  EXPECT_TRUE(wait_until([this] { return world.unmet().empty(); }));
}

TEST_F(Codes, AChangedClassIsToldOnEachMachineThatFollowsIt) {
  const auto vmid = ready("web");
  world.edit_class([](Json& spec) { spec.member("resources").set("memory", "1Gi"); });
  EXPECT_TRUE(wait_until([&] { return setting(vmid, "memory") == "1024"; }));
  world.run_for(2min);
  EXPECT_THAT(events(), Contains(HasSubstr("MC-010 ClassChanged: MachineClass small is at "
                                           "generation 2, the container at 1: memory is '512'")));
  EXPECT_THAT(events(), Not(Contains(HasSubstr("DriftReverted"))));
  EXPECT_EQ(machine_says("web", "Drifted"), "absent");
  // A person's change is told as what it is.
  (void)world.lab->edit_config(vmid, "memory", "777");
  world.run_for(2min);
  EXPECT_THAT(events(), Contains(HasSubstr("DriftReverted: memory: '777' → '1024'")));
}

TEST_F(Codes, ACoreThatIsUsedUpForLongIsToldAndNothingIsDoneAboutIt) {
  ready("web");
  const auto before = world.writes();
  world.backend.options().cpu = 1.95;
  world.run_for(9min);
  EXPECT_EQ(machine_says("web", "ResourcePressure"), "absent");
  world.run_for(3min);
  EXPECT_EQ(machine_says("web", "ResourcePressure"), "True CT-012 CPUSaturated");
  EXPECT_EQ(machine_says("web", "Ready"), "True  Running");
  EXPECT_THAT(events(), Contains(HasSubstr("CT-012 CPUSaturated: it has used nearly all of its 2 "
                                           "cores since")));
  world.kill_daemon();
  world.start_daemon();
  world.run_for(2min);
  EXPECT_EQ(machine_says("web", "ResourcePressure"), "True CT-012 CPUSaturated");
  world.backend.options().cpu = 0.1;
  world.run_for(2min);
  EXPECT_EQ(machine_says("web", "ResourcePressure"), "absent");
  EXPECT_EQ(world.writes(), before);
}

TEST_F(Codes, AHalfMadeContainerSaysWhereItGoesOn) {
  world.kill_at_next_write("POST", "/lxc");
  world.create_machine("web");
  EXPECT_TRUE(wait_until([this] { return !world.daemon_runs(); }));
  world.start_daemon();
  EXPECT_TRUE(wait_until([this] { return world.unmet().empty(); }));
  EXPECT_THAT(events(), Contains(HasSubstr("CT-006 Resuming: gantryd was restarted: continuing")));
  EXPECT_EQ(count_written("POST", "/lxc"), 1u);
  world.kill_daemon();
  world.start_daemon();
  world.run_for(2min);
  const auto told = events();
  EXPECT_EQ(std::ranges::count_if(
                told, [](const auto& event) { return event.find("CT-006") != std::string::npos; }),
            1);
}

TEST_F(Codes, AProxmoxThatAnswersSlowlyIsTold) {
  ready("web");
  world.lab->faults().delay_max = 3s;
  world.lab->faults().request_chances[lab::RequestFault::delay] = 1;
  const auto is_slow = [this] { return cluster_says("Reachable") == "True CON-016 SlowAPI"; };
  EXPECT_TRUE(wait_until(is_slow));
  EXPECT_THAT(events(), Contains(HasSubstr("CON-016 SlowAPI: 1 of 20 answers takes")));
  EXPECT_EQ(cluster_says("Ready"), "True  Observed");
  world.lab->faults().clear();
  EXPECT_TRUE(wait_until([this] { return cluster_says("Reachable") == "True  Answers"; }));
}

// TPL-002: no template is fetched, neither once nor at every deployment.
TEST_F(Codes, TemplatesAreTakenFromWhereTheyLie) {
  ready("a");
  ready("b");
  EXPECT_THAT(written(), Not(Contains(HasSubstr("/storage/"))));
  EXPECT_EQ(count_written("POST", "/lxc"), 2u);
}

}  // namespace
}  // namespace gantry::sim

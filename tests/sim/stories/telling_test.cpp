// What people are told: that it is true, how old it is, and nothing that frightens without reason.
#include "pkg/schema/json.h"
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Le;

class Telling : public Story {
 protected:
  // "Unknown Timeout"
  std::string cluster_says(const std::string& type) {
    for (const auto& [key, row] : world.disk.image.objects) {
      if (key.resource != "proxmoxclusters.gantry.dev") continue;
      const auto object = *schema::parse_json(row.text);
      for (const auto& condition : object.find_path({"status", "conditions"})->as_array()) {
        if (condition.string_or("type", "") == type)
          return condition.string_or("status", "") + " " + condition.string_or("reason", "");
      }
    }
    return "absent";
  }
  // "Warning StepFailed: create: …", of all objects.
  std::vector<std::string> events() {
    std::vector<std::string> events;
    for (const auto& [key, row] : world.disk.image.objects) {
      if (key.resource != "events") continue;
      const auto event = *schema::parse_json(row.text);
      events.push_back(event.string_or("type", "") + " " + event.string_or("reason", "") + ": " +
                       event.string_or("message", ""));
    }
    return events;
  }
  std::string status_of(const std::string& name, const std::string& field) {
    const auto object = world.machine(name);
    const auto* value = object ? object->find_path({"status", field}) : nullptr;
    return value != nullptr && value->is_string() ? value->as_string() : "";
  }
  Duration age(const std::string& name) {
    const auto seen = from_rfc3339(status_of(name, "lastObservedAt"));
    return seen ? world.now() - *seen : Duration::max();
  }
};

TEST_F(Telling, AMachineThatCannotBeSeenKeepsItsLastSight) {
  ready("web");
  const auto lost_at = world.now();
  world.lab->faults().request_chances[lab::RequestFault::lose_request] = 1;
  world.run_for(3min);
  EXPECT_EQ(status_of("web", "power"), "running");
  EXPECT_EQ(status_of("web", "node"), "pve1");
  EXPECT_EQ(reason("web", "Observed"), "Unknown Unknown");
  EXPECT_EQ(reason("web", "Ready"), "Unknown Unknown");
  EXPECT_THAT(message("web", "Ready"), HasSubstr("last seen running on pve1 at "));
  EXPECT_THAT(lost_at - *from_rfc3339(status_of("web", "lastObservedAt")), Le(Duration(10s)));
  world.lab->faults().clear();
  EXPECT_TRUE(wait_until([this] { return reason("web", "Ready") == "True Running"; }));
}

TEST_F(Telling, AProxmoxThatNeverAnswersIsNoticed) {
  ready("web");
  EXPECT_EQ(cluster_says("Reachable"), "True Answers");
  world.lab->faults().delay_max = 24h;
  world.lab->faults().next_request(lab::RequestFault::delay, "GET", "/cluster/status", 1000);
  world.run_for(27s);  // a cycle of 5 s, 15 s of silence, a look of 5 s
  EXPECT_EQ(cluster_says("Reachable"), "Unknown Timeout");
  EXPECT_EQ(cluster_says("Ready"), "Unknown Timeout");
}

TEST_F(Telling, NumbersAreNoOlderThanAMinute) {
  ready("web");
  std::vector<Duration> ages;
  for (int i = 0; i < 40; ++i) {
    world.run_for(7s);
    ages.push_back(age("web"));
  }
  EXPECT_THAT(ages, Each(Le(Duration(70s))));
}

TEST_F(Telling, ACreationThatGoesWellWarnsOfNothing) {
  ready("web");
  const auto told = events();
  EXPECT_THAT(told, Not(IsEmpty()));
  EXPECT_THAT(told, Each(HasSubstr("Normal ")));
}

TEST_F(Telling, ARestartForgetsNothing) {
  ready("web");
  const auto since = [this] {
    std::vector<std::string> lines;
    for (const auto& [key, row] : world.disk.image.objects) {
      const auto object = *schema::parse_json(row.text);
      const auto* conditions = object.find_path({"status", "conditions"});
      if (conditions == nullptr) continue;
      for (const auto& condition : conditions->as_array()) {
        lines.push_back(key.name + " " + condition.string_or("type", "") + " " +
                        condition.string_or("status", "") + " " +
                        condition.string_or("lastTransitionTime", ""));
      }
    }
    return lines;
  };
  const auto before = since();
  world.kill_daemon();
  world.start_daemon();
  for (int i = 0; i < 60; ++i) {
    world.run_for(500ms);
    ASSERT_EQ(since(), before);
  }
}

TEST_F(Telling, DriftIsToldFromWhatToWhat) {
  const auto vmid = ready("web");
  (void)world.lab->edit_config(vmid, "memory", "777");
  world.run_for(1min);
  EXPECT_THAT(events(), ::testing::IsSupersetOf(
                            {"Warning Drifted: memory is '777', wanted '512': being put back",
                             "Normal DriftReverted: memory: '777' → '512'"}));
}

TEST_F(Telling, NoMoreCreatesThanTheStorageMayHave) {
  world.run_for(30s);
  for (int i = 0; i < 6; ++i) {
    world.lab->faults().next_task(lab::TaskFault::slow, "vzcreate");
    world.create_machine("web" + std::to_string(i));
  }
  const std::shared_ptr<pve::Client> root = world.root();
  size_t most = 0;
  const auto all_are_ready = [this] { return world.unmet().empty(); };
  for (int i = 0; i < 7200 && !all_are_ready(); ++i) {
    world.run_for(500ms);
    world.perform([root, &most]() -> Async<Status> {
      NodeName node("pve1");
      const auto tasks = co_await root->running_tasks(node);
      if (!tasks.ok()) co_return tasks.status();
      const auto creates = std::ranges::count(*tasks, "vzcreate", &pve::Task::type);
      most = std::max(most, static_cast<size_t>(creates));
      co_return Status();
    });
  }
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_EQ(most, 2u);
}

}  // namespace
}  // namespace gantry::sim

#pragma once
// SnapshotStory: an App "web" with a volume, on a storage that can take snapshots, and its pages.
#include <string>
#include <vector>

#include "pkg/schema/json.h"
#include "tests/sim/objects.h"
#include "tests/sim/stories/story.h"

namespace gantry::sim {

inline WorldOptions on_tank(const std::string& tank) {
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
  explicit SnapshotStory(const std::string& tank) : Story(on_tank(tank)) {}

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

}  // namespace gantry::sim

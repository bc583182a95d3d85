#pragma once
// BlueGreenStory: an App "site" behind the Appliance "lan", updated with BlueGreen, and who asks
// for it.
#include <string>
#include <vector>

#include "pkg/schema/json.h"
#include "tests/sim/objects.h"
#include "tests/sim/stories/story.h"

namespace gantry::sim {

inline constexpr const char* kHost = "site.lan";

inline WorldOptions with_network() {
  WorldOptions made;
  made.with_network = true;
  made.cluster = [](api::v1alpha1::ProxmoxClusterSpec& spec) {
    spec.command_channel.emplace();
    spec.command_channel->ssh.secret_ref = spec.credentials.secret_ref;
  };
  return made;
}

class BlueGreenStory : public Story {
 protected:
  BlueGreenStory() : BlueGreenStory(with_network()) {}
  explicit BlueGreenStory(WorldOptions options) : Story(std::move(options)) {
    world.let_versions_fail();
  }

  // "site" behind "lan", served by its blue Machines.
  void start(int replicas, const std::function<void(Json&)>& edit = {}) {
    world.create_appliance();
    world.create_app("site", replicas, "page 1\n", [&edit](Json& spec) {
      if (edit) edit(spec);
      attach(spec);
      spec.set("expose", schema::parse_yaml("[{host: site.lan, port: http}]")->front().value);
      spec.set("update",
               schema::parse_yaml("{strategy: BlueGreen, bakeSeconds: 15}")->front().value);
      spec.member("health").set("startupSeconds", 20);
    });
    ASSERT_TRUE(wait_until([&] {
      return is_calm() && !told("currentRevision").empty() && !upstreams().empty();
    })) << ready();
    ASSERT_EQ(slot(), "Blue");
  }
  void set_page(const std::string& page) {
    world.edit_app("site", [page](Json& spec) {
      spec.member("workload")
          .member("service")
          .member("files")
          .as_array()
          .front()
          .set("content", page);
    });
  }

  // --- what is said ---
  Json app() {
    const auto apps = world.objects("apps.gantry.dev");
    return apps.empty() ? Json::object() : apps.front();
  }
  std::string told(const char* field) {
    const auto object = app();
    const auto* found = object.find_path({"status", field});
    return found == nullptr ? "" : found->as_string();
  }
  std::string slot() { return told("activeSlot"); }
  std::string condition(const std::string& type, const std::string& field) {
    const auto object = app();
    const auto* conditions = object.find_path({"status", "conditions"});
    if (conditions == nullptr) return "";
    for (const auto& each : conditions->as_array())
      if (each.string_or("type", "") == type) return each.string_or(field, "");
    return "";
  }
  std::string ready() {
    return condition("Ready", "reason") + ": " + condition("Ready", "message");
  }
  // It is as it shall be, and nobody waits to be gone.
  bool is_calm() {
    const auto object = app();
    const auto* seen = object.find_path({"status", "observedGeneration"});
    const auto* asked = object.find_path({"metadata", "generation"});
    const bool is_seen = seen != nullptr && asked != nullptr && *seen == *asked;
    return is_seen && condition("Ready", "status") == "True" &&
           condition("Reconciling", "status") == "False";
  }
  bool answers(const std::string& machine) {
    const auto object = app();
    const auto* machines = object.find_path({"status", "machines"});
    if (machines == nullptr) return false;
    return std::ranges::any_of(machines->as_array(), [&machine](const Json& each) {
      return each.string_or("name", "") == machine && each.bool_or("ready", false);
    });
  }
  bool is_there(const std::string& machine) { return world.machine(machine).has_value(); }
  std::vector<std::string> events() {
    std::vector<std::string> lines;
    for (const auto& event : world.objects("events"))
      lines.push_back(event.string_or("reason", "") + ": " + event.string_or("message", ""));
    return lines;
  }
  std::string page(const std::string& machine) {
    const auto vmid = world.vmid_of(machine);
    const auto* system = vmid.has_value() ? world.backend.inside(*vmid) : nullptr;
    if (system == nullptr) return "";
    const auto file = system->files.find(kPagePath);
    return file == system->files.end() ? "" : file->second.content;
  }

  // --- who asks for the App ---
  // Where the proxy sends them, as it runs: addresses and ports.
  std::vector<std::string> upstreams() {
    std::vector<std::string> addresses;
    const auto vmid = world.vmid_of(kApplianceMachine);
    const auto* system = vmid.has_value() ? world.backend.inside(*vmid) : nullptr;
    if (system == nullptr) return addresses;
    const auto config = schema::parse_json(system->network.proxy);
    const auto* routes =
        config.ok() ? config->find_path({"apps", "http", "servers", "https", "routes"}) : nullptr;
    if (routes == nullptr) return addresses;
    for (const auto& route : routes->as_array()) {
      const auto* match = route.find("match");
      if (match == nullptr || schema::to_json(*match).find(kHost) == std::string::npos) continue;
      const auto* dials = route.find("handle")->as_array().front().find("upstreams");
      if (dials == nullptr) continue;
      for (const auto& dial : dials->as_array()) addresses.push_back(dial.string_or("dial", ""));
    }
    return addresses;
  }
  // The version that is served there; empty when nothing answers.
  std::string served_at(const std::string& upstream) {
    const auto address = upstream.substr(0, upstream.rfind(':'));
    const auto appliances = world.objects("appliances.gantry.dev");
    std::string card;
    for (const auto& lease : appliances.front().find_path({"status", "leases"})->as_array())
      if (lease.string_or("address", "") == address) card = "hwaddr=" + lease.string_or("mac", "");
    for (const auto& guest : world.lab->guests()) {
      const auto net = guest.config.find("net0");
      const bool is_it = net != guest.config.end() && net->second.find(card) != std::string::npos;
      if (!is_it || !guest.running) continue;
      const auto* system = world.backend.inside(guest.vmid);
      const auto unit = system->units.find(kUnit);
      const auto file = system->files.find(kPagePath);
      if (unit == system->units.end() || !unit->second.active) return "";
      return file == system->files.end() ? "" : file->second.content;
    }
    return "";
  }
  // "" as long as whoever asks is served by a version that is good.
  std::string gap() {
    const auto all = upstreams();
    if (all.empty()) return "it leads nowhere";
    for (const auto& address : all) {
      const auto version = served_at(address);
      if (version.empty() || is_bad(version)) return address + " serves '" + version + "'";
    }
    return "";
  }
  // As wait_until, while somebody asks all the time.
  bool wait_served(const std::function<bool()>& is_so) {
    for (int i = 0; i < 7200 && !is_so(); ++i) {
      world.run_for(250ms);
      if (const auto why = gap(); !why.empty()) {
        ADD_FAILURE() << "a request failed: " << why << "; " << schema::to_json(app());
        return false;
      }
    }
    return is_so();
  }

  // Updates up to the number `last`, each fifth of a version that fails, with the daemon killed at
  // one await after the other, and in pairs. `look` is called all the while; `wait` waits for what
  // it is given; `check` is called with the set that serves then.
  void update_with_deaths(uint64_t last, const std::function<void(uint64_t update)>& look,
                          const std::function<bool(const std::function<bool()>&)>& wait,
                          const std::function<void(const std::string& serving)>& check) {
    for (uint64_t update = 2; update < last; ++update) {
      const auto page_now = "page " + std::to_string(update) + "\n";
      const bool is_bad_one = update % 5 == 0;
      set_page(is_bad_one ? "bad " + page_now : page_now);
      world.host(0).kill_after(97 * update);
      for (int step = 0; step < 240 && !HasFatalFailure(); ++step) {
        world.run_for(250ms);
        look(update);
        if (world.daemon_runs()) continue;
        world.start_daemon();
        if (step < 200) world.host(0).kill_after(61 * update + 13);
      }
      world.host(0).spare();
      if (!world.daemon_runs()) world.start_daemon();
      ASSERT_TRUE(wait([&] {
        const bool is_done = is_bad_one ? condition("Ready", "reason") == "RolledBack" : is_calm();
        return is_done && is_there("site-0") != is_there("site-0-green");
      })) << "update "
          << update << ": " << schema::to_json(app());
      const auto serving = slot() == "Blue" ? "site-0" : "site-0-green";
      check(serving);
      EXPECT_TRUE(is_bad_one || page(serving) == page_now) << page(serving);
    }
  }
};

}  // namespace gantry::sim

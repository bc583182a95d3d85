#pragma once
// Story: one world, one user and the exact moment of a fault. What would hurt a user most, told one
// by one; the random seeds (../scenario.h) look for what nobody has thought of.
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/log.h"
#include "tests/sim/world.h"

namespace gantry::sim {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

class Story : public ::testing::Test {
 protected:
  Story() : Story(WorldOptions()) {}
  explicit Story(WorldOptions options) : world(seeded(std::move(options))) {
    log::configure(log::Level::off, log::Format::text);
    world.start_daemon();
  }
  ~Story() override { EXPECT_THAT(world.violations(), IsEmpty()); }
  static WorldOptions seeded(WorldOptions options) {
    options.seed = 42;
    return options;
  }

  VmId ready(const std::string& name) {
    world.create_machine(name);
    world.run_for(2min);
    EXPECT_THAT(world.unmet(), IsEmpty());
    return world.vmid_of(name).value_or(VmId(0));
  }
  std::string setting(VmId vmid, const std::string& key) {
    const auto guest = world.lab->find_guest(vmid);
    if (!guest.has_value()) return "no guest";
    const auto it = guest->config.find(key);
    return it == guest->config.end() ? "" : it->second;
  }
  std::string reason(const std::string& name, const std::string& type) {
    const auto object = world.machine(name);
    if (!object.has_value()) return "no object";
    const auto* conditions = object->find_path({"status", "conditions"});
    if (conditions == nullptr) return "absent";
    for (const auto& condition : conditions->as_array()) {
      if (condition.string_or("type", "") != type) continue;
      return condition.string_or("status", "") + " " + condition.string_or("reason", "");
    }
    return "absent";
  }
  std::string message(const std::string& name, const std::string& type) {
    const auto object = world.machine(name);
    if (!object.has_value()) return "no object";
    const auto* conditions = object->find_path({"status", "conditions"});
    if (conditions == nullptr) return "absent";
    for (const auto& condition : conditions->as_array()) {
      if (condition.string_or("type", "") == type) return condition.string_or("message", "");
    }
    return "absent";
  }
  // What our daemon has written to Proxmox since its `from`-th write: "POST /nodes/…".
  std::vector<std::string> written(size_t from = 0) {
    std::vector<std::string> lines;
    for (size_t i = from; i < world.written().size(); ++i) {
      lines.push_back(world.written()[i].method + " " + world.written()[i].path);
    }
    return lines;
  }
  size_t count_written(const std::string& method, const std::string& end) {
    return static_cast<size_t>(std::ranges::count_if(world.written(), [&](const auto& write) {
      return write.method == method && write.path.ends_with(end);
    }));
  }
  // Lets time pass until it is so, an hour at most; false when it never was.
  bool wait_until(const std::function<bool()>& is_so) {
    for (int i = 0; i < 7200 && !is_so(); ++i) world.run_for(500ms);
    return is_so();
  }
  void by_root(std::function<Async<Status>(lab::Lab&)> deed) {
    world.perform([this, deed] { return deed(*world.lab); });
  }

  World world;
};

}  // namespace gantry::sim

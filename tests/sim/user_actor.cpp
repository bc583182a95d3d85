#include "tests/sim/actors.h"
#include "tests/sim/objects.h"

namespace gantry::sim {
namespace {

constexpr int kMachinesMost = 9;

}  // namespace

std::optional<std::string> pick_machine(const World& world, Random& random) {
  std::vector<std::string> names;
  for (const auto& [name, wish] : world.wanted()) {
    if (wish.exists) names.push_back(name);
  }
  if (names.empty()) return std::nullopt;
  return names[random.below(names.size())];
}

void UserActor::create() {
  const auto number = std::to_string(++created_);
  const bool more_apps = swarm_.volumes || swarm_.updates || swarm_.depends || swarm_.compose;
  if (swarm_.apps && random_.unit() < (more_apps ? 0.7 : 0.4)) {
    create_app("a" + number, 1 + static_cast<int>(random_.below(3)));
    return;
  }
  const bool golden = swarm_.golden && random_.unit() < 0.5;
  const bool attached = swarm_.appliance && random_.unit() < 0.5;
  world_.create_machine("m" + number, [golden, attached](Json& spec) {
    if (attached) attach(spec);
    if (golden) spec.set("machineClassName", "golden");
  });
}

void UserActor::act() {
  const auto machine = pick_machine(world_, random_);
  std::vector<std::string> apps;
  for (const auto& [name, wish] : world_.wanted_apps()) {
    if (wish.exists) apps.push_back(name);
  }
  const bool more = random_.unit() < 0.25 && created_ < kMachinesMost;
  if (more || (!machine.has_value() && apps.empty())) {
    create();
  } else if (random_.unit() < 0.15) {
    edit_class();
  } else if (!apps.empty() && (random_.unit() < 0.5 || !machine.has_value())) {
    act_on_app(apps[random_.below(apps.size())]);
  } else {
    act_on_machine(*machine);
  }
}

void UserActor::act_on_machine(const std::string& name) {
  if (swarm_.moves && random_.unit() < 0.3) {
    move(name);
    return;
  }
  const auto drawn = random_.below(8);
  // Its owner would put everything else back.
  if (name == kApplianceMachine && drawn >= 3) return;
  if (drawn < 3) {
    world_.delete_machine(name);
    // The same name again while its container is still being taken down.
    if (drawn == 0 && name.front() == 'm') {
      world_.create_machine(name);
      world_.reached.note("the same name made again");
    }
  } else if (drawn < 5) {
    const bool stop = random_.unit() < 0.5;
    world_.edit_machine(
        name, [stop](Json& spec) { spec.set("powerState", stop ? "Stopped" : "Running"); });
  } else {
    const auto hostname = "h" + std::to_string(random_.below(5));
    world_.edit_machine(name, [hostname](Json& spec) { spec.set("hostname", hostname); });
  }
}

void UserActor::leave() {
  world_.delete_appliance();
  world_.run_for(std::chrono::seconds(20));
  for (const auto& [name, wish] : std::map(world_.wanted_apps()))
    if (wish.exists) world_.delete_app(name);
  for (const auto& [name, wish] : std::map(world_.wanted()))
    if (wish.exists && name.front() == 'm') world_.delete_machine(name);
}

void UserActor::move(const std::string& name) {
  const NodeName node("pve" + std::to_string(1 + random_.below(3)));
  if (!world_.lab->is_node_online(node)) return;
  world_.edit_machine(name, [node](Json& spec) { spec.set("node", node.get()); });
}

void UserActor::edit_class() {
  const auto cores = 1 + static_cast<int>(random_.below(4));
  const bool grow = random_.unit() < 0.3;
  world_.edit_class([cores, grow](Json& spec) {
    spec.member("resources").set("cores", cores);
    if (grow) spec.member("rootDisk").set("size", "10Gi");
  });
}

}  // namespace gantry::sim

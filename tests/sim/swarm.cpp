#include "tests/sim/swarm.h"

namespace gantry::sim {
namespace {

bool chance(Random& random, double p) {
  return random.unit() < p;
}

}  // namespace

Swarm draw_swarm(Random& random, uint64_t seed) {
  Swarm swarm;
  swarm.channel = chance(random, 0.6);
  swarm.apps = swarm.channel && chance(random, 0.5);
  swarm.golden = chance(random, 0.2);
  swarm.people = chance(random, 0.6);
  swarm.crashes = chance(random, 0.6);
  swarm.outages = chance(random, 0.5);
  swarm.pauses = chance(random, 0.25);
  swarm.clocks = chance(random, 0.15);
  swarm.modes = chance(random, 0.15);
  swarm.hidden = chance(random, 0.15);
  swarm.bad_channel = swarm.channel && chance(random, 0.4);
  swarm.bad_database = chance(random, 0.3);
  // From a stream of their own: what older seeds do stays as it was.
  SeededRandom later(seed * 6007 + 5);
  swarm.crowd = chance(later, 0.06);
  swarm.moves = chance(later, 0.15) && !swarm.golden;  // that template is on one node only
  swarm.restores = chance(later, 0.08);
  swarm.volumes = chance(later, 0.4) && swarm.apps;
  swarm.updates = chance(later, 0.4) && swarm.apps;
  swarm.depends = chance(later, 0.4) && swarm.apps;
  swarm.compose = chance(later, 0.35) && swarm.apps;
  // Local disks stay where they are: everything is on the shared storage then.
  swarm.ha = chance(later, 0.18) && seed % 3 != 0 && !swarm.golden;
  // Its bridge reaches no other node, and who is attached is not to be moved.
  swarm.appliance = chance(later, 0.15) && swarm.channel && !swarm.golden;
  swarm.moves = swarm.moves && !swarm.appliance;
  swarm.ha = swarm.ha && !swarm.appliance;
  SeededRandom latest(seed * 7013 + 11);
  swarm.tank = chance(latest, 0.8) && swarm.volumes && !swarm.ha && !swarm.golden && !swarm.moves;
  swarm.people = swarm.people || swarm.ha;
  swarm.outages = swarm.outages || swarm.ha;
  swarm.people = swarm.people || swarm.crowd;
  swarm.hidden = swarm.hidden || swarm.crowd;
  return swarm;
}

WorldOptions world_options(uint64_t seed, const Swarm& swarm, bool verbose) {
  WorldOptions options;
  options.seed = seed;
  options.nodes = swarm.appliance ? 1 : 1 + static_cast<int>(seed % 3);
  options.with_network = swarm.appliance;
  options.hosts = swarm.pauses ? 2 : 1;
  options.golden = options.keyctl = swarm.golden;
  if (swarm.tank) options.tank = seed % 2 == 0 ? "lvmthin" : "zfspool";
  options.verbose = verbose;
  options.shape = [compose = swarm.compose, ha = swarm.ha](auto& spec) {
    if (compose) spec.os = api::v1alpha1::OsTemplate{"debian-13-standard", {}};
    if (ha) spec.root_disk.storage_selector = R"(storage.name == "nfs")";
  };
  if (swarm.channel) {
    options.cluster = [](api::v1alpha1::ProxmoxClusterSpec& spec) {
      spec.command_channel.emplace();
      spec.command_channel->ssh.secret_ref = spec.credentials.secret_ref;
    };
  }
  return options;
}

void draw_faults(World& world, const Swarm& swarm, Random& random) {
  auto& faults = world.lab->faults();
  for (const auto fault :
       {lab::RequestFault::lose_request, lab::RequestFault::lose_answer, lab::RequestFault::delay,
        lab::RequestFault::duplicate, lab::RequestFault::error_500, lab::RequestFault::error_595,
        lab::RequestFault::error_596, lab::RequestFault::partial_inventory}) {
    if (chance(random, 0.3)) faults.request_chances[fault] = 0.02 + 0.1 * random.unit();
  }
  for (const auto fault :
       {lab::TaskFault::slow, lab::TaskFault::fail, lab::TaskFault::warn, lab::TaskFault::kill}) {
    if (chance(random, 0.3)) faults.task_chances[fault] = 0.05 + 0.2 * random.unit();
  }
  if (swarm.bad_channel) {
    world.channel_faults.refused = 0.2 * random.unit();
    world.channel_faults.hangs = 0.02 * random.unit();
    world.channel_faults.killed = 0.1 * random.unit();
  }
  if (swarm.bad_database) {
    world.disk.decide = [&random](std::string_view) {
      const auto drawn = random.below(100);
      if (drawn < 3) return store::memory::Fault::fail;
      return drawn < 5 ? store::memory::Fault::lose_answer : store::memory::Fault::none;
    };
  }
}

}  // namespace gantry::sim

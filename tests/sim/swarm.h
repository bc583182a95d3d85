#pragma once
// Swarm: which kinds of trouble one seed has. Each has some only, so that rare ones get long runs
// and meet in every combination.
#include "tests/sim/world.h"

namespace gantry::sim {

struct Swarm {
  // What users have besides Machines.
  bool apps = false, golden = false, channel = false;
  // Who acts.
  bool people = false, crashes = false, outages = false;
  // What else goes wrong.
  bool pauses = false;       // a second host; processes that stand still, or lose the database
  bool clocks = false;       // hosts whose time of day jumps
  bool modes = false;        // a cluster that is set to Observe and back
  bool hidden = false;       // single guests that our token may not see
  bool bad_channel = false;  // a command channel with outages of its own
  bool bad_database = false;
  bool crowd = false;      // many Machines, of which several go, or cannot be seen, at once
  bool moves = false;      // Machines that are wanted on other nodes
  bool restores = false;   // an older database that comes up for a while
  bool ha = false;         // guests that the HA manager starts, stops and moves
  bool appliance = false;  // a network of its own, which Machines and Apps are attached to
  // What some Apps have.
  bool volumes = false;  // data, which must outlive everything but a wish that it goes
  bool updates = false;  // versions that do not come up, which are to be taken back
  bool depends = false;  // others that must answer before
  bool compose = false;  // services of Docker's instead of a unit
  bool tank = false;     // a storage with snapshots: data is kept aside, and put back
};

Swarm draw_swarm(Random& random, uint64_t seed);
WorldOptions world_options(uint64_t seed, const Swarm& swarm, bool verbose);
// Chances of what goes wrong with requests, tasks, the channel and the database.
void draw_faults(World& world, const Swarm& swarm, Random& random);

}  // namespace gantry::sim

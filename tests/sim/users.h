#pragma once
// Users: what kubectl sees, a store of its own on the same database.
#include "pkg/store/cached_store.h"
#include "tests/sim/world.h"

namespace gantry::sim {

inline constexpr const char* kMachines = "machines.gantry.dev";
inline constexpr const char* kApps = "apps.gantry.dev";
inline constexpr const char* kAppliances = "appliances.gantry.dev";
inline constexpr const char* kClasses = "machineclasses.gantry.dev";
inline constexpr const char* kClusters = "proxmoxclusters.gantry.dev";
inline constexpr const char* kNamespace = "default";

struct World::Users {
  Users(World& world, Random& random)
      : database(world.disk),
        store(world.loop.executor(), database.backend(), world.clock, random) {}
  store::memory::Database database;
  store::CachedStore store;
};

}  // namespace gantry::sim

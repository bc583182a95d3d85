#pragma once
// A CachedStore over PostgreSQL in real time, as gantryd runs it.
#include "pkg/base/random.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/postgres/postgres_world_test.h"

namespace gantry::store::postgres {

inline const Resource kApps = "apps.gantry.dev";

inline Json app(const std::string& name, int replicas = 1) {
  return Json::Object{{"apiVersion", "gantry.dev/v1alpha1"},
                      {"kind", "App"},
                      {"metadata", Json::Object{{"name", name}, {"namespace", "default"}}},
                      {"spec", Json::Object{{"replicas", replicas}}}};
}

struct Daemon {
  async::Loop& loop;
  async::RealClock clock;
  SystemRandom random;
  Process process;
  CachedStore store;

  Daemon(async::Loop& l, const std::string& conninfo, CachedStoreOptions options = {})
      : loop(l),
        process(l, conninfo),
        store(loop.executor(), process.database->backend(), clock, random, options) {
    EXPECT_THAT(run(store.start()), gantry::testing::IsOk());
  }
  ~Daemon() { EXPECT_THAT(run(store.stop()), gantry::testing::IsOk()); }

  template <class T>
  T run(Async<T> operation) {
    return loop.block_on(std::move(operation));
  }
  Result<ObjectPtr> create(const std::string& name) { return run(store.create(kApps, app(name))); }
  void pass(Duration duration) { (void)run(clock.sleep_for(duration)); }
  // Gives the store time to find the database again.
  bool recovers() {
    for (int i = 0; i < 300 && !store.health().ok(); ++i) pass(std::chrono::milliseconds(100));
    return store.health().ok();
  }
};

// Reads until `count` changes have come.
inline std::vector<Change> read_changes(Daemon& daemon, Watch& watch, size_t count) {
  std::vector<Change> all;
  while (all.size() < count) {
    auto changes = daemon.run(watch.next());
    EXPECT_THAT(changes, gantry::testing::IsOk());
    if (!changes.ok()) break;
    all.insert(all.end(), changes->begin(), changes->end());
  }
  return all;
}

// True when the revisions are first, first + 1, …
inline bool is_dense(const std::vector<Change>& changes, int64_t first) {
  for (const auto& change : changes)
    if (change.object->revision != first++) return false;
  return true;
}

}  // namespace gantry::store::postgres

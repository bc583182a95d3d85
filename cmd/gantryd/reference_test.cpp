// The generated pages that need everything gantryd is made of. UPDATE_GOLDEN=1 rewrites them.
#include "cmd/gantryd/cluster_instruments.h"
#include "cmd/gantryd/connector.h"
#include "cmd/gantryd/controllers.h"
#include "cmd/gantryd/instruments.h"
#include "pkg/apiserver/server.h"
#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/golden.h"
#include "pkg/base/testing.h"
#include "pkg/metrics/prometheus/registry.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/memory/memory.h"

namespace gantry::daemon {
namespace {

using gantry::testing::IsOk;

struct World {
  async::Loop loop;
  async::SimulatedClock clock{from_unix_seconds(1'800'000'000)};
  SeededRandom random{1};
  store::memory::Disk disk{clock};
  store::memory::Database database{disk};
  store::CachedStore store{loop.executor(), database.backend(), clock, random};
  metrics::prometheus::Registry metrics;
  DaemonInstruments instruments{metrics};
  ClusterInstruments cluster_instruments{metrics};
};

TEST(Reference, ControllersAreWhatTheManagerRuns) {
  World world;
  DaemonConnector connector(world.loop.executor(), world.clock);
  DaemonProber prober(world.loop.executor(), world.clock);
  const runtime::Environment environment{world.store, world.clock, world.random, world.instruments};
  runtime::Manager manager(environment, world.database.leases(), runtime::ManagerOptions());
  Controllers controllers({world.loop.executor(), environment, world.database.guests(), connector,
                           prober, "installation", [] { return true; }});
  ASSERT_THAT(controllers.add_to(manager), IsOk());
  EXPECT_GOLDEN("../../docs/controllers.md",
                "# Controllers\n\n"
                "Generated from what the programs declare. A controller owns one kind: it alone "
                "writes its status. It\nis woken by changes of the kinds that it watches and by "
                "what it listens to; it meets the others only\nthrough objects in the store. How "
                "one decides is in the README of its folder under `controllers/`.\n\n" +
                    manager.graph());
}

TEST(Reference, MetricsAreWhatTheDaemonDeclares) {
  World world;
  const apiserver::AuditLog audit(apiserver::audit_to_stdout(), world.metrics);
  const apiserver::Server server(world.store, world.clock, world.metrics, {"", {}, {}});
  EXPECT_GOLDEN("../../docs/reference/metrics.md",
                "# Metrics\n\n"
                "Generated from what gantryd declares. `/metrics` serves them in Prometheus' text "
                "format;\n[operating](../operating.md) says where and what to watch.\n\n" +
                    metrics::render_markdown(world.metrics.catalogue()));
}

}  // namespace
}  // namespace gantry::daemon

// Creates per second at 32 clients over a real PostgreSQL with fsync on: group commit against one
// commit a write, in the same run on the same server. The counter `ratio` is what counts; the
// absolute numbers are the disk's.
#include <string>

#include <benchmark/benchmark.h>

#include "pkg/async/loop.h"
#include "pkg/async/real_clock.h"
#include "pkg/base/check.h"
#include "pkg/base/random.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/postgres/postgres.h"
#include "pkg/store/postgres/testing/private_server.h"

namespace gantry::store {
namespace {

constexpr int kClients = 32;
constexpr size_t kBodyBytes = 600;  // an App as people send it

postgres::testing::PrivateServer& server() {
  static const auto started = [] {
    postgres::testing::PrivateServerOptions options;
    options.fsync = true;
    return postgres::testing::PrivateServer::start(options);
  }();
  GANTRY_CHECK(started.ok());
  return **started;
}

Json app(const std::string& name) {
  return Json::Object{{"apiVersion", "gantry.dev/v1alpha1"},
                      {"kind", "App"},
                      {"metadata", Json::Object{{"name", name}, {"namespace", "default"}}},
                      {"spec", Json::Object{{"note", std::string(kBodyBytes, 'x')}}}};
}

// A store on a fresh database.
struct Bench {
  async::Loop loop;
  async::RealClock clock;
  SystemRandom random;
  async::BlockingPool pool{"postgres", 4, 64};
  std::unique_ptr<Database> database;
  std::unique_ptr<CachedStore> store;
  int round = 0;

  explicit Bench(size_t batch_max) {
    const auto conninfo = server().create_database();
    GANTRY_CHECK(conninfo.ok());
    postgres::PostgresOptions options;
    options.conninfo = *conninfo;
    auto opened = loop.block_on(postgres::open(options, pool));
    GANTRY_CHECK(opened.ok());
    database = *std::move(opened);
    CachedStoreOptions limits;
    limits.batch_max = batch_max;
    store =
        std::make_unique<CachedStore>(loop.executor(), database->backend(), clock, random, limits);
    GANTRY_CHECK(loop.block_on(store->start()).ok());
  }
  ~Bench() { GANTRY_CHECK(loop.block_on(store->stop()).ok()); }

  Async<Status> client(std::string prefix, int writes) {
    for (int i = 0; i < writes; ++i) {
      const auto made = co_await store->create("apps.gantry.dev", app(prefix + std::to_string(i)));
      if (!made.ok()) co_return made.status();
    }
    co_return Status();
  }

  // Every client writes `writes` objects, one after the other. Creates per second.
  double run(int clients, int writes) {
    async::Group group(loop.executor());
    ++round;
    const auto began = clock.now();
    for (int i = 0; i < clients; ++i) {
      const auto prefix = "app-" + std::to_string(round) + "-" + std::to_string(i) + "-";
      group.spawn("client", [this, prefix, writes] { return client(prefix, writes); });
    }
    GANTRY_CHECK(loop.block_on(group.join()).ok());
    const std::chrono::duration<double> took = clock.now() - began;
    return clients * writes / took.count();
  }
};

void BM_CreatesAt32ClientsGroupedAgainstSingle(benchmark::State& state) {
  Bench grouped(256);
  Bench single(1);
  double grouped_rate = 0;
  double single_rate = 0;
  for (auto _ : state) {
    grouped_rate += grouped.run(kClients, 40);
    single_rate += single.run(kClients, 10);
  }
  state.counters["grouped_per_s"] =
      benchmark::Counter(grouped_rate, benchmark::Counter::kAvgIterations);
  state.counters["single_per_s"] =
      benchmark::Counter(single_rate, benchmark::Counter::kAvgIterations);
  state.counters["ratio"] = grouped_rate / single_rate;
}
BENCHMARK(BM_CreatesAt32ClientsGroupedAgainstSingle)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Iterations(5);

void BM_Creates(benchmark::State& state) {
  Bench bench(256);
  const auto clients = static_cast<int>(state.range(0));
  for (auto _ : state) bench.run(clients, 20);
  state.SetItemsProcessed(state.iterations() * clients * 20);
}
BENCHMARK(BM_Creates)->Arg(1)->Arg(8)->Arg(32)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace gantry::store

// The memory lab at 50,000 containers on 20 nodes: what a create costs in CPU by the in-process
// door (all checks on, task engine included), what a container takes in memory, and what a row of
// /cluster/resources costs, each also at 1,000 containers in the same run: the ratios show what
// grows faster than the lab does.
#include <ctime>
#include <fstream>

#include <benchmark/benchmark.h>
#include <unistd.h>

#include "pkg/lab/testing.h"

namespace gantry::lab {
namespace {

constexpr int kNodes = 20;
constexpr int kFew = 1000;
constexpr int kMany = 50000;
constexpr int kTogether = 100;  // creates under way at a time
constexpr int kSample = 2000;   // creates that are timed

double cpu_seconds() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  int64_t pages = 0;
  int64_t resident = 0;
  file >> pages >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

Options twenty_nodes() {
  auto options = cluster_of(kNodes);
  for (auto& storage : options.storages) storage.total = int64_t{1} << 50;
  return options;
}

struct Bench {
  testing::World world{twenty_nodes()};
  std::unique_ptr<pve::Client> client =
      world.lab.client(world.lab.set_up_least_privilege("gantry").id);
  int next = 20000;

  pve::Parameters parameters(int number) const {
    auto all = testing::small_container();
    all["pool"] = "gantry";
    all["hostname"] = "web-" + std::to_string(number);
    all["description"] =
        "gantry:v1 installation=home-1 uid=0f5c1a9e-6a3e-4c6e-9d0f-0123456789ab epoch=1";
    return all;
  }

  Async<Status> create_some(int count) {
    for (int i = 0; i < count; ++i, ++next) {
      const NodeName node("pve" + std::to_string(1 + next % kNodes));
      auto options = parameters(next);
      auto made = co_await client->create_guest(node, VmId(next), std::move(options));
      if (!made.ok()) co_return made.status();
    }
    GANTRY_CO_TRY(co_await world.clock.sleep_for(std::chrono::seconds(10)));
    if (world.lab.running_tasks() > 0) co_return internal("creates are slower than thought");
    co_return Status();
  }

  void create(int count) {
    for (int done = 0; done < count; done += kTogether) {
      GANTRY_CHECK(world.run(create_some(std::min(kTogether, count - done))).ok());
    }
  }

  // CPU microseconds a create: the call, and everything that its task does.
  double create_cost() {
    const auto began = cpu_seconds();
    create(kSample);
    return (cpu_seconds() - began) * 1e6 / kSample;
  }

  // CPU microseconds a row, decoded as the product's client does.
  double row_cost() {
    const int times = std::max(1, 200000 / static_cast<int>(world.lab.guest_count()));
    const auto began = cpu_seconds();
    size_t rows = 0;
    for (int i = 0; i < times; ++i) {
      const auto seen = world.run(client->resources());
      GANTRY_CHECK(seen.ok());
      rows += seen->guests.size();
    }
    return (cpu_seconds() - began) * 1e6 / static_cast<double>(rows);
  }
};

void BM_LabAt50000Containers(benchmark::State& state) {
  for (auto _ : state) {
    Bench bench;
    bench.create(kFew);
    const auto create_few = bench.create_cost();
    const auto row_few = bench.row_cost();
    const auto before = resident_bytes();
    const auto count = bench.world.lab.guest_count();
    bench.create(kMany - static_cast<int>(count) - kSample);
    const auto create_many = bench.create_cost();
    const auto after = resident_bytes();
    const auto row_many = bench.row_cost();
    state.counters["create_us_at_1000"] = create_few;
    state.counters["create_us_at_50000"] = create_many;
    state.counters["create_ratio"] = create_many / create_few;
    state.counters["row_us_at_3000"] = row_few;
    state.counters["row_us_at_50000"] = row_many;
    state.counters["row_ratio"] = row_many / row_few;
    state.counters["bytes_per_container"] =
        static_cast<double>(after - before) / static_cast<double>(kMany - count);
    state.counters["resident_MiB"] = static_cast<double>(after) / (1 << 20);
  }
}
BENCHMARK(BM_LabAt50000Containers)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace gantry::lab

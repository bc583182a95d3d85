// The API's speed and size, against a real gantryd over TLS and a real PostgreSQL with fsync on,
// and pgbench on the same server in the same run. Client and server share the machine: `CPU` is
// what the daemon itself spent, and does not depend on who else is busy.
//
//   gantry_api_bench [--benchmark_out=FILE.json] [--only=writes,reads,watch,storm,large]
#include <cstring>
#include <thread>

#include <sys/resource.h>

#include "pkg/base/check.h"
#include "tests/bench/api/load.h"
#include "tests/bench/api/report.h"
#include "tests/bench/api/watchers.h"

namespace gantry::bench {
namespace {

using std::to_string;
using store::postgres::testing::PrivateServer;

constexpr double kMiB = 1 << 20;
constexpr const char* kTable =
    "Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json\r\n";
constexpr const char* kGzip = "Accept-Encoding: gzip\r\n";
constexpr const char* kMerge = "Content-Type: application/merge-patch+json\r\n";
constexpr const char* kJson = "Content-Type: application/json\r\n";

// The reference: what a client does that writes an object and logs it, each in its transaction.
constexpr const char* kReferenceTables =
    "CREATE TABLE reference (name text PRIMARY KEY, revision bigint, body text);"
    "CREATE TABLE reference_log (revision bigserial PRIMARY KEY, name text, body text);";
std::string reference_script() {
  return "\\set n random(1, 1000000)\n"
         "BEGIN;\n"
         "INSERT INTO reference VALUES ('app-' || :n, :n, repeat('x', 1400)) ON CONFLICT (name) "
         "DO UPDATE SET revision = excluded.revision, body = excluded.body;\n"
         "INSERT INTO reference_log (name, body) VALUES ('app-' || :n, repeat('x', 1400));\n"
         "COMMIT;\n";
}

struct Bench {
  Report report;
  std::unique_ptr<PrivateServer> server;
  std::unique_ptr<Daemon> daemon;
  int created = 0;
  double reference_32 = 0;
  double reference_1_ms = 0;

  void start() {
    store::postgres::testing::PrivateServerOptions options;
    options.fsync = true;
    auto started = PrivateServer::start(options);
    GANTRY_CHECK(started.ok());
    server = *std::move(started);
    open(*server->create_database());
    report.add("memory of an empty daemon", daemon->resident_bytes() / kMiB, "MiB");
  }

  // A daemon that serves and leaves the controllers' work to another: it is the API that is
  // measured.
  void open(const std::string& conninfo) {
    daemon = std::make_unique<Daemon>(conninfo);  // makes the schema
    daemon->stop();
    GANTRY_CHECK(server
                     ->run("INSERT INTO gantry.leases VALUES ('gantryd', 'the benchmark', 1000, "
                           "now(), now() + interval '1 day') ON CONFLICT (name) DO UPDATE SET "
                           "holder = excluded.holder, epoch = excluded.epoch, expires_at = "
                           "excluded.expires_at",
                           conninfo.substr(conninfo.rfind('=') + 1))
                     .ok());
    daemon->start();
  }

  void reference() {
    const auto conninfo = *server->create_database();
    GANTRY_CHECK(server->run(kReferenceTables, conninfo.substr(conninfo.rfind('=') + 1)).ok());
    reference_32 = run_pgbench(conninfo, reference_script(), 32, 8);
    reference_1_ms = 1e3 / run_pgbench(conninfo, reference_script(), 1, 4);
    report.add("pgbench, 32 connections: upsert and log", reference_32, "tx/s");
    report.add("pgbench, 1 connection", reference_1_ms, "ms a tx");
  }

  Outcome create(int clients, int count) {
    const int first = created;
    created += count;
    return run_clients(*daemon, clients, count, [first](int number, TlsClient& client) {
      const auto id = first + number;
      return client
          .send("POST", kApps, app_body("web-" + to_string(id), to_string(id % 100)), kJson)
          .status;
    });
  }

  void writes() {
    reference();
    const auto one = create(1, 300);
    report.add("create, 1 client: p50", one.p50_ms, "ms", "<= 2 x one commit",
               one.p50_ms <= 2 * reference_1_ms);
    const auto many = create(32, 9700);
    GANTRY_CHECK(many.failed == 0);
    report.add("create, 32 clients", many.per_second, "/s", ">= 715 (Kubernetes)",
               many.per_second >= 715);
    report.add("create, 32 clients, against pgbench", many.per_second / reference_32, "x", ">= 0.4",
               many.per_second >= 0.4 * reference_32);
    report.add("create: CPU", many.server_us, "us each");
    const auto patched = run_clients(*daemon, 32, 8000, [](int number, TlsClient& client) {
      const auto target = std::string(kApps) + "/web-" + to_string(number % 10000) + "/status";
      const auto patch = R"({"status":{"readyReplicas":)" + to_string(number % 7) +
                         R"(,"observedGeneration":)" + to_string(number) + "}}";
      return client.send("PATCH", target, patch, kMerge).status;
    });
    GANTRY_CHECK(patched.failed == 0);
    report.add("status patch, 32 clients", patched.per_second, "/s", ">= 444 (Kubernetes)",
               patched.per_second >= 444);
    report.add("status patch, 32 clients, against pgbench", patched.per_second / reference_32, "x",
               ">= 0.4", patched.per_second >= 0.4 * reference_32);
    report.add("status patch: CPU", patched.server_us, "us each");
  }

  void fill() {
    if (created == 0) create(32, 10000);
  }

  // CPU and wall of one request, the mean of several.
  void list(const std::string& name, const std::string& query, const std::string& headers,
            double target_ms, int times = 5) {
    const auto client = daemon->connect();
    const auto first = client->send("GET", std::string(kApps) + query, "", headers);
    GANTRY_CHECK(first.status == 200);
    const auto cpu = daemon->cpu_seconds();
    const auto began = now_seconds();
    for (int i = 0; i < times; ++i) client->send("GET", std::string(kApps) + query, "", headers);
    const auto wall = (now_seconds() - began) * 1e3 / times;
    const auto cost = (daemon->cpu_seconds() - cpu) * 1e3 / times;
    report.add(name + ": CPU", cost, "ms", "<= " + to_string(static_cast<int>(target_ms)) + " ms",
               cost <= target_ms);
    report.add(name + ": wall, " + to_string(first.bytes) + " bytes", wall, "ms");
  }

  void reads() {
    fill();
    const auto get = run_clients(*daemon, 32, 100000, [](int number, TlsClient& client) {
      return client.send("GET", std::string(kApps) + "/web-" + to_string(number % 10000)).status;
    });
    GANTRY_CHECK(get.failed == 0);
    report.add("get, 32 clients", get.per_second, "/s", ">= 20000", get.per_second >= 20000);
    report.add("get: CPU", get.server_us, "us each", "<= 50 (20000/s a core)", get.server_us <= 50);
    list("list of 10,000 Apps", "", "", 30, 20);
    // What the first one pays for all: after a change of the collection.
    const auto client = daemon->connect();
    const auto patch = R"({"metadata":{"labels":{"touched":"yes"}}})";
    GANTRY_CHECK(client->send("PATCH", std::string(kApps) + "/web-1", patch, kMerge).status == 200);
    const auto cpu = daemon->cpu_seconds();
    GANTRY_CHECK(client->send("GET", kApps, "", kGzip).status == 200);
    const auto cost = (daemon->cpu_seconds() - cpu) * 1e3;
    report.add("list of 10,000 Apps, gzip, the first: CPU", cost, "ms", "<= 150 ms", cost <= 150);
    list("list of 10,000 Apps, gzip, further ones", "", kGzip, 150, 20);
    list("Table of 10,000 Apps", "", kTable, 60, 10);
    list("label selector, 100 of 10,000", "?labelSelector=shard%3D7", "", 1, 200);
  }

  // `rate` 0: as fast as they can. Patches until `seconds` have passed.
  int64_t write_for(double seconds, int writers, double rate) {
    std::atomic<int64_t> written = 0;
    std::vector<std::thread> threads;
    const auto end = now_seconds() + seconds;
    for (int i = 0; i < writers; ++i)
      threads.emplace_back([&, i] {
        const auto client = daemon->connect();
        for (int number = i; now_seconds() < end; number += writers) {
          if (rate > 0) std::this_thread::sleep_for(std::chrono::duration<double>(writers / rate));
          char patch[96];
          std::snprintf(patch, sizeof(patch), R"({"metadata":{"labels":{"sent":"%.3f"}}})",
                        now_seconds() * 1e3);
          const auto target = std::string(kApps) + "/web-" + to_string(number % 10000);
          if (client->send("PATCH", target, patch, kMerge).status == 200) ++written;
        }
      });
    for (auto& thread : threads) thread.join();
    return written;
  }

  void watch() {
    fill();
    const auto before = daemon->resident_bytes();
    {
      Watchers idle(*daemon, 1000);
      std::this_thread::sleep_for(std::chrono::seconds(1));
      const auto each = (daemon->resident_bytes() - before) / 1000;
      report.add("idle watcher, with its TLS state", each / 1024, "KiB", "<= 112 KiB",
                 each <= 112 * 1024);
      idle.begin();
      const auto cpu = daemon->cpu_seconds();
      const auto written = write_for(6, 4, 100);
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
      idle.end();
      const auto spent = daemon->cpu_seconds() - cpu;
      report.add("1,000 watchers: writes", static_cast<double>(written) / 6, "/s");
      report.add("1,000 watchers: p50", quantile(idle.delays(), 0.5), "ms");
      const auto p99 = quantile(idle.delays(), 0.99);
      report.add("1,000 watchers, 100 writes/s: p99", p99, "ms", "<= 50 ms", p99 <= 50);
      report.add("1,000 watchers: CPU", spent * 1e6 / static_cast<double>(idle.events()),
                 "us a delivery");
    }
    Watchers hundred(*daemon, 100);
    hundred.begin();
    const auto cpu = daemon->cpu_seconds();
    const auto began = now_seconds();
    write_for(6, 8, 0);
    const auto took = now_seconds() - began;
    const auto rate = static_cast<double>(hundred.events()) / took;
    hundred.end();
    const auto spent = daemon->cpu_seconds() - cpu;
    report.add("100 watchers flat out", rate, "deliveries/s", ">= 100000", rate >= 100000);
    report.add("100 watchers flat out: CPU", spent * 1e6 / static_cast<double>(hundred.events()),
               "us a delivery");
  }

  void storm() {
    fill();
    const auto before = daemon->resident_bytes();
    std::atomic<bool> over = false;
    double peak = before;
    std::thread sampler([&] {
      while (!over) {
        peak = std::max(peak, daemon->resident_bytes());
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    });
    const auto began = now_seconds();
    const auto lists = run_clients(
        *daemon, 100, 100, [](int, TlsClient& client) { return client.send("GET", kApps).status; });
    const auto took = now_seconds() - began;
    over = true;
    sampler.join();
    GANTRY_CHECK(lists.failed == 0);
    report.add("100 lists of 10,000 at once: time", took, "s");
    report.add("100 lists of 10,000 at once: memory added", (peak - before) / kMiB, "MiB",
               "<= 100 MiB", peak - before <= 100 * kMiB);
    std::this_thread::sleep_for(std::chrono::seconds(12));
    const auto after = daemon->resident_bytes();
    report.add("memory after it, more than before", (after - before) / kMiB, "MiB");
    report.add("memory at 10,000 Apps after the suite", after / kMiB, "MiB", "<= 100 MiB",
               after <= 100 * kMiB);
  }

  // A daemon that finds 100,000 Apps in its database.
  void large() {
    fill();
    const auto conninfo = *server->create_database();
    const auto name = conninfo.substr(conninfo.rfind('=') + 1);
    open(conninfo);
    created = 0;
    create(8, 100);
    daemon->stop();
    GANTRY_CHECK(server
                     ->run("INSERT INTO gantry.objects SELECT resource, ns, name || '-' || n, "
                           "gen_random_uuid(), revision, replace(replace(body, name, name || '-' "
                           "|| n), '\"shard\":\"', '\"copy\":\"' || n || '\",\"shard\":\"') FROM "
                           "gantry.objects, generate_series(1, 999) n WHERE resource = "
                           "'apps.gantry.dev'",
                           name)
                     .ok());
    GANTRY_CHECK(server->run("VACUUM ANALYZE", name).ok());
    daemon->start();
    report.add("start with 100,000 Apps until /readyz", daemon->seconds_to_ready(), "s", "<= 2 s",
               daemon->seconds_to_ready() <= 2);
    report.add("CPU of that start", daemon->cpu_seconds(), "s");
    const auto memory = daemon->resident_bytes() / kMiB;
    report.add("memory at 100,000 Apps", memory, "MiB", "<= 700 MiB", memory <= 700);
    list("label selector, 100 of 100,000", "?labelSelector=copy%3D7", "", 1, 500);
    list("field selector by name", "?fieldSelector=metadata.name%3Dweb-1-7", "", 1, 500);
    list("first page of 100,000 (limit=500)", "?limit=500", "", 30, 20);
  }
};

}  // namespace
}  // namespace gantry::bench

int main(int argc, char** argv) {
  std::string out;
  std::string only = "writes,reads,watch,storm,large";
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--benchmark_out=")) out = argument.substr(16);
    if (argument.starts_with("--only=")) only = argument.substr(7);
  }
  rlimit files{};  // a thousand watchers are a thousand connections
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  gantry::bench::Bench bench;
  bench.start();
  const auto wanted = [&](const char* part) { return only.find(part) != std::string::npos; };
  if (wanted("writes")) bench.writes();
  if (wanted("reads")) bench.reads();
  if (wanted("watch")) bench.watch();
  if (wanted("storm")) bench.storm();
  if (wanted("large")) bench.large();
  bench.report.write(out);
  return 0;
}

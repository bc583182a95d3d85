#include "tests/bench/api/load.h"

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "pkg/base/check.h"
#include "tests/bench/api/report.h"

namespace gantry::bench {

std::string app_body(const std::string& name, const std::string& shard) {
  return R"({"apiVersion":"gantry.dev/v1alpha1","kind":"App","metadata":{"name":")" + name +
         R"(","labels":{"app":"web","shard":")" + shard +
         R"("},"annotations":{"gantry.dev/description":"an application as people write them, )"
         R"(with a description that says what it is for and who to ask about it"}},)"
         R"("spec":{"machineClassName":"small","replicas":2,"workload":{"service":)"
         R"({"packages":["nginx-light","ca-certificates"],"unit":"nginx.service"}},)"
         R"("ports":[{"name":"http","port":80},{"name":"https","port":8443}]}})";
}

Outcome run_clients(const Daemon& daemon, int clients, int requests,
                    const std::function<int(int, TlsClient&)>& one) {
  std::vector<std::unique_ptr<TlsClient>> connections;
  for (int i = 0; i < clients; ++i) connections.push_back(daemon.connect());
  std::atomic<int> next = 0;
  std::atomic<int> failed = 0;
  std::mutex mutex;
  std::vector<double> all;
  const auto cpu = daemon.cpu_seconds();
  const auto began = now_seconds();
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i)
    threads.emplace_back([&, i] {
      std::vector<double> took;
      for (int number = next++; number < requests; number = next++) {
        const auto sent = now_seconds();
        const int status = one(number, *connections[static_cast<size_t>(i)]);
        took.push_back((now_seconds() - sent) * 1e3);
        if (status < 200 || status > 299) ++failed;
      }
      const std::lock_guard lock(mutex);
      all.insert(all.end(), took.begin(), took.end());
    });
  for (auto& thread : threads) thread.join();
  Outcome outcome;
  outcome.per_second = requests / (now_seconds() - began);
  outcome.server_us = (daemon.cpu_seconds() - cpu) * 1e6 / requests;
  outcome.p50_ms = quantile(all, 0.5);
  outcome.p99_ms = quantile(all, 0.99);
  outcome.failed = failed;
  return outcome;
}

namespace {

// libpq's "k=v …" as pgbench takes it.
std::vector<std::string> pgbench_arguments(const std::string& conninfo, const std::string& file,
                                           int clients, int seconds) {
  return {"pgbench", "-n",
          "-f",      file,
          "-c",      std::to_string(clients),
          "-j",      "2",
          "-T",      std::to_string(seconds),
          "-M",      "prepared",
          conninfo};
}

std::string newest_pgbench() {
  std::string newest;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql"))
    newest = std::max(newest, version.path().string() + "/bin/pgbench");
  return newest;
}

}  // namespace

double run_pgbench(const std::string& conninfo, const std::string& script, int clients,
                   int seconds) {
  char file[] = "/tmp/gantry-pgbench-XXXXXX";
  ::close(::mkstemp(file));
  std::ofstream(file) << script;
  std::array<int, 2> pipe{};
  GANTRY_CHECK(::pipe(pipe.data()) == 0);
  const auto program = newest_pgbench();
  const auto child = ::fork();
  if (child == 0) {
    ::dup2(pipe[1], 1);
    const auto arguments = pgbench_arguments(conninfo, file, clients, seconds);
    std::vector<char*> raw;
    for (const auto& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
    raw.push_back(nullptr);
    ::execv(program.c_str(), raw.data());
    ::_exit(127);
  }
  ::close(pipe[1]);
  std::string text;
  std::array<char, 4096> buffer{};
  ssize_t count = 0;
  while ((count = ::read(pipe[0], buffer.data(), buffer.size())) > 0)
    text.append(buffer.data(), static_cast<size_t>(count));
  ::close(pipe[0]);
  ::waitpid(child, nullptr, 0);
  std::filesystem::remove(file);
  const auto at = text.find("tps = ");
  GANTRY_CHECK(at != std::string::npos);
  return std::atof(text.c_str() + at + 6);
}

}  // namespace gantry::bench

#pragma once
// What clients do to a daemon, and what it took.
#include <functional>
#include <string>
#include <vector>

#include "tests/bench/api/daemon.h"

namespace gantry::bench {

inline constexpr const char* kApps = "/apis/gantry.dev/v1alpha1/namespaces/default/apps";

// An App of about 1.4 KiB as it is listed.
std::string app_body(const std::string& name, const std::string& shard);

struct Outcome {
  double per_second = 0;
  double server_us = 0;  // CPU of the daemon, a request
  double p50_ms = 0;
  double p99_ms = 0;
  int failed = 0;  // answers that were no 2xx
};

// `clients` threads, each with a connection of its own, call `one(client, connection)` until
// `requests` were sent; it answers the HTTP status.
Outcome run_clients(const Daemon& daemon, int clients, int requests,
                    const std::function<int(int number, TlsClient& client)>& one);

// Transactions a second that pgbench reaches in `seconds` on that database, with that script.
double run_pgbench(const std::string& conninfo, const std::string& script, int clients,
                   int seconds);

}  // namespace gantry::bench

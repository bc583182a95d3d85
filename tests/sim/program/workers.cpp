#include "tests/sim/program/workers.h"

#include <atomic>
#include <cstdio>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/base/check.h"
#include "tests/sim/scenario.h"

namespace gantry::sim {
namespace {

// What the parent sees of a worker, in memory that both share.
struct Account {
  std::atomic<uint64_t> next;  // the seed under way, or to be begun
  std::atomic<uint64_t> seeds, failed, simulated_seconds;
  std::atomic<uint64_t> reached[Reached::kMost];
};

void enter(Account& account, const Report& report) {
  account.seeds += 1;
  account.simulated_seconds += static_cast<uint64_t>(report.simulated / std::chrono::seconds(1));
  for (size_t place = 0; place < Reached::kMost; ++place) {
    if (report.reached.has(place)) account.reached[place] += 1;
  }
  if (report.problems.empty()) return;
  account.failed += 1;
  std::printf("%s\n", report.line().c_str());
  std::fflush(stdout);
}

void work_through(Account& account, const Work& work) {
  while (account.next < work.first + work.count) {
    const uint64_t seed = account.next;
    const bool twice = work.twice_in > 0 && seed % work.twice_in == 0;
    enter(account, twice ? run_seed_twice(seed) : run_seed(seed, false));
    account.next += work.processes;
  }
}

pid_t begin(Account& account, const Work& work) {
  std::fflush(nullptr);
  const pid_t child = fork();
  GANTRY_CHECK(child >= 0);
  if (child > 0) return child;
  work_through(account, work);
  std::fflush(nullptr);
  _exit(0);
}

// The worker has died of its seed: that is said, and another goes on after it.
void bury(Account& account, const Work& work, int status) {
  const uint64_t seed = account.next;
  std::printf("seed %llu: the process died (signal %d)\n  again: ./dev sim --seed %llu --verbose\n",
              static_cast<unsigned long long>(seed), WIFSIGNALED(status) ? WTERMSIG(status) : 0,
              static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  account.seeds += 1;
  account.failed += 1;
  account.next += work.processes;
}

double seconds_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

Totals add_up(const Account* accounts, unsigned count) {
  Totals totals;
  totals.reached.resize(Reached::kMost);
  for (unsigned i = 0; i < count; ++i) {
    totals.seeds += accounts[i].seeds;
    totals.failed += accounts[i].failed;
    totals.simulated_seconds += static_cast<double>(accounts[i].simulated_seconds);
    for (size_t place = 0; place < Reached::kMost; ++place) {
      totals.reached[place] += accounts[i].reached[place];
    }
  }
  return totals;
}

}  // namespace

Totals run(const Work& work) {
  const double began = seconds_now();
  auto* memory = mmap(nullptr, sizeof(Account) * work.processes, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  GANTRY_CHECK(memory != MAP_FAILED);
  auto* accounts = static_cast<Account*>(memory);  // all zero
  std::vector<pid_t> children;
  for (unsigned i = 0; i < work.processes; ++i) {
    accounts[i].next = work.first + i;
    children.push_back(begin(accounts[i], work));
  }
  size_t left = children.size();
  while (left > 0) {
    int status = 0;
    const pid_t ended = wait(&status);
    for (unsigned i = 0; i < work.processes; ++i) {
      if (children[i] != ended) continue;
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        --left;
      } else {
        bury(accounts[i], work, status);
        children[i] = begin(accounts[i], work);
      }
    }
  }
  auto totals = add_up(accounts, work.processes);
  totals.real_seconds = seconds_now() - began;
  munmap(memory, sizeof(Account) * work.processes);
  return totals;
}

}  // namespace gantry::sim

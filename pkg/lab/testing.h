#pragma once
// A lab over the memory backend in virtual time, for this package's tests and everybody's.
#include <memory>
#include <string>
#include <utility>

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/check.h"
#include "pkg/lab/lab.h"
#include "pkg/lab/memory/memory.h"

namespace gantry::lab::testing {

inline const NodeName kNode("pve1");
inline const VmId kId(100);

// Everything one test needs; ends the lab on destruction.
struct World {
  explicit World(Options options = single_node(), MemoryOptions memory = {}, uint64_t seed = 1)
      : random(seed),
        backend(clock, random, std::move(memory)),
        lab(std::move(options), clock, random, backend, loop.executor()) {}
  ~World() { stop(); }

  // Runs in virtual time to its end.
  template <class T>
  T run(Async<T> operation) {
    return loop.block_on(clock, std::move(operation));
  }
  void pass(Duration duration) {
    const auto until = clock.now() + duration;
    (void)run(clock.sleep_until(until));
  }
  // The ended task.
  pve::Task wait(pve::Client& client, const Upid& upid) {
    while (true) {
      const auto task = run(client.task(upid));
      GANTRY_CHECK(task.ok());
      if (!task->running) return *task;
      pass(std::chrono::milliseconds(200));
    }
  }
  // The exit status of a write that queued a task, or "refused: …".
  std::string outcome(pve::Client& client, Async<Result<Upid>> write) {
    const auto upid = run(std::move(write));
    if (!upid.ok()) return "refused: " + message_of(upid.status());
    return wait(client, *upid).exit_status;
  }
  void stop() {
    if (std::exchange(stopped, true)) return;
    (void)run(stop_lab());
  }

  async::Loop loop;
  async::SimulatedClock clock{from_unix_seconds(1795209600)};
  SeededRandom random;
  MemoryBackend backend;
  Lab lab;
  bool stopped = false;

 private:
  Async<Status> stop_lab() {
    co_await lab.stop();
    co_return Status();
  }
};

inline constexpr const char* kTemplate = "local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst";

// Parameters of a small container.
inline pve::Parameters small_container() {
  return {{"ostemplate", kTemplate}, {"rootfs", "local:4"},
          {"unprivileged", "1"},     {"hostname", "web-1"},
          {"memory", "256"},         {"net0", "name=eth0,bridge=vmbr0,ip=dhcp"}};
}

}  // namespace gantry::lab::testing

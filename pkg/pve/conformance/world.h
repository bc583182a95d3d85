#pragma once
// What a driver gives the contract tests, and how they are registered.
#include <functional>
#include <memory>
#include <string>

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/pve/client.h"

namespace gantry::pve::conformance {

// A Proxmox VE with one node that can make containers, and nobody else at work on it.
class World {
 public:
  virtual ~World() = default;
  // May do everything with its own containers; the rights come from a pool.
  virtual Client& client() = 0;
  // Authenticated, and without any right.
  virtual Client& stranger() = 0;
  // The clock by which tasks take their time.
  virtual async::Clock& clock() = 0;
  // Not null: virtual time, which run() moves when nothing else can happen.
  virtual async::SimulatedClock* simulated() { return nullptr; }

  virtual NodeName node() = 0;
  // A small container that starts: ostemplate, rootfs (1 GiB), pool, unprivileged.
  virtual Parameters small_container() = 0;
  // The storage that small_container()'s root disk is made on.
  virtual StorageId storage() = 0;
  // An id that was never used.
  virtual VmId new_vmid() = 0;
  // As a person with an editor would: `lock` "" unlocks.
  virtual void set_lock(VmId vmid, std::string lock) = 0;

  async::Loop& loop() { return loop_; }
  template <class T>
  T run(Async<T> operation) {
    if (auto* clock = simulated()) return loop_.block_on(*clock, std::move(operation));
    return loop_.block_on(std::move(operation));
  }
  void pass(Duration duration) { (void)run(clock().sleep_for(duration)); }

 private:
  async::Loop loop_;
};

using MakeWorld = std::function<std::unique_ptr<World>()>;

// Registers every contract test as "<driver>ClientContract.<Name>". Call it from a static
// initialiser:
//   const bool registered = conformance::register_tests("Http", make_world);
bool register_tests(const char* driver, MakeWorld make);

}  // namespace gantry::pve::conformance

#pragma once
// What a driver gives the contract tests, and how they are registered.
#include <memory>

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/store/database.h"

namespace gantry::store::conformance {

// A fresh, empty database with two processes connected to it.
class World {
 public:
  virtual ~World() = default;
  virtual Database& first() = 0;
  virtual Database& second() = 0;
  // The clock by which the driver waits.
  virtual async::Clock& clock() = 0;
  // Not null: virtual time, which run() moves when nothing else can happen.
  virtual async::SimulatedClock* simulated() { return nullptr; }
  // Makes changes up to that revision disappear from the feed.
  virtual void trim_feed(int64_t revision) = 0;

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

// Registers every contract test as "<driver>BackendContract.<Name>" and so on. Call it from a
// static initialiser:
//   const bool registered = conformance::register_tests("Memory", make_world);
bool register_tests(const char* driver, MakeWorld make);

}  // namespace gantry::store::conformance

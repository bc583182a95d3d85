#pragma once
// TestWorld: a store in memory, virtual time and a loop, for tests of what the runtime runs.
#include <functional>
#include <memory>
#include <string>

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/check.h"
#include "pkg/base/random.h"
#include "pkg/runtime/controller.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/memory/memory.h"

namespace gantry::runtime {

struct TestWorld {
  async::Loop loop;
  async::SimulatedClock clock{Time(std::chrono::hours(1))};
  SeededRandom random{1};
  store::memory::Disk disk{clock};
  store::memory::Database database{disk};
  store::CachedStore store{loop.executor(), database.backend(), clock, random};
  NoInstruments instruments;
  std::unique_ptr<async::Group> group = std::make_unique<async::Group>(loop.executor());

  TestWorld() { GANTRY_CHECK(loop.block_on(clock, store.start()).ok()); }
  ~TestWorld() { finish(); }

  Environment environment() { return Environment{store, clock, random, instruments}; }

  void start(std::function<Async<Status>()> body) { group->spawn("under test", std::move(body)); }
  size_t running() const { return group->size(); }
  // Runs everything that happens within `duration` of virtual time.
  void run_for(Duration duration) {
    const auto end = clock.now() + duration;
    while (true) {
      while (loop.poll() > 0) {
      }
      const auto next = clock.next_deadline();
      if (!next.has_value() || *next > end) break;
      clock.advance_to_next();
    }
    clock.advance_to(end);
    while (loop.poll() > 0) {
    }
  }
  // Cancels what was started and waits for its end.
  void finish() {
    if (!group) return;
    group->stop();
    (void)loop.block_on(clock, group->join());
    group.reset();
    (void)loop.block_on(clock, store.stop());
  }

  store::ObjectPtr put(const std::string& resource, const std::string& ns, const std::string& name,
                       Json object = Json::object()) {
    object.set("apiVersion", "test/v1");
    object.set("kind", "Test");
    object.member("metadata").set("name", name);
    object.member("metadata").set("namespace", ns);
    auto created = loop.block_on(clock, store.create(resource, object));
    GANTRY_CHECK(created.ok());
    return *created;
  }
  // Sets one top-level member.
  void set(const std::string& resource, const std::string& ns, const std::string& name,
           const std::string& member, Json value) {
    const auto found = store.get({resource, ns, name});
    GANTRY_CHECK(found.ok());
    auto object = (*found)->value;
    object.set(member, std::move(value));
    const auto part = member == "status" ? store::Part::status : store::Part::main;
    GANTRY_CHECK(loop.block_on(clock, store.update(resource, part, object)).ok());
  }
};

}  // namespace gantry::runtime

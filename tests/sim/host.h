#pragma once
// Host: one machine that may run gantryd. It has an event loop, a clock and a way to the database
// of its own, so that its process can be killed at any await, stopped and continued (SIGSTOP, a
// virtual machine that is suspended), cut off, and its clock set wrongly, while the world goes on.
#include <memory>
#include <optional>
#include <string>

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "tests/sim/daemon.h"

namespace gantry::sim {

// The world's clock as a machine with a wrong time of day has it.
class HostClock final : public async::Clock {
 public:
  explicit HostClock(async::SimulatedClock& world) : world_(world) {}
  Time now() const override { return world_.now() + offset_; }
  Time steady() const override { return world_.steady(); }
  Async<Status> sleep_until(Time deadline) override {
    return world_.sleep_until(deadline - offset_);
  }
  std::unique_ptr<async::Alarm> alarm(Executor executor, Duration after,
                                      std::function<void()> ring) override {
    return world_.alarm(std::move(executor), after, std::move(ring));
  }
  void set_offset(Duration offset) { offset_ = offset; }

 private:
  async::SimulatedClock& world_;
  Duration offset_{};
};

class Host {
 public:
  // What is referred to outlives it.
  struct Surroundings {
    async::SimulatedClock& clock;
    store::memory::Disk& disk;
    lab::Lab& lab;
    const ChannelFaults& channel_faults;
    const Bugs& bugs;
    const controllers::app::CallbackOffer* callbacks;
  };
  Host(std::string name, uint64_t seed, Surroundings surroundings);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // ---- the process ----
  void start();  // requires that none runs
  void kill();   // kill -9: at once, nothing is drained
  bool runs() const { return daemon_ != nullptr; }
  // Runs what is ready, and the number of handlers that ran; 0 while it is paused.
  size_t poll();
  // Kills it after so many more handlers: between two awaits.
  void kill_after(uint64_t handlers) { handlers_left_ = handlers; }
  void spare() { handlers_left_.reset(); }
  void set_paused(bool paused) { paused_ = paused; }
  bool is_paused() const { return paused_; }

  // ---- its surroundings ----
  void set_cut_off(bool cut_off) { cut_off_ = cut_off; }  // from the database
  HostClock& clock() { return clock_; }

  const std::string& name() const { return name_; }
  // As the database knows this incarnation.
  const std::string& holder() const { return holder_; }
  // Since when it has known that nothing may be written; absent while something may.
  std::optional<Time> gate_closed_since() const { return gate_closed_since_; }
  // Null while none runs.
  const Daemon* daemon() const { return daemon_.get(); }

 private:
  size_t run_ready();
  void look_at_gate();

  std::string name_;
  Surroundings surroundings_;
  SeededRandom random_;
  HostClock clock_;
  async::Loop loop_;
  int incarnation_ = 0;
  std::string holder_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<async::Group> group_;
  std::optional<uint64_t> handlers_left_;
  std::optional<Time> gate_closed_since_;
  bool paused_ = false, cut_off_ = false;
};

}  // namespace gantry::sim

#pragma once
// SimulatedClock: virtual time that moves only when told to.
#include <map>
#include <optional>

#include "pkg/async/clock.h"

namespace gantry::async {

// Deterministic: sleepers with equal deadlines wake in the order in which they began.
class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(Time start) : now_(start) {}
  ~SimulatedClock() override;
  Time now() const override { return now_; }
  Time steady() const override { return now_ - jumped_; }
  Async<Status> sleep_until(Time deadline) override;
  std::unique_ptr<Alarm> alarm(Executor executor, Duration after,
                               std::function<void()> ring) override;

  // When the next sleeper wakes; nullopt when nobody sleeps.
  std::optional<Time> next_deadline() const;
  // Moves to the earliest deadline and wakes that one sleeper; false when nobody sleeps.
  bool advance_to_next();
  // Moves to `time` and wakes everybody due by then.
  void advance_to(Time time);
  void advance(Duration duration) { advance_to(now_ + duration); }
  // A clock jump: sleepers keep the time that they still had to wait.
  void jump(Duration by);

 private:
  class Sleeper;
  class Bell;
  using Key = std::pair<Time, uint64_t>;
  using Sleepers = std::map<Key, Sleeper*>;
  void wake_first();

  Time now_;
  Duration jumped_{};
  uint64_t next_sequence_ = 0;
  Sleepers sleepers_;
};

}  // namespace gantry::async

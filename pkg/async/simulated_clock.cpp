#include "pkg/async/simulated_clock.h"

#include <boost/asio/post.hpp>

#include "pkg/async/waiters.h"

namespace gantry::async {

// Waits for a time as long as it is there.
class SimulatedClock::Sleeper {
 public:
  Sleeper(SimulatedClock& clock, Time due, std::function<void()> wake)
      : clock_(&clock), wake_(std::move(wake)) {
    place_ = clock.sleepers_.emplace(Key(due, clock.next_sequence_++), this).first;
  }
  ~Sleeper() {
    if (clock_ != nullptr) clock_->sleepers_.erase(place_);
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  void move_to(Sleepers::iterator place) { place_ = place; }
  // The clock has taken it out, or goes itself.
  void forget_clock() { clock_ = nullptr; }
  void wake() { wake_(); }

 private:
  SimulatedClock* clock_;
  std::function<void()> wake_;
  Sleepers::iterator place_;
};

class SimulatedClock::Bell final : public Alarm {
 public:
  Bell(SimulatedClock& clock, Executor executor, Duration after, std::function<void()> ring)
      : executor_(std::move(executor)),
        ring_(std::make_shared<std::function<void()>>(std::move(ring))) {
    if (after > Duration::zero())
      sleeper_.emplace(clock, clock.now() + after, [this] { strike(); });
    else
      strike();
  }

 private:
  // The alarm may go before that is heard, and also while it is.
  void strike() {
    asio::post(executor_, [ring = std::weak_ptr(ring_)] {
      if (const auto held = ring.lock()) (*held)();
    });
  }

  Executor executor_;
  std::shared_ptr<std::function<void()>> ring_;
  std::optional<Sleeper> sleeper_;
};

SimulatedClock::~SimulatedClock() {
  for (const auto& [key, sleeper] : sleepers_) sleeper->forget_clock();
}

Async<Status> SimulatedClock::sleep_until(Time deadline) {
  if (deadline <= now_) {
    const bool stopping = co_await is_cancelled();
    if (stopping) co_return cancelled();
    co_await yield();
    co_return Status();
  }
  Waiters waiters;
  const Sleeper sleeper(*this, deadline, [&waiters] { (void)waiters.wake_one(); });
  co_return co_await waiters.park();
}

std::unique_ptr<Alarm> SimulatedClock::alarm(Executor executor, Duration after,
                                             std::function<void()> ring) {
  return std::make_unique<Bell>(*this, std::move(executor), after, std::move(ring));
}

std::optional<Time> SimulatedClock::next_deadline() const {
  if (sleepers_.empty()) return std::nullopt;
  return std::max(sleepers_.begin()->first.first, now_);
}

void SimulatedClock::wake_first() {
  const auto first = sleepers_.begin();
  auto* const sleeper = first->second;
  now_ = std::max(now_, first->first.first);
  sleepers_.erase(first);
  sleeper->forget_clock();
  sleeper->wake();
}

bool SimulatedClock::advance_to_next() {
  if (sleepers_.empty()) return false;
  wake_first();
  return true;
}

void SimulatedClock::advance_to(Time time) {
  while (!sleepers_.empty() && sleepers_.begin()->first.first <= time) wake_first();
  now_ = std::max(now_, time);
}

void SimulatedClock::jump(Duration by) {
  Sleepers moved;
  for (const auto& [key, sleeper] : sleepers_)
    sleeper->move_to(moved.emplace_hint(moved.end(), Key(key.first + by, key.second), sleeper));
  sleepers_.swap(moved);
  now_ += by;
  jumped_ += by;
}

}  // namespace gantry::async

#include "pkg/async/simulated_clock.h"

#include <vector>

namespace gantry::async {

Async<Status> SimulatedClock::sleep_until(Time deadline) {
  if (deadline <= now_) {
    const bool stopping = co_await is_cancelled();
    if (stopping) co_return cancelled();
    co_await yield();
    co_return Status();
  }
  const Key key(deadline, next_sequence_++);
  // A cancelled sleeper leaves its empty place behind; advance_to_next() sweeps it.
  co_return co_await sleepers_[key].park();
}

std::optional<Time> SimulatedClock::next_deadline() const {
  for (const auto& [key, waiters] : sleepers_)
    if (waiters.size() > 0) return std::max(key.first, now_);
  return std::nullopt;
}

bool SimulatedClock::advance_to_next() {
  while (!sleepers_.empty()) {
    auto node = sleepers_.extract(sleepers_.begin());
    now_ = node.mapped().size() > 0 ? std::max(now_, node.key().first) : now_;
    if (node.mapped().wake_one()) return true;
  }
  return false;
}

void SimulatedClock::advance_to(Time time) {
  while (!sleepers_.empty() && sleepers_.begin()->first.first <= time) {
    auto node = sleepers_.extract(sleepers_.begin());
    if (node.mapped().size() > 0) now_ = std::max(now_, node.key().first);
    node.mapped().wake_all();
  }
  now_ = std::max(now_, time);
}

void SimulatedClock::jump(Duration by) {
  std::map<Key, Waiters> moved;
  while (!sleepers_.empty()) {
    auto node = sleepers_.extract(sleepers_.begin());
    node.key().first += by;
    moved.insert(std::move(node));
  }
  sleepers_.swap(moved);
  now_ += by;
  jumped_ += by;
}

}  // namespace gantry::async

#pragma once
// Watchdog: one connection's deadline, moved along as the connection makes progress.
#include <functional>
#include <optional>

#include "pkg/async/clock.h"
#include "pkg/async/group.h"

namespace gantry::http::beast {

// At most one deadline at a time; arming costs no coroutine as long as deadlines only move later.
class Watchdog {
 public:
  Watchdog(Executor executor, async::Clock& clock, std::function<void()> on_expiry);

  // `on_expiry` is called once unless arm() or disarm() is called within `limit`.
  void arm(Duration limit);
  void disarm() { deadline_.reset(); }
  // The last deadline passed; until the next arm().
  bool expired() const { return expired_; }
  // Must have returned before destruction.
  Async<Status> stop();

 private:
  Async<Status> sleep(uint64_t generation);

  async::Clock& clock_;
  std::function<void()> on_expiry_;
  std::optional<Time> deadline_;
  std::optional<Time> sleeping_until_;
  uint64_t generation_ = 0;
  bool expired_ = false;
  async::Group group_;
};

}  // namespace gantry::http::beast

#include "pkg/http/beast/watchdog.h"

namespace gantry::http::beast {

Watchdog::Watchdog(Executor executor, async::Clock& clock, std::function<void()> on_expiry)
    : clock_(clock), on_expiry_(std::move(on_expiry)), group_(std::move(executor)) {}

void Watchdog::arm(Duration limit) {
  expired_ = false;
  deadline_ = clock_.now() + limit;
  if (sleeping_until_ && *sleeping_until_ <= *deadline_) return;  // the sleeper will look again
  group_.cancel();
  sleeping_until_ = deadline_;
  group_.spawn("http watchdog", [this, generation = ++generation_] { return sleep(generation); });
}

Async<Status> Watchdog::sleep(uint64_t generation) {
  while (generation == generation_ && deadline_) {
    sleeping_until_ = deadline_;
    GANTRY_CO_TRY(co_await clock_.sleep_until(*deadline_));
    if (generation != generation_ || !deadline_ || clock_.now() < *deadline_) continue;
    deadline_.reset();
    expired_ = true;
    on_expiry_();
  }
  if (generation == generation_) sleeping_until_.reset();
  co_return Status();
}

Async<Status> Watchdog::stop() {
  deadline_.reset();
  group_.stop();
  co_return co_await group_.join();
}

}  // namespace gantry::http::beast

#include "controllers/app/jobs.h"

#include <algorithm>

#include "pkg/base/check.h"

namespace gantry::controllers::app {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// A container that is still booting is asked again soon; what failed waits longer each time.
constexpr seconds kStillBooting{1};
Duration retry_delay(const Status& status, int failures) {
  if (error_class(status) == ErrorClass::locked) return kStillBooting;
  const auto doubled = seconds(2) * (1 << std::min(failures, 8));
  return std::min<Duration>(doubled, minutes(5));
}

}  // namespace

Jobs::Jobs(async::Clock& clock, Executor executor) : clock_(clock), group_(std::move(executor)) {}

Async<Status> Jobs::run() {
  (void)co_await never_.wait();
  group_.stop();
  co_return co_await group_.join();
}

Inside& Jobs::inside(const Uid& machine) {
  return insides_[machine];
}

void Jobs::forget(const Uid& machine) {
  const auto it = insides_.find(machine);
  if (it != insides_.end() && !it->second.running) insides_.erase(it);
}

void Jobs::start(const Uid& machine, std::string container, Guest guest, ResolvedWorkload workload,
                 std::function<Async<Status>()> prove) {
  auto& inside = insides_[machine];
  GANTRY_CHECK(!inside.running);
  inside.running = true;
  inside.step_started = clock_.now();
  inside.step = "system";
  inside.message = "looking inside the container";
  group_.spawn("bootstrap", [this, machine, container = std::move(container), guest,
                             workload = std::move(workload), prove = std::move(prove)] {
    return work(machine, container, guest, workload, prove);
  });
}

Async<Status> Jobs::work(Uid machine, std::string container, Guest guest, ResolvedWorkload workload,
                         std::function<Async<Status>()> prove) {
  const StepReport report = [this, machine](const std::string& step, const std::string& message) {
    auto& inside = insides_[machine];
    if (inside.step != step) inside.step_started = clock_.now();
    inside.step = step;
    inside.message = message;
  };
  const std::string revision = workload.revision;
  Status result = co_await prove();
  if (result.ok()) result = co_await bootstrap(guest, std::move(workload), report);
  finish(machine, container, revision, std::move(result));
  co_return Status();
}

void Jobs::finish(const Uid& machine, const std::string& container, const std::string& revision,
                  Status result) {
  auto& inside = insides_[machine];
  inside.running = false;
  if (result.ok()) {
    inside.verified_container = container;
    inside.verified_revision = revision;
    inside.bootstrapped_at = clock_.now();
    inside.failures = 0;
    inside.retry_at.reset();
    inside.last_error = Status();
    inside.step = "healthy";
    inside.message.clear();
    return;
  }
  inside.retry_at = clock_.now() + retry_delay(result, inside.failures);
  if (error_class(result) != ErrorClass::locked) ++inside.failures;
  inside.message = message_of(result);
  inside.last_error = std::move(result);
}

}  // namespace gantry::controllers::app

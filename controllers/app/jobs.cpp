#include "controllers/app/jobs.h"

#include <algorithm>

#include "pkg/base/check.h"

namespace gantry::controllers::app {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kAskedForReach = 2;

// A container that is still booting, or may not be changed just now, is not at fault.
bool is_failure(const Status& status) {
  const auto error = error_class(status);
  return error != ErrorClass::locked && error != ErrorClass::held;
}

// Who is not at fault is asked again soon; what failed waits longer each time.
constexpr seconds kStillBooting{1}, kHeld{3};
Duration retry_delay(const Status& status, int failures) {
  if (!is_failure(status)) return error_class(status) == ErrorClass::held ? kHeld : kStillBooting;
  const auto doubled = seconds(2) * (1 << std::min(failures, 8));
  return std::min<Duration>(doubled, minutes(5));
}

// Nobody may take them for a while; the newest matter.
void tell(Inside& inside, Inside::Deed deed) {
  constexpr size_t kKept = 50;
  if (inside.deeds.size() == kKept) inside.deeds.erase(inside.deeds.begin());
  inside.deeds.push_back(std::move(deed));
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
  if (inside.tried_revision != workload.revision) {
    inside.failures = 0;
    inside.last_error = Status();
  }
  inside.tried_revision = workload.revision;
  // What was verified before may not be so any more once this has begun.
  inside.verified_container.clear();
  inside.images.clear();
  inside.running = true;
  inside.step_started = clock_.now();
  const auto steps = step_names(workload);
  inside.progress = Progress{1,
                             static_cast<int>(steps.size()),
                             steps.front(),
                             "looking inside the container",
                             "",
                             false,
                             false};
  group_.spawn("bootstrap", [this, machine, container = std::move(container), guest,
                             workload = std::move(workload), prove = std::move(prove)] {
    return work(machine, container, guest, workload, prove);
  });
}

Async<Status> Jobs::work(Uid machine, std::string container, Guest guest, ResolvedWorkload workload,
                         std::function<Async<Status>()> prove) {
  const Report report = [this, machine](const Progress& progress) {
    auto& inside = insides_[machine];
    if (inside.progress.step != progress.step) inside.step_started = clock_.now();
    const bool is_new = progress.changes && (progress.step != inside.progress.step ||
                                             progress.message != inside.progress.message);
    if (is_new) tell(inside, {progress.step + ": " + progress.message, false, progress.code});
    inside.disturbed = inside.disturbed || (progress.changes && progress.disturbs);
    inside.progress = progress;
  };
  const std::string revision = name_of(workload);
  Status result = co_await prove();
  if (result.ok()) result = co_await bootstrap(guest, workload, report);
  // What cannot be read now is no failure: the next bootstrap asks again.
  if (result.ok()) {
    auto images = co_await images_inside(guest, std::move(workload));
    if (images.ok()) insides_[machine].images = *std::move(images);
  }
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
    inside.progress = Progress();
    return;
  }
  inside.retry_at = clock_.now() + retry_delay(result, inside.failures);
  inside.progress.message = message_of(result);
  if (is_failure(result)) {
    ++inside.failures;
    tell(inside, {message_of(result), true, catalogue_code(result).value_or("")});
  }
  inside.last_error = std::move(result);
}

void Jobs::ask_for_reach(const Uid& machine, std::function<Async<Status>()> ask) {
  if (asked_for_reach_ >= kAskedForReach) return;
  ++asked_for_reach_;
  insides_[machine].reach_asked_at = clock_.now();
  group_.spawn("reach", [this, machine, ask = std::move(ask)] { return find_reach(machine, ask); });
}

Async<Status> Jobs::find_reach(Uid machine, std::function<Async<Status>()> ask) {
  auto answer = co_await ask();
  --asked_for_reach_;
  const auto found = insides_.find(machine);
  if (found == insides_.end()) co_return Status();
  auto& reach = found->second.reach;
  // What proves nothing leaves the last word.
  const bool proves = answer.ok() || catalogue_code(answer) == kCallbackUnreachable;
  if (proves || !reach) reach = std::move(answer);
  co_return Status();
}

void Jobs::ask_for_ports(const Uid& machine, AskPorts ask) {
  insides_[machine].ports_asked_at = clock_.now();
  group_.spawn("ports", [this, machine, ask = std::move(ask)] { return find_ports(machine, ask); });
}

Async<Status> Jobs::find_ports(Uid machine, AskPorts ask) {
  auto ports = co_await ask();
  const auto found = insides_.find(machine);
  if (ports.ok() && found != insides_.end()) found->second.loopback = *std::move(ports);
  co_return Status();
}

}  // namespace gantry::controllers::app

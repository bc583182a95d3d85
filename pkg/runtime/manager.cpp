#include "pkg/runtime/manager.h"

#include <algorithm>
#include <memory>

#include "pkg/async/deadline.h"
#include "pkg/base/log.h"

namespace gantry::runtime {
namespace {

// A database that does not answer is not waited for: the lease then runs out.
constexpr Duration kRelease = std::chrono::seconds(1);

bool is_cancellation(const Status& status) {
  return !status.ok() && error_class(status) == ErrorClass::cancelled;
}

}  // namespace

Manager::Manager(Environment environment, store::Leases& leases, ManagerOptions options)
    : environment_(environment),
      leases_(leases),
      options_(std::move(options)),
      leadership_(environment.clock) {}

Status Manager::add(Controller& controller) {
  for (const auto* other : controllers_) {
    if (controller.owns().empty() || other->owns() != controller.owns()) continue;
    return invalid("controllers %s and %s both own %s: a kind has one owner", other->name(),
                   controller.name(), controller.owns());
  }
  controllers_.push_back(&controller);
  return Status();
}

void Manager::add_service(std::string name, Service service, StopService stop) {
  services_.push_back({std::move(name), std::move(service), std::move(stop)});
}

void Manager::stop() {
  stopping_.set();
}

Async<Status> Manager::run() {
  auto executor = co_await async::this_executor();
  std::list<async::Group> services;
  async::Group leading(executor);
  for (const auto& service : services_) {
    services.emplace_back(executor).spawn(service.name,
                                          [this, &service] { return serve(service); });
  }
  leading.spawn("leader", [this] { return lead(); });
  auto first_error = co_await leading.join();
  environment_.instruments.leading(false);
  stopping_.set();
  // All before the first is waited for: the times that they take do not add up.
  for (const auto& service : services_) {
    if (service.stop) service.stop();
  }
  for (auto service = services_.rbegin(); service != services_.rend(); ++service) {
    if (!service->stop) services.back().stop();
    const auto ended = co_await services.back().join();
    if (first_error.ok() && !is_cancellation(ended)) first_error = ended;
    services.pop_back();
  }
  co_return first_error;
}

// A service has no business ending: the daemon goes with it, and is started again by systemd.
Async<Status> Manager::serve(const Entry& service) {
  auto ended = co_await service.run();
  const bool cancelled = co_await async::is_cancelled();
  const bool asked_to = cancelled || stopping_.is_set();
  if (!asked_to && !is_cancellation(ended)) {
    log::error("a service ended: stopping", {{"service", service.name}, {"error", ended}});
    stopping_.set();
  }
  co_return annotate(std::move(ended), service.name);
}

Async<Status> Manager::lead() {
  while (!stopping_.is_set()) {
    const auto acquired = co_await acquire();
    if (is_cancellation(acquired)) co_return acquired;
    if (acquired.ok()) {
      log::info("leading", {{"lease", options_.lease}, {"epoch", leadership_.epoch()}});
      const auto ended = co_await serve_term();
      if (ended == TermEnd::stopped) break;
      log::warn("lost the lease: controllers stopped", {{"lease", options_.lease}});
    } else {
      log::debug("not leading", {{"lease", options_.lease}, {"why", acquired}});
    }
    const auto pause = options_.ttl / 3;
    const auto slept = co_await stopping_.wait_for(environment_.clock, pause);
    if (is_cancellation(slept)) co_return slept;
  }
  // Another process need not wait for the lease to run out. A cancelled stop just leaves it.
  if (leadership_.epoch() != 0) {
    auto released = leases_.release(options_.lease, options_.holder);
    (void)co_await async::with_deadline(environment_.clock, kRelease, "release the lease",
                                        std::move(released));
  }
  co_return Status();
}

Async<Status> Manager::acquire() {
  const auto began = environment_.clock.steady();
  const auto limit = options_.ttl / 3;
  auto attempt = leases_.acquire(options_.lease, options_.holder, options_.ttl);
  auto lease = co_await async::with_deadline(environment_.clock, limit, "acquire the lease",
                                             std::move(attempt));
  if (!lease.ok()) co_return lease.status();
  if (leadership_.held() && lease->epoch != leadership_.epoch()) {
    co_return make_error(ErrorClass::held, "another process led in between");
  }
  leases_.fence(options_.lease, lease->epoch);
  leadership_.renew(lease->epoch, began + options_.ttl);
  co_return Status();
}

Async<Manager::TermEnd> Manager::serve_term() {
  async::Group controllers(co_await async::this_executor());
  environment_.instruments.leading(true);
  for (auto* controller : controllers_) {
    controllers.spawn(controller->name(), [controller] { return controller->run(); });
  }
  const auto end = co_await keep_lease();
  const bool gently = end == TermEnd::stopped && leadership_.held();
  if (!gently) leadership_.drop();
  (void)co_await stop_controllers(controllers, gently);
  leadership_.drop();
  // Nothing of theirs is under way: what is written from here on is the API server's.
  leases_.fence("", 0);
  environment_.instruments.leading(false);
  co_return end;
}

Async<Manager::TermEnd> Manager::keep_lease() {
  while (true) {
    const auto pause = options_.ttl / 3;
    const auto waited = co_await stopping_.wait_for(environment_.clock, pause);
    if (waited.ok() || is_cancellation(waited)) co_return TermEnd::stopped;
    const auto renewed = co_await acquire();
    if (renewed.ok()) continue;
    if (is_cancellation(renewed)) co_return TermEnd::stopped;
    log::warn("could not renew the lease", {{"lease", options_.lease}, {"error", renewed}});
    const bool taken = error_class(renewed) == ErrorClass::held;
    // The last third is for stopping what runs.
    const bool running_out = leadership_.until() - environment_.clock.steady() <= options_.ttl / 3;
    if (taken || running_out) co_return TermEnd::lost;
  }
}

Async<Status> Manager::stop_controllers(async::Group& group, bool gently) {
  const bool cancelled = co_await async::is_cancelled();
  if (gently && !cancelled) {
    for (auto* controller : controllers_) controller->stop();
    const auto drain =
        std::min<Duration>(options_.drain, leadership_.until() - environment_.clock.steady());
    const auto drained =
        co_await async::with_deadline(environment_.clock, drain, "drain", group.join());
    if (drained.ok()) co_return drained;
  }
  group.stop();
  co_return co_await group.join();
}

std::string Manager::graph() const {
  const auto cell = [](const std::vector<std::string>& words, const char* quote) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : ", ") + (quote + word + quote);
    return text + " | ";
  };
  std::string text =
      "| controller | owns | watches | listens to | also reads | also writes |\n"
      "|---|---|---|---|---|---|\n";
  for (const auto* controller : controllers_) {
    const auto& owns = controller->owns();
    text += "| " + controller->name() + " | " + (owns.empty() ? "–" : "`" + owns + "`") + " | ";
    text += cell(controller->inputs(), "`") + cell(controller->sources(), "");
    text += cell(controller->read(), "`") + cell(controller->written(), "`");
    text.back() = '\n';
  }
  return text;
}

}  // namespace gantry::runtime

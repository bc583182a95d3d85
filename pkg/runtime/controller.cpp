#include "pkg/runtime/controller.h"

#include "pkg/async/deadline.h"
#include "pkg/base/json_compare.h"
#include "pkg/base/log.h"

namespace gantry::runtime {
namespace {

using namespace std::chrono_literals;

// A watch that ended by an error is opened again after this.
constexpr auto kReopen = 1s;
// After a version conflict the cache needs a moment to see what the other writer did.
constexpr Duration kConflict = 20ms;
constexpr int kConflictDoublings = 6;

}  // namespace

Controller::Controller(std::string name, Reconciler& reconciler, Environment environment)
    : name_(std::move(name)),
      reconciler_(reconciler),
      environment_(environment),
      backoff_(environment.random, BackoffLimits{}) {}

Controller::Controller(std::string name, store::Resource owns, Reconciler& reconciler,
                       Environment environment)
    : Controller(std::move(name), reconciler, environment) {
  owns_ = std::move(owns);
  watches_.emplace_back(owns_, [](const store::Change& change) {
    return spec_or_metadata_changed(change) ? same_object(change) : std::vector<Request>();
  });
}

Controller& Controller::watches(store::Resource resource, Mapping mapping) {
  watches_.emplace_back(std::move(resource), std::move(mapping));
  return *this;
}

Controller& Controller::listens(std::string name, Source source) {
  sources_.emplace_back(std::move(name), std::move(source));
  return *this;
}

Controller& Controller::reads(std::vector<store::Resource> resources) {
  reads_ = std::move(resources);
  return *this;
}

Controller& Controller::writes(std::vector<store::Resource> resources) {
  writes_ = std::move(resources);
  return *this;
}

Controller& Controller::with_concurrency(size_t count) {
  concurrency_ = count;
  return *this;
}

Controller& Controller::with_resync(Duration period) {
  resync_ = period;
  return *this;
}

std::vector<store::Resource> Controller::inputs() const {
  std::vector<store::Resource> inputs;
  for (const auto& [resource, mapping] : watches_) {
    if (resource != owns_) inputs.push_back(resource);
  }
  return inputs;
}

std::vector<std::string> Controller::sources() const {
  std::vector<std::string> sources;
  for (const auto& [name, source] : sources_) sources.push_back(name);
  return sources;
}

void Controller::enqueue(const Request& request) {
  queue_.add(request, environment_.clock.steady());
  environment_.instruments.queue_depth(name_, queue_.waiting());
  wake_.set();
}

void Controller::stop() {
  stopping_ = true;
  wake_.set();
}

Async<Status> Controller::run() {
  stopping_ = false;
  queue_.clear();
  async::Group inputs(co_await async::this_executor());
  async::Group reconciles(co_await async::this_executor());
  for (const auto& [resource, mapping] : watches_) {
    inputs.spawn(name_ + " watches " + resource, [this, resource = resource, mapping = mapping] {
      return follow(resource, mapping);
    });
  }
  for (const auto& [name, source] : sources_) {
    inputs.spawn(name, [this, source = source] {
      return source([this](Request request) { enqueue(request); });
    });
  }
  const auto dispatched = co_await dispatch(reconciles);
  inputs.stop();
  if (!dispatched.ok()) reconciles.stop();
  (void)co_await inputs.join();
  (void)co_await reconciles.join();
  queue_.clear();
  co_return dispatched;
}

Async<Status> Controller::dispatch(async::Group& reconciles) {
  while (!stopping_) {
    const bool cancelled = co_await async::is_cancelled();
    if (cancelled) co_return async::cancelled();
    wake_.reset();
    while (running_ < concurrency_) {
      const auto request = queue_.take(environment_.clock.steady());
      if (!request.has_value()) break;
      ++running_;
      reconciles.spawn(name_ + " " + to_string(*request),
                       [this, request = *request] { return reconcile_one(request); });
    }
    const auto due = queue_.next_due();
    if (running_ >= concurrency_ || !due.has_value()) {
      GANTRY_CO_TRY(co_await wake_.wait());
      continue;
    }
    const auto wait = *due - environment_.clock.steady();
    const auto woken = co_await wake_.wait_for(environment_.clock, wait);
    if (!woken.ok() && error_class(woken) == ErrorClass::cancelled) co_return woken;
  }
  co_return Status();
}

// Ends the work on a request, also when the reconciler throws: the Group then reports it, and the
// request is tried again like after any bug.
struct Controller::InWork {
  Controller& controller;
  Request request;
  Time began;
  Result<Outcome> result = internal("the reconciler threw");
  ~InWork() {
    auto& environment = controller.environment_;
    const auto took = environment.clock.steady() - began;
    const auto verdict = judge(result, controller.exists(request));
    environment.instruments.reconciled(controller.name_, verdict.label, took);
    controller.queue_.done(request);
    controller.settle(request, verdict, result.status());
    --controller.running_;
    controller.wake_.set();
  }
};

Async<Status> Controller::reconcile_one(Request request) {
  environment_.instruments.queue_depth(name_, queue_.waiting());
  InWork work{*this, request, environment_.clock.steady()};
  auto result = co_await reconciler_.reconcile(request);
  work.result = std::move(result);
  co_return Status();
}

bool Controller::exists(const Request& request) const {
  return environment_.store.get({owns_, request.ns, request.name}).ok();
}

void Controller::settle(const Request& request, const Verdict& verdict, const Status& status) {
  report(request, verdict, status);
  if (verdict.forget_failures) backoff_.forget(request);
  if (verdict.next != Next::at_once) conflicts_.erase(request);
  if (verdict.next == Next::never) return;
  if (verdict.next == Next::resync && !exists(request)) return;
  queue_.add(request, environment_.clock.steady() + delay_of(request, verdict, status));
  environment_.instruments.queue_depth(name_, queue_.waiting());
}

Duration Controller::delay_of(const Request& request, const Verdict& verdict,
                              const Status& status) {
  switch (verdict.next) {
    case Next::after:
      return verdict.delay;
    case Next::at_once:
      return kConflict * (1 << std::min(conflicts_[request]++, kConflictDoublings));
    case Next::backoff:
      return backoff_.next(request, status);
    case Next::resync:
    case Next::never:
      break;
  }
  // Spread over a fifth of the period, so that a restart does not make everything come at once.
  return resync_ - Duration(static_cast<int64_t>(
                       environment_.random.below(static_cast<uint64_t>(resync_.count() / 5 + 1))));
}

void Controller::report(const Request& request, const Verdict& verdict, const Status& status) {
  const auto object = to_string(request);
  if (verdict.is_bug) {
    log::error("reconcile failed by a bug",
               {{"controller", name_}, {"object", object}, {"error", status}});
  } else if (verdict.next == Next::backoff) {
    log::warn("reconcile failed", {{"controller", name_}, {"object", object}, {"error", status}});
  } else {
    log::debug("reconciled",
               {{"controller", name_}, {"object", object}, {"outcome", verdict.label}});
  }
}

Async<Status> Controller::follow(store::Resource resource, Mapping mapping) {
  while (true) {
    auto watch = environment_.store.watch(resource, "", 0);
    auto ended = watch.status();
    if (watch.ok()) ended = co_await deliver(**watch, mapping);
    if (error_class(ended) == ErrorClass::cancelled) co_return ended;
    log::info("watch ends, is opened again",
              {{"controller", name_}, {"resource", resource}, {"error", ended}});
    GANTRY_CO_TRY(co_await environment_.clock.sleep_for(kReopen));
  }
}

Async<Status> Controller::deliver(store::Watch& watch, const Mapping& mapping) {
  while (true) {
    auto changes = co_await watch.next();
    if (!changes.ok()) co_return changes.status();
    for (const auto& change : *changes) {
      for (const auto& request : mapping(change)) enqueue(request);
    }
  }
}

bool spec_or_metadata_changed(const store::Change& change) {
  if (change.type != store::ChangeType::modified || change.previous == nullptr) return true;
  const auto &before = change.previous->value, &after = change.object->value;
  return !same_but_for(&before, &after, {"metadata", "status"}) ||
         !same_but_for(before.find("metadata"), after.find("metadata"),
                       {"resourceVersion", "managedFields"});
}

std::vector<Request> same_object(const store::Change& change) {
  return {Request{change.object->key.ns, change.object->key.name}};
}

Mapping to_owner(std::string kind) {
  return [kind = std::move(kind)](const store::Change& change) {
    std::vector<Request> owners;
    const auto* references = change.object->value.find_path({"metadata", "ownerReferences"});
    if (references == nullptr || !references->is_array()) return owners;
    for (const auto& reference : references->as_array()) {
      if (reference.string_or("kind", "") != kind) continue;
      owners.push_back({change.object->key.ns, reference.string_or("name", "")});
    }
    return owners;
  };
}

}  // namespace gantry::runtime

#include "pkg/apiserver/fairness/fair_queue.h"

#include <utility>

namespace gantry::apiserver {

Place& Place::operator=(Place&& other) noexcept {
  std::swap(queue_, other.queue_);
  std::swap(user_, other.user_);
  std::swap(kind_, other.kind_);
  return *this;
}

Place::~Place() {
  if (queue_ != nullptr) queue_->leave(user_, kind_);
}

FairQueue::FairQueue(async::Clock& clock, metrics::Registry& metrics, FairLimits limits)
    : clock_(clock),
      limits_(limits),
      running_gauge_(metrics.gauge("gantry_api_requests_in_flight",
                                   "API requests that are being served, watches excepted.")),
      waiting_gauge_(
          metrics.gauge("gantry_api_requests_waiting", "API requests that wait for their turn.")),
      watches_gauge_(metrics.gauge("gantry_api_watches", "Watches that are open.")),
      refused_(metrics.counter("gantry_api_requests_refused_total",
                               "API requests answered 429 by fair queuing: the user has too many "
                               "waiting (queue), waited too long (wait), or too many watches.",
                               {"reason"})) {
  show();
  for (const auto* reason : {"queue", "wait", "watches"}) refused_.show({reason});
}

void FairQueue::show() {
  running_gauge_.set(static_cast<double>(running_));
  waiting_gauge_.set(static_cast<double>(waiting_));
  watches_gauge_.set(static_cast<double>(watches_));
}

Status FairQueue::refuse(const char* reason, const std::string& message) {
  refused_.increment({reason});
  return with_retry_after(make_error(ErrorClass::overload, message), std::chrono::seconds(1));
}

Async<Result<Place>> FairQueue::enter(std::string user) {
  auto& flow = flows_[user];
  if (running_ < limits_.in_flight && flow.running < limits_.in_flight_per_user &&
      flow.waiting.empty()) {
    ++running_;
    ++flow.running;
    show();
    co_return Place(*this, std::move(user), Place::Kind::request);
  }
  if (flow.waiting.size() >= limits_.waiting_per_user)
    co_return refuse("queue", "too many requests of this user are waiting, please try again later");
  co_return co_await wait_for_turn(std::move(user));
}

Async<Result<Place>> FairQueue::wait_for_turn(std::string user) {
  auto waiter = std::make_shared<Waiter>();
  auto& queue = flows_[user].waiting;
  if (queue.empty()) ring_.push_back(user);
  queue.push_back(waiter);
  ++waiting_;
  show();
  const Status waited = co_await waiter->turn.wait_for(clock_, limits_.wait_max);
  if (waiter->given) co_return Place(*this, std::move(user), Place::Kind::request);
  auto& rest = flows_[user].waiting;
  std::erase(rest, waiter);
  if (rest.empty()) std::erase(ring_, user);
  --waiting_;
  forget_if_idle(user);
  show();
  if (error_class(waited) != ErrorClass::timeout) co_return waited;
  co_return refuse("wait", "too many requests, please try again later");
}

Result<Place> FairQueue::enter_watch(const std::string& user) {
  auto& flow = flows_[user];
  if (watches_ >= limits_.watches || flow.watches >= limits_.watches_per_user) {
    forget_if_idle(user);
    return refuse("watches", "too many watches are open, please try again later");
  }
  ++watches_;
  ++flow.watches;
  show();
  return Place(*this, user, Place::Kind::watch);
}

void FairQueue::leave(const std::string& user, Place::Kind kind) {
  auto& flow = flows_[user];
  if (kind == Place::Kind::watch) {
    --watches_;
    --flow.watches;
  } else {
    --running_;
    --flow.running;
    hand_out();
  }
  forget_if_idle(user);
  show();
}

void FairQueue::hand_out() {
  for (size_t skipped = 0; running_ < limits_.in_flight && skipped < ring_.size();) {
    const std::string user = std::move(ring_.front());
    ring_.pop_front();
    auto& flow = flows_[user];
    if (flow.running >= limits_.in_flight_per_user) {
      ring_.push_back(user);
      ++skipped;
      continue;
    }
    skipped = 0;
    const auto waiter = std::move(flow.waiting.front());
    flow.waiting.pop_front();
    if (!flow.waiting.empty()) ring_.push_back(user);
    --waiting_;
    ++running_;
    ++flow.running;
    waiter->given = true;
    waiter->turn.set();
  }
}

void FairQueue::forget_if_idle(const std::string& user) {
  const auto flow = flows_.find(user);
  if (flow == flows_.end()) return;
  const auto& [running, watches, waiting] = flow->second;
  if (running == 0 && watches == 0 && waiting.empty()) flows_.erase(flow);
}

}  // namespace gantry::apiserver

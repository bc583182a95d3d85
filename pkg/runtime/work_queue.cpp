#include "pkg/runtime/work_queue.h"

#include "pkg/base/check.h"

namespace gantry::runtime {

void WorkQueue::add(const Request& request, Time when) {
  const auto known = waiting_.find(request);
  if (known != waiting_.end()) {
    if (known->second.first <= when) return;
    order_.erase(known->second);
    waiting_.erase(known);
  }
  const Position position(when, next_sequence_++);
  waiting_.emplace(request, position);
  if (!working_.contains(request)) order_.emplace(position, request);
}

std::optional<Request> WorkQueue::take(Time now) {
  if (order_.empty() || order_.begin()->first.first > now) return std::nullopt;
  auto request = order_.begin()->second;
  order_.erase(order_.begin());
  waiting_.erase(request);
  working_.insert(request);
  return request;
}

void WorkQueue::done(const Request& request) {
  GANTRY_CHECK(working_.erase(request) == 1);
  const auto again = waiting_.find(request);
  if (again != waiting_.end()) order_.emplace(again->second, request);
}

void WorkQueue::clear() {
  waiting_.clear();
  order_.clear();
}

std::optional<Time> WorkQueue::next_due() const {
  if (order_.empty()) return std::nullopt;
  return order_.begin()->first.first;
}

}  // namespace gantry::runtime

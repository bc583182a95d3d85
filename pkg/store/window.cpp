#include "pkg/store/window.h"

#include <algorithm>

namespace gantry::store {

void Window::reset(int64_t floor) {
  floor_ = floor;
  bytes_ = 0;
  order_.clear();
  for (auto& [resource, log] : logs_) {
    log.changes.clear();
    log.dropped = 0;
    log.waiters.wake_all();
  }
}

void Window::append(Change change, Time now) {
  const auto& key = change.object->key;
  const auto bytes = change.object->text.size();
  order_.push_back(Entry{key.resource, bytes, now});
  bytes_ += bytes;
  logs_[key.resource].changes.push_back(std::move(change));
  trim(now);
}

void Window::trim(Time now) {
  while (!order_.empty()) {
    const auto& oldest = order_.front();
    const bool full = order_.size() > limits_.changes_max || bytes_ > limits_.bytes_max;
    if (!full && now - oldest.added <= limits_.age_max) return;
    auto& log = logs_[oldest.resource];
    log.dropped = log.changes.front().object->revision;
    log.changes.pop_front();
    bytes_ -= oldest.bytes;
    order_.pop_front();
  }
}

void Window::wake(const Resource& resource) {
  const auto log = logs_.find(resource);
  if (log != logs_.end()) log->second.waiters.wake_all();
}

void Window::wake_all(const Status& status) {
  for (auto& [resource, log] : logs_) log.waiters.wake_all(status);
}

std::optional<std::vector<Change>> Window::after(const Resource& resource, const std::string& ns,
                                                 int64_t revision) const {
  if (revision < floor_) return std::nullopt;
  std::vector<Change> found;
  const auto log = logs_.find(resource);
  if (log == logs_.end()) return found;
  if (revision < log->second.dropped) return std::nullopt;
  const auto& changes = log->second.changes;
  auto change = std::ranges::upper_bound(changes, revision, {},
                                         [](const Change& c) { return c.object->revision; });
  for (; change != changes.end(); ++change)
    if (ns.empty() || change->object->key.ns == ns) found.push_back(*change);
  return found;
}

}  // namespace gantry::store

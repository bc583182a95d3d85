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
    log.newest = 0;
  }
  wake_all();
}

Window::Listeners::iterator Window::add_listener(const Resource& resource, async::Event& event) {
  auto& listeners = logs_[resource].listeners;
  return listeners.insert(listeners.end(), &event);
}

void Window::remove_listener(const Resource& resource, Listeners::iterator at) {
  logs_[resource].listeners.erase(at);
}

void Window::append(RecordChange change, Time now) {
  const auto& resource = change.record->key.resource;
  const auto bytes =
      change.record->text.size() + (change.previous ? change.previous->text.size() : 0);
  order_.push_back(Entry{resource, bytes, now});
  bytes_ += bytes;
  auto& log = logs_[resource];
  log.newest = change.record->revision;
  log.changes.push_back(std::move(change));
  trim(now);
}

void Window::trim(Time now) {
  while (!order_.empty()) {
    const auto& oldest = order_.front();
    const bool full = order_.size() > limits_.changes_max || bytes_ > limits_.bytes_max;
    if (!full && now - oldest.added <= limits_.age_max) return;
    auto& log = logs_[oldest.resource];
    log.dropped = log.changes.front().record->revision;
    log.changes.pop_front();
    bytes_ -= oldest.bytes;
    order_.pop_front();
  }
}

void Window::wake(const Resource& resource) {
  const auto log = logs_.find(resource);
  if (log == logs_.end()) return;
  for (auto* listener : log->second.listeners) listener->set();
}

void Window::wake_all() {
  for (auto& [resource, log] : logs_) wake(resource);
}

const Window::Log* Window::find(const Resource& resource) const {
  const auto log = logs_.find(resource);
  return log == logs_.end() ? nullptr : &log->second;
}

std::deque<RecordChange>::const_iterator Window::begin_after(const Log& log, int64_t revision) {
  return std::ranges::upper_bound(log.changes, revision, {},
                                  [](const RecordChange& c) { return c.record->revision; });
}

bool Window::covers(const Resource& resource, int64_t revision) const {
  const auto* log = find(resource);
  return revision >= floor_ && (log == nullptr || revision >= log->dropped);
}

bool Window::anything_after(const Resource& resource, const std::string& ns,
                            int64_t revision) const {
  const auto* log = find(resource);
  if (log == nullptr) return false;
  return std::any_of(begin_after(*log, revision), log->changes.end(),
                     [&](const auto& c) { return ns.empty() || c.record->key.ns == ns; });
}

std::optional<std::vector<RecordChange>> Window::after(const Resource& resource,
                                                       const std::string& ns, int64_t revision,
                                                       size_t limit) const {
  if (!covers(resource, revision)) return std::nullopt;
  std::vector<RecordChange> found;
  const auto* log = find(resource);
  if (log == nullptr) return found;
  for (auto c = begin_after(*log, revision); c != log->changes.end() && found.size() < limit; ++c)
    if (ns.empty() || c->record->key.ns == ns) found.push_back(*c);
  return found;
}

int64_t Window::newest(const Resource& resource) const {
  const auto* log = find(resource);
  return log == nullptr ? 0 : log->newest;
}

}  // namespace gantry::store

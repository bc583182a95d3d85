#include "pkg/runtime/events.h"

#include <algorithm>

#include "pkg/base/log.h"
#include "pkg/base/text.h"

namespace gantry::runtime {
namespace {

using namespace std::chrono_literals;

const store::Resource kEvents = "events";
constexpr auto kExpiryPeriod = 10min;
constexpr auto kRetry = 1s;

// FNV-1a: names must be equal across processes and versions; collisions only merge two events.
uint64_t fnv1a(std::string_view text, uint64_t hash) {
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  return hash;
}

std::string namespace_of(const Subject& subject) {
  return subject.ns.empty() ? "default" : subject.ns;
}

Json involved_object(const Subject& subject) {
  Json object = Json::object();
  object.set("apiVersion", subject.api_version);
  object.set("kind", subject.kind);
  object.set("name", subject.name);
  if (!subject.ns.empty()) object.set("namespace", subject.ns);
  object.set("uid", subject.uid.get());
  return object;
}

// Reporters differ in what they fill in: newer ones have eventTime and a series only.
Time last_occurrence(const Json& event) {
  Time last{};
  for (const auto* time :
       {event.find("lastTimestamp"), event.find_path({"series", "lastObservedTime"}),
        event.find("eventTime"), event.find("firstTimestamp"),
        event.find_path({"metadata", "creationTimestamp"})}) {
    if (time == nullptr || !time->is_string()) continue;
    if (const auto parsed = from_rfc3339(time->as_string())) last = std::max(last, *parsed);
  }
  return last;
}

}  // namespace

std::string event_name(const Subject& subject, const Happening& happening) {
  uint64_t hash = 14695981039346656037ULL;
  for (const auto& part : {subject.uid.get(), happening.reason, happening.message}) {
    hash = fnv1a(part, hash);
    hash = fnv1a(std::string_view("\0", 1), hash);
  }
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(hash >> shift));
  return subject.name + "." + hex(bytes);
}

EventRecorder::EventRecorder(store::Store& store, async::Clock& clock, Instruments& instruments,
                             std::string component, EventLimits limits)
    : store_(store),
      clock_(clock),
      instruments_(instruments),
      component_(std::move(component)),
      limits_(limits) {}

bool EventRecorder::admit(const Uid& uid, Time now) {
  auto [it, is_new] = buckets_.try_emplace(uid);
  auto& bucket = it->second;
  if (is_new) {
    bucket.tokens = limits_.burst;
  } else {
    const double refilled = static_cast<double>((now - bucket.updated).count()) /
                            static_cast<double>(limits_.refill.count());
    bucket.tokens = std::min<double>(limits_.burst, bucket.tokens + refilled);
  }
  bucket.updated = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

void EventRecorder::record(const Subject& subject, const Happening& happening) {
  const auto now = clock_.now();
  const auto name = event_name(subject, happening);
  if (auto known = queue_.find(name); known != queue_.end()) {
    ++known->second.count;
    known->second.last = now;
    return;
  }
  if (queue_.size() >= limits_.queue_max || !admit(subject.uid, now)) {
    instruments_.event_dropped();
    return;
  }
  queue_.emplace(name, Entry{subject, happening, now, now});
  order_.push_back(name);
  wake_.set();
}

Async<Status> EventRecorder::run() {
  while (true) {
    const auto woken = co_await wake_.wait_for(clock_, kExpiryPeriod);
    if (!woken.ok() && error_class(woken) == ErrorClass::cancelled) co_return woken;
    wake_.reset();
    const auto written = co_await write_queued();
    if (!written.ok() && error_class(written) == ErrorClass::cancelled) co_return written;
    if (!written.ok()) {
      log::debug("events wait for the store", {{"error", written}});
      wake_.set();
      GANTRY_CO_TRY(co_await clock_.sleep_for(kRetry));
      continue;
    }
    if (clock_.now() - expired_at_ >= kExpiryPeriod) (void)co_await expire();
  }
}

Async<Status> EventRecorder::write_queued() {
  while (!order_.empty()) {
    const auto name = order_.front();
    const auto node = queue_.find(name);
    auto entry = node->second;
    const auto counted = entry.count;
    const auto written = co_await write(entry);
    const bool world_is_busy = !written.ok() && !is_terminal(written);
    if (world_is_busy) co_return written;
    if (!written.ok()) log::debug("an event was refused", {{"name", name}, {"error", written}});
    // What was recorded while the store worked is a further occurrence.
    if (node->second.count > counted) {
      node->second.count -= counted;
      continue;
    }
    order_.pop_front();
    queue_.erase(name);
    instruments_.event_written();
  }
  co_return Status();
}

Async<Status> EventRecorder::write(Entry entry) {
  const auto ns = namespace_of(entry.subject);
  const auto name = event_name(entry.subject, entry.happening);
  const auto known = store_.get({kEvents, ns, name});
  Json event = known.ok() ? (*known)->value : Json::object();
  if (!known.ok()) {
    event.set("apiVersion", "v1");
    event.set("kind", "Event");
    event.member("metadata").set("name", name);
    event.member("metadata").set("namespace", ns);
    if (!entry.happening.code.empty()) {
      event.member("metadata").member("annotations").set("gantry.dev/code", entry.happening.code);
    }
    event.set("involvedObject", involved_object(entry.subject));
    event.set("reason", entry.happening.reason);
    event.set("message", entry.happening.message);
    event.set("type", entry.happening.type == EventType::normal ? "Normal" : "Warning");
    event.set("firstTimestamp", to_rfc3339(entry.first));
    event.member("source").set("component", component_);
    event.set("reportingComponent", component_);
    event.set("reportingInstance", component_);
  }
  event.set("count", event.integer_or("count", 0) + entry.count);
  event.set("lastTimestamp", to_rfc3339(entry.last));
  if (known.ok()) {
    const auto updated = co_await store_.update(kEvents, store::Part::main, std::move(event));
    co_return updated.status();
  }
  const auto created = co_await store_.create(kEvents, std::move(event));
  co_return created.status();
}

Async<Status> EventRecorder::expire() {
  expired_at_ = clock_.now();
  const auto list = store_.list(kEvents, "");
  for (const auto& event : list.items) {
    if (clock_.now() - last_occurrence(event->value) < limits_.keep) continue;
    store::Precondition same;
    same.revision = event->revision;
    (void)co_await store_.remove(event->key, same);
  }
  std::erase_if(buckets_, [this](const auto& bucket) {
    return clock_.now() - bucket.second.updated > limits_.refill * limits_.burst;
  });
  co_return Status();
}

}  // namespace gantry::runtime

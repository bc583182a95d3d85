#pragma once
// EventRecorder: tells people what happened to an object, as v1 Events in the store.
#include <deque>
#include <map>
#include <string>

#include "pkg/async/clock.h"
#include "pkg/async/event.h"
#include "pkg/base/ids.h"
#include "pkg/base/json.h"
#include "pkg/runtime/instruments.h"
#include "pkg/store/store.h"

namespace gantry::runtime {

// The object an event is about.
struct Subject {
  std::string api_version;
  std::string kind;
  std::string ns;  // empty for cluster-scoped kinds: their events are in "default"
  std::string name;
  Uid uid;
};

enum class EventType { normal, warning };
struct Happening {
  EventType type = EventType::normal;
  std::string reason;   // CamelCase
  std::string message;  // for people
  std::string code;     // of the failure catalogue, or empty
};

struct EventLimits {
  size_t queue_max = 1000;
  int burst = 25;                              // of one object at once
  Duration refill = std::chrono::seconds(10);  // for one more
  Duration keep = std::chrono::hours(24);      // after the last occurrence
};

// The same happening to the same object is one Event with a count, also across restarts: its name
// is derived from both. An object that has too much to say is cut short, never the caller: record()
// neither waits nor fails.
class EventRecorder {
 public:
  EventRecorder(store::Store& store, async::Clock& clock, Instruments& instruments,
                std::string component, EventLimits limits = {});

  void record(const Subject& subject, const Happening& happening);
  // Writes what was recorded and removes what is older than `keep`; until cancelled.
  Async<Status> run();
  size_t queued() const { return queue_.size(); }

 private:
  struct Entry {
    Subject subject;
    Happening happening;
    Time first, last;
    int count = 1;
  };
  struct Bucket {
    double tokens = 0;
    Time updated;
  };
  bool admit(const Uid& uid, Time now);
  Async<Status> write(Entry entry);
  Async<Status> write_queued();
  Async<Status> expire();

  store::Store& store_;
  async::Clock& clock_;
  Instruments& instruments_;
  std::string component_;
  EventLimits limits_;
  std::map<std::string, Entry> queue_;  // by the Event's name
  std::deque<std::string> order_;
  std::map<Uid, Bucket> buckets_;
  Time expired_at_{};
  async::Event wake_;
};

// "hello.5f3a…": equal for equal happenings of one object.
std::string event_name(const Subject& subject, const Happening& happening);

}  // namespace gantry::runtime

#pragma once
// What calls to Proxmox come to: which they were, how they ended, how long they took.
#include <deque>
#include <functional>
#include <optional>
#include <string_view>

#include "pkg/base/status.h"
#include "pkg/base/time.h"

namespace gantry::pve {

// A call of the API, with names instead of what is in the place of a node, an id or a task.
struct Operation {
  std::string_view method;  // "GET"
  std::string_view path;    // "/nodes/{node}/lxc/{vmid}/config"
};

// One call that was sent and has ended. `took` is without the wait for its turn.
struct EndedCall {
  const Operation& operation;
  const Status& status;
  Duration took;
};
using CallObserver = std::function<void(const EndedCall& call)>;

// How long the calls of the last five minutes took; of many the newest.
class Latencies {
 public:
  void add(Time now, Duration took);
  // The 95th percentile; nullopt while there are too few for one.
  std::optional<Duration> p95(Time now) const;

 private:
  struct Sample {
    Time at;
    Duration took;
  };
  std::deque<Sample> samples_;
};

}  // namespace gantry::pve

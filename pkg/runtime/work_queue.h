#pragma once
// WorkQueue: which objects are to be looked at, and when. Pure: the time is a parameter.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "pkg/base/time.h"
#include "pkg/runtime/request.h"

namespace gantry::runtime {

// Each request is in the queue at most once; of several times the earliest counts. A request that
// is in work is never given out a second time: what is added meanwhile waits for done().
// Requests that are due come in the order of their times, then of their arrival.
class WorkQueue {
 public:
  void add(const Request& request, Time when);
  // The next request that is due, now in work; nullopt when none is.
  std::optional<Request> take(Time now);
  // Ends the work on a request that take() gave out.
  void done(const Request& request);
  // Drops what waits; work under way is not touched.
  void clear();

  // Waits or is in work.
  bool contains(const Request& request) const {
    return waiting_.contains(request) || working_.contains(request);
  }
  // When the next request that is not in work becomes due.
  std::optional<Time> next_due() const;
  size_t waiting() const { return waiting_.size(); }
  size_t in_work() const { return working_.size(); }

 private:
  using Position = std::pair<Time, uint64_t>;
  std::map<Request, Position> waiting_;
  std::map<Position, Request> order_;  // those of waiting_ that are not in work
  std::set<Request> working_;
  uint64_t next_sequence_ = 0;
};

}  // namespace gantry::runtime

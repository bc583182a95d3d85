#pragma once
// FairQueue: a bounded number of requests at a time, and users take turns.
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "pkg/async/clock.h"
#include "pkg/async/event.h"
#include "pkg/metrics/metrics.h"

namespace gantry::apiserver {

struct FairLimits {
  size_t in_flight = 128;          // requests served at a time
  size_t in_flight_per_user = 96;  // of them for one user, so that others find room at once
  size_t waiting_per_user = 256;   // Overload beyond
  Duration wait_max = std::chrono::seconds(15);
  size_t watches = 20'000;
  size_t watches_per_user = 5'000;
};

class FairQueue;

// Gives its place back when it is destroyed; must not outlive the queue.
class Place {
 public:
  Place() = default;
  Place(Place&& other) noexcept { *this = std::move(other); }
  Place& operator=(Place&& other) noexcept;
  ~Place();

 private:
  friend class FairQueue;
  enum class Kind { request, watch };
  Place(FairQueue& queue, std::string user, Kind kind)
      : queue_(&queue), user_(std::move(user)), kind_(kind) {}
  FairQueue* queue_ = nullptr;
  std::string user_;
  Kind kind_ = Kind::request;
};

// A free place goes to the next user in the ring that waits, and to that user's longest waiting
// request. One thread; O(log users) a request, and O(users at their bound) when places are scarce.
class FairQueue {
 public:
  FairQueue(async::Clock& clock, metrics::Registry& metrics, FairLimits limits = {});

  // Waits for its turn. Overload with retry_after when the user has too many waiting or waited too
  // long; Cancelled.
  Async<Result<Place>> enter(std::string user);
  // At once or not at all: Overload.
  Result<Place> enter_watch(const std::string& user);

  size_t in_flight() const { return running_; }
  size_t waiting() const { return waiting_; }

 private:
  friend class Place;
  struct Waiter {
    async::Event turn;
    bool given = false;
  };
  struct Flow {
    size_t running = 0;
    size_t watches = 0;
    std::deque<std::shared_ptr<Waiter>> waiting;
  };
  Async<Result<Place>> wait_for_turn(std::string user);
  void leave(const std::string& user, Place::Kind kind);
  void hand_out();
  void forget_if_idle(const std::string& user);
  void show();
  Status refuse(const char* reason, const std::string& message);

  async::Clock& clock_;
  FairLimits limits_;
  std::map<std::string, Flow> flows_;
  std::deque<std::string> ring_;  // users that wait, each once
  size_t running_ = 0, waiting_ = 0, watches_ = 0;
  metrics::Gauge running_gauge_, waiting_gauge_, watches_gauge_;
  metrics::Counter refused_;
};

}  // namespace gantry::apiserver

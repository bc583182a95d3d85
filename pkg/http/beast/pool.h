#pragma once
// Pool: the kept-alive connections of one client, and the bound on how many are in use.
#include <list>
#include <memory>

#include "pkg/async/event.h"
#include "pkg/http/beast/connection.h"

namespace gantry::http::beast {

class Pool {
 public:
  Pool(async::Clock& clock, size_t connections_max, Duration idle_max)
      : clock_(clock), idle_max_(idle_max), places_(connections_max) {}

  // The right to have one connection in use; given back on destruction.
  class Place {
   public:
    explicit Place(Pool* pool) : pool_(pool) {}
    Place(Place&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (pool_ != nullptr) pool_->places_.release();
    }

   private:
    Pool* pool_;
  };
  // Waits for a place, in order of arrival.
  Async<Result<Place>> enter();

  // The connection that was used last, unless it has been idle for longer than `idle_limit`, has
  // been ended by the peer or has said something unasked; null without one.
  std::unique_ptr<Connection> take(Duration idle_limit);
  void put_back(std::unique_ptr<Connection> connection);

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    Time since;
  };
  async::Clock& clock_;
  Duration idle_max_;
  async::Semaphore places_;
  std::list<Idle> idle_;  // the longest idle first
};

}  // namespace gantry::http::beast

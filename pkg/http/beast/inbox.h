#pragma once
// Inbox: what a peer has sent and nobody has read yet. Being always read, a connection notices at
// once that its peer is gone, also while a handler works or waits.
#include <functional>
#include <string>

#include "pkg/async/waiters.h"
#include "pkg/http/beast/connection.h"

namespace gantry::http::beast {

class Inbox {
 public:
  // Reads ahead up to about `capacity` bytes; then the peer has to wait.
  Inbox(Connection& connection, size_t capacity) : connection_(connection), capacity_(capacity) {}

  // Reads until the peer ends or fails, or the coroutine is cancelled; then calls `on_end`.
  Async<Status> pump(std::function<void()> on_end);

  const std::string& bytes() const { return bytes_; }
  void consume(size_t count);
  // Nothing more will come.
  bool ended() const { return ended_; }
  // From now on throws away what comes.
  void discard();

  // Returns once there are more than `have` bytes, the peer has ended, or interrupt() was called.
  Async<Status> wait_for_more(size_t have);
  Async<Status> wait_for_end();
  // Ends the wait that is going on, if any.
  void interrupt() { arrived_.wake_all(); }

 private:
  Connection& connection_;
  size_t capacity_;
  std::string bytes_;
  bool ended_ = false;
  bool discarding_ = false;
  async::Waiters arrived_;
  async::Waiters space_;
};

}  // namespace gantry::http::beast

#pragma once
// Outbox: what a command writes faster than its reader takes it.
#include <deque>
#include <optional>
#include <string>

#include "pkg/async/waiters.h"

namespace gantry::apiserver {

// One writer, one reader, both on one executor. A command cannot be slowed down, so the reader may
// fall behind only so far.
class Outbox {
 public:
  static constexpr size_t kBytesMax = size_t{64} << 20;
  explicit Outbox(size_t bytes_max = kBytesMax) : bytes_max_(bytes_max) {}
  // False once there is too much: the piece is dropped, and is_overfull() from now on.
  bool put(std::string piece);
  // Nothing follows.
  void end();
  // The next piece; nullopt after the last one. kCancelled.
  Async<Result<std::optional<std::string>>> take();
  bool is_overfull() const { return overfull_; }

 private:
  size_t bytes_max_;
  size_t bytes_ = 0;
  std::deque<std::string> pieces_;
  bool ended_ = false;
  bool overfull_ = false;
  async::Waiters reader_;
};

}  // namespace gantry::apiserver

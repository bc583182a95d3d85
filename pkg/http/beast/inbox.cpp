#include "pkg/http/beast/inbox.h"

namespace gantry::http::beast {

Async<Status> Inbox::pump(std::function<void()> on_end) {
  Status status;
  while (status.ok() && !ended_) {
    if (bytes_.size() >= capacity_) {
      status = co_await space_.park();
      continue;
    }
    const auto count = co_await connection_.read(bytes_);
    status = count.status();
    ended_ = !count.ok() || *count == 0;
    if (discarding_) bytes_.clear();
    arrived_.wake_all();
  }
  ended_ = true;
  arrived_.wake_all();
  on_end();
  co_return Status();  // how a peer leaves is no error of the server
}

void Inbox::consume(size_t count) {
  bytes_.erase(0, count);
  if (bytes_.size() < capacity_) space_.wake_all();
}

void Inbox::discard() {
  discarding_ = true;
  consume(bytes_.size());
}

Async<Status> Inbox::wait_for_more(size_t have) {
  if (bytes_.size() > have || ended_) co_return Status();
  co_return co_await arrived_.park();
}

Async<Status> Inbox::wait_for_end() {
  while (!ended_) GANTRY_CO_TRY(co_await arrived_.park());
  co_return Status();
}

}  // namespace gantry::http::beast

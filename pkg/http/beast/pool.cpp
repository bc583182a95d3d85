#include "pkg/http/beast/pool.h"

namespace gantry::http::beast {

Async<Result<Pool::Place>> Pool::enter() {
  GANTRY_CO_TRY(co_await places_.acquire());
  co_return Place(this);
}

std::unique_ptr<Connection> Pool::take(Duration idle_limit) {
  const auto now = clock_.now();
  while (!idle_.empty() && now - idle_.front().since > idle_max_) idle_.pop_front();
  while (!idle_.empty()) {
    if (now - idle_.back().since > idle_limit) return nullptr;
    auto connection = std::move(idle_.back().connection);
    idle_.pop_back();
    if (connection->is_quiet()) return connection;
  }
  return nullptr;
}

void Pool::put_back(std::unique_ptr<Connection> connection) {
  Idle idle{std::move(connection), clock_.now()};
  idle_.push_back(std::move(idle));
}

}  // namespace gantry::http::beast

#include "pkg/store/postgres/sessions.h"

namespace gantry::store::postgres {

void Sessions::expect_installation(std::string id) {
  const std::scoped_lock lock(mutex_);
  installation_ = std::move(id);
}

void Sessions::cut() {
  const std::scoped_lock lock(mutex_);
  is_cut_ = true;
  for (auto* session : busy_) session->hang_up();
}

std::unique_ptr<Session> Sessions::take() {
  std::string expected;
  {
    const std::scoped_lock lock(mutex_);
    refuse_when_cut();
    expected = installation_;
    while (!idle_.empty()) {
      auto session = std::move(idle_.front());
      idle_.pop_front();
      if (!session->is_alive()) continue;
      busy_.insert(session.get());
      return session;
    }
  }
  auto session = std::make_unique<Session>(conninfo_);
  {
    const std::scoped_lock lock(mutex_);
    refuse_when_cut();
    busy_.insert(session.get());
  }
  try {
    check_installation(*session, expected);
  } catch (...) {
    forget(session.get());
    throw;
  }
  return session;
}

void Sessions::refuse_when_cut() const {
  if (is_cut_) throw pqxx::broken_connection("the daemon ends");
}

void Sessions::forget(Session* session) {
  const std::scoped_lock lock(mutex_);
  busy_.erase(session);
}

// A connection that suddenly leads to another database must not be written to: nothing there is
// ours.
void Sessions::check_installation(Session& session, const std::string& expected) {
  if (expected.empty()) return;
  pqxx::work transaction(session.connection());
  const auto rows = transaction.exec("SELECT installation FROM gantry.meta");
  const auto found = rows.empty() ? std::string() : rows[0][0].as<std::string>();
  if (found != expected)
    throw pqxx::broken_connection("this is another installation's database (" + found +
                                  ", ours is " + expected + ")");
}

void Sessions::give_back(std::unique_ptr<Session> session) {
  const std::scoped_lock lock(mutex_);
  busy_.erase(session.get());
  if (!is_cut_) idle_.push_front(std::move(session));
}

void Sessions::after_error(std::unique_ptr<Session> session, const Status& status) {
  const auto kind = error_class(status);
  std::list<std::unique_ptr<Session>> dropped;
  const std::scoped_lock lock(mutex_);
  busy_.erase(session.get());
  if (kind == ErrorClass::transport) {
    dropped.swap(idle_);  // they lead to the same server
  } else if (session && session->is_alive() && kind != ErrorClass::internal) {
    idle_.push_front(std::move(session));
  }
}

}  // namespace gantry::store::postgres

#pragma once
// Sessions: the connections, and how work gets onto a pool thread with one of them.
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "pkg/async/blocking_pool.h"
#include "pkg/store/postgres/session.h"
#include "pkg/store/postgres/sql_errors.h"

namespace gantry::store::postgres {

// As many connections as pool threads use at once, opened when needed and dropped when broken. The
// free list is the one thing that pool threads share, hence the mutex. Jobs keep it alive, also
// those that nobody waits for any more.
class Sessions {
 public:
  Sessions(std::string conninfo, std::string target)
      : conninfo_(std::move(conninfo)), target_(std::move(target)) {}

  // Calls `work(session)` and turns exceptions into Status. Blocks; on a pool thread only.
  template <class F>
  auto use(const std::string& what, F& work) -> std::invoke_result_t<F&, Session&> {
    std::unique_ptr<Session> session;
    try {
      session = take();
      auto answer = work(*session);
      give_back(std::move(session));
      return answer;
    } catch (...) {
      Status status = current_exception_status(target_ + ": " + what);
      after_error(std::move(session), status);
      return status;
    }
  }

  const std::string& conninfo() const { return conninfo_; }
  const std::string& target() const { return target_; }
  // The installation that every connection must lead to; empty: not known yet.
  void expect_installation(std::string id);
  // Breaks every connection, also under the hands of whoever waits for its answer, and makes no new
  // one: a server that hangs must not keep a daemon that ends.
  void cut();

 private:
  std::unique_ptr<Session> take();
  void give_back(std::unique_ptr<Session> session);
  void after_error(std::unique_ptr<Session> session, const Status& status);
  void refuse_when_cut() const;
  void forget(Session* session);
  void check_installation(Session& session, const std::string& expected);

  std::string conninfo_;
  std::string target_;
  std::mutex mutex_;
  std::list<std::unique_ptr<Session>> idle_;
  std::set<Session*> busy_;
  bool is_cut_ = false;
  std::string installation_;
};

// Runs `work(Session&)` on a pool thread. What it captures must be values.
template <class F>
Async<std::invoke_result_t<F&, Session&>> run_in(std::shared_ptr<Sessions> sessions,
                                                 async::BlockingPool& pool, std::string what,
                                                 F work) {
  auto job = [sessions, what, work]() mutable { return sessions->use(what, work); };
  co_return co_await pool.run(std::move(job));
}

}  // namespace gantry::store::postgres

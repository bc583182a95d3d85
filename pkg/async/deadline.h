#pragma once
// with_deadline: gives up waiting after a while, and says what it waited for. with_heartbeat: after
// a while in which nothing was heard.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "pkg/async/clock.h"
#include "pkg/async/group.h"

namespace gantry::async {

Async<Executor> this_executor();

// When something was last heard of: a deadline that moves on with every beat.
class Heartbeat {
 public:
  explicit Heartbeat(Clock& clock) : clock_(clock), last_(clock.steady()) {}
  void beat() { last_ = clock_.steady(); }
  Duration silence() const { return clock_.steady() - last_; }

 private:
  Clock& clock_;
  Time last_;
};

namespace detail {

// How long an operation may take: since it began or, with a heart, since its last beat.
struct Patience {
  Clock& clock;
  Duration limit;
  const Heartbeat* heart;
};

// One operation, as a child that is cancelled when the patience ends.
class Deadline {
 public:
  Deadline(Executor executor, const Patience& patience);

  void begin(std::string what, std::function<Async<Status>()> operation);
  // From here on the time no longer matters.
  void answered() { alarm_.reset(); }
  Async<Status> join() { return group_.join(); }

  bool expired() const { return expired_; }
  // "what: no answer within 30s"
  Status why(const std::string& what) const;

 private:
  Duration left() const;
  void set_alarm();

  Executor executor_;
  Patience patience_;
  Time began_;
  Group group_;
  std::unique_ptr<Alarm> alarm_;
  bool expired_ = false;
};

template <class T>
struct Attempt {
  Deadline deadline;
  Async<T> operation;
  std::optional<T> result;
  Attempt(Executor executor, const Patience& patience, Async<T> op)
      : deadline(std::move(executor), patience), operation(std::move(op)) {}
};

template <class T>
Async<Status> run_operation(Attempt<T>& attempt) {
  auto operation = std::move(attempt.operation);
  T result = co_await std::move(operation);
  attempt.result.emplace(std::move(result));
  attempt.deadline.answered();
  co_return Status();
}

inline const Status& status_of(const Status& status) {
  return status;
}
template <class T>
const Status& status_of(const Result<T>& result) {
  return result.status();
}

template <class T>
Async<T> with_patience(Patience patience, std::string what, Async<T> operation) {
  const auto executor = co_await asio::this_coro::executor;
  Attempt<T> attempt(executor, patience, std::move(operation));
  attempt.deadline.begin(what, [&attempt] { return run_operation(attempt); });
  const Status joined = co_await attempt.deadline.join();
  if (!attempt.result.has_value()) {
    if (!joined.ok()) co_return T(joined);
    co_return T(cancelled());
  }
  const auto& status = status_of(*attempt.result);
  if (attempt.deadline.expired() && !status.ok() && error_class(status) == ErrorClass::cancelled) {
    co_return T(attempt.deadline.why(what));
  }
  co_return std::move(*attempt.result);
}

}  // namespace detail

// Runs `operation` (an Async<Status> or Async<Result<T>>) and cancels it once `limit` has passed;
// the answer is then kDeadlineExceeded "what: no answer within 30s". Always waits for the
// operation to end, so what it refers to may go afterwards.
template <class T>
Async<T> with_deadline(Clock& clock, Duration limit, std::string what, Async<T> operation) {
  const detail::Patience patience{clock, limit, nullptr};
  return detail::with_patience(patience, std::move(what), std::move(operation));
}

// The same, but the time begins anew with every beat: the operation may take as long as it is heard
// of. "what: nothing was heard for 30s".
template <class T>
Async<T> with_heartbeat(Clock& clock, const Heartbeat& heart, Duration silence, std::string what,
                        Async<T> operation) {
  const detail::Patience patience{clock, silence, &heart};
  return detail::with_patience(patience, std::move(what), std::move(operation));
}

}  // namespace gantry::async

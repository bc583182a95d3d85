#pragma once
// with_deadline: gives up waiting after a while, and says what it waited for.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "pkg/async/clock.h"
#include "pkg/async/group.h"

namespace gantry::async {
namespace internal {

template <class T>
struct DeadlineState {
  Group group;
  Async<T> operation;
  std::optional<T> result;
  bool expired = false;
  DeadlineState(Executor executor, Async<T> op)
      : group(std::move(executor)), operation(std::move(op)) {}
};

template <class T>
Async<Status> run_operation(DeadlineState<T>& state) {
  auto operation = std::move(state.operation);
  T result = co_await std::move(operation);
  state.result.emplace(std::move(result));
  state.group.cancel();
  co_return Status();
}

template <class T>
Async<Status> run_timer(DeadlineState<T>& state, Clock& clock, Duration limit) {
  const auto slept = co_await clock.sleep_for(limit);
  if (slept.ok()) {
    state.expired = true;
    state.group.cancel();
  }
  co_return slept;
}

inline const Status& status_of(const Status& status) {
  return status;
}
template <class T>
const Status& status_of(const Result<T>& result) {
  return result.status();
}

}  // namespace internal

Async<Executor> this_executor();

// Runs `operation` (an Async<Status> or Async<Result<T>>) and cancels it once `limit` has passed;
// the answer is then kDeadlineExceeded "what: no answer within 30s". Always waits for the
// operation to end, so what it refers to may go afterwards.
template <class T>
Async<T> with_deadline(Clock& clock, Duration limit, std::string what, Async<T> operation) {
  auto executor = co_await this_executor();
  internal::DeadlineState<T> state(executor, std::move(operation));
  state.group.spawn(what, [&state] { return internal::run_operation(state); });
  state.group.spawn("deadline",
                    [&state, &clock, limit] { return internal::run_timer(state, clock, limit); });
  const Status joined = co_await state.group.join();
  if (!state.result.has_value()) {
    if (!joined.ok()) co_return T(joined);
    co_return T(cancelled());
  }
  const auto& status = internal::status_of(*state.result);
  if (state.expired && !status.ok() && error_class(status) == ErrorClass::cancelled) {
    const auto text = what + ": no answer within " + human_duration(limit);
    co_return T(make_error(ErrorClass::timeout, text));
  }
  co_return std::move(*state.result);
}

}  // namespace gantry::async

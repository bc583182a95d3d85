#include "pkg/async/group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "pkg/base/check.h"
#include "pkg/base/log.h"

namespace gantry::async {

struct Group::Child {
  std::string name;
  asio::cancellation_signal cancel;
};

namespace {

std::function<void(const std::string&, const std::string&)>& exception_observer() {
  static std::function<void(const std::string&, const std::string&)> observer;
  return observer;
}

std::string what_of(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "not a std::exception";
  }
}

// A free function, so that what it needs lives in its own frame.
Async<Status> run_child(std::function<Async<Status>()> body) {
  co_await asio::this_coro::throw_if_cancelled(false);
  // co_spawn begins at once when it is called on its own executor; spawn() promises "later".
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
  // As yield() and is_cancelled() would, without a coroutine for each: everything begins here.
  const auto asked = co_await asio::this_coro::cancellation_state;
  if (asked.cancelled() != asio::cancellation_type::none) co_return cancelled();
  co_return co_await body();
}

}  // namespace

Group::Group(Executor executor) : executor_(std::move(executor)) {}
Group::~Group() {
  GANTRY_CHECK(children_.empty());
}

void Group::spawn(std::string name, std::function<Async<Status>()> body) {
  if (stopped_) return;
  const auto child = children_.emplace(children_.end());
  child->name = std::move(name);
  auto done = [this, child](std::exception_ptr exception, Status status) {
    finish(child, std::move(exception), std::move(status));
  };
  asio::co_spawn(executor_, run_child(std::move(body)),
                 asio::bind_cancellation_slot(child->cancel.slot(), std::move(done)));
}

void Group::finish(std::list<Child>::iterator child, std::exception_ptr exception, Status status) {
  if (exception) {
    const auto what = what_of(exception);
    log::error("a coroutine threw", {{"name", child->name}, {"what", what}});
    if (exception_observer()) exception_observer()(child->name, what);
    status = internal("%s threw: %s", child->name, what);
  }
  const bool failed = !status.ok() && error_class(status) != ErrorClass::cancelled;
  if (failed && first_error_.ok()) first_error_ = std::move(status);
  children_.erase(child);
  if (children_.empty()) joiners_.wake_all();
}

void Group::cancel() {
  // A child never ends inside emit(): wakes are posted. So the list does not change here.
  for (auto& child : children_) child.cancel.emit(asio::cancellation_type::terminal);
}

void Group::stop() {
  stopped_ = true;
  cancel();
}

Async<Status> Group::join() {
  while (!children_.empty()) {
    const auto asked = co_await asio::this_coro::cancellation_state;
    if (asked.cancelled() != asio::cancellation_type::none) {
      cancel();
      (void)co_await joiners_.park_to_the_end();
    } else {
      (void)co_await joiners_.park();
    }
  }
  co_return first_error_;
}

size_t Group::size() const {
  return children_.size();
}

void Group::on_exception(std::function<void(const std::string&, const std::string&)> observer) {
  exception_observer() = std::move(observer);
}

}  // namespace gantry::async

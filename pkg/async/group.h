#pragma once
// Group: the parent of coroutines. Every coroutine in the daemon has exactly one.
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "pkg/async/async.h"
#include "pkg/async/waiters.h"

namespace gantry::async {

// Owns its children and what they capture; not thread-safe. Destroying a group that still has
// children aborts: join() first.
class Group {
 public:
  explicit Group(Executor executor);
  ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  // Starts `body` later, from the executor. `body` and its captures live until the child has
  // ended. A child that throws is logged under its name and counts as kInternal.
  // After stop() nothing new is started.
  void spawn(std::string name, std::function<Async<Status>()> body);

  // Asks every child to stop; their waits return kCancelled from now on.
  void cancel();
  // cancel(), and refuse new children.
  void stop();
  // Waits until no child is left, even if the caller itself is cancelled meanwhile (which cancels
  // the children). The first error that was no cancellation, or OK.
  Async<Status> join();

  size_t size() const;

  // Called with the name and message whenever a child ended by an exception. Process-wide.
  static void on_exception(std::function<void(const std::string&, const std::string&)> observer);

 private:
  struct Child;
  void finish(std::list<Child>::iterator child, std::exception_ptr exception, Status status);

  Executor executor_;
  std::list<Child> children_;
  Status first_error_;
  bool stopped_ = false;
  Waiters joiners_;
};

}  // namespace gantry::async

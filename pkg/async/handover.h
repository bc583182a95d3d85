#pragma once
// Handover: what one thread gathers and another one takes.
#include <functional>
#include <mutex>
#include <utility>

namespace gantry::async {

// Thread-safe; nothing blocks. For code that cannot wait as a coroutine, such as a library's loop.
template <class T>
class Handover {
 public:
  // `change` adds to what waits to be taken and says whether it did.
  template <class Change>
  bool offer(Change change) {
    const std::lock_guard lock(mutex_);
    if (!change(waiting_)) return false;
    is_new_ = true;
    if (wake_) wake_();
    return true;
  }
  // All that has come since the last call.
  T take() {
    const std::lock_guard lock(mutex_);
    is_new_ = false;
    return std::exchange(waiting_, T());
  }
  // Calls `wake` whenever there is something to take, on the other thread: it may only signal. An
  // empty one ends that.
  void listen(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
    if (wake_ && is_new_) wake_();
  }

 private:
  std::mutex mutex_;
  T waiting_;
  bool is_new_ = false;
  std::function<void()> wake_;
};

}  // namespace gantry::async

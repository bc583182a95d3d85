#include "pkg/async/waiters.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "pkg/async/clock.h"

namespace gantry::async {
namespace {

// Made once: a Status of a class costs three allocations, and every wait that ends may need one.
const Status& cancelled_once() {
  static const auto* status = new Status(cancelled());
  return *status;
}
const Status& over_once() {
  static const auto* status = new Status(make_error(ErrorClass::timeout, "the time is over"));
  return *status;
}

// A place in the ring of those who wait. A ring of its own: every hand-over between coroutines
// comes by here, and this costs one allocation.
struct Link {
  Link* before = this;
  Link* after = this;

  void put_before(Link& other) {
    before = other.before;
    after = &other;
    before->after = this;
    after->before = this;
  }
  void take_out() {
    before->after = after;
    after->before = before;
  }
};

// One who waits.
struct Parked : Link {
  virtual ~Parked() = default;
  // The coroutine goes on later, from its executor.
  virtual void resume(Status status) = 0;

  std::unique_ptr<Alarm> alarm;  // of one who does not wait for ever
};

}  // namespace

// Owns who is in the ring.
struct Waiters::State {
  Link ring;
  size_t size = 0;

  void add(std::unique_ptr<Parked> parked) {
    parked.release()->put_before(ring);
    ++size;
  }
  void wake(Parked& parked, Status status) {
    parked.take_out();
    --size;
    const std::unique_ptr<Parked> owned(&parked);
    owned->resume(std::move(status));
  }
};

namespace {

template <class Handler>
class ParkedCoroutine final : public Parked {
 public:
  explicit ParkedCoroutine(Handler handler) : handler_(std::move(handler)) {}

  auto slot() const { return asio::get_associated_cancellation_slot(handler_); }
  Executor executor() const { return asio::get_associated_executor(handler_); }

  // The coroutine's own work keeps its loop alive.
  void resume(Status status) override {
    if (auto connected = slot(); connected.is_connected()) connected.clear();
    const auto executor = asio::get_associated_executor(handler_);
    asio::post(executor, [handler = std::move(handler_), status = std::move(status)]() mutable {
      std::move(handler)(std::move(status));
    });
  }

 private:
  Handler handler_;
};

// How a coroutine waits.
struct Manner {
  bool cancellable = true;
  Clock* clock = nullptr;  // null: for ever
  Duration limit{};
};

template <class State>
Async<Status> park_in(std::shared_ptr<State> state, Manner manner) {
  const auto asked = co_await asio::this_coro::cancellation_state;
  const bool stopping = manner.cancellable && asked.cancelled() != asio::cancellation_type::none;
  if (stopping) co_return cancelled_once();
  auto start = [&state, &manner](auto handler) {
    using Coroutine = ParkedCoroutine<decltype(handler)>;
    auto parked = std::make_unique<Coroutine>(std::move(handler));
    if (auto slot = parked->slot(); manner.cancellable && slot.is_connected()) {
      // There only as long as the coroutine is in the ring, and so the state.
      slot.assign([in = state.get(), self = parked.get()](asio::cancellation_type) {
        // wake() clears the slot, and with it this lambda: keep what it uses on the stack.
        auto* const held = in;
        auto* const own = self;
        held->wake(*own, cancelled_once());
      });
    }
    // The alarm goes with the place in the ring.
    if (manner.clock != nullptr) {
      auto ring = [in = state.get(), self = parked.get()] { in->wake(*self, over_once()); };
      parked->alarm = manner.clock->alarm(parked->executor(), manner.limit, std::move(ring));
    }
    state->add(std::move(parked));
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Status)>(
      start, asio::use_awaitable);
}

}  // namespace

Waiters::Waiters() : state_(std::make_shared<State>()) {}
Waiters::~Waiters() {
  if (state_->size > 0) wake_all(cancelled_once());
}

Async<Status> Waiters::park() {
  return park_in(state_, Manner());
}

Async<Status> Waiters::park_to_the_end() {
  Manner manner;
  manner.cancellable = false;
  return park_in(state_, manner);
}

Async<Status> Waiters::park_for(Clock& clock, Duration limit) {
  Manner manner;
  manner.clock = &clock;
  manner.limit = limit;
  return park_in(state_, manner);
}

bool Waiters::wake_one(const Status& status) {
  if (state_->size == 0) return false;
  state_->wake(static_cast<Parked&>(*state_->ring.after), status);
  return true;
}

size_t Waiters::wake_all(const Status& status) {
  size_t woken = 0;
  while (wake_one(status)) ++woken;
  return woken;
}

size_t Waiters::size() const {
  return state_->size;
}

Async<bool> is_cancelled() {
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

Async<void> yield() {
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
}

}  // namespace gantry::async

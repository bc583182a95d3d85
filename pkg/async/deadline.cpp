#include "pkg/async/deadline.h"

namespace gantry::async::detail {

Deadline::Deadline(Executor executor, const Patience& patience)
    : executor_(std::move(executor)),
      patience_(patience),
      began_(patience.clock.steady()),
      group_(executor_) {}

void Deadline::begin(std::string what, std::function<Async<Status>()> operation) {
  group_.spawn(std::move(what), std::move(operation));
  set_alarm();
}

Status Deadline::why(const std::string& what) const {
  const auto* words =
      patience_.heart == nullptr ? ": no answer within " : ": nothing was heard for ";
  return make_error(ErrorClass::timeout, what + words + human_duration(patience_.limit));
}

Duration Deadline::left() const {
  const auto waited =
      patience_.heart == nullptr ? patience_.clock.steady() - began_ : patience_.heart->silence();
  return patience_.limit - waited;
}

void Deadline::set_alarm() {
  alarm_ = patience_.clock.alarm(executor_, left(), [this] {
    if (left() > Duration::zero()) return set_alarm();
    expired_ = true;
    group_.cancel();
  });
}

}  // namespace gantry::async::detail

#include "pkg/store/memory/disk.h"

namespace gantry::store::memory {
namespace {

Status unreachable(const std::string& operation) {
  return error(ErrorClass::transport, "database: %s: connection lost", operation);
}

}  // namespace

Disk::Disk(async::Clock& clock, std::string installation)
    : clock_(clock), installation_(std::move(installation)) {}

void Disk::fail_next(Fault fault, int calls) {
  for (int i = 0; i < calls; ++i) planned_.push_back(fault);
}

void Disk::trim_feed(int64_t revision) {
  while (!image.feed.empty() && image.feed.front().revision <= revision) image.feed.pop_front();
  image.trimmed_to = std::max(image.trimmed_to, std::min(revision, image.revision));
}

void Disk::restore(Image backup) {
  image = std::move(backup);
  changed.wake_all();
}

Fault Disk::next_fault(const std::string& operation) {
  if (down) return Fault::fail;
  if (!planned_.empty()) {
    const auto fault = planned_.front();
    planned_.pop_front();
    return fault;
  }
  return decide ? decide(operation) : Fault::none;
}

Async<Result<Fault>> Disk::enter(std::string operation) {
  if (latency > Duration::zero()) GANTRY_CO_TRY(co_await clock_.sleep_for(latency / 2));
  const bool stopping = co_await async::is_cancelled();
  if (stopping) co_return async::cancelled();
  const auto fault = next_fault(operation);
  if (fault == Fault::fail) co_return unreachable(operation);
  co_return fault;
}

Async<Status> Disk::leave(Fault fault, std::string operation) {
  if (latency > Duration::zero()) GANTRY_CO_TRY(co_await clock_.sleep_for(latency / 2));
  if (fault == Fault::lose_answer) co_return unreachable(operation);
  co_return Status();
}

}  // namespace gantry::store::memory

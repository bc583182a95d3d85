#include "pkg/runtime/verdict.h"

namespace gantry::runtime {
namespace {

Verdict retry() {
  return {.next = Next::backoff, .forget_failures = false, .label = "retry"};
}
// Failures are kept: should it change to one that is retried, it goes on where it was.
Verdict stalled() {
  return {.next = Next::resync, .forget_failures = false, .label = "stalled"};
}

Verdict judge_error(ErrorClass error, bool exists) {
  switch (error) {
    case ErrorClass::not_found:
      // Of something else than the object itself: it may come yet.
      if (exists) return retry();
      return {.next = Next::never, .label = "gone"};
    case ErrorClass::conflict:
      return {.next = Next::at_once, .forget_failures = false, .label = "conflict"};
    case ErrorClass::cancelled:
      return {.next = Next::never, .forget_failures = false, .label = "cancelled"};
    case ErrorClass::schema:
    case ErrorClass::internal:
      return {.next = Next::backoff, .forget_failures = false, .is_bug = true, .label = "bug"};
    case ErrorClass::invalid:
    case ErrorClass::unsupported:
    case ErrorClass::permission:
    case ErrorClass::auth:
    case ErrorClass::tls:
    case ErrorClass::held:
      return stalled();
    case ErrorClass::transport:
    case ErrorClass::timeout:
    case ErrorClass::locked:
    case ErrorClass::task_failed:
    case ErrorClass::remote:
    case ErrorClass::overload:
    case ErrorClass::already_exists:
      return retry();
  }
  return retry();
}

}  // namespace

Verdict judge(const Result<Outcome>& result, bool exists) {
  if (!result.ok()) return judge_error(error_class(result.status()), exists);
  if (!result->recheck_after.has_value()) return {.next = Next::resync, .label = "settled"};
  return {.next = Next::after, .delay = *result->recheck_after, .label = "recheck"};
}

}  // namespace gantry::runtime

#pragma once
// Reconciler: what a controller does with one object. Its comment is the whole contract.
#include <optional>

#include "pkg/async/async.h"
#include "pkg/runtime/request.h"

namespace gantry::runtime {

// What a reconcile that went well asks for.
struct Outcome {
  std::optional<Duration> recheck_after;  // absent: settled
  bool operator==(const Outcome&) const = default;
};
// Nothing to do until the object, or something it depends on, changes (or the resync period ends).
inline Outcome settled() {
  return Outcome();
}
// Look again after `after`: something outside the store is on its way.
inline Outcome recheck(Duration after) {
  Outcome outcome;
  outcome.recheck_after = after;
  return outcome;
}

// Moves the world one step towards the spec of the object that `request` names.
//
// A reconcile reads the whole desired and the whole observed state, may run at any time and any
// number of times, and must not depend on what made it run. The same request never runs twice at
// once; different requests do, up to the controller's concurrency. It takes one step and returns;
// it never waits for a Proxmox task but remembers it and rechecks. It writes the status also when
// it fails. What it answers becomes:
//
//   settled                      forget failures; next at a change or after the resync period
//   recheck(d)                   forget failures; next after d, or at a change
//   NotFound                     the object is gone: forget it; while it is there something else
//                                was not found: back-off
//   Conflict                     read an old version: again at once, not counted as a failure
//   AlreadyExists                our own earlier attempt or a stranger: look again, with back-off
//   Transport, Timeout, Locked,  the world is busy: back-off (doubling, jitter, at most 5 min;
//   TaskFailed, Remote,          never earlier than the Status's retry_after)
//   Overload
//   Invalid, Unsupported,        only a person can change that: next at a change or after the
//   Permission, Auth, Held, TLS  resync period; the reconciler has set Stalled or Held itself
//   Schema, Internal             a bug: back-off, error log, counted apart
//   Cancelled                    the controller is stopping: nothing
class Reconciler {
 public:
  virtual ~Reconciler() = default;
  virtual Async<Result<Outcome>> reconcile(Request request) = 0;
};

}  // namespace gantry::runtime

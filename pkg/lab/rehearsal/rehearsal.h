#pragma once
// Rehearsal: plays a fault profile on a lab: its chances at once, its schedule from then on.
#include "pkg/async/clock.h"
#include "pkg/async/group.h"
#include "pkg/lab/lab.h"
#include "pkg/lab/rehearsal/profile.h"

namespace gantry::lab {

// Not thread-safe: everything runs on `executor`. The references outlive this.
class Rehearsal {
 public:
  // `clock` is that of the schedule, which need not be the lab's.
  Rehearsal(Lab& lab, async::Clock& clock, Executor executor);
  Rehearsal(const Rehearsal&) = delete;
  Rehearsal& operator=(const Rehearsal&) = delete;

  // Sets the lab's faults and begins the schedule. What is left of an earlier one does not happen;
  // what of it lasts ends now.
  void play(const FaultProfile& profile);
  // The faults that hold now and the schedule that is being played.
  FaultProfile playing() const;
  // Ends the schedule. Await it before destroying this.
  Async<Status> stop();

 private:
  Async<Status> run(ScheduledFault fault);
  // One occurrence: what happens, and after `lasts` its end.
  Async<Status> happen(ScheduledFault fault);
  Async<Status> begin(ScheduledFault fault);
  // Undoes what lasts.
  Async<Status> end(ScheduledFault fault);
  Async<Status> act_on_guest(ScheduledFault fault);
  Async<Status> stop_by_api(VmId vmid);

  Lab& lab_;
  async::Clock& clock_;
  async::Group group_;
  std::vector<ScheduledFault> schedule_;
};

}  // namespace gantry::lab

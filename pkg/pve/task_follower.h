#pragma once
// TaskFollower: waits for a Proxmox task and says how it ended.
#include <string>
#include <vector>

#include "pkg/async/clock.h"
#include "pkg/pve/client.h"

namespace gantry::pve {

struct FollowLimits {
  Duration first_poll = std::chrono::milliseconds(300);
  Duration poll_max = std::chrono::seconds(3);
  int log_lines = 20;  // of a failed task's log, in the error
};

// Holds no state of a task: following a UPID that came from the store after a restart is the same
// call. Safe to use for many tasks at once.
class TaskFollower {
 public:
  TaskFollower(Reader& reader, async::Clock& clock, FollowLimits limits);
  TaskFollower(Reader& reader, async::Clock& clock);

  // Polls, first often and then less, until the task has ended. The ended task when it succeeded
  // (warnings included). Errors:
  //   TaskFailed  it ended with an error: its exit text, the tail of its log, a catalogue code
  //   Timeout     `limit` has passed; the task goes on
  //   NotFound    Proxmox does not know it (any more): its outcome is unknown, look at the world
  //   Invalid     no UPID; Permission, Auth, Schema, Cancelled as the reader says them
  // While Proxmox cannot be reached it goes on asking until `limit`.
  Async<Result<Task>> follow(Upid upid, Duration limit);

  // One look, for callers that must not wait: a running task is an OK result with `running`.
  Async<Result<Task>> look(Upid upid);

 private:
  Async<Status> failure_of(Task task);

  Reader& reader_;
  async::Clock& clock_;
  FollowLimits limits_;
};

// The Status of an ended task: OK when it succeeded, else TaskFailed with the exit text and the
// last lines of `log`.
Status outcome_of(const Task& task, const std::vector<std::string>& log);

}  // namespace gantry::pve

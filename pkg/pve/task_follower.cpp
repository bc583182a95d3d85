#include "pkg/pve/task_follower.h"

#include <algorithm>
#include <utility>

#include "pkg/base/text.h"
#include "pkg/pve/errors.h"
#include "pkg/pve/upid.h"

namespace gantry::pve {
namespace {

constexpr size_t kExitMax = 500;  // a failed tar puts its whole command line there
constexpr size_t kLineMax = 200;

// Errors behind which the task may well go on: ask again.
bool passes(const Status& status) {
  switch (error_class(status)) {
    case ErrorClass::transport:
    case ErrorClass::tls:
    case ErrorClass::timeout:
    case ErrorClass::remote:
    case ErrorClass::overload:
    case ErrorClass::locked:
      return true;
    default:
      return false;
  }
}

std::string name_of(const Upid& upid) {
  const auto parts = parse_upid(upid);
  if (!parts.ok()) return "task " + upid.get();
  return absl::StrFormat("task %s of %s on %s", parts->type, parts->id.empty() ? "-" : parts->id,
                         parts->node.get());
}

Status describe(Status status, const Upid& upid) {
  if (error_class(status) != ErrorClass::not_found) return annotate(status, name_of(upid));
  return not_found("%s: Proxmox does not know it any more, its outcome is unknown (%s)",
                   name_of(upid), upid.get());
}

}  // namespace

Status outcome_of(const Task& task, const std::vector<std::string>& log) {
  if (task.succeeded()) return Status();
  auto exit = one_line(task.exit_status, kExitMax);
  if (exit.empty()) exit = "it left no exit status";
  std::vector<std::string> lines;
  for (const auto& line : log) {
    auto text = one_line(line, kLineMax);
    // The log repeats the exit text in its last line.
    if (!text.empty() && !starts_with(text, "TASK ERROR")) lines.push_back(std::move(text));
  }
  const auto tail = lines.empty() ? std::string() : "; log: " + join(lines, " | ");
  auto status = error(ErrorClass::task_failed, "%s failed: %s%s", name_of(task.upid), exit, tail);
  const auto code = task_failure_code(task.exit_status);
  return code ? with_code(std::move(status), *code) : status;
}

TaskFollower::TaskFollower(Reader& reader, async::Clock& clock, FollowLimits limits)
    : reader_(reader), clock_(clock), limits_(limits) {}

TaskFollower::TaskFollower(Reader& reader, async::Clock& clock)
    : TaskFollower(reader, clock, FollowLimits{}) {}

Async<Status> TaskFollower::failure_of(Task task) {
  const auto log = co_await reader_.task_log(task.upid, limits_.log_lines);
  // Without its log the failure is still a failure.
  if (!log.ok()) co_return outcome_of(task, std::vector<std::string>());
  co_return outcome_of(task, *log);
}

Async<Result<Task>> TaskFollower::look(Upid upid) {
  const auto parts = parse_upid(upid);
  if (!parts.ok()) co_return parts.status();
  auto task = co_await reader_.task(upid);
  if (!task.ok()) co_return describe(task.status(), upid);
  if (!task->running && !task->succeeded()) {
    Task ended = *task;
    co_return co_await failure_of(std::move(ended));
  }
  co_return std::move(*task);
}

Async<Result<Task>> TaskFollower::follow(Upid upid, Duration limit) {
  const Time deadline = clock_.now() + limit;
  Duration pause = limits_.first_poll;
  while (true) {
    auto task = co_await look(upid);
    if (task.ok() && !task->running) co_return std::move(*task);
    if (!task.ok() && !passes(task.status())) co_return task.status();
    const Time now = clock_.now();
    if (now >= deadline) {
      const auto why = task.ok() ? std::string("it still runs")
                                 : "it could not be read: " + message_of(task.status());
      co_return error(ErrorClass::timeout, "%s: no end within %s, %s", name_of(upid),
                      human_duration(limit), why);
    }
    GANTRY_CO_TRY(co_await clock_.sleep_until(std::min(now + pause, deadline)));
    pause = std::min(pause * 3 / 2, limits_.poll_max);
  }
}

}  // namespace gantry::pve

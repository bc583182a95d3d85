#include "controllers/machine/traces.h"

#include <algorithm>
#include <set>

#include "pkg/pve/upid.h"

namespace gantry::controllers::machine {
namespace {

bool is_create(const pve::Task& task) {
  static const std::set<std::string> kCreates = {"vzcreate", "vzclone", "vzrestore",
                                                 "qmcreate", "qmclone", "qmrestore"};
  return kCreates.contains(task.type);
}

// With our very token: only the UPID always has it.
bool is_own(const pve::Task& task, const std::string& user) {
  const auto parts = pve::parse_upid(task.upid);
  return parts.ok() && parts->user == user;
}

// A create that fails removes what it made; one whose worker was killed does not.
bool made_something(const pve::Task& create) {
  return create.running || create.succeeded() || create.exit_status == "unexpected status";
}

bool was_destroyed(const pve::Task& create, const std::vector<pve::Task>& tasks) {
  return std::ranges::any_of(tasks, [&](const pve::Task& task) {
    return (task.type == "vzdestroy" || task.type == "qmdestroy") && !task.running &&
           task.succeeded() && task.started >= create.started;
  });
}

void keep_newest(std::optional<pve::Task>& newest, const pve::Task& task) {
  if (!newest.has_value() || newest->started < task.started) newest = task;
}

}  // namespace

CreateTraces find_traces(const std::vector<pve::Task>& tasks, const TraceQuery& query) {
  CreateTraces traces;
  for (const auto& task : tasks) {
    if (!is_create(task) || task.upid.get() == query.known) continue;
    const bool lasts = query.may_be_older && made_something(task) && !was_destroyed(task, tasks);
    if (task.started < query.since && !lasts) continue;
    if (query.anybody || is_own(task, query.user)) {
      keep_newest(traces.task, task);
    } else if (same_user(task.user, query.user)) {
      keep_newest(traces.kin, task);
    }
  }
  return traces;
}

bool same_user(const std::string& a, const std::string& b) {
  return a.substr(0, a.find('!')) == b.substr(0, b.find('!'));
}

}  // namespace gantry::controllers::machine

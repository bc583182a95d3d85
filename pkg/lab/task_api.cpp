// /nodes/{node}/tasks/**.
// Source: pve-manager PVE/API2/Tasks.pm; answers of a real 9.2.
#include "pkg/base/text.h"
#include "pkg/lab/router.h"
#include "pkg/lab/row.h"
#include "pkg/lab/task_rows.h"

namespace gantry::lab {
namespace {

using TaskPtr = std::shared_ptr<const TaskRecord>;

// What every answer about a task has.
Json task_object(const TaskRecord& task) {
  Row row;
  row.set("upid", task.upid.get()).set("node", task.node.get());
  row.set("pid", task.pid).set("pstart", task.pstart);
  row.set("starttime", to_unix_seconds(task.started));
  row.set("type", task.type).set("id", task.id).set("user", task.caller.user);
  if (!task.caller.token.empty()) row.set("tokenid", task.caller.token);
  return row;
}

bool is_upid(const std::string& text) {
  return starts_with(text, "UPID:") && split(text, ':').size() == 9;
}

// A user also owns what its tokens began.
bool is_owner(const Caller& caller, const TaskRecord& task) {
  return task.caller == caller || (caller.token.empty() && task.caller.user == caller.user);
}

// The task, or why not: its owner may see it, others need the privilege on the node.
Refusal find_task(Model& model, const Call& call, const std::string& privilege, TaskPtr& task) {
  const auto upid = call.params.get("upid");
  if (!is_upid(upid)) return bad_parameter("upid", "unable to parse worker upid");
  task = model.tasks.find(Upid(upid));
  if (task == nullptr) return bad_parameter("upid", "no such task");
  if (is_owner(call.caller, *task)) return std::nullopt;
  return model.access.check(call.caller, "/nodes/" + task->node.get(), {privilege});
}

bool is_failure(const TaskRecord& task) {
  return !task.running() && task.exit != "OK" && !starts_with(task.exit, "WARNINGS: ");
}

std::string kind_of_end(const TaskRecord& task) {
  if (task.exit == "OK") return "ok";
  if (task.exit == "unexpected status") return "unknown";
  return starts_with(task.exit, "WARNINGS: ") ? "warning" : "error";
}

bool matches(const Call& call, const TaskRecord& task) {
  const auto source = call.params.get("source", "archive");
  if (source == "archive" && task.running()) return false;
  if (source == "active" && !task.running()) return false;
  if (call.params.flag("errors") && !is_failure(task)) return false;
  if (call.params.has("typefilter") && call.params.get("typefilter") != task.type) return false;
  const auto kinds = split(call.params.get("statusfilter"), ',');
  if (call.params.has("statusfilter") &&
      (task.running() || std::find(kinds.begin(), kinds.end(), kind_of_end(task)) == kinds.end())) {
    return false;
  }
  const auto user = call.params.get("userfilter");
  if (!user.empty() && task.caller.id().find(user) == std::string::npos) return false;
  const auto started = to_unix_seconds(task.started);
  if (call.params.has("since") && started < call.params.integer("since", 0)) return false;
  return !call.params.has("until") || started <= call.params.integer("until", 0);
}

// Running tasks come from another file than ended ones, and look different (observed).
Json active_row(const TaskRecord& task) {
  Row row(task_object(task));
  row.erase("tokenid");
  row.set("user", task.caller.id()).set("status", "RUNNING").set("saved", "0");
  return row;
}

Reply list_tasks(Model& model, const Call& call) {
  const NodeName node(call.params.get("node"));
  const bool may_see_all = model.access.may(call.caller, "/nodes/" + node.get(), "Sys.Audit");
  const auto vmid = call.params.get("vmid");
  const auto tasks = vmid.empty() ? model.tasks.on_node(node) : model.tasks.of_id(node, vmid);
  const auto start = call.params.integer("start", 0);
  const auto limit = call.params.integer("limit", 50);
  int64_t count = 0;
  Reply reply = done(Json::array());
  for (const auto& task : tasks) {
    if (!may_see_all && !is_owner(call.caller, *task)) continue;
    if (!matches(call, *task)) continue;
    if (count >= start && count < start + limit) {
      reply.data.push_back(task->running() ? active_row(*task) : task_row(*task));
    }
    ++count;
  }
  if (count > 0) reply.total = count;
  return reply;
}

Reply get_task_status(Model& model, const Call& call) {
  TaskPtr task;
  if (auto refusal = find_task(model, call, "Sys.Audit", task); refusal.has_value()) {
    return std::move(*refusal);
  }
  Row row(task_object(*task));
  row.set("status", task->running() ? "running" : "stopped");
  if (!task->running()) row.set("exitstatus", task->exit);
  return done(std::move(row));
}

Json log_line(int64_t number, const std::string& text) {
  Row line;
  line.set("n", number).set("t", text);
  return line;
}

Reply get_task_log(Model& model, const Call& call) {
  TaskPtr task;
  if (auto refusal = find_task(model, call, "Sys.Audit", task); refusal.has_value()) {
    return std::move(*refusal);
  }
  const auto start = call.params.integer("start", 0);
  const auto limit = call.params.integer("limit", 50);
  const auto size = static_cast<int64_t>(task->log.size());
  Reply reply = done(Json::array());
  for (int64_t i = start; i < size && (limit == 0 || i < start + limit); ++i) {
    reply.data.push_back(log_line(i + 1, task->log[static_cast<size_t>(i)]));
  }
  if (size == 0) reply.data.push_back(log_line(1, "no content"));
  reply.total = std::max<int64_t>(size, 1);
  return reply;
}

Reply stop_task(Model& model, const Call& call) {
  TaskPtr task;
  if (auto refusal = find_task(model, call, "Sys.Modify", task); refusal.has_value()) {
    return std::move(*refusal);
  }
  model.tasks.interrupt(task->upid);
  return done();
}

}  // namespace

Json task_row(const TaskRecord& task) {
  Row row(task_object(task));
  if (!task.running()) {
    row.set("endtime", to_unix_seconds(*task.ended)).set("status", task.exit);
  }
  return row;
}

void add_task_routes(std::vector<Route>& routes) {
  const std::string task = "/nodes/{node}/tasks/{upid}";
  routes.push_back({"GET", "/nodes/{node}/tasks", list_tasks});
  routes.push_back({"GET", task + "/status", get_task_status});
  routes.push_back({"GET", task + "/log", get_task_log});
  routes.push_back({"DELETE", task, stop_task});
}

}  // namespace gantry::lab

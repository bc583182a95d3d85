#include "pkg/base/text.h"
#include "pkg/pve/http/decode.h"
#include "pkg/pve/upid.h"

namespace gantry::pve {
namespace {

// What a status answer and a list row share. The UPID says it all once more.
Result<Task> read_identity(const Row& row) {
  Task task;
  task.upid = Upid(row.text("upid").value_or(""));
  const auto parts = parse_upid(task.upid);
  if (!parts.ok()) return schema_error("task: " + message_of(parts.status()));
  task.node = NodeName(row.text("node").value_or(parts->node.get()));
  task.type = row.text("type").value_or(parts->type);
  task.id = row.text("id").value_or(parts->id);
  task.user = parts->user;  // with its token; `user` has it in some answers only
  const auto started = row.integer("starttime");
  task.started = started ? from_unix_seconds(*started) : parts->started;
  if (const auto ended = row.integer("endtime")) task.ended = from_unix_seconds(*ended);
  return task;
}

}  // namespace

Result<Upid> decode_upid(const Json& data, Oddities&) {
  if (!data.is_string())
    return schema_error(absl::StrFormat("expected a task's UPID, got %s", to_string(data.kind())));
  Upid upid(data.as_string());
  if (const auto parts = parse_upid(upid); !parts.ok())
    return schema_error(message_of(parts.status()));
  return upid;
}

Result<Task> decode_task(const Json& data, Oddities& odd) {
  const Row row(data, odd);
  GANTRY_TRY_ASSIGN(auto task, read_identity(row));
  const auto status = row.text("status").value_or("");
  if (status != "running" && status != "stopped")
    return schema_error("task: the answer says neither running nor stopped");
  task.running = status == "running";
  if (!task.running) task.exit_status = row.text("exitstatus").value_or("");
  return task;
}

Result<std::vector<Task>> decode_tasks(const Json& data, Oddities& odd) {
  GANTRY_TRY_ASSIGN(const auto* rows, rows_of(data, "tasks"));
  std::vector<Task> result;
  std::vector<std::string> undecodable;
  for (const auto& json : *rows) {
    const Row row(json, odd);
    auto task = read_identity(row);
    if (!task.ok()) {
      undecodable.push_back(message_of(task.status()));
      continue;
    }
    // In lists the exit text sits in `status`; source=active says RUNNING.
    const auto status = row.text("status").value_or("RUNNING");
    task->running = !task->ended && to_lower(status) == "running";
    if (!task->running) task->exit_status = status;
    result.push_back(*std::move(task));
  }
  GANTRY_TRY(all_read(undecodable, "tasks"));
  return result;
}

Result<std::vector<std::string>> decode_task_log(const Json& data, Oddities& odd) {
  GANTRY_TRY_ASSIGN(const auto* rows, rows_of(data, "task log"));
  std::vector<std::string> lines;
  for (const auto& json : *rows) lines.push_back(Row(json, odd).text("t").value_or(""));
  if (lines.size() == 1 && lines[0] == "no content") lines.clear();  // an empty log
  return lines;
}

}  // namespace gantry::pve

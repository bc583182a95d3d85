#include "pkg/lab/recovery.h"

#include "pkg/base/text.h"
#include "pkg/lab/kept_settings.h"
#include "pkg/lab/row.h"
#include "pkg/schema/json.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;

constexpr const char* kTasks = "tasks";

void recover_guests(Model& model) {
  for (const auto& [node, state] : model.nodes) {
    const auto folder = "nodes/" + node.get() + "/lxc";
    for (const auto& name : model.files.list(folder)) {
      if (!name.ends_with(".conf")) continue;
      const auto vmid = parse_integer(name.substr(0, name.size() - 5));
      if (!vmid.has_value()) continue;
      auto& guest =
          model.add_guest(VmId(*vmid), node, parse_conf(model.files.read(folder + "/" + name)));
      guest.stale_until = Time();
    }
  }
}

// A journal: the last line about a disk holds. Written anew, so that it does not grow for ever.
void recover_volumes(Model& model) {
  std::map<std::string, std::string> last;  // "node volid" → line
  for (const auto& line : split(model.files.read("volumes"), '\n')) {
    const auto fields = split(line, ' ');
    if (fields.size() == 7) last[fields[0] + " " + fields[1]] = line;
    if (fields.size() == 2) last.erase(line);
  }
  std::string text;
  for (const auto& [disk, line] : last) {
    const auto fields = split(line, ' ');
    text += line + "\n";
    DiskVolume volume;
    volume.volid = fields[1];
    volume.format = fields[2];
    volume.vmid = VmId(parse_integer(fields[3]).value_or(0));
    volume.size = parse_integer(fields[4]).value_or(0);
    volume.used = parse_integer(fields[5]).value_or(0);
    volume.created = from_unix_seconds(parse_integer(fields[6]).value_or(0));
    model.volumes.restore(NodeName(fields[0] == "-" ? "" : fields[0]), std::move(volume));
  }
  (void)model.volumes.take_changes();
  if (!last.empty()) model.files.write("volumes", text);
}

Json to_json_value(const TaskRecord& task) {
  Row object;
  object.set("upid", task.upid.get()).set("node", task.node.get()).set("type", task.type);
  object.set("id", task.id).set("user", task.caller.user).set("token", task.caller.token);
  object.set("pid", task.pid).set("pstart", task.pstart);
  object.set("started", to_unix_seconds(task.started));
  if (task.ended.has_value()) object.set("ended", to_unix_seconds(*task.ended));
  object.set("exit", task.exit);
  Json log = Json::array();
  for (const auto& line : task.log) log.push_back(line);
  object.set("log", std::move(log));
  return object;
}

std::optional<TaskRecord> from_json_line(const std::string& line) {
  const auto object = schema::parse_json(line);
  if (!object.ok()) return std::nullopt;
  TaskRecord task;
  task.upid = Upid(object->string_or("upid", ""));
  task.node = NodeName(object->string_or("node", ""));
  task.type = object->string_or("type", "");
  task.id = object->string_or("id", "");
  task.caller = Caller{object->string_or("user", ""), object->string_or("token", "")};
  task.pid = object->integer_or("pid", 0);
  task.pstart = object->integer_or("pstart", 0);
  task.started = from_unix_seconds(object->integer_or("started", 0));
  task.ended = from_unix_seconds(object->integer_or("ended", 0));
  task.exit = object->string_or("exit", "unexpected status");
  if (const auto* log = object->find("log"); log != nullptr) {
    for (const auto& text : log->as_array()) task.log.push_back(text.as_string());
  }
  return task;
}

// One JSON object a line: a task when it begins and again when it ends. One without an end died
// with the last lab.
void recover_tasks(Model& model) {
  std::map<std::string, TaskRecord> last;
  std::vector<std::string> order;
  for (const auto& line : split(model.files.read(kTasks), '\n')) {
    auto task = from_json_line(line);
    if (!task.has_value()) continue;
    const auto upid = task->upid.get();
    if (last.insert_or_assign(upid, std::move(*task)).second) order.push_back(upid);
  }
  for (const auto& upid : order) model.tasks.restore(std::move(last.at(upid)));
}

Async<Status> poll_forever(Model& model) {
  while (true) {
    std::vector<VmId> vmids;
    for (const auto& [vmid, guest] : model.guests()) vmids.push_back(vmid);
    for (const auto& vmid : vmids) (void)co_await model.inspect(vmid);
    GANTRY_CO_TRY(co_await model.clock.sleep_for(10s));
  }
}

}  // namespace

void recover(Model& model) {
  if (!model.files.is_kept()) return;
  model.access.load_user_cfg(model.files.read("user.cfg"));
  load_settings(model);
  recover_volumes(model);
  recover_guests(model);
  recover_tasks(model);
  model.ha.load();
  model.tasks.on_change([&model](const TaskRecord& task) {
    model.files.append(kTasks, schema::to_json(to_json_value(task)) + "\n");
  });
}

void start_polling(Model& model) {
  model.group.spawn("pvestatd", [&model] { return poll_forever(model); });
}

}  // namespace gantry::lab

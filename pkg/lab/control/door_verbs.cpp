// The verbs that change something without a task, and the faults.
#include "pkg/lab/control/arguments.h"
#include "pkg/lab/control/door.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/json.h"

namespace gantry::lab {

Async<Result<Json>> ControlDoor::edit(Json arguments) {
  GANTRY_CO_TRY_ASSIGN(const auto vmid, vmid_in(arguments));
  const auto key = arguments.string_or("key", "");
  if (key.empty()) co_return invalid("key: which one?");
  co_return done(lab_.edit_config(vmid, key, arguments.string_or("value", "")));
}

Async<Result<Json>> ControlDoor::lock(Json arguments) {
  GANTRY_CO_TRY_ASSIGN(const auto vmid, vmid_in(arguments));
  co_return done(lab_.set_lock(vmid, arguments.string_or("lock", "")));
}

Async<Result<Json>> ControlDoor::pool(Json arguments) {
  GANTRY_CO_TRY_ASSIGN(const auto vmid, vmid_in(arguments));
  co_return done(lab_.set_pool(vmid, arguments.string_or("pool", "")));
}

Async<Result<Json>> ControlDoor::migrate(Json arguments) {
  GANTRY_CO_TRY_ASSIGN(const auto vmid, vmid_in(arguments));
  co_return done(lab_.migrate_guest(vmid, NodeName(arguments.string_or("node", ""))));
}

Async<Result<Json>> ControlDoor::copy(Json arguments) {
  GANTRY_CO_TRY_ASSIGN(const auto source, vmid_in(arguments, "source"));
  GANTRY_CO_TRY_ASSIGN(const auto target, vmid_in(arguments, "target"));
  co_return done(co_await lab_.copy_guest(source, target));
}

Async<Result<Json>> ControlDoor::put(Json arguments) {
  GuestRecord guest;
  GANTRY_CO_TRY_ASSIGN(guest.vmid, vmid_in(arguments));
  guest.node = NodeName(arguments.string_or("node", node_.get()));
  guest.running = arguments.bool_or("running", false);
  guest.config["hostname"] = arguments.string_or("hostname", "foreign");
  co_return done(lab_.put_guest(std::move(guest)));
}

Async<Result<Json>> ControlDoor::node(Json arguments) {
  const NodeName name(arguments.string_or("name", node_.get()));
  co_return done(co_await lab_.set_node_online(name, arguments.bool_or("online", true)));
}

Async<Result<Json>> ControlDoor::daemon(Json arguments) {
  const NodeName name(arguments.string_or("name", node_.get()));
  lab_.set_daemon_running(name, arguments.bool_or("running", true));
  co_return Json::object();
}

Async<Result<Json>> ControlDoor::quorum(Json arguments) {
  lab_.set_quorate(arguments.bool_or("quorate", true));
  co_return Json::object();
}

Async<Result<Json>> ControlDoor::fill(Json arguments) {
  const StorageId storage(arguments.string_or("storage", "local"));
  lab_.fill_storage(storage, arguments.integer_or("bytes", 0));
  co_return Json::object();
}

Async<Result<Json>> ControlDoor::mask(Json arguments) {
  lab_.set_privilege_masked(arguments.string_or("user", ""), arguments.string_or("privilege", ""),
                            arguments.bool_or("masked", true));
  co_return Json::object();
}

Async<Result<Json>> ControlDoor::kill_task(Json arguments) {
  const auto upid = arguments.string_or("upid", "");
  const bool killed = lab_.kill_task(Upid(upid));
  if (!killed) co_return not_found("task '%s' does not run", upid);
  co_return Json::object();
}

Async<Result<Json>> ControlDoor::get(Json arguments) {
  auto path = arguments.string_or("path", "");
  co_return co_await look(std::move(path));
}

Async<Result<Json>> ControlDoor::faults(Json arguments) {
  const auto* wanted = arguments.find("profile");
  if (wanted == nullptr) co_return schema::encode(rehearsal_.playing());
  const auto text = wanted->is_string() ? wanted->as_string() : schema::to_json(*wanted);
  GANTRY_CO_TRY_ASSIGN(const auto profile, parse_profile(text, "profile"));
  rehearsal_.play(profile);
  co_return schema::encode(rehearsal_.playing());
}

Async<Result<Json>> ControlDoor::fault(Json arguments) {
  GANTRY_CO_TRY_ASSIGN(const auto next, schema::decode<NextRequest>(arguments));
  lab_.faults().next_request(next.fault, next.method, next.path, next.times);
  co_return Json::object();
}

Async<Result<Json>> ControlDoor::task_fault(Json arguments) {
  GANTRY_CO_TRY_ASSIGN(const auto next, schema::decode<NextTask>(arguments));
  lab_.faults().next_task(next.fault, next.type, next.times);
  co_return Json::object();
}

Async<Result<Json>> ControlDoor::exec(Json arguments) {
  GANTRY_CO_TRY_ASSIGN(const auto record, record_of(arguments));
  guest::Command command;
  GANTRY_CO_TRY_ASSIGN(command.stdin_text, bytes_in(arguments, "stdin"));
  command.timeout = std::chrono::hours(24);  // pct knows no limit; whoever calls it does
  const auto* words = arguments.find("argv");
  if (words == nullptr || !words->is_array()) co_return invalid("argv: an array is needed");
  for (const auto& word : words->as_array()) {
    auto text = word.is_string() ? base64_decode(word.as_string()) : std::nullopt;
    if (!text) co_return invalid("argv: is no base64");
    command.argv.push_back(*std::move(text));
  }
  guest::Target target;
  target.node = record.node;
  target.vmid = record.vmid;
  GANTRY_CO_TRY_ASSIGN(const auto exit,
                       co_await lab_.channel().exec(target, command, guest::no_output()));
  Json json;
  json.set("code", exit.code);
  json.set("out", base64_encode(exit.out));
  json.set("err", base64_encode(exit.err));
  co_return json;
}

Async<Result<Json>> ControlDoor::push(Json arguments) {
  GANTRY_CO_TRY_ASSIGN(const auto record, record_of(arguments));
  guest::File file;
  file.path = arguments.string_or("path", "");
  GANTRY_CO_TRY_ASSIGN(file.content, bytes_in(arguments, "content"));
  file.mode = static_cast<int>(arguments.integer_or("mode", 0644));
  file.owner = arguments.string_or("owner", "root");
  file.group = arguments.string_or("group", "root");
  guest::Target target;
  target.node = record.node;
  target.vmid = record.vmid;
  co_return done(co_await lab_.channel().push(target, file));
}

}  // namespace gantry::lab

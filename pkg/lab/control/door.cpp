#include "pkg/lab/control/door.h"

#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"
#include "pkg/schema/json.h"

namespace gantry::lab {
namespace {

constexpr std::string_view kPrefix = "/lab/";
constexpr auto kTaskPoll = std::chrono::milliseconds(100);

int http_status(ErrorClass error) {
  switch (error) {
    case ErrorClass::not_found:
      return 404;
    case ErrorClass::invalid:
      return 400;
    case ErrorClass::permission:
      return 403;
    case ErrorClass::locked:
    case ErrorClass::already_exists:
    case ErrorClass::conflict:
      return 409;
    default:
      return 500;
  }
}

http::Response to_response(const Result<Json>& result) {
  http::Response response;
  response.headers["Content-Type"] = "application/json";
  if (result.ok()) {
    response.body = schema::to_json(*result) + "\n";
    return response;
  }
  const auto kind = error_class(result.status());
  Json body;
  body.set("class", to_string(kind));
  body.set("error", message_of(result.status()));
  response.status = http_status(kind);
  response.body = schema::to_json(body) + "\n";
  return response;
}

Json to_json(const std::map<std::string, std::string>& values) {
  Json json = Json::object();
  for (const auto& [key, value] : values) json.set(key, value);
  return json;
}

Json to_json(const GuestRecord& guest) {
  Json json;
  json.set("vmid", guest.vmid.get());
  json.set("node", guest.node.get());
  json.set("type", guest.type == pve::GuestType::lxc ? "lxc" : "qemu");
  json.set("running", guest.running);
  json.set("pool", guest.pool);
  json.set("config", to_json(guest.config));
  json.set("pending", to_json(guest.pending));
  return json;
}

Result<VmId> vmid_in(const Json& arguments, std::string_view key = "vmid") {
  const auto vmid = arguments.integer_or(key, 0);
  if (vmid <= 0) return invalid("%s: a VMID is needed", std::string(key));
  return VmId(vmid);
}

Result<Json> done(const Status& status) {
  if (!status.ok()) return status;
  return Json::object();
}

Result<std::string> bytes_in(const Json& arguments, std::string_view key) {
  auto bytes = base64_decode(arguments.string_or(key, ""));
  if (!bytes) return invalid("%s: is no base64", std::string(key));
  return *std::move(bytes);
}

}  // namespace

ControlDoor::ControlDoor(Lab& lab, Backend& backend, async::Clock& clock, std::string token,
                         NodeName node)
    : lab_(lab),
      backend_(backend),
      clock_(clock),
      token_("Bearer " + std::move(token)),
      node_(std::move(node)),
      root_(lab.root_token()) {}

const std::map<std::string, ControlDoor::Verb, std::less<>>& ControlDoor::verbs() {
  static const std::map<std::string, Verb, std::less<>> all = {
      {"guests", &ControlDoor::guests},   {"volumes", &ControlDoor::volumes},
      {"tasks", &ControlDoor::tasks},     {"guest", &ControlDoor::guest},
      {"start", &ControlDoor::start},     {"stop", &ControlDoor::stop},
      {"destroy", &ControlDoor::destroy}, {"discard", &ControlDoor::discard},
      {"crash", &ControlDoor::crash},     {"edit", &ControlDoor::edit},
      {"lock", &ControlDoor::lock},       {"pool", &ControlDoor::pool},
      {"migrate", &ControlDoor::migrate}, {"copy", &ControlDoor::copy},
      {"node", &ControlDoor::node},       {"quorum", &ControlDoor::quorum},
      {"fill", &ControlDoor::fill},       {"mask", &ControlDoor::mask},
      {"get", &ControlDoor::get},         {"kill-task", &ControlDoor::kill_task},
      {"exec", &ControlDoor::exec},       {"push", &ControlDoor::push}};
  return all;
}

Async<std::optional<http::Response>> ControlDoor::handle(http::Request request, http::Peer peer,
                                                         http::ResponseStream& stream) {
  if (!starts_with(request.target, kPrefix))
    co_return co_await lab_.handler(node_).handle(std::move(request), std::move(peer), stream);
  const auto shown = request.headers.find("Authorization");
  const bool known =
      shown != request.headers.end() && crypto::equal_in_constant_time(shown->second, token_);
  if (!known || request.method != "POST") {
    http::Response refused;
    refused.status = known ? 405 : 401;
    co_return refused;
  }
  auto verb = request.target.substr(kPrefix.size());
  const auto result = co_await answer(std::move(verb), std::move(request.body));
  co_return to_response(result);
}

Async<Result<Json>> ControlDoor::answer(std::string verb, std::string body) {
  const auto found = verbs().find(verb);
  if (found == verbs().end()) co_return not_found("%s: the lab knows no such verb", verb);
  GANTRY_CO_TRY_ASSIGN(auto arguments, schema::parse_json(body.empty() ? "{}" : body));
  const auto method = found->second;
  co_return co_await (this->*method)(std::move(arguments));
}

Result<GuestRecord> ControlDoor::record_of(const Json& arguments) const {
  GANTRY_TRY_ASSIGN(const auto vmid, vmid_in(arguments));
  auto guest = lab_.find_guest(vmid);
  if (!guest) return not_found("there is no guest %d", vmid.get());
  return *std::move(guest);
}

Async<Result<Json>> ControlDoor::api(std::string method, std::string path) {
  // Collects nothing: the API answers in one piece.
  class NoStream final : public http::ResponseStream {
    Async<Status> start(http::Response) override { co_return internal("no stream expected"); }
    Async<Status> write(std::string) override { co_return internal("no stream expected"); }
  };
  http::Request request;
  request.method = std::move(method);
  request.target = "/api2/json" + path;
  request.headers["Authorization"] = "PVEAPIToken=" + root_.id + "=" + root_.secret;
  NoStream stream;
  const auto response =
      co_await lab_.handler(node_).handle(std::move(request), http::Peer(), stream);
  if (!response) co_return error(ErrorClass::transport, "%s: the lab gave no answer", path);
  if (response->status != 200) {
    const auto kind = response->status == 400 ? ErrorClass::invalid : ErrorClass::remote;
    co_return error(kind, "%s: %d %s", path, response->status, response->reason);
  }
  GANTRY_CO_TRY_ASSIGN(auto body, schema::parse_json(response->body));
  const auto* data = body.find("data");
  co_return data == nullptr ? Json() : *data;
}

Async<Result<Json>> ControlDoor::guests(Json) {
  Json all = Json::array();
  for (const auto& guest : lab_.guests()) all.push_back(to_json(guest));
  co_return all;
}

Async<Result<Json>> ControlDoor::volumes(Json) {
  Json all = Json::array();
  for (const auto& volume : lab_.volumes()) {
    Json json;
    json.set("volid", volume.volid);
    json.set("node", volume.node.get());
    json.set("vmid", volume.vmid.get());
    json.set("size", volume.size);
    all.push_back(std::move(json));
  }
  co_return all;
}

Async<Result<Json>> ControlDoor::tasks(Json) {
  GANTRY_CO_TRY_ASSIGN(auto rows,
                       co_await api("GET", "/nodes/" + node_.get() + "/tasks?source=all"));
  if (!rows.is_array()) co_return Json::array();
  for (auto& row : rows.as_array()) row.set("running", row.find("endtime") == nullptr);
  co_return rows;
}

Async<Result<Json>> ControlDoor::guest(Json arguments) {
  GANTRY_CO_TRY_ASSIGN(const auto record, record_of(arguments));
  auto json = to_json(record);
  const auto path = absl::StrFormat("/nodes/%s/lxc/%d", record.node.get(), record.vmid.get());
  const auto now = co_await api("GET", path + "/status/current");
  if (now.ok() && now->is_object()) {
    json.set("running", now->string_or("status", "") == "running");
    for (const auto* key : {"uptime", "mem", "pid"})
      if (const auto* value = now->find(key)) json.set(key, *value);
  }
  const auto cards = co_await api("GET", path + "/interfaces");
  if (cards.ok()) json.set("interfaces", *cards);
  co_return json;
}

Async<Result<Json>> ControlDoor::start(Json arguments) {
  GANTRY_CO_TRY_ASSIGN(const auto vmid, vmid_in(arguments));
  co_return done(co_await lab_.start_guest(vmid));
}

Async<Result<Json>> ControlDoor::stop(Json arguments) {
  GANTRY_CO_TRY_ASSIGN(const auto vmid, vmid_in(arguments));
  co_return done(co_await lab_.stop_guest(vmid));
}

Async<Result<Json>> ControlDoor::destroy(Json arguments) {
  GANTRY_CO_TRY_ASSIGN(const auto vmid, vmid_in(arguments));
  co_return done(co_await lab_.destroy_guest(vmid));
}

Async<Status> ControlDoor::wait_for(std::string upid) {
  const auto node = split(upid, ':').at(1);
  const auto path = "/nodes/" + node + "/tasks/" + url_encode(upid) + "/status";
  while (true) {
    GANTRY_CO_TRY_ASSIGN(const auto task, co_await api("GET", path));
    if (task.string_or("status", "") == "stopped") {
      const auto exit = task.string_or("exitstatus", "");
      if (exit == "OK" || starts_with(exit, "WARNINGS")) co_return Status();
      co_return make_error(ErrorClass::task_failed, exit);
    }
    GANTRY_CO_TRY(co_await clock_.sleep_for(kTaskPoll));
  }
}

Async<Result<Json>> ControlDoor::discard(Json arguments) {
  GANTRY_CO_TRY_ASSIGN(const auto record, record_of(arguments));
  const auto path = absl::StrFormat("/nodes/%s/lxc/%d?destroy-unreferenced-disks=1",
                                    record.node.get(), record.vmid.get());
  GANTRY_CO_TRY_ASSIGN(const auto upid, co_await api("DELETE", path));
  if (!upid.is_string()) co_return internal("%s: no task", path);
  co_return done(co_await wait_for(upid.as_string()));
}

Async<Result<Json>> ControlDoor::crash(Json arguments) {
  GANTRY_CO_TRY_ASSIGN(const auto record, record_of(arguments));
  ContainerSpec spec;
  spec.node = record.node;
  spec.vmid = record.vmid;
  spec.config = record.config;
  const LogSink nowhere = [](const std::string&) {};
  co_return done(co_await backend_.stop(spec, nowhere));
}

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

Async<Result<Json>> ControlDoor::node(Json arguments) {
  const NodeName name(arguments.string_or("name", node_.get()));
  co_return done(co_await lab_.set_node_online(name, arguments.bool_or("online", true)));
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
  co_return co_await api("GET", std::move(path));
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

#include "pkg/lab/control/door.h"

#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"
#include "pkg/lab/control/arguments.h"
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

Status refusal(bool known) {
  if (known) return make_error(ErrorClass::invalid, "/lab/… takes POST, with a JSON object");
  return make_error(ErrorClass::auth,
                    "/lab/… is for this machine only, with the header 'Authorization: Bearer …' "
                    "and what the state folder's file control.token holds");
}

bool is_loopback(const std::string& address) {
  return starts_with(address, "127.") || address == "::1" || starts_with(address, "::ffff:127.");
}

// "a=b&c=d" of a path that a person typed.
Lab::Arguments query_of(std::string& path) {
  Lab::Arguments arguments;
  const auto mark = path.find('?');
  if (mark == std::string::npos) return arguments;
  for (const auto& field : split(path.substr(mark + 1), '&')) {
    const auto equals = field.find('=');
    const auto value = equals == std::string::npos ? "" : field.substr(equals + 1);
    arguments[field.substr(0, equals)] = url_decode(value).value_or(value);
  }
  path.resize(mark);
  return arguments;
}

}  // namespace

ControlDoor::ControlDoor(Lab& lab, Backend& backend, Rehearsal& rehearsal, async::Clock& clock,
                         std::string token, NodeName node)
    : lab_(lab),
      backend_(backend),
      rehearsal_(rehearsal),
      clock_(clock),
      token_("Bearer " + std::move(token)),
      node_(std::move(node)) {}

const std::map<std::string, ControlDoor::Verb, std::less<>>& ControlDoor::verbs() {
  static const std::map<std::string, Verb, std::less<>> all = {
      {"guests", &ControlDoor::guests},       {"volumes", &ControlDoor::volumes},
      {"tasks", &ControlDoor::tasks},         {"guest", &ControlDoor::guest},
      {"start", &ControlDoor::start},         {"stop", &ControlDoor::stop},
      {"kill", &ControlDoor::kill},           {"destroy", &ControlDoor::destroy},
      {"discard", &ControlDoor::discard},     {"crash", &ControlDoor::crash},
      {"edit", &ControlDoor::edit},           {"lock", &ControlDoor::lock},
      {"pool", &ControlDoor::pool},           {"migrate", &ControlDoor::migrate},
      {"copy", &ControlDoor::copy},           {"put", &ControlDoor::put},
      {"node", &ControlDoor::node},           {"daemon", &ControlDoor::daemon},
      {"quorum", &ControlDoor::quorum},       {"fill", &ControlDoor::fill},
      {"mask", &ControlDoor::mask},           {"get", &ControlDoor::get},
      {"faults", &ControlDoor::faults},       {"fault", &ControlDoor::fault},
      {"exec", &ControlDoor::exec},           {"push", &ControlDoor::push},
      {"kill-task", &ControlDoor::kill_task}, {"task-fault", &ControlDoor::task_fault}};
  return all;
}

Async<std::optional<http::Response>> ControlDoor::handle(http::Request request, http::Peer peer,
                                                         http::ResponseStream& stream) {
  if (!starts_with(request.target, kPrefix))
    co_return co_await lab_.handler(node_).handle(std::move(request), std::move(peer), stream);
  const auto shown = request.headers.find("Authorization");
  const bool known = is_loopback(peer.address) && shown != request.headers.end() &&
                     crypto::equal_in_constant_time(shown->second, token_);
  if (!known || request.method != "POST") {
    auto refused = to_response(refusal(known));
    refused.status = known ? 405 : 401;
    co_return refused;
  }
  auto verb = request.target.substr(kPrefix.size());
  const auto result = co_await answer(std::move(verb), std::move(request.body));
  co_return to_response(result);
}

Async<Result<Json>> ControlDoor::answer(std::string verb, std::string body) {
  const auto found = verbs().find(verb);
  if (found == verbs().end()) {
    std::vector<std::string> known;
    for (const auto& [name, method] : verbs()) known.push_back(name);
    co_return not_found("/lab/%s: no such verb; there are %s", verb, join(known, ", "));
  }
  if (body.empty()) body = "{}";
  GANTRY_CO_TRY_ASSIGN(auto arguments, schema::parse_json(body));
  if (!arguments.is_object()) co_return invalid("/lab/%s: the body is to be a JSON object", verb);
  const auto method = found->second;
  co_return co_await (this->*method)(std::move(arguments));
}

Result<GuestRecord> ControlDoor::record_of(const Json& arguments) const {
  GANTRY_TRY_ASSIGN(const auto vmid, vmid_in(arguments));
  auto guest = lab_.find_guest(vmid);
  if (!guest) return not_found("there is no guest %d", vmid.get());
  return *std::move(guest);
}

Async<Result<Json>> ControlDoor::look(std::string path) {
  auto arguments = query_of(path);
  auto decoded = url_decode(path).value_or(path);
  co_return co_await lab_.as_root(std::string("GET"), std::move(decoded), std::move(arguments));
}

Async<Result<Json>> ControlDoor::act(Json arguments, std::string method, std::string path,
                                     Lab::Arguments parameters) {
  GANTRY_CO_TRY_ASSIGN(const auto record, record_of(arguments));
  auto full = absl::StrFormat("/nodes/%s/lxc/%d%s", record.node.get(), record.vmid.get(), path);
  GANTRY_CO_TRY_ASSIGN(const auto upid, co_await lab_.as_root(std::move(method), std::move(full),
                                                              std::move(parameters)));
  if (!upid.is_string()) co_return internal("%s: no task", path);
  co_return done(co_await wait_for(upid.as_string()));
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
  GANTRY_CO_TRY_ASSIGN(auto rows, co_await look("/nodes/" + node_.get() + "/tasks?source=all"));
  if (!rows.is_array()) co_return Json::array();
  for (auto& row : rows.as_array()) row.set("running", row.find("endtime") == nullptr);
  co_return rows;
}

Async<Result<Json>> ControlDoor::guest(Json arguments) {
  GANTRY_CO_TRY_ASSIGN(const auto record, record_of(arguments));
  auto json = to_json(record);
  const auto path = absl::StrFormat("/nodes/%s/lxc/%d", record.node.get(), record.vmid.get());
  const auto now = co_await look(path + "/status/current");
  if (now.ok() && now->is_object()) {
    json.set("running", now->string_or("status", "") == "running");
    for (const auto* key : {"uptime", "mem", "pid"})
      if (const auto* value = now->find(key)) json.set(key, *value);
  }
  const auto cards = co_await look(path + "/interfaces");
  if (cards.ok()) json.set("interfaces", *cards);
  co_return json;
}

Async<Result<Json>> ControlDoor::start(Json arguments) {
  const Lab::Arguments none;
  co_return co_await act(std::move(arguments), std::string("POST"), std::string("/status/start"),
                         none);
}

Async<Result<Json>> ControlDoor::stop(Json arguments) {
  const Lab::Arguments none;
  co_return co_await act(std::move(arguments), std::string("POST"), std::string("/status/stop"),
                         none);
}

Async<Result<Json>> ControlDoor::kill(Json arguments) {
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
    GANTRY_CO_TRY_ASSIGN(const auto task, co_await look(path));
    if (task.string_or("status", "") == "stopped") {
      const auto exit = task.string_or("exitstatus", "");
      if (exit == "OK" || starts_with(exit, "WARNINGS")) co_return Status();
      co_return make_error(ErrorClass::task_failed, exit);
    }
    GANTRY_CO_TRY(co_await clock_.sleep_for(kTaskPoll));
  }
}

Async<Result<Json>> ControlDoor::discard(Json arguments) {
  Lab::Arguments parameters;
  parameters["destroy-unreferenced-disks"] = "1";
  co_return co_await act(std::move(arguments), std::string("DELETE"), std::string(),
                         std::move(parameters));
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

}  // namespace gantry::lab

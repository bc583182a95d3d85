// /cluster/ha/**.
// Source: pve-ha-manager PVE/API2/HA/{Resources,Groups,Rules,Status}.pm. Unverified but for what a
// stand-alone node answers.
#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"
#include "pkg/lab/model.h"
#include "pkg/lab/router.h"
#include "pkg/lab/row.h"

namespace gantry::lab {
namespace {

using Sections = std::map<std::string, Ha::Settings>;

std::string digest_of(const Sections& sections) {
  std::string text;
  for (const auto& [id, settings] : sections) {
    text += id + "\n";
    for (const auto& [name, value] : settings) text += name + " " + value + "\n";
  }
  return crypto::sha1_hex(text);
}

Json section_object(const Sections& sections, const std::string& id_name, const std::string& id) {
  Row row;
  for (const auto& [name, value] : sections.at(id)) {
    const auto number = parse_integer(value);
    row.set(name, number.has_value() ? Json(*number) : Json(value));
  }
  row.set(id_name, id).set("digest", digest_of(sections));
  return row;
}

// Everything that is no address of the section, over what stood there.
void take_settings(const Call& call, const std::string& id_name, Ha::Settings& settings) {
  for (const auto& [name, value] : call.params.values()) {
    if (name != id_name && name != "digest" && name != "delete") settings[name] = value;
  }
  for (const auto& name : split(call.params.get("delete"), ',')) settings.erase(name);
}

Refusal check_digest(const Call& call, const Sections& sections) {
  if (!call.params.has("digest") || call.params.get("digest") == digest_of(sections)) {
    return std::nullopt;
  }
  return died("detected modified configuration - file changed by other user? Try again.");
}

// "100" and "ct:100" are the same.
std::string sid_of(const Call& call) {
  const auto sid = call.params.get("sid");
  return parse_integer(sid).has_value() ? "ct:" + sid : sid;
}

// ---- resources ----

Json resource_object(const Model& model, const std::string& sid) {
  Json object = section_object(model.ha.resources, "sid", sid);
  object.set("type", sid.substr(0, sid.find(':')));
  return object;
}

Reply list_resources(Model& model, const Call& call) {
  Json rows = Json::array();
  for (const auto& [sid, settings] : model.ha.resources) {
    if (starts_with(sid, call.params.get("type"))) rows.push_back(resource_object(model, sid));
  }
  return done(std::move(rows));
}

Reply get_resource(Model& model, const Call& call) {
  const auto sid = sid_of(call);
  if (!model.ha.resources.contains(sid)) return died("no such resource '" + sid + "'");
  return done(resource_object(model, sid));
}

Refusal check_resource(const Model& model, const Call& call, const std::string& sid) {
  const auto group = call.params.get("group");
  if (!group.empty() && model.is_modern()) {
    return died("invalid parameter 'group': ha groups have been migrated to rules");
  }
  if (!group.empty() && !model.ha.groups.contains(group)) {
    return died("HA group '" + group + "' does not exist");
  }
  const auto* service = model.ha.find_service(sid);
  const bool repairs = call.params.get("state") == "disabled";
  if (service == nullptr || service->state != "error" || repairs) return std::nullopt;
  return died("service '" + sid + "' in error state, must be disabled and fixed first");
}

Reply create_resource(Model& model, const Call& call) {
  if (auto no = model.check_quorum(); no.has_value()) return std::move(*no);
  const auto sid = sid_of(call);
  const auto* guest = model.find_guest(VmId(parse_integer(sid.substr(3)).value_or(0)));
  if (guest == nullptr) return died("resource '" + sid + "' does not exist in cluster");
  if (guest->type != pve::GuestType::lxc) {
    return died("resource '" + sid + "' - guest with ID " + sid.substr(3) + " is not a container");
  }
  if (auto no = check_resource(model, call, sid); no.has_value()) return std::move(*no);
  if (model.ha.resources.contains(sid)) {
    return died("create resource failed: resource ID '" + sid + "' already defined");
  }
  take_settings(call, "sid", model.ha.resources[sid]);
  model.ha.changed();
  return done();
}

Reply update_resource(Model& model, const Call& call) {
  const auto sid = sid_of(call);
  if (auto no = check_resource(model, call, sid); no.has_value()) return std::move(*no);
  if (auto no = check_digest(call, model.ha.resources); no.has_value()) return std::move(*no);
  const auto it = model.ha.resources.find(sid);
  if (it == model.ha.resources.end()) {
    return died("update resource failed: no such resource '" + sid + "'");
  }
  take_settings(call, "sid", it->second);
  model.ha.changed();
  return done();
}

Reply delete_resource(Model& model, const Call& call) {
  const auto sid = sid_of(call);
  if (model.ha.wanted_state(sid) == "ignored") {
    return died("resource '" + sid + "' is not HA managed");
  }
  model.ha.resources.erase(sid);
  model.ha.changed();
  return done();
}

// A container cannot move while it runs: to migrate is to relocate.
Reply move_resource(Model& model, const Call& call) {
  const auto sid = sid_of(call);
  if (model.ha.wanted_state(sid) == "ignored") {
    return died("resource '" + sid + "' is not HA managed");
  }
  if (auto no = check_resource(model, call, sid); no.has_value()) return std::move(*no);
  model.ha.move(sid, call.node());
  if (!model.is_modern()) return done();
  Row answer;
  answer.set("sid", sid).set("requested-node", call.node().get());
  return done(std::move(answer));
}

// ---- groups (8.x) and rules (9.x) ----

struct Kind {
  const char *id_name, *text;
  Sections& sections;
};

Kind kind_of(Model& model, const Call& call) {
  if (starts_with(call.path, "/cluster/ha/groups")) return {"group", "ha group", model.ha.groups};
  return {"rule", "ha rule", model.ha.rules};
}

Reply list_sections(Model& model, const Call& call) {
  const auto kind = kind_of(model, call);
  const auto type = call.params.get("type"), resource = call.params.get("resource");
  Json rows = Json::array();
  for (const auto& [id, settings] : kind.sections) {
    Json row = section_object(kind.sections, kind.id_name, id);
    if (!type.empty() && row.string_or("type", "") != type) continue;
    const auto sids = split(row.string_or("resources", ""), ',');
    const bool named = std::find(sids.begin(), sids.end(), resource) != sids.end();
    if (resource.empty() || named) rows.push_back(std::move(row));
  }
  return done(std::move(rows));
}

Reply get_section(Model& model, const Call& call) {
  const auto kind = kind_of(model, call);
  const auto id = call.params.get(kind.id_name);
  if (!kind.sections.contains(id)) {
    return died(std::string("no such ") + kind.text + " '" + id + "'");
  }
  return done(section_object(kind.sections, kind.id_name, id));
}

Refusal check_rule(const Model& model, const Call& call) {
  std::vector<std::string> unknown;
  for (const auto& sid : split(call.params.get("resources"), ',')) {
    if (!sid.empty() && !model.ha.resources.contains(sid)) unknown.push_back(sid);
  }
  if (!unknown.empty())
    return died("cannot use unmanaged resource(s) " + join(unknown, ", ") + ".");
  for (const auto& [node, priority] : parse_ha_nodes(call.params.get("nodes"))) {
    if (!model.nodes.contains(node)) unknown.push_back(node.get());
  }
  if (unknown.empty()) return std::nullopt;
  return died("cannot use non-existant node(s) " + join(unknown, ", ") + ".");
}

Refusal check_new_rule(const Call& call) {
  const bool nodes = call.params.get("type") == "node-affinity";
  const char* needed = nodes ? "nodes" : "affinity";
  if (call.params.has(needed)) return std::nullopt;
  return bad_parameter(needed, "property is missing and it is not optional");
}

Refusal check_section(const Model& model, const Call& call) {
  if (auto no = model.check_quorum(); no.has_value()) return no;
  const bool is_group = starts_with(call.path, "/cluster/ha/groups");
  if (is_group && model.is_modern()) return died("ha groups have been migrated to rules");
  if (!is_group && call.method == "POST") {
    if (auto no = check_new_rule(call); no.has_value()) return no;
  }
  return check_rule(model, call);
}

Reply set_section(Model& model, const Call& call) {
  const auto kind = kind_of(model, call);
  const auto id = call.params.get(kind.id_name);
  if (auto no = check_section(model, call); no.has_value()) return std::move(*no);
  if (auto no = check_digest(call, kind.sections); no.has_value()) return std::move(*no);
  const bool exists = kind.sections.contains(id);
  const std::string what = std::string(kind.text) + " '" + id + "'";
  if (call.method == "POST" && exists)
    return died("create ha rule failed: HA rule '" + id + "' already defined");
  if (call.method == "PUT" && !exists) return died("no such " + what);
  take_settings(call, kind.id_name, kind.sections[id]);
  model.ha.changed();
  return done();
}

Reply delete_section(Model& model, const Call& call) {
  const auto kind = kind_of(model, call);
  kind.sections.erase(call.params.get(kind.id_name));
  model.ha.changed();
  return done();
}

// ---- status ----

// "Fri Nov 20 21:28:56 2026", as Perl's localtime.
std::string time_text(Time time) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  return absl::StrFormat("%s %s %2d %s %d", kDays[std::chrono::weekday(day).c_encoding()],
                         kMonths[static_cast<unsigned>(date.month()) - 1],
                         static_cast<unsigned>(date.day()), log_time(time).substr(11),
                         static_cast<int>(date.year()));
}

void add_manager(const Model& model, Json& rows) {
  const auto now = model.clock.now();
  const auto at = to_unix_seconds(now);
  const auto add = [&](const char* type, const NodeName& node, bool lrm, const char* state) {
    Row row;
    row.set("id", lrm ? "lrm:" + node.get() : std::string("master")).set("type", type);
    row.set("node", node.get()).set("timestamp", at);
    row.set("status", node.get() + " (" + state + ", " + time_text(now) + ")");
    rows.push_back(std::move(row));
  };
  for (const auto& [name, node] : model.nodes) {
    if (!node.online) continue;
    add("master", name, false, "active");
    break;
  }
  for (const auto& [name, node] : model.nodes) {
    add("lrm", name, true, node.online ? "active" : "old timestamp - dead?");
  }
}

Json service_row(const Model& model, const std::string& sid, const Ha::Settings& settings) {
  const auto* guest = model.find_guest(VmId(parse_integer(sid.substr(3)).value_or(0)));
  const auto* service = model.ha.find_service(sid);
  const auto node = guest == nullptr ? "---" : guest->node.get();
  const auto state = model.ha.verbose_state(sid);
  Row row;
  row.set("id", "service:" + sid).set("type", "service").set("sid", sid).set("node", node);
  row.set("state", state).set("status", sid + " (" + node + ", " + state + ")");
  row.set("request_state", model.ha.wanted_state(sid));
  if (service != nullptr && !service->state.empty()) row.set("crm_state", service->state);
  for (const char* name : {"group", "max_restart", "max_relocate", "failback", "comment"}) {
    const auto it = settings.find(name);
    if (it == settings.end()) continue;
    const auto number = parse_integer(it->second);
    row.set(name, number.has_value() ? Json(*number) : Json(it->second));
  }
  return row;
}

Reply get_current(Model& model, const Call& call) {
  const auto& door = call.door.get();
  const bool active = !model.ha.services().empty();
  Json rows = Json::array();
  Row quorum;
  quorum.set("id", "quorum").set("type", "quorum").set("node", door);
  quorum.set("status", model.quorate ? "OK" : "No quorum on node '" + door + "'!");
  quorum.set("quorate", model.quorate ? 1 : 0);
  rows.push_back(std::move(quorum));
  if (model.is_modern()) {
    Row fencing;
    fencing.set("id", "fencing").set("type", "fencing").set("node", door);
    fencing.set("armed-state", active ? "armed" : "standby");
    fencing.set("status",
                active ? "armed (CRM watchdog active)" : "standby (CRM watchdog standby)");
    rows.push_back(std::move(fencing));
  }
  if (active) add_manager(model, rows);
  for (const auto& [sid, settings] : model.ha.resources) {
    rows.push_back(service_row(model, sid, settings));
  }
  return done(std::move(rows));
}

Reply get_manager_status(Model& model, const Call& call) {
  Row nodes, services;
  for (const auto& [name, node] : model.nodes) {
    nodes.set(name.get(), node.online ? "online" : "unknown");
  }
  for (const auto& [sid, service] : model.ha.services()) {
    Row row;
    row.set("state", service.state).set("node", service.node.get());
    services.set(sid, std::move(row));
  }
  Row manager, quorum, answer;
  manager.set("node_status", std::move(nodes)).set("service_status", std::move(services));
  quorum.set("node", call.door.get()).set("quorate", model.quorate ? 1 : 0);
  answer.set("manager_status", std::move(manager)).set("quorum", std::move(quorum));
  return done(std::move(answer));
}

}  // namespace

void add_ha_routes(std::vector<Route>& routes) {
  const std::string resource = "/cluster/ha/resources/{sid}";
  routes.push_back({"GET", "/cluster/ha/status/current", get_current});
  routes.push_back({"GET", "/cluster/ha/status/manager_status", get_manager_status});
  routes.push_back({"GET", "/cluster/ha/resources", list_resources});
  routes.push_back({"POST", "/cluster/ha/resources", create_resource});
  routes.push_back({"GET", resource, get_resource});
  routes.push_back({"PUT", resource, update_resource});
  routes.push_back({"DELETE", resource, delete_resource});
  routes.push_back({"POST", resource + "/migrate", move_resource});
  routes.push_back({"POST", resource + "/relocate", move_resource});
  for (const std::string kind : {"/cluster/ha/groups", "/cluster/ha/rules"}) {
    const std::string one = kind + (kind.ends_with("groups") ? "/{group}" : "/{rule}");
    routes.push_back({"GET", kind, list_sections});
    routes.push_back({"POST", kind, set_section});
    routes.push_back({"GET", one, get_section});
    routes.push_back({"PUT", one, set_section});
    routes.push_back({"DELETE", one, delete_section});
  }
}

}  // namespace gantry::lab

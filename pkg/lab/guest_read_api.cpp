// Reading guests: lists, config, pending, status, interfaces, feature, snapshots.
#include "pkg/base/text.h"
#include "pkg/lab/guest_rows.h"
#include "pkg/lab/property.h"
#include "pkg/lab/router.h"
#include "pkg/lab/row.h"

namespace gantry::lab {
namespace {

Reply list_containers(Model& model, const Call& call) {
  AuditFilter filter(model, call);
  Json rows = Json::array();
  for (const auto& vmid : model.guests_on(call.node())) {
    const auto& guest = *model.find_guest(vmid);
    if (guest.type != pve::GuestType::lxc || !filter.shows(guest)) continue;
    auto state = guest.state;
    state.running = guest.running;
    Json row = status_row(model, guest, state);
    if (model.is_modern() && guest.running) {
      for (const char* name : {"pressurecpufull", "pressurecpusome", "pressureiofull",
                               "pressureiosome", "pressurememoryfull", "pressurememorysome"}) {
        row.set(name, nullptr);
      }
    }
    rows.push_back(std::move(row));
  }
  return done(std::move(rows));
}

Reply get_config(Model& model, const Call& call) {
  const auto* guest = model.find_container(call.node(), call.params.vmid());
  if (guest == nullptr) return missing_guest(call);
  if (!call.params.has("snapshot")) {
    return done(config_object(*guest, call.params.flag("current")));
  }
  const auto name = call.params.get("snapshot");
  const auto snapshot = guest->config.snapshots.find(name);
  if (snapshot == guest->config.snapshots.end()) {
    return died("snapshot '" + name + "' does not exist");
  }
  Row object;
  for (const auto& [key, value] : snapshot->second) object.set(key, shown(key, value));
  object.set("digest", digest_of(guest->config));
  return done(std::move(object));
}

Reply get_pending(Model& model, const Call& call) {
  const auto* guest = model.find_container(call.node(), call.params.vmid());
  if (guest == nullptr) return missing_guest(call);
  const auto& config = guest->config;
  Json rows = Json::array();
  const auto add = [&](const std::string& key, const Json* value, const Json* pending) {
    Row row;
    row.set("key", key);
    if (value != nullptr) row.set("value", *value);
    if (pending != nullptr) row.set("pending", *pending);
    if (config.pending_delete.contains(key)) row.set("delete", 1);
    rows.push_back(std::move(row));
  };
  for (const auto& [key, value] : config.values) {
    const auto live = shown(key, value);
    const auto change = config.pending.find(key);
    const bool changes = change != config.pending.end();
    const auto next = changes ? shown(key, change->second) : Json();
    add(key, &live, changes ? &next : nullptr);
  }
  for (const auto& [key, value] : config.pending) {
    const auto next = shown(key, value);
    if (!config.has(key)) add(key, nullptr, &next);
  }
  const Json digest = digest_of(config);
  add("digest", &digest, nullptr);
  return done(std::move(rows));
}

Json ha_object(const Model& model, VmId vmid) {
  Row ha;
  const bool managed = model.ha.is_managed(vmid);
  ha.set("managed", managed ? 1 : 0);
  if (!managed) return ha;
  const auto* service = model.ha.find_service(Ha::sid_of(vmid));
  ha.set("state", service == nullptr || service->state.empty() ? Json() : Json(service->state));
  const auto& settings = model.ha.resources.at(Ha::sid_of(vmid));
  if (const auto it = settings.find("group"); it != settings.end()) ha.set("group", it->second);
  return ha;
}

// Texts, although the schema says number (observed on 9.2).
void add_pressure(Json& row) {
  for (const char* name : {"pressurecpufull", "pressurecpusome", "pressureiofull", "pressureiosome",
                           "pressurememoryfull", "pressurememorysome"}) {
    row.set(name, "0.00");
  }
}

Async<Reply> get_guest_status(Model& model, const Call& call) {
  const auto vmid = call.params.vmid();
  if (model.find_container(call.node(), vmid) == nullptr) co_return missing_guest(call);
  const auto state = co_await model.inspect(vmid);
  const auto* guest = model.find_container(call.node(), vmid);
  if (guest == nullptr) co_return missing_guest(call);
  Json row = status_row(model, *guest, state);
  row.set("ha", ha_object(model, vmid));
  if (state.running && model.is_modern()) add_pressure(row);
  co_return done(std::move(row));
}

Json interface_row(const std::string& name, const std::string& hwaddr,
                   const std::vector<std::string>& addresses) {
  Row row;
  row.set("name", name).set("hwaddr", hwaddr).set("hardware-address", hwaddr);
  Json all = Json::array();
  for (const auto& address : addresses) {
    const bool v6 = address.find(':') != std::string::npos;
    const auto slash = address.find('/');
    if (row.find(v6 ? "inet6" : "inet") == nullptr) row.set(v6 ? "inet6" : "inet", address);
    Row entry;
    entry.set("ip-address", address.substr(0, slash));
    entry.set("ip-address-type", v6 ? "inet6" : "inet");
    entry.set("prefix", slash == std::string::npos ? "32" : address.substr(slash + 1));
    all.push_back(std::move(entry));
  }
  row.set("ip-addresses", std::move(all));
  return row;
}

// name → hwaddr of the config's nets.
std::map<std::string, std::string> hardware_addresses(const Guest& guest) {
  std::map<std::string, std::string> all;
  for (const auto& [key, value] : guest.config.values) {
    if (key_family(key) != "net") continue;
    auto parts = parse_properties(*find_property_format("net", true), value);
    all[parts["name"]] = to_lower(parts["hwaddr"]);
  }
  return all;
}

Async<Reply> get_interfaces(Model& model, const Call& call) {
  const auto vmid = call.params.vmid();
  if (model.find_container(call.node(), vmid) == nullptr) co_return missing_guest(call);
  const auto state = co_await model.inspect(vmid);
  const auto* guest = model.find_container(call.node(), vmid);
  if (guest == nullptr) co_return missing_guest(call);
  if (!state.running) co_return done();
  auto hardware = hardware_addresses(*guest);
  Json rows = Json::array();
  if (!state.addresses.contains("lo")) {
    std::vector<std::string> loopback{"127.0.0.1/8", "::1/128"};
    rows.push_back(interface_row("lo", "00:00:00:00:00:00", loopback));
  }
  for (const auto& [name, addresses] : state.addresses) {
    rows.push_back(interface_row(name, hardware[name], addresses));
  }
  co_return done(std::move(rows));
}

Reply list_machines(Model& model, const Call& call) {
  AuditFilter filter(model, call);
  Json rows = Json::array();
  for (const auto& vmid : model.guests_on(call.node())) {
    const auto& guest = *model.find_guest(vmid);
    if (guest.type != pve::GuestType::qemu || !filter.shows(guest)) continue;
    auto state = guest.state;
    state.running = guest.running;
    rows.push_back(status_row(model, guest, state));
  }
  return done(std::move(rows));
}

Reply get_machine_config(Model& model, const Call& call) {
  const auto* guest = model.find_guest(call.params.vmid());
  if (guest == nullptr || guest->type != pve::GuestType::qemu || guest->node != call.node()) {
    return died(absl::StrFormat("Configuration file 'nodes/%s/qemu-server/%d.conf' does not exist",
                                call.node().get(), call.params.vmid().get()));
  }
  return done(config_object(*guest, call.params.flag("current")));
}

}  // namespace

void add_guest_read_routes(std::vector<Route>& routes) {
  const std::string one = "/nodes/{node}/lxc/{vmid}";
  routes.push_back({"GET", "/nodes/{node}/lxc", list_containers});
  routes.push_back({"GET", one + "/config", get_config});
  routes.push_back({"GET", one + "/pending", get_pending});
  routes.push_back({"GET", one + "/status/current", get_guest_status});
  routes.push_back({"GET", one + "/interfaces", get_interfaces});
  routes.push_back({"GET", "/nodes/{node}/qemu", list_machines});
  routes.push_back({"GET", "/nodes/{node}/qemu/{vmid}/config", get_machine_config});
}

}  // namespace gantry::lab

// /nodes/{node}/network/**: what is changed waits in interfaces.new until it is applied.
// Source: pve-manager PVE/API2/Network.pm; answers of a real 9.2. Only bridges show all that they
// hold; a bridge added here is one of the same network.
#include "pkg/base/text.h"
#include "pkg/lab/kept_settings.h"
#include "pkg/lab/model.h"
#include "pkg/lab/router.h"
#include "pkg/lab/row.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;

NetworkState& changes_of(NodeState& node) {
  if (!node.new_network.has_value()) node.new_network = node.network;
  return *node.new_network;
}

// What the files say will be: interfaces.new where there is one.
const NetworkState& configured(const NodeState& node) {
  return node.new_network.has_value() ? *node.new_network : node.network;
}

std::vector<std::string> names_of(const Model& model, const NodeName& node,
                                  const NetworkState& network) {
  std::vector<std::string> names;
  for (const auto& bridge : model.backend.bridges(node)) {
    if (!network.removed.contains(bridge)) names.push_back(bridge);
  }
  for (const auto& [name, settings] : network.added) names.push_back(name);
  return names;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string netmask_of(const std::string& cidr) {
  const auto slash = cidr.find('/');
  return slash == std::string::npos ? "" : cidr.substr(slash + 1);
}

// Numbers as texts where the real server has them so (observed).
Json interface_object(const Model& model, const NodeName& name, const std::string& iface,
                      int64_t priority) {
  const auto& node = model.nodes.at(name);
  const auto& network = configured(node);
  const auto own = network.added.find(iface);
  NetworkState::Settings settings;
  if (own != network.added.end()) {
    settings = own->second;
  } else {
    settings["cidr"] = node.options.address + "/24";
    settings["autostart"] = "1";
  }
  settings.try_emplace("type", "bridge");
  const bool is_bridge = settings["type"] == "bridge";
  Row row;
  for (const auto& [key, value] : settings) row.set(key, value);
  if (is_bridge) {
    for (const auto& [key, value] :
         {std::pair("bridge_ports", ""), {"bridge_fd", "0"}, {"bridge_stp", "off"}}) {
      if (!settings.contains(key)) row.set(key, value);
    }
  }
  row.erase("autostart");
  if (settings["autostart"] == "1") row.set("autostart", 1);
  const auto cidr = settings["cidr"];
  row.erase("cidr");
  if (!cidr.empty()) {
    row.set("cidr", cidr).set("address", cidr.substr(0, cidr.find('/')));
    row.set("netmask", netmask_of(cidr));
  }
  row.set("method", cidr.empty() ? "manual" : "static").set("method6", "manual");
  Json families = Json::array();
  families.push_back("inet");
  row.set("families", std::move(families)).set("priority", priority);
  if (has(names_of(model, name, node.network), iface)) row.set("active", 1);
  return row;
}

// Stands for the difference of the two files.
std::string changes_text(const NodeState& node) {
  if (!node.new_network.has_value() || *node.new_network == node.network) return "";
  std::string text = "--- /etc/network/interfaces\n+++ /etc/network/interfaces.new\n@@ @@\n";
  for (const auto& [name, settings] : node.new_network->added) {
    if (node.network.added.contains(name) && node.network.added.at(name) == settings) continue;
    text += "+auto " + name + "\n+iface " + name + " inet static\n";
    for (const auto& [key, value] : settings) text += "+\t" + key + " " + value + "\n";
  }
  for (const auto& [name, settings] : node.network.added) {
    if (!node.new_network->added.contains(name)) text += "-iface " + name + " inet static\n";
  }
  for (const auto& name : node.new_network->removed) {
    if (!node.network.removed.contains(name)) text += "-iface " + name + " inet static\n";
  }
  return text;
}

bool may_see(const Model& model, const Call& call, const std::string& iface) {
  const auto& access = model.access;
  const auto zone = "/sdn/zones/localnetwork/" + iface;
  return access.may(call.caller, "/nodes/" + call.node().get(), "Sys.Audit") ||
         access.may(call.caller, zone, "SDN.Audit") || access.may(call.caller, zone, "SDN.Use");
}

bool is_asked_for(const std::string& asked, const std::string& type) {
  if (asked.empty() || asked == type) return true;
  const bool any = asked == "any_bridge" || asked == "any_local_bridge" || asked == "include_sdn";
  return any && (type == "bridge" || type == "OVSBridge");
}

Reply list_networks(Model& model, const Call& call) {
  const auto& node = model.nodes.at(call.node());
  int64_t priority = 3;
  Reply reply = done(Json::array());
  for (const auto& iface : names_of(model, call.node(), configured(node))) {
    Json row = interface_object(model, call.node(), iface, priority++);
    if (!may_see(model, call, iface)) continue;
    if (!is_asked_for(call.params.get("type"), row.string_or("type", ""))) continue;
    row.set("iface", iface);
    reply.data.push_back(std::move(row));
  }
  reply.changes = changes_text(node);
  return reply;
}

Reply get_network(Model& model, const Call& call) {
  int64_t priority = 3;
  for (const auto& iface : names_of(model, call.node(), configured(model.nodes.at(call.node())))) {
    if (iface == call.params.get("iface")) {
      return done(interface_object(model, call.node(), iface, priority));
    }
    ++priority;
  }
  return bad_parameter("iface", "interface does not exist");
}

void take_settings(const Call& call, NetworkState::Settings& settings) {
  for (const auto& [name, value] : call.params.values()) {
    if (name != "node" && name != "iface" && name != "delete") settings[name] = value;
  }
  for (const auto& name : split(call.params.get("delete"), ',')) settings.erase(name);
}

Reply create_network(Model& model, const Call& call) {
  auto& node = model.nodes.at(call.node());
  const auto iface = call.params.get("iface");
  if (has(names_of(model, call.node(), configured(node)), iface)) {
    return bad_parameter("iface", "interface already exists");
  }
  take_settings(call, changes_of(node).added[iface]);
  save_network(model, call.node());
  return done();
}

Reply update_network(Model& model, const Call& call) {
  auto& node = model.nodes.at(call.node());
  const auto iface = call.params.get("iface");
  if (!has(names_of(model, call.node(), configured(node)), iface)) {
    return bad_parameter("iface", "interface does not exist");
  }
  auto& changes = changes_of(node);
  changes.removed.insert(iface);  // what the backend has is no longer what is configured
  take_settings(call, changes.added[iface]);
  save_network(model, call.node());
  return done();
}

Reply delete_network(Model& model, const Call& call) {
  auto& node = model.nodes.at(call.node());
  const auto iface = call.params.get("iface");
  if (!has(names_of(model, call.node(), configured(node)), iface)) {
    return bad_parameter("iface", "interface does not exist");
  }
  auto& changes = changes_of(node);
  if (changes.added.erase(iface) == 0) changes.removed.insert(iface);
  save_network(model, call.node());
  return done();
}

Reply revert_changes(Model& model, const Call& call) {
  model.nodes.at(call.node()).new_network.reset();
  save_network(model, call.node());
  return done();
}

std::vector<std::string> added_bridges(const Model& model) {
  std::set<std::string> names;
  for (const auto& [name, node] : model.nodes)
    for (const auto& [iface, settings] : node.network.added)
      if (const auto type = settings.find("type");
          type == settings.end() || type->second == "bridge")
        names.insert(iface);
  return {names.begin(), names.end()};
}

Async<Status> reload_work(Model& model, NodeName name, Worker&) {
  GANTRY_CO_TRY(co_await model.clock.sleep_for(1s));
  auto& node = model.nodes.at(name);
  if (node.new_network.has_value()) node.network = *node.new_network;
  node.new_network.reset();
  save_network(model, name);
  co_return co_await model.backend.set_added_bridges(added_bridges(model));
}

Reply apply_changes(Model& model, const Call& call) {
  const auto name = call.node();
  Job job;
  job.type = "srvreload";
  job.id = "networking";
  job.work = [&model, name](Worker& worker) { return reload_work(model, name, worker); };
  return done(model.tasks.start(name, call.caller, std::move(job)).get());
}

}  // namespace

std::vector<std::string> bridges_of(const Model& model, const NodeName& node) {
  const auto& network = model.nodes.at(node).network;
  auto names = names_of(model, node, network);
  std::erase_if(names, [&](const auto& name) {
    const auto it = network.added.find(name);
    if (it == network.added.end() || !it->second.contains("type")) return false;
    return it->second.at("type") != "bridge" && it->second.at("type") != "OVSBridge";
  });
  return names;
}

void add_network_routes(std::vector<Route>& routes) {
  const std::string all = "/nodes/{node}/network", one = all + "/{iface}";
  routes.push_back({"GET", all, list_networks});
  routes.push_back({"POST", all, create_network});
  routes.push_back({"PUT", all, apply_changes});
  routes.push_back({"DELETE", all, revert_changes});
  routes.push_back({"GET", one, get_network});
  routes.push_back({"PUT", one, update_network});
  routes.push_back({"DELETE", one, delete_network});
}

}  // namespace gantry::lab

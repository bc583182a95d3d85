#include "controllers/appliance/attached.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "pkg/base/text.h"

namespace gantry::controllers::appliance {
namespace {

using api::v1alpha1::App;
using api::v1alpha1::Appliance;
using api::v1alpha1::ApplianceLease;
using api::v1alpha1::ApplianceRoute;
using api::v1alpha1::Machine;
using api::v1alpha1::MachineClass;
using api::v1alpha1::Network;

const std::vector<Network>& networks_of(const Machine& machine,
                                        const std::vector<MachineClass>& classes) {
  static const std::vector<Network> none;
  if (!machine.spec.networks.empty()) return machine.spec.networks;
  for (const auto& shape : classes)
    if (shape.metadata.name == machine.spec.machine_class_name) return shape.spec.networks;
  return none;
}

const ApplianceLease* lease_of(const std::vector<ApplianceLease>& leases, const std::string& ns,
                               const std::string& machine) {
  const auto found = std::ranges::find_if(leases, [&](const ApplianceLease& lease) {
    return lease.ns == ns && lease.machine == machine && !lease.released_at;
  });
  return found == leases.end() ? nullptr : &*found;
}

// The port of the version that requests are sent to.
int port_of(const App& app, const api::v1alpha1::PortRef& port) {
  const bool is_new =
      app.status.handover && app.status.handover->to != api::v1alpha1::active_slot(app);
  return is_new ? port_number(app.spec, port) : serving_port(app, port);
}

// Of those that serve: who is ready; when none is, those that may come back: the proxy holds
// requests for them, and needs no new configuration when they do.
std::vector<std::string> upstreams_of(const App& app, const api::v1alpha1::PortRef& port,
                                      const std::vector<ApplianceLease>& leases) {
  std::vector<std::string> ready, others;
  const auto number = std::to_string(port_of(app, port));
  for (const auto& machine : app.status.machines) {
    const auto* lease = lease_of(leases, app.metadata.ns, machine.name);
    // Those that get the volumes will be back: requests wait for them.
    const bool stays_down = machine.step == "stopped" && !app.status.handover;
    if (lease == nullptr || stays_down || !is_led_to(app, machine)) continue;
    (machine.ready ? ready : others).push_back(lease->address + ":" + number);
  }
  return ready.empty() ? others : ready;
}

}  // namespace

bool leads_alike(const ApplianceRoute& a, const ApplianceRoute& b) {
  return std::tie(a.host, a.upstreams, a.tls) == std::tie(b.host, b.upstreams, b.tls);
}

bool names(const std::vector<Network>& networks, const std::string& ns,
           const Appliance& appliance) {
  return std::ranges::any_of(networks, [&](const Network& network) {
    if (!network.appliance_ref || network.appliance_ref->name != appliance.metadata.name)
      return false;
    const auto& where = network.appliance_ref->ns;
    return (where.empty() ? ns : where) == appliance.metadata.ns;
  });
}

std::vector<Attached> attached_to(const Appliance& appliance, const Everything& everything) {
  std::vector<Attached> attached;
  for (const auto& machine : everything.machines) {
    const auto& meta = machine.metadata;
    if (names(networks_of(machine, everything.classes), meta.ns, appliance))
      attached.push_back({meta.ns, meta.name, meta.uid});
  }
  return attached;
}

std::vector<std::string> users_of(const Appliance& appliance, const Everything& everything) {
  std::vector<std::string> users;
  for (const auto& app : everything.apps)
    if (names(app.spec.networks, app.metadata.ns, appliance))
      users.push_back("App " + app.metadata.ns + "/" + app.metadata.name);
  for (const auto& machine : attached_to(appliance, everything))
    users.push_back("Machine " + machine.ns + "/" + machine.machine);
  for (const auto& shape : everything.classes)
    if (names(shape.spec.networks, "", appliance))
      users.push_back("MachineClass " + shape.metadata.name);
  return users;
}

std::vector<ApplianceRoute> routes_of(const Appliance& appliance,
                                      const std::vector<ApplianceLease>& leases,
                                      const Everything& everything) {
  std::vector<const App*> apps;
  for (const auto& app : everything.apps)
    if (!app.metadata.deleting() && names(app.spec.networks, app.metadata.ns, appliance))
      apps.push_back(&app);
  std::ranges::sort(apps, {}, [](const App* app) {
    return std::tuple(app->metadata.creation_timestamp.value_or(Time()), app->metadata.ns,
                      app->metadata.name);
  });
  std::map<std::string, ApplianceRoute> by_host;
  for (const auto* app : apps) {
    for (const auto& expose : app->spec.expose) {
      ApplianceRoute route;
      route.host = expose.host;
      route.ns = app->metadata.ns;
      route.app = app->metadata.name;
      route.upstreams = upstreams_of(*app, expose.port, leases);
      route.tls = expose.tls == api::v1alpha1::ExposeTls::internal;
      by_host.emplace(expose.host, std::move(route));
    }
  }
  std::vector<ApplianceRoute> routes;
  for (auto& [host, route] : by_host) routes.push_back(std::move(route));
  return routes;
}

}  // namespace gantry::controllers::appliance

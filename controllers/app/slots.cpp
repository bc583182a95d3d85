#include "controllers/app/slots.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "pkg/base/text.h"

namespace gantry::controllers::app {
namespace {

using api::v1alpha1::App;
using api::v1alpha1::Appliance;
using api::v1alpha1::ApplianceRoute;
using api::v1alpha1::Slot;
using api::v1alpha1::UpdateStrategy;

constexpr std::string_view kGreen = "-green";
constexpr const char* kEnding = "what is under way there has some seconds to end";

// The addresses that those of the other set have in that network.
std::set<std::string> addresses_before(const App& app, const Appliance& appliance) {
  std::set<std::string> addresses;
  for (const auto& lease : appliance.status.leases) {
    const bool is_of_app = lease.ns == app.metadata.ns &&
                           std::ranges::any_of(app.status.machines, [&](const auto& machine) {
                             return machine.name == lease.machine && !is_led_to(app, machine);
                           });
    if (is_of_app) addresses.insert(lease.address);
  }
  return addresses;
}

// A clock that was set back keeps nobody.
bool is_ending(Time since, Time now) {
  return since <= now && now - since < kDrain;
}

std::string address_of(const std::string& upstream) {
  return upstream.substr(0, upstream.rfind(':'));
}

// Of one host; nullptr: there is no such route yet.
bool has_turned(const ApplianceRoute* route, const std::set<std::string>& before) {
  if (route == nullptr) return false;
  if (!route->message.empty()) return true;  // it leads nowhere
  const bool leads_back = std::ranges::any_of(route->upstreams, [&before](const auto& upstream) {
    return before.contains(address_of(upstream));
  });
  return !leads_back && route->served_since.has_value();
}

// What `judge` says of the first of the App's routes about which it says anything.
template <class Judge>
std::string ask_routes(const App& app, const Appliance& appliance, const Judge& judge) {
  if (!appliance.spec.network.proxy) return "";
  const auto before = addresses_before(app, appliance);
  for (const auto& expose : app.spec.expose) {
    const auto& routes = appliance.status.routes;
    const auto found = std::ranges::find(routes, expose.host, &ApplianceRoute::host);
    const auto* route = found == routes.end() ? nullptr : &*found;
    const bool is_anothers =
        route != nullptr && (route->ns != app.metadata.ns || route->app != app.metadata.name);
    if (is_anothers) continue;
    const std::string why = judge(route, before);
    if (why.empty()) continue;
    return absl::StrFormat("the proxy of Appliance %s/%s, %s: %s", appliance.metadata.ns,
                           appliance.metadata.name, expose.host, why);
  }
  return "";
}

constexpr const char* kNotYet = "has not turned to the others yet";

std::string why_kept_by(const App& app, const Appliance& appliance, Time now) {
  return ask_routes(app, appliance, [now](const ApplianceRoute* route, const auto& before) {
    if (!has_turned(route, before)) return kNotYet;
    const bool ends = route->message.empty() && is_ending(*route->served_since, now);
    return ends ? kEnding : "";
  });
}

std::string why_not_turned_by(const App& app, const Appliance& appliance) {
  return ask_routes(app, appliance, [](const ApplianceRoute* route, const auto& before) {
    return has_turned(route, before) ? "" : kNotYet;
  });
}

}  // namespace

std::string machine_name(const App& app, int ordinal, Slot slot) {
  auto name = app.metadata.name + "-" + std::to_string(ordinal);
  if (slot == Slot::green) name += kGreen;
  return name;
}

Slot slot_of(const std::string& machine) {
  return machine.ends_with(kGreen) ? Slot::green : Slot::blue;
}

Slot other(Slot slot) {
  return slot == Slot::blue ? Slot::green : Slot::blue;
}

bool is_blue_green(const App& app) {
  return app.spec.update && app.spec.update->strategy == UpdateStrategy::blue_green;
}

bool leaves_alone(const App& app) {
  const auto& status = app.status;
  return is_blue_green(app) && !status.current_revision.empty() &&
         status.current_revision != status.revision;
}

void note_serving(App& app) {
  if (is_blue_green(app)) app.status.active_slot = active_slot(app);
  if (leaves_alone(app)) return;
  app.status.serving.reset();
  if (is_blue_green(app)) app.status.serving = {app.spec.ports, app.spec.health};
}

App as_served(const App& app) {
  App served = app;
  if (!leaves_alone(app) || !app.status.serving) return served;
  served.spec.ports = app.status.serving->ports;
  served.spec.health = app.status.serving->health;
  return served;
}

bool wants_standby(const App& app) {
  const auto& status = app.status;
  if (status.handover && !app.metadata.deleting()) return true;
  return leaves_alone(app) && status.failed_revision != status.revision && !status.switched_at &&
         !app.spec.suspend && !app.metadata.deleting();
}

bool retires(const App& app, const api::v1alpha1::AppMachine& machine) {
  return !is_serving(app, machine) && !wants_standby(app);
}

std::string why_kept(const App& app, const std::vector<Appliance>& appliances, Time now) {
  if (!app.status.switched_at) return "";
  for (const auto& appliance : appliances) {
    const auto why = why_kept_by(app, appliance, now);
    if (!why.empty()) return why;
  }
  return is_ending(*app.status.switched_at, now) ? kEnding : "";
}

std::string why_not_turned(const App& app, const std::vector<Appliance>& appliances) {
  for (const auto& appliance : appliances) {
    const auto why = why_not_turned_by(app, appliance);
    if (!why.empty()) return why;
  }
  return "";
}

}  // namespace gantry::controllers::app

#include "controllers/app/exposure.h"

#include <algorithm>
#include <set>

#include "pkg/base/text.h"
#include "pkg/schema/equal.h"

namespace gantry::controllers::app {
namespace {

using api::meta::Condition;
using api::meta::ConditionStatus;
using api::v1alpha1::App;
using api::v1alpha1::Appliance;
using api::v1alpha1::ApplianceRoute;
using api::v1alpha1::Expose;
using Routes = std::vector<ApplianceRoute>;

constexpr const char* kRefused = "UpstreamRefused";
constexpr const char* kBoundToLoopback = "BoundToLoopback";

// What keeps a host from being served; `reason` empty: nothing does.
struct Obstacle {
  std::string reason, message, code;
};

const ApplianceRoute* route_to(const Routes& routes, const std::string& host) {
  const auto found = std::ranges::find(routes, host, &ApplianceRoute::host);
  return found == routes.end() ? nullptr : &*found;
}

// A Compose file that publishes other ports than the one that is exposed.
Obstacle other_port(const App& app, const Expose& expose) {
  const auto& compose = app.spec.workload.compose;
  const auto outline =
      compose ? api::v1alpha1::outline_of(compose->text) : api::v1alpha1::ComposeOutline();
  if (!compose || !outline.ok()) return {};
  const int wanted = port_number(app.spec, expose.port);
  std::set<std::string> published;
  for (const auto& service : outline->services) {
    for (const auto& port : service.ports) {
      if (port.port == wanted) return {};
      if (!port.udp) published.insert(std::to_string(port.port));
    }
  }
  const auto listens =
      published.empty() ? std::string("no port") : join({published.begin(), published.end()}, ", ");
  return {"PortMismatch",
          absl::StrFormat("%s leads to port %d, but the Compose file publishes %s", expose.host,
                          wanted, listens),
          "PRX-003"};
}

using Ports = std::optional<std::set<int>>;

Obstacle unreachable(const App& app, const Expose& expose, const ApplianceRoute& route,
                     const Ports& loopback) {
  auto mismatch = other_port(app, expose);
  if (!mismatch.reason.empty()) return mismatch;
  const int port = serving_port(app, expose.port);
  if (loopback && loopback->contains(port))
    return {kBoundToLoopback,
            absl::StrFormat("%s leads to port %d, on which it listens at the loopback only: let it "
                            "listen on the container's address, too",
                            expose.host, port),
            "WKL-005"};
  return {kRefused,
          expose.host + ": " + join(route.refusing, ", ") +
              ": does it listen on every address, not on 127.0.0.1 alone, and on this port?",
          "PRX-004"};
}

Obstacle obstacle_of(const App& app, const Expose& expose, const Appliance& appliance,
                     const Ports& loopback) {
  const auto* proxy = api::meta::find_condition(appliance.status.conditions, "ProxyReady");
  const auto* route = route_to(appliance.status.routes, expose.host);
  if (route == nullptr) return {"RouteMissing", expose.host + " is not routed yet", "PRX-002"};
  if (route->ns != app.metadata.ns || route->app != app.metadata.name)
    return {"RecordConflict",
            absl::StrFormat("%s leads to App %s/%s, which asked for it first", expose.host,
                            route->ns, route->app),
            "DNS-005"};
  if (!route->message.empty())
    return {"ConfigRejected", expose.host + ": " + route->message, "PRX-007"};
  if (proxy != nullptr && proxy->status == ConditionStatus::no)
    return {proxy->reason, "the Appliance's proxy: " + proxy->message, proxy->code};
  const bool any_ready = std::ranges::any_of(app.status.machines, [&app](const auto& machine) {
    return machine.ready && is_serving(app, machine);
  });
  if (route->upstreams.empty() || !any_ready)
    return {"NoEndpoints", expose.host + " has no container that is ready", ""};
  if (route->refusing.size() == route->upstreams.size())
    return unreachable(app, expose, *route, loopback);
  return {};
}

Obstacle first_obstacle(const App& app, const std::optional<Appliance>& appliance,
                        const Ports& loopback) {
  if (!appliance)
    return {"ReferenceNotFound", "the Appliance that spec.networks names does not exist", ""};
  if (!appliance->spec.network.proxy)
    return {"NoProxy", "Appliance " + appliance->metadata.name + " has no proxy", ""};
  for (const auto& expose : app.spec.expose) {
    auto obstacle = obstacle_of(app, expose, *appliance, loopback);
    if (!obstacle.reason.empty()) return obstacle;
  }
  return {};
}

std::string hosts_of(const App& app) {
  std::vector<std::string> hosts;
  for (const auto& expose : app.spec.expose) hosts.push_back(expose.host);
  return join(hosts, ", ");
}

}  // namespace

void judge_exposure(App& app, const std::optional<Appliance>& appliance, const Ports& loopback,
                    Time now) {
  auto& conditions = app.status.conditions;
  if (app.spec.expose.empty() || app.metadata.deleting() || app.spec.suspend) {
    api::meta::remove_condition(conditions, "Exposed");
    return;
  }
  auto obstacle = first_obstacle(app, appliance, loopback);
  // A daemon that has just started has asked nobody yet.
  const auto* before = api::meta::find_condition(conditions, "Exposed");
  const bool is_known = before != nullptr && before->reason == kBoundToLoopback;
  if (obstacle.reason == kRefused && !loopback && is_known) return;
  Condition exposed;
  exposed.type = "Exposed";
  exposed.observed_generation = app.metadata.generation;
  const bool is_open = obstacle.reason.empty();
  exposed.status = is_open ? ConditionStatus::yes : ConditionStatus::no;
  exposed.reason = is_open ? "Routed" : std::move(obstacle.reason);
  exposed.message = is_open ? hosts_of(app) : std::move(obstacle.message);
  exposed.code = std::move(obstacle.code);
  set_condition(conditions, std::move(exposed), now);
}

bool is_refused(const App& app) {
  const auto* exposed = api::meta::find_condition(app.status.conditions, "Exposed");
  return exposed != nullptr && (exposed->reason == kRefused || exposed->reason == kBoundToLoopback);
}

std::vector<std::pair<std::string, std::string>> apps_with_other_routes(const Appliance& before,
                                                                        const Appliance& after) {
  const auto* proxy_before = api::meta::find_condition(before.status.conditions, "ProxyReady");
  const auto* proxy_after = api::meta::find_condition(after.status.conditions, "ProxyReady");
  const bool same_proxy = proxy_before != nullptr && proxy_after != nullptr &&
                          proxy_before->status == proxy_after->status;
  std::set<std::pair<std::string, std::string>> apps;
  const auto add_new = [&](const Routes& routes, const Routes& others) {
    for (const auto& route : routes) {
      const auto* other = route_to(others, route.host);
      if (same_proxy && other != nullptr && schema::is_equal(route, *other)) continue;
      apps.emplace(route.ns, route.app);
    }
  };
  add_new(before.status.routes, after.status.routes);
  add_new(after.status.routes, before.status.routes);
  return {apps.begin(), apps.end()};
}

}  // namespace gantry::controllers::app

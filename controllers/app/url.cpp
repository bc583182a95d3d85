#include "controllers/app/url.h"

#include <algorithm>

#include "pkg/store/typed.h"

namespace gantry::controllers::app {
namespace {

using api::v1alpha1::App;
using api::v1alpha1::Appliance;
using api::v1alpha1::Expose;
using api::v1alpha1::Machine;

// The first that is an Appliance's.
const api::v1alpha1::Network* network_of(const api::v1alpha1::AppSpec& spec) {
  const auto found = std::ranges::find_if(
      spec.networks, [](const auto& network) { return network.appliance_ref.has_value(); });
  return found == spec.networks.end() ? nullptr : &*found;
}

std::string suffix_of(int port, int usual) {
  return port == usual ? "" : ":" + std::to_string(port);
}

std::optional<Appliance> find(const App& app, const api::v1alpha1::Network& network,
                              const store::Store& store) {
  const auto& reference = *network.appliance_ref;
  const auto& ns = reference.ns.empty() ? app.metadata.ns : reference.ns;
  auto found = store::get<Appliance>(store, {"appliances.gantry.dev", ns, reference.name});
  return found.ok() ? std::optional<Appliance>(*std::move(found)) : std::nullopt;
}

std::string url_at(const App& app, const std::string& address) {
  if (address.empty() || app.spec.ports.empty()) return "";
  const std::string host = address.find(':') == std::string::npos ? address : "[" + address + "]";
  return "http://" + host + suffix_of(app.spec.ports.front().port, 80) + "/";
}

// The proxy has refused what was written for it.
bool is_refused(const Appliance& appliance, const std::string& host) {
  return std::ranges::any_of(appliance.status.routes,
                             [&host](const api::v1alpha1::ApplianceRoute& route) {
                               return route.host == host && !route.message.empty();
                             });
}

std::string url_through(const api::v1alpha1::ApplianceProxy& proxy, const Expose& expose) {
  const bool tls = expose.tls == api::v1alpha1::ExposeTls::internal &&
                   proxy.tls == api::v1alpha1::ProxyTls::internal;
  if (tls) return "https://" + expose.host + suffix_of(proxy.https, 443) + "/";
  return "http://" + expose.host + suffix_of(proxy.http, 80) + "/";
}

bool fell_back(const Machine& machine) {
  const auto* network = api::meta::find_condition(machine.status.conditions, "NetworkReady");
  return network != nullptr && network->reason == "FallbackNetwork";
}

}  // namespace

bool is_behind_appliance(const api::v1alpha1::AppSpec& spec) {
  return network_of(spec) != nullptr;
}

std::optional<Appliance> appliance_of(const App& app, const store::Store& store) {
  const auto* network = network_of(app.spec);
  return network == nullptr ? std::nullopt : find(app, *network, store);
}

std::vector<Appliance> appliances_of(const App& app, const store::Store& store) {
  std::vector<Appliance> appliances;
  for (const auto& network : app.spec.networks) {
    if (!network.appliance_ref) continue;
    if (auto found = find(app, network, store)) appliances.push_back(*std::move(found));
  }
  return appliances;
}

std::string url_of(const App& app, const Machine& machine,
                   const std::optional<Appliance>& appliance) {
  if (machine.status.addresses.empty()) return "";
  if (appliance && appliance->spec.network.proxy && !fell_back(machine)) {
    for (const auto& expose : app.spec.expose)
      if (!is_refused(*appliance, expose.host))
        return url_through(*appliance->spec.network.proxy, expose);
  }
  return url_at(app, machine.status.addresses.front());
}

}  // namespace gantry::controllers::app

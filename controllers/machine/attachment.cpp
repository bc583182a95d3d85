#include "controllers/machine/attachment.h"

#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/pve/property_string.h"

namespace gantry::controllers::machine {
namespace {

using api::v1alpha1::Appliance;
using api::v1alpha1::ApplianceLease;
using api::v1alpha1::Network;
using api::v1alpha1::NetworkFallback;

std::string bridge_in(const pve::GuestConfig* config, size_t index) {
  if (config == nullptr) return "";
  const auto text = config->find("net" + std::to_string(index)).value_or("");
  const auto properties = pve::PropertyString::parse(text);
  return properties.ok() ? properties->get("bridge").value_or("") : "";
}

const ApplianceLease* lease_of(const Appliance& appliance, const Uid& machine) {
  const auto& leases = appliance.status.leases;
  const auto found = std::ranges::find(leases, machine, &ApplianceLease::uid);
  return found == leases.end() || found->released_at ? nullptr : &*found;
}

// It will not be there by itself.
bool cannot_be_built(const Appliance& appliance) {
  return api::meta::is_true(appliance.status.conditions, "Stalled") ||
         api::meta::is_true(appliance.status.conditions, "Held");
}

std::string why_not(const Appliance& appliance) {
  const auto* ready = api::meta::find_condition(appliance.status.conditions, "Ready");
  return ready == nullptr ? "it is new" : ready->message;
}

class Attaching {
 public:
  Attaching(const api::v1alpha1::Machine& machine, const pve::GuestConfig* config,
            const FindAppliance& find)
      : machine_(machine), config_(config), find_(find) {}

  void plug(Network network, size_t index) {
    if (network.appliance_ref) {
      made_.any = true;
      plug_into_appliance(network, bridge_in(config_, index));
    }
    made_.networks.push_back(std::move(network));
  }
  Attachment take() { return std::move(made_); }

 private:
  void plug_into_appliance(Network& network, const std::string& bridge_now) {
    const auto& reference = *network.appliance_ref;
    const auto ns = reference.ns.empty() ? machine_.metadata.ns : reference.ns;
    const auto name = ns + "/" + reference.name;
    const auto appliance = find_(ns, reference.name);
    if (!appliance.ok()) {
      const bool absent = error_class(appliance.status()) == ErrorClass::not_found;
      wait(absent ? "Appliance " + name + " does not exist"
                  : "Appliance " + name + ": " + message_of(appliance.status()));
      return;
    }
    const auto& uplink = appliance->spec.network.uplink;
    const bool may_fall_back = network.fallback == NetworkFallback::uplink;
    const bool is_on_uplink = may_fall_back && bridge_now == uplink.bridge;
    const auto* lease = lease_of(*appliance, machine_.metadata.uid);
    const bool is_served = lease != nullptr && lease->served;
    const bool falls_back =
        may_fall_back && config_ == nullptr && !is_served && cannot_be_built(*appliance);
    if (is_on_uplink || falls_back) {
      network.bridge = uplink.bridge;
      network.vlan = uplink.vlan;
      made_.fallback =
          "on " + uplink.bridge + " instead of Appliance " + name + ": " +
          (falls_back ? why_not(*appliance) : "take the fallback away to move it there");
      return;
    }
    if (lease == nullptr || (config_ == nullptr && !is_served)) {
      wait("Appliance " + name + " does not serve it yet: " + why_not(*appliance));
      if (lease == nullptr) return;
    }
    take_lease(network, *appliance, *lease);
  }

  void take_lease(Network& network, const Appliance& appliance, const ApplianceLease& lease) {
    network.bridge = appliance.spec.network.bridge;
    network.mac = lease.mac;
    network.ip = "dhcp";
    network.gateway.reset();
    const auto& spec = appliance.spec.network;
    made_.dns = api::v1alpha1::Dns{{spec.gateway}, spec.dns.domain};
    made_.where = lease.address + " in " + appliance.metadata.ns + "/" + appliance.metadata.name;
    for (const auto& bridge : appliance.status.bridges)
      if (bridge.local) made_.node = NodeName(bridge.node);
  }

  void wait(const std::string& why) {
    if (made_.waits_for.empty()) made_.waits_for = why;
  }

  const api::v1alpha1::Machine& machine_;
  const pve::GuestConfig* config_;
  const FindAppliance& find_;
  Attachment made_;
};

}  // namespace

Attachment attach(const api::v1alpha1::Machine& machine, const std::vector<Network>& networks,
                  const pve::GuestConfig* config, const FindAppliance& find) {
  Attaching attaching(machine, config, find);
  for (size_t i = 0; i < networks.size(); ++i) attaching.plug(networks[i], i);
  return attaching.take();
}

}  // namespace gantry::controllers::machine

#include "pkg/store/claims/ranges.h"

#include "api/v1alpha1/appliance.h"
#include "api/v1alpha1/machineclass.h"
#include "pkg/base/ipv4.h"
#include "pkg/base/text.h"
#include "pkg/store/typed.h"

namespace gantry::store {
namespace {

using api::v1alpha1::Appliance;
using api::v1alpha1::MachineClass;

const Resource kAppliances = "appliances.gantry.dev";

// The one that serves the bridge, on that cluster.
std::optional<Appliance> appliance_on(const Store& store,
                                      const api::v1alpha1::PlacedAddress& placed) {
  if (placed.vlan != 0) return std::nullopt;
  const auto claim = store.get({kClaims, "", api::v1alpha1::bridge_claim(placed.bridge)});
  const auto* holder = claim.ok() ? (*claim)->value.find("holder") : nullptr;
  if (holder == nullptr) return std::nullopt;
  auto appliance = get<Appliance>(
      store, {kAppliances, holder->string_or("namespace", ""), holder->string_or("name", "")});
  if (!appliance.ok() || appliance->spec.network.bridge != placed.bridge) return std::nullopt;
  const auto shape = get<MachineClass>(
      store, {Resource("machineclasses.gantry.dev"), "", appliance->spec.machine_class_name});
  if (!shape.ok() || shape->spec.cluster_name != placed.cluster) return std::nullopt;
  return *std::move(appliance);
}

}  // namespace

std::string why_given_out(const Store& store, const api::v1alpha1::PlacedAddress& placed) {
  const auto address = parse_ipv4(placed.address);
  if (!address) return "";
  const auto appliance = appliance_on(store, placed);
  if (!appliance) return "";
  const auto name = "Appliance " + appliance->metadata.ns + "/" + appliance->metadata.name;
  const auto& range = appliance->spec.network.dhcp.range;
  const auto from = parse_ipv4(range.from);
  const auto to = parse_ipv4(range.to);
  if (from && to && *from <= *address && *address <= *to)
    return absl::StrFormat("%s gives out %s to %s itself: choose another, or applianceRef", name,
                           range.from, range.to);
  for (const auto& lease : appliance->status.leases) {
    if (lease.address != placed.address) continue;
    return absl::StrFormat("%s has given it to Machine %s/%s", name, lease.ns, lease.machine);
  }
  return "";
}

}  // namespace gantry::store

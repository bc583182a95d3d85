#include "controllers/machine/desired.h"

#include "pkg/base/text.h"
#include "pkg/pve/property_string.h"

namespace gantry::controllers::machine {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kGiB = int64_t{1} << 30;

int64_t rounded_up(int64_t bytes, int64_t unit) {
  return (bytes + unit - 1) / unit;
}

std::string features_text(const api::v1alpha1::Features& features) {
  std::vector<std::string> flags;
  if (features.nesting) flags.emplace_back("nesting=1");
  if (features.keyctl) flags.emplace_back("keyctl=1");
  if (features.fuse) flags.emplace_back("fuse=1");
  return join(flags, ",");
}

// "1.5", "2": as Proxmox writes it, without trailing zeros.
std::string decimal(double value) {
  auto text = absl::StrFormat("%.4f", value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

std::string hostname_of(const Machine& machine) {
  return machine.spec.hostname.empty() ? machine.metadata.name : machine.spec.hostname;
}

const std::vector<api::v1alpha1::Network>& networks_of(const Machine& machine,
                                                       const MachineClass& shape) {
  return machine.spec.networks.empty() ? shape.spec.networks : machine.spec.networks;
}

std::string network_text(const api::v1alpha1::Network& network, size_t index) {
  pve::PropertyString text;
  text.set("name", network.name.empty() ? "eth" + std::to_string(index) : network.name);
  text.set("bridge", network.bridge);
  if (network.mac.has_value()) text.set("hwaddr", *network.mac);
  if (!network.ip.empty()) text.set("ip", network.ip);
  if (network.gateway.has_value()) text.set("gw", *network.gateway);
  text.set("firewall", network.firewall ? "1" : "0");
  if (network.vlan.has_value()) text.set("tag", std::to_string(*network.vlan));
  text.set("type", "veth");
  return text.format();
}

pve::Parameters owned_settings(const Machine& machine, const MachineClass& shape) {
  const auto& spec = shape.spec;
  pve::Parameters settings;
  settings["cores"] = std::to_string(spec.resources.cores);
  settings["memory"] = std::to_string(rounded_up(spec.resources.memory.bytes(), kMiB));
  settings["swap"] = std::to_string(rounded_up(spec.resources.swap.bytes(), kMiB));
  settings["cpulimit"] = spec.resources.cpu_limit ? decimal(*spec.resources.cpu_limit) : "";
  settings["hostname"] = hostname_of(machine);
  settings["onboot"] = spec.start_on_boot ? "1" : "";
  settings["protection"] = spec.protection ? "1" : "";
  settings["features"] = features_text(spec.features);
  const auto& networks = networks_of(machine, shape);
  for (size_t i = 0; i < networks.size(); ++i) {
    // Not known yet: what is there stays as it is.
    if (networks[i].bridge.empty()) continue;
    settings["net" + std::to_string(i)] = network_text(networks[i], i);
  }
  if (spec.dns.has_value()) {
    settings["nameserver"] = join(spec.dns->servers, " ");
    settings["searchdomain"] = spec.dns->domain;
  }
  return settings;
}

int64_t root_disk_gib(const MachineClass& shape) {
  return rounded_up(shape.spec.root_disk.size.bytes(), kGiB);
}

pve::Parameters create_parameters(const Machine& machine, const MachineClass& shape,
                                  const std::string& pool, const std::string& storage,
                                  const std::string& template_volid) {
  auto parameters = owned_settings(machine, shape);
  std::erase_if(parameters, [](const auto& setting) { return setting.second.empty(); });
  parameters["ostemplate"] = template_volid;
  parameters["rootfs"] = storage + ":" + std::to_string(root_disk_gib(shape));
  // Always said: the default changed with pve-container 6.0.6.
  parameters["unprivileged"] = "1";
  if (!pool.empty()) parameters["pool"] = pool;
  return parameters;
}

pve::Parameters clone_parameters(const Machine& machine, const std::string& pool,
                                 const std::string& storage) {
  pve::Parameters parameters;
  parameters["hostname"] = hostname_of(machine);
  parameters["full"] = "1";
  parameters["storage"] = storage;
  if (!pool.empty()) parameters["pool"] = pool;
  return parameters;
}

}  // namespace gantry::controllers::machine

#include "api/v1alpha1/claims.h"

#include "api/v1alpha1/addresses.h"
#include "pkg/base/text.h"

namespace gantry::api::v1alpha1 {
namespace {

// A bridge's name as a part of a DNS subdomain.
std::string label_of(const std::string& bridge) {
  const auto lower = to_lower(bridge);
  return is_dns_label(lower) ? lower : "x-" + hex(bridge);
}

std::string text_at(const Json& object, std::initializer_list<std::string_view> path) {
  const auto* found = object.find_path(path);
  return found != nullptr && found->is_string() ? found->as_string() : "";
}

const Json* networks_in(const Json& object) {
  const auto* networks = object.find_path({"spec", "networks"});
  return networks != nullptr && networks->is_array() && networks->size() > 0 ? networks : nullptr;
}

// What is tried of a class is never started.
bool is_trial(const Json& machine) {
  const auto* owners = machine.find_path({"metadata", "ownerReferences"});
  return owners != nullptr && owners->is_array() && owners->size() == 1 &&
         owners->as_array().front().string_or("kind", "") == "MachineClass";
}

class Claims {
 public:
  Claims(const Json& object, const FindClass& find_class) {
    const auto name = text_at(object, {"spec", "machineClassName"});
    if (!name.empty()) class_ = find_class(name);
    cluster_ = text_at(class_, {"spec", "clusterName"});
  }

  void hosts(const Json& app) {
    const auto* exposed = app.find_path({"spec", "expose"});
    if (exposed == nullptr || !exposed->is_array()) return;
    size_t index = 0;
    for (const auto& each : exposed->as_array()) {
      const auto path = absl::StrFormat("spec.expose[%d].host", index++);
      const auto host = each.is_object() ? each.string_or("host", "") : "";
      if (!host.empty()) all_.push_back({"host." + host, path, "host " + host});
    }
  }

  void appliance(const Json& appliance) {
    const auto bridge = text_at(appliance, {"spec", "network", "bridge"});
    if (bridge.empty() || appliance.find_path({"spec", "machineClassName"}) == nullptr) return;
    all_.push_back({bridge_claim(bridge), "spec.network.bridge", "bridge " + bridge});
    address({cluster_, bridge, 0, text_at(appliance, {"spec", "network", "gateway"})},
            "spec.network.gateway");
    if (const auto* uplink = appliance.find_path({"spec", "network", "uplink"}))
      network(*uplink, "spec.network.uplink.ip", "");
  }

  // Its own networks, else those of its class.
  void networks(const Json& object) {
    if (const auto* own = networks_in(object)) {
      for (size_t i = 0; i < own->size(); ++i)
        network(own->as_array()[i], absl::StrFormat("spec.networks[%d].ip", i), "");
    } else if (const auto* shared = networks_in(class_)) {
      const auto whose = " (of MachineClass " + text_at(class_, {"metadata", "name"}) + ")";
      for (const auto& each : shared->as_array()) network(each, "spec.machineClassName", whose);
    }
  }

  std::vector<Claim> take() { return std::move(all_); }

 private:
  void network(const Json& network, const std::string& path, const std::string& whose) {
    if (!network.is_object()) return;
    address({cluster_, network.string_or("bridge", ""), network.integer_or("vlan", 0),
             network.string_or("ip", "")},
            path, whose);
  }

  void address(PlacedAddress placed, const std::string& path, const std::string& whose = "") {
    const auto address = fixed_address(placed.address);
    if (!address || placed.cluster.empty() || placed.bridge.empty()) return;
    placed.address = *address;
    auto what = absl::StrFormat("address %s%s on %s", *address, whose, placed.bridge);
    if (placed.vlan != 0) what += absl::StrFormat(", VLAN %d,", placed.vlan);
    what += " of ProxmoxCluster " + placed.cluster;
    auto name = address_claim(placed);
    all_.push_back({std::move(name), path, std::move(what), std::move(placed)});
  }

  Json class_;
  std::string cluster_;
  std::vector<Claim> all_;
};

}  // namespace

std::vector<Claim> claims_of(const Json& object, const FindClass& find_class) {
  if (!object.string_or("apiVersion", "").starts_with("gantry.dev/")) return {};
  const auto kind = object.string_or("kind", "");
  if (kind != "App" && kind != "Appliance" && kind != "Machine") return {};
  Claims claims(object, find_class);
  if (kind == "App") claims.hosts(object);
  if (kind == "Appliance") claims.appliance(object);
  if (kind == "App" || (kind == "Machine" && !is_trial(object))) claims.networks(object);
  return claims.take();
}

std::string bridge_claim(const std::string& bridge) {
  return "bridge." + label_of(bridge);
}

std::string address_claim(const PlacedAddress& placed) {
  return absl::StrFormat("address.%s.%s.%d.%s", placed.cluster, label_of(placed.bridge),
                         placed.vlan, placed.address);
}

}  // namespace gantry::api::v1alpha1

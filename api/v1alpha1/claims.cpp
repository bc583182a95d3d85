#include "api/v1alpha1/claims.h"

#include "pkg/base/text.h"

namespace gantry::api::v1alpha1 {

std::vector<Claim> claims_of(const Json& object) {
  std::vector<Claim> claims;
  if (!object.string_or("apiVersion", "").starts_with("gantry.dev/")) return claims;
  const auto kind = object.string_or("kind", "");
  if (kind == "App") {
    const auto* exposed = object.find_path({"spec", "expose"});
    if (exposed == nullptr || !exposed->is_array()) return claims;
    size_t index = 0;
    for (const auto& each : exposed->as_array()) {
      const auto path = absl::StrFormat("spec.expose[%d].host", index++);
      const auto host = each.is_object() ? each.string_or("host", "") : "";
      if (!host.empty()) claims.push_back({"host." + host, path, "host " + host});
    }
  }
  if (kind == "Appliance") {
    const auto* bridge = object.find_path({"spec", "network", "bridge"});
    const auto* shape = object.find_path({"spec", "machineClassName"});
    if (bridge == nullptr || !bridge->is_string() || shape == nullptr) return claims;
    const auto& name = bridge->as_string();
    claims.push_back({"bridge." + to_lower(name), "spec.network.bridge", "bridge " + name});
  }
  return claims;
}

}  // namespace gantry::api::v1alpha1

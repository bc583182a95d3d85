#pragma once
// Claims: what only one object may have, whatever its namespace.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/json.h"

namespace gantry::api::v1alpha1 {

// An address where it counts: the bridge of the same name on another cluster, and another VLAN of
// it, may be another network.
struct PlacedAddress {
  std::string cluster;
  std::string bridge;
  int64_t vlan = 0;     // 0: without a tag
  std::string address;  // as fixed_address() writes it
};

struct Claim {
  std::string name;                           // unique: "host.wiki.lan", a DNS subdomain
  std::string path;                           // where the object says so: "spec.expose[0].host"
  std::string what;                           // for people: "host wiki.lan"
  std::optional<PlacedAddress> address = {};  // of those that claim one
};

// The MachineClass of that name; null when there is none.
using FindClass = std::function<Json(const std::string& name)>;

// Of Apps the host names that they are exposed under, of Appliances the bridge that they serve; of
// both and of Machines the fixed addresses, their own or, without networks of their own, those of
// their class. Fields that are not as they should be claim nothing, nor do addresses without a
// class: it alone says on which cluster they are.
std::vector<Claim> claims_of(const Json& object, const FindClass& find_class);

// The names of claims.
std::string bridge_claim(const std::string& bridge);
std::string address_claim(const PlacedAddress& placed);

}  // namespace gantry::api::v1alpha1

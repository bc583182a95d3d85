#pragma once
// Claims: what only one object may have, whatever its namespace.
#include <string>
#include <vector>

#include "pkg/base/json.h"

namespace gantry::api::v1alpha1 {

struct Claim {
  std::string name;  // unique: "host.wiki.lan", a DNS subdomain
  std::string path;  // where the object says so: "spec.expose[0].host"
  std::string what;  // for people: "host wiki.lan"
};

// Of Apps the host names that they are exposed under, of Appliances the bridge that they serve.
// Fields that are not as they should be claim nothing.
std::vector<Claim> claims_of(const Json& object);

}  // namespace gantry::api::v1alpha1

#pragma once
// The `ports` of a Compose service: which of the container's own ports they take.
#include <vector>

#include "api/v1alpha1/compose.h"

namespace gantry::api::v1alpha1 {

// Both syntaxes: "[[ADDRESS:]PORT[-PORT]:]TARGET[/PROTOCOL]" or a number, and the map with
// `published`, `host_ip`, `protocol`. Ports that hold a variable, or that Docker draws, are left
// out. kInvalid says what is wrong with which.
Result<std::vector<PublishedPort>> read_ports(const Json& ports);

}  // namespace gantry::api::v1alpha1

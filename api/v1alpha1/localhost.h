#pragma once
// localhost: the containers of a Compose file have a network each, so that localhost is none of the
// other services (WKL-006).
#include <string>
#include <vector>

#include "pkg/base/json.h"

namespace gantry::api::v1alpha1 {

// Whether a variable says that something is to be reached on localhost: as the host of a URL, with
// a port, or alone where its name ends with HOST. Where something listens is no such thing.
bool names_localhost(const std::string& name, const std::string& value);

// One warning for each such variable of an App whose Compose file has several services; without the
// value, which may hold a password.
std::vector<std::string> warn_of_localhost(const Json& app);

}  // namespace gantry::api::v1alpha1

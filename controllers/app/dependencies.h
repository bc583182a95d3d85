#pragma once
// Dependencies: whether what an App needs answers. Pure.
#include <functional>
#include <string>

#include "api/v1alpha1/app.h"

namespace gantry::controllers::app {

inline constexpr const char* kDependencyNotReady = "WKL-007";

// An App of the same namespace.
using FindApp = std::function<Result<api::v1alpha1::App>(const std::string& name)>;

// OK when everything in spec.dependsOn is Available. Locked, with what it waits for, while
// something is not; Invalid when Apps wait for each other in a circle, which a person must break.
// Both carry WKL-007. O(Apps that can be reached).
Status check_dependencies(const api::v1alpha1::App& app, const FindApp& find);

}  // namespace gantry::controllers::app

#pragma once
// A Machine's container as a Pod with one container, `main`.
#include <optional>
#include <string_view>

#include "pkg/base/json.h"

namespace gantry::apiserver {

inline constexpr std::string_view kPodContainer = "main";

// nullopt while the Machine has no container.
std::optional<Json> pod_of(const Json& machine);
// What Proxmox has measured; nullopt while it is not running or nothing was measured.
std::optional<Json> pod_metrics_of(const Json& machine);

}  // namespace gantry::apiserver

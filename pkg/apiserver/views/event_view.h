#pragma once
// Events as events.k8s.io/v1 names their fields, and back.
#include <optional>

#include "pkg/base/json.h"

namespace gantry::apiserver {

// core/v1 → events.k8s.io/v1. Source: k8s.io/kubernetes/pkg/apis/events/v1/conversion.go.
std::optional<Json> newer_event_of(const Json& event);
// events.k8s.io/v1 → core/v1. Also for a merge patch, whose members are those of an Event.
Json core_event_of(const Json& event);

}  // namespace gantry::apiserver

#pragma once
// The kinds that are views of stored ones.
#include <vector>

#include "api/meta/kind.h"

namespace gantry::api::views {

// Their Kind::type is null: nobody declares their fields, and they are in no OpenAPI document. They
// can be read; Events can also be written.
const std::vector<meta::Kind>& all_kinds();
// By "pods", "events.events.k8s.io"; null when it is no view.
const meta::Kind* find_by_resource(std::string_view resource);

}  // namespace gantry::api::views

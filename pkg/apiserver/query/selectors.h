#pragma once
// Label and field selectors, as Kubernetes writes them in a query.
#include <string_view>

#include "api/meta/kind.h"
#include "pkg/store/selector.h"

namespace gantry::apiserver {

// What one selector may ask for.
inline constexpr size_t kRequirementsMax = 100;

// "app=web,tier!=db,env in (a,b),!old,weight>3": every requirement must hold. kInvalid with the
// texts that clients know: "unable to parse requirement: found '=', expected: identifier".
// Kubernetes: k8s.io/apimachinery/pkg/labels/selector.go.
Result<store::Selector> parse_label_selector(std::string_view text);

// "metadata.name=web,spec.machineClassName!=small": =, == and != on metadata.name,
// metadata.namespace and what the kind declares as selectable; "\," "\=" and "\\" stand for
// themselves. kInvalid "field label not supported: spec.image".
// Kubernetes: k8s.io/apimachinery/pkg/fields/selector.go.
Result<store::Selector> parse_field_selector(std::string_view text, const api::meta::Kind& kind);

}  // namespace gantry::apiserver

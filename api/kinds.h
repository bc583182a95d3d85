#pragma once
// The one list of kinds.
#include <string_view>
#include <vector>

#include "api/meta/kind.h"
#include "api/meta/types.h"

namespace gantry::api {

// In the order in which objects are applied: what others refer to comes first.
const std::vector<meta::Kind>& all_kinds();
// By "apps.gantry.dev" or "secrets"; nullptr when it is not served.
const meta::Kind* find_by_resource(std::string_view resource);
// By apiVersion and kind; nullptr when it is not served.
const meta::Kind* find_by_kind(std::string_view api_version, std::string_view kind);
// By what people type: plural, singular, short name or kind, any case, "apps.gantry.dev" too.
const meta::Kind* find_by_word(std::string_view word);
// Why a kind is not served, with what would be right: "no kind "Appliance" in gantry.dev/v1alpha1;
// served are App, Machine, …".
std::string unknown_kind_message(std::string_view api_version, std::string_view kind);

// The kind of an owner that an object in `ns` names (empty: an object of the whole installation).
// nullptr when it is not served, or is namespaced while the object is not: then nothing can be
// said about that owner.
const meta::Kind* find_owner_kind(const meta::OwnerReference& reference, std::string_view ns);

}  // namespace gantry::api

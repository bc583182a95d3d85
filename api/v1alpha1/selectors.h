#pragma once
// Selectors are compiled when they are written, not when they are first needed.
#include <string>
#include <string_view>

#include "pkg/cel/selector.h"
#include "pkg/schema/problem.h"

namespace gantry::api::v1alpha1 {

// What the selectors of a MachineClass see: `node`, and `storage`.
const cel::Declarations& node_selector_declarations();
const cel::Declarations& storage_selector_declarations();

// Adds what is wrong with a selector; an empty one selects everything.
void check_selector(schema::Problems& problems, std::string_view path, const std::string& text,
                    const cel::Declarations& declarations);

}  // namespace gantry::api::v1alpha1

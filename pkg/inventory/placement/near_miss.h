#pragma once
// A selector that selects nothing because of a letter.
#include <string>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/cel/selector.h"

namespace gantry::inventory::placement {

// "'local-zsf' not found, did you mean 'local-zfs'?" for the first attribute of which none of
// `objects` has any text that `selector` compares it with, while one of them has a similar one.
// Empty when there is none. `objects` are what `variable` ("storage") stands for.
std::string find_near_miss(const cel::Selector& selector, const std::string& variable,
                           const std::vector<Json>& objects);

}  // namespace gantry::inventory::placement

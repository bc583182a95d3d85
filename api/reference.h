#pragma once
// Reference pages of the kinds, for docs/reference.
#include <string>

#include "api/meta/kind.h"

namespace gantry::api {

// Markdown: what the kind is, how it is asked for, its fields, its columns.
std::string reference_page(const meta::Kind& kind);
// The list of all kinds with links to their pages.
std::string reference_index();

}  // namespace gantry::api

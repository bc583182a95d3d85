#pragma once
// failures.json as text, compiled in.

namespace gantry::diagnose {

extern const char* const kCatalogueText;

}  // namespace gantry::diagnose

#pragma once
// Symptoms: what a failed command's words amount to, as a code of the failure catalogue.
#include <string>

#include "pkg/base/status.h"

namespace gantry::controllers::app {

// The same Status with the code that its words prove (DKR-003, DKR-005, DKR-006, TPL-006, …), else
// with `otherwise`, which may be empty. An OK Status stays OK.
Status diagnosed(Status status, const std::string& otherwise);

}  // namespace gantry::controllers::app

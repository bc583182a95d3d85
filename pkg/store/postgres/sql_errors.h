#pragma once
// PostgreSQL's errors as Status.
#include <string>
#include <string_view>

#include "pkg/base/status.h"

namespace gantry::store::postgres {

// The class of a SQLSTATE (PostgreSQL documentation, appendix A).
ErrorClass class_of_sqlstate(std::string_view sqlstate);

// The Status of the exception that is being handled; call it inside a catch block. "what: …".
Status current_exception_status(const std::string& what);

}  // namespace gantry::store::postgres

#pragma once
// Waiting until something is so, and what was last seen when it did not come.
#include <functional>
#include <string>

#include "cmd/gantryctl/session.h"

namespace gantry::ctl {

// What is still missing, in words; empty: nothing is.
using Look = std::function<Async<Result<std::string>>()>;
// Looks twice a second until nothing is missing. A refusal that says what was, once the time is up;
// the error of a look ends the wait.
Async<Status> wait_until(Session& session, std::string label, Look look, Duration timeout);

// Whether the condition says so about the object's present generation.
bool has_condition(const Json& object, const std::string& type, const std::string& status);
// "Ready is False, Starting: why".
std::string condition_text(const Json& object, const std::string& type);
// What is missing until the object is as its spec says. An error once its update was rolled back.
Async<Result<std::string>> look_for_ready(Session& session, Where where);
// Of the spec, as it is now.
int64_t generation_of(const Json& object);

}  // namespace gantry::ctl

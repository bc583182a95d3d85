#pragma once
// Which containers a command is about, and the Pods they are served as.
#include "cmd/gantryctl/session.h"

namespace gantry::ctl {

bool is_app(const Where& where);
// An App's Machines, by name.
Async<Result<std::vector<Json>>> machines_of(Session& session, Where app);
// The Machines behind places: an App's, one, or all of the namespace. Invalid for other kinds.
Async<Result<std::vector<Json>>> machines_at(Session& session, std::vector<Where> places);
// "/api/v1/namespaces/home/pods/wiki-0"
std::string pod_path(const Json& machine);

}  // namespace gantry::ctl

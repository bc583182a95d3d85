#pragma once
// A Compose project inside a container: where its files are, and how Docker is asked about it.
#include <string>
#include <vector>

#include "controllers/app/bootstrap/workload.h"

namespace gantry::controllers::app {

// Relative paths in the file count from here; it is the same for every revision.
std::string project_folder();
// Each revision's files have a folder of their own, so that the old ones stay until the new run.
std::string payload_root();
std::string payload_folder(const std::string& revision);

// The files of one revision. Requires workload.compose.
std::vector<guest::File> payload_of(const ResolvedWorkload& workload);
// `docker compose … words` for that revision.
std::vector<std::string> compose(const ResolvedWorkload& workload,
                                 const std::vector<std::string>& words);

// One line of a .env file, as Compose reads it: in double quotes, with \ before \, " and $.
std::string environment_line(const std::string& name, const std::string& value);

}  // namespace gantry::controllers::app

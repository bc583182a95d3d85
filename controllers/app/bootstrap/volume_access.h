#pragma once
// A service that may not write where its data is to be (STO-004).
#include <string>
#include <vector>

#include "controllers/app/bootstrap/setup.h"

namespace gantry::controllers::app {

// What is mounted into one container of the project, and as whom it runs.
struct Mounts {
  std::string user;  // as its image or project says: "1000", "node:node"; empty: not said
  struct Mount {
    std::string inside;  // "/var/lib/postgresql/data"
    std::string source;  // "/srv/data"
  };
  std::vector<Mount> all;
};
// "1000\n/data /srv/data\n", as asked from `docker inspect`.
Mounts read_mounts(const std::string& text);
// The mount that the words "mkdir: /data/x: Permission denied" are about; null when they are about
// something else.
const Mounts::Mount* denied_mount(const Mounts& mounts, const std::string& words);

// When a service's last words say that it was denied what is mounted into it: whose that is, as
// whom it runs, and what to do. Empty otherwise, and when it cannot be asked.
Async<std::string> explain_denied(Setup& setup, std::string id, std::string words);

}  // namespace gantry::controllers::app

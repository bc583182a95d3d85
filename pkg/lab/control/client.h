#pragma once
// ControlClient: speaks to a running lab's ControlDoor, by what its state folder says.
#include <string>

#include "pkg/base/json.h"
#include "pkg/base/status.h"

namespace gantry::lab {

// What lab.json and control.token in a state folder hold.
struct RunningLab {
  std::string folder;       // absolute
  std::string backend;      // lxc or memory
  std::string url;          // https://127.0.0.1:8006
  std::string fingerprint;  // of its certificate
  std::string token;        // for the control door
  int64_t pid = 0;
};
// NotFound when no lab runs with that folder.
Result<RunningLab> find_lab(const std::string& folder);

// POST /lab/<verb>; blocks. Errors have the class that the lab gave them; Transport when it is
// gone.
Result<Json> control(const RunningLab& lab, const std::string& verb, const Json& arguments);

}  // namespace gantry::lab

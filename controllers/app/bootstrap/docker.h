#pragma once
// The steps of a compose workload: runtime, daemon, payload, up, healthy; images: images.h.
#include <map>
#include <string>
#include <vector>

#include "controllers/app/bootstrap/setup.h"

namespace gantry::controllers::app {

// Docker and Compose v2 are there; installed where they are not (DKR-001, DKR-004).
Async<Status> provide_runtime(Setup& setup);
// Its service runs and starts at boot, and it answers (DKR-002, DKR-006).
Async<Status> provide_daemon(Setup& setup);
// The project's files are in the container, beside those of the version that runs (BST-005).
Async<Status> write_payload(Setup& setup);
// The project is as its file says (DKR-003, DKR-005, WKL-002).
Async<Status> bring_up(Setup& setup);
// Every service runs and is healthy by its own check, or has ended well (WKL-003, WKL-008,
// CT-014). The time for it begins anew whenever something has changed.
Async<Status> await_services(Setup& setup);
// Payloads of other revisions go: they hold yesterday's secrets.
Async<Status> remove_old_payloads(Setup& setup);

// One container of the project.
struct ServiceState {
  std::string id;
  std::string service;
  std::string state;   // Docker's: running, exited, restarting, created, …
  std::string status;  // for people: "Up 5 minutes (healthy)", "Exited (1) 3 seconds ago"
  enum class Verdict { well, coming, failed };
  Verdict verdict() const;
  bool operator==(const ServiceState&) const = default;
};
// "0a1b web running Up 5 minutes": one a line, as asked from `docker ps`; others are left out.
std::vector<ServiceState> read_states(const std::string& text);
Async<Result<std::vector<ServiceState>>> states_of(Setup& setup);

}  // namespace gantry::controllers::app

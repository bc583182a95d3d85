#pragma once
// The parts, one function each. Internal to this folder.
#include "controllers/appliance/inside/inside.h"
#include "pkg/guest/setup/sums.h"

namespace gantry::controllers::appliance {

// A turn of all parts.
struct Turn {
  guest::Setup& setup;
  const Wanted& wanted;
  Findings& findings;
};

Async<Status> ensure_system(Turn turn);
Async<Status> ensure_address(Turn turn);
Async<Status> ensure_forwarding(Turn turn);
Async<Status> ensure_filter(Turn turn);
Async<Status> ensure_names(Turn turn);
Async<Status> ensure_upstream(Turn turn);
Async<Status> ensure_proxy(Turn turn);
Async<Status> ensure_certificates(Turn turn);
Async<Status> ask_backends(Turn turn);

// What the parts ask to see whether anything has changed.
using guest::Questions;
Questions ask_system(const Wanted& wanted);
Questions ask_address(const Wanted& wanted);
Questions ask_forwarding(const Wanted& wanted);
Questions ask_filter(const Wanted& wanted);
Questions ask_names(const Wanted& wanted);
Questions ask_proxy(const Wanted& wanted);
Questions ask_certificates(const Wanted& wanted);
// The state and the content of files.
void ask_files(Questions& questions, const std::vector<std::string>& paths);

// A file of ours that everybody may read.
guest::File open_file(const std::string& path, const std::string& content);
// Writes it when it differs; whether it did. `what` for people.
Async<Result<bool>> ensure_file(guest::Setup& setup, guest::File file);
// A note that something must be done once a file has changed: written before the change, so that a
// crash in between does not lose it.
Async<Status> leave_note(guest::Setup& setup, std::string note);
Async<Result<bool>> has_note(guest::Setup& setup, std::string note);
Async<Status> drop_note(guest::Setup& setup, std::string note);

}  // namespace gantry::controllers::appliance

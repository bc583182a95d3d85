#pragma once
// `gantry-lab control [--state DIR] VERB …`: one call to a running lab's control door.
#include <string>
#include <vector>

namespace gantry::labd {

inline constexpr const char* kControlHelp =
    R"(Look:
  guests | volumes | tasks | guest ID | get PATH      get: any path of the API, as root
As a person with the web interface, through the API and with a task by root@pam:
  start ID | stop ID | discard ID                     discard: destroy with its disks
As a person on the nodes, past the API and without a task:
  kill ID | crash ID | destroy ID                     crash: found out when Proxmox looks next
  edit ID KEY [VALUE] | lock ID [LOCK] | pool ID [POOL]
  migrate ID NODE | copy ID NEW-ID | put ID NODE HOSTNAME
What goes wrong:
  node NAME online|offline | daemon NAME yes|no | quorum yes|no
  fill STORAGE BYTES | mask USER PRIVILEGE yes|no | kill-task UPID
  faults [FILE]                                       play that profile, or show what is played
  fault NAME [METHOD [PATH [TIMES]]]                  loseRequest, loseAnswer, delay, duplicate,
                                                      error500, error595, error596,
                                                      partialInventory
  task-fault NAME [TYPE [TIMES]]                      slow, fail, warn, kill)";

// Prints the answer as JSON; 0 done, 1 refused or failed (with the reason on standard error), 2
// wrong words.
int run_control(const std::string& state, const std::vector<std::string>& words);

}  // namespace gantry::labd

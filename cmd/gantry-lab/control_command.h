#pragma once
// `gantry-lab control --state DIR VERB …`: one call to a running lab's control door.
#include <string>
#include <vector>

namespace gantry::labd {

inline constexpr const char* kControlHelp =
    "verbs: guests | volumes | tasks | guest ID | start ID | stop ID | crash ID | destroy ID |\n"
    "       edit ID KEY VALUE | lock ID LOCK | pool ID POOL | migrate ID NODE | copy ID NEW-ID |\n"
    "       node NAME online|offline | quorum yes|no | fill STORAGE BYTES |\n"
    "       mask USER PRIVILEGE yes|no | kill-task UPID | get PATH";

// Prints the answer as JSON; 0 done, 1 refused or failed (with the reason on standard error), 2
// wrong words.
int run_control(const std::string& state, const std::vector<std::string>& words);

}  // namespace gantry::labd

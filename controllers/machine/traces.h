#pragma once
// Traces of a create call whose task we do not know: looked for among the tasks of its id.
#include <optional>
#include <string>
#include <vector>

#include "pkg/pve/types.h"

namespace gantry::controllers::machine {

// What was found when looking for traces of a create call whose answer never reached us; or, once
// our create has died, of somebody else's on the same id.
struct CreateTraces {
  bool complete = false;  // every node's task list could be read
  std::string why_incomplete;
  std::optional<pve::Task> task;  // the newest; ours, or after our own death whosever
  // The newest by our user with another token: another installation's, or ours from before the
  // token was changed.
  std::optional<pve::Task> kin;
};

struct TraceQuery {
  std::string user;      // ours, with its token
  std::string known;     // not this task
  Time since;            // those that began later
  bool anybody = false;  // whosever they are
  // Our call was made and the id is taken now: a create that began earlier by our clock counts,
  // too, when what it made must be there still. Our clock may be ahead of Proxmox's; Proxmox's
  // own account of what was made and destroyed is in order.
  bool may_be_older = false;
};

// The traces in the tasks of one id on every node, in any order. Leaves `complete` to the caller.
// O(creates × tasks).
CreateTraces find_traces(const std::vector<pve::Task>& tasks, const TraceQuery& query);

// Finished tasks name the user, active ones the token as well (observed on 9.2).
bool same_user(const std::string& a, const std::string& b);

}  // namespace gantry::controllers::machine

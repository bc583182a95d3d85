#pragma once
// Ha: the HA manager. Resources with the state they shall be in, groups and rules about where, and
// the loop that brings them there every ten seconds: it starts and stops guests by tasks of its own
// and moves them away from dead nodes.
// Source: pve-ha-manager PVE/HA/{Config,Manager,LRM,Tools}.pm, PVE/HA/Resources/PVECT.pm.
// Unverified but for the calls on a stand-alone node: no recording has a manager at work.
#include <map>
#include <optional>
#include <set>
#include <string>

#include "pkg/async/async.h"
#include "pkg/base/ids.h"
#include "pkg/base/time.h"

namespace gantry::lab {

struct Guest;
struct Model;

class Ha {
 public:
  // What a person configured, as texts: state, group, comment, max_restart …
  using Settings = std::map<std::string, std::string>;
  // What the manager makes of a resource; there is none before it has looked.
  struct Service {
    std::string state;  // request_start, started, request_stop, stopped, migrate, fence, error …
    NodeName node;
    int failed_starts = 0, relocations = 0;
    std::optional<Time> lost_since;  // its node does not answer
    std::optional<NodeName> target;  // asked to move there
    std::optional<Upid> task;        // what it waits for
  };

  explicit Ha(Model& model) : model_(model) {}

  std::map<std::string, Settings> resources, groups, rules;  // "ct:100" → …
  const std::map<std::string, Service>& services() const { return services_; }

  static std::string sid_of(VmId vmid) { return "ct:" + std::to_string(vmid.get()); }
  bool is_configured(VmId vmid) const { return resources.contains(sid_of(vmid)); }
  // Ignored ones behave as if there were no manager.
  bool is_managed(VmId vmid) const;
  // nullptr before the manager has looked.
  const Service* find_service(const std::string& sid) const;
  // started, stopped, disabled, ignored.
  std::string wanted_state(const std::string& sid) const;
  // "starting" while it is wanted started and is not yet (PVE/HA/Tools.pm).
  std::string verbose_state(const std::string& sid) const;

  // Takes up its work when there is some; call after every change of `resources`. Also writes them
  // to the state folder.
  void changed();
  void move(const std::string& sid, const NodeName& target);
  void load();

 private:
  Async<Status> run();
  void look_at(const std::string& sid);
  // False while a task runs. Notes how the last one ended.
  bool is_idle(const std::string& sid, Service& service);
  void start_failed(const std::string& sid, Service& service);
  void recover(const std::string& sid, Service& service, Guest& guest);
  void act(const std::string& sid, Service& service, const Guest& guest);
  // The best node but `not_there`; nullopt when there is none.
  std::optional<NodeName> choose_node(const std::string& sid, const NodeName& not_there) const;
  std::set<NodeName> apart_from(const std::string& sid) const;

  Model& model_;
  std::map<std::string, Service> services_;
  bool is_running_ = false;
};

// "pve1:2,pve2" → node → priority.
std::map<NodeName, int64_t> parse_ha_nodes(const std::string& text);

}  // namespace gantry::lab

#pragma once
// What create and configure share: who may set which option, and how values are written back.
// Source: pve-container PVE/LXC.pm, check_ct_modify_config_perm.
#include <map>
#include <string>

#include "pkg/lab/model.h"

namespace gantry::lab {

struct OptionCheck {
  const Model& model;
  const Caller& caller;
  VmId vmid;
  std::string pool;                         // the one that a create names; rights on it count too
  const GuestConfig* old_config = nullptr;  // nullptr at a create
  bool unprivileged = true;
};
// May the caller set (or delete, with value nullptr) that option?
Refusal check_option(const OptionCheck& check, const std::string& key, const std::string* value);

// The value as Proxmox stores it: property strings in its own order, nets with hwaddr and type,
// tags sorted, description without trailing newlines. `old` is the present value or nullptr.
std::string stored_value(Model& model, const std::string& key, const std::string& value,
                         const std::string* old);

// SDN.Use on the bridge (and its VLAN) of a net.
Refusal check_bridge(const Model& model, const Caller& caller, const std::string& net);

}  // namespace gantry::lab

#include "pkg/inventory/privileges.h"

#include <array>

#include "pkg/base/text.h"

namespace gantry::inventory {
namespace {

constexpr std::array<std::string_view, 2> kWatchGuests{"VM.Audit", "Pool.Audit"};
constexpr std::array<std::string_view, 8> kChangeGuests{
    "VM.Allocate",      "VM.Clone",          "VM.Config.CPU",     "VM.Config.Disk",
    "VM.Config.Memory", "VM.Config.Network", "VM.Config.Options", "VM.PowerMgmt"};

bool has(const std::set<std::string>& privileges, const std::string& privilege) {
  return privileges.contains(privilege);
}

// The nearest listed path at or above `path`, but not "/", decides.
bool holds_at(std::string path, const std::string& privilege, const pve::Permissions& permissions) {
  while (!path.empty()) {
    if (const auto it = permissions.find(path); it != permissions.end())
      return has(it->second, privilege);
    path.resize(path.rfind('/'));
  }
  return false;
}

bool holds(const Need& need, const pve::Permissions& permissions) {
  if (need.path == "/") {
    const auto root = permissions.find("/");
    return root != permissions.end() && has(root->second, need.privilege);
  }
  if (!need.path.ends_with("/*")) return holds_at(need.path, need.privilege, permissions);
  const auto parent = need.path.substr(0, need.path.size() - 2);
  if (holds_at(parent, need.privilege, permissions)) return true;
  for (const auto& [path, privileges] : permissions)
    if (starts_with(path, parent + "/") && has(privileges, need.privilege)) return true;
  return false;
}

}  // namespace

std::vector<Need> privilege_needs(std::string_view pool, bool writes) {
  const auto guests = pool.empty() ? std::string("/vms") : "/pool/" + std::string(pool);
  std::vector<Need> needs{{"/", "Sys.Audit"}, {"/nodes", "Sys.Audit"}};
  for (const auto privilege : kWatchGuests) {
    if (pool.empty() && privilege == "Pool.Audit") continue;
    needs.push_back({guests, std::string(privilege)});
  }
  needs.push_back({"/storage/*", "Datastore.Audit"});
  if (!writes) return needs;
  for (const auto privilege : kChangeGuests) needs.push_back({guests, std::string(privilege)});
  needs.push_back({"/storage/*", "Datastore.AllocateSpace"});
  needs.push_back({"/sdn/zones/*", "SDN.Use"});
  return needs;
}

std::set<std::string> missing_privileges(const std::vector<Need>& needs,
                                         const pve::Permissions& permissions) {
  std::set<std::string> missing;
  for (const auto& need : needs)
    if (!holds(need, permissions)) missing.insert(need.path + ": " + need.privilege);
  return missing;
}

}  // namespace gantry::inventory

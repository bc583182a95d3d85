#include "pkg/lab/access.h"

#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/lab/lab.h"

namespace gantry::lab {
namespace {

// "/", "/pool", "/pool/x" for "/pool/x".
std::vector<std::string> prefixes(const std::string& path) {
  std::vector<std::string> all{"/"};
  for (size_t at = 1; at < path.size();) {
    at = std::min(path.find('/', at), path.size());
    all.push_back(path.substr(0, at));
    ++at;
  }
  return all;
}

std::optional<VmId> guest_of(const std::string& path) {
  if (!starts_with(path, "/vms/")) return std::nullopt;
  const auto number = parse_integer(std::string_view(path).substr(5));
  if (!number.has_value()) return std::nullopt;
  return VmId(*number);
}

// "/vms/100" from either "/vms/100" or "vms/100/"; what the access lists are keyed by.
std::string normalised(const std::string& path) {
  std::string text = path;
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  if (text.empty() || text.front() != '/') text.insert(text.begin(), '/');
  return text;
}

}  // namespace

Access::Access(PveVersion version)
    : known_(builtin_privileges(version)), roles_(builtin_roles(version)) {
  for (const auto& [name, privileges] : roles_) builtin_.insert(name);
  users_["root@pam"];
}

bool Access::add_user(const std::string& userid, const std::string& password) {
  const auto [it, fresh] = users_.try_emplace(userid);
  if (fresh) it->second.password = password;
  return fresh;
}

bool Access::remove_user(const std::string& userid) {
  if (users_.erase(userid) == 0) return false;
  for (auto& [path, entries] : acl_) {
    std::erase_if(entries, [&](const auto& entry) {
      return entry.first == userid || starts_with(entry.first, userid + "!");
    });
  }
  return true;
}

bool Access::is_privilege(const Privilege& privilege) const {
  return known_.contains(privilege);
}

bool Access::set_role(const std::string& name, std::set<Privilege> privileges) {
  for (const auto& privilege : privileges) {
    if (!is_privilege(privilege)) return false;
  }
  roles_[name] = std::move(privileges);
  return true;
}

void Access::grant(const std::string& path, const std::string& who, const std::string& role,
                   bool propagate) {
  acl_[normalised(path)][who][role] = propagate;
}

void Access::revoke(const std::string& path, const std::string& who, const std::string& role) {
  const auto entries = acl_.find(normalised(path));
  if (entries == acl_.end()) return;
  const auto entry = entries->second.find(who);
  if (entry == entries->second.end()) return;
  entry->second.erase(role);
  if (entry->second.empty()) entries->second.erase(entry);
  if (entries->second.empty()) acl_.erase(entries);
}

bool Access::add_pool(const std::string& pool, const std::string& comment) {
  const auto [it, fresh] = pools_.try_emplace(pool);
  if (fresh) it->second.comment = comment;
  return fresh;
}

Access::Pool* Access::find_pool(const std::string& pool) {
  const auto it = pools_.find(pool);
  return it == pools_.end() ? nullptr : &it->second;
}

void Access::set_pool(VmId vmid, const std::string& pool) {
  moved_.push_back(vmid);
  if (const auto old = pool_of_.find(vmid); old != pool_of_.end()) {
    pools_[old->second].guests.erase(vmid);
    pool_of_.erase(old);
  }
  if (pool.empty()) return;
  pools_[pool].guests.insert(vmid);
  pool_of_[vmid] = pool;
}

std::string Access::pool_of(VmId vmid) const {
  const auto it = pool_of_.find(vmid);
  return it == pool_of_.end() ? "" : it->second;
}

void Access::forget_guest(VmId vmid) {
  set_pool(vmid, "");
  acl_.erase("/vms/" + std::to_string(vmid.get()));
}

void Access::set_masked(const std::string& userid, const Privilege& privilege, bool masked) {
  if (masked) {
    masked_[userid].insert(privilege);
  } else {
    masked_[userid].erase(privilege);
  }
}

std::optional<Caller> Access::find_token(const std::string& id) const {
  const auto at = id.find('!');
  if (at == std::string::npos) return std::nullopt;
  Caller caller{id.substr(0, at), id.substr(at + 1)};
  const auto user = users_.find(caller.user);
  if (user == users_.end() || !user->second.enabled) return std::nullopt;
  if (!user->second.tokens.contains(caller.token)) return std::nullopt;
  return caller;
}

bool Access::is_secret(const Caller& caller, const std::string& secret) const {
  const auto user = users_.find(caller.user);
  if (user == users_.end()) return false;
  const auto token = user->second.tokens.find(caller.token);
  return token != user->second.tokens.end() && token->second.secret == secret;
}

std::optional<Caller> Access::log_in(const std::string& userid, const std::string& password) const {
  const auto user = users_.find(userid);
  if (user == users_.end() || !user->second.enabled) return std::nullopt;
  if (user->second.password.empty() || user->second.password != password) return std::nullopt;
  return Caller{userid, ""};
}

// The deepest path with an entry wins; above the asked path only what propagates counts.
std::map<std::string, bool> Access::roles_on(const std::string& who,
                                             const std::string& path) const {
  std::map<std::string, bool> roles;
  for (const auto& prefix : prefixes(path)) {
    const auto entries = acl_.find(prefix);
    if (entries == acl_.end()) continue;
    const auto entry = entries->second.find(who);
    if (entry == entries->second.end()) continue;
    std::map<std::string, bool> here;
    for (const auto& [role, propagate] : entry->second) {
      if (propagate || prefix == path) here[role] = propagate;
    }
    if (!here.empty()) roles = std::move(here);
  }
  if (roles.contains("NoAccess")) return {};
  return roles;
}

// A guest also has what holds on its pool, without passing it on (shown as 0 in permissions).
Access::Privileges Access::of_principal(const std::string& who, const std::string& path) const {
  auto roles = roles_on(who, path);
  if (const auto vmid = guest_of(path); vmid.has_value()) {
    if (const auto pool = pool_of_.find(*vmid); pool != pool_of_.end()) {
      for (const auto& [role, propagate] : roles_on(who, "/pool/" + pool->second)) {
        roles.try_emplace(role, false);
      }
    }
  }
  Privileges all;
  for (const auto& [role, propagate] : roles) {
    const auto privileges = roles_.find(role);
    if (privileges == roles_.end()) continue;
    for (const auto& privilege : privileges->second) all[privilege] |= propagate;
  }
  return all;
}

Access::Privileges Access::all_privileges() const {
  Privileges all;
  for (const auto& privilege : known_) all[privilege] = true;
  return all;
}

Access::Privileges Access::privileges(const Caller& caller, const std::string& raw_path) const {
  const auto path = normalised(raw_path);
  const bool is_root = caller.user == "root@pam";
  Privileges own = is_root ? all_privileges() : of_principal(caller.user, path);
  if (!caller.token.empty()) {
    const auto user = users_.find(caller.user);
    if (user == users_.end() || !user->second.tokens.contains(caller.token)) return {};
    if (user->second.tokens.at(caller.token).privsep) {
      const auto limited = of_principal(caller.id(), path);
      std::erase_if(own, [&](const auto& entry) { return !limited.contains(entry.first); });
      for (auto& [privilege, propagate] : own) propagate = propagate && limited.at(privilege);
    }
  }
  if (const auto masked = masked_.find(caller.user); masked != masked_.end()) {
    for (const auto& privilege : masked->second) own.erase(privilege);
  }
  return own;
}

// Without making the whole set: asked a dozen times a request.
bool Access::may(const Caller& caller, const std::string& raw_path,
                 const Privilege& privilege) const {
  const auto path = normalised(raw_path);
  const auto grants = [&](const std::string& who, const std::string& where) {
    const auto roles = roles_on(who, where);
    return std::any_of(roles.begin(), roles.end(), [&](const auto& role) {
      const auto privileges = roles_.find(role.first);
      return privileges != roles_.end() && privileges->second.contains(privilege);
    });
  };
  const auto holds = [&](const std::string& who) {
    if (grants(who, path)) return true;
    const auto vmid = guest_of(path);
    const auto pool = vmid.has_value() ? pool_of_.find(*vmid) : pool_of_.end();
    return pool != pool_of_.end() && grants(who, "/pool/" + pool->second);
  };
  const auto masked = masked_.find(caller.user);
  if (masked != masked_.end() && masked->second.contains(privilege)) return false;
  const bool is_root = caller.user == "root@pam";
  if (!(is_root ? known_.contains(privilege) : holds(caller.user))) return false;
  if (caller.token.empty()) return true;
  const auto user = users_.find(caller.user);
  if (user == users_.end()) return false;
  const auto token = user->second.tokens.find(caller.token);
  if (token == user->second.tokens.end()) return false;
  return !token->second.privsep || holds(caller.id());
}

Refusal Access::check(const Caller& caller, const std::string& path,
                      const std::vector<Privilege>& all) const {
  for (const auto& privilege : all) {
    if (!may(caller, path, privilege)) return not_permitted("(" + path + ", " + privilege + ")");
  }
  return std::nullopt;
}

Refusal Access::check_any(const Caller& caller, const std::string& path,
                          const std::vector<Privilege>& any) const {
  for (const auto& privilege : any) {
    if (may(caller, path, privilege)) return std::nullopt;
  }
  return not_permitted("(" + path + ", " + join(any, "|") + ")");
}

Refusal Access::check_modify(const Caller& caller, const std::string& path) const {
  std::vector<Privilege> any{"Permissions.Modify"};
  if (starts_with(path, "/storage/")) any.push_back("Datastore.Allocate");
  if (starts_with(path, "/vms/")) any.push_back("VM.Allocate");
  if (starts_with(path, "/pool/")) any.push_back("Pool.Allocate");
  return check_any(caller, path, any);
}

std::map<std::string, Access::Privileges> Access::effective(const Caller& caller) const {
  std::set<std::string> paths{"/",     "/access", "/access/groups", "/nodes",
                              "/pool", "/sdn",    "/storage",       "/vms"};
  for (const auto& [path, entries] : acl_) paths.insert(path);
  for (const auto& [name, pool] : pools_) {
    for (const auto& vmid : pool.guests) paths.insert("/vms/" + std::to_string(vmid.get()));
    for (const auto& storage : pool.storages) paths.insert("/storage/" + storage);
  }
  std::map<std::string, Privileges> all;
  for (const auto& path : paths) {
    auto held = privileges(caller, path);
    if (!held.empty()) all.emplace(path, std::move(held));
  }
  return all;
}

}  // namespace gantry::lab

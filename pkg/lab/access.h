#pragma once
// Access: users, tokens, roles, access lists and pools: everything in Proxmox's user.cfg, and the
// one question "may they?".
// Source: pve-access-control PVE/AccessControl.pm (roles), PVE/RPCEnvironment.pm (permissions,
// check, check_any); answers of a real 9.2.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pkg/base/status.h"
#include "pkg/lab/call.h"

namespace gantry::lab {

enum class PveVersion;

class Access {
 public:
  // privilege → does it propagate to what lies below.
  using Privileges = std::map<std::string, bool>;
  struct Token {
    bool privsep = true;
    std::string secret;
    int64_t expire = 0;
    std::string comment;
  };
  struct User {
    std::string password;
    std::string comment;
    bool enabled = true;
    std::map<std::string, Token> tokens;
  };
  struct Pool {
    std::string comment;
    std::set<VmId> guests;
    std::set<std::string> storages;
  };
  using Privilege = std::string;
  using AclEntry = std::map<std::string, bool>;  // role → propagate

  explicit Access(PveVersion version);

  std::map<std::string, User>& users() { return users_; }
  const std::map<std::string, User>& users() const { return users_; }
  const std::map<std::string, std::set<Privilege>>& roles() const { return roles_; }
  const std::map<std::string, Pool>& pools() const { return pools_; }
  // path → user or token id → role → propagate
  const std::map<std::string, std::map<std::string, AclEntry>>& acl() const { return acl_; }
  bool is_builtin_role(const std::string& role) const { return builtin_.contains(role); }

  bool add_user(const std::string& userid, const std::string& password);
  bool remove_user(const std::string& userid);
  // False when a privilege does not exist in this version.
  bool set_role(const std::string& name, std::set<Privilege> privileges);
  bool is_privilege(const Privilege& privilege) const;
  void grant(const std::string& path, const std::string& who, const std::string& role,
             bool propagate);
  void revoke(const std::string& path, const std::string& who, const std::string& role);
  void remove_role(const std::string& name) { roles_.erase(name); }
  bool add_pool(const std::string& pool, const std::string& comment);
  Pool* find_pool(const std::string& pool);
  void remove_pool(const std::string& pool) { pools_.erase(pool); }
  // "" takes it out of its pool.
  void set_pool(VmId vmid, const std::string& pool);
  std::string pool_of(VmId vmid) const;
  // Whose pool is another one since it was asked last.
  std::vector<VmId> take_moved() { return std::exchange(moved_, {}); }
  // Destroying a guest also removes what the access lists say about it.
  void forget_guest(VmId vmid);
  void set_masked(const std::string& userid, const Privilege& privilege, bool masked);

  // The caller of "user@realm!token"; nullopt when there is no such token.
  std::optional<Caller> find_token(const std::string& id) const;
  bool is_secret(const Caller& caller, const std::string& secret) const;
  std::optional<Caller> log_in(const std::string& userid, const std::string& password) const;

  Privileges privileges(const Caller& caller, const std::string& path) const;
  bool may(const Caller& caller, const std::string& path, const Privilege& privilege) const;
  // All of them; the refusal names the first missing one.
  Refusal check(const Caller& caller, const std::string& path,
                const std::vector<Privilege>& all) const;
  Refusal check_any(const Caller& caller, const std::string& path,
                    const std::vector<Privilege>& any) const;
  // To change what holds on a path: Permissions.Modify, or the right to allocate what lies there.
  Refusal check_modify(const Caller& caller, const std::string& path) const;
  // GET /access/permissions: path → privileges, without paths that have none.
  std::map<std::string, Privileges> effective(const Caller& caller) const;

  std::string to_user_cfg() const;
  void load_user_cfg(const std::string& text);

 private:
  std::map<std::string, bool> roles_on(const std::string& who, const std::string& path) const;
  Privileges of_principal(const std::string& who, const std::string& path) const;
  Privileges all_privileges() const;

  std::set<Privilege> known_;
  std::map<std::string, std::set<Privilege>> roles_;
  std::set<std::string> builtin_;
  std::map<std::string, User> users_;
  std::map<std::string, std::map<std::string, AclEntry>> acl_;
  std::map<std::string, Pool> pools_;
  std::map<VmId, std::string> pool_of_;
  std::vector<VmId> moved_;
  std::map<std::string, std::set<Privilege>> masked_;  // userid → privileges
};

// The roles that a server of that version has from the start.
std::map<std::string, std::set<std::string>> builtin_roles(PveVersion version);
std::set<std::string> builtin_privileges(PveVersion version);

}  // namespace gantry::lab

// /access/**.
// Source: pve-access-control PVE/API2/{User,Role,ACL,AccessControl}.pm.
#include "pkg/base/text.h"
#include "pkg/lab/model.h"
#include "pkg/lab/parameters.h"
#include "pkg/lab/router.h"
#include "pkg/lab/row.h"

namespace gantry::lab {
namespace {

Json privileges_object(const Access::Privileges& privileges) {
  Row object;
  for (const auto& [name, propagate] : privileges) object.set(name, propagate ? 1 : 0);
  return object;
}

Reply get_permissions(Model& model, const Call& call) {
  auto caller = call.caller;
  if (call.params.has("userid")) {
    const auto who = call.params.get("userid");
    const auto mark = who.find('!');
    caller.user = who.substr(0, mark);
    caller.token = mark == std::string::npos ? "" : who.substr(mark + 1);
    const bool own = caller.user == call.caller.user && call.caller.token.empty();
    if (!own && caller != call.caller) {
      if (auto no = model.access.check(call.caller, "/access", {"Sys.Audit"}); no.has_value()) {
        return std::move(*no);
      }
    }
  }
  Row object;
  if (call.params.has("path")) {
    const auto path = call.params.get("path");
    object.set(path, privileges_object(model.access.privileges(caller, path)));
    return done(std::move(object));
  }
  for (const auto& [path, privileges] : model.access.effective(caller)) {
    object.set(path, privileges_object(privileges));
  }
  return done(std::move(object));
}

// ---- users and tokens ----

Refusal check_own_or(const Model& model, const Call& call, const std::string& userid) {
  if (call.caller.user == userid) return std::nullopt;
  return model.access.check(call.caller, "/access/groups", {"User.Modify"});
}

Reply no_such_user(const std::string& userid) {
  return died("no such user ('" + userid + "')");
}

Json user_object(const Access::User& user) {
  Row object;
  object.set("enable", user.enabled ? 1 : 0).set("expire", 0);
  if (!user.comment.empty()) object.set("comment", user.comment);
  return object;
}

Reply list_users(Model& model, const Call& call) {
  Json rows = Json::array();
  for (const auto& [id, user] : model.access.users()) {
    if (check_own_or(model, call, id).has_value()) continue;
    Row row(user_object(user));
    row.set("userid", id).set("realm-type", id.substr(id.find('@') + 1));
    rows.push_back(std::move(row));
  }
  return done(std::move(rows));
}

Reply create_user(Model& model, const Call& call) {
  const auto id = call.params.get("userid");
  const auto realm = "/access/realm/" + id.substr(id.find('@') + 1);
  if (auto no = model.access.check(call.caller, realm, {"Realm.AllocateUser"}); no.has_value()) {
    return std::move(*no);
  }
  if (!model.access.add_user(id, call.params.get("password"))) {
    return died("create user failed: user '" + id + "' already exists");
  }
  model.access.users()[id].comment = call.params.get("comment");
  model.access.users()[id].enabled = call.params.flag("enable", true);
  model.save_access();
  return done();
}

Reply get_user(Model& model, const Call& call) {
  const auto id = call.params.get("userid");
  if (auto no = check_own_or(model, call, id); no.has_value()) return std::move(*no);
  const auto user = model.access.users().find(id);
  if (user == model.access.users().end()) return no_such_user(id);
  Json object = user_object(user->second);
  Row tokens;
  for (const auto& [name, token] : user->second.tokens) {
    tokens.set(name,
               Json(Json::Object{{"expire", token.expire}, {"privsep", token.privsep ? 1 : 0}}));
  }
  object.set("tokens", std::move(tokens));
  return done(std::move(object));
}

Reply update_user(Model& model, const Call& call) {
  const auto id = call.params.get("userid");
  if (auto no = model.access.check(call.caller, "/access/groups", {"User.Modify"});
      no.has_value()) {
    return std::move(*no);
  }
  const auto user = model.access.users().find(id);
  if (user == model.access.users().end()) return no_such_user(id);
  user->second.enabled = call.params.flag("enable", user->second.enabled);
  if (call.params.has("comment")) user->second.comment = call.params.get("comment");
  model.save_access();
  return done();
}

Reply delete_user(Model& model, const Call& call) {
  const auto id = call.params.get("userid");
  if (auto no = check_own_or(model, call, id); no.has_value()) return std::move(*no);
  if (!model.access.remove_user(id))
    return died("delete user failed: user '" + id + "' does not exist");
  model.save_access();
  return done();
}

Json token_object(const Access::Token& token) {
  Row object;
  object.set("expire", token.expire).set("privsep", token.privsep ? 1 : 0);
  if (!token.comment.empty()) object.set("comment", token.comment);
  return object;
}

Reply list_tokens(Model& model, const Call& call) {
  const auto id = call.params.get("userid");
  if (auto no = check_own_or(model, call, id); no.has_value()) return std::move(*no);
  const auto user = model.access.users().find(id);
  if (user == model.access.users().end()) return no_such_user(id);
  Json rows = Json::array();
  for (const auto& [name, token] : user->second.tokens) {
    Row row(token_object(token));
    row.set("tokenid", name);
    rows.push_back(std::move(row));
  }
  return done(std::move(rows));
}

Reply get_token(Model& model, const Call& call) {
  const auto id = call.params.get("userid");
  const auto name = call.params.get("tokenid");
  if (auto no = check_own_or(model, call, id); no.has_value()) return std::move(*no);
  const auto user = model.access.users().find(id);
  if (user == model.access.users().end()) return no_such_user(id);
  const auto token = user->second.tokens.find(name);
  if (token == user->second.tokens.end()) {
    return died("no such token '" + name + "' for user '" + id + "'");
  }
  return done(token_object(token->second));
}

// The answer says privsep as a text, every other one as a number (observed).
Reply create_token(Model& model, const Call& call) {
  const auto id = call.params.get("userid");
  const auto name = call.params.get("tokenid");
  if (auto no = check_own_or(model, call, id); no.has_value()) return std::move(*no);
  const auto user = model.access.users().find(id);
  if (user == model.access.users().end()) return no_such_user(id);
  if (user->second.tokens.contains(name)) return bad_parameter("tokenid", "Token already exists.");
  Access::Token token;
  token.privsep = call.params.flag("privsep", true);
  token.expire = call.params.integer("expire", 0);
  token.comment = call.params.get("comment");
  token.secret = model.random.uuid().get();
  Row info;
  info.set("privsep", token.privsep ? "1" : "0");
  Row answer;
  answer.set("full-tokenid", id + "!" + name).set("value", token.secret);
  answer.set("info", std::move(info));
  user->second.tokens[name] = std::move(token);
  model.save_access();
  return done(std::move(answer));
}

Reply update_token(Model& model, const Call& call) {
  const auto id = call.params.get("userid");
  const auto name = call.params.get("tokenid");
  if (auto no = check_own_or(model, call, id); no.has_value()) return std::move(*no);
  const auto user = model.access.users().find(id);
  if (user == model.access.users().end()) return no_such_user(id);
  const auto it = user->second.tokens.find(name);
  if (it == user->second.tokens.end()) {
    return died("no such token '" + name + "' for user '" + id + "'");
  }
  auto& token = it->second;
  token.privsep = call.params.flag("privsep", token.privsep);
  token.expire = call.params.integer("expire", token.expire);
  if (call.params.has("comment")) token.comment = call.params.get("comment");
  for (const auto& key : list_of(call.params.get("delete"))) {
    if (key == "comment") token.comment.clear();
    if (key == "expire") token.expire = 0;
  }
  Row answer(token_object(token));
  if (call.params.flag("regenerate")) {
    token.secret = model.random.uuid().get();
    answer = Row();
    answer.set("full-tokenid", id + "!" + name).set("value", token.secret);
    answer.set("info", token_object(token));
  }
  model.save_access();
  return done(std::move(answer));
}

Reply delete_token(Model& model, const Call& call) {
  const auto id = call.params.get("userid");
  const auto name = call.params.get("tokenid");
  if (auto no = check_own_or(model, call, id); no.has_value()) return std::move(*no);
  const auto user = model.access.users().find(id);
  if (user == model.access.users().end()) return no_such_user(id);
  if (user->second.tokens.erase(name) == 0) {
    return died("no such token '" + name + "' for user '" + id + "'");
  }
  model.save_access();
  return done();
}

// ---- roles and access lists ----

Reply list_roles(Model& model, const Call&) {
  Json rows = Json::array();
  for (const auto& [name, privileges] : model.access.roles()) {
    Row row;
    row.set("roleid", name).set("special", model.access.is_builtin_role(name) ? 1 : 0);
    row.set("privs", join({privileges.begin(), privileges.end()}, ","));
    rows.push_back(std::move(row));
  }
  return done(std::move(rows));
}

Reply get_role(Model& model, const Call& call) {
  const auto id = call.params.get("roleid");
  const auto role = model.access.roles().find(id);
  if (role == model.access.roles().end()) return died("role '" + id + "' does not exist");
  Row object;
  for (const auto& privilege : role->second) object.set(privilege, 1);
  return done(std::move(object));
}

Reply set_role(Model& model, const Call& call) {
  const auto id = call.params.get("roleid");
  const bool exists = model.access.roles().contains(id);
  if (call.method == "POST" && exists) {
    return died("create role failed: role '" + id + "' already exists");
  }
  if (call.method == "PUT" && !exists) return died("role '" + id + "' does not exist");
  const auto names = list_of(call.params.get("privs"));
  std::set<std::string> privileges(names.begin(), names.end());
  for (const auto& privilege : privileges) {
    if (!model.access.is_privilege(privilege)) {
      return bad_parameter("privs", "invalid format - invalid privilege '" + privilege + "'\n");
    }
  }
  if (call.params.flag("append") && exists) {
    const auto& old = model.access.roles().at(id);
    privileges.insert(old.begin(), old.end());
  }
  model.access.set_role(id, std::move(privileges));
  model.save_access();
  return done();
}

Reply delete_role(Model& model, const Call& call) {
  const auto id = call.params.get("roleid");
  if (!model.access.roles().contains(id)) {
    return died("delete role failed: role '" + id + "' does not exist");
  }
  if (model.access.is_builtin_role(id)) {
    return died("delete role failed: auto-generated role '" + id + "' cannot be deleted");
  }
  model.access.remove_role(id);
  model.save_access();
  return done();
}

Reply list_acl(Model& model, const Call& call) {
  Json rows = Json::array();
  for (const auto& [path, entries] : model.access.acl()) {
    if (!model.access.may(call.caller, path, "Permissions.Modify")) continue;
    for (const auto& [who, roles] : entries) {
      for (const auto& [role, propagate] : roles) {
        Row row;
        row.set("path", path).set("ugid", who).set("roleid", role);
        row.set("type", who.find('!') == std::string::npos ? "user" : "token");
        row.set("propagate", propagate ? 1 : 0);
        rows.push_back(std::move(row));
      }
    }
  }
  return done(std::move(rows));
}

Reply change_acl(Model& model, const Call& call) {
  const auto path = call.params.get("path");
  if (auto no = model.access.check_modify(call.caller, path); no.has_value()) {
    return std::move(*no);
  }
  auto everybody = list_of(call.params.get("users"));
  for (const auto& token : list_of(call.params.get("tokens"))) everybody.push_back(token);
  if (everybody.empty()) {
    return bad_parameter("users", "property is missing and it is not optional");
  }
  for (const auto& who : everybody) {
    const auto user = who.substr(0, who.find('!'));
    if (!model.access.users().contains(user)) return died("user '" + user + "' does not exist");
  }
  for (const auto& role : list_of(call.params.get("roles"))) {
    if (!model.access.roles().contains(role)) return died("role '" + role + "' does not exist");
    for (const auto& who : everybody) {
      if (call.params.flag("delete")) {
        model.access.revoke(path, who, role);
      } else {
        model.access.grant(path, who, role, call.params.flag("propagate", true));
      }
    }
  }
  model.save_access();
  return done();
}

}  // namespace

void add_access_routes(std::vector<Route>& routes) {
  const std::string user = "/access/users/{userid}";
  const std::string token = user + "/token/{tokenid}";
  routes.push_back({"GET", "/access/permissions", get_permissions});
  routes.push_back({"GET", "/access/users", list_users});
  routes.push_back({"POST", "/access/users", create_user});
  routes.push_back({"GET", user, get_user});
  routes.push_back({"PUT", user, update_user});
  routes.push_back({"DELETE", user, delete_user});
  routes.push_back({"GET", user + "/token", list_tokens});
  routes.push_back({"GET", token, get_token});
  routes.push_back({"POST", token, create_token});
  routes.push_back({"PUT", token, update_token});
  routes.push_back({"DELETE", token, delete_token});
  routes.push_back({"GET", "/access/roles", list_roles});
  routes.push_back({"POST", "/access/roles", set_role});
  routes.push_back({"GET", "/access/roles/{roleid}", get_role});
  routes.push_back({"PUT", "/access/roles/{roleid}", set_role});
  routes.push_back({"DELETE", "/access/roles/{roleid}", delete_role});
  routes.push_back({"GET", "/access/acl", list_acl});
  routes.push_back({"PUT", "/access/acl", change_acl});
}

}  // namespace gantry::lab

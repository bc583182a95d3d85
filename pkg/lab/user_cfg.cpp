// Access as text: the lines of /etc/pve/user.cfg, with tokens' secrets in lines of their own.
// Source: pve-access-control PVE/AccessControl.pm, parse_user_config and write_user_config.
#include "pkg/base/text.h"
#include "pkg/lab/access.h"

namespace gantry::lab {
namespace {

using Fields = std::vector<std::string>;

std::string field(const Fields& fields, size_t index) {
  return index < fields.size() ? fields[index] : std::string();
}

std::string decoded(const Fields& fields, size_t index) {
  return url_decode(field(fields, index)).value_or("");
}

std::string guest_list(const std::set<VmId>& guests) {
  std::vector<std::string> texts;
  for (const auto& vmid : guests) texts.push_back(std::to_string(vmid.get()));
  return join(texts, ",");
}

}  // namespace

std::string Access::to_user_cfg() const {
  std::string text;
  for (const auto& [id, user] : users_) {
    text += "user:" + id + ":" + (user.enabled ? "1" : "0") + ":0::::" + url_encode(user.comment) +
            "::\n";
    if (!user.password.empty()) text += "password:" + id + ":" + url_encode(user.password) + "\n";
    for (const auto& [name, token] : user.tokens) {
      text += "token:" + id + "!" + name + ":" + std::to_string(token.expire) + ":" +
              (token.privsep ? "1" : "0") + ":" + url_encode(token.comment) + ":\n";
      text += "secret:" + id + "!" + name + ":" + token.secret + "\n";
    }
  }
  for (const auto& [name, pool] : pools_) {
    text +=
        "pool:" + name + ":" + url_encode(pool.comment) + ":" + guest_list(pool.guests) + "::\n";
  }
  for (const auto& [name, privileges] : roles_) {
    if (is_builtin_role(name)) continue;
    text += "role:" + name + ":" + join({privileges.begin(), privileges.end()}, ",") + ":\n";
  }
  for (const auto& [path, entries] : acl_) {
    for (const auto& [who, roles] : entries) {
      for (const auto& [role, propagate] : roles) {
        text += std::string("acl:") + (propagate ? "1" : "0") + ":" + path + ":" + who + ":" +
                role + ":\n";
      }
    }
  }
  return text;
}

void Access::load_user_cfg(const std::string& text) {
  for (const auto& line : split(text, '\n')) {
    const auto fields = split(line, ':');
    const auto kind = field(fields, 0);
    const auto name = field(fields, 1);
    const auto mark = name.find('!');
    if (kind == "user") {
      users_[name].enabled = field(fields, 2) == "1";
      users_[name].comment = decoded(fields, 7);
    } else if (kind == "password") {
      users_[name].password = decoded(fields, 2);
    } else if (kind == "token" && mark != std::string::npos) {
      auto& token = users_[name.substr(0, mark)].tokens[name.substr(mark + 1)];
      token.expire = parse_integer(field(fields, 2)).value_or(0);
      token.privsep = field(fields, 3) == "1";
      token.comment = decoded(fields, 4);
    } else if (kind == "secret" && mark != std::string::npos) {
      users_[name.substr(0, mark)].tokens[name.substr(mark + 1)].secret = field(fields, 2);
    } else if (kind == "pool") {
      pools_[name].comment = decoded(fields, 2);
      for (const auto& id : split(field(fields, 3), ',')) {
        if (const auto vmid = parse_integer(id); vmid.has_value()) set_pool(VmId(*vmid), name);
      }
    } else if (kind == "role") {
      const auto privileges = split(field(fields, 2), ',');
      roles_[name] = {privileges.begin(), privileges.end()};
      roles_[name].erase("");
    } else if (kind == "acl") {
      grant(field(fields, 2), field(fields, 3), field(fields, 4), name == "1");
    }
  }
}

}  // namespace gantry::lab

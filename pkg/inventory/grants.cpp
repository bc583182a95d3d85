#include "pkg/inventory/grants.h"

#include <algorithm>
#include <vector>

#include "pkg/base/text.h"

namespace gantry::inventory {
namespace {

std::string_view role_with(std::string_view privilege) {
  if (privilege == "VM.Migrate") return "GantryMoves";
  if (privilege == "Sys.Audit") return "GantryAudit";
  if (privilege == "Sys.Modify") return "GantryBridges";
  if (starts_with(privilege, "Datastore.")) return "GantryStorage";
  if (starts_with(privilege, "SDN.")) return "GantryNetwork";
  return starts_with(privilege, "VM.") || privilege == "Pool.Audit" ? "GantryGuests" : "";
}

// Where role.sh would grant it; capitals are for a person to fill in.
std::string place_of(std::string path, const Grantee& grantee) {
  if (path == "/storage/*") return "/storage/STORAGE";
  if (path == "/sdn/zones/*") return "/sdn/zones/localnetwork";
  if (starts_with(path, "/nodes/")) return "/nodes";
  if (!starts_with(path, "/vms/")) return path;
  return grantee.pool.empty() ? "/vms" : "/pool/" + grantee.pool;
}

// What goes into a command that a person will paste: no quotes are needed for it.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/@._-!").find(c) != std::string_view::npos;
  });
}

}  // namespace

std::string grant_line(std::string path, std::string_view privilege, const Grantee& grantee) {
  const auto role = role_with(privilege);
  const auto place = place_of(std::move(path), grantee);
  if (role.empty() || !is_plain(place) || !is_plain(grantee.user)) return "";
  const auto mark = grantee.user.find('!');
  auto line = "pveum acl modify " + place + " --users " + grantee.user.substr(0, mark);
  // In single quotes: an interactive shell makes something else of "!".
  if (mark != std::string::npos) line += " --tokens '" + grantee.user + "'";
  line += " --roles " + std::string(role);
  return place == "/" ? line + " --propagate 0" : line;
}

std::string grant_lines(const std::set<std::string>& missing, const Grantee& grantee) {
  std::vector<std::string> lines;
  for (const auto& need : missing) {
    const auto colon = need.find(": ");
    if (colon == std::string::npos) continue;
    auto line = grant_line(need.substr(0, colon), need.substr(colon + 2), grantee);
    const bool is_new = std::ranges::find(lines, line) == lines.end();
    if (!line.empty() && is_new) lines.push_back(std::move(line));
  }
  return join(lines, " && ");
}

std::string grant_line_for(std::string_view refusal, const Grantee& grantee) {
  const auto open = refusal.find("(/");
  const auto comma = refusal.find(", ", open);
  const auto close = refusal.find_first_of(")|", open);
  if (open == std::string_view::npos || comma == std::string_view::npos || close <= comma)
    return "";
  const std::string path(refusal.substr(open + 1, comma - open - 1));
  return grant_line(path, trim(refusal.substr(comma + 2, close - comma - 2)), grantee);
}

}  // namespace gantry::inventory

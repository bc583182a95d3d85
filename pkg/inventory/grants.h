#pragma once
// The command of Proxmox that grants what our token lacks, with the roles of deploy/pve/role.sh.
#include <set>
#include <string>
#include <string_view>

namespace gantry::inventory {

// Whom we speak as, and where our guests live.
struct Grantee {
  std::string user;  // "gantry@pve" or, of a token, "gantry@pve!daemon"
  std::string pool;  // empty: no pool
};

// "pveum acl modify /pool/gantry --users gantry@pve --roles GantryGuests". A token's rights are at
// most its user's, and with privilege separation only its own: both are granted. Empty for a
// privilege that none of the roles has.
std::string grant_line(std::string path, std::string_view privilege, const Grantee& grantee);

// For the needs that do not hold ("/pool/gantry: VM.Audit"): each line once, joined by " && ".
std::string grant_lines(const std::set<std::string>& missing, const Grantee& grantee);

// For what Proxmox says when it refuses: "… (/storage/local, Datastore.AllocateSpace)". Empty when
// it names no path and privilege.
std::string grant_line_for(std::string_view refusal, const Grantee& grantee);

}  // namespace gantry::inventory

#include "pkg/inventory/grants.h"

#include "pkg/base/testing.h"

namespace gantry::inventory {
namespace {

const Grantee kToken{"gantry@pve!daemon", "gantry"};
const Grantee kUser{"gantry@pve", ""};

// CON-004.
TEST(GrantLine, GrantsAUserAndItsTokenTheRoleThatHasIt) {
  EXPECT_EQ(grant_line("/pool/gantry", "VM.Audit", kToken),
            "pveum acl modify /pool/gantry --users gantry@pve --tokens 'gantry@pve!daemon' --roles "
            "GantryGuests");
  EXPECT_EQ(grant_line("/vms", "VM.PowerMgmt", kUser),
            "pveum acl modify /vms --users gantry@pve --roles GantryGuests");
  EXPECT_EQ(grant_line("/", "Sys.Audit", kUser),
            "pveum acl modify / --users gantry@pve --roles GantryAudit --propagate 0");
  EXPECT_EQ(grant_line("/nodes/pve1", "Sys.Modify", kUser),
            "pveum acl modify /nodes --users gantry@pve --roles GantryBridges");
  EXPECT_EQ(grant_line("/pool/gantry", "VM.Migrate", kUser),
            "pveum acl modify /pool/gantry --users gantry@pve --roles GantryMoves");
}

TEST(GrantLine, IsNoneForWhatNoRoleHasAndForNamesThatAShellWouldRead) {
  EXPECT_EQ(grant_line("/access", "Realm.Allocate", kUser), "");
  EXPECT_EQ(grant_line("/vms", "VM.Audit", {"x@pve; reboot", ""}), "");
  EXPECT_EQ(grant_line("/pool/$(reboot)", "VM.Audit", kUser), "");
}

TEST(GrantLines, SaysEachOnce) {
  EXPECT_EQ(grant_lines({"/sdn/zones/*: SDN.Use", "/storage/*: Datastore.AllocateSpace",
                         "/storage/*: Datastore.Audit"},
                        kUser),
            "pveum acl modify /sdn/zones/localnetwork --users gantry@pve --roles GantryNetwork && "
            "pveum acl modify /storage/STORAGE --users gantry@pve --roles GantryStorage");
  EXPECT_EQ(grant_lines({}, kUser), "");
}

// Texts recorded from a 9.2 server.
TEST(GrantLineFor, ReadsWhatProxmoxRefuses) {
  EXPECT_EQ(
      grant_line_for("Permission check failed (/storage/fast, Datastore.AllocateSpace)", kUser),
      "pveum acl modify /storage/fast --users gantry@pve --roles GantryStorage");
  EXPECT_EQ(grant_line_for("create: Permission check failed (/vms/100, VM.Allocate)", kToken),
            grant_line("/pool/gantry", "VM.Allocate", kToken));
  EXPECT_EQ(
      grant_line_for("Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)", kUser),
      "pveum acl modify /sdn/zones/localnetwork/vmbr0 --users gantry@pve --roles "
      "GantryNetwork");
  EXPECT_EQ(grant_line_for("Permission check failed", kUser), "");
  EXPECT_EQ(grant_line_for("Permission check failed (pool 'nope' does not exist)", kUser), "");
  EXPECT_EQ(grant_line_for("Permission check failed (mount point type bind is only allowed for "
                           "root@pam)",
                           kUser),
            "");
}

}  // namespace
}  // namespace gantry::inventory

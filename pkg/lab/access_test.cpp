#include "pkg/lab/access.h"

#include <gmock/gmock.h>

#include "pkg/lab/lab.h"

namespace gantry::lab {
namespace {

const Caller kBob{"bob@pve", ""};

struct Users {
  Users() : access(PveVersion::v9_2) { access.add_user("bob@pve", ""); }
  Access access;
};

TEST(Access, TheDeepestEntryReplacesWhatComesFromAbove) {
  Users users;
  users.access.grant("/", "bob@pve", "PVEAuditor", true);
  users.access.grant("/vms/100", "bob@pve", "PVEVMUser", true);
  EXPECT_TRUE(users.access.may(kBob, "/vms/101", "VM.Audit"));
  EXPECT_FALSE(users.access.may(kBob, "/vms/100", "Sys.Audit"));
  EXPECT_TRUE(users.access.may(kBob, "/vms/100", "VM.PowerMgmt"));
}

TEST(Access, WithoutPropagationOnlyThePathItselfHasIt) {
  Users users;
  users.access.grant("/", "bob@pve", "PVEAuditor", false);
  EXPECT_TRUE(users.access.may(kBob, "/", "Sys.Audit"));
  EXPECT_FALSE(users.access.may(kBob, "/nodes/pve1", "Sys.Audit"));
}

TEST(Access, AGuestHasWhatItsPoolHasWithoutPassingItOn) {
  Users users;
  users.access.add_pool("p", "");
  users.access.grant("/pool/p", "bob@pve", "PVEVMUser", true);
  EXPECT_FALSE(users.access.may(kBob, "/vms/100", "VM.Audit"));
  users.access.set_pool(VmId(100), "p");
  EXPECT_FALSE(users.access.privileges(kBob, "/vms/100").at("VM.Audit"));
  EXPECT_TRUE(users.access.privileges(kBob, "/pool/p").at("VM.Audit"));
  users.access.set_pool(VmId(100), "");
  EXPECT_FALSE(users.access.may(kBob, "/vms/100", "VM.Audit"));
}

TEST(Access, ASeparatedTokenHasOnlyWhatBothHave) {
  Users users;
  users.access.users()["bob@pve"].tokens["aa"] = {true, "s", 0, ""};
  const Caller token{"bob@pve", "aa"};
  users.access.grant("/vms", "bob@pve", "PVEVMUser", true);
  EXPECT_TRUE(users.access.effective(token).empty());
  users.access.grant("/vms", "bob@pve!aa", "PVEAuditor", true);
  EXPECT_TRUE(users.access.may(token, "/vms/1", "VM.Audit"));
  EXPECT_FALSE(users.access.may(token, "/vms/1", "Sys.Audit"));
  EXPECT_FALSE(users.access.may(token, "/vms/1", "VM.PowerMgmt"));
}

TEST(Access, NoAccessTakesEverything) {
  Users users;
  users.access.grant("/vms", "bob@pve", "PVEVMAdmin", true);
  users.access.grant("/vms/100", "bob@pve", "NoAccess", true);
  EXPECT_FALSE(users.access.may(kBob, "/vms/100", "VM.Audit"));
}

TEST(Access, APrivilegeOfVersion8IsUnknownTo9) {
  EXPECT_TRUE(Access(PveVersion::v8_4).set_role("Old", {"VM.Monitor"}));
  EXPECT_FALSE(Access(PveVersion::v9_2).set_role("Old", {"VM.Monitor"}));
}

TEST(Access, UserCfgReadsBackAsItWasWritten) {
  Users users;
  users.access.add_pool("p", "a:b");
  users.access.set_pool(VmId(100), "p");
  users.access.set_role("Mine", {"VM.Audit", "Sys.Audit"});
  users.access.grant("/pool/p", "bob@pve!aa", "Mine", false);
  users.access.users()["bob@pve"].tokens["aa"] = {true, "secret", 0, "c"};
  const auto text = users.access.to_user_cfg();
  Access again(PveVersion::v9_2);
  again.load_user_cfg(text);
  EXPECT_EQ(again.to_user_cfg(), text);
  EXPECT_EQ(again.pool_of(VmId(100)), "p");
}

}  // namespace
}  // namespace gantry::lab

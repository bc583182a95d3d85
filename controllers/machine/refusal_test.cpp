#include "controllers/machine/refusal.h"

#include "pkg/base/testing.h"

namespace gantry::controllers::machine {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// CON-004.
TEST(ExplainRefusal, AMissingPrivilegeComesWithTheCommandThatGrantsIt) {
  Observation world;
  world.user = "gantry@pve!daemon";
  world.pool = "gantry";
  const auto refused = [](const char* text) {
    return with_code(make_error(ErrorClass::permission, text), "CON-004");
  };
  const auto storage = explain_refusal(
      refused("Permission check failed (/storage/fast, Datastore.AllocateSpace)"), world);
  EXPECT_EQ(storage.code, "CON-004");
  EXPECT_EQ(storage.reason, "MissingPrivilege");
  EXPECT_THAT(storage.message,
              HasSubstr("pveum acl modify /storage/fast --users gantry@pve --tokens "
                        "'gantry@pve!daemon' --roles GantryStorage"));
  EXPECT_EQ(explain_refusal(refused("Permission check failed"), world).message,
            "Permission check failed");
}

TEST(ExplainRefusal, WhatHighAvailabilityKeepsComesWithTheCommandThatLetsItGo) {
  Observation world;
  world.row.emplace().vmid = VmId(152);
  const auto text = "unable to remove CT 152 - used in HA resources and purge parameter not set.";
  const auto words =
      explain_refusal(with_code(make_error(ErrorClass::invalid, text), "SAF-008"), world);
  EXPECT_EQ(words.reason, "DeleteBlocked");
  EXPECT_THAT(words.message, HasSubstr("ha-manager remove ct:152"));
}

TEST(ExplainRefusal, WhatRootAloneMaySetIsGrantedToNobody) {
  const auto text = "Permission check failed (changing feature flags is only allowed for root@pam)";
  const auto words =
      explain_refusal(with_code(make_error(ErrorClass::permission, text), "CON-005"), {});
  EXPECT_EQ(words.code, "CON-005");
  EXPECT_THAT(words.message, Not(HasSubstr("pveum")));
}

}  // namespace
}  // namespace gantry::controllers::machine

#include "pkg/pve/conformance/tests.h"

namespace gantry::pve::conformance {
namespace {

using testing::Fails;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;

const Upid kUnknownTask("UPID:pve1:00000521:00038675:6B00B900:vzstart:100:root@pam:");

void an_id_is_given_once(World& world) {
  auto& client = world.client();
  const auto vmid = make_guest(world);
  EXPECT_THAT(world.run(client.is_vmid_free(vmid)), IsOkAndHolds(false));
  EXPECT_THAT(world.run(client.create_guest(world.node(), vmid, world.small_container())),
              Fails(ErrorClass::already_exists));
  EXPECT_THAT(world.run(client.is_vmid_free(world.new_vmid())), IsOkAndHolds(true));
}

void an_old_digest_is_a_conflict(World& world) {
  const auto vmid = make_guest(world);
  const auto old = config_of(world, vmid).digest;
  auto& client = world.client();
  EXPECT_THAT(world.run(client.configure_guest(world.node(), vmid, {{"memory", "300"}}, {}, old)),
              IsOk());
  EXPECT_THAT(world.run(client.configure_guest(world.node(), vmid, {{"memory", "400"}}, {}, old)),
              Fails(ErrorClass::conflict));
  EXPECT_EQ(config_of(world, vmid).find("memory"), "300");
}

void a_lock_holds_everything(World& world) {
  auto& client = world.client();
  const auto vmid = make_guest(world);
  world.set_lock(vmid, "backup");
  EXPECT_EQ(config_of(world, vmid).find("lock"), "backup");
  EXPECT_THAT(world.run(client.configure_guest(world.node(), vmid, {{"memory", "300"}}, {}, "")),
              Fails(ErrorClass::locked));
  DestroyOptions options;
  options.force = true;
  EXPECT_THAT(world.run(client.destroy_guest(world.node(), vmid, options)),
              Fails(ErrorClass::locked));
  // Only the start's task finds out.
  EXPECT_THAT(finish(world, world.run(client.start_guest(world.node(), vmid))),
              Fails(ErrorClass::task_failed, HasSubstr("locked (backup)")));
  world.set_lock(vmid, "");
  EXPECT_THAT(finish(world, world.run(client.start_guest(world.node(), vmid))), IsOk());
}

void the_wrong_state_is_a_conflict(World& world) {
  auto& client = world.client();
  const auto vmid = make_guest(world);
  EXPECT_THAT(world.run(client.stop_guest(world.node(), vmid)), Fails(ErrorClass::conflict));
  EXPECT_THAT(world.run(client.shutdown_guest(world.node(), vmid, std::chrono::seconds(5))),
              Fails(ErrorClass::conflict));
  EXPECT_THAT(finish(world, world.run(client.start_guest(world.node(), vmid))), IsOk());
  EXPECT_THAT(world.run(client.start_guest(world.node(), vmid)), Fails(ErrorClass::conflict));
  EXPECT_THAT(world.run(client.destroy_guest(world.node(), vmid, DestroyOptions{})),
              Fails(ErrorClass::conflict));
  EXPECT_TRUE(is_running(world, vmid));
  EXPECT_THAT(finish(world, world.run(client.stop_guest(world.node(), vmid))), IsOk());
}

void what_is_missing_is_missing(World& world) {
  auto& client = world.client();
  const auto vmid = world.new_vmid();
  EXPECT_THAT(world.run(client.guest_config(world.node(), vmid)), IsMissing());
  EXPECT_THAT(world.run(client.guest_status(world.node(), vmid)), IsMissing());
  EXPECT_THAT(world.run(client.configure_guest(world.node(), vmid, {{"memory", "300"}}, {}, "")),
              IsMissing());
  EXPECT_THAT(world.run(client.destroy_guest(world.node(), vmid, DestroyOptions{})), IsMissing());
  EXPECT_THAT(world.run(client.task(kUnknownTask)), Fails(ErrorClass::not_found));
  EXPECT_THAT(world.run(client.task(Upid("garbage"))), Fails(ErrorClass::invalid));
}

void a_bad_parameter_is_named(World& world) {
  const auto vmid = make_guest(world);
  EXPECT_THAT(
      world.run(world.client().configure_guest(world.node(), vmid, {{"memory", "much"}}, {}, "")),
      Fails(ErrorClass::invalid, HasSubstr("memory")));
}

void a_missing_template_fails_in_the_task_and_leaves_nothing(World& world) {
  auto& client = world.client();
  const auto vmid = world.new_vmid();
  auto parameters = world.small_container();
  parameters["ostemplate"] = world.storage().get() + ":vztmpl/no-such-template.tar.zst";
  const auto status = finish(world, world.run(client.create_guest(world.node(), vmid, parameters)));
  EXPECT_THAT(status, Fails(ErrorClass::task_failed, HasSubstr("no-such-template")));
  EXPECT_EQ(catalogue_code(status), "TPL-001");
  EXPECT_THAT(world.run(client.is_vmid_free(vmid)), IsOkAndHolds(true));
}

void a_stranger_sees_empty_lists_and_may_nothing(World& world) {
  const auto vmid = make_guest(world);
  auto& stranger = world.stranger();
  EXPECT_THAT(world.run(stranger.version()), IsOk());
  EXPECT_THAT(world.run(stranger.permissions()), IsOkAndHolds(IsEmpty()));
  const auto resources = world.run(stranger.resources());
  ASSERT_THAT(resources, IsOk());
  EXPECT_THAT(resources->guests, IsEmpty());
  EXPECT_THAT(world.run(stranger.cluster_status()), Fails(ErrorClass::permission));
  EXPECT_THAT(world.run(stranger.guest_config(world.node(), vmid)), Fails(ErrorClass::permission));
  EXPECT_THAT(world.run(stranger.start_guest(world.node(), vmid)), Fails(ErrorClass::permission));
  EXPECT_THAT(world.run(stranger.destroy_guest(world.node(), vmid, DestroyOptions{})),
              Fails(ErrorClass::permission));
  EXPECT_THAT(
      world.run(stranger.create_guest(world.node(), world.new_vmid(), world.small_container())),
      Fails(ErrorClass::permission));
  // But whether an id is taken everybody may ask.
  EXPECT_THAT(world.run(stranger.is_vmid_free(vmid)), IsOkAndHolds(false));
}

}  // namespace

const std::vector<ContractTest>& error_tests() {
  static const std::vector<ContractTest> tests{
      {"AnIdIsGivenOnce", an_id_is_given_once},
      {"AnOldDigestIsAConflict", an_old_digest_is_a_conflict},
      {"ALockHoldsEverything", a_lock_holds_everything},
      {"TheWrongStateIsAConflict", the_wrong_state_is_a_conflict},
      {"WhatIsMissingIsMissing", what_is_missing_is_missing},
      {"ABadParameterIsNamed", a_bad_parameter_is_named},
      {"AMissingTemplateFailsInTheTaskAndLeavesNothing",
       a_missing_template_fails_in_the_task_and_leaves_nothing},
      {"AStrangerSeesEmptyListsAndMayNothing", a_stranger_sees_empty_lists_and_may_nothing},
  };
  return tests;
}

}  // namespace gantry::pve::conformance

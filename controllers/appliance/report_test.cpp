#include "controllers/appliance/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/meta/condition.h"

namespace gantry::controllers::appliance {
namespace {

using api::meta::Condition;
using api::meta::ConditionStatus;
using ::testing::HasSubstr;

// "ContainerReady" of an Appliance whose Machine says so.
Condition container_of(std::optional<int64_t> vmid, const std::string& reason,
                       const std::string& code) {
  api::v1alpha1::Appliance appliance;
  appliance.metadata.name = "lan";
  appliance.spec.vmid = vmid;
  Facts facts;
  facts.machine = api::v1alpha1::Machine();
  Condition ready;
  ready.type = "Ready";
  ready.status = ConditionStatus::no;
  ready.reason = reason;
  ready.code = code;
  ready.message = "VMID 9999 belongs to somebody else, and spec.vmid asks for it";
  facts.machine->status.conditions = {ready};
  judge(appliance, Plan(), facts, LeaseTable(), InsideView(), from_unix_seconds(1'800'000'000));
  return *api::meta::find_condition(appliance.status.conditions, "ContainerReady");
}

TEST(Report, AFixedIdThatIsTakenIsTheAppliancesToChange) {
  const auto fixed = container_of(9999, "VMIDForeign", "CT-001");
  EXPECT_EQ(fixed.code, "APL-001");
  EXPECT_EQ(fixed.reason, "VMIDTaken");
  EXPECT_THAT(fixed.message, HasSubstr("VMID 9999 belongs to somebody else"));
  EXPECT_THAT(fixed.message, HasSubstr("without spec.vmid it gets an id of the range"));
}

TEST(Report, WhateverElseItsMachineSaysStandsAsItIs) {
  EXPECT_EQ(container_of(9999, "StartFailed", "CT-005").code, "CT-005");
  EXPECT_EQ(container_of(std::nullopt, "VMIDForeign", "CT-001").code, "CT-001");
  EXPECT_EQ(container_of(9999, "CreateUnclear", "CT-001").code, "CT-001");
}

}  // namespace
}  // namespace gantry::controllers::appliance

#include "controllers/machine/resume.h"

#include "controllers/machine/ledger.h"
#include "controllers/machine/testing.h"
#include "pkg/base/testing.h"

namespace gantry::controllers::machine {
namespace {

// CT-006.
TEST(Resumed, SaysAtWhichStepAHalfMadeContainerGoesOn) {
  api::v1alpha1::MachineStatus status;
  Plan plan;
  plan.step = steps::kStart;
  EXPECT_FALSE(resumed(status, plan).has_value());
  finish_step(status, steps::kCreate, kNow, "");
  const auto told = resumed(status, plan);
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->code, "CT-006");
  EXPECT_EQ(told->message, "gantryd was restarted: continuing at step start, 4 of 7");
  plan.situation = Situation::unknown;
  EXPECT_FALSE(resumed(status, plan).has_value());
  plan.situation = Situation::waiting;
  plan.step = steps::kDestroy;
  EXPECT_FALSE(resumed(status, plan).has_value());
  plan.step = steps::kNetwork;
  finish_step(status, steps::kReady, kNow, "");
  EXPECT_FALSE(resumed(status, plan).has_value());
}

}  // namespace
}  // namespace gantry::controllers::machine

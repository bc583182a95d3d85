#include "controllers/machine/ledger.h"

#include <gtest/gtest.h>

#include "controllers/machine/testing.h"

namespace gantry::controllers::machine {
namespace {

using namespace std::chrono_literals;

TEST(Ledger, PacesRetriesByFailuresInARow) {
  MachineStatus status;
  EXPECT_EQ(next_attempt(status, "create"), std::nullopt);
  Duration pause = 5s;
  for (int i = 0; i < 8; ++i) {
    begin_step(status, "create", kNow);
    fail_step(status, "create", kNow, "no");
    EXPECT_EQ(next_attempt(status, "create"), kNow + pause) << i;
    pause = std::min<Duration>(pause * 2, 5min);
  }
  EXPECT_EQ(find_step(status, "create")->attempts, 8);
}

TEST(Ledger, ForgetsFailuresOnceAStepHasHeldForTenMinutes) {
  MachineStatus status;
  begin_step(status, "start", kNow);
  begin_step(status, "start", kNow);
  finish_step(status, "start", kNow, "");
  EXPECT_EQ(begin_step(status, "start", kNow + 9min).attempts, 3);
  finish_step(status, "start", kNow + 9min, "");
  EXPECT_EQ(begin_step(status, "start", kNow + 20min).attempts, 1);
}

TEST(Ledger, KeepsWhenAStepWasFirstDone) {
  MachineStatus status;
  finish_step(status, "create", kNow, "");
  finish_step(status, "create", kNow + 1h, "again");
  EXPECT_EQ(find_step(status, "create")->finished_at, kNow);
}

TEST(Ledger, AResetStepKeepsItsAttemptsUnlessForgotten) {
  MachineStatus status;
  begin_step(status, "create", kNow);
  reset_step(status, "create", false);
  EXPECT_TRUE(is_step(status, "create", StepState::pending));
  EXPECT_EQ(find_step(status, "create")->attempts, 1);
  reset_step(status, "create", true);
  EXPECT_EQ(find_step(status, "create"), nullptr);
}

}  // namespace
}  // namespace gantry::controllers::machine

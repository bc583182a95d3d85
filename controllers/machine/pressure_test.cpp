#include "controllers/machine/pressure.h"

#include <gmock/gmock.h>

#include "api/meta/condition.h"
#include "controllers/machine/testing.h"

namespace gantry::controllers::machine {
namespace {

using std::chrono::minutes;
using ::testing::HasSubstr;

class Pressure : public ::testing::Test {
 protected:
  Pressure() {
    shape.spec.resources.cores = 2;
    status.running = true;
  }
  // Looks at it, and shows what is found.
  void look(double cpu, Time now) {
    status.cpu = cpu;
    since = saturated_since(since, machine, shape, status, now);
    show_pressure(machine, shape, since, now);
  }
  std::string said() const {
    const auto* found = api::meta::find_condition(machine.status.conditions, "ResourcePressure");
    return found == nullptr ? "nothing" : found->code + " " + found->message;
  }

  api::v1alpha1::Machine machine;
  api::v1alpha1::MachineClass shape;
  pve::GuestStatus status;
  std::optional<Time> since;
};

TEST_F(Pressure, IsToldAfterTenMinutesAndTakenBackAtOnce) {
  look(1.95, kNow);
  look(1.85, kNow + minutes(9));
  EXPECT_EQ(said(), "nothing");
  look(2, kNow + minutes(10));
  EXPECT_THAT(said(), HasSubstr("CT-012 it has used nearly all of its 2 cores since 2027-01-15"));
  look(1.7, kNow + minutes(11));
  EXPECT_EQ(said(), "nothing");
}

TEST_F(Pressure, ABreathBeginsItAnew) {
  look(1.95, kNow);
  look(0.5, kNow + minutes(5));
  look(1.95, kNow + minutes(6));
  look(1.95, kNow + minutes(12));
  EXPECT_EQ(said(), "nothing");
}

TEST_F(Pressure, ALimitBelowTheCoresIsWhatItMayUse) {
  shape.spec.resources.cpu_limit = 0.5;
  look(0.46, kNow);
  look(0.46, kNow + minutes(10));
  EXPECT_THAT(said(), HasSubstr("its 0.5 cores"));
}

TEST_F(Pressure, ARestartTakesNothingBack) {
  look(2, kNow);
  look(2, kNow + minutes(10));
  const auto before = said();
  since.reset();
  look(2, kNow + minutes(11));
  EXPECT_EQ(said(), before);
  status.running = false;
  look(2, kNow + minutes(12));
  EXPECT_EQ(said(), "nothing");
}

}  // namespace
}  // namespace gantry::controllers::machine

#include "pkg/store/claims/claims.h"

#include <gmock/gmock.h>

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/claims/ranges.h"
#include "pkg/store/memory/memory.h"

namespace gantry::store {
namespace {

using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Two daemons over one database.
class ClaimsTest : public ::testing::Test {
 protected:
  ClaimsTest() {
    EXPECT_TRUE(run(store.start()).ok());
    EXPECT_TRUE(run(other.start()).ok());
    write("machineclasses.gantry.dev",
          R"({"kind":"MachineClass","metadata":{"name":"small"},"spec":{"clusterName":"home"}})");
    EXPECT_TRUE(run(other.sync()).ok());
  }
  ~ClaimsTest() override {
    (void)run(store.stop());
    (void)run(other.stop());
  }
  template <class T>
  T run(Async<T> operation) {
    return loop.block_on(clock, std::move(operation));
  }
  ObjectPtr write(const Resource& resource, const std::string& text) {
    auto object = *schema::parse_json(text);
    object.set("apiVersion", "gantry.dev/v1alpha1");
    auto made = run(store.create(resource, std::move(object)));
    EXPECT_TRUE(made.ok()) << made.status();
    return made.ok() ? *made : nullptr;
  }
  static std::string text(const std::string& kind, const std::string& name,
                          const std::string& owner = "") {
    return absl::StrFormat(
        R"({"apiVersion":"gantry.dev/v1alpha1","kind":"%s","metadata":{"namespace":"default",
            "name":"%s"%s},"spec":{"machineClassName":"small",
            "networks":[{"bridge":"vmbr0","ip":"10.0.0.5/24"}]}})",
        kind, name,
        owner.empty() ? ""
                      : R"(,"ownerReferences":[{"apiVersion":"gantry.dev/v1alpha1","kind":"App",
                            "uid":"u","controller":true,"name":")" +
                            owner + R"("}])");
  }
  // Who stands before it; "" when it has it now.
  std::string take(const std::string& object, bool only_look = false) {
    return taken_by(store, object, only_look);
  }
  std::string taken_by(Store& who, const std::string& object, bool only_look = false) {
    const auto refused = run(take_claims(who, *schema::parse_json(object), clock.now(), only_look));
    EXPECT_TRUE(refused.ok()) << refused.status();
    return refused.ok() && !refused->empty() ? refused->front().holder : "";
  }

  async::Loop loop;
  async::SimulatedClock clock{*from_rfc3339("2026-01-01T00:00:00Z")};
  SeededRandom random{1};
  memory::Disk disk{clock};
  memory::Database database{disk}, second{disk};
  CachedStore store{loop.executor(), database.backend(), clock, random};
  CachedStore other{loop.executor(), second.backend(), clock, random};
};

TEST_F(ClaimsTest, OfTwoDaemonsThatTakeOneAtOnceTheDatabaseLetsOneHaveIt) {
  EXPECT_EQ(take(text("App", "web")), "");
  // Its cache may not know of it yet.
  EXPECT_EQ(taken_by(other, text("App", "wiki")), "App default/web");
}

TEST_F(ClaimsTest, AnAppsMachineHasItForItsApp) {
  ASSERT_EQ(take(text("App", "web")), "");
  write("apps.gantry.dev", text("App", "web"));
  EXPECT_EQ(take(text("Machine", "web-0", "web")), "");
  write("machines.gantry.dev", text("Machine", "web-0", "web"));
  EXPECT_EQ(take(text("App", "web")), "") << "it has not lost it by that";
  EXPECT_EQ(take(text("Machine", "web-0", "web")), "");
  EXPECT_EQ(take(text("Machine", "web-1", "web")), "Machine default/web-0")
      << "of two containers of one App one has it";
  EXPECT_EQ(take(text("Machine", "alone")), "App default/web");
}

TEST_F(ClaimsTest, AsLongAsTheMachineOfAnAppThatIsGoneIsThereItIsNotFree) {
  ASSERT_EQ(take(text("App", "web")), "");
  const auto app = write("apps.gantry.dev", text("App", "web"));
  ASSERT_EQ(take(text("Machine", "web-0", "web")), "");
  const auto machine = write("machines.gantry.dev", text("Machine", "web-0", "web"));
  clock.advance(minutes(2));
  ASSERT_TRUE(run(store.remove(app->key, Precondition())).ok());
  EXPECT_EQ(take(text("App", "wiki")), "Machine default/web-0");
  ASSERT_TRUE(run(store.remove(machine->key, Precondition())).ok());
  EXPECT_EQ(take(text("App", "wiki"), true), "");
  EXPECT_EQ(take(text("Machine", "web-0", "web")), "") << "who only looks takes nothing";
}

TEST_F(ClaimsTest, AMachineThatLosesItsOwnerKeepsIt) {
  ASSERT_EQ(take(text("App", "web")), "");
  ASSERT_EQ(take(text("Machine", "web-0", "web")), "");
  write("machines.gantry.dev", text("Machine", "web-0"));
  EXPECT_EQ(take(text("Machine", "web-0")), "");
  EXPECT_EQ(take(text("App", "web")), "Machine default/web-0");
  EXPECT_EQ(take(text("Machine", "web-0", "web")), "") << "nor when it gets one";
}

TEST_F(ClaimsTest, AnAppWithoutContainersKeepsIt) {
  ASSERT_EQ(take(text("App", "web")), "");
  write("apps.gantry.dev", text("App", "web"));
  ASSERT_EQ(take(text("Machine", "web-0", "web")), "");
  clock.advance(minutes(2));
  EXPECT_EQ(take(text("App", "wiki")), "App default/web");
  EXPECT_EQ(take(text("Machine", "web-1", "web")), "") << "the first is gone";
}

TEST_F(ClaimsTest, WhatAnApplianceGivesOutNobodyMayFix) {
  const auto appliance = [](const std::string& lease) {
    return R"({"kind":"Appliance","metadata":{"namespace":"net","name":"lan"},
        "spec":{"machineClassName":"small","network":{"bridge":"lan0","cidr":"10.20.0.0/24",
          "gateway":"10.20.0.1","uplink":{"bridge":"vmbr0"},"dns":{"domain":"apps.lan"},
          "dhcp":{"range":{"from":"10.20.0.100","to":"10.20.0.200"}}}},
        "status":{"leases":[{"namespace":"home","machine":"old","uid":"u","address":")" +
           lease + R"(","mac":"02:00:00:00:00:01"}]}})";
  };
  const auto stored = write("appliances.gantry.dev", appliance("10.20.0.50"));
  ASSERT_TRUE(run(take_claims(store, stored->value, clock.now(), false)).ok());
  const auto why = [this](const std::string& address, const std::string& cluster = "home") {
    return why_given_out(store, {cluster, "lan0", 0, address});
  };
  EXPECT_THAT(why("10.20.0.150"), HasSubstr("Appliance net/lan gives out 10.20.0.100"));
  EXPECT_EQ(why("10.20.0.50"), "Appliance net/lan has given it to Machine home/old");
  EXPECT_EQ(why("10.20.0.51"), "");
  EXPECT_EQ(why("10.20.0.150", "other"), "") << "a bridge of that name on another cluster";
  EXPECT_EQ(why_given_out(store, {"home", "lan0", 20, "10.20.0.150"}), "");
}

TEST_F(ClaimsTest, ItIsHeldOnlyWhileSomebodySaysSo) {
  const std::string claim = "address.home.vmbr0.0.10.0.0.5";
  EXPECT_FALSE(is_held(store, claim, clock.now()));
  ASSERT_EQ(take(text("App", "web")), "");
  EXPECT_TRUE(is_held(store, claim, clock.now()));
  clock.advance(minutes(2));
  EXPECT_FALSE(is_held(store, claim, clock.now())) << "it never came";
}

}  // namespace
}  // namespace gantry::store

#include <gtest/gtest.h>

#include "pkg/pve/conformance/tests.h"
#include "pkg/pve/task_follower.h"

namespace gantry::pve::conformance {
namespace {

class Contract final : public ::testing::Test {
 public:
  Contract(MakeWorld make, void (*run)(World&)) : make_(std::move(make)), run_(run) {}
  void TestBody() override {
    const auto world = make_();
    ASSERT_NE(world, nullptr);
    run_(*world);
  }

 private:
  MakeWorld make_;
  void (*run_)(World&);
};

}  // namespace

bool register_tests(const char* driver, MakeWorld make) {
  const auto suite = std::string(driver) + "ClientContract";
  for (const auto* tests : {&life_tests(), &error_tests()})
    for (const auto& test : *tests)
      ::testing::RegisterTest(suite.c_str(), test.name, nullptr, nullptr, __FILE__, __LINE__,
                              [make, run = test.run]() -> ::testing::Test* {
                                return new Contract(make, run);  // gtest deletes it
                              });
  return true;
}

Status finish(World& world, const Result<Upid>& started) {
  if (!started.ok()) return started.status();
  TaskFollower follower(world.client(), world.clock());
  return world.run(follower.follow(*started, std::chrono::minutes(10))).status();
}

VmId make_guest(World& world, const std::string& description) {
  const auto vmid = world.new_vmid();
  auto parameters = world.small_container();
  if (!description.empty()) parameters["description"] = description;
  EXPECT_THAT(finish(world, world.run(world.client().create_guest(world.node(), vmid, parameters))),
              testing::IsOk());
  return vmid;
}

VmId make_guest(World& world) {
  return make_guest(world, "");
}

GuestConfig config_of(World& world, VmId vmid) {
  auto config = world.run(world.client().guest_config(world.node(), vmid));
  EXPECT_THAT(config, testing::IsOk());
  return config.ok() ? *std::move(config) : GuestConfig();
}

bool is_running(World& world, VmId vmid) {
  const auto status = world.run(world.client().guest_status(world.node(), vmid));
  EXPECT_THAT(status, testing::IsOk());
  return status.ok() && status->running;
}

}  // namespace gantry::pve::conformance

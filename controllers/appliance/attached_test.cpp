#include "controllers/appliance/attached.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gantry::controllers::appliance {
namespace {

using api::v1alpha1::App;
using api::v1alpha1::Appliance;
using api::v1alpha1::ApplianceLease;
using api::v1alpha1::Machine;
using api::v1alpha1::MachineClass;
using api::v1alpha1::Network;
using api::v1alpha1::Slot;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Network to(const std::string& ns, const std::string& name) {
  Network network;
  network.appliance_ref = api::meta::NamespacedReference{name, ns};
  return network;
}

class AttachedTest : public ::testing::Test {
 protected:
  AttachedTest() {
    appliance.metadata.ns = "net";
    appliance.metadata.name = "lan";
  }
  Machine& machine(const std::string& ns, const std::string& name) {
    auto& made = all.machines.emplace_back();
    made.metadata.ns = ns;
    made.metadata.name = name;
    made.metadata.uid = Uid(ns + "/" + name);
    return made;
  }
  App& app(const std::string& name, const std::string& host, int age) {
    auto& made = all.apps.emplace_back();
    made.metadata.ns = "home";
    made.metadata.name = name;
    made.metadata.creation_timestamp = Time(std::chrono::hours(1000 - age));
    made.spec.networks = {to("net", "lan")};
    made.spec.ports.push_back({});
    made.spec.ports.back().name = "http";
    made.spec.ports.back().port = 8080;
    api::v1alpha1::Expose expose;
    expose.host = host;
    expose.port.name = "http";
    made.spec.expose = {expose};
    return made;
  }
  std::vector<std::string> machines() {
    std::vector<std::string> names;
    for (const auto& each : attached_to(appliance, all)) names.push_back(each.uid.get());
    return names;
  }

  Appliance appliance;
  Everything all;
};

TEST_F(AttachedTest, ByItsOwnNetworksByItsClassesAndInItsOwnNamespace) {
  machine("home", "own").spec.networks = {to("net", "lan")};
  machine("net", "near").spec.networks = {to("", "lan")};
  machine("home", "far").spec.networks = {to("", "lan")};
  machine("home", "other").spec.networks = {to("net", "dmz")};
  machine("home", "plain").spec.networks = {Network()};
  machine("home", "classy").spec.machine_class_name = "inside";
  machine("home", "own-over-class").spec.machine_class_name = "inside";
  all.machines.back().spec.networks = {Network()};
  auto& shape = all.classes.emplace_back();
  shape.metadata.name = "inside";
  shape.spec.networks = {to("net", "lan")};
  EXPECT_THAT(machines(), ElementsAre("home/own", "net/near", "home/classy"));
}

TEST_F(AttachedTest, WhoeverNamesItIsAUser) {
  app("wiki", "wiki.lan", 1);
  machine("home", "wiki-0").spec.networks = {to("net", "lan")};
  auto& shape = all.classes.emplace_back();
  shape.metadata.name = "inside";
  shape.spec.networks = {to("net", "lan")};
  EXPECT_THAT(users_of(appliance, all),
              ElementsAre("App home/wiki", "Machine home/wiki-0", "MachineClass inside"));
}

TEST_F(AttachedTest, ARouteLeadsToWhatIsReadyAndLeased) {
  auto& wiki = app("wiki", "wiki.lan", 1);
  for (const char* name : {"wiki-0", "wiki-1", "wiki-2"}) {
    auto& shown = wiki.status.machines.emplace_back();
    shown.name = name;
    shown.ready = std::string(name) != "wiki-1";
  }
  std::vector<ApplianceLease> leases(2);
  leases[0].ns = leases[1].ns = "home";
  leases[0].machine = "wiki-0";
  leases[0].address = "10.20.0.100";
  leases[1].machine = "wiki-1";
  leases[1].address = "10.20.0.101";
  const auto routes = routes_of(appliance, leases, all);
  ASSERT_EQ(routes.size(), 1);
  EXPECT_EQ(routes[0].host, "wiki.lan");
  EXPECT_THAT(routes[0].upstreams, ElementsAre("10.20.0.100:8080"));
  for (auto& shown : wiki.status.machines) shown.ready = false;
  EXPECT_THAT(routes_of(appliance, leases, all)[0].upstreams,
              ElementsAre("10.20.0.100:8080", "10.20.0.101:8080"))
      << "none is ready: requests are held for those that may come back";
  for (auto& shown : wiki.status.machines) shown.step = "stopped";
  EXPECT_THAT(routes_of(appliance, leases, all)[0].upstreams, IsEmpty());
}

TEST_F(AttachedTest, ARouteLeadsToTheSetThatServes) {
  auto& wiki = app("wiki", "wiki.lan", 1);
  std::vector<ApplianceLease> leases(2);
  for (const size_t i : {0, 1}) {
    auto& shown = wiki.status.machines.emplace_back();
    shown.name = i == 0 ? "wiki-0" : "wiki-0-green";
    shown.slot = i == 0 ? Slot::blue : Slot::green;
    shown.ready = true;
    leases[i].ns = "home";
    leases[i].machine = shown.name;
    leases[i].address = "10.20.0." + std::to_string(100 + i);
  }
  const auto blue = routes_of(appliance, leases, all)[0];
  EXPECT_THAT(blue.upstreams, ElementsAre("10.20.0.100:8080"));
  wiki.status.machines[0].ready = false;
  EXPECT_TRUE(leads_alike(routes_of(appliance, leases, all)[0], blue))
      << "the other set does not help out";
  wiki.status.active_slot = Slot::green;
  const auto green = routes_of(appliance, leases, all)[0];
  EXPECT_THAT(green.upstreams, ElementsAre("10.20.0.101:8080"));
  EXPECT_FALSE(leads_alike(green, blue));
}

TEST_F(AttachedTest, AHostIsTheOldersWhateverTheirOrder) {
  app("young", "a.lan", 1);
  app("old", "a.lan", 100);
  const auto routes = routes_of(appliance, {}, all);
  ASSERT_EQ(routes.size(), 1);
  EXPECT_EQ(routes[0].app, "old");
  EXPECT_THAT(routes[0].upstreams, IsEmpty());
}

}  // namespace
}  // namespace gantry::controllers::appliance

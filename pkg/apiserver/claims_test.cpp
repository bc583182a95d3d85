// What only one may have: refused to all others at admission, with the holder's name.
#include "pkg/apiserver/write/claims.h"

#include "pkg/apiserver/testing.h"

namespace gantry::apiserver {
namespace {

using ::testing::HasSubstr;

class ClaimsTest : public ServerTest {
 protected:
  static std::string app(const std::string& name, const std::string& host) {
    return absl::StrFormat(
        R"({"apiVersion":"gantry.dev/v1alpha1","kind":"App","metadata":{"name":"%s"},
            "spec":{"machineClassName":"small","workload":{"service":{"unit":"u.service"}},
                    "networks":[{"applianceRef":{"name":"lan"}}],
                    "ports":[{"name":"http","port":80}],
                    "expose":[{"host":"%s","port":"http"}]}})",
        name, host);
  }
  http::Response create(const std::string& name, const std::string& host) {
    return call("POST", kApps, app(name, host));
  }
  std::string at(const std::string& name) { return std::string(kApps) + "/" + name; }
};

TEST_F(ClaimsTest, AHostHasOneHolderAndTheRefusalNamesHim) {
  EXPECT_EQ(create("wiki", "wiki.lan").status, 201);
  const auto refused = create("copy", "wiki.lan");
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.body, HasSubstr("host wiki.lan is held by App default/wiki"));
  EXPECT_THAT(refused.body, HasSubstr("spec.expose[0].host"));
  EXPECT_EQ(call("GET", at("copy")).status, 404) << "nothing is stored";
  EXPECT_EQ(create("copy", "copy.lan").status, 201);
}

TEST_F(ClaimsTest, AnUpdateAndAnApplyClaimToo) {
  ASSERT_EQ(create("wiki", "wiki.lan").status, 201);
  ASSERT_EQ(create("other", "other.lan").status, 201);
  const auto patch = R"({"spec":{"expose":[{"host":"wiki.lan","port":"http"}]}})";
  EXPECT_EQ(call("PATCH", at("other"), patch, "application/merge-patch+json").status, 422);
  EXPECT_EQ(call("PATCH", at("third") + "?fieldManager=me", app("third", "wiki.lan"),
                 "application/apply-patch+yaml")
                .status,
            422);
  EXPECT_EQ(call("PATCH", at("wiki"), R"({"metadata":{"labels":{"a":"b"}}})",
                 "application/merge-patch+json")
                .status,
            200)
      << "what one holds already is no conflict";
}

TEST_F(ClaimsTest, WhoIsGoneOrHasLetGoHoldsNothing) {
  ASSERT_EQ(create("wiki", "wiki.lan").status, 201);
  clock_.advance(std::chrono::minutes(2));
  ASSERT_EQ(call("DELETE", at("wiki")).status, 200);
  EXPECT_EQ(create("next", "wiki.lan").status, 201);
  clock_.advance(std::chrono::minutes(2));
  const auto patch = R"({"spec":{"expose":[{"host":"new.lan","port":"http"}]}})";
  ASSERT_EQ(call("PATCH", at("next"), patch, "application/merge-patch+json").status, 200);
  EXPECT_EQ(create("last", "wiki.lan").status, 201);
}

// Between a claim and its object stands one write.
TEST_F(ClaimsTest, WhoIsOnHisWayIsNotOvertaken) {
  Json object = *schema::parse_json(app("slow", "wiki.lan"));
  object.member("metadata").set("namespace", "default");
  const auto taken = run(take_claims(store_, object, clock_.now(), false));
  ASSERT_TRUE(taken.ok() && taken->empty());
  EXPECT_THAT(create("fast", "wiki.lan").body, HasSubstr("held by App default/slow"));
  clock_.advance(std::chrono::minutes(2));
  EXPECT_EQ(create("fast", "wiki.lan").status, 201) << "it never came";
}

TEST_F(ClaimsTest, ADryRunAsksAndTakesNothing) {
  const auto dry = std::string(kApps) + "?dryRun=All";
  EXPECT_EQ(call("POST", dry, app("a", "wiki.lan")).status, 201);
  EXPECT_EQ(create("b", "wiki.lan").status, 201);
  EXPECT_EQ(call("POST", dry, app("a", "wiki.lan")).status, 422);
}

TEST_F(ClaimsTest, TwoAppliancesDoNotServeOneBridge) {
  const auto appliance = [](const std::string& name) {
    return absl::StrFormat(
        R"({"apiVersion":"gantry.dev/v1alpha1","kind":"Appliance","metadata":{"name":"%s"},
            "spec":{"machineClassName":"small","network":{"bridge":"lan0","cidr":"10.20.0.0/24",
              "gateway":"10.20.0.1","uplink":{"bridge":"vmbr0"},"dns":{"domain":"apps.lan"},
              "dhcp":{"range":{"from":"10.20.0.100","to":"10.20.0.200"}}}}})",
        name);
  };
  const std::string path = "/apis/gantry.dev/v1alpha1/namespaces/default/appliances";
  EXPECT_EQ(call("POST", path, appliance("a")).status, 201);
  EXPECT_THAT(call("POST", path, appliance("b")).body,
              HasSubstr("bridge lan0 is held by Appliance default/a"));
}

class AddressClaimsTest : public ClaimsTest {
 protected:
  AddressClaimsTest() { add_class("small", ""); }
  void add_class(const std::string& name, const std::string& networks) {
    auto object = *schema::parse_json(absl::StrFormat(
        R"({"apiVersion":"gantry.dev/v1alpha1","kind":"MachineClass","metadata":{"name":"%s"},
            "spec":{"clusterName":"home","os":{"template":"debian-12"},"networks":[%s]}})",
        name, networks));
    EXPECT_TRUE(run(store_.create("machineclasses.gantry.dev", std::move(object))).ok());
  }
  // With `more` in its spec: "\"replicas\":2,".
  static std::string app_at(const std::string& name, const std::string& ip,
                            const std::string& more = "", const std::string& shape = "small") {
    const auto networks =
        ip.empty() ? "" : absl::StrFormat(R"("networks":[{"bridge":"vmbr0","ip":"%s"}],)", ip);
    return absl::StrFormat(
        R"({"apiVersion":"gantry.dev/v1alpha1","kind":"App","metadata":{"name":"%s"},
            "spec":{%s%s"machineClassName":"%s","workload":{"service":{"unit":"u.service"}}}})",
        name, networks, more, shape);
  }
  http::Response apply_app(const std::string& text) { return call("POST", kApps, text); }
  static std::string machine_at(const std::string& name, const std::string& bridge,
                                const std::string& ip) {
    return absl::StrFormat(
        R"({"apiVersion":"gantry.dev/v1alpha1","kind":"Machine","metadata":{"name":"%s"},
            "spec":{"machineClassName":"small","networks":[{"bridge":"%s","ip":"%s"}]}})",
        name, bridge, ip);
  }
  http::Response apply_machine(const std::string& name, const std::string& bridge,
                               const std::string& ip) {
    return call("POST", "/apis/gantry.dev/v1alpha1/namespaces/default/machines",
                machine_at(name, bridge, ip));
  }
};

TEST_F(AddressClaimsTest, AnAddressHasOneHolderOfWhateverKind) {
  EXPECT_EQ(apply_app(app_at("web", "10.0.0.5/24")).status, 201);
  const auto refused = apply_machine("db", "vmbr0", "10.0.0.5/16");
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.body, HasSubstr("address 10.0.0.5 on vmbr0 of ProxmoxCluster home is held by "
                                      "App default/web"));
  EXPECT_THAT(refused.body, HasSubstr("spec.networks[0].ip"));
  EXPECT_EQ(apply_machine("db", "vmbr1", "10.0.0.5/16").status, 201) << "another network";
  EXPECT_EQ(apply_app(app_at("wiki", "10.0.0.6/24")).status, 201);
  const auto patch = R"({"spec":{"networks":[{"bridge":"vmbr0","ip":"10.0.0.5/24"}]}})";
  EXPECT_EQ(call("PATCH", at("wiki"), patch, "application/merge-patch+json").status, 422);
  clock_.advance(std::chrono::minutes(2));
  ASSERT_EQ(call("DELETE", at("web")).status, 200);
  EXPECT_EQ(call("PATCH", at("wiki"), patch, "application/merge-patch+json").status, 200);
}

TEST_F(AddressClaimsTest, ADryRunAsksAndTakesNoAddress) {
  const auto dry = std::string(kApps) + "?dryRun=All";
  EXPECT_EQ(call("POST", dry, app_at("a", "10.0.0.5/24")).status, 201);
  EXPECT_EQ(apply_app(app_at("b", "10.0.0.5/24")).status, 201);
  EXPECT_EQ(call("POST", dry, app_at("a", "10.0.0.5/24")).status, 422);
}

TEST_F(AddressClaimsTest, TheAddressOfAClassIsItsFirstUsers) {
  add_class("one", R"({"bridge":"vmbr0","ip":"10.0.0.5/24"})");
  EXPECT_EQ(apply_app(app_at("web", "", "", "one")).status, 201);
  const auto refused = apply_app(app_at("wiki", "", "", "one"));
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.body, HasSubstr("address 10.0.0.5 (of MachineClass one) on vmbr0 of "
                                      "ProxmoxCluster home is held by App default/web"));
  EXPECT_THAT(refused.body, HasSubstr("spec.machineClassName"));
}

TEST_F(AddressClaimsTest, NoAppHasOneAddressForTwoContainers) {
  EXPECT_THAT(apply_app(app_at("web", "10.0.0.5/24", R"("replicas":2,)")).body,
              HasSubstr("spec.replicas: Invalid value: must be 0 or 1, not 2"));
  EXPECT_THAT(apply_app(app_at("web", "10.0.0.5/24", R"("update":{"strategy":"BlueGreen"},)")).body,
              HasSubstr("spec.update.strategy: Invalid value: must not be BlueGreen"));
  add_class("one", R"({"bridge":"vmbr0","ip":"10.0.0.7/24"})");
  EXPECT_THAT(apply_app(app_at("web", "", R"("replicas":2,)", "one")).body,
              HasSubstr("spec.replicas: Invalid value: with the networks of MachineClass one must "
                        "be 0 or 1, not 2"));
  ASSERT_EQ(apply_app(app_at("web", "10.0.0.5/24")).status, 201);
  const auto scale = R"({"spec":{"replicas":2}})";
  EXPECT_EQ(call("PATCH", at("web") + "/scale", scale, "application/merge-patch+json").status, 422);
}

TEST_F(AddressClaimsTest, OfAnAppliancesNetworkNeitherGatewayNorRangeAreToBeHad) {
  const auto appliance =
      R"({"apiVersion":"gantry.dev/v1alpha1","kind":"Appliance","metadata":{"name":"lan"},
          "spec":{"machineClassName":"small","network":{"bridge":"lan0","cidr":"10.20.0.0/24",
            "gateway":"10.20.0.1","uplink":{"bridge":"vmbr0","ip":"10.0.0.2/24"},
            "dns":{"domain":"apps.lan"},
            "dhcp":{"range":{"from":"10.20.0.100","to":"10.20.0.200"}}}}})";
  ASSERT_EQ(
      call("POST", "/apis/gantry.dev/v1alpha1/namespaces/default/appliances", appliance).status,
      201);
  EXPECT_THAT(apply_machine("a", "vmbr0", "10.0.0.2/24").body,
              HasSubstr("is held by Appliance default/lan"));
  EXPECT_THAT(apply_machine("a", "lan0", "10.20.0.1/24").body,
              HasSubstr("is held by Appliance default/lan"));
  EXPECT_THAT(apply_machine("a", "lan0", "10.20.0.150/24").body,
              HasSubstr("Appliance default/lan gives out 10.20.0.100 to 10.20.0.200 itself"));
  EXPECT_EQ(apply_machine("a", "lan0", "10.20.0.50/24").status, 201);
}

// A person may label what an App has made.
TEST_F(AddressClaimsTest, WhatAnAppOwnsMayBeWrittenByPeople) {
  ASSERT_EQ(apply_app(app_at("web", "10.0.0.5/24")).status, 201);
  const auto app = store_.get({"apps.gantry.dev", "default", "web"});
  ASSERT_TRUE(app.ok());
  auto machine = *schema::parse_json(machine_at("web-0", "vmbr0", "10.0.0.5/24"));
  Json owner = *schema::parse_json(
      R"([{"apiVersion":"gantry.dev/v1alpha1","kind":"App","name":"web","controller":true}])");
  owner.as_array().front().set("uid", (*app)->uid.get());
  machine.member("metadata").set("namespace", "default");
  machine.member("metadata").set("ownerReferences", owner);
  ASSERT_TRUE(run(store_.create("machines.gantry.dev", std::move(machine))).ok());
  EXPECT_EQ(call("PATCH", "/apis/gantry.dev/v1alpha1/namespaces/default/machines/web-0",
                 R"({"metadata":{"labels":{"a":"b"}}})", "application/merge-patch+json")
                .status,
            200);
}

}  // namespace
}  // namespace gantry::apiserver

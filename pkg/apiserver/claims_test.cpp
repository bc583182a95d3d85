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

}  // namespace
}  // namespace gantry::apiserver

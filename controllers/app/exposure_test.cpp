#include "controllers/app/exposure.h"

#include <gmock/gmock.h>

namespace gantry::controllers::app {
namespace {

using api::meta::ConditionStatus;
using api::v1alpha1::App;
using api::v1alpha1::Appliance;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

class ExposureTest : public ::testing::Test {
 protected:
  ExposureTest() {
    app.metadata.ns = "home";
    app.metadata.name = "wiki";
    app.spec.ports = {{"http", 80, {}}};
    expose("wiki.lan");
    app.status.machines.emplace_back();
    app.status.machines.front().ready = true;
    appliance.emplace().spec.network.proxy.emplace();
    appliance->metadata.name = "lan";
    route().upstreams = {"10.20.0.100:80"};
  }
  void expose(const std::string& host) {
    api::v1alpha1::Expose made;
    made.host = host;
    made.port.name = "http";
    app.spec.expose.push_back(made);
  }
  api::v1alpha1::ApplianceRoute& route() {
    auto& routes = appliance->status.routes;
    if (!routes.empty()) return routes.front();
    api::v1alpha1::ApplianceRoute made;
    made.host = "wiki.lan";
    made.ns = "home";
    made.app = "wiki";
    routes.push_back(made);
    return routes.front();
  }
  void set_proxy(ConditionStatus status) {
    api::meta::Condition proxy;
    proxy.type = "ProxyReady";
    proxy.status = status;
    proxy.reason = "ServiceDown";
    proxy.message = "caddy.service is not active";
    proxy.code = "PRX-001";
    set_condition(appliance->status.conditions, proxy, Time());
  }
  // "False PRX-004 UpstreamRefused: …"
  std::string exposed() {
    judge_exposure(app, appliance, loopback, Time());
    const auto* found = api::meta::find_condition(app.status.conditions, "Exposed");
    if (found == nullptr) return "absent";
    return std::string(found->status == ConditionStatus::yes ? "True" : "False") + " " +
           found->code + " " + found->reason + ": " + found->message;
  }

  App app;
  std::optional<Appliance> appliance;
  std::optional<std::set<int>> loopback;
};

TEST_F(ExposureTest, IsTrueWhereTheProxyLeadsToAContainerThatIsReady) {
  EXPECT_EQ(exposed(), "True  Routed: wiki.lan");
  set_proxy(ConditionStatus::yes);
  EXPECT_EQ(exposed(), "True  Routed: wiki.lan");
}

TEST_F(ExposureTest, IsNoQuestionWhereNothingIsExposedOrShallRun) {
  EXPECT_EQ(exposed(), "True  Routed: wiki.lan");
  app.spec.suspend = true;
  EXPECT_EQ(exposed(), "absent");
  app.spec.suspend = false;
  app.spec.expose.clear();
  EXPECT_EQ(exposed(), "absent");
}

TEST_F(ExposureTest, NamesWhatIsMissingOnTheWay) {
  route().upstreams.clear();
  EXPECT_EQ(exposed(), "False  NoEndpoints: wiki.lan has no container that is ready");
  route().upstreams = {"10.20.0.100:80"};
  app.status.machines.front().ready = false;
  EXPECT_EQ(exposed(), "False  NoEndpoints: wiki.lan has no container that is ready");
  set_proxy(ConditionStatus::no);
  EXPECT_EQ(exposed(),
            "False PRX-001 ServiceDown: the Appliance's proxy: caddy.service is not active");
  route().message = "the proxy does not take it";
  EXPECT_EQ(exposed(), "False PRX-007 ConfigRejected: wiki.lan: the proxy does not take it");
  route().app = "shop";
  EXPECT_EQ(exposed(),
            "False DNS-005 RecordConflict: wiki.lan leads to App home/shop, which asked for it "
            "first");
  appliance->status.routes.clear();
  EXPECT_EQ(exposed(), "False PRX-002 RouteMissing: wiki.lan is not routed yet");
  appliance->spec.network.proxy.reset();
  EXPECT_EQ(exposed(), "False  NoProxy: Appliance lan has no proxy");
  appliance.reset();
  EXPECT_THAT(exposed(), HasSubstr("False  ReferenceNotFound: the Appliance"));
}

TEST_F(ExposureTest, AnAppThatTheProxyCannotReachIsToldWhy) {
  route().refusing = {"10.20.0.100:80 refuses the connection"};
  EXPECT_THAT(exposed(), HasSubstr("False PRX-004 UpstreamRefused: wiki.lan: 10.20.0.100:80 "
                                   "refuses the connection: does it listen on every address"));
  // One of two is enough to be served.
  route().upstreams.emplace_back("10.20.0.101:80");
  EXPECT_EQ(exposed(), "True  Routed: wiki.lan");
}

TEST_F(ExposureTest, AComposeFileThatPublishesAnotherPortIsNamed) {
  route().refusing = {"10.20.0.100:80 refuses the connection"};
  app.spec.workload.compose.emplace().text = "services: {web: {image: wiki, ports: ['8080:3000']}}";
  EXPECT_EQ(exposed(),
            "False PRX-003 PortMismatch: wiki.lan leads to port 80, but the Compose file publishes "
            "8080");
  app.spec.workload.compose->text = "services: {web: {image: wiki, ports: ['80:3000']}}";
  EXPECT_THAT(exposed(), HasSubstr("False PRX-004 UpstreamRefused"));
}

// WKL-005.
TEST_F(ExposureTest, OneThatListensAtTheLoopbackOnlyIsToldSo) {
  route().refusing = {"10.20.0.100:80 refuses the connection"};
  EXPECT_THAT(exposed(), HasSubstr("False PRX-004"));
  EXPECT_TRUE(is_refused(app));
  loopback = {8080};
  EXPECT_THAT(exposed(), HasSubstr("False PRX-004")) << "another port";
  loopback = {80};
  const auto told = exposed();
  EXPECT_EQ(told,
            "False WKL-005 BoundToLoopback: wiki.lan leads to port 80, on which it listens at "
            "the loopback only: let it listen on the container's address, too");
  EXPECT_TRUE(is_refused(app)) << "it is asked again";
  loopback.reset();
  EXPECT_EQ(exposed(), told) << "not known is no answer";
  loopback.emplace();
  EXPECT_THAT(exposed(), HasSubstr("False PRX-004"));
  route().refusing.clear();
  EXPECT_EQ(exposed(), "True  Routed: wiki.lan");
  EXPECT_FALSE(is_refused(app));
}

TEST_F(ExposureTest, OnlyAppsWhoseRoutesChangedAreToldOf) {
  set_proxy(ConditionStatus::yes);
  auto after = *appliance;
  EXPECT_THAT(apps_with_other_routes(*appliance, after), IsEmpty());
  after.status.routes.front().refusing = {"10.20.0.100:80 does not answer"};
  EXPECT_THAT(apps_with_other_routes(*appliance, after), ElementsAre(Pair("home", "wiki")));
  after.status.routes.clear();
  EXPECT_THAT(apps_with_other_routes(*appliance, after), ElementsAre(Pair("home", "wiki")));
  after = *appliance;
  set_proxy(ConditionStatus::no);
  EXPECT_THAT(apps_with_other_routes(*appliance, after), ElementsAre(Pair("home", "wiki")));
}

}  // namespace
}  // namespace gantry::controllers::app

#include "controllers/app/url.h"

#include <gmock/gmock.h>

namespace gantry::controllers::app {
namespace {

using api::v1alpha1::App;
using api::v1alpha1::Appliance;
using api::v1alpha1::Machine;

class UrlTest : public ::testing::Test {
 protected:
  UrlTest() {
    app.spec.ports = {{"http", 80, {}}};
    machine.status.addresses = {"10.20.0.100"};
  }
  void expose(const std::string& host) {
    api::v1alpha1::Expose made;
    made.host = host;
    app.spec.expose.push_back(made);
  }
  api::v1alpha1::ApplianceProxy& proxy() {
    if (!appliance) appliance.emplace().spec.network.proxy.emplace();
    return *appliance->spec.network.proxy;
  }
  std::string url() { return url_of(app, machine, appliance); }

  App app;
  Machine machine;
  std::optional<Appliance> appliance;
};

TEST_F(UrlTest, OfAContainerIsItsAddress) {
  EXPECT_EQ(url(), "http://10.20.0.100/");
  app.spec.ports.front().port = 3000;
  machine.status.addresses = {"fd00::1"};
  EXPECT_EQ(url(), "http://[fd00::1]:3000/");
  machine.status.addresses.clear();
  EXPECT_EQ(url(), "");
}

TEST_F(UrlTest, BehindAProxyIsTheFirstHostName) {
  expose("site.lan");
  expose("www.lan");
  proxy();
  EXPECT_EQ(url(), "https://site.lan/");
  proxy().https = 8443;
  EXPECT_EQ(url(), "https://site.lan:8443/");
}

TEST_F(UrlTest, SaysHttpWhereNothingIsEncrypted) {
  expose("site.lan");
  proxy().http = 8080;
  app.spec.expose.front().tls = api::v1alpha1::ExposeTls::none;
  EXPECT_EQ(url(), "http://site.lan:8080/");
  app.spec.expose.front().tls = api::v1alpha1::ExposeTls::internal;
  proxy().tls = api::v1alpha1::ProxyTls::none;
  EXPECT_EQ(url(), "http://site.lan:8080/");
}

TEST_F(UrlTest, NamesNoHostThatIsNotServed) {
  expose("bad.lan");
  proxy();
  api::v1alpha1::ApplianceRoute refused;
  refused.host = "bad.lan";
  refused.message = "the proxy does not take it (PRX-007)";
  appliance->status.routes = {refused};
  EXPECT_EQ(url(), "http://10.20.0.100/");
  expose("good.lan");
  EXPECT_EQ(url(), "https://good.lan/");
  appliance->spec.network.proxy.reset();
  EXPECT_EQ(url(), "http://10.20.0.100/");
}

TEST_F(UrlTest, OnTheUplinkIsTheAddressThere) {
  expose("site.lan");
  proxy();
  api::meta::Condition condition;
  condition.type = "NetworkReady";
  condition.reason = "FallbackNetwork";
  machine.status.conditions = {condition};
  EXPECT_EQ(url(), "http://10.20.0.100/");
}

}  // namespace
}  // namespace gantry::controllers::app

#include "controllers/app/slots.h"

#include "controllers/app/testing.h"
#include "pkg/base/testing.h"

namespace gantry::controllers::app {
namespace {

using namespace std::chrono_literals;
using api::v1alpha1::App;
using api::v1alpha1::Appliance;
using api::v1alpha1::Slot;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Slots, AreInTheNamesOfMachines) {
  App app;
  app.metadata.name = "wiki";
  EXPECT_EQ(machine_name(app, 0), "wiki-0");
  EXPECT_EQ(machine_name(app, 12, Slot::green), "wiki-12-green");
  EXPECT_EQ(slot_of("wiki-0"), Slot::blue);
  EXPECT_EQ(slot_of("wiki-12-green"), Slot::green);
  EXPECT_EQ(slot_of("wiki-green-0"), Slot::blue) << "of an App called wiki-green";
}

App asking(const std::string& revision, int port, const std::string& path) {
  App app;
  app.spec.update.emplace();
  app.spec.update->strategy = api::v1alpha1::UpdateStrategy::blue_green;
  app.spec.ports = {{"http", port, {}}};
  app.spec.health.emplace();
  app.spec.health->http = api::v1alpha1::HttpProbe{path, {"http", 0}};
  app.status.revision = revision;
  app.status.current_revision = "old";
  return app;
}

TEST(Serving, IsAskedForByItsOwnPortsAndHealth) {
  auto before = asking("old", 80, "/");
  note_serving(before);
  auto app = asking("new", 8080, "/healthz");
  app.status.serving = before.status.serving;
  note_serving(app);
  EXPECT_EQ(as_served(app).spec.ports[0].port, 80);
  EXPECT_EQ(as_served(app).spec.health->http->path, "/");
  EXPECT_EQ(serving_port(app, {"http", 0}), 80);
  EXPECT_EQ(serving_port(app, {"", 9000}), 9000);
  app.spec.ports.push_back({"admin", 81, {}});
  EXPECT_EQ(serving_port(app, {"admin", 0}), 81) << "what it never had";
  // The new one serves.
  app.status.current_revision = "new";
  note_serving(app);
  EXPECT_EQ(as_served(app).spec.ports[0].port, 8080);
  EXPECT_EQ(serving_port(app, {"http", 0}), 8080);
  app.spec.update.reset();
  note_serving(app);
  EXPECT_FALSE(app.status.serving.has_value()) << "another strategy needs none";
}

// "wiki" has switched from blue to green an hour ago; the Appliance's proxy serves it since then.
class KeptTest : public ::testing::Test {
 protected:
  KeptTest() {
    app.metadata.ns = "home";
    app.metadata.name = "wiki";
    app.spec.expose.emplace_back().host = "wiki.lan";
    app.status.active_slot = Slot::green;
    app.status.switched_at = kNow - 1h;
    for (const char* name : {"wiki-0", "wiki-0-green"}) {
      auto& machine = app.status.machines.emplace_back();
      machine.name = name;
      machine.slot = slot_of(name);
    }
    lan.metadata.ns = "net";
    lan.metadata.name = "lan";
    lan.spec.network.proxy.emplace();
    lan.status.leases.resize(2);
    lan.status.leases[0].ns = lan.status.leases[1].ns = "home";
    lan.status.leases[0].machine = "wiki-0";
    lan.status.leases[0].address = "10.20.0.100";
    lan.status.leases[1].machine = "wiki-0-green";
    lan.status.leases[1].address = "10.20.0.10";
    auto& route = lan.status.routes.emplace_back();
    route.host = "wiki.lan";
    route.ns = "home";
    route.app = "wiki";
    route.upstreams = {"10.20.0.10:80"};
    route.served_since = kNow - 1h;
  }
  std::string why() { return why_kept(app, {lan}, kNow); }
  api::v1alpha1::ApplianceRoute& route() { return lan.status.routes.front(); }

  App app;
  Appliance lan;
};

TEST_F(KeptTest, UntilTheProxyHasTurned) {
  EXPECT_THAT(why(), IsEmpty());
  route().upstreams = {"10.20.0.100:80"};
  EXPECT_THAT(why(), HasSubstr("Appliance net/lan, wiki.lan: has not turned to the others yet"));
  route().upstreams = {"10.20.0.10:80", "10.20.0.100:80"};
  EXPECT_THAT(why(), HasSubstr("has not turned"));
  route().upstreams = {"10.20.0.10:80"};
  route().served_since.reset();
  EXPECT_THAT(why(), HasSubstr("has not turned")) << "what is wanted of it is not what it does";
  lan.status.routes.clear();
  EXPECT_THAT(why(), HasSubstr("has not turned"));
}

TEST_F(KeptTest, ForWhatIsUnderWay) {
  route().served_since = kNow - 9s;
  EXPECT_THAT(why(), HasSubstr("some seconds to end"));
  route().served_since = kNow - 10s;
  EXPECT_THAT(why(), IsEmpty());
  app.spec.expose.clear();
  app.status.switched_at = kNow - 9s;
  EXPECT_THAT(why(), HasSubstr("some seconds to end"));
  app.status.switched_at = kNow - 10s;
  EXPECT_THAT(why(), IsEmpty());
  app.status.switched_at = kNow + 1h;
  EXPECT_THAT(why(), IsEmpty()) << "the clock was set back";
}

TEST_F(KeptTest, NotForAProxyThatLeadsNobodyThere) {
  route().served_since.reset();
  route().message = "the proxy does not take it";
  EXPECT_THAT(why(), IsEmpty());
  route().message.clear();
  route().app = "older";
  EXPECT_THAT(why(), IsEmpty());
  route().app = "wiki";
  lan.spec.network.proxy.reset();
  EXPECT_THAT(why(), IsEmpty());
}

TEST_F(KeptTest, WhatHasNeverServedIsNotKept) {
  app.status.switched_at.reset();
  route().upstreams = {"10.20.0.100:80"};
  EXPECT_THAT(why(), IsEmpty());
}

}  // namespace
}  // namespace gantry::controllers::app

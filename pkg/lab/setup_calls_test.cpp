// Calls that change the set-up: networks, pools, users and tokens; task lists; indexes.
#include <gmock/gmock.h>

#include "pkg/base/testing.h"
#include "pkg/lab/testing_http.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;
using gantry::testing::IsOk;
using lab::testing::kId;
using lab::testing::kNode;
using lab::testing::small_container;
using ::testing::HasSubstr;

struct SetupTest : ::testing::Test {
  void make() {
    ASSERT_EQ(world.outcome(*root, root->create_guest(kNode, kId, small_container())), "OK");
  }
  lab::testing::HttpWorld world;
  std::unique_ptr<pve::Client> root = world.lab.client(world.lab.root_token().id);
};

TEST_F(SetupTest, ABridgeCanBeUsedOnceItIsApplied) {
  make();
  const pve::Parameters bridge{{"iface", "vmbr5"}, {"type", "bridge"}, {"cidr", "10.78.0.1/24"}};
  const pve::Parameters net{{"net0", "name=eth0,bridge=vmbr5"}};
  ASSERT_EQ(world.call("POST", "/nodes/pve1/network", bridge).text, "200");
  EXPECT_THAT(world.call("GET", "/nodes/pve1/network").body.string_or("changes", ""),
              HasSubstr("vmbr5"));
  ASSERT_EQ(world.call("PUT", "/nodes/pve1/lxc/100/config", net).text, "200");
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/lxc/100/status/start"),
            "bridge 'vmbr5' does not exist");
  EXPECT_EQ(world.exit_of("PUT", "/nodes/pve1/network"), "OK");
  EXPECT_EQ(world.call("GET", "/nodes/pve1/network").body.find("changes"), nullptr);
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/lxc/100/status/start"), "OK");
  ASSERT_EQ(world
                .call("PUT", "/nodes/pve1/network/vmbr5",
                      {{"type", "bridge"}, {"comments", "x"}, {"cidr", "10.79.0.1/24"}})
                .text,
            "200");
  EXPECT_EQ(world.call("GET", "/nodes/pve1/network/vmbr5").data.string_or("address", ""),
            "10.79.0.1");
  ASSERT_EQ(world.call("DELETE", "/nodes/pve1/network").text, "200");
  EXPECT_EQ(world.call("GET", "/nodes/pve1/network/vmbr5").data.string_or("address", ""),
            "10.78.0.1");
  EXPECT_EQ(world.call("DELETE", "/nodes/pve1/network/vmbr9").text,
            "400 iface: interface does not exist");
}

TEST_F(SetupTest, PoolsTakeAndGiveMembers) {
  make();
  ASSERT_THAT(world.lab.add_pool("a"), IsOk());
  ASSERT_THAT(world.lab.add_pool("b"), IsOk());
  const auto put = [&](const std::string& pool, pve::Parameters parameters) {
    return world.call("PUT", "/pools/" + pool, parameters).text;
  };
  EXPECT_EQ(put("a", {{"vms", "100"}, {"comment", "ours"}}), "200");
  EXPECT_EQ(put("a", {{"vms", "100"}}), "500 update pools failed: VM 100 is already a pool member");
  EXPECT_EQ(
      put("b", {{"vms", "100"}}),
      "500 update pools failed: VM 100 belongs already to pool 'a' and 'allow-move' is not set");
  EXPECT_EQ(put("b", {{"vms", "100"}, {"allow-move", "1"}}), "200");
  EXPECT_EQ(put("nope", {}), "500 update pools failed: pool 'nope' does not exist");
  EXPECT_EQ(world.call("DELETE", "/pools/b").text,
            "500 delete pool failed: pool 'b' is not empty (contains VM 100)");
  EXPECT_EQ(put("b", {{"vms", "100"}, {"delete", "1"}}), "200");
  EXPECT_EQ(world.call("DELETE", "/pools/b").text, "200");
  EXPECT_EQ(world.call("GET", "/pools/b").text, "500 pool 'b' does not exist");
}

TEST_F(SetupTest, ATokenMayNotTakeAGuestIntoAPoolWithoutRightsOnIt) {
  make();
  const auto limited = world.lab.set_up_least_privilege("gantry");
  EXPECT_EQ(world.call("PUT", "/pools/gantry", {{"vms", "100"}}, limited).status, 403);
}

TEST_F(SetupTest, ATokenIsChangedAndItsSecretRenewed) {
  ASSERT_THAT(world.lab.add_user("bob@pve"), IsOk());
  const auto old = *world.lab.add_token("bob@pve", "tok", true);
  const std::string path = "/access/users/bob@pve/token/tok";
  EXPECT_EQ(
      world.call("PUT", path, {{"privsep", "0"}, {"comment", "x"}}).data.integer_or("privsep", 9),
      0);
  EXPECT_EQ(world.call("GET", "/version", {}, old).text, "200");
  const auto renewed = world.call("PUT", path, {{"regenerate", "1"}});
  EXPECT_EQ(renewed.data.string_or("full-tokenid", ""), "bob@pve!tok");
  EXPECT_EQ(world.call("GET", "/version", {}, old).status, 401);
  EXPECT_EQ(
      world.call("GET", "/version", {}, Token{old.id, renewed.data.string_or("value", "")}).text,
      "200");
  EXPECT_EQ(world.call("PUT", "/access/users/bob@pve", {{"enable", "0"}}).text, "200");
  EXPECT_EQ(world.call("GET", "/version", {}, old).status, 401);
  EXPECT_EQ(world.call("DELETE", "/access/roles/PVEAdmin").text,
            "500 delete role failed: auto-generated role 'PVEAdmin' cannot be deleted");
}

TEST_F(SetupTest, TaskListsAreFilteredAndPaged) {
  make();
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/lxc/999/status/start"),
            "Configuration file 'nodes/pve1/lxc/999.conf' does not exist");
  const auto list = [&](pve::Parameters parameters) {
    return world.call("GET", "/nodes/pve1/tasks", parameters);
  };
  EXPECT_EQ(list({}).body.integer_or("total", 0), 2);
  EXPECT_EQ(list({{"limit", "1"}, {"start", "1"}}).data.as_array().at(0).string_or("type", ""),
            "vzcreate");
  EXPECT_EQ(list({{"statusfilter", "error"}}).data.size(), 1u);
  EXPECT_EQ(list({{"statusfilter", "ok,warning"}}).data.size(), 1u);
  EXPECT_EQ(list({{"typefilter", "vzstart"}}).data.size(), 1u);
  EXPECT_EQ(list({{"vmid", "5555"}}).body.find("total"), nullptr);
}

TEST_F(SetupTest, IndexesNameWhatLiesBelow) {
  make();
  EXPECT_GT(world.call("GET", "/nodes/pve1/lxc/100").data.size(), 10u);
  EXPECT_EQ(world.call("GET", "/nodes/pve1/lxc/101").text,
            "500 Configuration file 'nodes/pve1/lxc/101.conf' does not exist");
  EXPECT_EQ(
      world.call("GET", "/nodes/pve1/lxc/100/status").data.as_array()[0].string_or("subdir", ""),
      "current");
}

TEST_F(SetupTest, ContainersCannotBeSuspended) {
  make();
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/lxc/100/status/suspend"), "500 CT 100 not running");
  ASSERT_EQ(world.exit_of("POST", "/nodes/pve1/lxc/100/status/start"), "OK");
  EXPECT_THAT(world.exit_of("POST", "/nodes/pve1/lxc/100/status/suspend"),
              HasSubstr("lxc-checkpoint"));
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/lxc/100/status/resume"),
            "500 CT 100 already running");
}

}  // namespace
}  // namespace gantry::lab

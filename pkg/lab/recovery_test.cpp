// A lab that ends and comes back finds what it had.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "pkg/base/testing.h"
#include "pkg/lab/testing_http.h"

namespace gantry::lab {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using gantry::testing::IsOk;
using lab::testing::kNode;
using lab::testing::small_container;
using lab::testing::World;

class Recovery : public ::testing::Test {
 protected:
  Recovery() : folder_(fs::temp_directory_path() / ("gantry-lab-" + SystemRandom().uuid().get())) {}
  ~Recovery() override { fs::remove_all(folder_); }
  std::unique_ptr<World> open() {
    auto options = single_node();
    options.state_folder = folder_.string();
    auto world = std::make_unique<World>(options);
    EXPECT_THAT(world->run(world->lab.open()), IsOk());
    return world;
  }
  fs::path folder_;
};

TEST_F(Recovery, GuestsTokensPoolsVolumesAndTasksAreThereAgain) {
  std::string secret;
  Upid created;
  {
    const auto world = open();
    const auto token = world->lab.set_up_least_privilege("gantry");
    secret = token.secret;
    const auto client = world->lab.client(token.id);
    auto parameters = small_container();
    parameters["pool"] = "gantry";
    parameters["description"] = "one\ntwo";
    created = *world->run(client->create_guest(kNode, VmId(200), parameters));
    EXPECT_EQ(world->wait(*client, created).exit_status, "OK");
  }
  const auto world = open();
  const auto token = world->lab.set_up_least_privilege("gantry");
  EXPECT_EQ(token.secret, secret);
  const auto client = world->lab.client(token.id);
  const auto config = world->run(client->guest_config(kNode, VmId(200)));
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->values.at("description"), "one\ntwo\n");
  EXPECT_EQ(world->lab.find_guest(VmId(200))->pool, "gantry");
  EXPECT_EQ(world->lab.volumes().size(), 1u);
  EXPECT_EQ(world->run(client->task(created))->exit_status, "OK");
  EXPECT_GT(world->run(client->task_log(created, 100))->size(), 3u);
}

TEST_F(Recovery, ACreateThatRanIsDeadAndHoldsItsLock) {
  Upid created;
  {
    const auto world = open();
    const auto client = world->lab.client(world->lab.root_token().id);
    created = *world->run(client->create_guest(kNode, VmId(200), small_container()));
    world->pass(1s);
  }
  const auto world = open();
  const auto client = world->lab.client(world->lab.root_token().id);
  EXPECT_EQ(world->run(client->task(created))->exit_status, "unexpected status");
  EXPECT_EQ(world->lab.find_guest(VmId(200))->config.at("lock"), "create");
  EXPECT_EQ(world->lab.volumes().size(), 1u);
}

TEST_F(Recovery, DisksStayAsTheyWereAndGoneOnesGone) {
  int64_t used = 0;
  {
    const auto world = open();
    const auto client = world->lab.client(world->lab.root_token().id);
    for (const int vmid : {200, 201}) {
      ASSERT_EQ(world->outcome(*client, client->create_guest(kNode, VmId(vmid), small_container())),
                "OK");
    }
    ASSERT_EQ(world->outcome(*client, client->resize_guest(kNode, VmId(201), "rootfs", "9G")),
              "OK");
    ASSERT_EQ(world->outcome(*client, client->destroy_guest(kNode, VmId(200), {})), "OK");
    used = world->run(client->storages(kNode))->front().used.value();
  }
  for (int i = 0; i < 2; ++i) {  // also what a start has written anew
    const auto world = open();
    const auto client = world->lab.client(world->lab.root_token().id);
    ASSERT_EQ(world->lab.volumes().size(), 1u);
    EXPECT_EQ(world->lab.volumes().front().vmid, VmId(201));
    EXPECT_EQ(world->lab.volumes().front().size, int64_t{9} << 30);
    EXPECT_EQ(world->run(client->storages(kNode))->front().used, used);
  }
}

TEST_F(Recovery, NetworksAndStoragesAreAsTheyWereSet) {
  const auto put = [](lab::testing::HttpWorld& world, const std::string& iface) {
    return world.call("POST", "/nodes/pve1/network", {{"iface", iface}, {"type", "bridge"}}).text;
  };
  auto options = single_node();
  options.state_folder = folder_.string();
  {
    lab::testing::HttpWorld world{options};
    ASSERT_THAT(world.run(world.lab.open()), IsOk());
    EXPECT_EQ(put(world, "vmbr7"), "200");
    EXPECT_EQ(world.exit_of("PUT", "/nodes/pve1/network"), "OK");
    EXPECT_EQ(put(world, "vmbr8"), "200");
    EXPECT_EQ(
        world.call("POST", "/storage", {{"storage", "d2"}, {"type", "dir"}, {"path", "/d2"}}).text,
        "200");
  }
  lab::testing::HttpWorld world{options};
  ASSERT_THAT(world.run(world.lab.open()), IsOk());
  EXPECT_EQ(put(world, "vmbr7"), "400 iface: interface already exists");
  EXPECT_EQ(world.call("DELETE", "/nodes/pve1/network").text, "200");  // reverts vmbr8
  EXPECT_EQ(world.call("GET", "/nodes/pve1/network/vmbr7").data.integer_or("active", 0), 1);
  EXPECT_EQ(world.call("GET", "/nodes/pve1/network/vmbr8").text,
            "400 iface: interface does not exist");
  EXPECT_EQ(world.call("GET", "/storage/d2").data.string_or("type", ""), "dir");
}

TEST_F(Recovery, FilesAreInProxmoxsOwnForm) {
  const auto world = open();
  const auto client = world->lab.client(world->lab.root_token().id);
  auto parameters = small_container();
  parameters["description"] = "hello";
  ASSERT_EQ(world->outcome(*client, client->create_guest(kNode, VmId(200), parameters)), "OK");
  std::ifstream file(folder_ / "nodes/pve1/lxc/200.conf");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_THAT(text.str(), ::testing::StartsWith("#hello\narch: amd64\nhostname: web-1\n"));
  EXPECT_FALSE(fs::exists(folder_ / "nodes/pve1/lxc/200.conf.tmp"));
}

}  // namespace
}  // namespace gantry::lab

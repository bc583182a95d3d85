#include "pkg/lab/control/door.h"

#include "pkg/base/testing.h"
#include "pkg/lab/testing.h"
#include "pkg/schema/json.h"

namespace gantry::lab {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::HasSubstr;

class NoStream final : public http::ResponseStream {
  Async<Status> start(http::Response) override { co_return Status(); }
  Async<Status> write(std::string) override { co_return Status(); }
};

class ControlDoorTest : public ::testing::Test {
 protected:
  ControlDoorTest() {
    client_ = world_.lab.client(world_.lab.root_token().id);
    EXPECT_EQ(world_.outcome(*client_, client_->create_guest(pve1_, vmid_, parameters())), "OK");
    EXPECT_EQ(world_.outcome(*client_, client_->start_guest(pve1_, vmid_)), "OK");
  }
  ~ControlDoorTest() override { EXPECT_THAT(world_.run(rehearsal_.stop()), IsOk()); }

  static pve::Parameters parameters() { return lab::testing::small_container(); }

  http::Response send(const std::string& verb, const std::string& body,
                      const std::string& token = "secret", const std::string& from = "127.0.0.1") {
    http::Request request;
    request.method = "POST";
    request.target = "/lab/" + verb;
    request.headers["Authorization"] = "Bearer " + token;
    request.body = body;
    http::Peer peer;
    peer.address = from;
    NoStream stream;
    const auto response = world_.run(door_.handle(request, peer, stream));
    EXPECT_TRUE(response.has_value());
    return response.value_or(http::Response());
  }

  // The answer of a verb that must be taken.
  Json control(const std::string& verb, const std::string& body) {
    const auto response = send(verb, body);
    EXPECT_EQ(response.status, 200) << verb << ": " << response.body;
    auto json = schema::parse_json(response.body);
    EXPECT_THAT(json, IsOk());
    return json.value_or(Json());
  }

  std::vector<std::string> tasks_by_root() {
    std::vector<std::string> types;
    const auto tasks = world_.run(client_->tasks(pve1_, vmid_));
    EXPECT_THAT(tasks, IsOk());
    for (const auto& task : *tasks) {
      const bool is_user = task.upid.get().find(":root@pam:") != std::string::npos;
      if (is_user) types.push_back(task.type);
    }
    return types;
  }

  bool running() { return world_.lab.find_guest(vmid_)->running; }

  const VmId vmid_{100};
  const NodeName pve1_{"pve1"};
  lab::testing::World world_{cluster_of(2)};
  Rehearsal rehearsal_{world_.lab, world_.clock, world_.loop.executor()};
  ControlDoor door_{world_.lab, world_.backend, rehearsal_, world_.clock, "secret", pve1_};
  std::unique_ptr<pve::Client> client_;
};

TEST_F(ControlDoorTest, AsksForItsTokenAndForThisMachine) {
  EXPECT_EQ(send("guests", "").status, 200);
  EXPECT_EQ(send("guests", "", "wrong").status, 401);
  EXPECT_EQ(send("guests", "", "secret", "192.0.2.7").status, 401);
  EXPECT_EQ(send("guests", "", "secret", "::1").status, 200);
}

TEST_F(ControlDoorTest, SaysWhatIsWrongWithARequest) {
  EXPECT_THAT(send("guests", "", "wrong").body, HasSubstr("control.token"));
  EXPECT_THAT(send("frobnicate", "").body, HasSubstr("/lab/frobnicate: no such verb; there are "));
  EXPECT_EQ(send("guests", "[]").status, 400);
}

TEST_F(ControlDoorTest, APersonStopsWithATaskAndAKillLeavesNone) {
  control("stop", R"({"vmid":100})");
  EXPECT_FALSE(running());
  EXPECT_THAT(tasks_by_root(), ::testing::ElementsAre("vzstop"));
  control("start", R"({"vmid":100})");
  EXPECT_TRUE(running());
  control("kill", R"({"vmid":100})");
  EXPECT_FALSE(running());
  EXPECT_THAT(tasks_by_root(), ::testing::ElementsAre("vzstart", "vzstop"));
  const auto again = send("stop", R"({"vmid":100})");
  EXPECT_EQ(again.status, 500);
  EXPECT_THAT(again.body, HasSubstr("CT 100 not running"));
}

TEST_F(ControlDoorTest, DiscardTakesTheDisksAlong) {
  control("kill", R"({"vmid":100})");
  control("discard", R"({"vmid":100})");
  EXPECT_FALSE(world_.lab.find_guest(vmid_).has_value());
  EXPECT_TRUE(world_.lab.volumes().empty());
}

TEST_F(ControlDoorTest, FaultsAreSwitchedWhileItRuns) {
  control("faults", R"({"profile":{"requests":{"chances":{"error595":1}}}})");
  EXPECT_THAT(world_.run(client_->version()), Fails(ErrorClass::transport));
  const auto shown = control("faults", "");
  EXPECT_EQ(schema::to_json(*shown.find_path({"requests", "chances"})), R"({"error595":1.0})");
  control("faults", R"({"profile":"# YAML\nrequests: {}\n"})");
  EXPECT_THAT(world_.run(client_->version()), IsOk());
  const auto wrong = send("faults", R"({"profile":{"request":{}}})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_THAT(wrong.body, HasSubstr("request"));
}

TEST_F(ControlDoorTest, TheNextRequestOrTaskIsStruck) {
  control("fault", R"({"fault":"error595","method":"GET","path":"/version"})");
  EXPECT_THAT(world_.run(client_->version()), Fails(ErrorClass::transport));
  EXPECT_THAT(world_.run(client_->version()), IsOk());
  control("task-fault", R"({"fault":"fail","type":"vzstop"})");
  EXPECT_EQ(world_.outcome(*client_, client_->stop_guest(pve1_, vmid_)),
            "lab: this task was told to fail");
  EXPECT_EQ(send("fault", R"({"fault":"thunder"})").status, 400);
}

TEST_F(ControlDoorTest, MachinesAndStrangersComeAndGo) {
  control("node", R"({"name":"pve2","online":false})");
  EXPECT_FALSE(world_.lab.is_node_online(NodeName("pve2")));
  control("daemon", R"({"name":"pve1","running":false})");
  EXPECT_THAT(world_.run(client_->stop_guest(pve1_, vmid_)), Fails(ErrorClass::transport));
  control("daemon", R"({"name":"pve1","running":true})");
  control("put", R"({"vmid":200,"node":"pve1","hostname":"other","running":true})");
  EXPECT_TRUE(world_.lab.find_guest(VmId(200))->running);
  const auto config = control("get", R"({"path":"/nodes/pve1/lxc/200/config?current=1"})");
  EXPECT_EQ(config.string_or("hostname", ""), "other");
}

}  // namespace
}  // namespace gantry::lab

#include "pkg/lab/http_door.h"

#include <gmock/gmock.h>

#include "pkg/base/testing.h"
#include "pkg/lab/testing.h"
#include "pkg/schema/json.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;
using gantry::testing::IsOk;
using lab::testing::small_container;
using lab::testing::World;

class NoStream final : public http::ResponseStream {
 public:
  Async<Status> start(http::Response) override { co_return Status(); }
  Async<Status> write(std::string) override { co_return Status(); }
};

struct HttpWorld : World {
  HttpWorld() : token(lab.root_token()) {}
  http::Request request(const std::string& method, const std::string& path) const {
    http::Request request;
    request.method = method;
    request.target = "/api2/json" + path;
    return request;
  }
  std::optional<http::Response> send(http::Request request) {
    NoStream stream;
    return run(lab.handler().handle(std::move(request), http::Peer(), stream));
  }
  std::optional<http::Response> as_root(const std::string& method, const std::string& path) {
    auto asked = request(method, path);
    asked.headers["Authorization"] = "PVEAPIToken=" + token.id + "=" + token.secret;
    return send(std::move(asked));
  }
  Token token;
};

TEST(HttpDoor, AWrongSecretIsAnsweredLateAndWithoutABody) {
  HttpWorld world;
  auto request = world.request("GET", "/version");
  request.headers["Authorization"] = "PVEAPIToken=" + world.token.id + "=wrong";
  const auto begun = world.clock.now();
  const auto response = world.send(request);
  EXPECT_EQ(response->status, 401);
  EXPECT_EQ(response->reason, "Authentication failed!");
  EXPECT_EQ(response->body, "");
  EXPECT_GE(world.clock.now() - begun, 3s);
}

TEST(HttpDoor, ATicketNeedsItsCsrfTokenForWritesAndExpires) {
  HttpWorld world;
  ASSERT_THAT(world.lab.add_user("ann@pve", "secret12"), IsOk());
  auto login = world.request("POST", "/access/ticket");
  login.body = "username=ann%40pve&password=secret12";
  const auto answer = schema::parse_json(world.send(login)->body);
  ASSERT_THAT(answer, IsOk());
  const auto* data = answer->find("data");
  const auto ticket = data->string_or("ticket", "");
  auto read = world.request("GET", "/version");
  read.headers["Cookie"] = "PVEAuthCookie=" + ticket;
  EXPECT_EQ(world.send(read)->status, 200);
  auto write = world.request("POST", "/pools");
  write.headers["Cookie"] = "PVEAuthCookie=" + ticket;
  write.body = "poolid=x";
  EXPECT_EQ(world.send(write)->reason, "Permission denied - invalid csrf token");
  write.headers["CSRFPreventionToken"] = data->string_or("CSRFPreventionToken", "");
  EXPECT_EQ(world.send(write)->status, 403);  // known, but not allowed to
  world.pass(2h);
  EXPECT_EQ(world.send(read)->status, 401);
}

TEST(HttpDoor, AWrongPasswordSaysSoInJson) {
  HttpWorld world;
  auto login = world.request("POST", "/access/ticket");
  login.body = "username=root%40pam&password=x";
  const auto response = world.send(login);
  EXPECT_EQ(response->status, 401);
  EXPECT_EQ(response->body, R"({"data":null,"message":"authentication failure\n"})");
}

TEST(HttpDoor, ALostConnectionAndADeadNodeHaveNoAnswer) {
  HttpWorld world;
  world.lab.faults().next_request(RequestFault::lose_answer, "GET", "/version");
  EXPECT_EQ(world.as_root("GET", "/version")->status, http::kNoAnswer);
  EXPECT_EQ(world.as_root("GET", "/version")->status, 200);
  ASSERT_THAT(world.run(world.lab.set_node_online(NodeName("pve1"), false)), IsOk());
  EXPECT_EQ(world.as_root("GET", "/version")->status, http::kNoAnswer);
}

TEST(HttpDoor, UnknownContentTypesAreRefused) {
  HttpWorld world;
  auto request = world.request("PUT", "/nodes/pve1/lxc/100/config");
  request.headers["Authorization"] = "PVEAPIToken " + world.token.id + "=" + world.token.secret;
  request.headers["Content-Type"] = "text/plain";
  request.body = "memory=410";
  const auto response = world.send(request);
  EXPECT_EQ(response->status, 506);
  EXPECT_EQ(response->body, "upload 'Content-Type 'text/plain' not implemented");
}

// What both doors say about the same things is one answer.
TEST(Doors, SayTheSame) {
  HttpWorld world;
  const auto client = world.lab.client(world.token.id);
  ASSERT_EQ(
      world.outcome(*client, client->create_guest(NodeName("pve1"), VmId(100), small_container())),
      "OK");
  const auto config = world.run(client->guest_config(NodeName("pve1"), VmId(100)));
  const auto over_http =
      schema::parse_json(world.as_root("GET", "/nodes/pve1/lxc/100/config")->body);
  ASSERT_THAT(over_http, IsOk());
  const auto* data = over_http->find("data");
  EXPECT_EQ(data->string_or("digest", ""), config->digest);
  EXPECT_EQ(data->size(), config->values.size() + 1);
  const auto status = world.run(client->stop_guest(NodeName("pve1"), VmId(100)));
  const auto refused = world.as_root("POST", "/nodes/pve1/lxc/100/status/stop");
  EXPECT_THAT(message_of(status.status()), ::testing::HasSubstr(refused->reason));
}

}  // namespace
}  // namespace gantry::lab

#include "pkg/pve/http/http_client.h"

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/base/text.h"
#include "pkg/pve/http/endpoint_fake.h"

namespace gantry::pve {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::Fails;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Not;
using ::testing::SizeIs;

const NodeName kNode("pve1");
const std::string kUpid = "UPID:pve1:00000895:0003C769:6B00BA76:vzstart:100:root@pam!t1:";
const std::string kStarted = R"({"data":")" + kUpid + R"("})";
const std::string kVersion = R"({"data":{"version":"9.2.11","release":"9.2"}})";

Status unsent() {
  return make_error(ErrorClass::transport, "connection refused");
}
Status sent(ErrorClass error) {
  return http::mark_sent(make_error(error, "reset by peer"));
}

struct World {
  async::Loop loop;
  async::SimulatedClock clock{Time{1000s}};
  std::shared_ptr<EndpointFake> first, second;
  std::unique_ptr<HttpClient> client;

  explicit World(EndpointFake::Answer answer, bool two = false)
      : World(std::move(answer), two, TokenCredentials{"gantry@pve!daemon", "s3cr3t-s3cr3t"}) {}
  World(EndpointFake::Answer answer, bool two, Credentials credentials) {
    first = std::make_shared<EndpointFake>(answer);
    second = std::make_shared<EndpointFake>(answer);
    ClientOptions options;
    options.endpoints.push_back({"pve1.lan", first});
    if (two) options.endpoints.push_back({"pve2.lan", second});
    options.credentials = std::move(credentials);
    options.clock = &clock;
    options.body_max = 100000;
    client = std::make_unique<HttpClient>(std::move(options));
  }
  template <class T>
  T run(Async<T> operation) {
    return loop.block_on(clock, std::move(operation));
  }
};

EndpointFake::Answer always(http::Response response) {
  return [response](const http::Request&) -> Result<http::Response> { return response; };
}
EndpointFake::Answer failing(Status status) {
  return [status](const http::Request&) -> Result<http::Response> { return status; };
}

TEST(HttpClient, SendsTheTokenAndReadsTheAnswer) {
  World world(always(ok(kVersion)));
  const auto version = world.run(world.client->version());
  ASSERT_THAT(version, IsOk());
  EXPECT_EQ(version->major, 9);
  ASSERT_THAT(world.first->requests, SizeIs(1));
  const auto& request = world.first->requests[0];
  EXPECT_EQ(request.target, "/api2/json/version");
  EXPECT_EQ(request.headers.at("authorization"), "PVEAPIToken=gantry@pve!daemon=s3cr3t-s3cr3t");
  EXPECT_FALSE(request.headers.contains("CSRFPreventionToken"));
}

TEST(HttpClient, ASilentNodeIsNoticedSoonWhereTheAnswerIsAtHand) {
  World world(always(ok(R"({"data":[]})")));
  (void)world.run(world.client->cluster_status());
  (void)world.run(world.client->resources());
  (void)world.run(world.client->guest_config(kNode, VmId(100)));
  (void)world.run(world.client->volumes(kNode, StorageId("local"), ""));
  EXPECT_THAT(world.first->timeouts, ElementsAre(8s, 8s, 8s, 35s));
}

TEST(HttpClient, EncodesWritesAsForms) {
  World world(always(ok(kStarted)));
  ASSERT_THAT(world.run(world.client->create_guest(
                  kNode, VmId(100), {{"net0", "name=eth0,bridge=vmbr0"}, {"description", "a;b"}})),
              IsOkAndHolds(Upid(kUpid)));
  const auto& create = world.first->requests[0];
  EXPECT_EQ(create.method, "POST");
  EXPECT_EQ(create.target, "/api2/json/nodes/pve1/lxc");
  EXPECT_EQ(create.body, "vmid=100&description=a%3Bb&net0=name%3Deth0%2Cbridge%3Dvmbr0");
  EXPECT_EQ(create.headers.at("Content-Type"), "application/x-www-form-urlencoded");
}

TEST(HttpClient, PutsTheParametersOfADeleteIntoTheQuery) {
  World world(always(ok(kStarted)));
  ASSERT_THAT(world.run(world.client->destroy_guest(kNode, VmId(100), DestroyOptions{})), IsOk());
  const auto& request = world.first->requests[0];
  EXPECT_EQ(request.method, "DELETE");
  EXPECT_EQ(request.body, "");
  EXPECT_EQ(request.target, "/api2/json/nodes/pve1/lxc/100?force=0&purge=1");
}

TEST(HttpClient, ConfiguresWithDeleteAndDigest) {
  World world(always(ok(R"({"data":null})")));
  ASSERT_THAT(world.run(world.client->configure_guest(kNode, VmId(100), {{"memory", "512"}},
                                                      {"cores", "net1"}, "d1")),
              IsOk());
  EXPECT_EQ(world.first->requests[0].body, "memory=512&delete=cores%2Cnet1&digest=d1");
  EXPECT_EQ(world.first->requests[0].method, "PUT");
}

TEST(HttpClient, NeverSendsWhatTheServerLacks) {
  World world(always(ok(R"({"data":{"version":"8.4.1"}})")));
  EXPECT_THAT(world.run(world.client->create_guest(kNode, VmId(100), {{"entrypoint", "/bin/sh"}})),
              Fails(ErrorClass::unsupported, HasSubstr("needs Proxmox VE 9.2, this is 8.4.1")));
  EXPECT_THAT(world.run(world.client->create_guest(kNode, VmId(100), {{"skiplock", "1"}})),
              Fails(ErrorClass::invalid, HasSubstr("skiplock")));
  EXPECT_THAT(world.run(world.client->clone_guest(kNode, VmId(1), VmId(2), {{"memory", "1"}})),
              Fails(ErrorClass::invalid));
  EXPECT_THAT(world.run(world.client->configure_guest(kNode, VmId(1), {}, {"rootfs"}, "")),
              Fails(ErrorClass::invalid));
  ASSERT_THAT(world.first->requests, SizeIs(1));  // the version
}

TEST(HttpClient, ReadsTheReasonPhraseOfOldServers) {
  World world(always(response(500, "CT is locked (backup)", R"({"data":null})")));
  EXPECT_THAT(world.run(world.client->start_guest(kNode, VmId(160))),
              Fails(ErrorClass::locked, HasSubstr("start guest 160 on pve1: CT is locked")));
}

TEST(HttpClient, ReadsErrorsWithoutAnyBody) {
  World world(always(response(401, "Authentication failed!", "")));
  const auto status = world.run(world.client->resources()).status();
  EXPECT_THAT(status, Fails(ErrorClass::auth, HasSubstr("Authentication failed!")));
  EXPECT_EQ(catalogue_code(status), "CON-002");
}

TEST(HttpClient, ALoserOfARaceIsAnsweredWith200AndAMessage) {
  World world(always(ok(
      R"({"message":"unable to create CT 160 - CT 160 already exists on node 'pve1'\n","data":null})")));
  EXPECT_THAT(world.run(world.client->create_guest(kNode, VmId(160), {})),
              Fails(ErrorClass::already_exists));
}

TEST(HttpClient, AskingForAFreeIdIsNoError) {
  World taken(always(response(
      400, "Parameter verification failed.",
      R"({"data":null,"errors":{"vmid":"VM 100 already exists"},"message":"Parameter…"})")));
  EXPECT_THAT(taken.run(taken.client->is_vmid_free(VmId(100))), IsOkAndHolds(false));
  World free(always(ok(R"({"data":"777"})")));
  EXPECT_THAT(free.run(free.client->is_vmid_free(VmId(777))), IsOkAndHolds(true));
  EXPECT_THAT(free.run(free.client->is_vmid_free(VmId(778))), Fails(ErrorClass::schema));
}

TEST(HttpClient, DecodeErrorsAreNeverUnreachable) {
  World broken(always(ok("<html>")));
  EXPECT_THAT(broken.run(broken.client->version()), Fails(ErrorClass::schema));
  World huge(always(ok(std::string(200000, ' '))));
  EXPECT_THAT(huge.run(huge.client->version()),
              Fails(ErrorClass::schema, HasSubstr("more than the 100000 allowed")));
  World null(always(ok(R"({"data":null})")));
  const auto started = null.run(null.client->start_guest(kNode, VmId(100)));
  EXPECT_THAT(started, Fails(ErrorClass::schema));
  EXPECT_TRUE(http::may_have_been_sent(started.status()));
}

TEST(HttpClient, FetchesTheTailOfALongLog) {
  World world([](const http::Request& request) -> Result<http::Response> {
    const auto target = http::parse_target(request.target);
    const bool tail = target->find("start") == "80";
    return ok(tail ? R"({"total":100,"data":[{"n":81,"t":"last"}]})"
                   : R"({"total":100,"data":[{"n":1,"t":"first"}]})");
  });
  EXPECT_THAT(world.run(world.client->task_log(Upid(kUpid), 20)),
              IsOkAndHolds(ElementsAre("last")));
}

TEST(HttpClient, ATaskIsAskedForOnItsOwnNode) {
  World world(always(response(400, "Parameter verification failed.",
                              R"({"data":null,"errors":{"upid":"no such task"}})")));
  EXPECT_THAT(world.run(world.client->task(Upid(kUpid))), Fails(ErrorClass::not_found));
  EXPECT_THAT(world.first->requests[0].target, HasSubstr("/nodes/pve1/tasks/UPID%3Apve1%3A"));
  EXPECT_THAT(world.run(world.client->task(Upid("../x"))), Fails(ErrorClass::invalid));
  EXPECT_THAT(world.first->requests, SizeIs(1));
}

TEST(HttpClient, AReadGoesToTheNextEndpoint) {
  for (const auto& broken :
       {failing(unsent()), failing(sent(ErrorClass::timeout)),
        failing(make_error(ErrorClass::tls, "wrong fingerprint")),
        always(response(595, "No route to host", "")), always(response(596, "timed out", ""))}) {
    World world(always(ok(kVersion)), true);
    world.first->answer_with(broken);
    EXPECT_THAT(world.run(world.client->version()), IsOk());
    EXPECT_THAT(world.run(world.client->version()), IsOk());
    EXPECT_THAT(world.first->requests, SizeIs(1));  // stays with the one that answers
    EXPECT_THAT(world.second->requests, SizeIs(2));
  }
}

TEST(HttpClient, EachEndpointIsKnownByItsOwnAnswers) {
  World world(always(ok(kVersion)), true);
  const auto& seen = world.client->endpoints();
  world.first->answer_with(failing(unsent()));
  (void)world.run(world.client->version());
  EXPECT_THAT(seen[0].problem, Fails(ErrorClass::transport));
  EXPECT_TRUE(seen[1].asked && seen[1].problem.ok());
  // It is asked again after a while; what it says is nobody's answer (it may be cut off).
  world.clock.advance(5min);
  world.first->answer_with(always(response(500, "too busy", "")));
  EXPECT_THAT(world.run(world.client->resources()), Not(Fails(ErrorClass::remote)));
  EXPECT_TRUE(seen[0].problem.ok()) << "an error is an answer";
  EXPECT_THAT(world.first->requests, SizeIs(2));
  EXPECT_EQ(world.first->requests.back().target, "/api2/json/version");
  EXPECT_EQ(world.second->requests.back().target, "/api2/json/cluster/resources");
  // One that still fails costs the call nothing, and a write goes nowhere else.
  world.clock.advance(5min);
  world.first->answer_with(failing(unsent()));
  (void)world.run(world.client->start_guest(kNode, VmId(100)));
  EXPECT_THAT(world.first->requests, SizeIs(2));
  EXPECT_THAT(world.run(world.client->version()), IsOk());
  EXPECT_THAT(world.first->requests, SizeIs(3));
  EXPECT_THAT(seen[0].problem, Fails(ErrorClass::transport));
}

TEST(HttpClient, AWriteIsNeverSentTwice) {
  for (const auto& broken :
       {failing(sent(ErrorClass::transport)), failing(sent(ErrorClass::timeout)),
        failing(make_error(ErrorClass::timeout, "no answer")),
        always(response(595, "Connection refused", "")),
        always(response(596, "Connection timed out", ""))}) {
    World world(always(ok(kStarted)), true);
    world.first->answer_with(broken);
    const auto started = world.run(world.client->start_guest(kNode, VmId(100)));
    EXPECT_FALSE(started.ok());
    EXPECT_TRUE(http::may_have_been_sent(started.status())) << started.status();
    EXPECT_THAT(world.second->requests, IsEmpty());
  }
}

TEST(HttpClient, AWriteThatNeverLeftGoesToTheNextEndpoint) {
  World world(always(ok(kStarted)), true);
  world.first->answer_with(failing(unsent()));
  EXPECT_THAT(world.run(world.client->start_guest(kNode, VmId(100))), IsOk());
  EXPECT_THAT(world.second->requests, SizeIs(1));
}

TEST(HttpClient, AnAnsweredErrorIsNotTriedElsewhere) {
  World world(always(response(500, "CT 100 already running", "")), true);
  EXPECT_THAT(world.run(world.client->start_guest(kNode, VmId(100))), Fails(ErrorClass::conflict));
  EXPECT_THAT(world.second->requests, IsEmpty());
}

TEST(HttpClient, SaysWhatEveryEndpointSaid) {
  World world(failing(unsent()), true);
  world.first->answer_with(failing(make_error(ErrorClass::tls, "wrong fingerprint")));
  const auto status = world.run(world.client->version()).status();
  EXPECT_THAT(status, Fails(ErrorClass::transport,
                            AllOf(HasSubstr("pve1.lan: wrong fingerprint"),
                                  HasSubstr("endpoint pve2.lan: connection refused"))));
  EXPECT_EQ(catalogue_code(status), "CON-001");
}

TEST(HttpClient, SecretsNeverReachErrors) {
  World world(always(response(400, "Parameter verification failed.",
                              R"({"errors":{"password":"'hunter2hunter2' is too weak, PVEAPIToken=)"
                              R"(gantry@pve!daemon=s3cr3t-s3cr3t"}})")));
  const auto status =
      world.run(world.client->create_guest(kNode, VmId(100), {{"password", "hunter2hunter2"}}))
          .status();
  EXPECT_THAT(message_of(status),
              AllOf(Not(HasSubstr("hunter2")), Not(HasSubstr("s3cr3t")), HasSubstr("***")));
  EXPECT_THAT(status, Fails(ErrorClass::invalid));
}

// A server that knows tickets.
struct TicketServer {
  int logins = 0;
  std::string valid;
  std::vector<std::string> passwords;
  Result<http::Response> operator()(const http::Request& request) {
    const auto form = http::parse_target("/?" + request.body);
    if (request.target == "/api2/json/access/ticket") {
      passwords.push_back(form->find("password").value_or(""));
      if (passwords.back() == "wrong") return response(401, "authentication failure", "");
      valid = "PVE:root@pam:" + std::to_string(++logins);
      return ok(R"({"data":{"ticket":")" + valid + R"(","CSRFPreventionToken":"csrf"}})");
    }
    const auto cookie = request.headers.find("Cookie");
    if (cookie == request.headers.end()) return response(401, "No ticket", "");
    if (url_decode(cookie->second) != "PVEAuthCookie=" + valid)
      return response(401, "permission denied - invalid PVE ticket", "");
    if (request.method != "GET" && !request.headers.contains("CSRFPreventionToken"))
      return response(401, "Permission denied - invalid csrf token", "");
    return ok(request.method == "GET" ? kVersion : kStarted);
  }
};

struct TicketWorld : World {
  std::shared_ptr<TicketServer> server;
  explicit TicketWorld(std::shared_ptr<TicketServer> s, std::string password = "correct")
      : World([s](const http::Request& request) { return (*s)(request); }, false,
              PasswordCredentials{"root@pam", std::move(password)}),
        server(std::move(s)) {}
};

TEST(HttpClient, LogsInOnceAndSendsTheCsrfToken) {
  TicketWorld world(std::make_shared<TicketServer>());
  EXPECT_THAT(world.run(world.client->version()), IsOk());
  EXPECT_THAT(world.run(world.client->start_guest(kNode, VmId(100))), IsOk());
  EXPECT_EQ(world.server->logins, 1);
}

TEST(HttpClient, RenewsTheTicketWithTheOldOneBeforeItEnds) {
  TicketWorld world(std::make_shared<TicketServer>());
  EXPECT_THAT(world.run(world.client->version()), IsOk());
  world.clock.advance(95min);
  EXPECT_THAT(world.run(world.client->version()), IsOk());
  world.clock.advance(5h);
  EXPECT_THAT(world.run(world.client->version()), IsOk());
  EXPECT_THAT(world.server->passwords, ElementsAre("correct", "PVE:root@pam:1", "correct"));
}

TEST(HttpClient, AForgottenTicketIsWorthOneNewLogin) {
  TicketWorld world(std::make_shared<TicketServer>());
  EXPECT_THAT(world.run(world.client->version()), IsOk());
  world.server->valid = "none";
  EXPECT_THAT(world.run(world.client->start_guest(kNode, VmId(100))), IsOk());
  EXPECT_EQ(world.server->logins, 2);
}

TEST(HttpClient, RefusedLoginsDoNotLockTheAccount) {
  TicketWorld world(std::make_shared<TicketServer>(), "wrong");
  for (int i = 0; i < 5; ++i)
    EXPECT_THAT(world.run(world.client->version()), Fails(ErrorClass::auth));
  EXPECT_THAT(world.server->passwords, SizeIs(2));
  EXPECT_EQ(catalogue_code(world.run(world.client->version()).status()), "CON-014");
  world.clock.advance(6min);
  EXPECT_THAT(world.run(world.client->version()), Fails(ErrorClass::auth));
  EXPECT_THAT(world.server->passwords, SizeIs(3));
}

TEST(HttpClient, ConcurrentCallsShareOneLogin) {
  TicketWorld world(std::make_shared<TicketServer>());
  async::Group group(world.loop.executor());
  for (int i = 0; i < 5; ++i)
    group.spawn("call", [&]() -> Async<Status> {
      const auto version = co_await world.client->version();
      co_return version.status();
    });
  EXPECT_THAT(world.run(group.join()), IsOk());
  EXPECT_EQ(world.server->logins, 1);
}

}  // namespace
}  // namespace gantry::pve

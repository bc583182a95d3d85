#include "pkg/http/beast/tls.h"

#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/crypto/certificates.h"
#include "pkg/http/beast/test_world.h"

namespace gantry::http::beast {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

crypto::Validity days(int from, int to) {
  const auto now = SystemClock().now();
  return {now + std::chrono::hours(24 * from), now + std::chrono::hours(24 * to)};
}

crypto::Identity authority() {
  return *crypto::make_authority("Test CA", days(-1, 1));
}

TlsIdentity server_identity(const crypto::Identity& ca, const crypto::ServerNames& names,
                            const crypto::Validity& validity) {
  const auto issued = *crypto::issue_server_certificate(ca, names, validity);
  return {issued.certificate_pem, issued.key_pem, ""};
}

TlsIdentity good_identity(const crypto::Identity& ca) {
  return server_identity(ca, {{"localhost"}, {"127.0.0.1"}}, days(-1, 1));
}

std::string fingerprint_of(const TlsIdentity& identity) {
  return crypto::read_certificate(identity.certificate_chain_pem)->fingerprint;
}

TlsTrust trust_ca(const crypto::Identity& ca) {
  TlsTrust trust;
  trust.ca_pem = ca.certificate_pem;
  return trust;
}

TlsTrust pin(std::string fingerprint) {
  TlsTrust trust;
  trust.fingerprint = std::move(fingerprint);
  return trust;
}

std::unique_ptr<StreamingClient> tls_client(World& world, uint16_t port, const TlsTrust& trust,
                                            std::string host = "127.0.0.1") {
  Endpoint endpoint{std::move(host), port, true};
  return make_client(world.loop.executor(), world.clock, endpoint, trust, {});
}

// A TLS connection that speaks raw bytes.
Async<Result<std::unique_ptr<Connection>>> dial_tls(World& world, uint16_t port, TlsTrust trust) {
  auto tls = make_client_tls(trust);
  if (!tls.ok()) co_return tls.status();
  Endpoint endpoint{"127.0.0.1", port, true};
  auto dialling = dial(world.loop.executor(), world.clock, endpoint, *std::move(tls), 5s);
  co_return co_await std::move(dialling);
}

// What a POST over TLS ends with.
Result<Response> post_to(const TlsIdentity& identity, const TlsTrust& trust,
                         const std::string& host = "127.0.0.1") {
  World world;
  auto handler = echo_handler();
  ServerOptions options;
  options.tls = identity;
  Result<Response> response = Response{};
  with_server(world, options, handler, [&](Server& server) -> Async<Status> {
    auto client = tls_client(world, server.port(), trust, host);
    response = co_await client->send(post("/a", "x"), 5s);
    co_return Status();
  });
  return response;
}

TEST(Tls, TrustsWhatTheAuthorityHasSigned) {
  const auto ca = authority();
  const auto by_address = post_to(good_identity(ca), trust_ca(ca));
  ASSERT_THAT(by_address, IsOk());
  EXPECT_EQ(by_address->body, "POST /a x");
  EXPECT_THAT(post_to(good_identity(ca), trust_ca(ca), "localhost"), IsOk());
}

TEST(Tls, TrustsThePinnedCertificateWhateverItsAuthorityNameOrAge) {
  const auto identity = server_identity(authority(), {{"other.example"}, {}}, days(-2, -1));
  auto trust = pin(to_lower(fingerprint_of(identity)));
  trust.ca_pem = authority().certificate_pem;
  EXPECT_THAT(post_to(identity, trust), IsOk());
}

TEST(Tls, ShowsBothFingerprintsWhenThePinDoesNotMatch) {
  const auto ca = authority();
  const auto identity = good_identity(ca);
  auto trust = pin(fingerprint_of(good_identity(ca)));
  trust.ca_pem = ca.certificate_pem;
  const auto response = post_to(identity, trust);
  EXPECT_THAT(response, Fails(ErrorClass::tls,
                              AllOf(HasSubstr("PinMismatch"), HasSubstr(fingerprint_of(identity)),
                                    HasSubstr(trust.fingerprint))));
  EXPECT_FALSE(may_have_been_sent(response.status()));
}

TEST(Tls, SaysWhichCheckFailed) {
  const auto ca = authority();
  EXPECT_THAT(post_to(good_identity(authority()), trust_ca(ca)),
              Fails(ErrorClass::tls, HasSubstr("UnknownCA: ")));
  EXPECT_THAT(post_to(good_identity(ca), TlsTrust{}),
              Fails(ErrorClass::tls, HasSubstr("UnknownCA: ")));
  EXPECT_THAT(post_to(server_identity(ca, {{}, {"127.0.0.1"}}, days(-2, -1)), trust_ca(ca)),
              Fails(ErrorClass::tls, AllOf(HasSubstr("Expired: "), HasSubstr("CN=127.0.0.1"))));
  EXPECT_THAT(post_to(server_identity(ca, {{}, {"127.0.0.1"}}, days(1, 2)), trust_ca(ca)),
              Fails(ErrorClass::tls, HasSubstr("Expired: ")));
  EXPECT_THAT(post_to(server_identity(ca, {{"localhost"}, {}}, days(-1, 1)), trust_ca(ca)),
              Fails(ErrorClass::tls, HasSubstr("NameMismatch: ")));
  EXPECT_THAT(
      post_to(server_identity(ca, {{}, {"127.0.0.1"}}, days(-1, 1)), trust_ca(ca), "localhost"),
      Fails(ErrorClass::tls, HasSubstr("NameMismatch: ")));
}

TEST(Tls, RefusesAClientCertificateAsAServers) {
  const auto ca = authority();
  const auto issued = *crypto::issue_client_certificate(ca, {"127.0.0.1", {}}, days(-1, 1));
  EXPECT_THAT(post_to({issued.certificate_pem, issued.key_pem, ""}, trust_ca(ca)),
              Fails(ErrorClass::tls));
}

TEST(Tls, SaysInvalidWhenTheTrustCannotBeRead) {
  World world;
  auto bad_ca = TlsTrust{};
  bad_ca.ca_pem = "no PEM";
  auto bad_client = trust_ca(authority());
  bad_client.client_certificate_pem = "no PEM";
  for (const auto& trust : std::vector<TlsTrust>{bad_ca, bad_client, pin("AA:BB")}) {
    auto client = tls_client(world, 1, trust);
    EXPECT_THAT(world.loop.block_on(client->send(get("/"), 1s)), Fails(ErrorClass::invalid));
  }
  auto handler = echo_handler();
  ServerOptions options;
  options.tls = TlsIdentity{"no PEM", "no PEM", ""};
  EXPECT_THAT(Server::make(world.loop.executor(), world.clock, options, handler),
              Fails(ErrorClass::invalid, HasSubstr("certificate chain")));
  const auto ca = authority();
  options.tls = good_identity(ca);
  options.tls->key_pem = ca.key_pem;
  EXPECT_THAT(Server::make(world.loop.executor(), world.clock, options, handler),
              Fails(ErrorClass::invalid, HasSubstr("private key")));
}

TEST(Tls, SaysTlsWhenTheOtherSideSpeaksPlain) {
  World world;
  auto handler = echo_handler();
  with_server(world, {}, handler, [&](Server& server) -> Async<Status> {
    auto client = tls_client(world, server.port(), TlsTrust());
    const auto response = co_await client->send(get("/"), 5s);
    EXPECT_THAT(response, Fails(ErrorClass::tls));
    co_return Status();
  });
}

TEST(Tls, DropsAPeerThatDoesNotShakeHands) {
  World world;
  auto handler = echo_handler();
  ServerOptions options;
  options.tls = good_identity(authority());
  options.limits.header_timeout = 30ms;
  with_server(world, options, handler, [&](Server& server) -> Async<Status> {
    auto got = co_await ask_raw(world, server.port(), std::string());
    GANTRY_CO_TRY(got.status());
    EXPECT_EQ(*got, "");
    co_return Status();
  });
}

// Answers with the names in the client's certificate.
FunctionHandler who_handler() {
  return FunctionHandler([](Request, Peer peer, ResponseStream&) -> Async<std::optional<Response>> {
    std::string who = peer.certificate_common_name;
    for (const auto& organization : peer.certificate_organizations) who += "," + organization;
    co_return text_response(std::move(who));
  });
}

TEST(TlsClientCertificate, NamesThePeerWhenItsAuthorityIsTrusted) {
  World world;
  const auto ca = authority();
  auto handler = who_handler();
  ServerOptions options;
  options.tls = good_identity(ca);
  options.tls->client_ca_pem = ca.certificate_pem;
  const auto alice = *crypto::issue_client_certificate(ca, {"alice", {"a", "b"}}, days(-1, 1));
  const auto mallory =
      *crypto::issue_client_certificate(authority(), {"alice", {"a"}}, days(-1, 1));
  with_server(world, options, handler, [&](Server& server) -> Async<Status> {
    auto trust = trust_ca(ca);
    auto nobody = tls_client(world, server.port(), trust);
    const auto without = co_await nobody->send(get("/"), 5s);
    GANTRY_CO_TRY(without.status());
    EXPECT_EQ(without->body, "");
    trust.client_certificate_pem = alice.certificate_pem;
    trust.client_key_pem = alice.key_pem;
    auto known = tls_client(world, server.port(), trust);
    const auto with = co_await known->send(get("/"), 5s);
    GANTRY_CO_TRY(with.status());
    EXPECT_EQ(with->body, "alice,a,b");
    trust.client_certificate_pem = mallory.certificate_pem;
    trust.client_key_pem = mallory.key_pem;
    auto stranger = tls_client(world, server.port(), trust);
    const auto refused = co_await stranger->send(get("/"), 5s);
    EXPECT_FALSE(refused.ok());
    co_return Status();
  });
}

TEST(TlsReload, NewConnectionsSeeTheNewCertificateAndOldOnesGoOn) {
  World world;
  const auto ca = authority();
  const auto first = good_identity(ca);
  const auto second = good_identity(ca);
  auto handler = echo_handler();
  ServerOptions options;
  options.tls = first;
  with_server(world, options, handler, [&](Server& server) -> Async<Status> {
    auto old_client = tls_client(world, server.port(), pin(fingerprint_of(first)));
    const auto before = co_await old_client->send(get("/"), 5s);
    GANTRY_CO_TRY(before.status());
    EXPECT_THAT(server.set_tls(TlsIdentity()), Fails(ErrorClass::invalid));
    GANTRY_CO_TRY(server.set_tls(second));
    const auto kept = co_await old_client->send(get("/"), 5s);
    EXPECT_THAT(kept, IsOk());
    auto new_client = tls_client(world, server.port(), pin(fingerprint_of(second)));
    const auto after = co_await new_client->send(get("/"), 5s);
    co_return after.status();
  });
}

TEST(Tls, CarriesLargeBodiesBothWaysAndKeepsTheConnection) {
  World world;
  const auto ca = authority();
  auto handler = echo_handler();
  ServerOptions options;
  options.tls = good_identity(ca);
  const std::string large(size_t{3} << 20, 'x');
  with_server(world, options, handler, [&](Server& server) -> Async<Status> {
    auto client = tls_client(world, server.port(), trust_ca(ca));
    for (int i = 0; i < 3; ++i) {
      const auto response = co_await client->send(post("/", large), 10s);
      GANTRY_CO_TRY(response.status());
      EXPECT_EQ(response->body, "POST / " + large);
    }
    co_return Status();
  });
}

TEST(TlsStream, EndsWithItsPeerAlsoUnderTls) {
  World world;
  const auto ca = authority();
  async::Event started;
  async::Event ended;
  Status how;
  FunctionHandler handler(
      [&](Request, Peer, ResponseStream& stream) -> Async<std::optional<Response>> {
        Response head;
        (void)co_await stream.start(std::move(head));
        (void)co_await stream.write("first");
        started.set();
        how = co_await world.clock.sleep_for(1h);
        ended.set();
        co_return std::nullopt;
      });
  ServerOptions options;
  options.tls = good_identity(ca);
  std::string seen;
  with_server(world, options, handler, [&](Server& server) -> Async<Status> {
    auto client = tls_client(world, server.port(), trust_ca(ca));
    async::Group group(world.loop.executor());
    group.spawn("watcher", [&]() -> Async<Status> {
      auto on_head = [](const Response&) { return Status(); };
      auto on_chunk = [&](std::string_view chunk) {
        seen += chunk;
        return Status();
      };
      (void)co_await client->stream(get("/"), on_head, on_chunk);
      co_return Status();
    });
    (void)co_await started.wait();
    GANTRY_CO_TRY(co_await world.clock.sleep_for(10ms));
    group.cancel();
    (void)co_await group.join();
    co_return co_await async::with_deadline(world.clock, 5s, "the end", ended.wait());
  });
  EXPECT_EQ(seen, "first");
  EXPECT_THAT(how, Fails(ErrorClass::cancelled));
}

// What came with a request in one piece is answered although nothing more ever arrives.
TEST(TlsStream, ForgetsNothingThatItHasTakenFromTheSocket) {
  World world;
  const auto ca = authority();
  auto handler = echo_handler();
  ServerOptions options;
  options.tls = good_identity(ca);
  std::string all;
  with_server(world, options, handler, [&](Server& server) -> Async<Status> {
    auto peer = co_await dial_tls(world, server.port(), trust_ca(ca));
    GANTRY_CO_TRY(peer.status());
    // Two writes are two records; the server's kernel has both before it reads the first.
    const std::string body(20'000, 'x');
    std::string first = "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n" + body;
    std::string second = "GET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    GANTRY_CO_TRY(co_await (*peer)->write(std::move(first)));
    GANTRY_CO_TRY(co_await (*peer)->write(std::move(second)));
    all = co_await read_to_end(**peer);
    (*peer)->close();
    co_return Status();
  });
  EXPECT_THAT(all, AllOf(HasSubstr("POST /1 xxx"), HasSubstr("GET /2 ")));
}

// A peer that does not read holds up his own stream only, and gets all of it when he does.
TEST(TlsStream, WaitsForAPeerThatReadsSlowly) {
  World world;
  const auto ca = authority();
  const std::string chunk(1 << 20, 'x');
  constexpr int kChunks = 16;  // more than the kernel buffers
  int written = 0;
  FunctionHandler handler(
      [&](Request request, Peer, ResponseStream& stream) -> Async<std::optional<Response>> {
        if (request.target == "/other") co_return text_response("here");
        Response head;
        (void)co_await stream.start(std::move(head));
        for (int i = 0; i < kChunks; ++i) {
          const Status told = co_await stream.write(chunk);
          if (told.ok()) ++written;
        }
        co_return std::nullopt;
      });
  ServerOptions options;
  options.tls = good_identity(ca);
  size_t seen = 0;
  with_server(world, options, handler, [&](Server& server) -> Async<Status> {
    auto slow = co_await dial_tls(world, server.port(), trust_ca(ca));
    GANTRY_CO_TRY(slow.status());
    std::string request = "GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    GANTRY_CO_TRY(co_await (*slow)->write(std::move(request)));
    auto client = tls_client(world, server.port(), trust_ca(ca));
    const auto other = co_await client->send(get("/other"), 5s);
    GANTRY_CO_TRY(other.status());
    EXPECT_EQ(other->body, "here");
    EXPECT_LT(written, kChunks);
    const auto all = co_await read_to_end(**slow);
    seen = static_cast<size_t>(std::ranges::count(all, 'x'));
    (*slow)->close();
    co_return Status();
  });
  EXPECT_EQ(written, kChunks);
  EXPECT_EQ(seen, kChunks * chunk.size());
}

// Writing to a peer that has gone is an error of that stream; the process has no signal to mind.
TEST(TlsStream, FailsWhenItsPeerIsCutOff) {
  World world;
  const auto ca = authority();
  Status how;
  FunctionHandler handler(
      [&](Request, Peer, ResponseStream& stream) -> Async<std::optional<Response>> {
        Response head;
        how = co_await stream.start(std::move(head));
        for (int i = 0; how.ok() && i < 100; ++i) {
          how = co_await stream.write("event");
          (void)co_await world.clock.sleep_for(1ms);
        }
        co_return std::nullopt;
      });
  ServerOptions options;
  options.tls = good_identity(ca);
  with_server(world, options, handler, [&](Server& server) -> Async<Status> {
    auto peer = co_await dial_tls(world, server.port(), trust_ca(ca));
    GANTRY_CO_TRY(peer.status());
    std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    GANTRY_CO_TRY(co_await (*peer)->write(std::move(request)));
    GANTRY_CO_TRY(co_await world.clock.sleep_for(20ms));
    (*peer)->close();
    co_return Status();
  });
  EXPECT_FALSE(how.ok());
}

}  // namespace
}  // namespace gantry::http::beast

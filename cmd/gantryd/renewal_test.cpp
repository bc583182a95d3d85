#include "cmd/gantryd/renewal.h"

#include <filesystem>

#include "pkg/async/group.h"
#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/log.h"
#include "pkg/base/testing.h"

namespace gantry::daemon {
namespace {

using gantry::testing::IsOk;
using std::chrono::days;
using std::chrono::minutes;

struct RenewalWorld {
  async::Loop loop;
  async::SimulatedClock clock{*from_rfc3339("2026-01-01T00:00:00Z")};
  IdentityOptions options;
  std::vector<std::string> used;  // certificates
  Status refusal;

  RenewalWorld() {
    log::configure(log::Level::off, log::Format::text);
    options.folder =
        (std::filesystem::temp_directory_path() / ("gantry-renewal-" + std::to_string(::getpid())))
            .string();
    options.names = {"localhost"};
  }
  ~RenewalWorld() { std::filesystem::remove_all(options.folder); }

  ServerIdentity load() {
    auto identity = load_identity(options, clock.now());
    EXPECT_THAT(identity.status(), IsOk());
    return *identity;
  }
  void run_for(ServerIdentity current, Duration duration) {
    async::Group group(loop.executor());
    group.spawn("renewal", [this, current] {
      return renew_identity(options, current, clock, [this](const http::beast::TlsIdentity& tls) {
        used.push_back(tls.certificate_chain_pem);
        return refusal;
      });
    });
    auto wait = [&]() -> Async<Status> { co_return co_await clock.sleep_for(duration); };
    EXPECT_THAT(loop.block_on(clock, wait()), IsOk());
    group.cancel();
    (void)loop.block_on(clock, group.join());
  }
};

TEST(Renewal, AMonthBeforeItsEndTheSelfMadeCertificateIsReplaced) {
  RenewalWorld world;
  const auto first = world.load();
  world.clock.advance(days(333));
  world.run_for(first, days(1));
  EXPECT_TRUE(world.used.empty());
  world.run_for(first, days(2));
  ASSERT_EQ(world.used.size(), 1U);
  EXPECT_NE(world.used[0], first.tls.certificate_chain_pem);
  const auto facts = crypto::read_certificate(world.used[0]);
  ASSERT_THAT(facts.status(), IsOk());
  EXPECT_GT(facts->validity.to, world.clock.now() + days(360));
  EXPECT_EQ(world.load().ca_pem, first.ca_pem);
}

TEST(Identity, OwnClientCertificatesAreBelievedBesideAGivenServerCertificate) {
  RenewalWorld world;
  const auto made = world.load();
  EXPECT_EQ(made.tls.client_ca_pem, made.ca_pem);
  world.options.certificate_file = world.options.folder + "/server.pem";
  world.options.key_file = world.options.folder + "/server.key";
  const auto given = world.load();
  EXPECT_EQ(given.tls.client_ca_pem, made.ca_pem);
  EXPECT_EQ(given.ca_pem, "");
}

TEST(Renewal, GivenFilesThatChangeAreTakenAndTriedAgainWhenRefused) {
  RenewalWorld world;
  const auto made = world.load();
  world.options.certificate_file = world.options.folder + "/given.pem";
  world.options.key_file = world.options.folder + "/given.key";
  EXPECT_THAT(write_private_file(world.options.key_file, made.tls.key_pem), IsOk());
  EXPECT_THAT(write_private_file(world.options.certificate_file, "old"), IsOk());
  const auto before = world.load();
  EXPECT_THAT(write_private_file(world.options.certificate_file, "new"), IsOk());
  world.refusal = invalid("no certificate");
  world.run_for(before, minutes(150));
  EXPECT_EQ(world.used, (std::vector<std::string>{"new", "new"}));
  world.refusal = Status();
  world.run_for(before, minutes(210));
  EXPECT_EQ(world.used.size(), 3U);
}

}  // namespace
}  // namespace gantry::daemon

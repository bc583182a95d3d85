// A restart that somebody has asked for is given once, whatever is lost on the way.
#include "controllers/app/bootstrap/restart.h"

#include <algorithm>

#include "controllers/app/bootstrap/bootstrap.h"
#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/lab/memory/little_guest.h"

namespace gantry::controllers::app {
namespace {

using gantry::testing::IsOk;
using lab::LittleGuest;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kDebian13 = "debian-13-standard_13.1-1_amd64.tar.zst";
constexpr const char* kNoon = "2026-01-01T12:00:00Z";
constexpr const char* kLater = "2026-01-01T12:00:01Z";

ResolvedWorkload restarted_nginx(const std::string& restart) {
  ResolvedWorkload workload;
  workload.packages = {"nginx"};
  workload.unit = "nginx.service";
  workload.restart = restart;
  workload.revision = "rev" + restart;
  return workload;
}

ResolvedWorkload restarted_wiki(const std::string& restart) {
  ResolvedWorkload workload;
  ResolvedCompose compose;
  compose.project = "wiki";
  compose.text = "services:\n  web: {image: \"wiki:2\"}\n  db: {image: \"pg:16\"}\n";
  compose.services = {"db", "web"};
  workload.compose = compose;
  workload.restart = restart;
  workload.revision = "rev" + restart;
  return workload;
}

class RestartTest : public ::testing::Test {
 protected:
  Status run(LittleGuest& inside, ResolvedWorkload workload) {
    const Guest guest(inside, guest::Target{NodeName("pve1"), VmId(100)}, clock_);
    return loop_.block_on(clock_, bootstrap(guest, std::move(workload), [](const Progress&) {}));
  }
  // What a run changes.
  std::vector<std::string> changes(ResolvedWorkload workload) {
    guest_.changes.clear();
    EXPECT_THAT(run(guest_, std::move(workload)), IsOk());
    return guest_.changes;
  }

  async::Loop loop_;
  async::SimulatedClock clock_{Time()};
  LittleGuest guest_{kDebian13};
};

TEST_F(RestartTest, IsGivenOnceARequest) {
  EXPECT_THAT(run(guest_, restarted_nginx("")), IsOk());
  EXPECT_THAT(changes(restarted_nginx(kNoon)), ElementsAre("systemctl restart nginx.service"));
  EXPECT_THAT(changes(restarted_nginx(kNoon)), IsEmpty());
  EXPECT_THAT(changes(restarted_nginx(kLater)), ElementsAre("systemctl restart nginx.service"));
}

// Back to an earlier revision: what it had asked for is long over.
TEST_F(RestartTest, AnOlderRequestIsOver) {
  EXPECT_THAT(run(guest_, restarted_nginx("")), IsOk());
  EXPECT_THAT(run(guest_, restarted_nginx(kLater)), IsOk());
  EXPECT_THAT(changes(restarted_nginx(kNoon)), IsEmpty());
  EXPECT_THAT(changes(restarted_nginx("")), IsEmpty());
  EXPECT_THAT(changes(restarted_nginx(kLater)), IsEmpty());
}

TEST_F(RestartTest, ANewContainerHasNothingToRestart) {
  EXPECT_THAT(changes(restarted_nginx(kNoon)), ElementsAre("apt-get install nginx"));
  EXPECT_THAT(changes(restarted_nginx(kNoon)), IsEmpty());
}

TEST_F(RestartTest, WhatDoesNotRunIsStarted) {
  EXPECT_THAT(run(guest_, restarted_nginx("")), IsOk());
  guest_.inside.units["nginx.service"].active = false;
  EXPECT_THAT(changes(restarted_nginx(kNoon)), ElementsAre("systemctl start nginx.service"));
  EXPECT_THAT(changes(restarted_nginx(kNoon)), IsEmpty());
}

TEST_F(RestartTest, GivesEveryServiceANewContainer) {
  EXPECT_THAT(run(guest_, restarted_wiki("")), IsOk());
  EXPECT_THAT(changes(restarted_wiki(kNoon)), ElementsAre("docker compose up"));
  for (const char* service : {"wiki/web", "wiki/db"})
    EXPECT_EQ(guest_.inside.docker.services.at(service).starts, 2) << service;
  EXPECT_THAT(changes(restarted_wiki(kNoon)), IsEmpty());
}

// Whichever answer is lost, after its effect: as when gantryd dies there.
TEST_F(RestartTest, IsNeitherLostNorDoubledWhateverIsLost) {
  for (const auto& workload : {&restarted_nginx, &restarted_wiki}) {
    for (int at = 0;; ++at) {
      LittleGuest inside(kDebian13);
      ASSERT_THAT(run(inside, workload("")), IsOk());
      const int before = inside.calls;
      inside.fail_at = before + at;
      const bool whole = run(inside, workload(kNoon)).ok();
      inside.fail_at = -1;
      EXPECT_THAT(run(inside, workload(kNoon)), IsOk()) << "call " << at;
      const bool native = workload == &restarted_nginx;
      const int starts = native ? inside.inside.units["nginx.service"].starts
                                : inside.inside.docker.services["wiki/web"].starts;
      EXPECT_EQ(starts, 2) << "call " << at << (native ? ", native" : ", compose");
      if (whole) break;
    }
  }
}

}  // namespace
}  // namespace gantry::controllers::app

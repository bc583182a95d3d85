#include "controllers/app/bootstrap/docker.h"

#include "controllers/app/bootstrap/bootstrap.h"
#include "controllers/app/bootstrap/compose_project.h"
#include "controllers/app/bootstrap/images.h"
#include "controllers/app/bootstrap/symptoms.h"
#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/guest/setup/redact.h"
#include "pkg/lab/memory/little_guest.h"

namespace gantry::controllers::app {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using guest::redacted;
using lab::LittleGuest;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kDebian = "debian-13-standard_13.1-1_amd64.tar.zst";
constexpr const char* kAlpine = "alpine-3.22-default_20250617_amd64.tar.xz";
constexpr const char* kPassword = "hunter2-\"$x\\";

ResolvedWorkload wiki(const std::string& tag = "2", const std::string& revision = "aaaa") {
  ResolvedWorkload workload;
  ResolvedCompose compose;
  compose.project = "wiki";
  compose.text = "services:\n  web: {image: \"wiki:" + tag + "\"}\n  db: {image: \"pg:16\"}\n";
  compose.services = {"db", "web"};
  compose.environment = environment_line("PASS", kPassword);
  workload.compose = compose;
  guest::File conf;
  conf.path = "/etc/app.conf";
  conf.content = "a=1\n";
  workload.files = {conf};
  workload.revision = revision;
  workload.secrets = {kPassword};
  return workload;
}

class DockerTest : public ::testing::Test {
 protected:
  Status run(ResolvedWorkload workload = wiki()) {
    return loop_.block_on(clock_, bootstrap(guest(), std::move(workload), [this](const auto& told) {
                            reports_.push_back(told);
                          }));
  }
  Guest guest() { return Guest(guest_, guest::Target{NodeName("pve1"), VmId(100)}, clock_); }
  std::string code_of(const Status& status) { return catalogue_code(status).value_or("none"); }

  async::Loop loop_;
  async::SimulatedClock clock_{Time()};
  LittleGuest guest_{kDebian};
  std::vector<Progress> reports_;
};

TEST_F(DockerTest, InstallsPullsWritesAndStartsInThisOrder) {
  EXPECT_THAT(run(), IsOk());
  EXPECT_THAT(guest_.changes,
              ElementsAre("apt-get install docker.io docker-cli docker-compose iptables "
                          "ca-certificates",
                          "docker pull pg:16", "docker pull wiki:2", "push /etc/app.conf",
                          "docker compose up"));
  EXPECT_EQ(guest_.inside.docker.services.at("wiki/web").state, "running");
  EXPECT_EQ(guest_.inside.files.at("/var/lib/gantry/payload/aaaa/app.env").mode, 0600);
  EXPECT_THAT(loop_.block_on(look_inside(guest(), wiki())), IsOk());
}

TEST_F(DockerTest, ASecondRunChangesNothing) {
  EXPECT_THAT(run(), IsOk());
  guest_.changes.clear();
  EXPECT_THAT(run(), IsOk());
  EXPECT_THAT(guest_.changes, IsEmpty());
}

TEST_F(DockerTest, AGoldenContainerNeedsNoInstall) {
  for (const char* package : {"docker.io", "docker-compose"}) guest_.inside.packages[package] = "1";
  guest_.inside.units["docker.service"] = {.enabled = true, .active = true};
  EXPECT_THAT(run(), IsOk());
  EXPECT_THAT(guest_.changes, Not(Contains(HasSubstr("install"))));
}

TEST_F(DockerTest, AlpineIsSetUpWithItsOwnPrograms) {
  guest_.inside = lab::fresh_system(kAlpine);
  lab::boot(guest_.inside);
  EXPECT_THAT(run(), IsOk());
  EXPECT_THAT(guest_.changes,
              ElementsAre("apk add docker docker-cli-compose", "rc-update add docker default",
                          "rc-service docker start", "docker pull pg:16", "docker pull wiki:2",
                          "push /etc/app.conf", "docker compose up"));
}

TEST_F(DockerTest, ABadTagStopsNothingThatRuns) {
  guest_.registry.images = {"wiki:2", "pg:16"};
  EXPECT_THAT(run(), IsOk());
  const auto before = guest_.inside.docker.services;
  guest_.changes.clear();
  const auto status = run(wiki("3", "bbbb"));
  EXPECT_THAT(status, Fails(ErrorClass::remote, HasSubstr("images: wiki:3")));
  EXPECT_EQ(code_of(status), "TPL-006");
  EXPECT_THAT(guest_.changes, ElementsAre("docker pull wiki:3"));
  EXPECT_EQ(guest_.inside.docker.services.at("wiki/web").starts, before.at("wiki/web").starts);
  EXPECT_EQ(guest_.inside.docker.services.at("wiki/web").image, "wiki:2");
}

TEST_F(DockerTest, AChangedFileMakesNewContainers) {
  EXPECT_THAT(run(), IsOk());
  auto changed = wiki("2", "bbbb");
  changed.files[0].content = "a=2\n";
  EXPECT_THAT(run(changed), IsOk());
  EXPECT_EQ(guest_.inside.docker.services.at("wiki/db").starts, 2);
  EXPECT_FALSE(guest_.inside.files.contains(kRestartFile));
}

TEST_F(DockerTest, WhatOpensTheRegistryComesBeforeTheImagesAndRestartsNothing) {
  EXPECT_THAT(run(), IsOk());
  guest_.changes.clear();
  auto changed = wiki("3", "bbbb");
  guest::File ca;
  ca.path = "/etc/docker/certs.d/registry.lan:5000/ca.crt";
  changed.files.push_back(ca);
  EXPECT_THAT(run(changed), IsOk());
  EXPECT_THAT(guest_.changes,
              ElementsAre("push " + ca.path, "docker pull wiki:3", "docker compose up"));
  EXPECT_EQ(guest_.inside.docker.services.at("wiki/db").starts, 1);
}

TEST_F(DockerTest, OldPayloadsGoOnlyWhenTheNewRun) {
  EXPECT_THAT(run(), IsOk());
  guest_.registry.images = {"nothing"};
  EXPECT_THAT(run(wiki("3", "bbbb")), Not(IsOk()));
  EXPECT_TRUE(guest_.inside.files.contains("/var/lib/gantry/payload/aaaa/compose.yaml"));
  guest_.registry.images.clear();
  EXPECT_THAT(run(wiki("3", "bbbb")), IsOk());
  EXPECT_FALSE(guest_.inside.files.contains("/var/lib/gantry/payload/aaaa/app.env"));
  EXPECT_TRUE(guest_.inside.files.contains("/var/lib/gantry/payload/bbbb/app.env"));
}

TEST_F(DockerTest, WhatDiedIsStartedAgainAndWhatEndedWellIsNot) {
  EXPECT_THAT(run(), IsOk());
  auto& services = guest_.inside.docker.services;
  services.at("wiki/db").state = "exited";
  services.at("wiki/db").status = "Exited (0) 1 second ago";
  EXPECT_THAT(run(), IsOk());
  EXPECT_EQ(services.at("wiki/db").starts, 1);
  services.at("wiki/web").state = "exited";
  services.at("wiki/web").status = "Exited (1) 1 second ago";
  EXPECT_THAT(run(), IsOk());
  EXPECT_EQ(services.at("wiki/web").starts, 2);
}

TEST_F(DockerTest, ADeadDaemonIsStarted) {
  EXPECT_THAT(run(), IsOk());
  guest_.inside.units.at("docker.service").active = false;
  EXPECT_THAT(loop_.block_on(look_inside(guest(), wiki())), Not(IsOk()));
  EXPECT_THAT(run(), IsOk());
  EXPECT_TRUE(guest_.inside.units.at("docker.service").active);
}

TEST_F(DockerTest, TellsACrashLoopFromAnUnhealthyService) {
  guest_.registry.sick["wiki:2"] = "Restarting (1) 3 seconds ago";
  guest_.inside.docker.last_words = std::string("cannot reach db with ") + kPassword;
  auto status = run();
  EXPECT_THAT(status,
              Fails(ErrorClass::remote,
                    "services: web: restarting (1) 3 seconds ago: cannot reach db with ***"));
  EXPECT_EQ(code_of(status), "WKL-003");
  EXPECT_GE(clock_.now() - Time(), std::chrono::seconds(120));
  guest_.registry.sick["wiki:4"] = "Up 3 minutes (unhealthy)";
  EXPECT_EQ(code_of(run(wiki("4", "cccc"))), "WKL-008");
}

// STO-004.
TEST_F(DockerTest, AServiceThatMayNotWriteItsVolumeIsToldWhoseThatIs) {
  guest_.registry.sick["wiki:2"] = "Restarting (1) 3 seconds ago";
  guest_.inside.folders.insert("/srv/data");
  guest_.inside.docker.last_words = "mkdir: cannot create '/data/x': Permission denied";
  guest_.inside.docker.mounts = "1000\n/data /srv/data\n";
  const auto status = run();
  EXPECT_EQ(code_of(status), "STO-004");
  EXPECT_THAT(status, Fails(ErrorClass::remote,
                            HasSubstr("/srv/data, mounted at /data, belongs to 0:0 and the service "
                                      "runs as 1000: in the container, chown it to that user")));
  // What is denied elsewhere is another matter.
  guest_.inside.docker.mounts = "\n/other /srv/data\n";
  EXPECT_EQ(code_of(run(wiki("2", "bbbb"))), "WKL-003");
}

TEST_F(DockerTest, SaysWhyDebian12IsNotEnough) {
  guest_.inside = lab::fresh_system("debian-12-standard_12.12-1_amd64.tar.zst");
  lab::boot(guest_.inside);
  const auto status = run();
  EXPECT_THAT(status, Fails(ErrorClass::invalid, HasSubstr("use a Debian 13 or Alpine template")));
  EXPECT_EQ(code_of(status), "DKR-001");
  EXPECT_THAT(guest_.changes, IsEmpty());
}

TEST_F(DockerTest, RefusesAFileSystemWithoutOverlay) {
  guest_.inside.docker.driver = "vfs";
  const auto status = run();
  EXPECT_EQ(code_of(status), "DKR-006");
  EXPECT_THAT(guest_.changes, Not(Contains(HasSubstr("pull"))));
}

TEST_F(DockerTest, AProjectThatDockerRefusesNeedsAPerson) {
  auto workload = wiki();
  workload.compose->text = "services: nonsense\n";
  const auto status = run(workload);
  EXPECT_THAT(status, Fails(ErrorClass::invalid, HasSubstr("payload: ")));
  EXPECT_EQ(code_of(status), "BST-005");
}

// Whichever answer is lost, running again completes; images are pulled and services started once.
TEST_F(DockerTest, SurvivesALostAnswerAtEveryCall) {
  EXPECT_THAT(run(), IsOk());
  const int calls = guest_.calls;
  for (int at = 0; at < calls; ++at) {
    LittleGuest little(kDebian);
    little.fail_at = at;
    const Guest guest(little, guest::Target{NodeName("pve1"), VmId(100)}, clock_);
    const auto nothing = [](const Progress&) {};
    EXPECT_THAT(loop_.block_on(clock_, bootstrap(guest, wiki(), nothing)),
                Fails(ErrorClass::transport));
    EXPECT_THAT(loop_.block_on(clock_, bootstrap(guest, wiki(), nothing)), IsOk()) << at;
    EXPECT_EQ(std::ranges::count(little.changes, "docker pull wiki:2"), 1) << at;
    EXPECT_LE(little.inside.docker.services.at("wiki/web").starts, 2) << at;
    EXPECT_FALSE(little.inside.files.contains(kRestartFile)) << at;
  }
}

TEST_F(DockerTest, ReportsWhereItStandsAndNoSecret) {
  EXPECT_THAT(run(), IsOk());
  EXPECT_EQ(reports_.front().step, "system");
  EXPECT_EQ(reports_.back().number, 9);
  EXPECT_EQ(reports_.back().count, 9);
  const auto pulling = std::ranges::find_if(reports_, [](const Progress& told) {
    return told.output == "Status: Downloaded newer image";
  });
  ASSERT_NE(pulling, reports_.end());
  EXPECT_EQ(pulling->step, "images");
  EXPECT_EQ(pulling->message, "pulling pg:16 (1 of 2)");
  for (const auto& word : guest_.words) EXPECT_THAT(word, Not(HasSubstr("hunter2")));
}

TEST(Environment, IsWrittenAsComposeReadsIt) {
  EXPECT_EQ(environment_line("A", "plain"), "A=\"plain\"\n");
  EXPECT_EQ(environment_line("A", kPassword), "A=\"hunter2-\\\"\\$x\\\\\"\n");
}

TEST(Redaction, FindsEveryLineOfASecret) {
  EXPECT_EQ(redacted("say abcd and EF\nGHIJ", {"abcd", "EF\nGHIJ\n"}), "say *** and EF\n***");
  EXPECT_EQ(redacted("a b c", {"b", ""}), "a b c");
}

TEST(Symptoms, AreProvenByTheWordsOfTheFailure) {
  const auto code = [](const char* text, ErrorClass error = ErrorClass::remote) {
    return catalogue_code(diagnosed(make_error(error, text), "DKR-002")).value_or("none");
  };
  EXPECT_EQ(code("unable to join session keyring: create session key: disk quota exceeded"),
            "DKR-003");
  EXPECT_EQ(code("open sysctl net.ipv4.ip_unprivileged_port_start file: reopen fd 8: "
                 "permission denied"),
            "DKR-005");
  EXPECT_EQ(code("write /var/lib/docker/x: no space left on device"), "STO-001");
  EXPECT_EQ(code("Bind for 0.0.0.0:80 failed: port is already allocated"), "WKL-002");
  EXPECT_EQ(code("something else"), "DKR-002");
  EXPECT_EQ(code("something else", ErrorClass::transport), "none");
}

TEST(ServiceStates, AreReadFromDockersLines) {
  const auto states = read_states(
      "2\tweb\trunning\tUp 5 minutes (health: starting)\n1\tdb\texited\tExited (0) 3 hours ago\n"
      "odd line\n");
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[0].service, "db");
  EXPECT_EQ(states[0].verdict(), ServiceState::Verdict::well);
  EXPECT_EQ(states[1].verdict(), ServiceState::Verdict::coming);
}

// As Docker 26 prints them, with a registry that has a port and an image that was built here.
TEST(Images, AreReadFromContainersAndTheirImages) {
  EXPECT_EQ(repository_of("reg.lan:5000/wiki:2"), "reg.lan:5000/wiki");
  EXPECT_EQ(repository_of("reg.lan:5000/wiki"), "reg.lan:5000/wiki");
  EXPECT_EQ(repository_of("wiki@sha256:ab"), "wiki");
  const auto used = read_images(
      "web\treg.lan:5000/wiki:2\tsha256:1\nweb\treg.lan:5000/wiki:2\tsha256:1\n"
      "db\tdocker.io/library/pg:16\tsha256:2\nown\tbuilt:1\tsha256:3\n",
      "sha256:1 mirror/wiki@sha256:bb reg.lan:5000/wiki@sha256:aa\nsha256:2 pg@sha256:cc\n"
      "sha256:3 \n");
  const std::vector<UsedImage> wanted = {{"db", "docker.io/library/pg:16", "sha256:cc"},
                                         {"web", "reg.lan:5000/wiki:2", "sha256:aa"}};
  EXPECT_EQ(used, wanted);
}

TEST_F(DockerTest, WhatRunsIsKnownByItsDigest) {
  guest_.registry.digests["wiki:2"] = "sha256:aa";
  EXPECT_THAT(run(), IsOk());
  const auto used = loop_.block_on(images_inside(guest(), wiki()));
  ASSERT_THAT(used, IsOk());
  ASSERT_EQ(used->size(), 2u);
  EXPECT_EQ((*used)[1], (UsedImage{"web", "wiki:2", "sha256:aa"}));
}

// The tag was moved since: what ran is what runs.
TEST_F(DockerTest, ARevisionThatIsKnownRunsTheImagesThatItRan) {
  guest_.registry.digests["wiki:2"] = "sha256:bb";
  auto known = wiki();
  known.compose->images = {{"web", "wiki:2", "sha256:aa"}};
  EXPECT_THAT(run(known), IsOk());
  EXPECT_EQ(guest_.inside.docker.services.at("wiki/web").id, "sha256:aa");
  guest_.changes.clear();
  EXPECT_THAT(run(known), IsOk());
  EXPECT_THAT(guest_.changes, IsEmpty());
}

TEST_F(DockerTest, AnotherOfThatNameThatIsThereIsNotTakenForIt) {
  guest_.registry.digests["wiki:2"] = "sha256:bb";
  EXPECT_THAT(run(), IsOk());
  auto known = wiki("2", "bbbb");
  known.compose->images = {{"web", "wiki:2", "sha256:aa"}};
  EXPECT_THAT(run(known), IsOk());
  EXPECT_EQ(guest_.inside.docker.services.at("wiki/web").id, "sha256:aa");
}

TEST_F(DockerTest, AnImageThatIsGoneIsToldAndNothingElseRunsInItsPlace) {
  guest_.registry.gone = {"sha256:aa"};
  auto known = wiki();
  known.compose->images = {{"web", "wiki:2", "sha256:aa"}};
  const auto status = run(known);
  EXPECT_THAT(status,
              Fails(ErrorClass::remote, HasSubstr("this revision ran wiki:2 as sha256:aa")));
  EXPECT_EQ(code_of(status), "TPL-006");
  EXPECT_TRUE(guest_.inside.docker.services.empty());
}

}  // namespace
}  // namespace gantry::controllers::app

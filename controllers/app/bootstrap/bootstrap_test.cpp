#include "controllers/app/bootstrap/bootstrap.h"

#include <map>
#include <set>

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"

namespace gantry::controllers::app {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using gantry::testing::IsOkAndHolds;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A little Debian: packages, files, units, markers. Fails the n-th call when told to, after its
// effect, as a lost answer would.
class LittleDebian final : public guest::Channel {
 public:
  std::set<std::string> packages, enabled, active;
  std::map<std::string, guest::File> files{{"/etc/os-release", os_release()}};
  std::vector<std::string> changes;
  std::string system = "running";
  int calls = 0;
  int fail_at = -1;

  Async<Result<guest::Exit>> exec(guest::Target, guest::Command command,
                                  guest::OutputSink) override {
    guest::Exit exit = answer(command.argv);
    if (calls++ == fail_at) co_return make_error(ErrorClass::transport, "the answer was lost");
    co_return exit;
  }
  Async<Status> push(guest::Target, guest::File file) override {
    const bool note = file.path.starts_with("/var/lib/gantry/");
    if (!note) changes.push_back("push " + file.path);
    files[file.path] = file;
    if (calls++ == fail_at) co_return make_error(ErrorClass::transport, "the answer was lost");
    co_return Status();
  }
  Async<Status> unlock(guest::Target, Upid) override { co_return Status(); }

 private:
  static guest::File os_release() {
    guest::File file;
    file.content = "ID=debian\nVERSION_ID=\"13\"\n";
    return file;
  }
  guest::Exit code(bool yes) {
    guest::Exit exit;
    exit.code = yes ? 0 : 1;
    return exit;
  }
  guest::Exit text(std::string out) {
    guest::Exit exit;
    exit.out = std::move(out);
    return exit;
  }
  guest::Exit answer(const std::vector<std::string>& argv) {
    const auto& word = argv[0];
    const auto& last = argv.back();
    if (word == "dpkg-query") return packages.contains(last) ? text("installed 1.0") : code(false);
    if (word == "env") return apt(argv);
    if (word == "test") return code(files.contains(last));
    if (word == "cat" || (word == "sh" && argv[3] == "look")) return read(word, last);
    if (word == "rm") return code(files.erase(last) > 0);
    if (word == "systemctl") return systemctl(argv);
    if (word == "mkdir") return code(true);
    changes.push_back("run " + join(argv, " "));
    return code(word != "false");
  }
  guest::Exit apt(const std::vector<std::string>& argv) {
    const auto at = std::ranges::find(argv, "install");
    if (at == argv.end()) return code(true);
    for (auto it = at + 1; it != argv.end(); ++it)
      if (!it->starts_with("-") && packages.insert(*it).second) changes.push_back("install " + *it);
    return code(true);
  }
  guest::Exit read(const std::string& word, const std::string& path) {
    const auto file = files.find(path);
    if (file == files.end()) return code(false);
    if (word == "cat") return text(file->second.content);
    return text(absl::StrFormat("%o %s %s\n%s  %s", file->second.mode, file->second.owner,
                                file->second.group, crypto::sha256_hex(file->second.content),
                                path));
  }
  guest::Exit systemctl(const std::vector<std::string>& argv) {
    const auto& verb = argv[1];
    const auto& unit = argv.back();
    if (verb == "is-system-running") return text(system + "\n");
    if (verb == "is-enabled") return code(enabled.contains(unit));
    if (verb == "is-active") return code(active.contains(unit));
    changes.push_back(verb + (unit == verb ? "" : " " + unit));
    if (verb == "enable") enabled.insert(unit);
    if (verb == "disable") enabled.erase(unit);
    if (verb == "start" || verb == "restart") active.insert(unit);
    return code(true);
  }
};

ResolvedWorkload nginx() {
  ResolvedWorkload workload;
  workload.packages = {"nginx-light"};
  guest::File page;
  page.path = "/var/www/html/index.html";
  page.content = "hello\n";
  workload.files = {page};
  ResolvedCommand once;
  once.name = "seed";
  once.run = {"seed", "--now"};
  workload.commands = {once};
  workload.unit = "nginx.service";
  workload.revision = "0123456789abcdef";
  return workload;
}

class BootstrapTest : public ::testing::Test {
 protected:
  Status run(ResolvedWorkload workload = nginx()) {
    return loop_.block_on(bootstrap(guest(), std::move(workload), ignore_));
  }
  Guest guest() { return guest_in(debian_); }
  Guest guest_in(guest::Channel& channel) {
    return Guest(channel, guest::Target{NodeName("pve1"), VmId(100)}, clock_);
  }

  async::Loop loop_;
  async::SimulatedClock clock_{Time()};
  LittleDebian debian_;
  Report ignore_ = [](const Progress&) {};
};

TEST_F(BootstrapTest, InstallsWritesRunsAndStartsInThisOrder) {
  EXPECT_THAT(run(), IsOk());
  EXPECT_THAT(debian_.changes,
              ElementsAre("install nginx-light", "push /var/www/html/index.html", "run seed --now",
                          "daemon-reload", "enable nginx.service", "start nginx.service"));
  EXPECT_THAT(loop_.block_on(recorded_revision(guest())), IsOkAndHolds("0123456789abcdef"));
}

TEST_F(BootstrapTest, LeavesTheWayToCallBackForRootAlone) {
  auto workload = nginx();
  workload.callback =
      Callback{"https://gantry.lan:6443/callback", "-----BEGIN", "gantrycb_7_secret"};
  std::vector<std::string> told;
  const Report listen = [&told](const Progress& progress) { told.push_back(progress.message); };
  EXPECT_THAT(loop_.block_on(bootstrap(guest(), workload, listen)), IsOk());
  const auto& curl = debian_.files.at("/var/lib/gantry/callback/curl.conf");
  EXPECT_EQ(curl.mode, 0600);
  EXPECT_THAT(curl.content, HasSubstr("url = \"https://gantry.lan:6443/callback\"\n"));
  EXPECT_THAT(curl.content, HasSubstr("Authorization: Bearer gantrycb_7_secret"));
  EXPECT_THAT(curl.content, HasSubstr("cacert = /var/lib/gantry/callback/ca.pem"));
  EXPECT_EQ(debian_.files.at(kReportProgram).mode, 0700);
  EXPECT_THAT(debian_.files.at(kReportProgram).content, Not(HasSubstr("gantrycb")));
  EXPECT_THAT(told, Each(Not(HasSubstr("gantrycb"))));
}

TEST_F(BootstrapTest, WithoutAnOfferNothingIsLeft) {
  EXPECT_THAT(run(), IsOk());
  EXPECT_FALSE(debian_.files.contains(kReportProgram));
}

// A package starts what it brings; with the container it is not to start before its data is there.
TEST_F(BootstrapTest, WhatIsOnlyPreparedDoesNotStartByItself) {
  auto workload = nginx();
  workload.only_prepares = true;
  EXPECT_THAT(step_names(workload), ElementsAre("system", "packages", "files", "standby"));
  debian_.enabled.insert("nginx.service");
  EXPECT_THAT(run(workload), IsOk());
  EXPECT_THAT(debian_.changes, ElementsAre("install nginx-light", "push /var/www/html/index.html",
                                           "disable nginx.service"));
  EXPECT_THAT(loop_.block_on(recorded_revision(guest())), IsOkAndHolds(""));
  debian_.changes.clear();
  EXPECT_THAT(run(), IsOk());
  EXPECT_THAT(debian_.changes, ElementsAre("run seed --now", "daemon-reload",
                                           "enable nginx.service", "start nginx.service"));
}

// BST-008.
TEST_F(BootstrapTest, AFileThatWasThereAndIsNotIsToldByItsCode) {
  std::vector<std::string> codes;
  const Report listen = [&codes](const Progress& progress) {
    if (!progress.code.empty()) codes.push_back(progress.code + " " + progress.message);
  };
  const auto bring_up = [&](const ResolvedWorkload& workload) {
    EXPECT_THAT(loop_.block_on(bootstrap(guest(), workload, listen)), IsOk());
  };
  bring_up(nginx());
  EXPECT_THAT(codes, IsEmpty()) << "nothing was there yet";
  debian_.files.erase("/var/www/html/index.html");
  bring_up(nginx());
  EXPECT_THAT(codes, ElementsAre("BST-008 /var/www/html/index.html is not as it was written"));
  EXPECT_TRUE(debian_.files.contains("/var/www/html/index.html"));
  codes.clear();
  auto next = nginx();
  next.revision = "fedcba9876543210";
  next.files.front().content = "hello again\n";
  bring_up(next);
  EXPECT_THAT(codes, IsEmpty()) << "another revision has other files";
}

TEST_F(BootstrapTest, ASecondRunChangesNothing) {
  EXPECT_THAT(run(), IsOk());
  debian_.changes.clear();
  EXPECT_THAT(run(), IsOk());
  EXPECT_THAT(debian_.changes, IsEmpty());
}

TEST_F(BootstrapTest, AChangedFileRestartsARunningUnit) {
  EXPECT_THAT(run(), IsOk());
  debian_.changes.clear();
  auto changed = nginx();
  changed.files[0].content = "goodbye\n";
  EXPECT_THAT(run(changed), IsOk());
  EXPECT_THAT(debian_.changes, ElementsAre("push /var/www/html/index.html", "daemon-reload",
                                           "restart nginx.service"));
}

TEST_F(BootstrapTest, ADeadUnitIsStarted) {
  EXPECT_THAT(run(), IsOk());
  debian_.active.clear();
  debian_.changes.clear();
  EXPECT_THAT(run(), IsOk());
  EXPECT_THAT(debian_.changes, ElementsAre("start nginx.service"));
}

// Fail-at-every-step: whichever answer is lost, running again completes, nothing is done twice that
// may not be, and a changed file never misses its restart.
TEST_F(BootstrapTest, SurvivesALostAnswerAtEveryCall) {
  int calls = 0;
  {
    LittleDebian probe;
    const auto done = loop_.block_on(bootstrap(guest_in(probe), nginx(), ignore_));
    ASSERT_THAT(done, IsOk());
    calls = probe.calls;
  }
  for (int at = 0; at < calls; ++at) {
    LittleDebian debian;
    debian.fail_at = at;
    const Guest guest = guest_in(debian);
    EXPECT_THAT(loop_.block_on(bootstrap(guest, nginx(), ignore_)), Fails(ErrorClass::transport));
    EXPECT_THAT(loop_.block_on(bootstrap(guest, nginx(), ignore_)), IsOk()) << "call " << at;
    EXPECT_EQ(std::ranges::count(debian.changes, "install nginx-light"), 1) << "call " << at;
    EXPECT_TRUE(debian.active.contains("nginx.service")) << "call " << at;
    EXPECT_FALSE(debian.files.contains("/var/lib/gantry/restart-needed")) << "call " << at;
  }
}

// The gate closes under way: between any two commands.
TEST_F(BootstrapTest, ChangesNothingMoreOnceItMayNot) {
  for (int allowed = 0;; ++allowed) {
    LittleDebian debian;
    int left = allowed;
    std::vector<std::string> changed;
    const guest::Permit permit = [&] {
      if (left-- > 0) return Status();
      if (left == -1) changed = debian.changes;
      return make_error(ErrorClass::held, "ObserveMode: nothing is written");
    };
    const Guest guest(debian, guest::Target{NodeName("pve1"), VmId(100)}, clock_, permit);
    const auto done = loop_.block_on(bootstrap(guest, nginx(), ignore_));
    if (done.ok()) break;
    EXPECT_THAT(done, Fails(ErrorClass::held, HasSubstr("ObserveMode")));
    EXPECT_EQ(debian.changes, changed) << allowed;
    EXPECT_THAT(loop_.block_on(bootstrap(guest_in(debian), nginx(), ignore_)), IsOk());
    ASSERT_LT(allowed, 100);
  }
}

TEST_F(BootstrapTest, WaitsForABootingContainer) {
  debian_.system = "starting";
  EXPECT_THAT(run(), Fails(ErrorClass::locked, HasSubstr("still booting")));
  EXPECT_THAT(debian_.changes, IsEmpty());
}

TEST_F(BootstrapTest, NamesTheStepAndTheCommandThatFailed) {
  auto workload = nginx();
  workload.commands[0].run = {"false"};
  EXPECT_THAT(run(workload), Fails(ErrorClass::remote, HasSubstr("commands: command seed")));
  EXPECT_THAT(loop_.block_on(recorded_revision(guest())), IsOkAndHolds(""));
}

}  // namespace
}  // namespace gantry::controllers::app

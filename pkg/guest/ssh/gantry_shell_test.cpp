// deploy/pve/gantry-shell by itself, with a pct over a folder: what it refuses.
#include "pkg/guest/ssh/testing/world.h"
#include "pkg/lab/lxc/process.h"

namespace gantry::guest::ssh {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class GantryShell : public ::testing::Test {
 protected:
  GantryShell() { node_.put_marked(100, true); }

  Exit ask(const std::string& request, std::string text = "") {
    auto options = split_words(node_.forced_command());
    auto exit = lab::lxc::run({.argv = std::move(options),
                               .stdin_text = std::move(text),
                               .environment = {"SSH_ORIGINAL_COMMAND=" + request},
                               .timeout = std::chrono::seconds(20)});
    EXPECT_THAT(exit, testing::IsOk());
    return exit.ok() ? *exit : Exit();
  }
  // What the script writes is its input; the script's $0 is the node's folder.
  Exit ask_slowly(const std::string& request, const std::string& script) {
    auto exit =
        lab::lxc::run({.argv = {"sh", "-c", "sh -c \"$1\" \"$0\" | " + node_.forced_command(),
                                node_.path("."), script},
                       .environment = {"SSH_ORIGINAL_COMMAND=" + request},
                       .timeout = std::chrono::seconds(20)});
    EXPECT_THAT(exit, testing::IsOk());
    return exit.ok() ? *exit : Exit();
  }
  void expect_refused(const std::string& request, const std::string& kind) {
    const auto exit = ask(request);
    EXPECT_THAT(exit.err, HasSubstr("\ngantry-v1 error " + kind + " ")) << request;
    EXPECT_NE(exit.code, 0) << request;
    EXPECT_THAT(exit.out, IsEmpty()) << request;
    EXPECT_THAT(node_.get("calls"), IsEmpty()) << request;
  }
  static std::vector<std::string> split_words(const std::string& text) { return split(text, ' '); }

  NodeFolder node_;
};

TEST_F(GantryShell, EverythingButTheThreeVerbsIsRefused) {
  for (const auto* request :
       {"", "id", "gantry-v1", "gantry-v1 destroy 100", "gantry-v1 exec",
        "gantry-v2 exec 100 5 0 b:", "/bin/sh", "gantry-v1 exec100 5 0 b:", "pct destroy 100"})
    expect_refused(request, "Permission");
}

TEST_F(GantryShell, ShellSyntaxNeverArrives) {
  for (const auto* request :
       {"gantry-v1 exec 100 5 0 b:aWQ=; touch x", "gantry-v1 exec 100 5 0 $(id)",
        "gantry-v1 exec 100 5 0 `id`", "gantry-v1 exec 100 5 0 b:aWQ= | cat",
        "gantry-v1 exec 100 5 0 b:aWQ= > x", "gantry-v1 exec 100 5 0 *",
        "gantry-v1 exec 100 5 0 'b:aWQ='", "gantry-v1\nexec 100 5 0 b:aWQ=",
        "gantry-v1 exec\t100 5 0 b:aWQ=", "gantry-v1 exec 100 5 0 b:aWQ= &"})
    expect_refused(request, "Permission");
}

TEST_F(GantryShell, BadNumbersAndWordsAreRefused) {
  for (const auto* request :
       {"gantry-v1 exec 99 5 0 b:aWQ=", "gantry-v1 exec 0100 5 0 b:aWQ=",
        "gantry-v1 exec -100 5 0 b:aWQ=", "gantry-v1 exec 1/../100 5 0 b:aWQ=",
        "gantry-v1 exec 10000000000 5 0 b:aWQ=", "gantry-v1 exec 100 0 0 b:aWQ=",
        "gantry-v1 exec 100 999999 0 b:aWQ=", "gantry-v1 exec 100 5 -1 b:aWQ=",
        "gantry-v1 exec 100 5 99999999999 b:aWQ=", "gantry-v1 exec 100 5 0 aWQ=",
        "gantry-v1 exec 100 5 0 b:a", "gantry-v1 exec 100 5 0",
        "gantry-v1 push 100 5 0 0999 b:cm9vdA== b:cm9vdA== b:L3Rt",
        "gantry-v1 push 100 5 0 644 b:cm9vdA== b:cm9vdA== b:L3Rt",
        "gantry-v1 push 100 5 0 0644 b:LXg= b:cm9vdA== b:L3Rt",
        "gantry-v1 push 100 5 0 0644 b:cm9vdA== b:cm9vdA== b:dG1w",
        "gantry-v1 push 100 5 0 0644 b:cm9vdA== b:cm9vdA== b:L3RtcC8="})
    expect_refused(request, "Invalid");
}

TEST_F(GantryShell, InputThatEndsEarlyIsNotTakenForAll) {
  const auto exit = ask("gantry-v1 exec 100 5 10 b:Y2F0", "short");
  EXPECT_THAT(exit.err, HasSubstr("gantry-v1 error Invalid stdin ended early"));
  EXPECT_THAT(exit.out, IsEmpty());
}

// The container goes and its id is somebody else's while a slow caller still sends.
TEST_F(GantryShell, AMarkThatGoesWhileTheInputComesIsMissed) {
  for (const auto* request : {"gantry-v1 exec 100 5 5 b:Y2F0",
                              "gantry-v1 push 100 5 5 0644 b:cm9vdA== b:cm9vdA== b:L3g="}) {
    node_.put_marked(100, true);
    const auto exit = ask_slowly(request,
                                 "rm \"$0/lxc/100.conf\"; touch \"$0/lxc/100.conf\"; "
                                 "printf hello; sleep 1");
    EXPECT_THAT(exit.err, HasSubstr("gantry-v1 error Permission container 100")) << request;
    EXPECT_THAT(exit.out, IsEmpty()) << request;
    EXPECT_THAT(node_.get("calls"), IsEmpty()) << request;
  }
}

TEST_F(GantryShell, InputThatDoesNotComeIsNotAwaitedForEver) {
  const auto exit = ask_slowly("gantry-v1 exec 100 1 5 b:Y2F0", "printf hell; sleep 3");
  EXPECT_THAT(exit.err, HasSubstr("gantry-v1 error Timeout"));
  EXPECT_THAT(exit.out, IsEmpty());
}

// Asking for the task takes seconds, in which the id may have become somebody else's.
TEST_F(GantryShell, AHuskThatIsReplacedWhileItsTaskIsAskedForStays) {
  const std::string upid = "UPID:pve1:0001:0002:FFFFFFFF:vzcreate:120:gantry@pve!daemon:";
  node_.put("lxc/120.conf", "lock: create\n");
  node_.put("bin/pvesh", "#!/bin/sh\necho 'hostname: other' >" + node_.path("lxc/120.conf") +
                             "\necho '{\"status\":\"stopped\"}'\n");
  EXPECT_THAT(ask("gantry-v1 unlock 120 " + upid).err,
              HasSubstr("gantry-v1 error Permission container 120 has been changed meanwhile"));
  EXPECT_THAT(node_.get("calls"), IsEmpty());
}

TEST_F(GantryShell, AHuskThatIsUsedOnceItIsUnlockedStays) {
  const std::string upid = "UPID:pve1:0001:0002:FFFFFFFF:vzcreate:120:gantry@pve!daemon:";
  node_.put("lxc/120.conf", "lock: create\n");
  node_.put("bin/pct", "#!/bin/sh\necho \"$*\" >>" + node_.path("calls") +
                           "\necho 'hostname: other' >" + node_.path("lxc/120.conf") + "\n");
  EXPECT_THAT(ask("gantry-v1 unlock 120 " + upid).err,
              HasSubstr("gantry-v1 error Permission container 120 has been changed meanwhile"));
  EXPECT_EQ(node_.get("calls"), "unlock 120\n");
}

// Everybody's, and virtual machines: not only what carries our mark.
TEST_F(GantryShell, WhoIsOnABridgeIsTold) {
  std::filesystem::create_directory(node_.path("qemu-server"));
  node_.put("lxc/101.conf", "hostname: a\nnet0: name=eth0,bridge=gantry-lan,ip=dhcp\n");
  node_.put("lxc/102.conf", "net0: name=eth0,bridge=gantry-lan2\nnet1: name=eth1,bridge=vmbr0\n");
  node_.put("lxc/103.conf", "hostname: c\n#net0: bridge=gantry-lan\n");
  node_.put("qemu-server/900.conf",
            "name: nas\nnet3: virtio=02:00:00:00:00:01,bridge=gantry-lan\n");
  auto exit = ask("gantry-v1 guests-on gantry-lan");
  EXPECT_EQ(exit.out, "101\n900\n");
  EXPECT_EQ(exit.err, "\ngantry-v1 exit 0\n");
  exit = ask("gantry-v1 guests-on vmbr7");
  EXPECT_EQ(exit.out, "");
  EXPECT_EQ(exit.err, "\ngantry-v1 exit 0\n");
  for (const auto* request :
       {"gantry-v1 guests-on ../x", "gantry-v1 guests-on a.b", "gantry-v1 guests-on -r"})
    expect_refused(request, "Invalid");
}

TEST_F(GantryShell, ClosingTheInputKillsTheCommand) {
  const auto exit = ask("gantry-v1 exec 100 30 0 b:c2xlZXA= b:MjU=");  // sleep 25, input closed
  EXPECT_THAT(exit.err, EndsWith("\ngantry-v1 exit 137\n"));
}

TEST_F(GantryShell, MarksThatOnlyLookLikeOursAreNone) {
  for (const auto* config :
       {"", "description: gantry:v1 installation=home-1 uid=1 epoch=1\n",
        "#gantry:v1 installation=home-1\n", "#gantry:v1 uid=1\n",
        "#gantry:v1 installation=home-1x uid=1\n", "#gantry:v1 xinstallation=home-1 uid=1\n",
        "# gantry:v1 installation=home-1 uid=1\n", "#gantry:v2 installation=home-1 uid=1\n",
        "#x gantry:v1 installation=home-1 uid=1\n",
        "hostname: x\n[snap]\n#gantry:v1 installation=home-1 uid=1\n"}) {
    node_.put("lxc/100.conf", config);
    const auto exit = ask("gantry-v1 exec 100 5 0 b:aWQ=");
    EXPECT_THAT(exit.err, HasSubstr("gantry-v1 error Permission container 100")) << config;
  }
}

TEST_F(GantryShell, TheCommandSeesACleanEnvironment) {
  const auto exit = ask("gantry-v1 exec 100 5 0 b:ZW52");
  EXPECT_THAT(exit.out, ::testing::Not(HasSubstr("SSH_ORIGINAL_COMMAND")));
}

TEST_F(GantryShell, WithoutAnInstallationNothingIsAllowed) {
  auto exit =
      lab::lxc::run({.argv = {GANTRY_SHELL},
                     .environment = {"SSH_ORIGINAL_COMMAND=gantry-v1 exec 100 5 0 b:aWQ="}});
  ASSERT_THAT(exit, testing::IsOk());
  EXPECT_THAT(exit->err, HasSubstr("names no installation"));
}

}  // namespace
}  // namespace gantry::guest::ssh

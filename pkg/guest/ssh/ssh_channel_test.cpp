#include "pkg/guest/ssh/ssh_channel.h"

#include "pkg/async/deadline.h"
#include "pkg/guest/conformance/channel_suite.h"
#include "pkg/guest/ssh/testing/world.h"

namespace gantry::guest {

INSTANTIATE_TEST_SUITE_P(Ssh, ChannelSuite, ::testing::Values([](async::Loop&) {
                           return std::make_unique<ssh::SshWorld>();
                         }));

namespace ssh {
namespace {

using ::testing::AllOf;
using testing::Fails;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;

class SshChannelTest : public ::testing::Test {
 protected:
  Result<Exit> exec(Command command) {
    return loop_.block_on(world_.channel().exec(world_.running(), std::move(command), no_output()));
  }
  Status unlock(int64_t vmid, const std::string& upid) {
    const Target target{NodeName("pve1"), VmId(vmid)};
    return loop_.block_on(world_.channel().unlock(target, Upid(upid)));
  }
  std::string begun_now(const std::string& rest) {
    return absl::StrFormat("UPID:pve1:0001:0002:%08X:%s", to_unix_seconds(world_.clock().now()),
                           rest);
  }

  async::Loop loop_;
  SshWorld world_;
};

TEST_F(SshChannelTest, AnUnknownHostKeyIsRefusedWithItsFingerprint) {
  world_.connect([](Options& options) { options.known_hosts = ""; });
  EXPECT_THAT(exec({.argv = {"true"}}),
              Fails(ErrorClass::tls, AllOf(HasSubstr("unknown"), HasSubstr("SHA256:"))));
}

TEST_F(SshChannelTest, AChangedHostKeyIsRefused) {
  world_.connect([](Options& options) {
    const auto space = options.known_hosts.find(' ');
    options.known_hosts =
        options.known_hosts.substr(0, space) +
        " ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPZ5yQeVOxS0rZ2y0T9VvF3oT5Y4T5n0c3m0p4xg2Uvi\n";
  });
  const auto refused = exec({.argv = {"true"}});
  EXPECT_THAT(refused, Fails(ErrorClass::tls, AllOf(HasSubstr("changed"), HasSubstr("SHA256:"))));
  EXPECT_EQ(catalogue_code(refused.status()), "CON-013");
}

TEST_F(SshChannelTest, AKeyThatTheNodeDoesNotKnowIsAnAuthError) {
  NodeFolder other;
  auto stranger = start_sshd(other);
  const auto key = stranger.key();
  world_.connect([&key](Options& options) { options.private_key = key; });
  const auto refused = exec({.argv = {"true"}});
  EXPECT_THAT(refused, Fails(ErrorClass::auth, HasSubstr("node pve1")));
  EXPECT_EQ(catalogue_code(refused.status()), "CON-013");
}

TEST_F(SshChannelTest, AnUnreadableKeyIsRefusedWithoutBeingQuoted) {
  const auto made = SshChannel::make(
      {.private_key = "SECRET", .known_hosts = ""}, [](const NodeName&) { return Endpoint(); },
      world_.clock());
  EXPECT_THAT(made, Fails(ErrorClass::invalid, Not(HasSubstr("SECRET"))));
}

TEST_F(SshChannelTest, NobodyListeningIsTransport) {
  world_.server().stop();
  const auto refused = exec({.argv = {"true"}});
  EXPECT_THAT(refused, Fails(ErrorClass::transport));
  EXPECT_EQ(catalogue_code(refused.status()), "CON-012");
}

TEST_F(SshChannelTest, ABrokenSessionIsReplaced) {
  ASSERT_THAT(exec({.argv = {"true"}}), IsOk());
  // The forced command's grandparent is this session's own sshd.
  const auto shell = exec({.argv = {"sh", "-c",
                                    "p=$$; while [ \"$(cat /proc/$p/comm)\" != sshd ]; do "
                                    "p=$(awk '{print $4}' /proc/$p/stat); done; echo $p"}});
  ASSERT_THAT(shell, IsOk());
  const auto session = std::stoi(shell->out);
  ASSERT_GT(session, 1);
  ASSERT_EQ(kill(session, SIGKILL), 0);
  EXPECT_THAT(exec({.argv = {"true"}}), IsOk());
}

TEST_F(SshChannelTest, ACancelledCallKillsItsCommand) {
  const auto file = world_.folder() + "/survivor";
  const Command command{.argv = {"sh", "-c", "sleep 2; touch \"$0\"", file}};
  const auto given_up = loop_.block_on(
      async::with_deadline(world_.clock(), std::chrono::milliseconds(700), "exec",
                           world_.channel().exec(world_.running(), command, no_output())));
  EXPECT_THAT(given_up, Fails(ErrorClass::timeout));
  (void)loop_.block_on(world_.clock().sleep_for(std::chrono::milliseconds(2200)));
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(SshChannelTest, CommandsOnOneNodeShareItsSessions) {
  world_.connect([](Options& options) { options.sessions_per_node = 2; });
  int done = 0;
  const auto all = [&]() -> Async<Status> {
    async::Group group(co_await async::this_executor());
    for (int i = 0; i < 6; ++i) {
      group.spawn("exec", [this, &done]() -> Async<Status> {
        Command command;
        command.argv.assign(1, "true");
        const auto target = world_.running();
        auto exit = co_await world_.channel().exec(target, command, no_output());
        if (exit.ok()) ++done;
        co_return exit.status();
      });
    }
    co_return co_await group.join();
  };
  EXPECT_THAT(loop_.block_on(all()), IsOk());
  EXPECT_EQ(done, 6);
}

TEST_F(SshChannelTest, AnUnfinishedCreateOfOursIsClearedAway) {
  world_.node().put("lxc/120.conf", "lock: create\n");
  EXPECT_THAT(unlock(120, ""), Fails(ErrorClass::permission));
  EXPECT_THAT(unlock(120, begun_now("vzcreate:121:gantry@pve!daemon:")),
              Fails(ErrorClass::permission));
  EXPECT_THAT(unlock(120, begun_now("vzcreate:120:root@pam:")), Fails(ErrorClass::permission));
  // A config that is younger than our create: somebody else is creating there.
  EXPECT_THAT(unlock(120, "UPID:pve1:0001:0002:0003:vzcreate:120:gantry@pve!daemon:"),
              Fails(ErrorClass::permission));
  const auto ours = begun_now("vzcreate:120:gantry@pve!daemon:");
  world_.node().put("task-runs", "");
  EXPECT_THAT(unlock(120, ours), Fails(ErrorClass::locked));
  std::filesystem::remove(world_.node().path("task-runs"));
  EXPECT_THAT(unlock(120, ours), IsOk());
  EXPECT_EQ(world_.node().get("calls"), "unlock 120\ndestroy 120 --destroy-unreferenced-disks 1\n");
}

TEST_F(SshChannelTest, AContainerWithMoreThanTheLockIsNoUnfinishedCreate) {
  world_.node().put("lxc/121.conf", "lock: create\nrootfs: local:121/vm-121-disk-0.raw\n");
  EXPECT_THAT(unlock(121, begun_now("vzcreate:121:gantry@pve!daemon:")),
              Fails(ErrorClass::permission));
}

TEST_F(SshChannelTest, AnotherInstallationsMarkIsNotOurs) {
  world_.node().put("lxc/122.conf", "#gantry%3Av1 installation=home-10 uid=1 epoch=1\n");
  world_.node().put("running/122", "");
  const Target target{NodeName("pve1"), VmId(122)};
  EXPECT_THAT(loop_.block_on(world_.channel().exec(target, {.argv = {"true"}}, no_output())),
              Fails(ErrorClass::permission));
}

TEST_F(SshChannelTest, AMarkInASnapshotIsNoMark) {
  world_.node().put("lxc/123.conf",
                    "arch: amd64\n\n[snap]\n#gantry%3Av1 installation=home-1 uid=1 epoch=1\n");
  const Target target{NodeName("pve1"), VmId(123)};
  EXPECT_THAT(loop_.block_on(world_.channel().exec(target, {.argv = {"true"}}, no_output())),
              Fails(ErrorClass::permission));
}

TEST_F(SshChannelTest, ANodeNobodyKnowsIsNotFound) {
  const Target target{NodeName("pve9"), VmId(100)};
  EXPECT_THAT(loop_.block_on(world_.channel().exec(target, {.argv = {"true"}}, no_output())),
              Fails(ErrorClass::not_found));
}

}  // namespace
}  // namespace ssh
}  // namespace gantry::guest

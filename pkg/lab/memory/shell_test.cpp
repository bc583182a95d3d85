// What is inside a container in memory: the default program, and the backend's life around it.
#include <gmock/gmock.h>

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/crypto/digest.h"
#include "pkg/lab/memory/guest_shell.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;
using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::HasSubstr;

struct Shell {
  guest::Exit run(std::vector<std::string> argv) {
    guest::Command command;
    command.argv = std::move(argv);
    return GuestShell(system, installable, registry).run(command);
  }
  GuestSystem system = fresh_system("debian-12-standard_12.12-1_amd64.tar.zst");
  std::set<std::string> installable;
  ImageRegistry registry;
};

TEST(GuestShell, FilesAreKeptWithModeAndOwner) {
  Shell shell;
  shell.system.files["/etc/a"] = {"hello", 0640, "root", "root"};
  EXPECT_EQ(shell.run({"cat", "/etc/a"}).out, "hello");
  EXPECT_EQ(shell.run({"chown", "www-data:www-data", "/etc/a"}).code, 0);
  EXPECT_EQ(shell.run({"chmod", "0600", "/etc/a"}).code, 0);
  EXPECT_EQ(shell.run({"stat", "-c", "%a %U %G", "/etc/a"}).out, "600 www-data www-data\n");
  EXPECT_EQ(shell.run({"sha256sum", "/etc/a"}).out, crypto::sha256_hex("hello") + "  /etc/a\n");
  EXPECT_EQ(shell.run({"mv", "/etc/a", "/etc/b"}).code, 0);
  EXPECT_EQ(shell.run({"test", "-e", "/etc/a"}).code, 1);
  EXPECT_EQ(shell.run({"test", "-f", "/etc/b"}).code, 0);
}

TEST(GuestShell, AptInstallsWhatItKnowsAndStartsIt) {
  Shell shell;
  shell.installable = {"nginx"};
  EXPECT_EQ(shell.run({"apt-get", "-q", "-o", "A=1", "install", "-y", "missing"}).code, 100);
  EXPECT_EQ(shell.run({"env", "A=b", "apt-get", "install", "-y", "nginx=1.22"}).code, 0);
  EXPECT_EQ(shell.run({"dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", "nginx"}).out,
            "installed 1.22");
  EXPECT_EQ(shell.run({"dpkg-query", "-W", "missing"}).code, 1);
  EXPECT_EQ(shell.run({"systemctl", "is-active", "nginx"}).out, "active\n");
}

TEST(GuestShell, UnitsLiveByTheirFiles) {
  Shell shell;
  EXPECT_EQ(shell.run({"systemctl", "start", "hello.service"}).code, 5);
  EXPECT_EQ(shell.run({"systemctl", "is-active", "-q", "hello.service"}).code, 3);
  shell.system.files["/etc/systemd/system/hello.service"] = {};
  EXPECT_EQ(shell.run({"systemctl", "enable", "--now", "hello.service"}).code, 0);
  EXPECT_TRUE(shell.system.units.at("hello.service").enabled);
  EXPECT_TRUE(shell.system.units.at("hello.service").active);
  shell.system.units["hello.service"].failed = true;
  EXPECT_EQ(shell.run({"systemctl", "restart", "hello"}).code, 1);
}

TEST(GuestShell, ScriptsJoinCommands) {
  Shell shell;
  EXPECT_EQ(shell.run({"sh", "-c", "test -e /nope || echo 'a  b'"}).out, "a  b\n");
  EXPECT_EQ(shell.run({"sh", "-c", "false && echo no; echo yes"}).out, "yes\n");
  EXPECT_EQ(shell.run({"sh", "-ec", "set -e\nfalse\necho no"}).out, "");
  EXPECT_EQ(shell.run({"nosuchcmd"}).code, 127);
}

TEST(GuestShell, AProbeIsAnsweredWhileAUnitIsActive) {
  Shell shell;
  const std::vector<std::string> probe{"bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/80"};
  EXPECT_EQ(shell.run(probe).code, 1);
  shell.system.units["a.service"].active = true;
  EXPECT_THAT(shell.run(probe).out, HasSubstr("HTTP/1.1 200"));
}

struct BackendWorld {
  BackendWorld() : backend(clock, random, {}) {
    spec.node = NodeName("pve1");
    spec.vmid = VmId(100);
    spec.config["net0"] = "name=eth0,bridge=vmbr0,ip=dhcp";
    spec.rootfs = {"rootfs", "local:100/vm-100-disk-0.raw", 1 << 30};
  }
  template <class T>
  T run(Async<T> operation) {
    return loop.block_on(clock, std::move(operation));
  }
  Status make() {
    return run(
        backend.create(spec, "debian-12-standard_12.12-1_amd64.tar.zst", [](std::string) {}));
  }
  async::Loop loop;
  async::SimulatedClock clock{Time{}};
  SeededRandom random{1};
  MemoryBackend backend;
  ContainerSpec spec;
};

TEST(MemoryBackend, BootsTakeTimeAndAddressesComeWithThem) {
  BackendWorld world;
  ASSERT_THAT(world.make(), IsOk());
  ASSERT_THAT(world.run(world.backend.start(world.spec, {})), IsOk());
  EXPECT_TRUE(world.run(world.backend.inspect(world.spec))->addresses.empty());
  world.clock.advance(10s);
  EXPECT_EQ(world.run(world.backend.inspect(world.spec))->addresses.at("eth0").size(), 1u);
  world.backend.crash(VmId(100));
  EXPECT_FALSE(world.run(world.backend.inspect(world.spec))->running);
}

TEST(MemoryBackend, CommandsNeedARunningContainer) {
  BackendWorld world;
  ASSERT_THAT(world.make(), IsOk());
  guest::Command command;
  command.argv = {"true"};
  EXPECT_THAT(world.run(world.backend.exec(world.spec, command, {})),
              Fails(ErrorClass::remote, HasSubstr("not running")));
  EXPECT_THAT(world.run(world.backend.push(world.spec, {})), Fails(ErrorClass::remote));
}

TEST(MemoryBackend, WhatIsInsideSurvivesARestart) {
  BackendWorld world;
  ASSERT_THAT(world.make(), IsOk());
  ASSERT_THAT(world.run(world.backend.start(world.spec, {})), IsOk());
  guest::File file;
  file.path = "/etc/systemd/system/a.service";
  ASSERT_THAT(world.run(world.backend.push(world.spec, file)), IsOk());
  guest::Command command;
  command.argv = {"systemctl", "enable", "a.service"};
  ASSERT_THAT(world.run(world.backend.exec(world.spec, command, {})), IsOk());
  ASSERT_THAT(world.run(world.backend.stop(world.spec, {})), IsOk());
  ASSERT_THAT(world.run(world.backend.start(world.spec, {})), IsOk());
  world.clock.advance(10s);
  command.argv = {"systemctl", "is-active", "a.service"};
  EXPECT_EQ(world.run(world.backend.exec(world.spec, command, {}))->code, 0);
}

}  // namespace
}  // namespace gantry::lab

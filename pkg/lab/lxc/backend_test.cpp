// Real containers on this machine: needs root, Debian's lxc, mmdebstrap and dnsmasq.
#include "pkg/lab/lxc/backend.h"

#include <filesystem>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/async/deadline.h"
#include "pkg/async/loop.h"
#include "pkg/async/real_clock.h"
#include "pkg/base/log.h"
#include "pkg/base/testing.h"
#include "pkg/lab/lxc/network.h"

namespace gantry::lab::lxc {
namespace {

using testing::Fails;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::StartsWith;

std::string new_folder() {
  auto pattern = std::string("/tmp/gantry-lxc-test-XXXXXX");
  const char* made = mkdtemp(pattern.data());
  if (made == nullptr || chmod(made, 0755) != 0) return "";
  return pattern;
}

// One network and one template for all tests of this program.
class LxcBackendTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_EQ(getuid(), 0U) << "real containers need root";
    ASSERT_THAT(ensure_id_maps(), IsOk());
    const auto base = ensure_debian_12(default_cache());
    ASSERT_THAT(base, IsOk());
    const auto instance = Instance::at(new_folder());
    ASSERT_THAT(instance, IsOk());
    auto network = PrivateNetwork::start(*instance);
    ASSERT_THAT(network, IsOk());
    network_ = new PrivateNetwork(std::move(*network));
    options_ = new BackendOptions{.instance = *instance,
                                  .bridges = {{"vmbr0", network_->bridge()}},
                                  .nameserver = network_->subnet().host(),
                                  .templates = {*base},
                                  .apt_source = ""};
  }

  static void TearDownTestSuite() {
    if (options_ != nullptr) {
      remove_containers(options_->instance);
      network_->stop();
      std::filesystem::remove_all(options_->instance.folder);
    }
    delete network_;
    delete options_;
    network_ = nullptr;
    options_ = nullptr;
  }

  LxcBackendTest() : backend_(*options_) {}

  ContainerSpec spec(int64_t vmid) const {
    return {.node = NodeName("pve1"),
            .vmid = VmId(vmid),
            .config = {{"hostname", "ct" + std::to_string(vmid)},
                       {"memory", "256"},
                       {"cores", "1"},
                       {"net0", "name=eth0,bridge=vmbr0,ip=dhcp"},
                       {"mp0", absl::StrFormat("local:%d/vm-%d-disk-1.raw,mp=/data", vmid, vmid)}},
            .rootfs = {.key = "rootfs",
                       .volid = absl::StrFormat("local:%d/vm-%d-disk-0.raw", vmid, vmid),
                       .size = 1},
            .mounts = {{.key = "mp0",
                        .volid = absl::StrFormat("local:%d/vm-%d-disk-1.raw", vmid, vmid),
                        .size = 1}}};
  }

  Status create(const ContainerSpec& made) {
    return loop_.block_on(
        backend_.create(made, "local:vztmpl/" + options_->templates.front().name, no_log_));
  }
  ContainerState inspect(const ContainerSpec& made) {
    auto state = loop_.block_on(backend_.inspect(made));
    EXPECT_THAT(state, IsOk());
    return state.ok() ? *state : ContainerState();
  }
  guest::Exit exec(const ContainerSpec& made, std::vector<std::string> argv,
                   std::string text = "") {
    guest::Command command{.argv = std::move(argv), .stdin_text = std::move(text)};
    auto exit = loop_.block_on(backend_.exec(made, std::move(command), guest::no_output()));
    EXPECT_THAT(exit, IsOk());
    return exit.ok() ? *exit : guest::Exit();
  }
  // The IPv4 address of eth0, waited for.
  std::string address(const ContainerSpec& made) {
    for (int attempt = 0; attempt < 200; ++attempt) {
      const auto state = inspect(made);
      const auto eth0 = state.addresses.find("eth0");
      if (eth0 != state.addresses.end() && eth0->second.front().find('.') != std::string::npos)
        return eth0->second.front();
      (void)loop_.block_on(clock_.sleep_for(std::chrono::milliseconds(50)));
    }
    return "";
  }

  static inline PrivateNetwork* network_ = nullptr;
  static inline BackendOptions* options_ = nullptr;
  LogSink no_log_ = [](const std::string&) {};
  async::Loop loop_;
  async::RealClock clock_;
  LxcBackend backend_;
};

TEST_F(LxcBackendTest, AContainerLivesItsWholeLife) {
  auto made = spec(100);
  ASSERT_THAT(create(made), IsOk());
  EXPECT_TRUE(inspect(made).exists);
  EXPECT_FALSE(inspect(made).running);
  EXPECT_THAT(create(made), Fails(ErrorClass::already_exists));

  ASSERT_THAT(loop_.block_on(backend_.start(made, no_log_)), IsOk());
  EXPECT_THAT(address(made), StartsWith(network_->subnet().prefix + "."));
  const auto running = inspect(made);
  EXPECT_TRUE(running.running);
  EXPECT_GT(running.pid.value_or(0), 1);
  EXPECT_GT(running.memory_used.value_or(0), 0);
  EXPECT_GE(running.uptime_seconds.value_or(-1), 0);
  EXPECT_GT(running.network_in.value_or(0), 0);
  EXPECT_GT(running.network_out.value_or(0), 0);

  EXPECT_EQ(exec(made, {"hostname"}).out, "ct100\n");
  EXPECT_EQ(exec(made, {"id", "-u"}).out, "0\n");
  EXPECT_EQ(exec(made, {"cat"}, "given\n").out, "given\n");
  EXPECT_EQ(exec(made, {"sh", "-c", "exit 7"}).code, 7);
  EXPECT_EQ(exec(made, {"gantry-no-such-program"}).code, 127);
  EXPECT_EQ(exec(made, {"printenv", "PATH"}).out, "/sbin:/bin:/usr/sbin:/usr/bin\n");
  EXPECT_EQ(exec(made, {"sh", "-c", "echo x >/data/f && cat /data/f"}).out, "x\n");

  EXPECT_THAT(loop_.block_on(backend_.stop(made, no_log_)), IsOk());
  EXPECT_FALSE(inspect(made).running);
  EXPECT_THAT(loop_.block_on(backend_.destroy(made, no_log_)), IsOk());
  EXPECT_FALSE(inspect(made).exists);
  EXPECT_THAT(loop_.block_on(backend_.destroy(made, no_log_)), IsOk());
}

// A mount point that is added to a container that is there already.
TEST_F(LxcBackendTest, AnAddedDiskIsThereAtTheNextStart) {
  const auto with_disk = spec(109);
  auto made = with_disk;
  made.mounts.clear();
  made.config.erase("mp0");
  ASSERT_THAT(create(made), IsOk());
  ASSERT_THAT(loop_.block_on(backend_.add_disk(with_disk, "mp0")), IsOk());
  ASSERT_THAT(loop_.block_on(backend_.start(with_disk, no_log_)), IsOk());
  EXPECT_EQ(exec(with_disk, {"sh", "-c", "echo kept > /data/file && cat /data/file"}).out,
            "kept\n");
  EXPECT_THAT(loop_.block_on(backend_.add_disk(made, "mp0")), Fails(ErrorClass::invalid));
  EXPECT_THAT(loop_.block_on(backend_.destroy(with_disk, no_log_)), IsOk());
}

TEST_F(LxcBackendTest, ATimeoutKillsTheCommandInsideToo) {
  auto made = spec(101);
  ASSERT_THAT(create(made), IsOk());
  ASSERT_THAT(loop_.block_on(backend_.start(made, no_log_)), IsOk());
  guest::Command command{.argv = {"sh", "-c", "trap '' TERM; sleep 4711"},
                         .timeout = std::chrono::milliseconds(500)};
  EXPECT_THAT(loop_.block_on(backend_.exec(made, command, guest::no_output())),
              Fails(ErrorClass::timeout));
  // The kill is sent before the call returns; a busy kernel takes a moment to carry it out.
  const std::string wait =
      "for i in $(seq 50); do pgrep -f 'sleep 4711$'; [ $? = 1 ] && exit 7; sleep 0.1; done";
  EXPECT_EQ(exec(made, {"sh", "-c", wait}).code, 7);
  EXPECT_THAT(loop_.block_on(backend_.destroy(made, no_log_)), IsOk());
}

TEST_F(LxcBackendTest, ACancelledCallKillsItsCommandAndIsSilent) {
  auto made = spec(108);
  ASSERT_THAT(create(made), IsOk());
  ASSERT_THAT(loop_.block_on(backend_.start(made, no_log_)), IsOk());
  size_t seen = 0;
  const guest::Command command{.argv = {"sh", "-c", "while echo x; do sleep 0.01; done"}};
  const guest::OutputSink sink = [&seen](bool, const std::string& piece) { seen += piece.size(); };
  EXPECT_THAT(loop_.block_on(async::with_deadline(clock_, std::chrono::milliseconds(500), "exec",
                                                  backend_.exec(made, command, sink))),
              Fails(ErrorClass::timeout));
  const auto then = seen;
  EXPECT_GT(then, 0U);
  EXPECT_NE(exec(made, {"pgrep", "-f", "while echo"}).code, 0);
  EXPECT_EQ(seen, then);
  EXPECT_THAT(loop_.block_on(backend_.destroy(made, no_log_)), IsOk());
}

TEST_F(LxcBackendTest, FilesArePushedWithModeAndOwner) {
  auto made = spec(102);
  ASSERT_THAT(create(made), IsOk());
  ASSERT_THAT(loop_.block_on(backend_.start(made, no_log_)), IsOk());
  const guest::File file{.path = "/srv/it's here",
                         .content = std::string("a\0b\n", 4),
                         .mode = 0640,
                         .owner = "nobody",
                         .group = "www-data"};
  ASSERT_THAT(loop_.block_on(backend_.push(made, file)), IsOk());
  EXPECT_EQ(exec(made, {"stat", "-c", "%a %U %G %s", "/srv/it's here"}).out,
            "640 nobody www-data 4\n");
  EXPECT_EQ(exec(made, {"cat", "/srv/it's here"}).out, file.content);
  EXPECT_EQ(exec(made, {"ls", "/srv"}).out, "it's here\n");
  EXPECT_THAT(loop_.block_on(backend_.destroy(made, no_log_)), IsOk());
}

TEST_F(LxcBackendTest, AStaticAddressAndAGracefulEnd) {
  auto made = spec(103);
  const auto wanted = network_->subnet().prefix + ".9/24";
  made.config["net0"] = "name=eth0,bridge=vmbr0,ip=" + wanted;
  ASSERT_THAT(create(made), IsOk());
  ASSERT_THAT(loop_.block_on(backend_.start(made, no_log_)), IsOk());
  EXPECT_EQ(address(made), wanted);
  EXPECT_THAT(loop_.block_on(backend_.shutdown(made, std::chrono::seconds(30), no_log_)), IsOk());
  EXPECT_FALSE(inspect(made).running);

  auto copied = spec(104);
  EXPECT_THAT(loop_.block_on(backend_.clone(made, copied, no_log_)), IsOk());
  EXPECT_THAT(loop_.block_on(backend_.start(copied, no_log_)), IsOk());
  EXPECT_EQ(exec(copied, {"cat", "/etc/hostname"}).out, "ct104\n");
  EXPECT_THAT(loop_.block_on(backend_.destroy(made, no_log_)), IsOk());
  EXPECT_THAT(loop_.block_on(backend_.destroy(copied, no_log_)), IsOk());
}

TEST_F(LxcBackendTest, LinksPlantedInsideDoNotLeadOutside) {
  auto made = spec(105);
  ASSERT_THAT(create(made), IsOk());
  const auto root = options_->instance.volumes_folder() + "/local/105/vm-105-disk-0.raw";
  const auto outside = options_->instance.folder + "/outside";
  std::filesystem::create_directory(outside);
  std::filesystem::remove_all(root + "/etc/network");
  std::filesystem::create_directory_symlink(outside, root + "/etc/network");
  (void)loop_.block_on(backend_.start(made, no_log_));
  EXPECT_TRUE(std::filesystem::is_empty(outside));
  EXPECT_THAT(loop_.block_on(backend_.destroy(made, no_log_)), IsOk());
}

TEST_F(LxcBackendTest, ADestroyWaitsForACreateThatNobodyWaitsFor) {
  auto made = spec(107);
  const auto name = "local:vztmpl/" + options_->templates.front().name;
  const auto given_up = loop_.block_on(async::with_deadline(
      clock_, std::chrono::milliseconds(200), "create", backend_.create(made, name, no_log_)));
  EXPECT_THAT(given_up, Fails(ErrorClass::timeout));
  EXPECT_THAT(loop_.block_on(backend_.destroy(made, no_log_)), IsOk());
  EXPECT_FALSE(std::filesystem::exists(options_->instance.volumes_folder() + "/local/107"));
}

TEST_F(LxcBackendTest, FailuresSayWhatProxmoxWouldSay) {
  auto made = spec(106);
  EXPECT_THAT(loop_.block_on(backend_.create(made, "local:vztmpl/none.tar.zst", no_log_)),
              Fails(ErrorClass::not_found, HasSubstr("No such file")));
  ASSERT_THAT(create(made), IsOk());
  made.config["net0"] = "name=eth0,bridge=vmbr7,ip=dhcp";
  EXPECT_THAT(loop_.block_on(backend_.start(made, no_log_)),
              Fails(ErrorClass::invalid, HasSubstr("bridge 'vmbr7' does not exist")));
  guest::Command command{.argv = {"true"}};
  EXPECT_THAT(loop_.block_on(backend_.exec(made, command, guest::no_output())),
              Fails(ErrorClass::remote, HasSubstr("container '106' not running!")));
  EXPECT_THAT(loop_.block_on(backend_.destroy(made, no_log_)), IsOk());
}

}  // namespace
}  // namespace gantry::lab::lxc

// The program as a whole, over the memory backend: needs root for sshd only.
#include <filesystem>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/async/loop.h"
#include "pkg/async/real_clock.h"
#include "pkg/base/testing.h"
#include "pkg/base/text.h"
#include "pkg/guest/ssh/ssh_channel.h"
#include "pkg/http/beast/client.h"
#include "pkg/lab/control/client.h"
#include "pkg/lab/lxc/instance.h"
#include "pkg/lab/lxc/process.h"
#include "pkg/schema/json.h"

namespace gantry::labd {
namespace {

using ::testing::AllOf;
using testing::Fails;
using ::testing::HasSubstr;
using testing::IsOk;

class LabProgram : public ::testing::Test {
 protected:
  LabProgram() {
    auto pattern = std::string("/tmp/gantry-lab-test-XXXXXX");
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    chmod(pattern.c_str(), 0755);
    state_ = pattern + "/lab";
    folder_ = pattern;
  }
  ~LabProgram() override {
    daemon_.stop();
    std::filesystem::remove_all(folder_);
  }

  void start(const std::vector<std::string>& more = {}) {
    std::vector<std::string> argv = {GANTRY_LAB, "--backend", "memory",     "--state",
                                     state_,     "--listen",  "127.0.0.1:0"};
    argv.insert(argv.end(), more.begin(), more.end());
    auto daemon = lab::lxc::Daemon::start(argv, folder_ + "/log");
    ASSERT_THAT(daemon, IsOk());
    daemon_ = std::move(*daemon);
    const auto step = std::chrono::milliseconds(20);
    for (int i = 0; i < 1500 && daemon_.is_running(); ++i) {
      if (std::filesystem::exists(state_ + "/lab.json")) break;
      (void)loop_.block_on(clock_.sleep_for(step));
    }
    const auto text = lab::lxc::read_file(state_ + "/lab.json");
    ASSERT_THAT(text, IsOk()) << lab::lxc::read_file(folder_ + "/log").value_or("");
    facts_ = *schema::parse_json(*text);
  }

  std::string fact(const std::string& key) const { return facts_.string_or(key, ""); }

  using Fields = std::vector<std::pair<std::string, std::string>>;

  // One request with the least-privilege token, over HTTPS with the pinned certificate.
  http::Response request(const std::string& method, const std::string& path,
                         const Fields& fields = {}) {
    http::TlsTrust trust;
    trust.fingerprint = fact("fingerprint");
    auto client = http::beast::make_client(loop_.executor(), clock_,
                                           *http::parse_endpoint(fact("url")), trust, {});
    http::Request request;
    request.method = method;
    request.target = "/api2/json" + path;
    const auto secret = lab::lxc::read_file(fact("tokenSecretFile")).value_or("");
    request.headers["Authorization"] =
        "PVEAPIToken=" + fact("tokenId") + "=" + std::string(trim(secret));
    if (!fields.empty()) {
      request.headers["Content-Type"] = "application/x-www-form-urlencoded";
      request.body = http::encode_form(fields);
    }
    const auto response =
        loop_.block_on(client->send(std::move(request), std::chrono::seconds(20)));
    EXPECT_THAT(response, IsOk());
    return response.value_or(http::Response());
  }

  // The "data" of an answer that must be 200.
  Json api(const std::string& method, const std::string& path, const Fields& fields = {}) {
    const auto response = request(method, path, fields);
    EXPECT_EQ(response.status, 200) << path << ": " << response.reason;
    const auto body = schema::parse_json(response.body);
    return body.ok() && body->find("data") != nullptr ? *body->find("data") : Json();
  }

  // How the task ends.
  std::string outcome(const Json& upid) {
    const auto step = std::chrono::milliseconds(100);
    for (int i = 0; i < 300; ++i) {
      const auto task = api("GET", "/nodes/pve1/tasks/" + upid.as_string() + "/status");
      if (task.string_or("status", "") == "stopped") return task.string_or("exitstatus", "");
      (void)loop_.block_on(clock_.sleep_for(step));
    }
    return "it does not end";
  }

  Fields container() const {
    return {{"vmid", "20001"},
            {"ostemplate", "local:vztmpl/" + facts_.find("templates")->as_array()[0].as_string()},
            {"hostname", "web"},
            {"pool", fact("pool")},
            {"unprivileged", "1"},
            {"rootfs", "local:4"},
            {"net0", "name=eth0,bridge=vmbr0,ip=dhcp"},
            {"description", "gantry:v1 installation=home-1 uid=6f0c epoch=1"}};
  }

  void create_and_start() {
    EXPECT_EQ(outcome(api("POST", "/nodes/pve1/lxc", container())), "OK");
    EXPECT_EQ(outcome(api("POST", "/nodes/pve1/lxc/20001/status/start")), "OK");
  }

  // The program itself, to its end.
  static guest::Exit tool(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), GANTRY_LAB);
    auto exit = lab::lxc::run({.argv = std::move(arguments)});
    EXPECT_THAT(exit, IsOk());
    return exit.value_or(guest::Exit());
  }

  Result<guest::Exit> exec(const std::vector<std::string>& argv) {
    guest::ssh::Options options;
    options.private_key = lab::lxc::read_file(fact("sshKeyFile")).value_or("");
    options.known_hosts = fact("knownHosts");
    const guest::ssh::Endpoint endpoint{
        .host = facts_.find("sshHosts")->string_or("pve1", ""),
        .port = static_cast<uint16_t>(facts_.integer_or("sshPort", 0)),
        .user = fact("sshUser")};
    const auto resolver = [endpoint](const NodeName&) { return endpoint; };
    auto channel = guest::ssh::SshChannel::make(options, resolver, clock_);
    if (!channel.ok()) return channel.status();
    const guest::Target target{NodeName("pve1"), VmId(20001)};
    guest::Command command;
    command.argv = argv;
    return loop_.block_on((*channel)->exec(target, command, guest::no_output()));
  }

  Result<Json> control(const std::string& verb, const Json& arguments) {
    const auto running = lab::find_lab(state_);
    if (!running.ok()) return running.status();
    return lab::control(*running, verb, arguments);
  }

  std::string folder_, state_;
  async::Loop loop_;
  async::RealClock clock_;
  lab::lxc::Daemon daemon_;
  Json facts_;
};

TEST_F(LabProgram, ServesApiAndCommandChannelWithTheLeastPrivileges) {
  ASSERT_NO_FATAL_FAILURE(start());
  create_and_start();
  const auto exit = exec({"true"});
  ASSERT_THAT(exit, IsOk());
  EXPECT_EQ(exit->code, 0);

  Json vmid;
  vmid.set("vmid", 20001);
  const auto seen = control("guest", vmid);
  ASSERT_THAT(seen, IsOk());
  EXPECT_TRUE(seen->bool_or("running", false));
  EXPECT_EQ(seen->find("config")->string_or("hostname", ""), "web");

  EXPECT_THAT(control("crash", vmid), IsOk());
  EXPECT_FALSE(control("guest", vmid)->bool_or("running", true));
  EXPECT_THAT(exec({"true"}), Fails(ErrorClass::remote, HasSubstr("not running")));
  EXPECT_THAT(control("destroy", vmid), IsOk());
  EXPECT_THAT(exec({"true"}), Fails(ErrorClass::not_found));
  EXPECT_THAT(control("guest", vmid), Fails(ErrorClass::not_found));
  EXPECT_THAT(control("no-such-verb", vmid), Fails(ErrorClass::not_found));
}

TEST_F(LabProgram, ThePctOfTheNodeSpeaksLikeTheRealOne) {
  ASSERT_NO_FATAL_FAILURE(start());
  create_and_start();
  const auto pct = [this](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), state_ + "/bin/pct");
    auto exit = lab::lxc::run({.argv = std::move(arguments)});
    EXPECT_THAT(exit, IsOk());
    return exit.ok() ? *exit : guest::Exit();
  };
  EXPECT_EQ(pct({"status", "20001"}).out, "status: running\n");
  EXPECT_THAT(pct({"list"}).out, AllOf(HasSubstr("VMID"), HasSubstr("20001      running")));
  EXPECT_THAT(pct({"config", "20001"}).out, HasSubstr("hostname: web\n"));
  const auto missing = pct({"status", "999"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("999.conf' does not exist"));
  EXPECT_EQ(pct({"frobnicate", "20001"}).code, 255);
  EXPECT_EQ(pct({"stop", "20001"}).code, 0);
  const auto stopped = pct({"exec", "20001", "--", "true"});
  EXPECT_EQ(stopped.code, 255);
  EXPECT_EQ(stopped.err, "container '20001' not running!\n");
}

TEST_F(LabProgram, RehearsesAFaultProfileOverRealHttp) {
  const auto profile = folder_ + "/faults.yaml";
  const std::string text =
      "requests: {next: [{fault: error595, method: GET, path: /version}]}\n"
      "tasks: {next: [{fault: fail, type: vzcreate}]}\n"
      "schedule: [{at: 100ms, nodeOffline: pve2}]\n";
  ASSERT_THAT(lab::lxc::write_file(profile, text, 0644), IsOk());
  ASSERT_NO_FATAL_FAILURE(
      start({"--nodes", "3", "--seed", "7", "--faults", profile, "--time", "virtual"}));
  EXPECT_EQ(request("GET", "/version").status, 595);
  EXPECT_EQ(request("GET", "/version").status, 200);
  EXPECT_EQ(outcome(api("POST", "/nodes/pve1/lxc", container())),
            "unable to create CT 20001 - lab: this task was told to fail");
  create_and_start();
  const auto step = std::chrono::milliseconds(50);
  for (int i = 0; i < 100 && request("GET", "/nodes/pve2/status").status != 595; ++i)
    (void)loop_.block_on(clock_.sleep_for(step));
  EXPECT_EQ(request("GET", "/nodes/pve2/status").status, 595);

  // Everything well again, by another profile.
  EXPECT_EQ(tool({"control", "--state", state_, "faults", "/dev/null"}).code, 0);
  EXPECT_EQ(tool({"control", "--state", state_, "node", "pve2", "online"}).code, 0);
  EXPECT_EQ(request("GET", "/nodes/pve2/status").status, 200);
  EXPECT_EQ(tool({"control", "--state", state_, "fault", "error500", "GET", "/version"}).code, 0);
  EXPECT_EQ(request("GET", "/version").status, 500);
  EXPECT_EQ(tool({"control", "--state", state_, "stop", "20001"}).code, 0);
  EXPECT_THAT(tool({"control", "--state", state_, "tasks"}).out,
              AllOf(HasSubstr("vzstop"), HasSubstr(R"("user":"root@pam")")));
  EXPECT_EQ(tool({"control", "--state", state_, "fault"}).code, 2);
}

TEST_F(LabProgram, AWrongProfileIsRefusedWithItsLine) {
  const auto profile = folder_ + "/faults.yaml";
  ASSERT_THAT(lab::lxc::write_file(profile, "tasks:\n  chance: {fail: 1}\n", 0644), IsOk());
  const auto refused = tool(
      {"--backend", "memory", "--state", state_, "--listen", "127.0.0.1:0", "--faults", profile});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr(profile + ":2:3: tasks.chance: "));
}

TEST_F(LabProgram, ASecondLabDoesNotTakeTheFolder) {
  ASSERT_NO_FATAL_FAILURE(start());
  const auto refused = tool({"--backend", "memory", "--state", state_, "--listen", "127.0.0.1:0"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("a lab already runs"));
  EXPECT_EQ(request("GET", "/version").status, 200);
}

TEST_F(LabProgram, LeavesNothingBehindOnSigterm) {
  ASSERT_NO_FATAL_FAILURE(start({"--nodes", "2"}));
  EXPECT_EQ(facts_.find("urls")->size(), 2U);
  const auto sshd = lab::lxc::read_file(state_ + "/ssh/pve2/sshd.pid");
  ASSERT_THAT(sshd, IsOk());
  ASSERT_EQ(kill(daemon_.pid(), SIGTERM), 0);
  const auto step = std::chrono::milliseconds(20);
  for (int i = 0; i < 500 && daemon_.is_running(); ++i)
    (void)loop_.block_on(clock_.sleep_for(step));
  EXPECT_FALSE(daemon_.is_running());
  EXPECT_FALSE(std::filesystem::exists(state_));
  EXPECT_NE(kill(static_cast<pid_t>(*parse_integer(trim(*sshd))), 0), 0);
}

TEST_F(LabProgram, AKilledLabIsCleanedUp) {
  ASSERT_NO_FATAL_FAILURE(start());
  const auto sshd = lab::lxc::read_file(state_ + "/ssh/pve1/sshd.pid");
  ASSERT_THAT(sshd, IsOk());
  ASSERT_EQ(kill(daemon_.pid(), SIGKILL), 0);
  daemon_.stop();
  const auto cleaned = lab::lxc::run({.argv = {GANTRY_LAB, "cleanup", "--state", state_}});
  ASSERT_THAT(cleaned, IsOk());
  EXPECT_EQ(cleaned->code, 0) << cleaned->err;
  EXPECT_FALSE(std::filesystem::exists(state_));
  const auto left = "/proc/" + std::string(trim(*sshd)) + "/cmdline";
  EXPECT_THAT(lab::lxc::read_file(left).value_or(""), ::testing::Not(HasSubstr(state_)));
}

}  // namespace
}  // namespace gantry::labd

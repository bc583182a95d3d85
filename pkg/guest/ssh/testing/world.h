#pragma once
// For tests: a node made of a real sshd, the real gantry-shell and a pct over a folder.
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include "pkg/async/loop.h"
#include "pkg/async/real_clock.h"
#include "pkg/base/testing.h"
#include "pkg/base/text.h"
#include "pkg/guest/conformance/channel_world.h"
#include "pkg/guest/ssh/ssh_channel.h"
#include "pkg/lab/sshd/sshd.h"

namespace gantry::guest::ssh {

// The folder: bin/{pct,pvesh}, lxc/<vmid>.conf, running/<vmid>, inside/. Gone with the object.
class NodeFolder {
 public:
  NodeFolder() {
    auto pattern = (std::filesystem::temp_directory_path() / "gantry-node-XXXXXX").string();
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
    for (const auto* part : {"bin", "lxc", "running", "inside"})
      std::filesystem::create_directory(path_ / part);
    for (const auto* tool : {"pct", "pvesh"})
      std::filesystem::copy_file(std::filesystem::path(GANTRY_TEST_FOLDER) / "testdata" / tool,
                                 path_ / "bin" / tool);
  }
  ~NodeFolder() { std::filesystem::remove_all(path_); }
  NodeFolder(const NodeFolder&) = delete;
  NodeFolder& operator=(const NodeFolder&) = delete;

  std::string path(const std::string& part) const { return (path_ / part).string(); }
  void put(const std::string& part, const std::string& text) const {
    std::ofstream(path_ / part) << text;
  }
  std::string get(const std::string& part) const {
    std::ifstream file(path_ / part);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // A container of ours, as PVE writes descriptions.
  void put_marked(int64_t vmid, bool running, const std::string& more = "") const {
    put("lxc/" + std::to_string(vmid) + ".conf",
        "#web server\n#gantry%3Av1 installation=home-1 uid=6f0c epoch=3\n" + more +
            "arch: amd64\nhostname: web\n");
    if (running) put("running/" + std::to_string(vmid), "");
  }
  std::string forced_command() const {
    return std::string(GANTRY_SHELL) + " --installation home-1 --user gantry@pve!daemon" +
           " --config-folder " + path("lxc") + " --path " + path("bin") + ":/usr/bin:/bin";
  }

 private:
  std::filesystem::path path_;
};

inline lab::Sshd start_sshd(const NodeFolder& folder) {
  auto server =
      lab::Sshd::start({.folder = folder.path("ssh"), .forced_command = folder.forced_command()});
  EXPECT_THAT(server, testing::IsOk());
  return server.ok() ? std::move(*server) : lab::Sshd();
}

class SshWorld final : public ChannelWorld {
 public:
  SshWorld() : server_(start_sshd(folder_)) {
    folder_.put_marked(100, true);
    folder_.put_marked(101, false);
    folder_.put_marked(102, true, "lock: backup\n");
    folder_.put("lxc/103.conf", "arch: amd64\nhostname: foreign\n");
    folder_.put("running/103", "");
    connect();
  }

  // A new channel with changed options or an other place.
  void connect(const std::function<void(Options&)>& change = [](Options&) {}) {
    Options options;
    options.private_key = server_.key();
    options.known_hosts = server_.known_hosts() + "\n";
    change(options);
    const Endpoint endpoint{.host = "127.0.0.1", .port = server_.port(), .user = "root"};
    const Resolver resolver = [endpoint](const NodeName& node) -> Result<Endpoint> {
      if (node == NodeName("pve1")) return endpoint;
      return not_found("node %s has no address", node.get());
    };
    auto made = SshChannel::make(std::move(options), resolver, clock_);
    EXPECT_THAT(made, testing::IsOk());
    channel_ = std::move(*made);
  }

  Channel& channel() override { return *channel_; }
  Target running() override { return at(100); }
  Target stopped() override { return at(101); }
  Target foreign() override { return at(103); }
  Target absent() override { return at(109); }
  Target locked() override { return at(102); }
  bool is_locked() override {
    return folder_.get("lxc/102.conf").find("lock:") != std::string::npos;
  }
  std::string folder() override { return folder_.path("inside"); }

  NodeFolder& node() { return folder_; }
  lab::Sshd& server() { return server_; }
  async::RealClock& clock() { return clock_; }

 private:
  static Target at(int64_t vmid) { return {NodeName("pve1"), VmId(vmid)}; }
  NodeFolder folder_;
  lab::Sshd server_;
  async::RealClock clock_;
  std::unique_ptr<SshChannel> channel_;
};

}  // namespace gantry::guest::ssh

#pragma once
// MemoryBackend: containers as records. Boots and unpacks in virtual time, keeps files, packages
// and units, and answers commands from a GuestProgram. Made for tens of thousands of containers.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "pkg/async/clock.h"
#include "pkg/base/random.h"
#include "pkg/lab/backend.h"

namespace gantry::lab {

// A file as a test sees it.
struct GuestFile {
  std::string content;
  int mode = 0644;
  std::string owner = "root", group = "root";
  bool operator==(const GuestFile&) const = default;
};
struct GuestUnit {
  bool enabled = false;
  bool active = false;
  bool failed = false;
  int starts = 0;
};
// A container of a Compose project.
struct GuestService {
  std::string image;
  std::string id;      // of the image
  std::string hash;    // of what it was made from
  std::string state;   // running, exited, restarting
  std::string status;  // "Up 2 seconds"
  int starts = 0;
};
struct GuestDockerState {
  std::map<std::string, std::string> images;  // name → digest, which is its id here, too
  int pulls = 0;
  std::map<std::string, GuestService> services;  // "project/service"
  std::string driver = "overlay2";
  std::string last_words;  // of every container's log
  std::string mounts;      // "1000\n/data /srv/data\n": user and mounts of every container
};
// Of a container that routes for others.
struct GuestNetworkState {
  std::map<std::string, std::set<std::string>> addresses;  // by interface
  bool forwarding = false;
  std::string rules;     // of the packet filter, as loaded
  bool upstream = true;  // names from outside are answered
  std::string route = "default via 192.0.2.1 dev eth0\n";
  std::string mirror;                   // what apt says while none answers; empty: one does
  std::string proxy;                    // Caddy's configuration, as it runs
  int proxy_start = 0;                  // at which start it was read
  std::set<std::string> refused_hosts;  // that Caddy does not take
  std::set<std::string> closed;         // "10.20.0.100:80", which refuses connections from here
};
// Everything inside one container. Survives a restart, except that units start anew.
struct GuestSystem {
  std::map<std::string, GuestFile> files;
  std::set<std::string> folders;
  std::map<std::string, std::string> packages;  // name → version
  std::map<std::string, GuestUnit> units;       // "hello.service"
  GuestDockerState docker;
  GuestNetworkState network;
  bool booted = false;    // its init has come up
  int http_status = 200;  // what a probe over /dev/tcp gets while any unit is active
};

// What a command does inside. Return nullopt to let the default program answer.
using GuestProgram = std::function<std::optional<guest::Exit>(VmId vmid, GuestSystem& system,
                                                              const guest::Command& command)>;

// Where Docker inside finds images.
struct ImageRegistry {
  std::set<std::string> images;                // that can be pulled; empty: every one
  std::map<std::string, std::string> sick;     // image → the status its services get, for ever
  std::map<std::string, std::string> digests;  // of tags that were moved; others have their own
  std::set<std::string> gone;                  // digests that are there no more
};

// How long things take; each is stretched by up to `jitter` of itself.
struct MemoryTiming {
  Duration create = std::chrono::seconds(4);
  Duration clone = std::chrono::seconds(3);
  Duration start = std::chrono::milliseconds(1200);
  Duration stop = std::chrono::milliseconds(800);
  Duration shutdown = std::chrono::seconds(2);
  Duration destroy = std::chrono::milliseconds(600);
  Duration move = std::chrono::seconds(3);             // a disk to another storage or node
  Duration reassign = std::chrono::milliseconds(500);  // a disk to another container: a new name
  Duration save = std::chrono::seconds(2);             // a snapshot or backup, and back
  Duration resize = std::chrono::milliseconds(500);
  Duration boot = std::chrono::seconds(3);  // from start to network and systemd
  Duration exec = std::chrono::milliseconds(40);
  Duration package = std::chrono::seconds(2);  // for each that apt installs
  double jitter = 0.25;
};
struct MemoryOptions {
  std::map<std::string, int64_t> templates = {
      {"debian-12-standard_12.12-1_amd64.tar.zst", 126 << 20},
      {"alpine-3.22-default_20250617_amd64.tar.xz", 906860}};
  std::vector<std::string> bridges = {"vmbr0"};
  Backend::Space space{int64_t{250} << 30, int64_t{4} << 30};  // of a storage without a `total`
  MemoryTiming timing;
  double cpu = 0.01;               // cores that each container has in use
  bool dhcp = true;                // somebody answers those that ask for an address
  std::set<std::string> packages;  // what apt and apk can install; empty: everything
  ImageRegistry registry;
  GuestProgram program;  // asked first
};

class MemoryBackend final : public Backend {
 public:
  // The references outlive this.
  MemoryBackend(async::Clock& clock, Random& random, MemoryOptions options);
  ~MemoryBackend() override;

  // ---- what tests look at and turn ----
  // Inside of a container; nullptr when it has none.
  GuestSystem* inside(VmId vmid);
  MemoryOptions& options() { return options_; }
  size_t container_count() const { return containers_.size(); }
  // Ignores requests to shut down; ends by itself, which the model sees when it next asks
  // (status/current, or every 10 s with Options::poll_backend).
  void set_ignores_shutdown(VmId vmid, bool ignores);
  void crash(VmId vmid);

  // ---- Backend ----
  Async<Status> create(ContainerSpec spec, std::string template_name, LogSink log) override;
  Async<Status> clone(ContainerSpec source, ContainerSpec target, LogSink log) override;
  Async<Status> start(ContainerSpec spec, LogSink log) override;
  Async<Status> stop(ContainerSpec spec, LogSink log) override;
  Async<Status> shutdown(ContainerSpec spec, Duration timeout, LogSink log) override;
  Async<Status> destroy(ContainerSpec spec, LogSink log) override;
  Async<Status> move(ContainerSpec from, ContainerSpec to, LogSink log) override;
  Async<Status> reassign(ContainerSpec from, std::string from_key, ContainerSpec to,
                         std::string to_key) override;
  Async<Status> add_disk(ContainerSpec spec, std::string key) override;
  Async<Status> resize(ContainerSpec spec, std::string key, int64_t size) override;
  Async<Status> apply(ContainerSpec spec) override;
  Async<Result<ContainerState>> inspect(ContainerSpec spec) override;
  Async<Result<guest::Exit>> exec(ContainerSpec spec, guest::Command command,
                                  guest::OutputSink sink) override;
  Async<Status> push(ContainerSpec spec, guest::File file) override;
  Async<Result<int64_t>> save(ContainerSpec spec, std::string name, LogSink log) override;
  Async<Status> load(ContainerSpec spec, std::string name, LogSink log) override;
  Async<Status> forget(std::string name) override;
  std::map<std::string, int64_t> templates() const override { return options_.templates; }
  Space space(NodeName node, StorageId storage) const override;
  std::vector<std::string> bridges(NodeName node) const override;

 private:
  struct Container;
  Async<Status> take(Duration duration);
  Container* find(VmId vmid);
  void come_up(Container& container);
  void go_down(Container& container);

  async::Clock& clock_;
  Random& random_;
  MemoryOptions options_;
  std::unordered_map<VmId, std::unique_ptr<Container>> containers_;
  std::map<std::string, GuestSystem> copies_;  // of snapshots and backups
  int64_t next_pid_ = 1000;
};

}  // namespace gantry::lab

#pragma once
// LxcBackend: real, unprivileged LXC containers on this machine, through Debian's lxc 5.
#include <memory>
#include <string>
#include <vector>

#include "pkg/async/blocking_pool.h"
#include "pkg/lab/backend.h"
#include "pkg/lab/lxc/containers.h"
#include "pkg/lab/lxc/instance.h"
#include "pkg/lab/lxc/templates.h"

namespace gantry::lab::lxc {

struct BackendOptions {
  Instance instance;
  // PVE's names of bridges → this machine's; any of them is the lab's private network.
  std::map<std::string, std::string> bridges;
  std::string nameserver;  // what containers ask unless their config names another
  std::vector<Template> templates;
  std::string apt_source;  // deb822 text written into every new container; may be empty
};

// All nodes of a lab share this machine. Volumes are folders: sizes are kept by the model and not
// enforced. Commands run on threads of the backend's own; no call blocks the caller.
class LxcBackend final : public Backend {
 public:
  explicit LxcBackend(BackendOptions options);
  // Waits for commands that still run. Containers go on running: see remove_containers().
  ~LxcBackend() override;

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
  std::map<std::string, int64_t> templates() const override;
  Space space(NodeName node, StorageId storage) const override;
  std::vector<std::string> bridges(NodeName node) const override;
  Async<Status> set_added_bridges(std::vector<std::string> names) override;

 private:
  std::shared_ptr<const Containers> containers_;
  BackendOptions options_;
  async::BlockingPool work_;
  async::BlockingPool commands_;
};

// Kills and removes every container of this instance, by what the state folder and LXC say: other
// instances' are never touched. Blocks.
void remove_containers(const Instance& instance);

}  // namespace gantry::lab::lxc

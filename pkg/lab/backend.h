#pragma once
// lab::Backend: what containers are made of. The model (model.h) plays Proxmox: config files,
// tasks, locks, permissions, traps. A backend only makes, runs and removes containers.
// Drivers: pkg/lab/memory (thousands, in virtual time) and pkg/lab/lxc (real LXC on this machine).
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pkg/async/async.h"
#include "pkg/base/ids.h"
#include "pkg/guest/channel.h"

namespace gantry::lab {

// A line of a task's log.
using LogSink = std::function<void(std::string)>;

// One volume a container uses; `path` is the backend's own.
struct VolumeSpec {
  std::string key;    // rootfs, mp0 …
  std::string volid;  // local:100/vm-100-disk-0.raw
  int64_t size = 0;   // bytes
};

// What the container shall be, read from its config at the moment of the call.
struct ContainerSpec {
  NodeName node;
  VmId vmid;
  std::map<std::string, std::string> config;  // PVE's own keys and texts: net0, memory, hostname …
  VolumeSpec rootfs;
  std::vector<VolumeSpec> mounts;
};

struct ContainerState {
  bool exists = false;  // has a root file system
  bool running = false;
  std::optional<int64_t> pid;
  std::optional<int64_t> memory_used, disk_used, uptime_seconds;  // bytes
  std::optional<int64_t> network_in, network_out;                 // bytes since its start
  std::optional<double> cpu;                                      // cores in use
  std::map<std::string, std::vector<std::string>> addresses;      // eth0 → 10.0.3.7/24
};

// Calls may take long; each is made by a task of the model. Errors carry the text that the real
// server would put into the task's exit status.
class Backend {
 public:
  virtual ~Backend() = default;
  // Unpacks the template (a path or name the backend knows) into new volumes.
  virtual Async<Status> create(ContainerSpec spec, std::string template_name, LogSink log) = 0;
  virtual Async<Status> clone(ContainerSpec source, ContainerSpec target, LogSink log) = 0;
  virtual Async<Status> start(ContainerSpec spec, LogSink log) = 0;
  // Kills.
  virtual Async<Status> stop(ContainerSpec spec, LogSink log) = 0;
  // Asks the container to end; OK when it did within `timeout`, Timeout otherwise.
  virtual Async<Status> shutdown(ContainerSpec spec, Duration timeout, LogSink log) = 0;
  // Removes these volumes' data; not found is success.
  virtual Async<Status> destroy(ContainerSpec spec, LogSink log) = 0;
  // The same container with its disks under other names, while it does not run. Not called when
  // only the node changes and the disks are shared.
  virtual Async<Status> move(ContainerSpec from, ContainerSpec to, LogSink log) = 0;
  // The disk behind mount point `from_key` of one container becomes the one behind `to_key` of the
  // other, which is there; neither runs. Each spec holds the disk under the name it has there.
  virtual Async<Status> reassign(ContainerSpec from, std::string from_key, ContainerSpec to,
                                 std::string to_key) = 0;
  // Makes the empty disk behind mount point `key` of a container that is there.
  virtual Async<Status> add_disk(ContainerSpec spec, std::string key) = 0;
  virtual Async<Status> resize(ContainerSpec spec, std::string key, int64_t size) = 0;
  // Applies what can change while it runs (cores, memory, net).
  virtual Async<Status> apply(ContainerSpec spec) = 0;
  virtual Async<Result<ContainerState>> inspect(ContainerSpec spec) = 0;
  virtual Async<Result<guest::Exit>> exec(ContainerSpec spec, guest::Command command,
                                          guest::OutputSink sink) = 0;
  virtual Async<Status> push(ContainerSpec spec, guest::File file) = 0;

  // ---- copies of what is inside, for snapshots and backups, kept under a name of the caller's
  // until forgotten. Unsupported where a backend keeps none.
  // Bytes that the copy takes.
  virtual Async<Result<int64_t>> save(ContainerSpec, std::string, LogSink) {
    co_return keeps_no_copies();
  }
  // Into new volumes, or over what is there. What ran before does not run any more.
  virtual Async<Status> load(ContainerSpec, std::string, LogSink) { co_return keeps_no_copies(); }
  virtual Async<Status> forget(std::string) { co_return keeps_no_copies(); }

  // Templates present on a storage: volume name → bytes.
  virtual std::map<std::string, int64_t> templates() const = 0;
  // Bytes of a storage: total and used.
  struct Space {
    int64_t total = 0;
    int64_t used = 0;
  };
  virtual Space space(NodeName node, StorageId storage) const = 0;
  virtual std::vector<std::string> bridges(NodeName node) const = 0;
  // Makes exactly these bridges beside its own, on whichever nodes have them configured: called
  // when a node's network is applied, and when the lab starts.
  virtual Async<Status> set_added_bridges(std::vector<std::string>) { co_return Status(); }

 protected:
  static Status keeps_no_copies() {
    return make_error(ErrorClass::unsupported, "lab: these containers cannot be copied aside");
  }
};

}  // namespace gantry::lab

#pragma once
// Containers: what the lxc-* programs and the file system do for LxcBackend. Every call blocks.
#include <map>
#include <string>
#include <vector>

#include "pkg/lab/backend.h"
#include "pkg/lab/lxc/container_config.h"
#include "pkg/lab/lxc/instance.h"
#include "pkg/lab/lxc/process.h"

namespace gantry::lab::lxc {

// Thread-safe: holds nothing that changes. Calls that change one container's files wait for each
// other.
class Containers {
 public:
  Containers(Instance instance, std::map<std::string, std::string> bridges, std::string nameserver);

  // Unpacks an archive into new volumes, as the containers' ids; `files` are written on top.
  Status create(const ContainerSpec& spec, const std::string& archive,
                const std::map<std::string, std::string>& files) const;
  Status copy(const ContainerSpec& source, const ContainerSpec& target) const;
  Status start(const ContainerSpec& spec) const;
  Status kill(const ContainerSpec& spec) const;
  Status shutdown(const ContainerSpec& spec, Duration timeout) const;
  // Renames the volumes whose names differ. Nodes share this machine: nothing is copied.
  Status move(const ContainerSpec& from, const ContainerSpec& to) const;
  // One volume gets the name that it has in the other container; both use the same ids.
  Status reassign(const ContainerSpec& from, const std::string& from_key, const ContainerSpec& to,
                  const std::string& to_key) const;
  Status destroy(const ContainerSpec& spec) const;
  // Not there until the next start in a container that runs.
  Status add_disk(const ContainerSpec& spec, const std::string& key) const;
  Status apply(const ContainerSpec& spec) const;
  Result<ContainerState> inspect(const ContainerSpec& spec) const;
  Result<guest::Exit> exec(const ContainerSpec& spec, const guest::Command& command,
                           const guest::OutputSink& sink,
                           std::shared_ptr<const StopSignal> stop) const;
  Status push(const ContainerSpec& spec, const guest::File& file) const;

 private:
  std::string lock_file(VmId vmid) const;
  Result<std::string> volume(const VolumeSpec& volume) const;
  Status rename_volume(const VolumeSpec& from, const VolumeSpec& to) const;
  Result<Place> place_of(const ContainerSpec& spec) const;
  Status make_volumes(const ContainerSpec& spec) const;
  Status write_guest_files(const ContainerSpec& spec) const;
  bool is_running(VmId vmid) const;
  Program lxc(const std::string& tool, VmId vmid, std::vector<std::string> arguments) const;

  Instance instance_;
  std::map<std::string, std::string> bridges_;
  std::string nameserver_;
  Cgroups cgroups_;
};

}  // namespace gantry::lab::lxc

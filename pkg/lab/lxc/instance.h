#pragma once
// Instance: one lab's names on this machine, derived from its state folder, so that two labs never
// meet and a killed one can be cleaned up by its folder alone.
#include <string>

#include "pkg/base/ids.h"
#include "pkg/base/status.h"

namespace gantry::lab::lxc {

struct Instance {
  std::string folder;  // the state folder, absolute, without links
  std::string name;    // "gl3f2a9c"

  // Makes the folder (mode 0755: the containers' mapped root walks through it) where it is missing.
  // Permission when another folder above it is closed to other users: an unprivileged container
  // could not reach its own root file system there.
  static Result<Instance> at(const std::string& folder);

  std::string bridge() const { return name + "0"; }
  // This machine's name of a bridge that was added to a node: "gl3f2a9cb1f0a" fits into the 15
  // characters of an interface's name.
  std::string added_bridge(const std::string& pve_name) const;
  // LXC's name of a container.
  std::string container(VmId vmid) const { return name + "-" + std::to_string(vmid.get()); }
  // LXC's own files: -P of every lxc-* program.
  std::string lxc_folder() const { return folder + "/lxc"; }
  // A folder for every volume.
  std::string volumes_folder() const { return folder + "/volumes"; }
  // dnsmasq's files and other processes' logs.
  std::string run_folder() const { return folder + "/run"; }
};

// FNV-1a of a text: a short name for a long one.
uint32_t fingerprint(std::string_view text);

// Adds root:100000:65536 to /etc/subuid and /etc/subgid unless root may already use those ids:
// newuidmap refuses unprivileged containers otherwise. They stay: other labs need them too.
Status ensure_id_maps();

// Whole small files: what a lab leaves for its own cleanup. Atomic.
Status write_file(const std::string& path, const std::string& content, unsigned mode);
Result<std::string> read_file(const std::string& path);

}  // namespace gantry::lab::lxc

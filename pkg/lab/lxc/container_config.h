#pragma once
// From PVE's config keys to what LXC and the container's own files say. Pure.
// Source of the forms: pve-container PVE/LXC.pm (update_lxc_config) and PVE/LXC/Setup/Debian.pm.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/status.h"

namespace gantry::lab::lxc {

using Config = std::map<std::string, std::string>;

// A value of net0 …: "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:…,ip=dhcp,gw=…,type=veth".
struct NetworkCard {
  std::string name;    // inside the container
  std::string bridge;  // PVE's name for it
  std::string hwaddr;
  std::string ip;  // "dhcp", "manual", "10.0.3.7/24" or empty
  std::string gateway;
  bool link_down = false;
};
// Invalid: names what is missing or wrong.
Result<NetworkCard> parse_network_card(const std::string& text);
// net0, net1 … of a config, in order.
Result<std::vector<NetworkCard>> network_cards(const Config& config);

// "rootfs"/"mpN": "local:100/vm-100-disk-1.raw,mp=/data,size=8G" → "/data"; empty without one.
std::string mount_path(const std::string& text);

// What of cgroups this machine has.
struct Cgroups {
  bool unified = false;  // v2; otherwise v1, with these controllers
  bool memory = false, swap = false, cpu = false;
};
// Reads /sys/fs/cgroup.
Cgroups detect_cgroups();

// "lxc.cgroup.memory.limit_in_bytes" → "536870912" …: memory, swap, cores and cpulimit, as far as
// this machine can limit them. The keys are without the "lxc.cgroup[2]." in front.
std::vector<std::pair<std::string, std::string>> limits(const Config& config,
                                                        const Cgroups& cgroups);

struct Mount {
  std::string source;  // a folder on this machine
  std::string target;  // absolute, inside the container
};

// Everything that the file needs besides PVE's config.
struct Place {
  std::string name;         // LXC's name of the container
  std::string rootfs = {};  // folder
  std::vector<Mount> mounts = {};
  std::map<std::string, std::string> bridges = {};  // PVE's name → this machine's
  Cgroups cgroups = {};
};

// LXC's config file. Invalid when a card names a bridge that does not exist, in PVE's words.
Result<std::string> lxc_config(const Config& config, const Place& place);

// Files that PVE writes into a container before each start: path → content.
Result<std::map<std::string, std::string>> guest_files(const Config& config,
                                                       const std::string& default_nameserver);

}  // namespace gantry::lab::lxc

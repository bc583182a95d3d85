#pragma once
// What the kernel says about a running container.
#include <string>

#include "pkg/lab/backend.h"
#include "pkg/lab/lxc/container_config.h"

namespace gantry::lab::lxc {

// What pct gives to commands: pct exec's own PATH (PVE/CLI/pct.pm).
inline constexpr const char* kGuestPath = "PATH=/sbin:/bin:/usr/sbin:/usr/bin";

// What `lxc-info -s -p` prints: "State: RUNNING", "PID: 3000" (the latter only while it runs).
// Anything but STOPPED counts as running: a container that starts or stops is not to be touched.
struct LxcInfo {
  bool running = false;
  std::optional<int64_t> pid;
};
LxcInfo parse_lxc_info(const std::string& text);

// Fills in memory, uptime, traffic and addresses of the container with that LXC name and init
// process. What cannot be read stays unset. Blocks.
void observe(const std::string& name, int64_t pid, const Cgroups& cgroups, ContainerState& state);

// /proc/PID/net/dev: bytes received and sent, of all interfaces but lo.
struct Traffic {
  int64_t in = 0, out = 0;
};
Traffic parse_traffic(const std::string& text);

// `ip -o addr show` → interface → "10.0.3.7/24", IPv4 first; without lo and link-local addresses.
std::map<std::string, std::vector<std::string>> parse_addresses(const std::string& text);

}  // namespace gantry::lab::lxc

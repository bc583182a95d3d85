#include "pkg/lab/lxc/inspection.h"

#include <sstream>

#include <unistd.h>

#include "pkg/base/text.h"
#include "pkg/lab/lxc/instance.h"
#include "pkg/lab/lxc/process.h"

namespace gantry::lab::lxc {
namespace {

std::optional<int64_t> number_in(const std::string& path) {
  const auto text = read_file(path);
  if (!text.ok()) return std::nullopt;
  return parse_integer(trim(*text));
}

// Field 22 of /proc/PID/stat is the start, in clock ticks since boot; the name in field 2 may
// contain anything, so fields are counted from the last parenthesis.
std::optional<int64_t> uptime_seconds(int64_t pid) {
  const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const auto uptime = read_file("/proc/uptime");
  if (!stat.ok() || !uptime.ok()) return std::nullopt;
  std::istringstream fields(stat->substr(stat->rfind(')') + 2));
  std::string field;
  constexpr int kStartTimeAfterName = 20;
  for (int i = 0; i < kStartTimeAfterName; ++i) fields >> field;
  const auto started = parse_integer(field);
  const auto now = parse_double(split(*uptime, ' ').front());
  if (!started || !now) return std::nullopt;
  return static_cast<int64_t>(*now) - *started / sysconf(_SC_CLK_TCK);
}

}  // namespace

LxcInfo parse_lxc_info(const std::string& text) {
  LxcInfo info;
  for (const auto& line : split(text, '\n')) {
    const auto value =
        trim(std::string_view(line).substr(std::min(line.size(), line.find(':') + 1)));
    if (starts_with(line, "State:")) info.running = value != "STOPPED";
    if (starts_with(line, "PID:")) info.pid = parse_integer(value);
  }
  return info;
}

std::map<std::string, std::vector<std::string>> parse_addresses(const std::string& text) {
  std::map<std::string, std::vector<std::string>> result;
  for (const auto& line : split(text, '\n')) {
    std::istringstream words(line);
    std::string index;
    std::string name;
    std::string family;
    std::string address;
    words >> index >> name >> family >> address;
    if (name.empty() || name == "lo" || starts_with(address, "fe80:")) continue;
    auto& addresses = result[name];
    if (family == "inet") addresses.insert(addresses.begin(), address);
    if (family == "inet6") addresses.push_back(address);
  }
  return result;
}

// "  eth0: 8286 …seven more… 2800 …": a head of two lines has no such number.
Traffic parse_traffic(const std::string& text) {
  constexpr size_t kSent = 8;
  Traffic traffic;
  for (const auto& line : split(text, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string::npos || trim(line.substr(0, colon)) == "lo") continue;
    std::istringstream words(line.substr(colon + 1));
    std::vector<int64_t> numbers;
    for (int64_t number = 0; words >> number;) numbers.push_back(number);
    if (numbers.size() <= kSent) continue;
    traffic.in += numbers.front();
    traffic.out += numbers[kSent];
  }
  return traffic;
}

void observe(const std::string& name, int64_t pid, const Cgroups& cgroups, ContainerState& state) {
  state.memory_used =
      cgroups.unified
          ? number_in("/sys/fs/cgroup/lxc.payload." + name + "/memory.current")
          : number_in("/sys/fs/cgroup/memory/lxc.payload." + name + "/memory.usage_in_bytes");
  state.uptime_seconds = uptime_seconds(pid);
  if (const auto text = read_file("/proc/" + std::to_string(pid) + "/net/dev"); text.ok()) {
    const auto traffic = parse_traffic(*text);
    state.network_in = traffic.in;
    state.network_out = traffic.out;
  }
  const auto shown = run_checked(Program{
      .argv = {"nsenter", "-t", std::to_string(pid), "-n", "ip", "-o", "addr", "show", "up"}});
  if (shown.ok()) state.addresses = parse_addresses(*shown);
}

}  // namespace gantry::lab::lxc

#include "pkg/lab/lxc/network.h"

#include <array>
#include <thread>

#include <unistd.h>

#include "pkg/base/log.h"
#include "pkg/base/text.h"
#include "pkg/lab/lxc/added_bridges.h"

namespace gantry::lab::lxc {
namespace {

Result<std::string> ip(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "ip");
  return run_checked(Program{.argv = std::move(arguments)});
}

std::optional<std::array<uint32_t, 2>> range_of(const std::string& cidr) {
  const auto slash = cidr.find('/');
  const auto numbers = split(cidr.substr(0, slash), '.');
  const auto prefix = slash == std::string::npos ? std::optional<int64_t>(32)
                                                 : parse_integer(cidr.substr(slash + 1));
  if (numbers.size() != 4 || !prefix || *prefix < 1 || *prefix > 32) return std::nullopt;
  uint32_t address = 0;
  for (const auto& number : numbers) {
    const auto value = parse_integer(number);
    if (!value || *value < 0 || *value > 255) return std::nullopt;
    address = (address << 8) | static_cast<uint32_t>(*value);
  }
  const uint32_t mask = ~uint32_t{0} << (32 - *prefix);
  return std::array<uint32_t, 2>{address & mask, address | ~mask};
}

std::vector<std::array<uint32_t, 2>> ranges_in(const std::string& text) {
  std::vector<std::array<uint32_t, 2>> ranges;
  std::string word;
  for (const char c : text + " ") {
    if (c != ' ' && c != '\n' && c != '\t') {
      word += c;
      continue;
    }
    if (const auto range = range_of(word)) ranges.push_back(*range);
    word.clear();
  }
  return ranges;
}

std::string pid_file(const Instance& instance) {
  return instance.run_folder() + "/dnsmasq.pid";
}
std::string subnet_file(const Instance& instance) {
  return instance.folder + "/subnet";
}

// The one an earlier run with this folder had (leases, and addresses in configs, name it), or new.
Result<Subnet> subnet_for(const Instance& instance) {
  if (const auto kept = read_file(subnet_file(instance)); kept.ok())
    return Subnet{.prefix = std::string(trim(*kept))};
  GANTRY_TRY_ASSIGN(const auto routes, ip({"-4", "route", "show", "table", "all"}));
  GANTRY_TRY_ASSIGN(const auto addresses, ip({"-4", "-o", "addr", "show"}));
  GANTRY_TRY_ASSIGN(const auto subnet, choose_subnet(routes, addresses, instance.name));
  GANTRY_TRY(write_file(subnet_file(instance), subnet.prefix + "\n", 0644));
  return subnet;
}

void end_dnsmasq(const Instance& instance) {
  const auto pid = read_file(pid_file(instance));
  if (!pid.ok()) return;
  end_stray(static_cast<pid_t>(parse_integer(trim(*pid)).value_or(0)), instance.run_folder());
  unlink(pid_file(instance).c_str());
}

}  // namespace

Result<Subnet> choose_subnet(const std::string& routes, const std::string& addresses,
                             const std::string& seed) {
  const auto taken = ranges_in(routes + "\n" + addresses);
  uint32_t start = 0;
  for (const unsigned char c : seed) start = start * 31 + c;
  constexpr uint32_t kChoices = 64 * 256;  // 10.192.0.0 … 10.255.255.0: rarely used by people
  for (uint32_t i = 0; i < kChoices; ++i) {
    const uint32_t choice = (start + i) % kChoices;
    const uint32_t first = (10U << 24) | (192U << 16) | (choice << 8);
    const bool overlaps = std::ranges::any_of(
        taken, [first](const auto& range) { return range[0] <= first + 255 && first <= range[1]; });
    if (!overlaps) return Subnet{absl::StrFormat("10.%d.%d", 192 + (choice >> 8), choice & 255)};
  }
  return error(ErrorClass::overload, "every /24 of 10.192.0.0/10 is in use on this machine");
}

Result<PrivateNetwork> PrivateNetwork::start(const Instance& instance) {
  end_dnsmasq(instance);
  GANTRY_TRY_ASSIGN(auto subnet, subnet_for(instance));
  PrivateNetwork network(instance.bridge(), std::move(subnet));
  const auto address = network.subnet_.host() + "/24";
  // A killed lab's containers may still hang on its bridge; it is taken over as it is.
  if (!ip({"link", "show", "dev", network.bridge_}).ok())
    GANTRY_TRY(ip({"link", "add", network.bridge_, "type", "bridge"}).status());
  GANTRY_TRY(ip({"addr", "replace", address, "dev", network.bridge_}).status());
  GANTRY_TRY(ip({"link", "set", network.bridge_, "up"}).status());
  GANTRY_TRY(network.start_dnsmasq(instance));
  return network;
}

Status PrivateNetwork::start_dnsmasq(const Instance& instance) {
  const auto& prefix = subnet_.prefix;
  const auto run = instance.run_folder();
  const std::vector<std::string> argv = {
      "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--group=root",
      "--interface=" + bridge_, "--except-interface=lo", "--bind-interfaces",
      // Without --no-ping every offer waits three seconds for an answer from the address.
      "--dhcp-range=" + prefix + ".20," + prefix + ".250,255.255.255.0,12h", "--no-ping",
      "--dhcp-authoritative", "--dhcp-leasefile=" + run + "/leases", "--no-resolv", "--no-hosts",
      "--pid-file=" + pid_file(instance), "--log-facility=-"};
  GANTRY_TRY_ASSIGN(dnsmasq_, Daemon::start(argv, run + "/dnsmasq.log"));
  // It writes its pid once it listens.
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (!dnsmasq_.is_running()) break;
    if (read_file(pid_file(instance)).ok()) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const auto log = read_file(run + "/dnsmasq.log").value_or("");
  return error(ErrorClass::remote, "dnsmasq on %s did not start: %s", bridge_,
               split(trim(log), '\n').back());
}

PrivateNetwork::PrivateNetwork(PrivateNetwork&& other) noexcept
    : bridge_(std::exchange(other.bridge_, "")),
      subnet_(std::move(other.subnet_)),
      dnsmasq_(std::move(other.dnsmasq_)) {}
PrivateNetwork::~PrivateNetwork() {
  stop();
}

void PrivateNetwork::stop() {
  dnsmasq_.stop();
  if (bridge_.empty()) return;
  if (const auto removed = ip({"link", "del", bridge_}); !removed.ok())
    log::warn("bridge not removed", {{"bridge", bridge_}, {"error", removed.status()}});
  bridge_.clear();
}

void remove_network(const Instance& instance) {
  end_dnsmasq(instance);
  if (const auto removed = set_added_bridges(instance, {}); !removed.ok())
    log::warn("added bridges not removed", {{"instance", instance.name}, {"error", removed}});
  if (!ip({"link", "show", "dev", instance.bridge()}).ok()) return;
  if (const auto removed = ip({"link", "del", instance.bridge()}); !removed.ok())
    log::warn("bridge not removed", {{"bridge", instance.bridge()}, {"error", removed.status()}});
}

}  // namespace gantry::lab::lxc

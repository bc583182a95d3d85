#include "pkg/lab/lxc/container_config.h"

#include <cctype>

#include <unistd.h>

#include "pkg/base/text.h"

namespace gantry::lab::lxc {
namespace {

std::string value_or(const Config& config, const std::string& key, const std::string& fallback) {
  const auto it = config.find(key);
  return it == config.end() ? fallback : it->second;
}

// "a=1,b=2" and "first,b=2", whose first part gets the name "".
std::map<std::string, std::string> property_string(const std::string& text) {
  std::map<std::string, std::string> result;
  for (const auto& part : split(text, ',')) {
    const auto equals = part.find('=');
    if (equals == std::string::npos)
      result[""] = part;
    else
      result[part.substr(0, equals)] = part.substr(equals + 1);
  }
  return result;
}

bool is_plain(const std::string& text, std::string_view extra) {
  return !text.empty() && std::ranges::all_of(text, [extra](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || extra.find(c) != extra.npos;
  });
}

std::string dotted_mask(int64_t prefix) {
  const uint32_t mask = prefix == 0 ? 0 : ~uint32_t{0} << (32 - prefix);
  return absl::StrFormat("%d.%d.%d.%d", mask >> 24, (mask >> 16) & 255, (mask >> 8) & 255,
                         mask & 255);
}

bool exists(const std::string& path) {
  return access(path.c_str(), F_OK) == 0;
}

// ifupdown's stanza for one card.
Result<std::string> interface_stanza(const NetworkCard& card) {
  const std::string head = "auto " + card.name + "\niface " + card.name + " inet ";
  if (card.ip == "dhcp") return head + "dhcp\n\n";
  if (card.ip.empty() || card.ip == "manual") return head + "manual\n\n";
  const auto slash = card.ip.find('/');
  const auto prefix =
      slash == std::string::npos ? std::nullopt : parse_integer(card.ip.substr(slash + 1));
  if (!prefix || *prefix < 0 || *prefix > 32)
    return invalid("%s: ip=%s is no IPv4 address with a prefix length", card.name, card.ip);
  std::string text = head + "static\n\taddress " + card.ip.substr(0, slash) + "\n\tnetmask " +
                     dotted_mask(*prefix) + "\n";
  if (!card.gateway.empty()) text += "\tgateway " + card.gateway + "\n";
  return text + "\n";
}

}  // namespace

Result<NetworkCard> parse_network_card(const std::string& text) {
  const auto parts = property_string(text);
  NetworkCard card{.name = value_or(parts, "name", ""),
                   .bridge = value_or(parts, "bridge", ""),
                   .hwaddr = value_or(parts, "hwaddr", ""),
                   .ip = value_or(parts, "ip", ""),
                   .gateway = value_or(parts, "gw", ""),
                   .link_down = value_or(parts, "link_down", "0") == "1"};
  // These go into files that LXC and the container parse: nothing but what they may hold.
  if (!is_plain(card.name, "-_.")) return invalid("network card without a proper name: %s", text);
  if (!card.bridge.empty() && !is_plain(card.bridge, "-_."))
    return invalid("%s: %s is no name of a bridge", card.name, card.bridge);
  if (!card.hwaddr.empty() && !is_plain(card.hwaddr, ":"))
    return invalid("%s: %s is no hardware address", card.name, card.hwaddr);
  if (!card.ip.empty() && !is_plain(card.ip, "./"))
    return invalid("%s: %s is no IPv4 address", card.name, card.ip);
  if (!card.gateway.empty() && !is_plain(card.gateway, "."))
    return invalid("%s: %s is no gateway", card.name, card.gateway);
  return card;
}

Result<std::vector<NetworkCard>> network_cards(const Config& config) {
  std::vector<NetworkCard> cards;
  constexpr int kCardsMax = 32;  // PVE's own limit
  for (int i = 0; i < kCardsMax; ++i) {
    const auto it = config.find("net" + std::to_string(i));
    if (it == config.end()) continue;
    GANTRY_TRY_ASSIGN(auto card, parse_network_card(it->second));
    cards.push_back(std::move(card));
  }
  return cards;
}

std::string mount_path(const std::string& text) {
  return value_or(property_string(text), "mp", "");
}

Cgroups detect_cgroups() {
  const std::string root = "/sys/fs/cgroup";
  if (exists(root + "/cgroup.controllers"))
    return {.unified = true, .memory = true, .swap = true, .cpu = true};
  return {.unified = false,
          .memory = exists(root + "/memory/memory.limit_in_bytes") || exists(root + "/memory"),
          .swap = exists(root + "/memory/memory.memsw.limit_in_bytes"),
          .cpu = exists(root + "/cpu")};
}

std::vector<std::pair<std::string, std::string>> limits(const Config& config,
                                                        const Cgroups& cgroups) {
  std::vector<std::pair<std::string, std::string>> result;
  constexpr int64_t kMiB = int64_t{1} << 20;
  const auto memory = parse_integer(value_or(config, "memory", "512")).value_or(512) * kMiB;
  const auto swap = parse_integer(value_or(config, "swap", "512")).value_or(512) * kMiB;
  if (cgroups.unified) {
    result.emplace_back("memory.max", std::to_string(memory));
    result.emplace_back("memory.swap.max", std::to_string(swap));
  } else if (cgroups.memory) {
    result.emplace_back("memory.limit_in_bytes", std::to_string(memory));
    if (cgroups.swap)
      result.emplace_back("memory.memsw.limit_in_bytes", std::to_string(memory + swap));
  }

  // PVE pins `cores` processors by cpuset; time shares bound the same and need no free processors.
  auto share = parse_double(value_or(config, "cpulimit", "0")).value_or(0);
  const auto cores = parse_double(value_or(config, "cores", "0")).value_or(0);
  if (share <= 0 || (cores > 0 && cores < share)) share = cores;
  constexpr int64_t kPeriod = 100'000;  // µs
  const auto quota = static_cast<int64_t>(share * kPeriod);
  if (quota > 0 && cgroups.unified)
    result.emplace_back("cpu.max", absl::StrFormat("%d %d", quota, kPeriod));
  if (quota > 0 && !cgroups.unified && cgroups.cpu)
    result.emplace_back("cpu.cfs_quota_us", std::to_string(quota));
  return result;
}

namespace {

Result<std::string> card_lines(const std::vector<NetworkCard>& cards, const Place& place) {
  std::string text;
  int index = 0;
  for (const auto& card : cards) {
    const auto bridge = place.bridges.find(card.bridge);
    if (bridge == place.bridges.end()) return invalid("bridge '%s' does not exist", card.bridge);
    const auto key = "lxc.net." + std::to_string(index++) + ".";
    text += key + "type = veth\n" + key + "link = " + bridge->second + "\n";
    text += key + "name = " + card.name + "\n";
    if (!card.link_down) text += key + "flags = up\n";
    if (!card.hwaddr.empty()) text += key + "hwaddr = " + card.hwaddr + "\n";
  }
  if (cards.empty()) text += "lxc.net.0.type = empty\n";
  return text;
}

}  // namespace

Result<std::string> lxc_config(const Config& config, const Place& place) {
  const auto hostname = value_or(config, "hostname", place.name);
  if (!is_dns_subdomain(hostname)) return invalid("hostname: %s is no DNS name", hostname);
  std::string text =
      "lxc.include = /usr/share/lxc/config/common.conf\n"
      "lxc.include = /usr/share/lxc/config/userns.conf\n"
      "lxc.idmap = u 0 100000 65536\n"
      "lxc.idmap = g 0 100000 65536\n"
      "lxc.signal.halt = SIGRTMIN+3\n"
      "lxc.signal.reboot = SIGTERM\n"
      "lxc.tty.max = 2\n";
  // Where there is no AppArmor, naming a profile would stop the start.
  text += exists("/sys/kernel/security/apparmor") ? "lxc.apparmor.profile = generated\n"
                                                  : "lxc.apparmor.profile = unconfined\n";
  const auto features = property_string(value_or(config, "features", ""));
  if (value_or(features, "nesting", "0") == "1") {
    text += "lxc.include = /usr/share/lxc/config/nesting.conf\n";
    text += exists("/sys/kernel/security/apparmor") ? "lxc.apparmor.profile = generated\n"
                                                      "lxc.apparmor.allow_nesting = 1\n"
                                                    : "lxc.apparmor.profile = unconfined\n";
  }
  text += "lxc.uts.name = " + hostname + "\n";
  text += "lxc.rootfs.path = dir:" + place.rootfs + "\n";
  for (const auto& mount : place.mounts)
    text += "lxc.mount.entry = " + mount.source + " " + mount.target.substr(1) +
            " none bind,create=dir 0 0\n";
  GANTRY_TRY_ASSIGN(const auto cards, network_cards(config));
  GANTRY_TRY_ASSIGN(const auto lines, card_lines(cards, place));
  text += lines;
  const std::string family = place.cgroups.unified ? "lxc.cgroup2." : "lxc.cgroup.";
  for (const auto& [key, value] : limits(config, place.cgroups))
    text += family + key + " = " + value + "\n";
  return text;
}

Result<std::map<std::string, std::string>> guest_files(const Config& config,
                                                       const std::string& default_nameserver) {
  std::map<std::string, std::string> files;
  const auto hostname = value_or(config, "hostname", "localhost");
  const auto short_name = split(hostname, '.').front();
  files["/etc/hostname"] = short_name + "\n";
  files["/etc/hosts"] = "127.0.0.1\tlocalhost\n127.0.1.1\t" + hostname +
                        (hostname == short_name ? "" : " " + short_name) +
                        "\n::1\tlocalhost ip6-localhost ip6-loopback\n";
  std::string resolver;
  if (const auto domain = value_or(config, "searchdomain", ""); is_dns_subdomain(domain))
    resolver += "search " + domain + "\n";
  for (const auto& server : split(value_or(config, "nameserver", default_nameserver), ' '))
    if (is_plain(server, ".:")) resolver += "nameserver " + server + "\n";
  files["/etc/resolv.conf"] = resolver;

  std::string interfaces = "auto lo\niface lo inet loopback\n\n";
  GANTRY_TRY_ASSIGN(const auto cards, network_cards(config));
  for (const auto& card : cards) {
    GANTRY_TRY_ASSIGN(const auto stanza, interface_stanza(card));
    interfaces += stanza;
  }
  files["/etc/network/interfaces"] = interfaces;
  return files;
}

}  // namespace gantry::lab::lxc

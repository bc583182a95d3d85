#include "pkg/lab/memory/guest_network.h"

#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/lab/memory/shell_words.h"

namespace gantry::lab {
namespace {

constexpr const char* kForwarding = "net.ipv4.ip_forward";
constexpr const char* kProxyFile = "/etc/gantry/caddy.json";

bool has(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

std::string after(const std::vector<std::string>& words, const std::string& word) {
  const auto at = std::ranges::find(words, word);
  return at == words.end() || at + 1 == words.end() ? "" : *(at + 1);
}

}  // namespace

bool GuestNetwork::runs(const std::string& unit) const {
  const auto found = system_.units.find(unit);
  return found != system_.units.end() && found->second.active;
}

std::string GuestNetwork::content(const std::string& path) const {
  const auto file = system_.files.find(path);
  return file == system_.files.end() ? "" : file->second.content;
}

std::optional<guest::Exit> GuestNetwork::run(const Words& words) {
  const auto name = program_name(words[0]);
  if (name == "ip") return ip(words);
  if (name == "sysctl") return sysctl(words);
  const std::pair<const char*, const char*> packages[] = {{"nft", "nftables"},
                                                          {"dnsmasq", "dnsmasq"},
                                                          {"host", "bind9-host"},
                                                          {"caddy", "caddy"},
                                                          {"curl", "curl"}};
  for (const auto& [program, package] : packages)
    if (name == program && !system_.packages.contains(package))
      return exit_with(127, "", name + ": not found\n");
  if (name == "nft") return nft(words);
  if (name == "host") return host(words);
  if (name == "curl") return curl(words);
  if (name == "dnsmasq" && has(words, "--test")) {
    const auto path = words.back().substr(words.back().find('=') + 1);
    const bool bad = content(path).find("nonsense") != std::string::npos;
    return exit_with(bad ? 1 : 0, "",
                     bad ? "dnsmasq: bad option at line 1\n" : "dnsmasq: syntax check OK.\n");
  }
  if (name == "caddy" && has(words, "validate")) {
    const auto why = refusal(content(after(words, "--config")));
    return exit_with(why.empty() ? 0 : 1, "", why.empty() ? "Valid configuration\n" : why);
  }
  return std::nullopt;
}

guest::Exit GuestNetwork::ip(const Words& words) {
  auto& addresses = system_.network.addresses;
  if (has(words, "route")) return exit_with(0, has(words, "-4") ? system_.network.route : "");
  if (has(words, "replace")) {
    addresses[after(words, "dev")].insert(after(words, "replace"));
    return exit_with(0);
  }
  if (!has(words, "show")) return exit_with(0);
  std::string lines;
  const auto device = after(words, "dev");
  for (const auto& address : addresses[device])
    lines += "3: " + device + "    inet " + address + " scope global " + device + "\n";
  return exit_with(0, lines);
}

guest::Exit GuestNetwork::sysctl(const Words& words) {
  if (words.back().starts_with(kForwarding) && has(words, "-w"))
    system_.network.forwarding = words.back().ends_with("=1");
  return exit_with(0, system_.network.forwarding ? "1\n" : "0\n");
}

guest::Exit GuestNetwork::nft(const Words& words) {
  auto& rules = system_.network.rules;
  if (has(words, "-f")) {
    const auto path = after(words, "-f");
    if (!system_.files.contains(path)) return missing("nft", path);
    rules = content(path);
    return exit_with(0);
  }
  if (has(words, "flush")) rules.clear();
  if (rules.empty()) return exit_with(1, "", "Error: No such file or directory\n");
  return exit_with(0, "table ip " + words.back() + " {\n" + rules + "}\n");
}

// "host … NAME SERVER"; other names than those of its tables are asked upstream.
guest::Exit GuestNetwork::host(const Words& words) const {
  if (!runs("dnsmasq.service"))
    return exit_with(1, ";; connection timed out; no servers could be reached\n");
  const auto& name = words[words.size() - 2];
  for (const auto& line : split(content("/etc/gantry/dns-hosts"), '\n')) {
    const auto fields = split(line, ' ');
    if (fields.size() == 2 && fields[1] == name)
      return exit_with(0, name + " has address " + fields[0] + "\n");
  }
  if (system_.network.upstream) return exit_with(0, name + " has an answer\n");
  return exit_with(1, "Host " + name + " not found: 5(REFUSED)\n");
}

std::string GuestNetwork::refusal(const std::string& config) const {
  if (config.empty() || config.front() != '{') return "Error: decoding config: invalid character\n";
  for (const auto& host : system_.network.refused_hosts)
    if (config.find("\"" + host + "\"") != std::string::npos)
      return "Error: loading http app module: provision http: " + host + "\n";
  return "";
}

const std::string& GuestNetwork::proxy() {
  auto& state = system_.network;
  const int starts = system_.units["caddy.service"].starts;
  if (state.proxy_start != starts) {
    state.proxy_start = starts;
    state.proxy = content(kProxyFile);
  }
  return state.proxy;
}

guest::Exit GuestNetwork::take_proxy(const std::string& file) {
  const auto why = refusal(content(file));
  if (!why.empty()) return exit_with(22, why, "curl: (22) The requested URL returned error: 400\n");
  (void)proxy();
  system_.network.proxy = content(file);
  return exit_with(0);
}

// "curl -Z … -w FORMAT … http://ADDRESS:PORT/ …": a line for each.
guest::Exit GuestNetwork::knock(const Words& words) const {
  std::string lines;
  int number = 0;
  for (const auto& word : words) {
    if (!word.starts_with("http://")) continue;
    const auto address = word.substr(7, word.size() - 8);
    const bool closed = system_.network.closed.contains(address);
    lines += absl::StrFormat("%d %s\n", number++, closed ? "7 0.000000" : "0 0.000312");
  }
  return exit_with(system_.network.closed.empty() ? 0 : 7, lines);
}

guest::Exit GuestNetwork::curl(const Words& words) {
  if (has(words, "-Z")) return knock(words);
  if (!runs("caddy.service")) return exit_with(7, "", "curl: (7) Couldn't connect to server\n");
  for (const auto& word : words) {
    if (word.ends_with("/config/")) return exit_with(0, proxy());
    if (word.ends_with("/pki/ca/local"))
      return exit_with(0, R"({"id":"local","root_certificate":"the authority\n"})");
    if (word.ends_with("/load")) return take_proxy(after(words, "--data-binary").substr(1));
  }
  const auto resolved = after(words, "--resolve");
  const auto host = resolved.substr(0, resolved.find(':'));
  const bool serves = proxy().find("\"" + host + "\"") != std::string::npos;
  return serves ? exit_with(0) : exit_with(35, "", "curl: (35) TLS alert, internal error\n");
}

void boot_network(GuestSystem& system) {
  auto& network = system.network;
  network.forwarding = system.files.contains("/etc/sysctl.d/60-gantry.conf");
  const auto unit = system.units.find("nftables.service");
  const auto rules = system.files.find("/etc/gantry/gantry.nft");
  const bool loads = unit != system.units.end() && unit->second.enabled &&
                     system.files.contains("/etc/nftables.conf") && rules != system.files.end();
  network.rules = loads ? rules->second.content : "";
}

}  // namespace gantry::lab

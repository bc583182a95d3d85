#include "controllers/app/bootstrap/listeners.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "controllers/app/bootstrap/setup.h"
#include "pkg/base/text.h"

namespace gantry::controllers::app {
namespace {

constexpr const char* kListening = "0A";

// As the kernel writes addresses: each four bytes as a number of this machine.
bool is_loopback(const std::string& address) {
  if (address.size() == 8) return address.ends_with("7F");
  const std::string_view mapped = "0000000000000000FFFF0000";  // ::ffff:127.0.0.1
  return address == "00000000000000000000000001000000" ||
         (address.size() == 32 && address.starts_with(mapped) && address.ends_with("7F"));
}

}  // namespace

std::set<int> loopback_ports(const std::string& proc_net_tcp) {
  std::set<int> narrow, wide;
  for (const auto& line : split(proc_net_tcp, '\n')) {
    // "0: 0100007F:1F90 00000000:0000 0A …"
    auto words = split(line, ' ');
    std::erase(words, "");
    if (words.size() < 4 || words[3] != kListening) continue;
    const auto colon = words[1].find(':');
    if (colon == std::string::npos) continue;
    const auto digits = std::string_view(words[1]).substr(colon + 1);
    int port = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), port, 16).ec != std::errc())
      continue;
    (is_loopback(words[1].substr(0, colon)) ? narrow : wide).insert(port);
  }
  std::set<int> ports;
  std::ranges::set_difference(narrow, wide, std::inserter(ports, ports.end()));
  return ports;
}

Async<Result<std::set<int>>> ask_loopback_ports(Guest guest) {
  auto argv = argv_of("cat", "/proc/net/tcp", "/proc/net/tcp6");
  const auto exit = co_await guest.run(std::move(argv), std::chrono::seconds(30));
  if (!exit.ok()) co_return exit.status();
  // The second is not there without IPv6.
  if (exit->out.empty()) co_return status_of("cat", *exit);
  co_return loopback_ports(exit->out);
}

}  // namespace gantry::controllers::app

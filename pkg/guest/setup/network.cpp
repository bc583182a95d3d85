#include "pkg/guest/setup/network.h"

#include <algorithm>
#include <string_view>

#include "pkg/base/text.h"

namespace gantry::guest {
namespace {

// As apt, apk, curl, Docker and the C library say it.
constexpr std::string_view kNames[] = {
    "temporary failure resolving",
    "temporary failure in name resolution",
    "could not resolve",
    "name or service not known",
    "no such host",
    "dns lookup error",
    "dns: transient error",
    "server misbehaving",
};
constexpr std::string_view kConnections[] = {
    "could not connect",  "unable to connect",      "connection timed out",
    "connection refused", "network is unreachable", "no route to host",
    "i/o timeout",        "tls handshake timeout",  "network error",
};

template <size_t N>
bool holds_one(const std::string& said, const std::string_view (&all)[N]) {
  return std::ranges::any_of(
      all, [&said](std::string_view words) { return said.find(words) != std::string::npos; });
}

struct Layer {
  std::string message, code;
};

Async<std::string> output_of(Setup& setup, std::vector<std::string> argv) {
  auto exit = co_await setup.ask(std::move(argv));
  co_return exit.ok() && exit->code == 0 ? exit->out : std::string();
}

std::vector<std::string> name_servers_in(const std::string& text) {
  std::vector<std::string> servers;
  for (const auto& line : split(text, '\n')) {
    const auto words = split(trim(line), ' ');
    if (words.size() > 1 && words[0] == "nameserver") servers.push_back(words[1]);
  }
  return servers;
}

// "default via 10.20.0.1 dev eth0 …"; empty when it leads straight onto a link.
std::string gateway_in(const std::string& route) {
  const auto words = split(trim(split(route, '\n').front()), ' ');
  const auto via = std::ranges::find(words, "via");
  return via == words.end() || via + 1 == words.end() ? "" : *(via + 1);
}

Async<Layer> failing_layer(Setup& setup, bool names_fail) {
  auto route = co_await output_of(setup, argv_of("ip", "-4", "route", "show", "default"));
  if (route.empty())
    route = co_await output_of(setup, argv_of("ip", "-6", "route", "show", "default"));
  if (route.empty()) co_return Layer{"the container has no default route", "NET-003"};
  const auto gateway = gateway_in(route);
  if (!gateway.empty()) {
    const auto neighbour = co_await output_of(setup, argv_of("ip", "neigh", "show", gateway));
    const bool silent = neighbour.find("FAILED") != std::string::npos ||
                        neighbour.find("INCOMPLETE") != std::string::npos;
    if (silent) co_return Layer{"its gateway " + gateway + " does not answer", "NET-004"};
  }
  if (!names_fail) co_return Layer();
  const auto resolver = co_await output_of(setup, argv_of("cat", "/etc/resolv.conf"));
  const auto servers = name_servers_in(resolver);
  if (servers.empty()) co_return Layer{"its /etc/resolv.conf names no name server", "DNS-002"};
  co_return Layer{"names are not answered by " + join(servers, ", "), "NET-004"};
}

}  // namespace

Async<Status> explain_network(Setup& setup, Status failed) {
  if (failed.ok() || error_class(failed) == ErrorClass::held) co_return failed;
  const auto said = to_lower(message_of(failed));
  const bool names_fail = holds_one(said, kNames);
  if (!names_fail && !holds_one(said, kConnections)) co_return failed;
  const auto layer = co_await failing_layer(setup, names_fail);
  const auto words = message_of(failed) + (layer.message.empty() ? "" : "; " + layer.message);
  const auto code = layer.code.empty() ? catalogue_code(failed).value_or("NET-005") : layer.code;
  co_return with_code(make_error(ErrorClass::overload, words), code);
}

}  // namespace gantry::guest

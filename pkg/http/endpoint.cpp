#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/http/http.h"

namespace gantry::http {
namespace {

constexpr std::string_view kHostCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
constexpr std::string_view kAddressCharacters = "0123456789abcdefABCDEF:.";

Status broken(std::string_view url, std::string_view why) {
  return invalid("endpoint \"%s\": %s; write it as https://host:port", std::string(url),
                 std::string(why));
}

// What stands between scheme and path, cut into host and port text.
struct Authority {
  std::string_view host;
  std::optional<std::string_view> port;
};

std::optional<Authority> cut_authority(std::string_view text) {
  Authority authority;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    authority.host = text.substr(1, close - 1);
    if (authority.host.find_first_not_of(kAddressCharacters) != std::string_view::npos ||
        authority.host.find(':') == std::string_view::npos)
      return std::nullopt;
    text.remove_prefix(close + 1);
  } else {
    const auto colon = text.find(':');
    authority.host = text.substr(0, colon);
    if (authority.host.find_first_not_of(kHostCharacters) != std::string_view::npos)
      return std::nullopt;
    text.remove_prefix(authority.host.size());
  }
  if (authority.host.empty()) return std::nullopt;
  if (text.empty()) return authority;
  if (text.front() != ':') return std::nullopt;
  authority.port = text.substr(1);
  return authority;
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view url) {
  Endpoint endpoint;
  auto rest = url;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
    endpoint.tls = false;
    endpoint.port = 80;
  } else {
    return broken(url, "no https:// or http:// in front");
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find_first_of("/?#") != std::string_view::npos) return broken(url, "has a path");
  if (rest.find('@') != std::string_view::npos) return invalid("endpoint: carries credentials");
  const auto authority = cut_authority(rest);
  if (!authority) return broken(url, "the host is no name and no address");
  endpoint.host = authority->host;
  if (!authority->port) return endpoint;
  const auto port = parse_integer(*authority->port);
  if (!port || *port < 1 || *port > 65535) return broken(url, "the port is not 1 to 65535");
  endpoint.port = static_cast<uint16_t>(*port);
  return endpoint;
}

std::string to_string(const Endpoint& endpoint) {
  const bool literal = endpoint.host.find(':') != std::string::npos;
  const std::string host = literal ? "[" + endpoint.host + "]" : endpoint.host;
  return (endpoint.tls ? "https://" : "http://") + host + ":" + std::to_string(endpoint.port);
}

}  // namespace gantry::http

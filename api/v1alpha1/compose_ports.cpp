#include "api/v1alpha1/compose_ports.h"

#include "pkg/base/text.h"

namespace gantry::api::v1alpha1 {
namespace {

struct Span {
  int first = 0, last = 0;
};

std::optional<int> parse_port(const std::string& text) {
  const auto number = parse_integer(text);
  if (!number || *number < 1 || *number > 65535) return std::nullopt;
  return static_cast<int>(*number);
}

// "80" or "8000-8010".
Result<Span> parse_span(const std::string& text) {
  const auto dash = text.find('-');
  const auto first = parse_port(text.substr(0, dash));
  const auto last = dash == std::string::npos ? first : parse_port(text.substr(dash + 1));
  if (!first || !last || *last < *first)
    return invalid("must be a port, or first-last, between 1 and 65535, not \"%s\"", text);
  return Span{*first, *last};
}

void add(std::vector<PublishedPort>& ports, const std::string& address, Span span, bool udp) {
  for (int port = span.first; port <= span.last; ++port) ports.push_back({address, port, udp});
}

// "127.0.0.1:80:3000/tcp", "[::1]:80:3000", "80:3000", "3000".
Status read_short(std::string text, std::vector<PublishedPort>& ports) {
  if (text.find('$') != std::string::npos) return {};
  const auto slash = text.find('/');
  const bool udp = slash != std::string::npos && text.substr(slash + 1) == "udp";
  text = text.substr(0, slash);
  const auto colon = text.rfind(':');
  const auto target = parse_span(colon == std::string::npos ? text : text.substr(colon + 1));
  if (!target.ok()) return target.status();
  if (colon == std::string::npos) return {};  // Docker draws one
  auto published = text.substr(0, colon);
  std::string address;
  if (const auto before = published.rfind(':'); before != std::string::npos) {
    address = published.substr(0, before);
    published = published.substr(before + 1);
  }
  if (address.starts_with("[") && address.ends_with("]"))
    address = address.substr(1, address.size() - 2);
  if (published.empty()) return {};
  GANTRY_TRY_ASSIGN(const auto span, parse_span(published));
  add(ports, address, span, udp);
  return {};
}

Status read_long(const Json& port, std::vector<PublishedPort>& ports) {
  const auto* published = port.find("published");
  if (published == nullptr) return {};
  const auto text = published->is_integer()  ? std::to_string(published->as_integer())
                    : published->is_string() ? published->as_string()
                                             : std::string();
  if (text.find('$') != std::string::npos) return {};
  GANTRY_TRY_ASSIGN(const auto span, parse_span(text));
  add(ports, port.string_or("host_ip", ""), span, port.string_or("protocol", "tcp") == "udp");
  return {};
}

}  // namespace

Result<std::vector<PublishedPort>> read_ports(const Json& ports) {
  if (!ports.is_array()) return invalid("must be a list, not %s", to_string(ports.kind()));
  std::vector<PublishedPort> published;
  for (const auto& port : ports.as_array()) {
    if (port.is_integer()) continue;  // Docker draws one
    if (port.is_string()) {
      GANTRY_TRY(read_short(port.as_string(), published));
    } else if (port.is_object()) {
      GANTRY_TRY(read_long(port, published));
    } else {
      return invalid("must hold texts, numbers or maps, not %s", to_string(port.kind()));
    }
  }
  return published;
}

}  // namespace gantry::api::v1alpha1

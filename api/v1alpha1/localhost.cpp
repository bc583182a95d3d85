#include "api/v1alpha1/localhost.h"

#include <algorithm>

#include "api/v1alpha1/compose.h"
#include "pkg/base/text.h"

namespace gantry::api::v1alpha1 {
namespace {

// The length of "localhost", "[::1]" or "127.…" that `text` begins with; 0: of none.
size_t local_host(std::string_view text) {
  for (const std::string_view host : {"localhost", "[::1]"}) {
    if (to_lower(text.substr(0, host.size())) == host) return host.size();
  }
  if (!text.starts_with("127.")) return 0;
  const auto end = text.find_first_not_of("0123456789.");
  return end == text.npos ? text.size() : end;
}

bool is_port(std::string_view text) {
  return text.size() > 1 && text[0] == ':' && text[1] >= '0' && text[1] <= '9';
}

bool is_url_of_localhost(std::string_view value) {
  const auto scheme = value.find("://");
  if (scheme == value.npos) return false;
  auto rest = value.substr(scheme + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  const auto user = rest.rfind('@');
  if (user != rest.npos) rest = rest.substr(user + 1);
  const auto length = local_host(rest);
  return length > 0 && (length == rest.size() || is_port(rest.substr(length)));
}

bool has(const std::string& name, std::string_view word) {
  return to_lower(name).find(word) != std::string::npos;
}

std::string warning(const std::string& where, const std::vector<std::string>& services) {
  return where +
         ": names localhost, which is each service's own container there: name the service (" +
         join(services, ", ") + ") (WKL-006)";
}

}  // namespace

bool names_localhost(const std::string& name, const std::string& value) {
  if (has(name, "bind") || has(name, "listen")) return false;
  if (is_url_of_localhost(value)) return true;
  const auto length = local_host(value);
  if (length == 0) return false;
  const std::string_view rest = std::string_view(value).substr(length);
  return is_port(rest) || (rest.empty() && to_lower(name).ends_with("host"));
}

std::vector<std::string> warn_of_localhost(const Json& app) {
  const auto* text = app.find_path({"spec", "workload", "compose", "inline"});
  if (text == nullptr || !text->is_string()) return {};
  const auto outline = outline_of(text->as_string());
  if (!outline.ok() || outline->services.size() < 2) return {};
  std::vector<std::string> services, warnings;
  for (const auto& service : outline->services) services.push_back(service.name);
  for (const auto& service : outline->services) {
    if (service.shares_network) continue;
    for (const auto& name : service.local) {
      const auto where = "spec.workload.compose.inline: services." + service.name + ".environment.";
      warnings.push_back(warning(where + name, services));
    }
  }
  const auto* environment = app.find_path({"spec", "env"});
  const bool reaches = std::ranges::any_of(
      outline->services, [](const ComposeService& service) { return !service.shares_network; });
  if (environment == nullptr || !environment->is_array() || !reaches) return warnings;
  for (const auto& each : environment->as_array()) {
    const auto name = each.string_or("name", "");
    if (names_localhost(name, each.string_or("value", "")))
      warnings.push_back(warning("spec.env[" + name + "]", services));
  }
  return warnings;
}

}  // namespace gantry::api::v1alpha1

#include "pkg/apiserver/write/codes.h"

#include <algorithm>
#include <array>

#include "pkg/base/text.h"
#include "pkg/schema/format.h"

namespace gantry::apiserver {
namespace {

namespace format = schema::format;

// Names of things that have rules of their own about them: Proxmox, Linux, DNS, Kubernetes.
constexpr std::array kNames{
    &format::dns_label,    &format::dns_subdomain, &format::qualified_name, &format::label_value,
    &format::finalizer,    &format::package_name,  &format::systemd_unit,   &format::env_name,
    &format::config_key,   &format::port_name,     &format::bridge,         &format::proxmox_id,
    &format::path_segment,
};

}  // namespace

std::string_view code_of(const schema::Problem& problem) {
  std::string_view message = problem.message;
  // Of the names in a map: "its name must be …".
  constexpr std::string_view kKey = "its name ";
  if (starts_with(message, kKey)) message.remove_prefix(kKey.size());
  if (starts_with(message, format::cel.right)) return "CEL-003";
  if (message.find("root@pam only") != std::string_view::npos) return "CON-005";
  const bool is_name = std::ranges::any_of(
      kNames, [message](const auto* name) { return starts_with(message, name->right); });
  return is_name || problem.path == "metadata.name" ? "MC-008" : "MC-001";
}

}  // namespace gantry::apiserver

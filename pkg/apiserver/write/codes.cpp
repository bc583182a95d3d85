#include "pkg/apiserver/write/codes.h"

#include <algorithm>
#include <array>

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
  if (!problem.code.empty()) return problem.code;
  if (problem.format == &format::cel) return "CEL-003";
  const bool is_name = std::ranges::find(kNames, problem.format) != kNames.end();
  return is_name || problem.path == "metadata.name" ? "MC-008" : "MC-001";
}

}  // namespace gantry::apiserver

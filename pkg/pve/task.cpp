#include "pkg/base/text.h"
#include "pkg/pve/types.h"

namespace gantry::pve {

bool Task::succeeded() const {
  if (running) return false;
  if (exit_status == "OK") return true;
  constexpr std::string_view kWarnings = "WARNINGS: ";
  if (!starts_with(exit_status, kWarnings)) return false;
  const auto count = parse_integer(std::string_view(exit_status).substr(kWarnings.size()));
  return count.has_value() && *count >= 0;
}

}  // namespace gantry::pve

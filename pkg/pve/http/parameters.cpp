#include "pkg/pve/http/parameters.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace gantry::pve {
namespace {

struct Known {
  std::string_view name;  // "net[n]" without "[n]"
  bool create;
  bool clone;
  bool configure;
  bool numbered = false;
  bool new_in_9 = false;  // 9.2 has it, 8.4 does not
};

constexpr std::array kKnown{
    Known{"arch", true, false, true},
    Known{"bwlimit", true, true, false},
    Known{"cmode", true, false, true},
    Known{"console", true, false, true},
    Known{"cores", true, false, true},
    Known{"cpulimit", true, false, true},
    Known{"cpuunits", true, false, true},
    Known{"description", true, true, true},
    Known{"dev", true, false, true, true},
    Known{"entrypoint", true, false, true, false, true},
    Known{"env", true, false, true, false, true},
    Known{"features", true, false, true},
    Known{"full", false, true, false},
    Known{"ha-managed", true, false, false, false, true},
    Known{"hostname", true, true, true},
    Known{"memory", true, false, true},
    Known{"mp", true, false, true, true},
    Known{"nameserver", true, false, true},
    Known{"net", true, false, true, true},
    Known{"onboot", true, false, true},
    Known{"ostemplate", true, false, false},
    Known{"ostype", true, false, false},
    Known{"password", true, false, false},
    Known{"pool", true, true, false},
    Known{"protection", true, false, true},
    Known{"rootfs", true, false, false},
    Known{"searchdomain", true, false, true},
    Known{"snapname", false, true, false},
    Known{"ssh-public-keys", true, false, false},
    Known{"startup", true, false, true},
    Known{"storage", true, true, false},
    Known{"swap", true, false, true},
    Known{"tags", true, false, true},
    Known{"target", false, true, false},
    Known{"timezone", true, false, true},
    Known{"tty", true, false, true},
    Known{"unprivileged", true, false, false},
    Known{"unused", false, false, true, true},
};

const Known* find(std::string_view key) {
  const auto digits = key.find_last_not_of("0123456789") + 1;
  for (const auto& known : kKnown) {
    if (!known.numbered && key == known.name) return &known;
    if (known.numbered && digits < key.size() && key.substr(0, digits) == known.name) return &known;
  }
  return nullptr;
}

bool fits(const Known& known, ParameterSet set) {
  switch (set) {
    case ParameterSet::create:
      return known.create;
    case ParameterSet::clone:
      return known.clone;
    case ParameterSet::configure:
      return known.configure;
  }
  return false;
}

bool at_least_9_2(const Version& version) {
  return version.major > 9 || (version.major == 9 && version.minor >= 2);
}

}  // namespace

Status check_parameters(ParameterSet set, const std::vector<std::string>& keys,
                        const Version& version) {
  for (const auto& key : keys) {
    const auto* known = find(key);
    if (known == nullptr || !fits(*known, set))
      return invalid("parameter '%s' is none that this call takes", key);
    if (known->new_in_9 && !at_least_9_2(version))
      return error(ErrorClass::unsupported, "parameter '%s' needs Proxmox VE 9.2, this is %s", key,
                   version.version);
  }
  return Status();
}

bool needs_version(const std::vector<std::string>& keys) {
  return std::ranges::any_of(keys, [](const auto& key) {
    const auto* known = find(key);
    return known != nullptr && known->new_in_9;
  });
}

}  // namespace gantry::pve

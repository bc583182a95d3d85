#include "pkg/lab/lxc/added_bridges.h"

#include <filesystem>
#include <set>

#include "pkg/lab/lxc/process.h"

namespace gantry::lab::lxc {
namespace {

namespace fs = std::filesystem;

Status run_ip(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "ip");
  return run_checked(Program{.argv = std::move(arguments)}).status();
}

}  // namespace

bool is_there(const std::string& interface) {
  std::error_code code;
  return fs::exists("/sys/class/net/" + interface, code);
}

Status set_added_bridges(const Instance& instance, const std::vector<std::string>& names) {
  std::set<std::string> wanted;
  for (const auto& name : names) wanted.insert(instance.added_bridge(name));
  std::error_code code;
  for (const auto& entry : fs::directory_iterator("/sys/class/net", code)) {
    const auto there = entry.path().filename().string();
    const bool ours = there.starts_with(instance.name + "b");
    if (ours && !wanted.contains(there)) GANTRY_TRY(run_ip({"link", "del", there}));
  }
  for (const auto& name : wanted) {
    if (!is_there(name)) GANTRY_TRY(run_ip({"link", "add", name, "type", "bridge"}));
    GANTRY_TRY(run_ip({"link", "set", name, "up"}));
  }
  return {};
}

}  // namespace gantry::lab::lxc

// Alpine's programs in a container in memory: apk, rc-service, rc-update, rc-status.
#include "pkg/lab/memory/guest_shell.h"
#include "pkg/lab/memory/shell_words.h"

namespace gantry::lab {

// What apk installs does not run: OpenRC starts what somebody adds and starts.
guest::Exit GuestShell::run_apk(const Words& words) {
  const auto names = operands(words);
  if (names.empty()) return exit_with(1);
  if (names[0] == "update") return exit_with(0, "OK: 5000 distinct packages available\n");
  for (size_t i = 1; i < names.size(); ++i) {
    const auto name = names[i].substr(0, names[i].find('='));
    if (names[0] == "info") return exit_with(system_.packages.contains(name) ? 0 : 1);
    if (!installable_.empty() && !installable_.contains(name)) {
      return exit_with(1, "",
                       "ERROR: unable to select packages:\n  " + name + " (no such package)\n");
    }
    system_.packages[name] = "1.0-r0";
    system_.units.try_emplace(name + ".service");
  }
  return exit_with(0, "OK\n");
}

guest::Exit GuestShell::run_openrc(const std::string& program, const Words& words) {
  if (program == "rc-status") return exit_with(0, system_.booted ? "default\n" : "boot\n");
  if (words.size() < 3) return exit_with(1);
  if (program == "rc-update") {
    auto* unit = find_unit(words[2]);
    if (unit == nullptr) return exit_with(1, "", "rc-update: " + words[2] + " does not exist\n");
    unit->enabled = true;
    system_.files["/etc/runlevels/default/" + words[2]] = {};
    return exit_with(0, " * service " + words[2] + " added to runlevel default\n");
  }
  auto* unit = find_unit(words[1]);
  if (unit == nullptr)
    return exit_with(1, "", " * rc-service: service `" + words[1] + "' does not exist\n");
  if (words[2] == "status") return exit_with(unit->active ? 0 : 3);
  return unit_action(words[2], words[1]);
}

}  // namespace gantry::lab

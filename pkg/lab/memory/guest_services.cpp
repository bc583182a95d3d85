// The services of a container in memory: systemctl, apt-get, dpkg-query.
#include "pkg/base/text.h"
#include "pkg/lab/memory/guest_shell.h"
#include "pkg/lab/memory/shell_words.h"

namespace gantry::lab {

GuestUnit* GuestShell::find_unit(const std::string& raw) {
  const auto name = raw.find('.') == std::string::npos ? raw + ".service" : raw;
  const auto unit = system_.units.find(name);
  if (unit != system_.units.end()) return &unit->second;
  for (const char* folder : {"/etc/systemd/system/", "/lib/systemd/system/"}) {
    if (system_.files.contains(folder + name)) return &system_.units[name];
  }
  return nullptr;
}

guest::Exit GuestShell::unit_action(const std::string& action, const std::string& name) {
  auto* unit = find_unit(name);
  if (unit == nullptr) {
    if (action == "is-active") return exit_with(3, "inactive\n");
    if (action == "is-enabled") {
      return exit_with(
          1, "", "Failed to get unit file state for " + name + ": No such file or directory\n");
    }
    if (action == "reset-failed") return exit_with(1);
    return exit_with(action == "status" ? 4 : 5, "", "Unit " + name + " not found.\n");
  }
  const char* state = unit->active ? "active" : unit->failed ? "failed" : "inactive";
  if (action == "is-active") return exit_with(unit->active ? 0 : 3, std::string(state) + "\n");
  if (action == "is-failed") return exit_with(unit->failed ? 0 : 1, std::string(state) + "\n");
  if (action == "is-enabled") {
    return exit_with(unit->enabled ? 0 : 1, unit->enabled ? "enabled\n" : "disabled\n");
  }
  if (action == "show") return exit_with(0, absl::StrFormat("%032x\n", unit->starts));
  if (action == "status") {
    return exit_with(unit->active ? 0 : 3, name + "\n     Active: " + state + "\n");
  }
  if (action == "enable") unit->enabled = true;
  if (action == "disable") unit->enabled = false;
  if (action == "stop") unit->active = false;
  if (action == "start" && !unit->active) ++unit->starts;
  if (action == "restart" || action == "reload-or-restart") ++unit->starts;
  if (action == "start" || action == "restart" || action == "reload-or-restart") {
    unit->active = !unit->failed;
    if (unit->failed) return exit_with(1, "", "Job for " + name + " failed.\n");
  }
  return exit_with(0);
}

guest::Exit GuestShell::run_systemctl(const Words& words) {
  const auto names = operands(words);
  if (names.empty()) return exit_with(1);
  const auto& action = names[0];
  if (action == "daemon-reload" || action == "daemon-reexec") return exit_with(0);
  if (action == "is-system-running") {
    return system_.booted ? exit_with(0, "running\n") : exit_with(1, "starting\n");
  }
  const bool now = std::find(words.begin(), words.end(), "--now") != words.end();
  guest::Exit all;
  for (size_t i = 1; i < names.size(); ++i) {
    append(all, unit_action(action, names[i]));
    if (now && all.code == 0 && action == "enable") append(all, unit_action("start", names[i]));
    if (now && all.code == 0 && action == "disable") append(all, unit_action("stop", names[i]));
  }
  return all;
}

void GuestShell::install(const std::string& wanted) {
  const auto equals = wanted.find('=');
  const auto name = wanted.substr(0, equals);
  system_.packages[name] = equals == std::string::npos ? "1.0-1" : wanted.substr(equals + 1);
  if (name == "docker-cli" || name == "docker-compose") return;  // no service
  // Debian starts what it installs.
  auto& unit = system_.units[(name == "docker.io" ? "docker" : name) + ".service"];
  unit.enabled = true;
  unit.active = true;
  ++unit.starts;
}

guest::Exit GuestShell::run_apt(const Words& words) {
  Words names;
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "-o") {
      ++i;
    } else if (!starts_with(words[i], "-")) {
      names.push_back(words[i]);
    }
  }
  if (names.empty()) return exit_with(1);
  const bool removes = names[0] == "remove" || names[0] == "purge";
  const auto& trouble = system_.network.mirror;
  if (!removes && !trouble.empty()) return exit_with(100, "", "E: " + trouble + "\n");
  if (!removes && names[0] != "install") return exit_with(0);
  for (size_t i = 1; i < names.size(); ++i) {
    const auto name = names[i].substr(0, names[i].find('='));
    if (removes) {
      system_.packages.erase(name);
    } else if (!installable_.empty() && !installable_.contains(name)) {
      return exit_with(100, "", "E: Unable to locate package " + name + "\n");
    } else {
      install(names[i]);
    }
  }
  return exit_with(0);
}

namespace {

std::string package_line(std::string line, const std::string& name, const std::string& version) {
  const std::pair<const char*, std::string> fields[] = {{"${Package}", name},
                                                        {"${binary:Package}", name},
                                                        {"${Version}", version},
                                                        {"${db:Status-Status}", "installed"},
                                                        {"${db:Status-Abbrev}", "ii "},
                                                        {"${Status}", "install ok installed"},
                                                        {"\\n", "\n"},
                                                        {"\\t", "\t"}};
  for (const auto& [from, to] : fields) {
    const auto length = std::string_view(from).size();
    for (auto at = line.find(from); at != std::string::npos; at = line.find(from, at + to.size())) {
      line.replace(at, length, to);
    }
  }
  return line;
}

}  // namespace

// `-f` and `-f=` formats are answered as "${Package} ${Status}" or the version, by what they ask
// for.
guest::Exit GuestShell::run_dpkg_query(const Words& words) {
  std::string format = "${Package}\\t${Version}\\n";
  std::vector<std::string> names;
  for (size_t i = 1; i < words.size(); ++i) {
    if (starts_with(words[i], "-f=")) {
      format = words[i].substr(3);
    } else if (starts_with(words[i], "--showformat=")) {
      format = words[i].substr(13);
    } else if (words[i] == "-f" && i + 1 < words.size()) {
      format = words[++i];
    } else if (!starts_with(words[i], "-")) {
      names.push_back(words[i]);
    } else if (starts_with(words[i], "-Wf")) {
      format = words[i].size() > 3 ? words[i].substr(words[i][3] == '=' ? 4 : 3) : words[++i];
    }
  }
  guest::Exit all;
  for (const auto& name : names) {
    const auto package = system_.packages.find(name);
    if (package == system_.packages.end()) {
      append(all, exit_with(1, "", "dpkg-query: no packages found matching " + name + "\n"));
      continue;
    }
    const auto line = package_line(format, name, package->second);
    const int code = all.code;
    append(all, exit_with(0, line));
    all.code = code;
  }
  return all;
}

}  // namespace gantry::lab

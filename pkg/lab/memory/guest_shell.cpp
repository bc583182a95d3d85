#include "pkg/lab/memory/guest_shell.h"

#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"

namespace gantry::lab {
namespace {

guest::Exit exit_with(int code, std::string out = "", std::string err = "") {
  guest::Exit exit;
  exit.code = code;
  exit.out = std::move(out);
  exit.err = std::move(err);
  return exit;
}

std::string program_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// The words that are no options.
std::vector<std::string> operands(const std::vector<std::string>& words) {
  std::vector<std::string> all;
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i].empty() || words[i].front() != '-') all.push_back(words[i]);
  }
  return all;
}

guest::Exit missing(const std::string& program, const std::string& path) {
  return exit_with(1, "", program + ": " + path + ": No such file or directory\n");
}

struct Step {
  std::string text;
  std::string joiner;  // what stood before it: "", "&&", "||", ";"
};

// Cuts a script at its joiners, outside quotes.
std::vector<Step> split_steps(const std::string& script) {
  std::vector<Step> steps{{"", ""}};
  char quote = 0;
  for (size_t i = 0; i < script.size(); ++i) {
    const char c = script[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
      steps.back().text += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      steps.back().text += c;
    } else if (script.compare(i, 2, "&&") == 0 || script.compare(i, 2, "||") == 0) {
      steps.push_back({"", script.substr(i++, 2)});
    } else if (c == ';' || c == '\n') {
      steps.push_back({"", ";"});
    } else {
      steps.back().text += c;
    }
  }
  return steps;
}

void append(guest::Exit& to, const guest::Exit& from) {
  to.code = from.code;
  to.out += from.out;
  to.err += from.err;
}

}  // namespace

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (const char c : text) {
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        words.back() += c;
      }
      continue;
    }
    if (c == ' ' || c == '\t') {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c == '\'' || c == '"') {
      quote = c;
    } else {
      words.back() += c;
    }
  }
  return words;
}

GuestSystem fresh_system(const std::string& template_name) {
  GuestSystem system;
  for (const char* folder : {"/", "/etc", "/etc/systemd", "/etc/systemd/system", "/root", "/tmp",
                             "/usr", "/usr/local", "/usr/local/bin", "/var", "/var/lib", "/srv"}) {
    system.folders.insert(folder);
  }
  const bool is_debian = starts_with(template_name, "debian");
  if (is_debian) {
    system.files["/etc/debian_version"] = {"12.12\n", 0644, "root", "root"};
    for (const char* name : {"apt", "bash", "coreutils", "dpkg", "systemd"}) {
      system.packages[name] = "1.0";
    }
  }
  system.files["/etc/os-release"] = {
      std::string("ID=") +
          (is_debian ? "debian" : template_name.substr(0, template_name.find('-'))) + "\n",
      0644, "root", "root"};
  return system;
}

void boot(GuestSystem& system) {
  system.booted = true;
  for (auto& [name, unit] : system.units) {
    if (!unit.enabled) continue;
    unit.active = true;
    ++unit.starts;
  }
}

bool GuestShell::is_folder(const std::string& path) const {
  if (system_.folders.contains(path)) return true;
  const auto below = system_.files.lower_bound(path + "/");
  return below != system_.files.end() && starts_with(below->first, path + "/");
}

bool GuestShell::exists(const std::string& path) const {
  return system_.files.contains(path) || is_folder(path);
}

guest::Exit GuestShell::run(const guest::Command& command) {
  return run_words(command.argv, command.stdin_text);
}

guest::Exit GuestShell::run_words(const Words& words, const std::string& input) {
  if (words.empty()) return exit_with(0);
  const auto name = program_name(words[0]);
  if (name == "true" || name == ":") return exit_with(0);
  if (name == "false") return exit_with(1);
  if (name == "set" || name == "export" || name == "cd") return exit_with(0);
  if (name == "env") {
    size_t first = 1;
    while (first < words.size() && words[first].find('=') != std::string::npos) ++first;
    return run_words(Words(words.begin() + static_cast<std::ptrdiff_t>(first), words.end()), input);
  }
  if (words[0].find('=') != std::string::npos) {  // VARIABLE=value command
    return run_words(Words(words.begin() + 1, words.end()), input);
  }
  if ((name == "sh" || name == "bash") && words.size() > 2 && starts_with(words[1], "-") &&
      words[1].back() == 'c') {
    if (words[2].find("/dev/tcp/") != std::string::npos) return probe();
    return run_script(words[2], input);
  }
  if ((name == "sh" || name == "bash") && words.size() == 2) {
    const auto file = system_.files.find(words[1]);
    if (file == system_.files.end()) return missing(name, words[1]);
    return run_script(file->second.content, input);
  }
  if (name == "echo") {
    return exit_with(0, join(Words(words.begin() + 1, words.end()), " ") + "\n");
  }
  if (name == "id")
    return exit_with(0, words.size() > 1 && words[1] == "-u" ? "0\n" : "uid=0(root)\n");
  if (name == "systemctl") return run_systemctl(words);
  if (name == "apt-get" || name == "apt") return run_apt(words);
  if (name == "dpkg-query") return run_dpkg_query(words);
  if (name == "test" || name == "[") return run_test(words);
  return run_file_command(words);
}

// A script that opens a socket: somebody listens while a unit is active.
guest::Exit GuestShell::probe() const {
  for (const auto& [name, unit] : system_.units) {
    if (!unit.active) continue;
    return exit_with(0, "HTTP/1.1 " + std::to_string(system_.http_status) + " \r\n");
  }
  return exit_with(1, "", "connect: Connection refused\n");
}

guest::Exit GuestShell::run_script(const std::string& script, const std::string& input) {
  guest::Exit all;
  bool stops_on_error = false;
  for (const auto& step : split_steps(script)) {
    const auto words = split_words(step.text);
    if (words.empty() || words[0].front() == '#') continue;
    if (step.joiner == "&&" && all.code != 0) continue;
    if (step.joiner == "||" && all.code == 0) continue;
    if (step.joiner == ";" && stops_on_error && all.code != 0) break;
    if (words[0] == "exit") {
      all.code =
          words.size() > 1 ? static_cast<int>(parse_integer(words[1]).value_or(0)) : all.code;
      break;
    }
    if (words[0] == "set" && words.size() > 1 && words[1].find('e') != std::string::npos) {
      stops_on_error = true;
    }
    append(all, run_words(words, input));
  }
  return all;
}

guest::Exit GuestShell::run_file_command(const Words& words) {
  const auto name = program_name(words[0]);
  const auto paths = operands(words);
  if (name == "mkdir") {
    system_.folders.insert(paths.begin(), paths.end());
    return exit_with(0);
  }
  if (name == "rm") {
    for (const auto& path : paths) remove(path);
    return exit_with(0);
  }
  if (name == "cat" && !paths.empty()) return cat(paths);
  if (name == "mv" && paths.size() == 2) return move(paths[0], paths[1]);
  if (name == "sha256sum" && !paths.empty()) {
    const auto file = system_.files.find(paths[0]);
    if (file == system_.files.end()) return missing("sha256sum", paths[0]);
    return exit_with(0, crypto::sha256_hex(file->second.content) + "  " + paths[0] + "\n");
  }
  if (name == "stat" && !paths.empty()) return stat(paths.back());
  if (name == "touch") {
    for (const auto& path : paths) system_.files.try_emplace(path);
    return exit_with(0);
  }
  if ((name == "chmod" || name == "chown") && paths.size() >= 2) return change(name, paths);
  return exit_with(127, "", words[0] + ": not found\n");
}

void GuestShell::remove(const std::string& path) {
  system_.files.erase(path);
  system_.folders.erase(path);
  std::erase_if(system_.files,
                [&](const auto& file) { return starts_with(file.first, path + "/"); });
}

guest::Exit GuestShell::cat(const Words& paths) {
  guest::Exit all;
  for (const auto& path : paths) {
    const auto file = system_.files.find(path);
    append(all,
           file == system_.files.end() ? missing("cat", path) : exit_with(0, file->second.content));
  }
  return all;
}

guest::Exit GuestShell::move(const std::string& from, const std::string& to) {
  const auto file = system_.files.find(from);
  if (file == system_.files.end()) return missing("mv", from);
  auto moved = std::move(file->second);
  system_.files.erase(file);
  system_.files[to] = std::move(moved);
  return exit_with(0);
}

// Always as `-c "%a %U %G"` would say it.
guest::Exit GuestShell::stat(const std::string& path) {
  const auto file = system_.files.find(path);
  if (file != system_.files.end()) {
    return exit_with(0, absl::StrFormat("%o %s %s\n", file->second.mode, file->second.owner,
                                        file->second.group));
  }
  return is_folder(path) ? exit_with(0, "755 root root\n") : missing("stat", path);
}

guest::Exit GuestShell::change(const std::string& name, const Words& paths) {
  for (size_t i = 1; i < paths.size(); ++i) {
    if (!exists(paths[i])) return missing(name, paths[i]);
    const auto file = system_.files.find(paths[i]);
    if (file == system_.files.end()) continue;
    if (name == "chmod") {
      file->second.mode = static_cast<int>(std::strtol(paths[0].c_str(), nullptr, 8));
      continue;
    }
    const auto colon = paths[0].find(':');
    file->second.owner = paths[0].substr(0, colon);
    if (colon != std::string::npos) file->second.group = paths[0].substr(colon + 1);
  }
  return exit_with(0);
}

guest::Exit GuestShell::run_test(Words words) {
  if (words.back() == "]") words.pop_back();
  bool negated = false;
  if (words.size() > 1 && words[1] == "!") {
    negated = true;
    words.erase(words.begin() + 1);
  }
  bool holds = words.size() > 1 && !words[1].empty();
  if (words.size() == 3) {
    const auto& path = words[2];
    if (words[1] == "-e") holds = exists(path);
    if (words[1] == "-f") holds = system_.files.contains(path);
    if (words[1] == "-d") holds = is_folder(path);
    if (words[1] == "-x") {
      const auto file = system_.files.find(path);
      holds = file != system_.files.end() && (file->second.mode & 0111) != 0;
    }
    if (words[1] == "-n") holds = !path.empty();
    if (words[1] == "-z") holds = path.empty();
  }
  return exit_with(holds != negated ? 0 : 1);
}

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
  auto& unit = system_.units[name + ".service"];  // Debian starts what it installs
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

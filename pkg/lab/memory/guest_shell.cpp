#include "pkg/lab/memory/guest_shell.h"

#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"
#include "pkg/lab/memory/guest_docker.h"
#include "pkg/lab/memory/guest_network.h"
#include "pkg/lab/memory/shell_words.h"

namespace gantry::lab {
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
  // "debian-13-standard_13.1-1", "alpine-3.22-default": the version is the second word.
  const auto words = split(template_name, '-');
  system.files["/etc/os-release"] = {
      absl::StrFormat("ID=%s\nVERSION_ID=\"%s\"\n", words[0], words.size() > 1 ? words[1] : ""),
      0644, "root", "root"};
  return system;
}

void boot(GuestSystem& system) {
  system.booted = true;
  stop_services(system.docker);
  boot_network(system);
  for (auto& [name, unit] : system.units) {
    if (!unit.enabled) continue;
    unit.active = true;
    ++unit.starts;
  }
}

namespace {

// What a script is given after its name: "$1".
std::string with_argument(std::string script, const std::string& argument) {
  const std::string from = "\"$1\"", to = "'" + argument + "'";
  for (auto at = script.find(from); at != std::string::npos; at = script.find(from, at + to.size()))
    script.replace(at, from.size(), to);
  return script;
}

}  // namespace

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
    if (words.size() > 3 && words[3] == "sums") return run_sums(words, 4);
    return run_script(words.size() > 4 ? with_argument(words[2], words[4]) : words[2], input);
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
  if (name == "apk") return run_apk(words);
  if (starts_with(name, "rc-")) return run_openrc(name, words);
  if (name == "docker") return GuestDocker(system_, registry_).run(words);
  if (name == "test" || name == "[") return run_test(words);
  if (auto exit = GuestNetwork(system_).run(words)) return *std::move(exit);
  return run_file_command(words);
}

// A script that opens a socket: somebody listens while a unit or a service of Docker's is active.
guest::Exit GuestShell::probe() const {
  const bool serves = std::any_of(system_.units.begin(), system_.units.end(), [](const auto& unit) {
    return unit.second.active && unit.first != "docker.service";
  });
  const auto& services = system_.docker.services;
  const bool contains = std::any_of(services.begin(), services.end(), [](const auto& service) {
    return service.second.state == "running";
  });
  if (serves || contains)
    return exit_with(0, "HTTP/1.1 " + std::to_string(system_.http_status) + " \r\n");
  return exit_with(1, "", "connect: Connection refused\n");
}

// The one pipe that is known, from pkg/guest/setup/sums.cpp: groups of commands, and what each
// group says as a sum.
guest::Exit GuestShell::run_sums(const Words& words, size_t first) {
  const auto count = [&](size_t at) {
    return at < words.size() ? static_cast<size_t>(parse_integer(words[at]).value_or(0)) : 0;
  };
  guest::Exit all;
  for (size_t at = first; at < words.size();) {
    const size_t end = std::min(at + 1 + count(at), words.size());
    std::string said;
    for (++at; at < end;) {
      const size_t next = std::min(at + 1 + count(at), end);
      const auto exit = run_words(Words(words.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                                        words.begin() + static_cast<std::ptrdiff_t>(next)),
                                  "");
      said += exit.out + exit.err;
      at = next;
    }
    all.out += crypto::sha256_hex(said) + "  -\n";
  }
  return all;
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
  if (name == "ls" && !paths.empty()) return list(paths[0]);
  if (name == "cat" && !paths.empty()) return cat(paths);
  if (name == "mv" && paths.size() == 2) return move(paths[0], paths[1]);
  if (name == "sha256sum" && !paths.empty()) {
    const auto file = system_.files.find(paths[0]);
    if (file == system_.files.end()) return missing("sha256sum", paths[0]);
    return exit_with(0, crypto::sha256_hex(file->second.content) + "  " + paths[0] + "\n");
  }
  if (name == "stat" && !paths.empty()) {
    // Owners are names here, and all that is asked by number is root's.
    const bool by_number = std::ranges::find(words, "%u:%g") != words.end();
    return by_number && exists(paths.back()) ? exit_with(0, "0:0\n") : stat(paths.back());
  }
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

// One name a line.
guest::Exit GuestShell::list(const std::string& folder) {
  if (!is_folder(folder)) return missing("ls", folder);
  std::set<std::string> names;
  const auto add = [&](const std::string& path) {
    if (!starts_with(path, folder + "/")) return;
    const auto rest = path.substr(folder.size() + 1);
    names.insert(rest.substr(0, rest.find('/')));
  };
  for (const auto& [path, file] : system_.files) add(path);
  for (const auto& path : system_.folders) add(path);
  std::string lines;
  for (const auto& name : names) lines += name + "\n";
  return exit_with(0, lines);
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

}  // namespace gantry::lab

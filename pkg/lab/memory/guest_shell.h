#pragma once
// GuestShell: the default program of a container in memory: the commands that Gantry's own
// bootstraps use, over a GuestSystem. Not a shell: a handful of programs with their exit codes.
#include <set>
#include <string>
#include <vector>

#include "pkg/guest/channel.h"
#include "pkg/lab/memory/memory.h"

namespace gantry::lab {

// What a template unpacks to.
GuestSystem fresh_system(const std::string& template_name);
// systemd comes up: enabled units start.
void boot(GuestSystem& system);

// true, false, cat, test/[ -e -f -d -x, echo, printf, sh -c, systemctl (is-active, is-enabled,
// enable, disable, start, stop, restart, reload, daemon-reload, status, is-system-running), apt-get
// (update, install, remove), dpkg-query -W, mv, rm, mkdir -p, chmod, chown, sha256sum, ln -s, id,
// hostname; on Alpine apk, rc-service, rc-update, rc-status; docker (guest_docker.h); a router's
// (guest_network.h). `sh -c` takes commands joined by "&&", "||", ";" and newlines, quotes
// included, no more. Anything else: 127, "not found".
class GuestShell {
 public:
  // `installable` empty: apt can install everything.
  GuestShell(GuestSystem& system, const std::set<std::string>& installable,
             const ImageRegistry& registry)
      : system_(system), installable_(installable), registry_(registry) {}
  guest::Exit run(const guest::Command& command);

 private:
  using Words = std::vector<std::string>;
  guest::Exit run_words(const Words& words, const std::string& input);
  guest::Exit run_script(const std::string& script, const std::string& input);
  guest::Exit run_sums(const Words& words, size_t first);
  guest::Exit run_file_command(const Words& words);
  guest::Exit run_systemctl(const Words& words);
  guest::Exit run_apt(const Words& words);
  guest::Exit run_dpkg_query(const Words& words);
  guest::Exit run_apk(const Words& words);
  guest::Exit run_openrc(const std::string& program, const Words& words);
  guest::Exit run_test(Words words);
  guest::Exit probe() const;
  guest::Exit list(const std::string& folder);
  guest::Exit cat(const Words& paths);
  guest::Exit move(const std::string& from, const std::string& to);
  guest::Exit stat(const std::string& path);
  guest::Exit change(const std::string& name, const Words& paths);
  void remove(const std::string& path);
  void install(const std::string& wanted);
  guest::Exit unit_action(const std::string& action, const std::string& name);
  bool exists(const std::string& path) const;
  bool is_folder(const std::string& path) const;
  // The unit behind a name; a unit file that was pushed makes one.
  GuestUnit* find_unit(const std::string& name);

  GuestSystem& system_;
  const std::set<std::string>& installable_;
  const ImageRegistry& registry_;
};

}  // namespace gantry::lab

#pragma once
// LittleGuest: for tests, a container in memory behind a channel that can be made to fail.
#include <set>
#include <string>
#include <vector>

#include "pkg/base/text.h"
#include "pkg/guest/channel.h"
#include "pkg/lab/memory/guest_shell.h"

namespace gantry::lab {

// Answers as the lab's containers do. Every call that may change something is in `changes`.
class LittleGuest final : public guest::Channel {
 public:
  explicit LittleGuest(const std::string& template_name) : inside(fresh_system(template_name)) {
    boot(inside);
  }

  GuestSystem inside;
  ImageRegistry registry;
  std::vector<std::string> changes;  // "docker pull wiki:2", "push /etc/app.conf"
  std::vector<std::string> words;    // every word of every argv
  int calls = 0;
  int fail_at = -1;  // this call's answer is lost, after its effect

  Async<Result<guest::Exit>> exec(guest::Target, guest::Command command,
                                  guest::OutputSink sink) override {
    words.insert(words.end(), command.argv.begin(), command.argv.end());
    if (is_change(command.argv)) changes.push_back(told(command.argv));
    auto exit = GuestShell(inside, everything_, registry).run(command);
    sink(false, exit.out);
    sink(true, exit.err);
    if (calls++ == fail_at) co_return make_error(ErrorClass::transport, "the answer was lost");
    co_return exit;
  }
  Async<Status> push(guest::Target, guest::File file) override {
    if (!file.path.starts_with("/var/lib/gantry/")) changes.push_back("push " + file.path);
    inside.files[file.path] = {file.content, file.mode, file.owner, file.group};
    if (calls++ == fail_at) co_return make_error(ErrorClass::transport, "the answer was lost");
    co_return Status();
  }
  Async<Status> unlock(guest::Target, Upid) override { co_return Status(); }

 private:
  static bool is_change(const std::vector<std::string>& argv) {
    static const std::set<std::string> kVerbs{"install", "add",     "pull",  "up",
                                              "start",   "restart", "enable"};
    for (const auto& word : argv)
      if (kVerbs.contains(word)) return true;
    return false;
  }
  // From the verb on, without options: what a person would say.
  static std::string told(const std::vector<std::string>& argv) {
    std::vector<std::string> said;
    for (size_t i = 0; i < argv.size(); ++i) {
      const bool has_value = argv[i] == "-o" || argv[i] == "-f" || argv[i] == "--ansi" ||
                             argv[i] == "--pull" || argv[i].starts_with("--project") ||
                             argv[i] == "--env-file";
      if (has_value) ++i;
      if (has_value || argv[i].starts_with("-") || argv[i] == "env" ||
          argv[i].find('=') != std::string::npos)
        continue;
      said.push_back(argv[i]);
    }
    return join(said, " ");
  }

  std::set<std::string> everything_;
};

}  // namespace gantry::lab

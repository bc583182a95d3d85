#include "pkg/store/postgres/testing/child.h"

#include <fstream>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace gantry::store::postgres::testing {
namespace {

// Between fork and exec: system calls only.
[[noreturn]] void become(const Account& account, char* const* arguments, int log, pid_t parent) {
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  if (account.uid != 0 &&
      (::setgroups(0, nullptr) != 0 || ::setgid(account.gid) != 0 || ::setuid(account.uid) != 0))
    ::_exit(126);
  // After setuid, which clears it.
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::getppid() != parent || ::chdir("/") != 0) ::_exit(125);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

}  // namespace

Account unprivileged_account() {
  if (::geteuid() != 0) return {};
  for (const char* name : {"postgres", "nobody"})
    if (const auto* entry = ::getpwnam(name)) return {name, entry->pw_uid, entry->pw_gid};
  return {};
}

pid_t spawn(const std::vector<std::string>& command, const std::string& log) {
  std::vector<std::string> copy = command;
  std::vector<char*> arguments;
  for (auto& argument : copy) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  const auto account = unprivileged_account();
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) return -1;
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(account, arguments.data(), file, parent);
  ::close(file);
  return pid;
}

int wait_for(pid_t pid) {
  int status = 0;
  if (pid <= 0 || ::waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  const auto id = std::to_string(pid);
  std::ifstream list("/proc/" + id + "/task/" + id + "/children");
  for (pid_t child = 0; list >> child;) children.push_back(child);
  return children;
}

}  // namespace gantry::store::postgres::testing

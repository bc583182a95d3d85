#pragma once
// Child processes of the private server.
#include <string>
#include <vector>

#include <sys/types.h>

namespace gantry::store::postgres::testing {

// Whom PostgreSQL may run as; uid 0 in the answer: we are not root, so as ourselves.
struct Account {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};
Account unprivileged_account();

// Starts `command` (argv, absolute path first) as that account, both outputs appended to `log`. It
// gets SIGQUIT when the calling thread ends. -1 when it could not be forked.
pid_t spawn(const std::vector<std::string>& command, const std::string& log);

// The exit code; 128 + n after signal n; -1 when there is no such child.
int wait_for(pid_t pid);

// The direct children of a process.
std::vector<pid_t> children_of(pid_t pid);

}  // namespace gantry::store::postgres::testing

#pragma once
// Running other programs: an argument list, pipes and a deadline; never a shell.
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "pkg/base/status.h"
#include "pkg/base/time.h"
#include "pkg/guest/channel.h"
#include "pkg/lab/lxc/fd.h"

namespace gantry::lab::lxc {

// Ends a program that runs on another thread. Thread-safe; may be set before it begins, and from
// the handler of a signal.
class StopSignal {
 public:
  StopSignal();
  void set() const;
  bool is_set() const;
  int fd() const { return fd_.get(); }  // readable once set

 private:
  Fd fd_;
};

// A program to run in a process group of its own, from "/", with a clean environment (PATH, LANG=C,
// HOME=/root and `environment`) and no open file but the standard three.
struct Program {
  std::vector<std::string> argv;  // argv[0] is looked up in the fixed PATH
  std::string stdin_text = {};
  std::string stdin_file = {};                // read instead of stdin_text when set
  std::vector<std::string> environment = {};  // "NAME=value"
  Duration timeout = std::chrono::seconds(60);
  size_t output_max = 1 << 20;  // bytes kept of each stream
  guest::OutputSink sink = {};  // called on the calling thread, piece by piece; may be empty
  std::shared_ptr<const StopSignal> stop = nullptr;  // SIGTERM, two seconds, SIGKILL: Cancelled
};

// Runs it to its end; blocks. A non-zero exit code is a result (128 + n for signal n). When the
// time is up the whole process group is killed: Timeout. NotFound when there is no such program.
// Output that a left-behind child writes after the program's end is not waited for.
Result<guest::Exit> run(const Program& program);

// The same for programs that must succeed: any other exit code is class Remote, "<name> failed
// (exit code 3): <last line of stderr or stdout>". Returns what it wrote to stdout.
Result<std::string> run_checked(const Program& program);

// A program that stays: dnsmasq, sshd. Destroying it stops it. Not thread-safe.
class Daemon {
 public:
  Daemon() = default;
  ~Daemon();
  Daemon(Daemon&& other) noexcept;
  Daemon& operator=(Daemon&& other) noexcept;

  // Standard output and error go to `log_file`, which is created or appended to.
  static Result<Daemon> start(const std::vector<std::string>& argv, const std::string& log_file);
  // False once it has ended by itself.
  bool is_running() const;
  pid_t pid() const { return pid_; }
  // SIGTERM, two seconds, SIGKILL. Blocks that long at most; a second call does nothing.
  void stop();

 private:
  pid_t pid_ = -1;
};

// Ends a process that an earlier lab left behind, if `pid` still is the one it was: its command
// line must contain `evidence`. True when something was ended.
bool end_stray(pid_t pid, const std::string& evidence);

}  // namespace gantry::lab::lxc

#include "pkg/lab/lxc/process.h"

#include <array>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/base/text.h"
#include "pkg/lab/lxc/fd.h"

namespace gantry::lab::lxc {
namespace {

constexpr const char* kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// glibc 2.36 declares these without C linkage for C++; hence the system calls.
int open_process(pid_t pid) {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}
void send_signal(const Fd& process, int number) {
  syscall(SYS_pidfd_send_signal, process.get(), number, nullptr, 0);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Starts argv with these three as its standard files.
Result<pid_t> spawn(std::vector<std::string> argv, std::vector<std::string> environment,
                    std::array<int, 3> files) {
  environment.insert(environment.begin(), {kPath, "LANG=C.UTF-8", "HOME=/root"});
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int i = 0; i < 3; ++i) posix_spawn_file_actions_adddup2(&actions, files.at(i), i);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  posix_spawn_file_actions_addchdir_np(&actions, "/");
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  sigset_t all;
  sigset_t none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);

  auto arguments = pointers(argv);
  auto variables = pointers(environment);
  pid_t pid = -1;
  const int code = posix_spawnp(&pid, arguments.front(), &actions, &attributes, arguments.data(),
                                variables.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (code == ENOENT) return not_found("%s is not installed", argv.front());
  if (code != 0) return internal("cannot start %s: %s", argv.front(), std::strerror(code));
  return pid;
}

int exit_code(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct Pipe {
  Fd read, write;
};

// write() that reports a closed pipe as EPIPE and never as a signal, whatever the program we are
// part of does with SIGPIPE.
ssize_t write_quietly(int file, std::string_view data) {
  sigset_t pipe_signal;
  sigset_t before;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  const auto count = write(file, data.data(), data.size());
  const int code = errno;
  const timespec at_once{};
  if (count < 0 && code == EPIPE) sigtimedwait(&pipe_signal, nullptr, &at_once);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = code;
  return count;
}

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return os_error("cannot make a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// The parent's side of a running program.
class Conversation {
 public:
  Conversation(const Program& program, pid_t pid, Fd in, Fd out, Fd err)
      : program_(program),
        pid_(pid),
        ended_(open_process(pid)),
        timer_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)),
        in_(std::move(in)),
        out_(std::move(out)),
        err_(std::move(err)) {
    for (const auto* file : {&in_, &out_, &err_})
      if (file->valid()) fcntl(file->get(), F_SETFL, O_NONBLOCK);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(program.timeout);
    itimerspec spec{};
    spec.it_value.tv_sec = seconds.count();
    spec.it_value.tv_nsec = std::max<int64_t>(1, (program.timeout - seconds).count());
    timerfd_settime(timer_.get(), 0, &spec, nullptr);
  }

  Result<guest::Exit> run() {
    while (true) {
      std::array<pollfd, 6> polls{{{in_.get(), POLLOUT, 0},
                                   {out_.get(), POLLIN, 0},
                                   {err_.get(), POLLIN, 0},
                                   {ended_.get(), POLLIN, 0},
                                   {timer_.get(), POLLIN, 0},
                                   {stop_fd(), POLLIN, 0}}};
      if (poll(polls.data(), polls.size(), -1) < 0) continue;
      if (polls[0].revents != 0) feed();
      if (polls[1].revents != 0) drain(out_, false);
      if (polls[2].revents != 0) drain(err_, true);
      if (polls[3].revents != 0) break;
      if (polls[4].revents != 0) return kill();
      if (polls[5].revents != 0) {
        call_off();
        return make_error(ErrorClass::cancelled, "cancelled");
      }
    }
    drain(out_, false);
    drain(err_, true);
    exit_.code = exit_code(pid_);
    return std::move(exit_);
  }

 private:
  // It may have something to undo first, as mmdebstrap its mounts.
  void call_off() {
    ::kill(-pid_, SIGTERM);
    pollfd waiting{ended_.get(), POLLIN, 0};
    constexpr int kGraceMs = 2000;
    poll(&waiting, 1, kGraceMs);
    (void)kill();
  }

  Result<guest::Exit> kill() {
    ::kill(-pid_, SIGKILL);
    exit_code(pid_);
    return error(ErrorClass::timeout, "%s was killed: not done within %s", program_.argv.front(),
                 human_duration(program_.timeout));
  }

  int stop_fd() const { return program_.stop == nullptr ? -1 : program_.stop->fd(); }

  void feed() {
    const auto rest = std::string_view(program_.stdin_text).substr(fed_);
    const auto count = rest.empty() ? 0 : write_quietly(in_.get(), rest);
    if (count > 0) fed_ += static_cast<size_t>(count);
    const bool broken = count < 0 && errno != EAGAIN && errno != EINTR;
    if (broken || fed_ == program_.stdin_text.size()) in_.reset();
  }

  // Reads what is there; closes at the end.
  void drain(Fd& file, bool is_stderr) {
    std::array<char, 65536> buffer{};
    while (file.valid()) {
      const auto count = read(file.get(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return;
      if (count <= 0) file.reset();
      if (count > 0) keep(is_stderr, std::string(buffer.data(), static_cast<size_t>(count)));
    }
  }

  void keep(bool is_stderr, std::string piece) {
    auto& stream = is_stderr ? exit_.err : exit_.out;
    const size_t room = program_.output_max - std::min(program_.output_max, stream.size());
    stream.append(piece, 0, room);
    if (piece.size() > room) exit_.truncated = true;
    if (program_.sink) program_.sink(is_stderr, std::move(piece));
  }

  const Program& program_;
  pid_t pid_;
  Fd ended_, timer_, in_, out_, err_;
  size_t fed_ = 0;
  guest::Exit exit_;
};

std::string last_line(const std::string& text) {
  const auto lines = split(trim(text), '\n');
  return std::string(trim(lines.back()));
}

}  // namespace

StopSignal::StopSignal() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
void StopSignal::set() const {
  eventfd_write(fd_.get(), 1);
}
bool StopSignal::is_set() const {
  pollfd waiting{fd_.get(), POLLIN, 0};
  return poll(&waiting, 1, 0) == 1;
}

Result<guest::Exit> run(const Program& program) {
  GANTRY_TRY_ASSIGN(Pipe out, make_pipe());
  GANTRY_TRY_ASSIGN(Pipe err, make_pipe());
  Pipe in;
  if (program.stdin_file.empty()) {
    GANTRY_TRY_ASSIGN(in, make_pipe());
  } else {
    in.read = Fd(open(program.stdin_file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!in.read.valid()) return os_error("cannot read " + program.stdin_file);
  }
  const std::array<int, 3> files{in.read.get(), out.write.get(), err.write.get()};
  GANTRY_TRY_ASSIGN(const pid_t pid, spawn(program.argv, program.environment, files));
  in.read.reset();
  out.write.reset();
  err.write.reset();
  return Conversation(program, pid, std::move(in.write), std::move(out.read), std::move(err.read))
      .run();
}

Result<std::string> run_checked(const Program& program) {
  GANTRY_TRY_ASSIGN(guest::Exit exit, run(program));
  if (exit.code == 0) return std::move(exit.out);
  const auto said = last_line(trim(exit.err).empty() ? exit.out : exit.err);
  return error(ErrorClass::remote, "%s failed (exit code %d): %s", program.argv.front(), exit.code,
               said);
}

Daemon::~Daemon() {
  stop();
}
Daemon::Daemon(Daemon&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
Daemon& Daemon::operator=(Daemon&& other) noexcept {
  if (this == &other) return *this;
  stop();
  pid_ = std::exchange(other.pid_, -1);
  return *this;
}

Result<Daemon> Daemon::start(const std::vector<std::string>& argv, const std::string& log_file) {
  const Fd nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Fd log(open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log.valid()) return os_error("cannot write " + log_file);
  Daemon daemon;
  GANTRY_TRY_ASSIGN(daemon.pid_, spawn(argv, {}, {nothing.get(), log.get(), log.get()}));
  return daemon;
}

bool Daemon::is_running() const {
  if (pid_ < 0) return false;
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid == 0;
}

void Daemon::stop() {
  if (pid_ < 0) return;
  const Fd ended(open_process(pid_));
  ::kill(pid_, SIGTERM);
  pollfd waiting{ended.get(), POLLIN, 0};
  constexpr int kGraceMs = 2000;
  if (poll(&waiting, 1, kGraceMs) <= 0) ::kill(pid_, SIGKILL);
  exit_code(pid_);
  pid_ = -1;
}

bool end_stray(pid_t pid, const std::string& evidence) {
  if (pid <= 1) return false;
  const Fd process(open_process(pid));
  if (!process.valid()) return false;
  std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
  const std::string command((std::istreambuf_iterator<char>(file)), {});
  if (evidence.empty() || command.find(evidence) == std::string::npos) return false;
  send_signal(process, SIGTERM);
  pollfd waiting{process.get(), POLLIN, 0};
  constexpr int kGraceMs = 2000;
  if (poll(&waiting, 1, kGraceMs) <= 0) send_signal(process, SIGKILL);
  return true;
}

}  // namespace gantry::lab::lxc

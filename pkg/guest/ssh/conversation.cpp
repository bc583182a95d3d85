#include "pkg/guest/ssh/conversation.h"

#include <memory>

#include <libssh/callbacks.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "pkg/base/text.h"
#include "pkg/guest/ssh/protocol.h"

namespace gantry::guest::ssh {
namespace {

constexpr auto kGrace = std::chrono::seconds(15);  // for gantry-shell to say that it killed
constexpr int kKeepAliveMs = 15'000;
constexpr int kQuietMs = 250;  // how long the rest of stdout may lag behind the last line

// Readable once that much time has passed.
class Timer {
 public:
  explicit Timer(Duration after) : fd_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)) {
    itimerspec spec{};
    spec.it_value.tv_sec = std::chrono::ceil<std::chrono::seconds>(after).count();
    timerfd_settime(fd_, 0, &spec, nullptr);
  }
  ~Timer() { close(fd_); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

// Readable once somebody has typed at the terminal or resized it, as long as that is wanted.
class Typing {
 public:
  explicit Typing(Terminal* terminal)
      : terminal_(terminal), fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (terminal_ != nullptr) terminal_->listen([fd = fd_] { eventfd_write(fd, 1); });
  }
  ~Typing() {
    if (terminal_ != nullptr) terminal_->listen({});
    close(fd_);
  }
  Typing(const Typing&) = delete;
  Typing& operator=(const Typing&) = delete;
  int fd() const { return fd_; }

 private:
  Terminal* terminal_;
  int fd_;
};

// Callbacks on a channel, as long as they are wanted.
class Watch {
 public:
  Watch(ssh_channel channel, ssh_channel_callbacks callbacks)
      : channel_(channel), callbacks_(callbacks) {
    ssh_set_channel_callbacks(channel_, callbacks_);
  }
  ~Watch() { ssh_remove_channel_callbacks(channel_, callbacks_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  ssh_channel channel_;
  ssh_channel_callbacks callbacks_;
};

class Conversation {
 public:
  Conversation(ssh_session session, ssh_channel channel, const Request& request,
               const StopSignal& stop)
      : session_(session),
        channel_(channel),
        request_(request),
        stop_(stop),
        timer_(request.timeout + kGrace),
        typing_(request.terminal.get()),
        input_(request.stdin_text),
        trailer_(request.terminal != nullptr) {}

  Result<Exit> run() {
    ssh_set_blocking(session_, 0);
    auto ended = talk();
    ssh_set_blocking(session_, 1);
    GANTRY_TRY(ended);
    return conclude();
  }

 private:
  // Moves data both ways until the other side has said everything.
  Status talk() {
    ssh_callbacks_init(&callbacks_);
    callbacks_.userdata = this;
    callbacks_.channel_data_function = on_data;
    callbacks_.channel_exit_status_function = on_exit;
    const Watch watch(channel_, &callbacks_);
    const std::unique_ptr<std::remove_pointer_t<ssh_event>, decltype(&ssh_event_free)> event(
        ssh_event_new(), ssh_event_free);
    ssh_event_add_session(event.get(), session_);
    ssh_event_add_fd(event.get(), stop_.fd(), POLLIN, on_readable, &stopped_);
    ssh_event_add_fd(event.get(), timer_.fd(), POLLIN, on_readable, &expired_);
    ssh_event_add_fd(event.get(), typing_.fd(), POLLIN, on_typed, &has_news_);
    auto result = loop(event.get());
    ssh_event_remove_fd(event.get(), stop_.fd());
    ssh_event_remove_fd(event.get(), timer_.fd());
    ssh_event_remove_fd(event.get(), typing_.fd());
    ssh_event_remove_session(event.get(), session_);
    return result;
  }

  Status loop(ssh_event event) {
    GANTRY_TRY(ask_for_terminal(event));
    int answer = SSH_AGAIN;
    while ((answer = ssh_channel_request_exec(channel_, request_.line.c_str())) == SSH_AGAIN)
      GANTRY_TRY(turn(event, kKeepAliveMs).status());
    if (answer != SSH_OK) return broken();
    while (ssh_channel_is_eof(channel_) == 0 && ssh_channel_is_closed(channel_) == 0) {
      do {
        hear();
        feed();
      } while (has_news_ && fed_ == input_.size());
      // A process left behind inside holds the streams open; the command itself has ended.
      const bool told = exited_ && trailer_.is_complete();
      GANTRY_TRY_ASSIGN(const bool silent, turn(event, told ? kQuietMs : kKeepAliveMs));
      if (silent && told) return {};
    }
    return {};
  }

  Status ask_for_terminal(ssh_event event) {
    if (!request_.terminal) return {};
    int answer = SSH_AGAIN;
    // What everything knows. Its size follows with the first news.
    while ((answer = ssh_channel_request_pty_size(channel_, "xterm", 80, 24)) == SSH_AGAIN)
      GANTRY_TRY(turn(event, kKeepAliveMs).status());
    if (answer == SSH_OK) return {};
    if (ssh_is_connected(session_) == 0) return broken();
    return make_error(ErrorClass::unsupported,
                      "sshd gives our key no terminal: replace gantry-shell and its line in "
                      "authorized_keys by those of this version, as deploy/pve/role.sh says "
                      "(restrict,pty)");
  }

  // Takes what was typed, and passes on how large the terminal is now. What the other side does not
  // take yet stays where it is bounded: its typist is told.
  void hear() {
    if (!has_news_ || fed_ < input_.size()) return;
    has_news_ = false;
    auto news = request_.terminal->take();
    typed_ = std::move(news.typed);
    input_ = typed_;
    fed_ = 0;
    if (news.size) ssh_channel_change_pty_size(channel_, news.size->columns, news.size->rows);
  }

  // Handles what comes; true when nothing came for that long.
  Result<bool> turn(ssh_event event, int limit_ms) {
    const int answer = ssh_event_dopoll(event, limit_ms);
    if (answer == SSH_ERROR || ssh_is_connected(session_) == 0) return broken();
    if (answer == SSH_AGAIN) ssh_send_ignore(session_, "");
    if (stopped_) return make_error(ErrorClass::cancelled, "cancelled");
    if (expired_)
      return make_error(ErrorClass::timeout, "no answer from the node; the command was given up");
    return answer == SSH_AGAIN;
  }

  // As much of the input as the other side takes now.
  void feed() {
    while (fed_ < input_.size()) {
      const auto window = ssh_channel_window_size(channel_);
      constexpr size_t kChunk = 32768;
      const auto size = std::min<size_t>({window, kChunk, input_.size() - fed_});
      if (size == 0) return;
      const int count =
          ssh_channel_write(channel_, input_.data() + fed_, static_cast<uint32_t>(size));
      if (count == SSH_AGAIN || count == 0) return;
      // A refusal comes before the input was read: what was said decides, not the failed write.
      fed_ = count < 0 ? input_.size() : fed_ + static_cast<size_t>(count);
    }
  }

  // libssh's signature. NOLINTNEXTLINE(readability-function-size)
  static int on_data(ssh_session, ssh_channel, void* data, uint32_t size, int is_stderr,
                     void* self) {
    auto& conversation = *static_cast<Conversation*>(self);
    const std::string_view piece(static_cast<const char*>(data), size);
    const bool may_end = is_stderr != 0 || conversation.request_.terminal != nullptr;
    conversation.keep(is_stderr != 0,
                      may_end ? conversation.trailer_.feed(piece) : std::string(piece));
    return static_cast<int>(size);
  }

  static void on_exit(ssh_session, ssh_channel, int, void* self) {
    static_cast<Conversation*>(self)->exited_ = true;
  }

  static int on_readable(socket_t, int, void* flag) {
    *static_cast<bool*>(flag) = true;
    return SSH_OK;
  }

  static int on_typed(socket_t fd, int, void* flag) {
    eventfd_t times = 0;
    eventfd_read(fd, &times);
    *static_cast<bool*>(flag) = true;
    return SSH_OK;
  }

  void keep(bool is_stderr, std::string piece) {
    if (piece.empty()) return;
    auto& stream = is_stderr ? exit_.err : exit_.out;
    const size_t room = request_.output_max - std::min(request_.output_max, stream.size());
    stream.append(piece, 0, room);
    if (piece.size() > room) exit_.truncated = true;
    if (request_.sink) request_.sink(is_stderr, std::move(piece));
  }

  Result<Exit> conclude() {
    std::string rest;
    const auto outcome = trailer_.finish(rest);
    keep(request_.terminal == nullptr, std::move(rest));
    if (!outcome) return no_trailer();
    if (!outcome->ok()) return outcome->status();
    exit_.code = **outcome;
    return std::move(exit_);
  }

  Status no_trailer() const {
    if (exit_.err.find("gantry-v1") != std::string::npos)
      return make_error(ErrorClass::permission,
                        "the node runs our key without gantry-shell as its forced command: install "
                        "it as deploy/pve/role.sh says");
    return broken();
  }

  Status broken() const {
    const std::string text = ssh_get_error(session_);
    return error(ErrorClass::transport, "the connection broke before the command's end%s%s",
                 text.empty() ? "" : ": ", text);
  }

  ssh_session session_;
  ssh_channel channel_;
  const Request& request_;
  const StopSignal& stop_;
  Timer timer_;
  Typing typing_;
  std::string typed_;
  std::string_view input_;
  ssh_channel_callbacks_struct callbacks_{};
  Trailer trailer_;
  size_t fed_ = 0;
  bool exited_ = false;
  bool stopped_ = false;
  bool expired_ = false;
  bool has_news_ = false;
  Exit exit_;
};

}  // namespace

StopSignal::StopSignal() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
StopSignal::~StopSignal() {
  close(fd_);
}
void StopSignal::set() {
  eventfd_write(fd_, 1);
}

Result<ChannelHandle> open_channel(ssh_session session) {
  ChannelHandle channel(ssh_channel_new(session));
  if (channel == nullptr || ssh_channel_open_session(channel.get()) != SSH_OK)
    return error(ErrorClass::transport, "the connection is broken: %s",
                 std::string(ssh_get_error(session)));
  return channel;
}

Result<Exit> converse(ssh_session session, ssh_channel channel, const Request& request,
                      const StopSignal& stop) {
  return Conversation(session, channel, request, stop).run();
}

}  // namespace gantry::guest::ssh

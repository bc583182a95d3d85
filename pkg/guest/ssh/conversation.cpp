#include "pkg/guest/ssh/conversation.h"

#include <array>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "pkg/base/text.h"
#include "pkg/guest/ssh/protocol.h"

namespace gantry::guest::ssh {
namespace {

constexpr auto kGrace = std::chrono::seconds(15);  // for gantry-shell to say that it killed
constexpr int kPollMs = 500;  // libssh may have read ahead what poll() then does not see
constexpr int kKeepAlivePolls = 30;

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

class Conversation {
 public:
  Conversation(ssh_session session, ssh_channel channel, const Request& request,
               const StopSignal& stop)
      : session_(session),
        channel_(channel),
        request_(request),
        stop_(stop),
        timer_(request.timeout + kGrace) {}

  Result<Exit> run() {
    if (ssh_channel_request_exec(channel_, request_.line.c_str()) != SSH_OK) return broken();
    ssh_set_blocking(session_, 0);
    auto ended = pump();
    ssh_set_blocking(session_, 1);
    GANTRY_TRY(ended);
    return conclude();
  }

 private:
  // Moves data both ways until the other side has said everything.
  Status pump() {
    for (int idle = 0; true;) {
      GANTRY_TRY_ASSIGN(const bool wrote, feed());
      GANTRY_TRY_ASSIGN(const bool read_out, drain(false));
      GANTRY_TRY_ASSIGN(const bool read_err, drain(true));
      if (wrote || read_out || read_err) {
        idle = 0;
        continue;
      }
      if (ssh_channel_is_eof(channel_) != 0 || ssh_channel_is_closed(channel_) != 0) return {};
      if (++idle % kKeepAlivePolls == 0) ssh_send_ignore(session_, "");
      GANTRY_TRY(wait());
    }
  }

  Status wait() {
    std::array<pollfd, 3> polls{
        {{ssh_get_fd(session_), POLLIN, 0}, {stop_.fd(), POLLIN, 0}, {timer_.fd(), POLLIN, 0}}};
    poll(polls.data(), polls.size(), kPollMs);
    if (polls[1].revents != 0) return make_error(ErrorClass::cancelled, "cancelled");
    if (polls[2].revents != 0)
      return make_error(ErrorClass::timeout, "no answer from the node; the command was given up");
    return {};
  }

  Result<bool> feed() {
    if (fed_ == request_.stdin_text.size()) return false;
    const auto window = ssh_channel_window_size(channel_);
    constexpr size_t kChunk = 32768;
    const auto size = std::min<size_t>({window, kChunk, request_.stdin_text.size() - fed_});
    if (size == 0) return false;
    const int count =
        ssh_channel_write(channel_, request_.stdin_text.data() + fed_, static_cast<uint32_t>(size));
    if (count == SSH_AGAIN) return false;
    // A refusal comes before the input was read: what was said decides, not the failed write.
    if (count < 0) fed_ = request_.stdin_text.size();
    if (count > 0) fed_ += static_cast<size_t>(count);
    return count > 0;
  }

  Result<bool> drain(bool is_stderr) {
    std::array<char, 32768> buffer{};
    const int count =
        ssh_channel_read_nonblocking(channel_, buffer.data(), buffer.size(), is_stderr ? 1 : 0);
    if (count == SSH_ERROR) return broken();
    if (count <= 0) return false;  // also SSH_EOF
    std::string piece(buffer.data(), static_cast<size_t>(count));
    if (is_stderr) piece = trailer_.feed(piece);
    keep(is_stderr, std::move(piece));
    return true;
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
    keep(true, std::move(rest));
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
  Trailer trailer_;
  size_t fed_ = 0;
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

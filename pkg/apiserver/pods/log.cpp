#include "pkg/apiserver/pods/log.h"

#include "pkg/apiserver/pods/log_command.h"
#include "pkg/apiserver/pods/outbox.h"
#include "pkg/apiserver/request/status.h"
#include "pkg/apiserver/views/pod_view.h"
#include "pkg/async/deadline.h"
#include "pkg/async/group.h"

namespace gantry::apiserver {
namespace {

constexpr Duration kFollowMax = std::chrono::hours(24);
constexpr Duration kReadMax = std::chrono::minutes(5);

// Puts pieces together to whole lines.
class Lines {
 public:
  Lines(bool journal, bool timestamps) : journal_(journal), timestamps_(timestamps) {}
  std::string feed(const std::string& piece) {
    if (!journal_) return piece;
    rest_ += piece;
    std::string text;
    size_t begin = 0;
    for (size_t end = 0; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1)
      text += journal_line(rest_.substr(begin, end - begin), timestamps_);
    rest_.erase(0, begin);
    return text;
  }

 private:
  bool journal_;
  bool timestamps_;
  std::string rest_;
};

class Log {
 public:
  Log(Executor executor, GuestDoor door, LogCommand command, const LogOptions& options)
      : door_(std::move(door)),
        lines_(command.journal, options.timestamps),
        follow_(options.follow),
        left_(options.limit_bytes),
        group_(std::move(executor)) {
    command_.argv = std::move(command.argv);
    command_.timeout = options.follow ? kFollowMax : kReadMax;
    command_.output_max = 4096;  // of stderr, for the message; stdout is passed on
  }

  // nullopt once it was streamed.
  Async<std::optional<ApiError>> run(const RequestInfo& info, http::ResponseStream& stream) {
    group_.spawn("log", [this] { return execute(); });
    const auto failed = co_await tell(info, stream);
    group_.cancel();
    (void)co_await group_.join();
    co_return failed;
  }

 private:
  // A log that is followed begins at once: only then is it known when the reader leaves. Otherwise
  // a command that fails before it says anything is answered as an error.
  Async<std::optional<ApiError>> tell(const RequestInfo& info, http::ResponseStream& stream) {
    if (follow_) (void)co_await start(stream);
    auto first = co_await outbox_.take();
    const bool silent = first.ok() && !first->has_value();
    auto failed = silent ? failure(info) : std::nullopt;
    if (follow_ && failed) {
      std::string text = failed->message + "\n";
      (void)co_await stream.write(std::move(text));
      co_return std::nullopt;
    }
    if (failed || !first.ok()) co_return failed;
    if (!follow_) (void)co_await start(stream);
    (void)co_await forward(*std::move(first), stream);
    co_return std::nullopt;
  }
  static Async<Status> start(http::ResponseStream& stream) {
    http::Response head;
    head.headers["Content-Type"] = "text/plain";
    co_return co_await stream.start(std::move(head));
  }

  Async<Status> execute() {
    guest::OutputSink sink = [this](bool is_stderr, std::string piece) {
      if (!is_stderr) put(lines_.feed(piece));
    };
    exit_ = co_await door_.channel->exec(door_.target, std::move(command_), std::move(sink));
    outbox_.end();
    co_return Status();
  }
  void put(std::string text) {
    if (left_) {
      text.resize(std::min<size_t>(text.size(), static_cast<size_t>(*left_)));
      *left_ -= static_cast<int64_t>(text.size());
    }
    if (!text.empty() && !outbox_.put(std::move(text))) outbox_.end();
    if (left_ && *left_ == 0) outbox_.end();
  }

  std::optional<ApiError> failure(const RequestInfo& info) const {
    if (!exit_.ok()) return guest_error(exit_.status(), info);
    if (exit_->code == 0) return std::nullopt;
    ApiError error;
    error.code = 502;
    error.reason = "InternalError";
    error.message = "the log could not be read: " + exit_->err.substr(0, 1000);
    return error;
  }

  Async<Status> forward(std::optional<std::string> piece, http::ResponseStream& stream) {
    while (piece) {
      GANTRY_CO_TRY(co_await stream.write(*std::move(piece)));
      auto next = co_await outbox_.take();
      if (!next.ok()) co_return next.status();
      piece = *std::move(next);
    }
    co_return Status();
  }

  GuestDoor door_;
  guest::Command command_;
  Lines lines_;
  bool follow_;
  std::optional<int64_t> left_;
  Outbox outbox_;
  Result<guest::Exit> exit_ = guest::Exit();
  async::Group group_;
};

// The App that a Machine is of; null for a bare one.
store::ObjectPtr app_of(const store::Store& store, const Json& machine) {
  const auto* labels = machine.find_path({"metadata", "labels"});
  const auto name = labels == nullptr ? "" : labels->string_or("gantry.dev/app", "");
  if (name.empty()) return nullptr;
  const store::Key key{"apps.gantry.dev", machine.find("metadata")->string_or("namespace", ""),
                       name};
  const auto app = store.get(key);
  return app.ok() ? *app : nullptr;
}

}  // namespace

Async<std::optional<http::Response>> serve_log(PodService& service, const async::Clock& clock,
                                               const RequestInfo& info,
                                               http::ResponseStream& stream) {
  const auto machine = find_machine(service.store, info);
  if (!machine.ok()) co_return not_found_error(info).to_response();
  const auto container = info.query("container", kPodContainer);
  if (container != kPodContainer) {
    auto text = absl::StrFormat("container %s is not valid for pod %s", container, info.name);
    co_return bad_request(std::move(text)).to_response();
  }
  const auto options = read_log_options(info, clock.now());
  if (!options.ok()) co_return bad_request(message_of(options.status())).to_response();
  auto door = service.enter(*machine);
  if (!door.ok()) co_return guest_error(door.status(), info).to_response();
  const auto app = app_of(service.store, *machine);
  auto command = log_command(*options, app ? &app->value : nullptr);
  auto executor = co_await async::this_executor();
  Log log(executor, std::move(door->first), std::move(command), *options);
  const auto failed = co_await log.run(info, stream);
  if (failed) co_return failed->to_response();
  co_return std::nullopt;
}

}  // namespace gantry::apiserver

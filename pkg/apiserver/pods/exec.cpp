#include "pkg/apiserver/pods/exec.h"

#include "pkg/apiserver/pods/outbox.h"
#include "pkg/apiserver/pods/remote_command.h"
#include "pkg/apiserver/request/status.h"
#include "pkg/apiserver/views/pod_view.h"
#include "pkg/async/deadline.h"
#include "pkg/async/group.h"
#include "pkg/http/websocket/socket.h"

namespace gantry::apiserver {
namespace {

using http::websocket::Socket;

// As long as gantry-shell lets a command run.
constexpr Duration kTimeout = std::chrono::hours(24);
constexpr size_t kInputMax = size_t{32} << 20;
// Of what a client may send at once.
constexpr size_t kMessageMax = size_t{4} << 20;

// Standard input up to its end.
Async<Result<std::string>> read_input(Socket& socket) {
  std::string input;
  while (true) {
    const auto message = co_await socket.next();
    if (!message.ok()) co_return message.status();
    if (!message->has_value()) co_return async::cancelled();
    const auto& bytes = **message;
    if (bytes.size() == 2 && bytes[0] == kClose && bytes[1] == kStdin) co_return input;
    if (bytes.empty() || bytes[0] != kStdin) continue;
    input.append(bytes, 1);
    if (input.size() > kInputMax)
      co_return invalid("standard input is longer than %d MiB", kInputMax >> 20);
  }
}

// One exec over an open socket.
class Exec {
 public:
  Exec(Executor executor, Socket& socket, GuestDoor door, ExecOptions options)
      : socket_(socket),
        door_(std::move(door)),
        options_(std::move(options)),
        group_(std::move(executor)) {
    if (options_.has_terminal) terminal_ = std::make_shared<guest::Terminal>();
  }

  Async<Status> run() {
    std::string input;
    if (options_.has_stdin && !terminal_) {
      auto read = co_await read_input(socket_);
      if (!read.ok()) {
        end(read.status());
        co_return co_await finish();
      }
      input = *std::move(read);
    }
    guest::Command command;
    command.argv = options_.command;
    command.stdin_text = std::move(input);
    command.timeout = kTimeout;
    command.output_max = 0;  // it is passed on, not kept
    command.terminal = terminal_;
    group_.spawn("exec", [this, &command] { return execute(command); });
    group_.spawn("exec reader", [this] { return listen(); });
    const Status sent = co_await forward();
    group_.cancel();
    (void)co_await group_.join();
    if (!sent.ok()) co_return sent;
    co_return co_await finish();
  }

 private:
  Async<Status> execute(guest::Command& command) {
    guest::OutputSink sink = [this](bool is_stderr, std::string piece) {
      if (is_wanted(is_stderr)) put(is_stderr, piece);
    };
    auto exit = co_await door_.channel->exec(door_.target, std::move(command), std::move(sink));
    end(std::move(exit));
    outbox_.end();
    co_return Status();
  }
  bool is_wanted(bool is_stderr) const {
    return is_stderr ? options_.has_stderr : options_.has_stdout;
  }
  void put(bool is_stderr, const std::string& piece) {
    if (!outbox_.put((is_stderr ? kStderr : kStdout) + piece)) outbox_.end();
  }

  // Answers pings, passes on what is typed, and notices that the client has closed.
  Async<Status> listen() {
    while (true) {
      const auto message = co_await socket_.next();
      if (!message.ok()) co_return message.status();
      if (!message->has_value()) break;
      if (terminal_ && !hear(**message)) {
        end(make_error(ErrorClass::overload, "the command takes no input: given up"));
        break;
      }
    }
    outbox_.end();
    co_return Status();
  }

  // False when the terminal takes no more.
  bool hear(std::string_view message) {
    if (message.empty()) return true;
    const auto payload = message.substr(1);
    if (message.front() == kStdin && options_.has_stdin) return terminal_->type(payload);
    if (message.front() != kResize) return true;
    if (const auto size = read_size(payload)) terminal_->resize(*size);
    return true;
  }

  Async<Status> forward() {
    while (true) {
      auto piece = co_await outbox_.take();
      if (!piece.ok()) co_return piece.status();
      if (!piece->has_value()) break;
      std::string bytes = std::move(**piece);
      GANTRY_CO_TRY(co_await socket_.send(std::move(bytes)));
    }
    if (outbox_.is_overfull())
      end(make_error(ErrorClass::overload, "the output was taken too slowly: given up"));
    co_return Status();
  }

  // The first reason is the one: what follows it is that the command was given up.
  void end(Result<guest::Exit> exit) {
    if (!exit_) exit_ = std::move(exit);
  }

  Async<Status> finish() {
    end(make_error(ErrorClass::cancelled, "the client has left"));
    auto message = end_message(*exit_);
    GANTRY_CO_TRY(co_await socket_.send(std::move(message)));
    co_return co_await socket_.close(1000);
  }

  Socket& socket_;
  GuestDoor door_;
  ExecOptions options_;
  std::shared_ptr<guest::Terminal> terminal_;  // null: none is wanted
  Outbox outbox_;
  std::optional<Result<guest::Exit>> exit_;
  async::Group group_;
};

ApiError no_websocket(const http::Request& request) {
  const auto upgrade = request.headers.find("Upgrade");
  const bool spdy = upgrade != request.headers.end() && upgrade->second.starts_with("SPDY");
  return bad_request(spdy ? "exec is served over WebSocket only, not over SPDY, which is all that "
                            "kubectl before 1.29 speaks: use kubectl 1.31 or newer"
                          : "exec wants a WebSocket connection (Upgrade: websocket)");
}

}  // namespace

Result<Json> find_machine(const store::Store& store, const RequestInfo& info) {
  const store::Key key{"machines.gantry.dev", info.ns, info.name};
  const auto machine = store.get(key);
  if (!machine.ok() || !pod_of((*machine)->value)) return not_found("no such pod");
  return (*machine)->value;
}

ApiError guest_error(const Status& status, const RequestInfo& info) {
  if (error_class(status) == ErrorClass::overload) return to_api_error(status, info);
  ApiError error;
  error.code = 503;
  error.reason = "ServiceUnavailable";
  error.message = "pod " + info.name + ": " + message_of(status);
  error.kind = info.plural;
  error.name = info.name;
  return error;
}

Result<std::pair<GuestDoor, WatchLimits::Place>> PodService::enter(const Json& machine) {
  if (!find_guest) return make_error(ErrorClass::remote, "this server reaches no guests");
  GANTRY_TRY_ASSIGN(auto door, find_guest(machine));
  if (places.open() >= kPlacesMax)
    return make_error(ErrorClass::overload,
                      "too many commands are running in containers; try again");
  const auto node = door.target.node.get();
  auto place = places.take(node);
  if (!place)
    return error(ErrorClass::overload, "too many commands are running on node %s; try again", node);
  return std::make_pair(std::move(door), *std::move(place));
}

Async<std::optional<http::Response>> serve_exec(PodService& service, const http::Request& request,
                                                const RequestInfo& info,
                                                http::ResponseStream& stream) {
  const auto machine = find_machine(service.store, info);
  if (!machine.ok()) co_return not_found_error(info).to_response();
  // First, as kubectl tries SPDY after any failure and shows only what that was told.
  auto door = service.enter(*machine);
  if (!door.ok()) co_return guest_error(door.status(), info).to_response();
  auto options = read_exec_options(info);
  if (!options.ok()) co_return bad_request(message_of(options.status())).to_response();
  if (!http::websocket::is_upgrade(request)) co_return no_websocket(request).to_response();
  // Without v5 the end of standard input cannot be told; a terminal's has none.
  std::vector<std::string> spoken = {kV5};
  if (!options->has_stdin || options->has_terminal) spoken.emplace_back(kV4);
  auto protocol = http::websocket::choose_protocol(request, spoken);
  if (!protocol) {
    const auto text = "exec speaks v5.channel.k8s.io, and v4.channel.k8s.io without standard input";
    co_return bad_request(text).to_response();
  }
  Socket socket(stream, kMessageMax);
  const Status accepted = co_await http::websocket::accept(stream, request, *std::move(protocol));
  if (!accepted.ok()) co_return bad_request(message_of(accepted)).to_response();
  auto executor = co_await async::this_executor();
  Exec exec(executor, socket, std::move(door->first), *std::move(options));
  (void)co_await exec.run();
  co_return std::nullopt;
}

}  // namespace gantry::apiserver

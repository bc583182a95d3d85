// exec: a command in a container.
#include "cmd/gantryctl/commands.h"
#include "cmd/gantryctl/containers.h"
#include "pkg/apiserver/pods/remote_command.h"
#include "pkg/base/text.h"
#include "pkg/http/websocket/socket.h"
#include "pkg/schema/json.h"

namespace gantry::ctl {
namespace {

using apiserver::kClose;
using apiserver::kError;
using apiserver::kStderr;
using apiserver::kStdin;
using apiserver::kStdout;
using http::websocket::Socket;

constexpr size_t kPiece = size_t{64} << 10;

std::string query_of(const ExecRequest& request) {
  std::vector<std::pair<std::string, std::string>> fields;
  for (const auto& word : request.command) fields.emplace_back("command", word);
  fields.emplace_back("stdout", "true");
  fields.emplace_back("stderr", "true");
  if (request.input) fields.emplace_back("stdin", "true");
  return "?" + http::encode_form(fields);
}

Async<Status> send_input(Socket& socket, const std::string& input) {
  for (size_t at = 0; at < input.size(); at += kPiece) {
    auto piece = kStdin + input.substr(at, kPiece);
    GANTRY_CO_TRY(co_await socket.send(std::move(piece)));
  }
  std::string end;
  end += kClose;
  end += kStdin;
  co_return co_await socket.send(std::move(end));
}

// What the error channel says at the end: a metav1.Status.
Result<int> exit_of(std::string_view text) {
  const auto status = schema::parse_json(std::string(text));
  if (!status.ok()) return make_error(ErrorClass::schema, "the server's last word is no Status");
  if (status->string_or("status", "") == "Success") return 0;
  const auto* causes = status->find_path({"details", "causes"});
  if (causes != nullptr && causes->is_array())
    for (const auto& cause : causes->as_array())
      if (cause.string_or("reason", "") == "ExitCode")
        if (const auto code = parse_integer(cause.string_or("message", "")))
          return static_cast<int>(*code);
  return make_error(ErrorClass::remote, status->string_or("message", "the command failed"));
}

Async<Result<int>> converse(Session& session, Socket& socket, const ExecRequest& request) {
  // What the server says of input that it does not want is worth more than that it hangs up.
  Status sent;
  if (request.input) sent = co_await send_input(socket, *request.input);
  while (true) {
    const auto message = co_await socket.next();
    if (!message.ok() && sent.ok()) co_return message.status();
    if (!message.ok() || !message->has_value()) break;
    const std::string_view bytes = **message;
    if (bytes.empty()) continue;
    const char channel = bytes.front();
    if (channel == kStdout || channel == kStderr)
      session.write(channel == kStderr, bytes.substr(1));
    if (channel == kError) co_return exit_of(bytes.substr(1));
  }
  if (!sent.ok()) co_return sent;
  co_return make_error(ErrorClass::transport,
                       "the connection has ended before the command: whether it still runs is not "
                       "known");
}

Async<Result<Json>> find_machine(Session& session, Where where) {
  if (where.name.empty())
    co_return invalid("exec needs a Machine, such as machine/wiki-0, or an App that has only one");
  std::vector<Where> places(1, where);
  GANTRY_CO_TRY_ASSIGN(const auto machines, co_await machines_at(session, std::move(places)));
  if (machines.size() == 1) co_return machines.front();
  if (machines.empty())
    co_return error(ErrorClass::not_found, "%s has no container yet", label_of(where));
  std::vector<std::string> names;
  for (const auto& machine : machines) names.push_back("machine/" + meta_text(machine, "name"));
  co_return invalid("%s has several containers: name one of %s", label_of(where),
                    join(names, ", "));
}

}  // namespace

Async<Result<int>> exec(Session& session, Where where, ExecRequest request, Random& random) {
  if (request.command.empty())
    co_return invalid("exec needs a command behind --, such as -- ls /etc");
  GANTRY_CO_TRY_ASSIGN(const auto machine, co_await find_machine(session, std::move(where)));
  auto path = pod_path(machine) + "/exec" + query_of(request);
  std::vector<std::string> protocols(1, apiserver::kV5);
  auto stream = co_await session.api.connect(std::move(path), std::move(protocols), random);
  if (!stream.ok()) co_return stream.status();
  Socket socket(**stream, random);
  auto exit = co_await converse(session, socket, request);
  (void)co_await socket.close(1000);
  co_return exit;
}

}  // namespace gantry::ctl

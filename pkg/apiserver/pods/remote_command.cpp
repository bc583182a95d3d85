#include "pkg/apiserver/pods/remote_command.h"

#include "pkg/apiserver/views/pod_view.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

Json failure(const std::string& reason, const std::string& message) {
  Json status;
  status.set("kind", "Status");
  status.set("apiVersion", "v1");
  status.set("metadata", Json::object());
  status.set("status", "Failure");
  status.set("reason", reason);
  status.set("message", message);
  return status;
}

}  // namespace

Result<ExecOptions> read_exec_options(const RequestInfo& info) {
  ExecOptions options;
  for (const auto& [name, value] : info.target.query)
    if (name == "command") options.command.push_back(value);
  if (options.command.empty()) return invalid("command: you must specify at least one command");
  const auto container = info.query("container", kPodContainer);
  if (container != kPodContainer)
    return invalid("container %s is not valid for pod %s: its only one is %s", container, info.name,
                   std::string(kPodContainer));
  options.has_terminal = info.query_bool("tty");
  options.has_stdin = info.query_bool("stdin");
  options.has_stdout = info.query_bool("stdout");
  options.has_stderr = info.query_bool("stderr");
  return options;
}

std::optional<guest::WindowSize> read_size(std::string_view payload) {
  constexpr int64_t kMax = 0xffff;  // of a struct winsize
  const auto json = schema::parse_json(std::string(payload));
  if (!json.ok() || !json->is_object()) return std::nullopt;
  const auto columns = json->integer_or("Width", 0);
  const auto rows = json->integer_or("Height", 0);
  if (columns < 1 || rows < 1 || columns > kMax || rows > kMax) return std::nullopt;
  return guest::WindowSize{static_cast<int>(columns), static_cast<int>(rows)};
}

std::string size_message(guest::WindowSize size) {
  Json json;
  json.set("Width", size.columns);
  json.set("Height", size.rows);
  return kResize + schema::to_json(json);
}

std::string end_message(const Result<guest::Exit>& exit) {
  Json status;
  if (!exit.ok()) {
    status = failure("InternalError", message_of(exit.status()));
    status.set("code", 500);
  } else if (exit->code != 0) {
    status = failure(
        "NonZeroExitCode",
        absl::StrFormat("command terminated with non-zero exit code: exit code %d", exit->code));
    Json cause;
    cause.set("reason", "ExitCode");
    cause.set("message", std::to_string(exit->code));
    status.member("details").set("causes", Json::Array{cause});
  } else {
    status.set("metadata", Json::object());
    status.set("status", "Success");
  }
  return kError + schema::to_json(status);
}

}  // namespace gantry::apiserver

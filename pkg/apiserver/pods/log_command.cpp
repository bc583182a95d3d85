#include "pkg/apiserver/pods/log_command.h"

#include <absl/strings/str_format.h>

#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

Result<std::optional<int64_t>> number(const RequestInfo& info, const char* name) {
  const auto text = info.query(name);
  if (text.empty()) return std::nullopt;
  const auto value = parse_integer(text);
  if (!value || *value < 0) return invalid("%s: must be a number from 0, not \"%s\"", name, text);
  return value;
}

std::string since_word(Time since) {
  return absl::StrFormat("@%d", to_unix_seconds(since));
}

LogCommand compose_logs(const LogOptions& options, const std::string& project) {
  LogCommand command;
  command.journal = false;
  command.argv = {"docker", "compose", "-p", project, "logs", "--no-color", "--no-log-prefix"};
  if (options.follow) command.argv.emplace_back("--follow");
  if (options.timestamps) command.argv.emplace_back("--timestamps");
  if (options.tail_lines)
    command.argv.emplace_back("--tail=" + std::to_string(*options.tail_lines));
  if (options.since) command.argv.emplace_back("--since=" + to_rfc3339(*options.since));
  return command;
}

// A message that is no text is a list of bytes.
std::string message_of_entry(const Json& entry) {
  const auto* message = entry.find("MESSAGE");
  if (message == nullptr) return {};
  if (message->is_string()) return message->as_string();
  std::string bytes;
  if (message->is_array())
    for (const auto& byte : message->as_array())
      if (byte.is_integer()) bytes += static_cast<char>(byte.as_integer());
  return bytes;
}

}  // namespace

Result<LogOptions> read_log_options(const RequestInfo& info, Time now) {
  LogOptions options;
  options.follow = info.query_bool("follow");
  options.timestamps = info.query_bool("timestamps");
  options.previous = info.query_bool("previous");
  GANTRY_TRY_ASSIGN(options.tail_lines, number(info, "tailLines"));
  GANTRY_TRY_ASSIGN(options.limit_bytes, number(info, "limitBytes"));
  GANTRY_TRY_ASSIGN(const auto seconds, number(info, "sinceSeconds"));
  if (seconds)
    options.since = now - std::chrono::seconds(std::min<int64_t>(*seconds, 1'000'000'000));
  if (const auto text = info.query("sinceTime"); !text.empty()) {
    if (options.since) return invalid("sinceTime and sinceSeconds exclude each other");
    options.since = from_rfc3339(text);
    if (!options.since) return invalid("sinceTime: must be a time of RFC 3339, not \"%s\"", text);
  }
  return options;
}

LogCommand log_command(const LogOptions& options, const Json* app) {
  const Json* compose = app == nullptr ? nullptr : app->find_path({"spec", "workload", "compose"});
  if (compose != nullptr && !compose->is_null())
    return compose_logs(options, app->find_path({"metadata", "name"})->as_string());
  LogCommand command;
  command.argv = {"journalctl", "--no-pager", "--quiet", "--output=json",
                  "--output-fields=MESSAGE"};
  const auto* unit =
      app == nullptr ? nullptr : app->find_path({"spec", "workload", "service", "unit"});
  if (unit != nullptr && unit->is_string() && !unit->as_string().empty())
    command.argv.emplace_back("--unit=" + unit->as_string());
  if (options.previous) command.argv.emplace_back("--boot=-1");
  if (options.since) command.argv.emplace_back("--since=" + since_word(*options.since));
  if (options.tail_lines)
    command.argv.emplace_back("--lines=" + std::to_string(*options.tail_lines));
  else if (options.follow)
    command.argv.emplace_back("--no-tail");
  if (options.follow) command.argv.emplace_back("--follow");
  return command;
}

std::string journal_line(const std::string& entry, bool timestamps) {
  const auto parsed = schema::parse_json(entry);
  if (!parsed.ok() || !parsed->is_object()) return entry + "\n";
  std::string line;
  if (timestamps) {
    const auto micros = parse_integer(parsed->string_or("__REALTIME_TIMESTAMP", "0"));
    const Time time = from_unix_seconds(0) + std::chrono::microseconds(micros.value_or(0));
    line = to_rfc3339_micro(time) + " ";
  }
  return line + message_of_entry(*parsed) + "\n";
}

}  // namespace gantry::apiserver

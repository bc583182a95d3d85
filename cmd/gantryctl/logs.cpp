// logs: what containers have written.
#include "cmd/gantryctl/commands.h"
#include "cmd/gantryctl/containers.h"
#include "pkg/async/deadline.h"
#include "pkg/async/group.h"
#include "pkg/base/text.h"

namespace gantry::ctl {
namespace {

std::string query_of(const LogOptions& options) {
  std::vector<std::pair<std::string, std::string>> fields;
  if (options.follow) fields.emplace_back("follow", "true");
  if (options.timestamps) fields.emplace_back("timestamps", "true");
  if (options.previous) fields.emplace_back("previous", "true");
  if (options.tail) fields.emplace_back("tailLines", std::to_string(*options.tail));
  if (options.since) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*options.since).count();
    fields.emplace_back("sinceSeconds", std::to_string(seconds));
  }
  return fields.empty() ? "" : "?" + http::encode_form(fields);
}

// What one container says: as it is, or whole lines with its name in front.
class Voice {
 public:
  Voice(Session& session, std::string prefix) : session_(session), prefix_(std::move(prefix)) {}

  void say(std::string_view bytes) {
    if (prefix_.empty()) return session_.write(false, bytes);
    rest_ += bytes;
    size_t begin = 0;
    for (size_t end = 0; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1)
      session_.write(false, prefix_ + rest_.substr(begin, end + 1 - begin));
    rest_.erase(0, begin);
  }
  void end() {
    if (!rest_.empty()) say("\n");
  }

 private:
  Session& session_;
  std::string prefix_;
  std::string rest_;
};

Async<Status> read_log(Session& session, Json machine, LogOptions options, bool several) {
  const auto name = meta_text(machine, "name");
  Voice voice(session, several ? "[" + name + "] " : "");
  const http::StreamingClient::OnChunk on_chunk = [&voice](std::string_view bytes) {
    voice.say(bytes);
    return Status();
  };
  auto path = pod_path(machine) + "/log" + query_of(options);
  const auto read = co_await session.api.stream(std::move(path), on_chunk);
  voice.end();
  if (!read.ok()) co_return annotate(read, name);
  if (options.follow) session.note("the log of " + name + " has ended");
  co_return Status();
}

}  // namespace

Async<Status> logs(Session& session, std::vector<Where> places, LogOptions options) {
  for (const auto& where : places)
    if (where.name.empty())
      co_return invalid("logs needs an App or a Machine, such as app/wiki or machine/wiki-0");
  GANTRY_CO_TRY_ASSIGN(const auto machines, co_await machines_at(session, std::move(places)));
  if (machines.empty()) co_return make_error(ErrorClass::not_found, "it has no containers yet");
  const bool several = machines.size() > 1;
  auto executor = co_await async::this_executor();
  async::Group group(executor);
  Status first;
  for (const auto& machine : machines) {
    const auto read = [&session, &first, machine, options, several]() -> Async<Status> {
      auto done = co_await read_log(session, machine, options, several);
      if (!done.ok() && first.ok())
        first = done;
      else if (!done.ok())
        session.note("error: " + message_of(done));
      co_return Status();
    };
    group.spawn("log", read);
    // Those that end by themselves come one after the other.
    if (!options.follow) (void)co_await group.join();
  }
  (void)co_await group.join();
  co_return first;
}

}  // namespace gantry::ctl

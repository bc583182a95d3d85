#include "cmd/gantryctl/watching.h"

#include "pkg/schema/json.h"

namespace gantry::ctl {
namespace {

// Told apart from errors: the callback has seen enough.
Status enough() {
  return make_error(ErrorClass::cancelled, "seen enough");
}

Async<Status> watch(http::StreamingClient& client, std::string token, std::string path,
                    std::string accept, std::function<bool(const Json&)> on_event) {
  http::Request request;
  request.target = std::move(path);
  if (!token.empty()) request.headers["Authorization"] = "Bearer " + token;
  request.headers["Accept"] = std::move(accept);
  request.headers["User-Agent"] = "gantryctl";
  auto splitter = std::make_shared<LineSplitter>();
  bool answered = false;
  const http::StreamingClient::OnHead on_head = [&answered](const http::Response& head) -> Status {
    answered = true;
    if (head.status == 200) return {};
    const auto kind = head.status == 503   ? ErrorClass::transport
                      : head.status >= 500 ? ErrorClass::remote
                                           : ErrorClass::invalid;
    return error(kind, "the server answered %d to a watch", head.status);
  };
  const http::StreamingClient::OnChunk on_chunk = [splitter,
                                                   &on_event](std::string_view chunk) -> Status {
    for (const auto& line : splitter->feed(chunk)) {
      GANTRY_TRY_ASSIGN(const auto event, schema::parse_json(line));
      if (!on_event(event)) return enough();
    }
    return {};
  };
  const auto ended = co_await client.stream(std::move(request), on_head, on_chunk);
  const bool done = ended.ok() || error_class(ended.status()) == ErrorClass::cancelled;
  if (done) co_return Status();
  if (!answered) co_return never_arrived(ended.status());
  co_return ended.status();
}

constexpr auto kReconnect = std::chrono::seconds(2);
constexpr auto kGiveUp = std::chrono::minutes(5);

// Of an object, or of the one that a table's rows are about.
std::string revision_of(const Json& object) {
  const auto* rows = object.find("rows");
  const Json* about = &object;
  if (rows != nullptr && rows->is_array() && rows->size() > 0) {
    about = rows->as_array().back().find("object");
    if (about == nullptr) return "";
  }
  const auto* revision = about->find_path({"metadata", "resourceVersion"});
  return revision != nullptr && revision->is_string() ? revision->as_string() : "";
}

// What a following has come to.
struct Following {
  std::string revision;
  bool enough = false;
  std::optional<Status> refused;
  std::function<bool(const std::string&, const Json&)> on_change;

  // False ends the stream.
  bool take(const Json& event) {
    const auto type = event.string_or("type", "");
    const auto* object = event.find("object");
    if (object == nullptr) return true;
    if (type == "ERROR") {
      const bool expired = object->integer_or("code", 0) == 410;
      if (expired) revision = "0";
      if (!expired)
        refused = make_error(ErrorClass::remote, object->string_or("message", "the watch failed"));
      return false;
    }
    if (auto seen = revision_of(*object); !seen.empty()) revision = std::move(seen);
    if (type == "BOOKMARK") return true;
    enough = !on_change(type, *object);
    return !enough;
  }
};

}  // namespace

Async<Status> follow(Session& session, std::string path, std::string accept, std::string revision,
                     std::function<bool(const std::string& type, const Json& object)> on_change) {
  Following following;
  following.revision = std::move(revision);
  following.on_change = std::move(on_change);
  const auto query = path.find('?') == std::string::npos ? "?" : "&";
  const std::function<bool(const Json&)> on_event = [&following](const Json& event) {
    return following.take(event);
  };
  auto heard = session.clock.now();
  bool away = false;
  while (true) {
    following.refused.reset();
    const auto before = following.revision;
    auto target = path + query + "watch=true&allowWatchBookmarks=true&resourceVersion=" + before;
    auto ended = co_await session.watch(std::move(target), accept, on_event);
    if (following.enough) co_return Status();
    if (ended.ok() && following.refused.has_value()) ended = *following.refused;
    if (ended.ok() || following.revision != before) heard = session.clock.now();
    const bool passes = ended.ok() || error_class(ended) == ErrorClass::transport ||
                        error_class(ended) == ErrorClass::remote;
    if (!passes || session.clock.now() - heard > kGiveUp) co_return ended;
    if (!ended.ok() && !away) session.note("gantryd has ended the watch; reconnecting");
    away = !ended.ok();
    GANTRY_CO_TRY(co_await session.clock.sleep_for(kReconnect));
  }
}

std::vector<std::string> LineSplitter::feed(std::string_view chunk) {
  rest_ += chunk;
  std::vector<std::string> lines;
  size_t begin = 0;
  for (size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
    if (end > begin) lines.push_back(rest_.substr(begin, end - begin));
    begin = end + 1;
  }
  rest_.erase(0, begin);
  return lines;
}

WatchEvents make_watch(http::StreamingClient& client, std::string token) {
  return [&client, token](std::string path, std::string accept,
                          std::function<bool(const Json&)> on_event) {
    return watch(client, token, std::move(path), std::move(accept), std::move(on_event));
  };
}

}  // namespace gantry::ctl

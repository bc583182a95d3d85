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
  request.headers["Authorization"] = "Bearer " + token;
  request.headers["Accept"] = std::move(accept);
  request.headers["User-Agent"] = "gantryctl";
  auto splitter = std::make_shared<LineSplitter>();
  const http::StreamingClient::OnHead on_head = [](const http::Response& head) -> Status {
    if (head.status == 200) return {};
    return error(ErrorClass::remote, "the server answered %d to a watch", head.status);
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
  co_return ended.status();
}

}  // namespace

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

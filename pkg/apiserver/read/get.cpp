#include "pkg/apiserver/present/renderer.h"
#include "pkg/apiserver/read/read.h"
#include "pkg/apiserver/request/status.h"

namespace gantry::apiserver {
namespace {

// As long as Kubernetes waits.
constexpr Duration kFreshTimeout = std::chrono::seconds(3);
constexpr Duration kFreshPoll = std::chrono::milliseconds(50);

}  // namespace

Async<std::optional<ApiError>> wait_for_revision(store::Reader& reader, async::Clock& clock,
                                                 int64_t revision) {
  const Time end = clock.now() + kFreshTimeout;
  while (reader.revision() < revision) {
    const bool late = clock.now() >= end;
    if (late) co_return too_large_revision(revision, reader.revision());
    const Status slept = co_await clock.sleep_for(kFreshPoll);
    if (!slept.ok()) co_return too_large_revision(revision, reader.revision());
  }
  co_return std::nullopt;
}

Async<Answer> serve_get(Reading& reading, ReadRequest request) {
  ListOptions options;
  if (auto wrong = read_list_options(request.info, reading.tokens, options))
    co_return wrong->to_response();
  auto late = co_await wait_for_revision(reading.reader, reading.clock, options.revision);
  if (late) co_return late->to_response();
  const store::Key key{request.kind.resource(), request.info.ns, request.info.name};
  const auto record = reading.reader.find(key);
  if (!record) co_return not_found_error(request.info).to_response();
  const Renderer renderer(request.kind, request.accepted, request.info.query("includeObject"),
                          reading.clock.now());
  http::Response response;
  response.headers["Content-Type"] = renderer.content_type();
  response.body = renderer.object(*record);
  co_return response;
}

}  // namespace gantry::apiserver

#include "api/kinds.h"
#include "pkg/apiserver/pods/log.h"
#include "pkg/apiserver/request/body.h"
#include "pkg/apiserver/server.h"
#include "pkg/apiserver/views/event_view.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

bool is_read(const RequestInfo& info) {
  return info.verb == "get" || info.verb == "list" || info.verb == "watch";
}

// What a client of the newer group sends, in the words of the core group. The paths of a JSON patch
// would have to be rewritten too: nobody sends one.
Status to_core_event(http::Request& request, RequestInfo& info) {
  const auto type = content_type(request);
  if (type == "application/json-patch+json")
    return make_error(ErrorClass::unsupported, "events of events.k8s.io take no JSON patch");
  info.group = "";
  info.version = "v1";
  if (request.body.empty()) return {};
  GANTRY_TRY_ASSIGN(const auto body, read_body(request));
  // DeleteOptions stay what they are.
  const bool is_event = info.verb != "delete" && info.verb != "deletecollection";
  request.body = schema::to_json(is_event ? core_event_of(body) : body);
  if (info.verb != "patch") request.headers["Content-Type"] = "application/json";
  return {};
}

}  // namespace

Async<std::optional<http::Response>> Server::write_newer_event(http::Request request,
                                                               RequestInfo info, const Call& call,
                                                               http::ResponseStream& stream) {
  if (const auto read = to_core_event(request, info); !read.ok())
    co_return to_api_error(read, info).to_response();
  request.headers["Accept"] = "application/json";
  const auto& kind = *api::find_by_resource("events");
  auto answer = co_await serve_resource(request, info, kind, call, stream);
  if (!answer || answer->status >= 300) co_return answer;
  const auto object = schema::parse_json(answer->body);
  if (object.ok() && object->string_or("kind", "") == "Event")
    answer->body = schema::to_json(*newer_event_of(*object)) + "\n";
  co_return answer;
}

Async<std::optional<http::Response>> Server::serve_view(const http::Request& request,
                                                        const RequestInfo& info,
                                                        const api::meta::Kind& kind,
                                                        const Call& call,
                                                        http::ResponseStream& stream) {
  const bool pods = kind.kind == "Pod";
  const bool named = !info.ns.empty() && !info.name.empty();
  if (pods && named && info.subresource == "log" && info.verb == "get")
    co_return co_await serve_log(pods_, clock_, info, stream);
  if (pods && named && info.subresource == "exec" && info.verb == "create")
    co_return co_await serve_exec(pods_, request, info, stream);
  if (!info.subresource.empty()) co_return method_not_allowed(info).to_response();
  if (is_read(info)) {
    if (info.verb == "get" && !named) co_return not_found_error(info).to_response();
    co_return co_await serve_resource(request, info, kind, call, stream);
  }
  if (kind.kind != "Event") co_return method_not_allowed(info).to_response();
  co_return co_await write_newer_event(request, info, call, stream);
}

}  // namespace gantry::apiserver

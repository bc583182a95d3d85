#include "pkg/apiserver/server.h"

#include "api/kinds.h"
#include "pkg/apiserver/authz/authorizer.h"
#include "pkg/apiserver/present/accept.h"
#include "pkg/apiserver/request/body.h"
#include "pkg/apiserver/rest.h"
#include "pkg/apiserver/watch/watch.h"
#include "pkg/base/log.h"
#include "pkg/base/text.h"

namespace gantry::apiserver {
namespace {

http::Response text_response(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers["Content-Type"] = "text/plain; charset=utf-8";
  response.headers["X-Content-Type-Options"] = "nosniff";
  response.body = std::move(body);
  return response;
}

std::string path_of(const RequestInfo& info) {
  std::string path;
  for (const auto& segment : info.target.segments)
    if (!segment.empty()) path += "/" + segment;
  return path;
}

// The form that kubectl reads for its version skew check.
Json version_document(const std::string& version) {
  Json document;
  document.set("major", "1");
  document.set("minor", "32");
  document.set("gitVersion", "v1.32.0+gantry-" + version);
  document.set("gitCommit", "");
  document.set("gitTreeState", "clean");
  document.set("buildDate", "1970-01-01T00:00:00Z");
  document.set("goVersion", "none");
  document.set("compiler", "g++");
  document.set("platform", "linux/amd64");
  return document;
}

bool serves(const api::meta::Kind& kind, const RequestInfo& info) {
  if (info.version != kind.version) return false;
  const bool known = info.subresource.empty() ||
                     (info.subresource == "status" && kind.has_status) ||
                     (info.subresource == "scale" && kind.has_scale());
  if (!known) return false;
  if (!kind.namespaced && !info.ns.empty()) return false;
  // Writes and single objects need the namespace; only lists and watches may span all of them.
  const bool spans = info.verb == "list" || info.verb == "watch";
  return !kind.namespaced || !info.ns.empty() || spans;
}

}  // namespace

Server::Server(store::Store& store, async::Clock& clock, metrics::Registry& metrics,
               ServerOptions options)
    : store_(store),
      clock_(clock),
      options_(std::move(options)),
      reading_{store.reader(), clock, ContinueTokens(options_.continue_key), ListCache()},
      watching_{store.reader(), clock, WatchLimits(options_.watches_per_user)},
      requests_(metrics.counter("gantry_api_requests_total",
                                "API requests answered, by verb, resource and HTTP status.",
                                {"verb", "resource", "code"})),
      seconds_(metrics.histogram("gantry_api_request_seconds",
                                 "Time to answer an API request, watches excepted.", {"verb"})) {}

std::optional<http::Response> Server::health(const RequestInfo& info) const {
  const auto path = path_of(info);
  if (path == "/healthz" || path == "/livez") return text_response(200, "ok");
  if (path == "/readyz") return ready();
  return std::nullopt;
}

http::Response Server::ready() const {
  std::string failed;
  for (const auto& [name, check] : options_.readiness)
    if (const auto status = check(); !status.ok())
      failed += "[-]" + name + " failed: " + message_of(status) + "\n";
  if (failed.empty()) return text_response(200, "ok");
  auto response = text_response(503, failed + "readyz check failed\n");
  response.headers["Retry-After"] = "1";
  return response;
}

std::optional<http::Response> Server::documents(const http::Request& request,
                                                const RequestInfo& info) const {
  if (info.verb != "get" && info.verb != "head") return std::nullopt;
  if (path_of(info) == "/version") return json_response(200, version_document(options_.version));
  if (auto found = discovery_.answer(request, info)) return found;
  return openapi_.answer(request, info);
}

Async<std::optional<http::Response>> Server::serve_resource(const http::Request& request,
                                                            const RequestInfo& info,
                                                            const api::meta::Kind& kind,
                                                            std::string user,
                                                            http::ResponseStream& stream) {
  const auto accepted = negotiate(request, info.query("pretty"));
  if (!accepted.ok()) {
    auto refused = to_api_error(accepted.status(), info);
    refused.code = 406;
    refused.reason = "NotAcceptable";
    co_return refused.to_response();
  }
  if (info.verb == "watch") {
    WatchRequest watch(kind, info, *accepted, std::move(user));
    co_return co_await serve_watch(watching_, std::move(watch), stream);
  }
  const bool reads = info.verb == "get" || info.verb == "list";
  if (reads && info.subresource != "scale") {
    const auto encoding = request.headers.find("Accept-Encoding");
    const bool gzip = encoding != request.headers.end() && http::accepts_gzip(encoding->second);
    ReadRequest read(kind, info, *accepted, gzip);
    if (info.verb == "get") co_return co_await serve_get(reading_, std::move(read));
    co_return co_await serve_list(reading_, std::move(read), stream);
  }
  const auto agent = request.headers.find("User-Agent");
  Rest rest(store_, kind, info, options_.validators, *accepted,
            agent == request.headers.end() ? std::string() : agent->second, clock_.now());
  if (!info.subresource.empty() && info.verb != "get" && info.verb != "update" &&
      info.verb != "patch")
    co_return method_not_allowed(info).to_response();
  if (info.verb == "get") co_return rest.get_scale();
  Json body = Json::object();
  if (!request.body.empty()) {
    auto read = read_body(request);
    if (!read.ok()) co_return to_api_error(read.status(), info).to_response();
    body = *std::move(read);
  }
  if (info.verb == "create" && info.name.empty()) co_return co_await rest.create(std::move(body));
  if (info.verb == "update") co_return co_await rest.update(std::move(body));
  if (info.verb == "patch") co_return co_await rest.patch(content_type(request), std::move(body));
  if (info.verb == "delete") co_return co_await rest.remove(std::move(body));
  if (info.verb == "deletecollection") co_return co_await rest.remove_collection(std::move(body));
  co_return method_not_allowed(info).to_response();
}

Async<std::optional<http::Response>> Server::dispatch(const http::Request& request,
                                                      const RequestInfo& info,
                                                      http::ResponseStream& stream) {
  if (auto answer = health(info)) co_return answer;
  const auto user = authenticate(request, store_, clock_.now());
  if (!user.ok()) co_return unauthorized().to_response();
  if (!is_allowed(*user, info)) co_return forbidden(info, user->name).to_response();
  if (auto answer = documents(request, info)) co_return answer;
  const auto* kind = info.is_resource ? api::find_by_resource(info.resource()) : nullptr;
  if (kind == nullptr || !serves(*kind, info)) co_return text_response(404, "404 page not found\n");
  auto name = user->name;
  co_return co_await serve_resource(request, info, *kind, std::move(name), stream);
}

void Server::observe(const RequestInfo& info, const std::optional<http::Response>& response,
                     Duration took) {
  // Only resources that exist become label values: a client cannot make series at will.
  const bool known = info.is_resource && api::find_by_resource(info.resource()) != nullptr;
  const auto resource = known ? info.plural : std::string("none");
  const auto verb = info.is_resource ? info.verb : std::string("get");
  requests_.increment({verb, resource, std::to_string(response ? response->status : 200)});
  if (verb != "watch") seconds_.observe(std::chrono::duration<double>(took).count(), {verb});
}

Async<std::optional<http::Response>> Server::handle(http::Request request, http::Peer peer,
                                                    http::ResponseStream& stream) {
  const Time began = clock_.now();
  const auto info = parse_request(request);
  if (!info.ok()) co_return bad_request(message_of(info.status())).to_response();
  auto response = co_await dispatch(request, *info, stream);
  const Duration took = clock_.now() - began;
  observe(*info, response, took);
  const int status = response ? response->status : 200;
  log::debug("request", {{"method", request.method},
                         {"path", path_of(*info)},
                         {"from", peer.address},
                         {"status", status},
                         {"took", human_duration(took)}});
  co_return response;
}

}  // namespace gantry::apiserver

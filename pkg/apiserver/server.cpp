#include "pkg/apiserver/server.h"

#include <algorithm>

#include "api/kinds.h"
#include "api/views/views.h"
#include "pkg/apiserver/present/accept.h"
#include "pkg/apiserver/request/body.h"
#include "pkg/apiserver/rest.h"
#include "pkg/apiserver/reviews.h"
#include "pkg/apiserver/warning.h"
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
  const bool known =
      info.subresource.empty() || (info.subresource == "status" && kind.has_status) ||
      (info.subresource == "scale" && kind.has_scale()) ||
      std::ranges::any_of(kind.subresources,
                          [&info](const auto& one) { return one.name == info.subresource; });
  if (!known) return false;
  if (!kind.namespaced && !info.ns.empty()) return false;
  // Writes and single objects need the namespace; only lists and watches may span all of them.
  const bool spans = info.verb == "list" || info.verb == "watch";
  return !kind.namespaced || !info.ns.empty() || spans;
}

// Requests that last as long as the client likes.
bool is_long_running(const RequestInfo& info) {
  if (info.verb == "watch") return true;
  for (const auto* stream : {"log", "exec", "attach", "portforward"})
    if (info.subresource == stream) return true;
  return false;
}

// Says the request's id in the head, and tells when a stream begins.
class TracedStream final : public http::ResponseStream {
 public:
  TracedStream(http::ResponseStream& stream, const std::string& id,
               std::function<void(http::Response&)> on_start)
      : stream_(stream), id_(id), on_start_(std::move(on_start)) {}
  Async<Status> start(http::Response head) override {
    head.headers["Audit-Id"] = id_;
    on_start_(head);
    return stream_.start(std::move(head));
  }
  Async<Status> write(std::string chunk) override { return stream_.write(std::move(chunk)); }
  Async<Status> upgrade(http::Headers headers) override {
    http::Response head;
    head.status = 101;
    on_start_(head);
    headers["Audit-Id"] = id_;
    return stream_.upgrade(std::move(headers));
  }
  Async<Result<std::string>> read() override { return stream_.read(); }

 private:
  http::ResponseStream& stream_;
  const std::string& id_;
  std::function<void(http::Response&)> on_start_;
};

}  // namespace

Server::Server(store::Store& store, async::Clock& clock, metrics::Registry& metrics,
               ServerOptions options)
    : store_(store),
      clock_(clock),
      options_(std::move(options)),
      views_(store.reader()),
      reading_{views_, clock, ContinueTokens(options_.continue_key), ListCache()},
      watching_{views_, clock, WatchLimits(options_.watches_per_user)},
      pods_{store, options_.find_guest},
      access_(store, options_.accounts, options_.oidc),
      callbacks_(store, options_.callbacks),
      fair_(clock, metrics, options_.fair),
      life_(absl::StrFormat("%x", to_unix_seconds(clock.now()))),
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
  if (const auto page = options_.pages.find(path_of(info)); page != options_.pages.end())
    return page->second();
  if (path_of(info) == "/version") return json_response(200, version_document(options_.version));
  if (auto found = discovery_.answer(request, info)) return found;
  return openapi_.answer(request, info);
}

Async<std::optional<http::Response>> Server::serve_resource(const http::Request& request,
                                                            const RequestInfo& info,
                                                            const api::meta::Kind& kind,
                                                            const Call& call,
                                                            http::ResponseStream& stream) {
  const auto accepted = negotiate(request, info.query("pretty"));
  if (!accepted.ok()) {
    auto refused = to_api_error(accepted.status(), info);
    refused.code = 406;
    refused.reason = "NotAcceptable";
    co_return refused.to_response();
  }
  const User& user = call.caller.user;
  const bool asks = !kind.stored || info.subresource == "token";
  if (asks && (info.verb != "create" || info.name.empty() == (info.subresource == "token")))
    co_return method_not_allowed(info).to_response();
  if (info.verb == "watch") {
    WatchRequest watch(kind, info, *accepted, user.name);
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
  Rest rest(
      store_, kind, info, options_.validators,
      [this, &user, &info](const Json* old, const Json& object) {
        return access_.guard(user, info, old, object);
      },
      *accepted, call.user_agent, clock_.now());
  if (!asks && !info.subresource.empty() && info.verb != "get" && info.verb != "update" &&
      info.verb != "patch")
    co_return method_not_allowed(info).to_response();
  if (info.verb == "get") co_return rest.get_scale();
  Json body = Json::object();
  if (!request.body.empty()) {
    auto read = read_body(request);
    if (!read.ok()) co_return to_api_error(read.status(), info).to_response();
    body = *std::move(read);
  }
  const ReviewContext context(store_, access_, options_.accounts, options_.random, user,
                              clock_.now());
  if (info.subresource == "token") co_return answer_token_request(context, info, body);
  if (!kind.stored) co_return co_await answer_review(context, info, kind, std::move(body));
  if (info.verb == "create" && info.name.empty()) co_return co_await rest.create(std::move(body));
  if (info.verb == "update") co_return co_await rest.update(std::move(body));
  if (info.verb == "patch") co_return co_await rest.patch(content_type(request), std::move(body));
  if (info.verb == "delete") co_return co_await rest.remove(std::move(body));
  if (info.verb == "deletecollection") co_return co_await rest.remove_collection(std::move(body));
  co_return method_not_allowed(info).to_response();
}

Async<std::optional<http::Response>> Server::dispatch(const http::Request& request,
                                                      const RequestInfo& info,
                                                      const http::Peer& peer, Call& call,
                                                      http::ResponseStream& stream) {
  if (auto answer = health(info)) {
    call.noted = false;
    co_return answer;
  }
  if (callbacks_.concerns(info)) {
    auto heard = co_await callbacks_.answer(request, info, peer, call.began, call.caller.user);
    co_return heard;
  }
  call.caller = co_await access_.admit(request, info, peer, call.began);
  if (call.caller.refused) co_return call.caller.refused->to_response();
  // Who acts as others takes turns as himself.
  const auto& payer = call.caller.impersonator ? *call.caller.impersonator : call.caller.user;
  const bool lasts = is_long_running(info);
  Result<Place> place = Place();
  if (lasts)
    place = fair_.enter_watch(payer.name);
  else
    place = co_await fair_.enter(payer.name);
  if (!place.ok()) co_return to_api_error(place.status(), info).to_response();
  co_return co_await serve(request, info, call, stream);
}

Async<std::optional<http::Response>> Server::serve(const http::Request& request,
                                                   const RequestInfo& info, const Call& call,
                                                   http::ResponseStream& stream) {
  if (auto answer = documents(request, info)) co_return answer;
  const auto* kind = info.is_resource ? api::find_by_resource(info.resource()) : nullptr;
  const auto* view = info.is_resource ? api::views::find_by_resource(info.resource()) : nullptr;
  if (view != nullptr && view->version == info.version)
    co_return co_await serve_view(request, info, *view, call, stream);
  if (kind == nullptr || !serves(*kind, info)) co_return text_response(404, "404 page not found\n");
  co_return co_await serve_resource(request, info, *kind, call, stream);
}

void Server::observe(const RequestInfo& info, const std::optional<http::Response>& response,
                     Duration took) {
  // Only resources that exist become label values: a client cannot make series at will.
  const bool known = info.is_resource && (api::find_by_resource(info.resource()) != nullptr ||
                                          api::views::find_by_resource(info.resource()) != nullptr);
  const auto resource = known ? info.plural : std::string("none");
  const auto verb = info.is_resource ? info.verb : std::string("get");
  requests_.increment({verb, resource, std::to_string(response ? response->status : 200)});
  if (verb != "watch") seconds_.observe(std::chrono::duration<double>(took).count(), {verb});
}

// What is read while the database is away is what was known last: true, and perhaps old.
void Server::mark_stale(const RequestInfo& info, http::Response& response) const {
  const bool reads = info.verb == "get" || info.verb == "list" || info.verb == "watch";
  if (!info.is_resource || !reads || response.status != 200) return;
  const auto health = store_.health();
  if (!health.ok()) add_warning(response, message_of(health));
}

std::string Server::next_id() {
  return life_ + "-" + std::to_string(++ids_);
}

void Server::note(const Call& call, const RequestInfo& info, const char* stage,
                  const http::Response* response) {
  if (options_.audit == nullptr || !call.noted) return;
  AuditEntry entry;
  entry.at = call.began;
  entry.id = call.id;
  entry.stage = stage;
  entry.user = call.caller.user.name;
  entry.groups = call.caller.user.groups;
  if (call.caller.impersonator) entry.impersonated_by = call.caller.impersonator->name;
  entry.source = call.source;
  entry.user_agent = call.user_agent;
  entry.verb = info.verb;
  entry.path = path_of(info);
  entry.group = info.group;
  entry.resource = info.plural;
  entry.subresource = info.subresource;
  entry.ns = info.ns;
  entry.name = info.name;
  entry.code = response != nullptr ? response->status : 200;
  if (call.caller.refused) entry.reason = call.caller.refused->reason;
  entry.took = clock_.now() - call.began;
  options_.audit->note(entry);
}

http::Response Server::refuse(int status, std::string message, const http::Peer& peer) {
  const auto id = next_id();
  log::debug("request refused",
             {{"id", id}, {"from", peer.address}, {"status", status}, {"error", message}});
  ApiError error;
  error.code = status;
  error.reason = status == 413 ? "RequestEntityTooLarge" : status == 408 ? "Timeout" : "BadRequest";
  error.message = std::move(message);
  auto response = error.to_response();
  response.headers["Audit-Id"] = id;
  return response;
}

Async<std::optional<http::Response>> Server::handle(http::Request request, http::Peer peer,
                                                    http::ResponseStream& stream) {
  Call call;
  call.id = next_id();
  call.began = clock_.now();
  call.source = peer.address;
  if (const auto agent = request.headers.find("User-Agent"); agent != request.headers.end())
    call.user_agent = agent->second;
  const auto info = parse_request(request);
  if (!info.ok()) co_return refuse(400, message_of(info.status()), peer);
  TracedStream traced(stream, call.id, [&](http::Response& head) {
    mark_stale(*info, head);
    note(call, *info, "ResponseStarted", &head);
  });
  auto response = co_await dispatch(request, *info, peer, call, traced);
  if (response) {
    response->headers["Audit-Id"] = call.id;
    mark_stale(*info, *response);
  }
  const Duration took = clock_.now() - call.began;
  observe(*info, response, took);
  note(call, *info, "ResponseComplete", response ? &*response : nullptr);
  const int status = response ? response->status : 200;
  log::debug("request", {{"id", call.id},
                         {"method", request.method},
                         {"path", path_of(*info)},
                         {"from", peer.address},
                         {"status", status},
                         {"took", human_duration(took)}});
  co_return response;
}

}  // namespace gantry::apiserver

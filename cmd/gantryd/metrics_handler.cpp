#include "cmd/gantryd/metrics_handler.h"

#include "pkg/apiserver/authn/authenticator.h"
#include "pkg/apiserver/request/status.h"

namespace gantry::daemon {
namespace {

bool is_metrics(const http::Request& request) {
  return request.method == "GET" &&
         request.target.substr(0, request.target.find('?')) == "/metrics";
}

http::Response render(const metrics::prometheus::Registry& registry) {
  http::Response response;
  response.headers["Content-Type"] = metrics::prometheus::Registry::kContentType;
  response.body = registry.render();
  return response;
}

}  // namespace

Async<std::optional<http::Response>> MetricsHandler::handle(http::Request request, http::Peer peer,
                                                            http::ResponseStream& stream) {
  if (!is_metrics(request))
    co_return co_await api_.handle(std::move(request), std::move(peer), stream);
  const auto user = apiserver::authenticate(request, store_, clock_.now());
  if (!user.ok()) co_return apiserver::unauthorized().to_response();
  co_return render(registry_);
}

Async<std::optional<http::Response>> BareMetricsHandler::handle(http::Request request, http::Peer,
                                                                http::ResponseStream&) {
  if (is_metrics(request)) co_return render(registry_);
  http::Response missing;
  missing.status = 404;
  missing.body = "only /metrics is here\n";
  co_return missing;
}

}  // namespace gantry::daemon

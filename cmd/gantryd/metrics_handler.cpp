#include "cmd/gantryd/metrics_handler.h"

namespace gantry::daemon {
namespace {

bool is_metrics(const http::Request& request) {
  return request.method == "GET" &&
         request.target.substr(0, request.target.find('?')) == "/metrics";
}

}  // namespace

http::Response render_metrics(const metrics::prometheus::Registry& registry) {
  http::Response response;
  response.headers["Content-Type"] = metrics::prometheus::Registry::kContentType;
  response.body = registry.render();
  return response;
}

Async<std::optional<http::Response>> BareMetricsHandler::handle(http::Request request, http::Peer,
                                                                http::ResponseStream&) {
  if (is_metrics(request)) co_return render_();
  http::Response missing;
  missing.status = 404;
  missing.body = "only /metrics is here\n";
  co_return missing;
}

}  // namespace gantry::daemon

#pragma once
// /metrics on a port of its own, for everybody who can reach it.
#include <functional>

#include "pkg/http/http.h"
#include "pkg/metrics/prometheus/registry.h"

namespace gantry::daemon {

http::Response render_metrics(const metrics::prometheus::Registry& registry);

// Nothing but /metrics, without credentials: bind it where only Prometheus can reach it.
class BareMetricsHandler final : public http::Handler {
 public:
  explicit BareMetricsHandler(std::function<http::Response()> render)
      : render_(std::move(render)) {}
  Async<std::optional<http::Response>> handle(http::Request request, http::Peer peer,
                                              http::ResponseStream& stream) override;

 private:
  std::function<http::Response()> render_;
};

}  // namespace gantry::daemon

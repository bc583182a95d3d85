#pragma once
// /metrics: for authenticated users on the API port, for everybody on a port of its own.
#include "pkg/async/clock.h"
#include "pkg/http/http.h"
#include "pkg/metrics/prometheus/registry.h"
#include "pkg/store/store.h"

namespace gantry::daemon {

// Answers /metrics for users with a valid token and gives everything else to the API.
class MetricsHandler final : public http::Handler {
 public:
  MetricsHandler(const metrics::prometheus::Registry& registry, http::Handler& api,
                 const store::Store& store, const async::Clock& clock)
      : registry_(registry), api_(api), store_(store), clock_(clock) {}
  Async<std::optional<http::Response>> handle(http::Request request, http::Peer peer,
                                              http::ResponseStream& stream) override;

 private:
  const metrics::prometheus::Registry& registry_;
  http::Handler& api_;
  const store::Store& store_;
  const async::Clock& clock_;
};

// Nothing but /metrics, without credentials: bind it where only Prometheus can reach it.
class BareMetricsHandler final : public http::Handler {
 public:
  explicit BareMetricsHandler(const metrics::prometheus::Registry& registry)
      : registry_(registry) {}
  Async<std::optional<http::Response>> handle(http::Request request, http::Peer peer,
                                              http::ResponseStream& stream) override;

 private:
  const metrics::prometheus::Registry& registry_;
};

}  // namespace gantry::daemon

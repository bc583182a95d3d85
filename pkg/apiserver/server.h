#pragma once
// Server: the http::Handler of the Kubernetes API.
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pkg/apiserver/authn/authenticator.h"
#include "pkg/apiserver/discovery.h"
#include "pkg/apiserver/openapi.h"
#include "pkg/apiserver/read/read.h"
#include "pkg/apiserver/watch/watch.h"
#include "pkg/apiserver/write/admission.h"
#include "pkg/async/clock.h"
#include "pkg/http/http.h"
#include "pkg/metrics/metrics.h"
#include "pkg/store/store.h"

namespace gantry::apiserver {

// A named readiness check; not OK makes /readyz answer 503 with its message.
using Check = std::pair<std::string, std::function<Status()>>;

struct ServerOptions {
  std::string version;                // of Gantry, "0.1.0"
  std::vector<Validator> validators;  // rules beyond the schema
  std::vector<Check> readiness;
  // Seals the continue tokens of lists. Daemons on one database share it, so that a client may ask
  // another for the next page.
  std::string continue_key = "gantry";
  int watches_per_user = 2000;
};

// Answers everything below "/": health without credentials, everything else for authenticated
// users only. Holds references to the store, the clock and the metrics registry.
class Server final : public http::Handler {
 public:
  Server(store::Store& store, async::Clock& clock, metrics::Registry& metrics,
         ServerOptions options);

  Async<std::optional<http::Response>> handle(http::Request request, http::Peer peer,
                                              http::ResponseStream& stream) override;

 private:
  std::optional<http::Response> health(const RequestInfo& info) const;
  http::Response ready() const;
  std::optional<http::Response> documents(const http::Request& request,
                                          const RequestInfo& info) const;
  Async<std::optional<http::Response>> dispatch(const http::Request& request,
                                                const RequestInfo& info,
                                                http::ResponseStream& stream);
  Async<std::optional<http::Response>> serve_resource(const http::Request& request,
                                                      const RequestInfo& info,
                                                      const api::meta::Kind& kind, std::string user,
                                                      http::ResponseStream& stream);
  void observe(const RequestInfo& info, const std::optional<http::Response>& response,
               Duration took);

  store::Store& store_;
  async::Clock& clock_;
  ServerOptions options_;
  Reading reading_;
  Watching watching_;
  Discovery discovery_;
  OpenApi openapi_;
  metrics::Counter requests_;
  metrics::Histogram seconds_;
};

}  // namespace gantry::apiserver

#pragma once
// Server: the http::Handler of the Kubernetes API.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pkg/apiserver/access.h"
#include "pkg/apiserver/audit/audit.h"
#include "pkg/apiserver/callbacks.h"
#include "pkg/apiserver/discovery/discovery.h"
#include "pkg/apiserver/discovery/openapi.h"
#include "pkg/apiserver/fairness/fair_queue.h"
#include "pkg/apiserver/pods/exec.h"
#include "pkg/apiserver/read/read.h"
#include "pkg/apiserver/views/view_reader.h"
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
  FindGuest find_guest = {};  // for logs and exec
  // Seals the continue tokens of lists. Daemons on one database share it, so that a client may ask
  // another for the next page.
  std::string continue_key = "gantry";
  int watches_per_user = 2000;
  // Further documents by path, such as /metrics: for those whom RBAC allows to get them.
  std::map<std::string, std::function<http::Response()>> pages = {};
  const callback::Tokens* callbacks = nullptr;  // null: containers are not heard
  const AccountTokens* accounts = nullptr;      // null: ServiceAccounts get no tokens
  Random* random = nullptr;                     // with accounts; fit for secrets
  Oidc* oidc = nullptr;                         // null: no OIDC
  AuditLog* audit = nullptr;                    // null: no audit log
  FairLimits fair = {};
};

// Answers everything below "/": health without credentials, callbacks of containers with tokens of
// their own, everything else for authenticated
// users only, as far as RBAC allows it, in fair turns, and noted in the audit log under the id that
// the answer's Audit-Id says. Holds references to the store, the clock and the metrics registry.
class Server final : public http::Handler {
 public:
  Server(store::Store& store, async::Clock& clock, metrics::Registry& metrics,
         ServerOptions options);

  Async<std::optional<http::Response>> handle(http::Request request, http::Peer peer,
                                              http::ResponseStream& stream) override;
  // A Status, with a request id of its own.
  http::Response refuse(int status, std::string message, const http::Peer& peer) override;

 private:
  std::optional<http::Response> health(const RequestInfo& info) const;
  http::Response ready() const;
  std::optional<http::Response> documents(const http::Request& request,
                                          const RequestInfo& info) const;
  // What is known of a request while it is served.
  struct Call {
    std::string id;
    Time began;
    Caller caller;
    std::string source, user_agent;
    bool noted = true;  // in the audit log
  };
  Async<std::optional<http::Response>> dispatch(const http::Request& request,
                                                const RequestInfo& info, const http::Peer& peer,
                                                Call& call, http::ResponseStream& stream);
  Async<std::optional<http::Response>> serve(const http::Request& request, const RequestInfo& info,
                                             const Call& call, http::ResponseStream& stream);
  Async<std::optional<http::Response>> serve_resource(const http::Request& request,
                                                      const RequestInfo& info,
                                                      const api::meta::Kind& kind, const Call& call,
                                                      http::ResponseStream& stream);
  // Views: pods with log and exec, their metrics, newer Events, Services.
  Async<std::optional<http::Response>> serve_view(const http::Request& request,
                                                  const RequestInfo& info,
                                                  const api::meta::Kind& kind, const Call& call,
                                                  http::ResponseStream& stream);
  Async<std::optional<http::Response>> write_newer_event(http::Request request, RequestInfo info,
                                                         const Call& call,
                                                         http::ResponseStream& stream);
  void note(const Call& call, const RequestInfo& info, const char* stage,
            const http::Response* response);
  void mark_stale(const RequestInfo& info, http::Response& response) const;
  std::string next_id();
  void observe(const RequestInfo& info, const std::optional<http::Response>& response,
               Duration took);

  store::Store& store_;
  async::Clock& clock_;
  ServerOptions options_;
  ViewReader views_;
  Reading reading_;
  Watching watching_;
  PodService pods_;
  Discovery discovery_;
  OpenApi openapi_;
  Access access_;
  Callbacks callbacks_;
  FairQueue fair_;
  std::string life_;  // tells the ids of this process from those of others
  uint64_t ids_ = 0;
  metrics::Counter requests_;
  metrics::Histogram seconds_;
};

}  // namespace gantry::apiserver

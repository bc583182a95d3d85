#pragma once
// Session: one exchange with the API of a cluster: credentials, fail-over, errors.
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "pkg/async/clock.h"
#include "pkg/async/event.h"
#include "pkg/base/json.h"
#include "pkg/http/http.h"

namespace gantry::pve {

// One of the cluster's nodes: its pveproxy, and the name that error texts give it.
struct NamedEndpoint {
  std::string name;
  std::shared_ptr<http::Client> client;
};

// An API token: "gantry@pve!daemon" and its secret. Needs no login and no CSRF token.
struct TokenCredentials {
  std::string id;
  std::string secret;
};
// A user, "root@pam", who gets a ticket that lives two hours. Users with a second factor are
// refused: tokens are for programs.
struct PasswordCredentials {
  std::string user;
  std::string password;
};
using Credentials = std::variant<TokenCredentials, PasswordCredentials>;

struct ClientOptions {
  std::vector<NamedEndpoint> endpoints;  // at least one; tried in this order
  Credentials credentials;
  async::Clock* clock = nullptr;  // must outlive the client
  // Above pveproxy's own 30 s, so that its 596 arrives (pve-http-server, AnyEvent.pm).
  Duration request_timeout = std::chrono::seconds(35);
  // For reads that a node answers from memory: silence is noticed sooner.
  Duration quick_timeout = std::chrono::seconds(8);
  size_t body_max = size_t{16} << 20;
};

// What to ask.
struct Call {
  std::string method = "GET";
  std::string path;  // "/nodes/pve1/lxc", encoded; without /api2/json
  std::vector<std::pair<std::string, std::string>> fields;
  std::string what;    // for error texts: "start guest 100 on pve1"
  bool quick = false;  // a read that a node answers from memory
  bool is_write() const { return method != "GET"; }
};

// How an endpoint answered when it was asked last.
struct EndpointSight {
  std::string name;
  Time asked_at;  // when nobody has asked it yet: since when it could be
  bool asked = false;
  Status problem;  // no answer at all; an HTTP error is one
};

// Not thread-safe; calls may overlap. Must outlive them.
class Session {
 public:
  explicit Session(ClientOptions options);

  // The answer's JSON: "data" and its side keys. Errors as client.h says, prefixed with `what`,
  // never with a secret in them. A read is tried on every endpoint; a write goes to another one
  // only when it cannot have been sent. After a write, Transport, Timeout and Schema errors are
  // marked (http::may_have_been_sent): the effect is unknown.
  Async<Result<Json>> call(Call call);
  // In the order of the options. One that is not in use is asked for its version now and then.
  const std::vector<EndpointSight>& sights() const { return sights_; }

 private:
  struct Ticket {
    std::string value;
    std::string csrf;
    Time issued;
  };
  Async<Result<Json>> attempt(Call call);
  // Sends to the endpoints in turn, from the one that answered last.
  Async<Result<http::Response>> exchange(http::Request request, bool write, Duration timeout);
  Async<Result<http::Response>> send_to(size_t index, http::Request request, Duration timeout);
  // Of those that are not in use one that nobody has asked for long.
  std::optional<size_t> overdue() const;
  // Asks that one for its version, with the credentials of a read that is about to be sent.
  Async<void> look_at_idle(http::Request like);
  Async<Status> authorize(http::Request& request, bool write);
  Async<Status> ensure_ticket();
  Async<Status> login(std::string password);
  Status redacted(const Status& status, const Call& call) const;
  bool uses_ticket() const { return std::holds_alternative<PasswordCredentials>(credentials_); }

  std::vector<NamedEndpoint> endpoints_;
  std::vector<EndpointSight> sights_;
  Credentials credentials_;
  async::Clock& clock_;
  Duration timeout_, quick_timeout_;
  size_t body_max_;
  size_t current_ = 0;
  std::optional<Ticket> ticket_;
  async::Semaphore login_turn_{1};
  int logins_refused_ = 0;
  Time next_login_{};
};

// Reads an answer: its JSON, or the Status of its error. For tests on their own.
Result<Json> read_answer(const http::Response& response, bool write, size_t body_max);

}  // namespace gantry::pve

#pragma once
// The HTTP door: /api2/json of each node, with the transport's own traps: bodies without JSON,
// reason phrases that carry the text, parameters in query, form or JSON. Source: pve-http-server
// PVE/APIServer/AnyEvent.pm; answers of a real 9.2.
#include <map>
#include <memory>
#include <string>

#include "pkg/http/http.h"
#include "pkg/lab/model.h"

namespace gantry::lab {

// Logged-in people: POST /access/ticket.
class Tickets {
 public:
  explicit Tickets(Model& model) : model_(model) {}
  struct Ticket {
    Caller caller;
    std::string text, csrf;
    Time expires;
  };
  const Ticket& issue(const Caller& caller);
  // nullptr when unknown or expired.
  const Ticket* find(const std::string& text) const;

 private:
  Model& model_;
  std::map<std::string, Ticket> tickets_;
};

class HttpDoor final : public http::Handler {
 public:
  HttpDoor(Model& model, Tickets& tickets, NodeName node)
      : model_(model), tickets_(tickets), node_(std::move(node)) {}
  Async<std::optional<http::Response>> handle(http::Request request, http::Peer peer,
                                              http::ResponseStream& stream) override;

 private:
  // Who asks, or the 401.
  Refusal authenticate(const http::Request& request, Caller& caller) const;
  Reply log_in(const Params& params);
  Async<std::optional<Reply>> serve(http::Request request);

  Model& model_;
  Tickets& tickets_;
  NodeName node_;
};

class HttpDoors {
 public:
  explicit HttpDoors(Model& model) : model_(model), tickets_(model) {}
  // Requires a node of the lab.
  http::Handler& at(const NodeName& node);

 private:
  Model& model_;
  Tickets tickets_;
  std::map<NodeName, std::unique_ptr<HttpDoor>> doors_;
};

// Query and body into parameters; the query wins. A refusal for bodies that the server does not
// take.
Refusal read_parameters(const http::Request& request, const http::Target& target, Params& params);

// The reply as the wire has it. `with_message`: older servers say errors in the reason only.
http::Response to_response(const Reply& reply, bool with_message);

}  // namespace gantry::lab

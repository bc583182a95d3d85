#pragma once
// CallbackCheck: whether containers would find our callback route at the address they are told.
#include <memory>
#include <string>
#include <utility>

#include "pkg/async/clock.h"
#include "pkg/http/http.h"

namespace gantry::daemon {

class CallbackCheck {
 public:
  // `url`: as parse_endpoint() takes it. Holds the client.
  CallbackCheck(std::string url, std::unique_ptr<http::Client> client)
      : url_(std::move(url)), client_(std::move(client)) {}

  // Not OK while something else answers there, say a proxy that wants a login (BST-003). That
  // nobody answers is no fault of the route, and logged only: containers may have another way.
  const Status& status() const { return status_; }
  // One look, and the status after it. Shows no token and is no guess of one.
  Async<Status> look();
  // Looks now and once a minute, until cancelled.
  Async<Status> run(async::Clock& clock);

 private:
  std::string url_;
  std::unique_ptr<http::Client> client_;
  Status status_;
};

}  // namespace gantry::daemon

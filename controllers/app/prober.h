#pragma once
// Prober: asks an App's port from the daemon.
#include <cstdint>
#include <string>

#include "pkg/async/async.h"

namespace gantry::controllers::app {

// Errors: Transport when there is no way to the address (then the guest is asked), Timeout, Remote
// when the answer is no success.
class Prober {
 public:
  virtual ~Prober() = default;
  // OK for 200 … 399.
  virtual Async<Status> http(std::string address, int port, std::string path, Duration timeout) = 0;
  virtual Async<Status> tcp(std::string address, int port, Duration timeout) = 0;
};

}  // namespace gantry::controllers::app

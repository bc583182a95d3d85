#pragma once
// DaemonProber: health probes over the daemon's own sockets.
#include "controllers/app/prober.h"
#include "pkg/async/clock.h"

namespace gantry::daemon {

class DaemonProber final : public controllers::app::Prober {
 public:
  DaemonProber(Executor executor, async::Clock& clock)
      : executor_(std::move(executor)), clock_(clock) {}
  Async<Status> http(std::string address, int port, std::string path, Duration timeout) override;
  Async<Status> tcp(std::string address, int port, Duration timeout) override;

 private:
  Executor executor_;
  async::Clock& clock_;
};

}  // namespace gantry::daemon

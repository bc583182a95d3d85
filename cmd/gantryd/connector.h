#pragma once
// DaemonConnector: clusters over HTTPS and SSH.
#include "controllers/proxmoxcluster/connector.h"
#include "pkg/async/clock.h"

namespace gantry::daemon {

class DaemonConnector final : public controllers::proxmoxcluster::Connector {
 public:
  DaemonConnector(Executor executor, async::Clock& clock)
      : executor_(std::move(executor)), clock_(clock) {}

  Result<std::unique_ptr<pve::Client>> connect(
      const api::v1alpha1::ProxmoxClusterSpec& spec,
      const controllers::proxmoxcluster::SecretValues& credentials) override;
  Result<std::unique_ptr<guest::Channel>> open_channel(
      const api::v1alpha1::CommandChannel& spec,
      const controllers::proxmoxcluster::SecretValues& secret) override;
  std::vector<controllers::proxmoxcluster::EndpointSight> endpoints(
      const pve::Client& client) const override;

 private:
  Executor executor_;
  async::Clock& clock_;
};

}  // namespace gantry::daemon

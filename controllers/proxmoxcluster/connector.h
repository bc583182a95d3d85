#pragma once
// Connector: builds what speaks to a cluster, from its spec and secrets. Implemented by the
// composition root (HTTP and SSH) and by the simulation (the lab in memory).
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/v1alpha1/proxmoxcluster.h"
#include "pkg/guest/channel.h"
#include "pkg/pve/client.h"

namespace gantry::controllers::proxmoxcluster {

// Decoded values of a Secret by key; never logged.
using SecretValues = std::map<std::string, std::string>;

// How an endpoint of a cluster answered when it was asked last.
struct EndpointSight {
  std::string url;
  bool asked = false;
  Status problem;
  Time asked_at;
};

class Connector {
 public:
  virtual ~Connector() = default;
  // Does not wait for the cluster. Invalid when spec or secret cannot be used.
  virtual Result<std::unique_ptr<pve::Client>> connect(
      const api::v1alpha1::ProxmoxClusterSpec& spec, const SecretValues& credentials) = 0;
  virtual Result<std::unique_ptr<guest::Channel>> open_channel(
      const api::v1alpha1::CommandChannel& spec, const SecretValues& secret) = 0;
  // Of a client that connect() made; empty where it has no endpoints.
  virtual std::vector<EndpointSight> endpoints(const pve::Client&) const { return {}; }
};

// As whom a secret makes us speak: its tokenId or username.
std::string user_of(const SecretValues& credentials);

}  // namespace gantry::controllers::proxmoxcluster

#pragma once
// Connections: the connected clusters. The one implementation of inventory::Clusters.
#include <map>
#include <memory>
#include <string>

#include "api/v1alpha1/proxmoxcluster.h"
#include "controllers/proxmoxcluster/connector.h"
#include "controllers/proxmoxcluster/watched_channel.h"
#include "pkg/async/clock.h"
#include "pkg/async/event.h"
#include "pkg/async/group.h"
#include "pkg/base/random.h"
#include "pkg/inventory/clusters.h"
#include "pkg/pve/latency.h"
#include "pkg/store/guests.h"
#include "pkg/store/store.h"

namespace gantry::controllers::proxmoxcluster {

// What calls to clusters come to, for those who measure.
class CallInstruments {
 public:
  virtual ~CallInstruments() = default;
  virtual void called(const ClusterName& cluster, const pve::EndedCall& call) = 0;
  virtual void closed(const ClusterName& cluster) = 0;
};

// All outlive the connections.
struct ConnectionDependencies {
  Executor executor;
  store::Store& store;
  store::Guests& guests;
  Connector& connector;
  async::Clock& clock;
  Random& random;
  std::string installation;
  std::function<bool()> leading;  // whether this process may write
  // Hears of each call to a cluster that has ended, and when its connection is closed. May be null.
  CallInstruments* instruments = nullptr;
};

// Each connection polls its cluster from open() to close(). A connection that has been replaced
// lives on, without polling, for as long as somebody holds its ClusterPtr.
class Connections final : public inventory::Clusters {
 public:
  explicit Connections(ConnectionDependencies dependencies);
  ~Connections() override;

  // Connects, or keeps the connection when nothing it is made of has changed; a new range or
  // limit is taken over without reconnecting. Errors are the connector's; those of the command
  // channel only leave it closed: what needs the API alone goes on.
  Status open(const api::v1alpha1::ProxmoxCluster& cluster, const SecretValues& credentials,
              const Result<SecretValues>& channel_secret);
  void close(const ClusterName& name);
  // Until cancelled; then closes everything. A service of the manager.
  Async<Status> run();

  // How it is with the cluster's command channel; null without a connection or a channel in its
  // spec. Holds until the next open() or close().
  const ChannelSight* channel(const ClusterName& name) const;

  std::vector<EndpointSight> endpoints(const ClusterName& name) const;

  // As pve::LimitedClient::read_p95(); nullopt also without a connection.
  std::optional<Duration> read_p95(const ClusterName& name) const;

  inventory::ClusterPtr find(const ClusterName& name) const override;
  std::vector<inventory::ClusterPtr> all() const override;

 private:
  struct Connection;
  struct Holding;
  using ConnectionPtr = std::shared_ptr<Connection>;
  Result<ConnectionPtr> connect(const api::v1alpha1::ProxmoxCluster& cluster,
                                const SecretValues& credentials,
                                const Result<SecretValues>& channel_secret);
  static inventory::ClusterPtr view(const ConnectionPtr& connection);
  void retire(ConnectionPtr connection);

  ConnectionDependencies the_;
  struct Entry {
    std::string fingerprint;
    ConnectionPtr connection;
    inventory::ClusterPtr view;
  };
  std::map<ClusterName, Entry> entries_;
  std::vector<ConnectionPtr> retired_;  // whose polling has been told to end
  async::Event wake_;
};

}  // namespace gantry::controllers::proxmoxcluster

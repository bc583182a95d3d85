#include "controllers/proxmoxcluster/connections.h"

#include "controllers/proxmoxcluster/gate.h"
#include "controllers/proxmoxcluster/ownership.h"
#include "controllers/proxmoxcluster/report.h"
#include "pkg/pve/limited_client.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/equal.h"
#include "pkg/schema/json.h"

namespace gantry::controllers::proxmoxcluster {
namespace {

using api::v1alpha1::ClusterMode;
using api::v1alpha1::ProxmoxCluster;
using api::v1alpha1::ProxmoxClusterSpec;

// What a connection is made of. Kept in memory only: it holds secrets.
std::string fingerprint_of(const ProxmoxCluster& cluster, const SecretValues& credentials,
                           const Result<SecretValues>& channel_secret) {
  const auto& spec = cluster.spec;
  auto made_of = spec;
  made_of.vmid_range = {};
  made_of.vmid_quarantine = {};
  const auto requests = spec.limits.requests_per_second;
  const auto tasks = spec.limits.tasks_per_node;
  made_of.limits = {};
  made_of.limits.requests_per_second = requests;
  made_of.limits.tasks_per_node = tasks;
  auto text = schema::to_json(schema::encode(made_of));
  if (const auto rebind = cluster.metadata.annotations.find(kRebind);
      rebind != cluster.metadata.annotations.end()) {
    text += "\nrebind=" + rebind->second;
  }
  const SecretValues none;
  for (const auto* values : {&credentials, channel_secret.ok() ? &*channel_secret : &none}) {
    for (const auto& [key, value] : *values) text += "\n" + key + "=" + value;
    text += "\n--";
  }
  return channel_secret.ok() ? text : text + message_of(channel_secret.status());
}

pve::ClientLimits limits_of(const ProxmoxClusterSpec& spec, const std::string& user) {
  pve::ClientLimits limits;
  limits.user = user;
  limits.requests_per_second = spec.limits.requests_per_second;
  limits.burst = 2.0 * spec.limits.requests_per_second;
  limits.tasks_per_node = static_cast<size_t>(spec.limits.tasks_per_node);
  return limits;
}

inventory::ReflectorOptions options_of(const ProxmoxCluster& cluster,
                                       const std::string& installation, std::string user) {
  const auto& spec = cluster.spec;
  inventory::ReflectorOptions options;
  options.identity = known_identity(cluster);
  options.period = spec.poll;
  options.installation = installation;
  options.needs = inventory::privilege_needs(spec.pool, spec.mode == ClusterMode::enforce);
  options.grantee = {std::move(user), spec.pool};
  return options;
}

}  // namespace

std::string user_of(const SecretValues& credentials) {
  for (const char* key : {"tokenId", "username"}) {
    const auto it = credentials.find(key);
    if (it != credentials.end()) return it->second;
  }
  return "";
}

struct Connections::Connection {
  Connection(const ConnectionDependencies& the, const ProxmoxCluster& object, std::string who,
             std::unique_ptr<pve::Client> raw, std::unique_ptr<WatchedChannel> command_channel)
      : name(object.metadata.name),
        spec(object.spec),
        user(std::move(who)),
        client(std::move(raw)),
        channel(std::move(command_channel)),
        limited(*client, the.clock, limits_of(spec, user)),
        ownership(the.guests),
        owned(the.guests, the.store, name),
        reflector(limited, the.clock, the.random, owned,
                  options_of(object, the.installation, user)),
        gate(make_gate(the)),
        writer(name, the.installation, limited, ownership, gate),
        polling(the.executor) {
    limited.ask_before_writes([this] { return gate(false); });
    if (the.instruments == nullptr) return;
    limited.on_call([this, instruments = the.instruments](const pve::EndedCall& call) {
      if (!retired) instruments->called(name, call);
    });
  }

  pve::Gate make_gate(const ConnectionDependencies& the) {
    return [this, &clock = the.clock, leading = the.leading](bool) {
      GateInputs inputs;
      inputs.mode = retired ? ClusterMode::observe : spec.mode;
      inputs.leading = leading();
      inputs.poll = spec.poll;
      inputs.now = clock.steady();
      return judge_gate(inputs, *reflector.current(), reflector.vanish_guard());
    };
  }

  ClusterName name;
  ProxmoxClusterSpec spec;
  std::string user;
  std::string installation;
  bool retired = false;
  std::unique_ptr<pve::Client> client;
  std::unique_ptr<WatchedChannel> channel;
  ChannelSight no_channel;  // why there is none
  pve::LimitedClient limited;
  RowOwnership ownership;
  RowOwnedGuests owned;
  inventory::Reflector reflector;
  pve::Gate gate;
  pve::Writer writer;
  async::Group polling;
};

Connections::Connections(ConnectionDependencies dependencies) : the_(std::move(dependencies)) {}
Connections::~Connections() = default;

namespace {

Result<std::unique_ptr<guest::Channel>> open_channel(Connector& connector,
                                                     const api::v1alpha1::CommandChannel& spec,
                                                     const Result<SecretValues>& secret) {
  if (!secret.ok()) return secret.status();
  return connector.open_channel(spec, *secret);
}

}  // namespace

Result<Connections::ConnectionPtr> Connections::connect(
    const ProxmoxCluster& cluster, const SecretValues& credentials,
    const Result<SecretValues>& channel_secret) {
  auto client = the_.connector.connect(cluster.spec, credentials);
  if (!client.ok()) return client.status();
  std::unique_ptr<WatchedChannel> channel;
  Status problem;
  if (cluster.spec.command_channel.has_value()) {
    auto opened = open_channel(the_.connector, *cluster.spec.command_channel, channel_secret);
    problem = opened.status();
    if (opened.ok()) channel = std::make_unique<WatchedChannel>(*std::move(opened), the_.clock);
  }
  auto connection = std::make_shared<Connection>(the_, cluster, user_of(credentials),
                                                 *std::move(client), std::move(channel));
  connection->installation = the_.installation;
  connection->no_channel.problem = std::move(problem);
  return connection;
}

// A cluster and, behind its references, the connection.
struct Connections::Holding {
  explicit Holding(ConnectionPtr held)
      : connection(std::move(held)), cluster{connection->name,      connection->installation,
                                             connection->user,      connection->spec,
                                             connection->reflector, connection->limited,
                                             connection->writer,    connection->channel.get(),
                                             connection->gate} {}
  ConnectionPtr connection;
  inventory::Cluster cluster;
};

inventory::ClusterPtr Connections::view(const ConnectionPtr& connection) {
  const auto holding = std::make_shared<Holding>(connection);
  return inventory::ClusterPtr(holding, &holding->cluster);
}

Status Connections::open(const ProxmoxCluster& cluster, const SecretValues& credentials,
                         const Result<SecretValues>& channel_secret) {
  const ClusterName name(cluster.metadata.name);
  auto fingerprint = fingerprint_of(cluster, credentials, channel_secret);
  const auto known = entries_.find(name);
  if (known != entries_.end() && known->second.fingerprint == fingerprint) {
    auto& entry = known->second;
    if (schema::is_equal(entry.connection->spec, cluster.spec)) return Status();
    entry.connection->spec = cluster.spec;
    entry.view = view(entry.connection);
    return Status();
  }
  auto connection = connect(cluster, credentials, channel_secret);
  if (!connection.ok()) return connection.status();
  close(name);
  auto& reflector = (*connection)->reflector;
  (*connection)->polling.spawn("inventory of " + name.get(), [&reflector] {
    return reflector.run();
  });
  entries_[name] = Entry{std::move(fingerprint), *connection, view(*connection)};
  return Status();
}

void Connections::close(const ClusterName& name) {
  const auto it = entries_.find(name);
  if (it == entries_.end()) return;
  retire(std::move(it->second.connection));
  entries_.erase(it);
}

void Connections::retire(ConnectionPtr connection) {
  connection->retired = true;
  if (the_.instruments != nullptr) the_.instruments->closed(connection->name);
  connection->polling.stop();
  retired_.push_back(std::move(connection));
  wake_.set();
}

Async<Status> Connections::run() {
  while (true) {
    auto woken = co_await wake_.wait();
    wake_.reset();
    if (!woken.ok()) {
      while (!entries_.empty()) close(entries_.begin()->first);
    }
    while (!retired_.empty()) {
      const auto connection = retired_.back();
      retired_.pop_back();
      (void)co_await connection->polling.join();
    }
    if (!woken.ok()) co_return woken;
  }
}

const ChannelSight* Connections::channel(const ClusterName& name) const {
  const auto it = entries_.find(name);
  if (it == entries_.end()) return nullptr;
  const auto& connection = *it->second.connection;
  if (connection.channel != nullptr) return &connection.channel->sight();
  return connection.spec.command_channel.has_value() ? &connection.no_channel : nullptr;
}

std::vector<EndpointSight> Connections::endpoints(const ClusterName& name) const {
  const auto it = entries_.find(name);
  if (it == entries_.end()) return {};
  return the_.connector.endpoints(*it->second.connection->client);
}

std::optional<Duration> Connections::read_p95(const ClusterName& name) const {
  const auto it = entries_.find(name);
  if (it == entries_.end()) return std::nullopt;
  return it->second.connection->limited.read_p95();
}

inventory::ClusterPtr Connections::find(const ClusterName& name) const {
  const auto it = entries_.find(name);
  return it == entries_.end() ? nullptr : it->second.view;
}

std::vector<inventory::ClusterPtr> Connections::all() const {
  std::vector<inventory::ClusterPtr> all;
  for (const auto& [name, entry] : entries_) all.push_back(entry.view);
  return all;
}

}  // namespace gantry::controllers::proxmoxcluster

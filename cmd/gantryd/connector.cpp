#include "cmd/gantryd/connector.h"

#include "pkg/guest/ssh/ssh_channel.h"
#include "pkg/http/beast/client.h"
#include "pkg/pve/http/http_client.h"

namespace gantry::daemon {
namespace {

using api::v1alpha1::ProxmoxClusterSpec;
using controllers::proxmoxcluster::SecretValues;

std::string value_of(const SecretValues& secret, const std::string& key) {
  const auto found = secret.find(key);
  return found == secret.end() ? "" : found->second;
}

Result<pve::Credentials> credentials_of(const SecretValues& secret) {
  if (const auto id = value_of(secret, "tokenId"); !id.empty()) {
    if (value_of(secret, "tokenSecret").empty())
      return invalid("the Secret has a tokenId but no tokenSecret");
    return pve::TokenCredentials{id, value_of(secret, "tokenSecret")};
  }
  if (const auto user = value_of(secret, "username"); !user.empty())
    return pve::PasswordCredentials{user, value_of(secret, "password")};
  return invalid("the Secret has neither tokenId and tokenSecret nor username and password");
}

}  // namespace

Result<std::unique_ptr<pve::Client>> DaemonConnector::connect(const ProxmoxClusterSpec& spec,
                                                              const SecretValues& credentials) {
  pve::ClientOptions options;
  options.clock = &clock_;
  GANTRY_TRY_ASSIGN(options.credentials, credentials_of(credentials));
  http::TlsTrust trust;
  trust.fingerprint = spec.tls.fingerprint.value_or("");
  trust.ca_pem = spec.tls.ca_bundle.value_or("");
  for (const auto& url : spec.endpoints) {
    GANTRY_TRY_ASSIGN(const auto endpoint, http::parse_endpoint(url));
    options.endpoints.push_back({url, http::beast::make_client(executor_, clock_, endpoint, trust,
                                                               http::beast::ClientOptions())});
  }
  return std::unique_ptr<pve::Client>(std::make_unique<pve::HttpClient>(std::move(options)));
}

std::vector<controllers::proxmoxcluster::EndpointSight> DaemonConnector::endpoints(
    const pve::Client& client) const {
  std::vector<controllers::proxmoxcluster::EndpointSight> sights;
  // All that connect() makes.
  for (const auto& seen : static_cast<const pve::HttpClient&>(client).endpoints()) {
    sights.push_back({seen.name, seen.asked, seen.problem, seen.asked_at});
  }
  return sights;
}

Result<std::unique_ptr<guest::Channel>> DaemonConnector::open_channel(
    const api::v1alpha1::CommandChannel& spec, const SecretValues& secret) {
  guest::ssh::Options options;
  options.private_key = value_of(secret, "privateKey");
  if (options.private_key.empty()) return invalid("the SSH Secret has no privateKey");
  options.known_hosts = spec.ssh.known_hosts;
  // Eight at a time on a node, and 24 on all, may be people's logs and execs
  // (apiserver::PodService).
  options.sessions_per_node = 12;
  options.threads = 32;
  const auto ssh = spec.ssh;
  const guest::ssh::Resolver resolver =
      [ssh](const NodeName& node) -> Result<guest::ssh::Endpoint> {
    const auto named = ssh.hosts.find(node.get());
    guest::ssh::Endpoint endpoint;
    endpoint.host = named == ssh.hosts.end() ? node.get() : named->second;
    endpoint.port = static_cast<uint16_t>(ssh.port);
    endpoint.user = ssh.user;
    return endpoint;
  };
  GANTRY_TRY_ASSIGN(auto channel,
                    guest::ssh::SshChannel::make(std::move(options), resolver, clock_));
  return std::unique_ptr<guest::Channel>(std::move(channel));
}

}  // namespace gantry::daemon

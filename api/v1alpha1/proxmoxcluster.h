#pragma once
// ProxmoxCluster: a Proxmox VE cluster (or a stand-alone node), how to reach it and what we may do.
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/meta/condition.h"
#include "api/meta/kind.h"
#include "api/meta/types.h"

namespace gantry::api::v1alpha1 {

struct Tls {
  std::optional<std::string> fingerprint;  // SHA-256 of the servers' certificate
  std::optional<std::string> ca_bundle;    // PEM
};
struct Credentials {
  meta::NamespacedReference secret_ref;  // keys tokenId and tokenSecret, or username and password
};
struct SshChannel {
  std::string user = "root";
  int port = 22;
  meta::NamespacedReference secret_ref;  // key privateKey (OpenSSH)
  std::string known_hosts;               // lines of an OpenSSH known_hosts file
  std::map<std::string, std::string>
      hosts;  // node → address, where the node's name does not resolve
};
struct CommandChannel {
  SshChannel ssh;
};
struct VmidRange {
  int64_t start = 0;
  int64_t end = 0;  // inclusive
};
enum class ClusterMode { observe, enforce };
struct ClusterLimits {
  int requests_per_second = 20;
  int tasks_per_node = 4;
  int creates_per_storage = 2;
  int repairs_per_object_per_hour = 3;
  int repairs_per_node = 5;  // in 10 minutes
  int disruptions_percent = 5;
  int disruptions_min = 2;
};
struct ProxmoxClusterSpec {
  std::vector<std::string> endpoints;
  Tls tls;
  Credentials credentials;
  std::optional<CommandChannel> command_channel;
  VmidRange vmid_range;
  std::string pool;
  ClusterMode mode = ClusterMode::observe;
  ClusterLimits limits;
  std::chrono::seconds vmid_quarantine{86400};
  std::chrono::seconds poll{5};
};

struct MemoryUsage {
  int64_t total = 0;
  int64_t used = 0;
};
struct ClusterNode {
  std::string name;
  bool online = false;
  int64_t cores = 0;
  MemoryUsage memory;
  int guests = 0;
};
struct ClusterStorage {
  std::string name;
  std::string node;
  std::string type;
  bool active = false;
  bool shared = false;
  std::vector<std::string> content;
  std::optional<int64_t> total, used, available;
};
struct EndpointStatus {
  std::string url;
  bool reachable = false;
  std::string message;
};
struct GuestCounts {
  int owned = 0;
  int foreign = 0;
  int held = 0;
};
struct InventoryStatus {
  int64_t cycle = 0;
  bool complete = false;
  int64_t age_seconds = 0;
};
struct ProxmoxClusterStatus {
  meta::Conditions conditions;
  int64_t observed_generation = 0;
  std::string version;
  std::string cluster_name;
  std::vector<ClusterNode> nodes;
  std::vector<ClusterStorage> storages;
  std::vector<EndpointStatus> endpoints;
  std::vector<std::string> missing_privileges;
  GuestCounts guests;
  InventoryStatus inventory;
  std::optional<Time> last_observed_time;
};
struct ProxmoxCluster {
  std::string api_version = "gantry.dev/v1alpha1";
  std::string kind = "ProxmoxCluster";
  meta::ObjectMeta metadata;
  ProxmoxClusterSpec spec;
  ProxmoxClusterStatus status;
};

schema::TypeInfo describe(schema::Type<Tls>);
schema::TypeInfo describe(schema::Type<Credentials>);
schema::TypeInfo describe(schema::Type<SshChannel>);
schema::TypeInfo describe(schema::Type<CommandChannel>);
schema::TypeInfo describe(schema::Type<VmidRange>);
schema::TypeInfo describe(schema::Type<ClusterMode>);
schema::TypeInfo describe(schema::Type<ClusterLimits>);
schema::TypeInfo describe(schema::Type<ProxmoxClusterSpec>);
schema::TypeInfo describe(schema::Type<MemoryUsage>);
schema::TypeInfo describe(schema::Type<ClusterNode>);
schema::TypeInfo describe(schema::Type<ClusterStorage>);
schema::TypeInfo describe(schema::Type<EndpointStatus>);
schema::TypeInfo describe(schema::Type<GuestCounts>);
schema::TypeInfo describe(schema::Type<InventoryStatus>);
schema::TypeInfo describe(schema::Type<ProxmoxClusterStatus>);
schema::TypeInfo describe(schema::Type<ProxmoxCluster>);
meta::Kind proxmox_cluster_kind();

}  // namespace gantry::api::v1alpha1

#include "api/v1alpha1/proxmoxcluster.h"

#include "api/v1alpha1/columns.h"

namespace gantry::api::v1alpha1 {

using namespace schema;

TypeInfo describe(Type<Tls>) {
  return one_of(
      object<Tls>("Tls", "How the servers' certificate is verified. It is never left unverified.",
                  {
                      field<&Tls::fingerprint>(
                          "fingerprint",
                          "SHA-256 fingerprint of the certificate, as `pvenode cert info` shows "
                          "it. All endpoints must present this certificate.",
                          format::fingerprint),
                      field<&Tls::ca_bundle>(
                          "caBundle",
                          "PEM certificates of the authorities to trust, such as "
                          "/etc/pve/pve-root-ca.pem. The certificate must carry the endpoint's "
                          "host name or address.",
                          format::pem_certificates),
                  }),
      {OneOf::Count::exactly_one, {"fingerprint", "caBundle"}});
}

TypeInfo describe(Type<Credentials>) {
  return object<Credentials>(
      "Credentials", "Who we are for Proxmox.",
      {field<&Credentials::secret_ref>(
          "secretRef",
          "A Secret with the keys tokenId (user@realm!name) and tokenSecret, or username and "
          "password.",
          required)});
}

TypeInfo describe(Type<SshChannel>) {
  return object<SshChannel>(
      "SshChannel", "Commands inside containers, through `pct` on their node over SSH.",
      {
          field<&SshChannel::user>("user", "The node's user.", format::proxmox_id),
          field<&SshChannel::port>("port", "The nodes' SSH port.", Range{1, 65535}),
          field<&SshChannel::secret_ref>(
              "secretRef", "A Secret with the key privateKey, in OpenSSH's format.", required),
          field<&SshChannel::known_hosts>(
              "knownHosts",
              "The nodes' host keys, as lines of an OpenSSH known_hosts file. Unknown keys are "
              "refused.",
              required, Length{1, 65536}),
          field<&SshChannel::hosts>(
              "hosts", "Address of a node, as host or host:port, where its name does not resolve.",
              Keys{format::proxmox_id}, Length{1, 255}),
      });
}

TypeInfo describe(Type<CommandChannel>) {
  return object<CommandChannel>(
      "CommandChannel", "How commands are run inside containers.",
      {field<&CommandChannel::ssh>("ssh", "Over SSH to the container's node.", required)});
}

namespace {

Problems check(const VmidRange& range) {
  if (range.end >= range.start) return {};
  return {{"end", Reason::invalid,
           absl::StrFormat("must be at least start, %d, not %d", range.start, range.end)}};
}

}  // namespace

TypeInfo describe(Type<VmidRange>) {
  return checked<VmidRange, &check>(object<VmidRange>(
      "VmidRange", "The guest ids that this cluster may use. Nobody else may take ids from it.",
      {
          field<&VmidRange::start>("start", "First id.", required, Range{100, 999'999'999}),
          field<&VmidRange::end>("end", "Last id.", required, Range{100, 999'999'999}),
      }));
}

TypeInfo describe(Type<ClusterMode>) {
  return enumeration<ClusterMode>(
      "ClusterMode",
      "Observe: everything is computed and what would be done is reported as held; nothing is "
      "written. Enforce: it is done.",
      {"Observe", "Enforce"});
}

TypeInfo describe(Type<ClusterLimits>) {
  return object<ClusterLimits>(
      "ClusterLimits", "Bounds of what we ask of Proxmox and of what we repair by ourselves.",
      {
          field<&ClusterLimits::requests_per_second>(
              "requestsPerSecond", "API requests, all endpoints together.", Range{1, 1000}),
          field<&ClusterLimits::tasks_per_node>("tasksPerNode", "Tasks that run on a node at once.",
                                                Range{1, 64}),
          field<&ClusterLimits::creates_per_storage>(
              "createsPerStorage", "Containers that are created on a storage at once.",
              Range{1, 64}),
          field<&ClusterLimits::repairs_per_object_per_hour>(
              "repairsPerObjectPerHour", "Disruptive repairs of one Machine in an hour.",
              Range{0, 60}),
          field<&ClusterLimits::repairs_per_node>(
              "repairsPerNode", "Disruptive repairs on one node in ten minutes.", Range{0, 1000}),
          field<&ClusterLimits::disruptions_percent>(
              "disruptionsPercent",
              "Machines that may be down for our repairs at once, in percent of all.",
              Range{0, 100}),
          field<&ClusterLimits::disruptions_min>(
              "disruptionsMin", "… but as many as this in a small cluster.", Range{0, 1000}),
      });
}

TypeInfo describe(Type<ProxmoxClusterSpec>) {
  return object<ProxmoxClusterSpec>(
      "ProxmoxClusterSpec", "How to reach a Proxmox VE cluster and what may be done there.",
      {
          field<&ProxmoxClusterSpec::endpoints>(
              "endpoints", "Base URLs of the cluster's nodes, tried in this order.", required, set,
              Items{1, 32}, format::https_url, Example{"https://pve1.lan:8006"}),
          field<&ProxmoxClusterSpec::tls>("tls", "How their certificate is verified.", required),
          field<&ProxmoxClusterSpec::credentials>("credentials", "Who we are.", required),
          field<&ProxmoxClusterSpec::command_channel>(
              "commandChannel",
              "How commands are run inside containers. Without it containers are created but "
              "nothing is installed in them."),
          field<&ProxmoxClusterSpec::vmid_range>("vmidRange", "The guest ids we may use.",
                                                 required),
          field<&ProxmoxClusterSpec::pool>(
              "pool",
              "The Proxmox pool that our containers are put into; our privileges are "
              "granted there.",
              required, format::proxmox_id),
          field<&ProxmoxClusterSpec::mode>("mode", "Whether anything is written."),
          field<&ProxmoxClusterSpec::limits>("limits", "Bounds of what we do."),
          field<&ProxmoxClusterSpec::vmid_quarantine>(
              "vmidQuarantineSeconds", "How long an id rests before it is used again.",
              Range{0, 31'536'000}),
          field<&ProxmoxClusterSpec::poll>("pollSeconds", "How often the inventory is read.",
                                           Range{1, 3600}),
      });
}

TypeInfo describe(Type<ProxmoxCluster>) {
  return object<ProxmoxCluster>(
      "ProxmoxCluster", "A Proxmox VE cluster, or a node that stands alone.",
      {
          field<&ProxmoxCluster::api_version>("apiVersion", "gantry.dev/v1alpha1."),
          field<&ProxmoxCluster::kind>("kind", "ProxmoxCluster."),
          field<&ProxmoxCluster::metadata>("metadata", "What every object has."),
          field<&ProxmoxCluster::spec>("spec", "What is wanted.", required),
          field<&ProxmoxCluster::status>("status", "What was last seen."),
      });
}

meta::Kind proxmox_cluster_kind() {
  return {.group = "gantry.dev",
          .version = "v1alpha1",
          .kind = "ProxmoxCluster",
          .plural = "proxmoxclusters",
          .singular = "proxmoxcluster",
          .short_names = {"pc"},
          .categories = {"gantry"},
          .namespaced = false,
          .has_status = true,
          .type = &type_of<ProxmoxCluster>,
          .columns =
              {
                  ready_column(),
                  {"Mode", "string", "Observe or Enforce.", "spec.mode"},
                  {"Version", "string", "Of Proxmox VE.", "status.version"},
                  {"Owned", "integer", "Containers of ours.", "status.guests.owned"},
                  reason_column(),
                  {"Foreign", "integer", "Guests of others.", "status.guests.foreign", 1},
                  message_column(),
              },
          .check_update = nullptr};
}

}  // namespace gantry::api::v1alpha1

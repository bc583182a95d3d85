#include "api/v1alpha1/proxmoxcluster.h"

namespace gantry::api::v1alpha1 {

using namespace schema;

TypeInfo describe(Type<MemoryUsage>) {
  return object<MemoryUsage>("MemoryUsage", "Memory of a node, in bytes.",
                             {
                                 field<&MemoryUsage::total>("total", "All of it.", always),
                                 field<&MemoryUsage::used>("used", "What is in use.", always),
                             });
}

TypeInfo describe(Type<ClusterNode>) {
  return object<ClusterNode>(
      "ClusterNode", "A node as last seen.",
      {
          field<&ClusterNode::name>("name", "Its name.", required),
          field<&ClusterNode::online>("online", "Whether the cluster sees it.", always),
          field<&ClusterNode::cores>("cores", "CPU cores."),
          field<&ClusterNode::memory>("memory", "Memory."),
          field<&ClusterNode::guests>("guests", "Guests on it, all owners."),
      });
}

TypeInfo describe(Type<ClusterStorage>) {
  return object<ClusterStorage>(
      "ClusterStorage", "A storage on a node as last seen.",
      {
          field<&ClusterStorage::name>("name", "Its id.", required),
          field<&ClusterStorage::node>("node", "The node it was seen on.", required),
          field<&ClusterStorage::type>("type", "dir, zfspool, lvmthin, …"),
          field<&ClusterStorage::active>("active", "Whether it can be used.", always),
          field<&ClusterStorage::shared>("shared", "Whether all nodes see the same content."),
          field<&ClusterStorage::content>("content", "What it may hold: rootdir, vztmpl, …", set),
          field<&ClusterStorage::total>("total", "Size in bytes; absent while inactive."),
          field<&ClusterStorage::used>("used", "Bytes in use."),
          field<&ClusterStorage::available>("available", "Bytes free."),
      });
}

TypeInfo describe(Type<EndpointStatus>) {
  return object<EndpointStatus>(
      "EndpointStatus", "An endpoint as last tried.",
      {
          field<&EndpointStatus::url>("url", "Its URL.", required),
          field<&EndpointStatus::reachable>("reachable", "Whether it answered.", always),
          field<&EndpointStatus::message>("message", "Why it did not."),
      });
}

TypeInfo describe(Type<GuestCounts>) {
  return object<GuestCounts>(
      "GuestCounts", "Guests by what they are to us.",
      {
          field<&GuestCounts::owned>("owned", "Ours: our row and our mark.", always),
          field<&GuestCounts::foreign>("foreign", "Others'. They are never touched.", always),
          field<&GuestCounts::held>("held", "Ours, but nothing is done to them.", always),
      });
}

TypeInfo describe(Type<InventoryStatus>) {
  return object<InventoryStatus>(
      "InventoryStatus", "How good our picture of the cluster is.",
      {
          field<&InventoryStatus::cycle>("cycle", "How often it was taken.", always),
          field<&InventoryStatus::complete>(
              "complete", "Whether every part of the last one could be read.", always),
          field<&InventoryStatus::age_seconds>(
              "ageSeconds", "How old the last complete one was when this was written."),
      });
}

TypeInfo describe(Type<ProxmoxClusterStatus>) {
  return object<ProxmoxClusterStatus>(
      "ProxmoxClusterStatus", "What was last seen of a cluster.",
      {
          field<&ProxmoxClusterStatus::conditions>(
              "conditions",
              "Ready, Reachable, Authenticated, Authorized, Quorate, Reconciling, Stalled, Held.",
              MapKey{"type"}),
          field<&ProxmoxClusterStatus::observed_generation>(
              "observedGeneration", "The generation of the spec that this status is about."),
          field<&ProxmoxClusterStatus::version>("version", "Proxmox VE's version."),
          field<&ProxmoxClusterStatus::cluster_name>(
              "clusterName", "The cluster's own name; empty for a node that stands alone."),
          field<&ProxmoxClusterStatus::nodes>("nodes", "Its nodes.", MapKey{"name"}),
          field<&ProxmoxClusterStatus::storages>("storages", "Its storages, per node."),
          field<&ProxmoxClusterStatus::endpoints>("endpoints", "How each endpoint answered.",
                                                  MapKey{"url"}),
          field<&ProxmoxClusterStatus::missing_privileges>(
              "missingPrivileges", "Privileges we need and do not have: path: privilege.", set),
          field<&ProxmoxClusterStatus::guests>("guests", "Guests by what they are to us."),
          field<&ProxmoxClusterStatus::inventory>("inventory", "How good this picture is."),
          field<&ProxmoxClusterStatus::last_observed_time>(
              "lastObservedTime", "When the cluster last answered completely."),
      });
}

}  // namespace gantry::api::v1alpha1

#pragma once
// Census: what the Machines of this daemon add up to: how many where, what is under way, what was
// repaired when. In memory; made of the objects' status, so that a restart finds it again.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/v1alpha1/machine.h"
#include "api/v1alpha1/proxmoxcluster.h"
#include "controllers/machine/usage.h"
#include "pkg/inventory/inventory.h"
#include "pkg/inventory/placement/choose.h"
#include "pkg/runtime/request.h"

namespace gantry::controllers::machine {

struct CensusEntry {
  runtime::Request request;
  ClusterName cluster;
  std::string machine_class;
  NodeName node;  // where it is, or is being made; empty: nowhere
  std::optional<VmId> vmid;
  bool creating = false;                 // from the announcement of its create to its end
  std::optional<StorageId> creating_on;  // meanwhile; absent after a restart
  Upid task;                             // while one runs; empty: none
  std::optional<Time> called_at;         // steady time; the last call that was announced
  bool calling = false;                  // between a call and its answer
  std::vector<Time> repairs;             // disruptive ones
  NodeName repaired_on;                  // where the last of them was; empty: where it is
  bool well = false;                     // Ready when last looked into
  Measured measured;                     // as written in its status
  std::optional<Time> saturated_since;   // its cores are used up; absent: they are not
  bool looked_at = false;                // by this process, and it could be told what is there
};

// Every question but `outdated` costs what a cluster's nodes do, not what its Machines do: each of
// thousands asks at each look.
class Census {
 public:
  // `edit` gets what is known of that Machine, and changes it.
  template <class Edit>
  void change(const Uid& uid, const Edit& edit) {
    const auto [it, is_new] = entries_.try_emplace(uid);
    if (!is_new) count(uid, it->second, -1);
    edit(it->second);
    count(uid, it->second, 1);
  }
  const CensusEntry* find(const Uid& uid) const;
  void forget(const Uid& uid);
  void forget(const runtime::Request& request);
  const std::map<Uid, CensusEntry>& entries() const { return entries_; }
  // Those that are well and whose numbers in `snapshot` are worth a write.
  std::vector<Uid> outdated(const ClusterName& cluster, const inventory::Snapshot& snapshot) const;
  // Machines of a cluster that have a VMID.
  size_t size(const ClusterName& cluster) const;

  // For placement; `self` is left out.
  inventory::placement::Load load(const Uid& self, const ClusterName& cluster,
                                  const std::string& machine_class,
                                  const inventory::Snapshot& snapshot) const;
  // OK while the budgets of object, node and cluster allow one more disruptive repair.
  Status may_repair(const Uid& self, const api::v1alpha1::ClusterLimits& limits, Time now) const;

 private:
  // What the entries of one cluster add up to.
  struct Sums {
    inventory::placement::Load load;  // but for `of_class`
    std::map<std::string, std::map<NodeName, int>> of_class;
    std::map<Upid, int> tasks;  // of how many entries
    int entries = 0, with_vmid = 0;
  };
  void count(const Uid& uid, const CensusEntry& entry, int by);

  std::map<Uid, CensusEntry> entries_;
  std::map<ClusterName, Sums> sums_;
  std::set<Uid> repaired_;  // that have repairs
};

}  // namespace gantry::controllers::machine

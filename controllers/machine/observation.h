#pragma once
// Observation: everything a plan may know about one Machine's world. Gathered by observe.cpp, made
// by hand in tests.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/v1alpha1/machine.h"
#include "api/v1alpha1/machineclass.h"
#include "api/v1alpha1/proxmoxcluster.h"
#include "controllers/machine/attachment.h"
#include "controllers/machine/traces.h"
#include "pkg/inventory/inventory.h"
#include "pkg/pve/mark.h"
#include "pkg/pve/types.h"
#include "pkg/store/guests.h"

namespace gantry::controllers::machine {

// Who is on our VMID.
enum class Occupant {
  unknown,     // it cannot be told now; `why` says why
  absent,      // proven: design rule 1
  ours,        // row and mark agree
  unfinished,  // only `lock: create`, or dead and invisible, where our create task was
  stranger,    // a guest without our mark
};

// The container (or whoever is there instead), as read from its own node just now.
struct Guest {
  Occupant occupant = Occupant::unknown;
  std::string why;    // for unknown and absent: the reason or the proof
  Status unreadable;  // why config or status could not be read; OK when they were
  NodeName node;
  pve::GuestConfig config;                  // the pending view
  std::vector<pve::PendingChange> pending;  // read while it runs
  std::optional<pve::GuestStatus> status;
  std::vector<pve::GuestInterface> interfaces;  // read while it runs
};

// A Proxmox task that we remember.
enum class TaskState { none, running, succeeded, failed, forgotten, unreadable };
struct RememberedTask {
  TaskState state = TaskState::none;
  pve::Task task;
  std::string last_line;  // of its log, when it failed
};

// The other Machine of spec.handover, and its container as read just now.
struct Peer {
  Uid uid;
  bool is_known = false;  // what follows could be read; `why` says why not
  std::string why;
  std::optional<VmId> vmid;  // absent: it never had a container
  NodeName node;
  pve::GuestConfig config;
  bool running = false;
  std::vector<api::v1alpha1::MachineVolume> had;  // as its Machine remembers
};

// Volumes with our VMID, on storages that could be read.
struct Leftovers {
  std::vector<pve::Volume> found;
  // Storages that may hold more of them and are out of reach: "nfs", "local on pve2".
  std::vector<std::string> unread;
};

struct Observation {
  Time now;
  std::string installation;
  std::string user;  // as whom we speak to Proxmox
  api::v1alpha1::ClusterLimits limits;
  std::string pool;
  bool has_channel = false;

  Status cluster;    // why the cluster cannot be looked at; OK otherwise
  Status may_write;  // what the writer's gate would say
  Status may_destroy;
  Status may_repair;  // the budget of disruptive repairs

  std::optional<store::GuestRow> row;
  std::shared_ptr<const inventory::Snapshot> snapshot;  // never null
  inventory::Sighting sighting;
  Guest guest;
  RememberedTask task;           // status.upid
  RememberedTask create_task;    // the row's
  std::vector<pve::Task> tasks;  // of its node on it, newest first; empty where not asked for
  // Since this process last asked Proxmox to do something with it, however the time of day was set
  // meanwhile; absent: not since it started.
  std::optional<Duration> since_call;
  // Of everybody, where the Machine has any; absent: not read.
  std::optional<std::vector<pve::Snapshot>> snapshots;
  std::optional<bool> can_snapshot;  // its storages can; asked while one is missing
  std::optional<bool> vmid_free;     // absent: not asked, or no answer
  std::optional<CreateTraces> traces;
  std::optional<Peer> peer;            // looked at while a volume is missing here
  Attachment attachment;               // of its networks to Appliances
  std::string address_conflict;        // who has one of its fixed addresses, or ""
  std::optional<Leftovers> leftovers;  // absent: not known
};

}  // namespace gantry::controllers::machine

#pragma once
// Machine: one container on Proxmox.
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "api/meta/condition.h"
#include "api/meta/kind.h"
#include "api/meta/types.h"
#include "api/v1alpha1/network.h"
#include "api/v1alpha1/snapshot.h"
#include "api/v1alpha1/volume.h"

namespace gantry::api::v1alpha1 {

enum class PowerState { running, stopped };
enum class DeletionPolicy { remove, retain };  // "Delete", "Retain"
struct Adoption {
  int64_t vmid = 0;
};
struct MachineSpec {
  std::string machine_class_name;
  PowerState power_state = PowerState::running;
  std::string hostname;             // empty: the object's name
  std::optional<std::string> node;  // pin
  std::optional<int64_t> vmid;      // pin
  DeletionPolicy deletion_policy = DeletionPolicy::remove;
  std::optional<Adoption> adoption;
  std::vector<Network> networks;  // empty: those of the class
  std::vector<Volume> volumes;
  std::optional<Handover> handover;
  std::vector<Snapshot> snapshots;
  std::optional<Restore> restore;
  std::optional<std::chrono::seconds> stopped_by_person_hold;  // absent: that of the class
};

enum class StepState { pending, running, done, failed };
// One line of the ledger. What is done is asked of the world, never of this record.
struct MachineStep {
  std::string name;
  StepState state = StepState::pending;
  std::optional<Time> started_at;
  std::optional<Time> finished_at;
  std::string message;
  int attempts = 0;
  std::string upid;
};
struct DriftField {
  std::string field;
  std::string want;
  std::string have;
};
// A volume as it was last seen in the container's config.
struct MachineVolume {
  std::string path;
  std::string key;    // mp0
  std::string volid;  // local:20000/vm-20000-disk-1.raw
  std::string size;   // 8G
};
struct MachineUsage {
  double cpu = 0;                                  // cores' worth
  int64_t memory_used = 0, memory_total = 0;       // bytes
  int64_t disk_used = 0, disk_total = 0;           // bytes
  std::optional<int64_t> network_in, network_out;  // bytes since its start
};
struct MachineStatus {
  meta::Conditions conditions;
  int64_t observed_generation = 0;
  int64_t class_generation = 0;  // of the class, as the container is; 0: not known
  std::string step;              // of the ledger, what is being done now
  std::vector<MachineStep> steps;
  std::optional<int64_t> vmid;
  std::string node;   // where it was last seen
  std::string upid;   // the running Proxmox task
  std::string power;  // running or stopped as last seen, absent; empty: not seen yet
  std::vector<std::string> addresses;
  int64_t uptime_seconds = 0;
  std::optional<MachineUsage> usage;
  std::vector<DriftField> drift;
  std::vector<MachineVolume> volumes;
  std::vector<SnapshotStatus> snapshots;
  std::optional<RestoreStatus> restore;
  std::optional<Time> next_attempt_at;
  int attempts = 0;
  std::vector<Time> repairs;  // of the last hour
  std::optional<Time> stopped_by_person_at;
  std::optional<Time> last_observed_at;
};
struct Machine {
  std::string api_version = "gantry.dev/v1alpha1";
  std::string kind = "Machine";
  meta::ObjectMeta metadata;
  MachineSpec spec;
  MachineStatus status;
};

schema::TypeInfo describe(schema::Type<PowerState>);
schema::TypeInfo describe(schema::Type<DeletionPolicy>);
schema::TypeInfo describe(schema::Type<Adoption>);
schema::TypeInfo describe(schema::Type<MachineSpec>);
schema::TypeInfo describe(schema::Type<StepState>);
schema::TypeInfo describe(schema::Type<MachineStep>);
schema::TypeInfo describe(schema::Type<DriftField>);
schema::TypeInfo describe(schema::Type<MachineVolume>);
schema::TypeInfo describe(schema::Type<MachineUsage>);
schema::TypeInfo describe(schema::Type<MachineStatus>);
schema::TypeInfo describe(schema::Type<Machine>);
meta::Kind machine_kind();

}  // namespace gantry::api::v1alpha1

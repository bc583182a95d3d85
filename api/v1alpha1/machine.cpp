#include "api/v1alpha1/machine.h"

#include "api/v1alpha1/addresses.h"
#include "api/v1alpha1/columns.h"
#include "api/v1alpha1/effects.h"

namespace gantry::api::v1alpha1 {

using namespace schema;

TypeInfo describe(Type<PowerState>) {
  return enumeration<PowerState>("PowerState", "Whether a container runs.", {"Running", "Stopped"});
}

TypeInfo describe(Type<DeletionPolicy>) {
  return enumeration<DeletionPolicy>(
      "DeletionPolicy",
      "Delete: the container goes with the Machine. Retain: it stays, without our mark.",
      {"Delete", "Retain"});
}

TypeInfo describe(Type<Adoption>) {
  return object<Adoption>(
      "Adoption", "An existing container that is taken over.",
      {field<&Adoption::vmid>("vmid", "Its id.", required, Range{100, 999'999'999})});
}

namespace {

Problems check(const MachineSpec& spec) {
  if (spec.adoption && spec.vmid && spec.adoption->vmid != *spec.vmid) {
    return {{"vmid", Reason::forbidden,
             absl::StrFormat("must be absent or adoption.vmid, %d", spec.adoption->vmid)}};
  }
  auto problems = check_volumes(spec.volumes);
  for (auto& problem : check_snapshots(spec.snapshots)) problems.push_back(std::move(problem));
  for (auto& problem : check_networks(spec.networks)) problems.push_back(std::move(problem));
  if (!spec.restore) return problems;
  for (auto& problem : check_restore_id(spec.restore->id)) problems.push_back(std::move(problem));
  return problems;
}

}  // namespace

TypeInfo describe(Type<MachineSpec>) {
  return checked<MachineSpec, &check>(object<MachineSpec>(
      "MachineSpec", "One container.",
      {
          field<&MachineSpec::machine_class_name>("machineClassName", "Its MachineClass.", required,
                                                  immutable, format::dns_subdomain),
          field<&MachineSpec::power_state>("powerState", "Whether it runs.", kPower),
          field<&MachineSpec::hostname>("hostname", "The Machine's name when empty.", kHot,
                                        format::dns_subdomain),
          field<&MachineSpec::node>("node",
                                    "Put it on this node. A change moves the container, which "
                                    "restarts it; the token needs VM.Migrate for that.",
                                    kMove, format::proxmox_id),
          field<&MachineSpec::vmid>("vmid", "Give it this id, of the cluster's vmidRange.",
                                    immutable, Range{100, 999'999'999}),
          field<&MachineSpec::deletion_policy>("deletionPolicy",
                                               "What happens to the container when the Machine "
                                               "is deleted."),
          field<&MachineSpec::adoption>("adoption", "Take over an existing container.", immutable),
          field<&MachineSpec::networks>("networks",
                                        "Its network interfaces; those of the class when empty.",
                                        kHot, Items{0, 32}),
          field<&MachineSpec::volumes>("volumes", "Disks of its own for data.", kVolumes,
                                       MapKey{"name"}, Items{0, 32}),
          field<&MachineSpec::handover>(
              "handover",
              "Its volumes come from another Machine, or go there; an App with BlueGreen asks for "
              "it.",
              kHandover),
          field<&MachineSpec::snapshots>(
              "snapshots",
              "Snapshots of all its disks that there are to be: taken once, while it runs or not, "
              "and removed when they are no longer named here. An App names those it needs; "
              "others' are never touched.",
              MapKey{"name"}, Items{0, 32}),
          field<&MachineSpec::restore>(
              "restore",
              "Put all its disks back to a snapshot, once for each id: it is stopped, what is "
              "there "
              "now is kept aside, then it is rolled back and started. An App asks for it when "
              "somebody does.",
              kRestore),
          field<&MachineSpec::stopped_by_person_hold>(
              "stoppedByPersonHoldSeconds",
              "How long it stays stopped when a person stopped it; as the class says when absent.",
              Range{0, 31'536'000}),
      }));
}

TypeInfo describe(Type<StepState>) {
  return enumeration<StepState>("StepState", "How far a step is.",
                                {"Pending", "Running", "Done", "Failed"});
}

TypeInfo describe(Type<MachineStep>) {
  return object<MachineStep>(
      "MachineStep", "A step on the way to the wanted state.",
      {
          field<&MachineStep::name>(
              "name",
              "reserve, create, configure, take, start, network, bootstrap, ready; move; snapshot, "
              "backup, restore; stop, destroy, prove; or leave.",
              required),
          field<&MachineStep::state>("state", "How far it is.", required),
          field<&MachineStep::started_at>("startedAt", "When it was begun."),
          field<&MachineStep::finished_at>("finishedAt", "When it was done."),
          field<&MachineStep::message>("message", "What it waits for or why it failed."),
          field<&MachineStep::attempts>("attempts", "How often it was tried."),
          field<&MachineStep::upid>("upid", "Its Proxmox task."),
      });
}

TypeInfo describe(Type<DriftField>) {
  return object<DriftField>(
      "DriftField", "A setting that somebody has changed.",
      {
          field<&DriftField::field>("field", "Its name in the container's config.", required),
          field<&DriftField::want>("want", "What it should be; empty: absent.", always),
          field<&DriftField::have>("have", "What it is; empty: absent.", always),
      });
}

TypeInfo describe(Type<MachineVolume>) {
  return object<MachineVolume>(
      "MachineVolume", "A volume as it was last seen.",
      {
          field<&MachineVolume::path>("path", "Where it is mounted inside.", required),
          field<&MachineVolume::key>("key", "The container's setting, mp0, mp1, …"),
          field<&MachineVolume::volid>("volid", "Proxmox' name of the volume."),
          field<&MachineVolume::size>("size", "How large it is."),
      });
}

TypeInfo describe(Type<MachineUsage>) {
  return object<MachineUsage>(
      "MachineUsage", "What it used when last seen.",
      {
          field<&MachineUsage::cpu>("cpu", "Cores' worth of time."),
          field<&MachineUsage::memory_used>("memoryUsed", "Bytes."),
          field<&MachineUsage::memory_total>("memoryTotal", "Bytes."),
          field<&MachineUsage::disk_used>("diskUsed", "Bytes."),
          field<&MachineUsage::disk_total>("diskTotal", "Bytes."),
          field<&MachineUsage::network_in>("networkIn", "Bytes received since its start."),
          field<&MachineUsage::network_out>("networkOut", "Bytes sent since its start."),
      });
}

TypeInfo describe(Type<MachineStatus>) {
  return object<MachineStatus>(
      "MachineStatus", "What was last seen of a container.",
      {
          field<&MachineStatus::conditions>("conditions",
                                            "Ready, Observed, Drifted, Held, NetworkReady, "
                                            "ResourcePressure, Reconciling, Stalled, "
                                            "Deleting.",
                                            MapKey{"type"}),
          field<&MachineStatus::observed_generation>(
              "observedGeneration", "The generation of the spec that this status is about."),
          field<&MachineStatus::class_generation>(
              "classGeneration",
              "The generation of its MachineClass that the container was last wholly like."),
          field<&MachineStatus::step>("step", "What is being done."),
          field<&MachineStatus::steps>("steps", "All steps of the way, in order.", MapKey{"name"}),
          field<&MachineStatus::vmid>("vmid", "Its id on Proxmox."),
          field<&MachineStatus::node>("node", "Where it was last seen."),
          field<&MachineStatus::upid>("upid", "The Proxmox task that runs on it."),
          field<&MachineStatus::power>("power",
                                       "running or stopped, as it was at lastObservedAt; absent: "
                                       "proven to be gone; empty: not seen yet. The condition "
                                       "Observed says whether it can be seen now."),
          field<&MachineStatus::addresses>("addresses", "Its IP addresses, IPv4 first.", set),
          field<&MachineStatus::uptime_seconds>("uptimeSeconds", "How long it has been running."),
          field<&MachineStatus::usage>("usage", "What it uses."),
          field<&MachineStatus::volumes>("volumes", "Its volumes, as last seen.", MapKey{"path"}),
          field<&MachineStatus::snapshots>("snapshots", "What became of its snapshots.",
                                           MapKey{"name"}),
          field<&MachineStatus::restore>("restore", "How far spec.restore is."),
          field<&MachineStatus::drift>("drift", "Settings that somebody has changed.",
                                       MapKey{"field"}),
          field<&MachineStatus::next_attempt_at>("nextAttemptAt", "When we try again."),
          field<&MachineStatus::attempts>("attempts", "Failures in a row."),
          field<&MachineStatus::repairs>("repairs", "Disruptive repairs of the last hour."),
          field<&MachineStatus::stopped_by_person_at>("stoppedByPersonAt",
                                                      "When a person stopped it."),
          field<&MachineStatus::last_observed_at>(
              "lastObservedAt",
              "When it was last seen; node, power, addresses and usage are as they were then."),
      });
}

TypeInfo describe(Type<Machine>) {
  return object<Machine>("Machine", "One container on Proxmox.",
                         {
                             field<&Machine::api_version>("apiVersion", "gantry.dev/v1alpha1."),
                             field<&Machine::kind>("kind", "Machine."),
                             field<&Machine::metadata>("metadata", "What every object has."),
                             field<&Machine::spec>("spec", "What is wanted.", required),
                             field<&Machine::status>("status", "What was last seen."),
                         });
}

meta::Kind machine_kind() {
  return {.group = "gantry.dev",
          .version = "v1alpha1",
          .kind = "Machine",
          .plural = "machines",
          .singular = "machine",
          .short_names = {"m"},
          .categories = {"gantry"},
          .namespaced = true,
          .has_status = true,
          .type = &type_of<Machine>,
          .selectable = {"status.node", "spec.machineClassName"},
          .columns =
              {
                  ready_column(),
                  {"Step", "string", "What is being done.", "status.step"},
                  {"Power", "string", "running, stopped or absent, as last seen.", "status.power"},
                  {"Vmid", "integer", "Its id on Proxmox.", "status.vmid"},
                  {"Node", "string", "Where it was last seen.", "status.node"},
                  {"Address", "string", "Its first IP address.", "status.addresses[0]"},
                  reason_column(),
                  {"Class", "string", "Its MachineClass.", "spec.machineClassName", 1},
                  message_column(),
              },
          .check_update = &check_volume_update,
          .subresources = {{.name = "callback",
                            .group = "",
                            .version = "v1",
                            .kind = "Status",
                            .verbs = {"create"}}}};
}

}  // namespace gantry::api::v1alpha1
